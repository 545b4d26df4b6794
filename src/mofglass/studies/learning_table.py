"""What each iteration of a concurrent learning found: a table, its plots, and a line for the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mofglass.plotting import save_panel
from mofglass.result import Curve, Panel
from mofglass.training.state import ENDED, read_state
from mofglass.trajectory.atomic_write import written_whole

ERRORS, DONE = "errors.json", "iteration.json"
"""Files of an iteration: errors of its model, and what it found."""

COUNTS = (
    "runs",
    "broken",
    "known",
    "candidates",
    "nonsense",
    "before_breaks",
    "pressed",
    "chosen",
    "labelled",
    "learned",
)
MEASURED = (
    "simulated_ps",
    "found_force_mae_meV_per_A",
    "found_after_force_mae_meV_per_A",
    "held_out_energy_mae_meV_per_atom",
    "held_out_force_mae_meV_per_A",
    "held_out_stress_mae_MPa",
)
COLUMNS = (*COUNTS[:2], MEASURED[0], *COUNTS[2:], *MEASURED[1:])
TRAINING = "training"
"""Directory of an iteration's training."""


def learning_table(directory: Path) -> pd.DataFrame:
    """Return what a concurrent learning has found so far.

    Parameters
    ----------
    directory : Path
        Its directory.

    Returns
    -------
    pandas.DataFrame
        ``iteration`` (the last row, of the final model, is ``final``); ``runs``, ``broken``,
        ``simulated_ps``; of the frames looked at, ``known``, ``candidates`` and ``nonsense``;
        ``before_breaks``, ``pressed`` and ``chosen``, ``labelled``, ``learned``; mean absolute force errors
        ``found_force_mae_meV_per_A`` on the frames found, and ``found_after_force_mae_meV_per_A`` once they
        were learned; ``held_out_energy_mae_meV_per_atom``, ``held_out_force_mae_meV_per_A`` and
        ``held_out_stress_mae_MPa`` of the model that explored. Where a time limit ended a training,
        ``ended_after`` says how far it came.
    """
    rows: list[dict[str, Any]] = []
    places = [*sorted(directory.glob("iteration-*")), directory / "final"]
    for place in places:
        if not (place / ERRORS).exists():
            continue
        errors = json.loads((place / ERRORS).read_text())
        if rows and errors["found_before"]:
            rows[-1]["found_after_force_mae_meV_per_A"] = errors["found_before"]["force_mae_meV_per_A"]
        row: dict[str, Any] = {"iteration": place.name.removeprefix("iteration-").lstrip("0")}
        if (place / DONE).exists():
            record = json.loads((place / DONE).read_text())
            found = record.pop("found")
            row |= record
            row["found_force_mae_meV_per_A"] = found["force_mae_meV_per_A"] if found else None
        row |= {f"held_out_{key}": value for key, value in (errors["held_out"] or {}).items()}
        trained = read_state(place / TRAINING)
        if trained is not None and trained.reached:
            row[ENDED] = trained.reached
        rows.append(row)
    ended = [ENDED] if any(ENDED in row for row in rows) else []
    table = pd.DataFrame(rows, columns=["iteration", *COLUMNS, *ended])
    return table.astype(dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(MEASURED, float))


def learning_panels(table: pd.DataFrame) -> list[Panel]:
    """Return the plots of a table: how often runs broke down, and how wrong the model was on what it found.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `learning_table`.

    Returns
    -------
    list of Panel
        Break-downs per ps, and mean absolute force errors in meV/Å, against the iteration.
    """
    done = table[table["runs"].notna()]
    number = np.arange(1, len(table) + 1, dtype=float)
    rate = done["broken"].to_numpy(float) / done["simulated_ps"].to_numpy(float)
    return [
        Panel("Runs that broke down", "iteration", "per ps", (Curve("explored", number[: len(done)], rate),)),
        Panel(
            "Mean absolute force error",
            "iteration (the last is the final model)",
            "meV/Å",
            tuple(
                Curve(label, number, table[f"{column}_force_mae_meV_per_A"].to_numpy(float))
                for label, column in (
                    ("frames found, before", "found"),
                    ("the same, learned", "found_after"),
                    ("held out", "held_out"),
                )
            ),
        ),
    ]


def write_table(directory: Path) -> pd.DataFrame:
    """Write ``learning.csv``, ``breaks.png`` and ``force_error.png`` (and ``.svg``).

    Parameters
    ----------
    directory : Path
        Of the learning.

    Returns
    -------
    pandas.DataFrame
        The table.
    """
    table = learning_table(directory)
    with written_whole(directory / "learning.csv") as new:
        table.to_csv(new, index=False)
    for stem, panel in zip(("breaks", "force_error"), learning_panels(table), strict=True):
        save_panel(panel, directory / stem)
    return table


def line_of(row: pd.Series) -> str:
    """Say in a line what an iteration found.

    Parameters
    ----------
    row : pandas.Series
        Of `learning_table`.

    Returns
    -------
    str
        The line.
    """
    ps = row["simulated_ps"]
    error = row["found_force_mae_meV_per_A"]
    on_found = "" if pd.isna(error) else f"; force error on them {error:.0f} meV/Å"
    held_out = row["held_out_force_mae_meV_per_A"]
    on_held_out = "" if pd.isna(held_out) else f", on held-out frames {held_out:.0f} meV/Å"
    ended = row.get(ENDED)
    on_training = "" if pd.isna(ended) else f"; its training ended by its time limit after {ended}"
    return (
        f"iteration {row['iteration']}: {row['broken']:.0f} of {row['runs']:.0f} runs broke down in "
        f"{ps:.1f} ps; {row['known']:.0f} frames known, {row['candidates']:.0f} candidates, "
        f"{row['nonsense']:.0f} nonsense; {row['learned']:.0f} learned{on_found}{on_held_out}{on_training}"
    )
