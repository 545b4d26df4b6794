"""The page of a comparison of potentials: a table, and errors against cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mofglass.report.packing import csv_link
from mofglass.report.table_page import plots_of, table_of, write_table_page
from mofglass.training.pareto import COST, ERRORS, pareto_panels

HEADS = {
    "name": "Potential",
    "energy_mae_meV_per_atom": "Energy, meV/atom",
    "force_mae_meV_per_A": "Force, meV/Å",
    "stress_mae_MPa": "Stress, MPa",
    COST: "µs/atom",
    "on_front": "On the front",
    "derivatives_agree": "Derivatives",
    "ended_after": "Ended by its time limit after",
}
LEFT_OUT = (
    "energy_rmse_meV_per_atom",
    "force_rmse_meV_per_A",
    "stress_rmse_MPa",
    "pressure_mean_error_MPa",
)


def write_pareto_page(
    table: pd.DataFrame,
    destination: Path,
    *,
    title: str,
    lede: str,
    command: str = "",
    record: Mapping[str, str] | None = None,
    failed: Mapping[str, str] | None = None,
) -> Path:
    """Write the page of a table of potentials.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `mofglass.training.pareto.pareto_table`.
    destination : Path
        The HTML file; written whole or not at all.
    title, lede : str
        Heading, and a sentence below it.
    command : str
        The command that makes it again.
    record : mapping of str to str, optional
        What else to record: machine, versions, data.
    failed : mapping of str to str, optional
        What could not be measured, with the reasons.

    Returns
    -------
    Path
        The file.
    """
    panels = pareto_panels(table)
    titles = {f"pareto_{name.lower()}": name for name, _ in ERRORS.values()}
    shown = _shown(table)
    block = {
        "title": "Mean absolute errors and cost",
        "note": "Cheapest first, as in Table 1 of Castel 2024; on the front are those that no other beats in "
        "both the error of forces and the cost.",
        "table": table_of(shown),
        "file": "table.csv",
        "csv": csv_link(table),
    }
    return write_table_page(
        destination,
        title=title,
        eyebrow="Comparison",
        lede=lede,
        blocks=[block],
        plots=plots_of(panels, dict.fromkeys(panels, table), titles),
        figures_note="Lower left is better.",
        command=command,
        record=record,
        warnings=[f"{name} is missing: {problem}" for name, problem in (failed or {}).items()],
        errors_title="Errors",
        errors_note="All on the same frames and the same machine.",
        figures_title="Error against cost",
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The columns a reader wants first, under words."""
    shown = table.drop(columns=[name for name in LEFT_OUT if name in table])
    for name in ("on_front", "derivatives_agree"):
        if name in shown:
            words = {True: "yes", False: "no"} if name == "on_front" else {True: "right", False: "WRONG"}
            shown[name] = [words.get(value, "–") for value in shown[name]]
    heads = [
        HEADS.get(name, name.replace(f"{COST}_", "µs/atom, ").replace("_", " ")) for name in map(str, shown)
    ]
    return shown.set_axis(heads, axis=1)
