"""Error against cost: which potentials no other beats in both, and the figure that shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mofglass.result import Curve, Panel
from mofglass.training.evaluation import Evaluation

ERRORS = {
    "force_mae_meV_per_A": ("Forces", "Force MAE (meV/Å)"),
    "energy_mae_meV_per_atom": ("Energy", "Energy MAE (meV/atom)"),
    "stress_mae_MPa": ("Stress", "Stress MAE (MPa)"),
}
COST = "microseconds_per_atom"
NUMBERS = ("energy_mae_meV_per_atom", "force_mae_meV_per_A", "stress_mae_MPa", COST)
MORE = ("energy_rmse_meV_per_atom", "force_rmse_meV_per_A", "stress_rmse_MPa", "pressure_mean_error_MPa")


def pareto_front(costs: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Tell which potentials no other beats in both cost and error.

    Parameters
    ----------
    costs, errors : ndarray, shape (n,)
        Smaller is better; NaN is never on the front.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether each is on the front; of equals all are.
    """
    costs, errors = np.asarray(costs, dtype=float), np.asarray(errors, dtype=float)
    known = np.isfinite(costs) & np.isfinite(errors)
    no_worse = (costs[:, None] <= costs) & (errors[:, None] <= errors) & known[:, None]
    better = (costs[:, None] < costs) | (errors[:, None] < errors)
    return known & ~(no_worse & better).any(axis=0)


def table_row(name: str, evaluation: Evaluation | Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """Return the row of one potential in a table such as Castel 2024, Table 1.

    Parameters
    ----------
    name : str
        What to call it.
    evaluation : Evaluation or mapping
        Its evaluation, or the summary of one.
    **settings : object
        Further columns, put after the name.

    Returns
    -------
    dict
        Mean absolute errors, cost by number of atoms, root mean square errors.
    """
    summary = evaluation.summary() if isinstance(evaluation, Evaluation) else evaluation
    row: dict[str, Any] = {"name": name, **settings}
    row |= {key: summary[key] for key in NUMBERS}
    for timing in summary["efficiency"]:
        row[f"{COST}_{timing['n_atoms']}_atoms"] = timing[COST]
    row |= {key: summary.get(key) for key in MORE}
    checks = summary["derivative_checks"]
    if checks is not None:
        row["derivatives_agree"] = checks["forces_agree"] and checks["stress_agrees"] is not False
    return row


def pareto_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table, cheapest first, with a column that tells the front.

    Parameters
    ----------
    rows : sequence of mapping
        Made by `table_row`.

    Returns
    -------
    pandas.DataFrame
        With ``on_front``: no other is both cheaper and has smaller errors of forces.
    """
    table = pd.DataFrame(list(rows))
    for key in NUMBERS:
        table[key] = pd.to_numeric(table.get(key, math.nan))
    table = table.sort_values(COST, kind="stable", ignore_index=True)
    front = pareto_front(table[COST].to_numpy(), table["force_mae_meV_per_A"].to_numpy())
    table["on_front"] = front
    return table


def pareto_panels(table: pd.DataFrame) -> dict[str, Panel]:
    """Return the figures of error against cost.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `pareto_table`.

    Returns
    -------
    dict of str to Panel
        By file name: of forces, energies and stresses, where they are known.
    """
    panels = {}
    for key, (title, label) in ERRORS.items():
        known = table[np.isfinite(table[key].astype(float)) & np.isfinite(table[COST].astype(float))]
        if not len(known):
            continue
        curves = tuple(
            Curve(str(row["name"]), np.array([float(row[COST])]), np.array([float(row[key])]))
            for _, row in known.iterrows()
        )
        panels[f"pareto_{title.lower()}"] = Panel(
            f"{title}: error against cost",
            "Cost (µs per atom and call)",
            label,
            curves,
            kind="points",
            x_log=True,
            y_log=bool((known[key].astype(float) > 0).all()),
        )
    return panels
