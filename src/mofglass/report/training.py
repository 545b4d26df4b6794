"""The pages of a training and of a concurrent learning: curves, what was found, how to do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from mofglass.report.packing import csv_link
from mofglass.report.table_page import plots_of, table_of, write_table_page
from mofglass.result import Curve, Panel
from mofglass.studies.learning_table import learning_panels
from mofglass.training.learning_curve import COUNTED, EPOCH, CurvePoint

QUANTITIES = {
    "energy_mae_meV_per_atom": ("Energy", "meV/atom"),
    "force_mae_meV_per_A": ("Forces", "meV/Å"),
    "stress_mae_MPa": ("Stress", "MPa"),
}
"""What a learning curve holds of training and validation frames, and its unit."""

_ABSCISSAE = {
    "epoch": ("epoch", "An epoch is a pass over the training frames."),
    "step": ("step", "A step changes the model once, after a batch of training frames."),
    "frames": ("frames fitted", "Each point is a fit of its own, to more of the training frames."),
}
"""Label of a learning curve's abscissa, and what it means, by what the trainer counts."""

FOUND_HEADS = {
    "iteration": "Iteration",
    "runs": "Runs",
    "broken": "Broke down",
    "simulated_ps": "Simulated, ps",
    "known": "Known",
    "candidates": "Candidates",
    "nonsense": "Nonsense",
    "before_breaks": "Before breaks",
    "pressed": "Pressed",
    "labelled": "Labelled",
    "learned": "Learned",
}
ERROR_HEADS = {
    "iteration": "Iteration",
    "found_force_mae_meV_per_A": "Found, force, meV/Å",
    "found_after_force_mae_meV_per_A": "Once learned, meV/Å",
    "held_out_energy_mae_meV_per_atom": "Held out, energy, meV/atom",
    "held_out_force_mae_meV_per_A": "Held out, force, meV/Å",
    "held_out_stress_mae_MPa": "Held out, stress, MPa",
    "ended_after": "Training ended by its time limit after",
}


def write_training_page(
    points: Sequence[CurvePoint],
    destination: Path,
    *,
    title: str,
    lede: str,
    trainer: str = "",
    command: str = "",
    record: Mapping[str, str] | None = None,
) -> Path:
    """Write the page of one training.

    Parameters
    ----------
    points : sequence of CurvePoint
        Its learning curve, at least one point.
    destination : Path
        The HTML file; written whole or not at all.
    title, lede : str
        Heading, and a sentence below it.
    trainer : str
        What was trained with: some count frames or steps, not epochs.
    command : str
        The command that makes it again.
    record : mapping of str to str, optional
        Configuration and versions.

    Returns
    -------
    Path
        The file.
    """
    counted = COUNTED.get(trainer, EPOCH)
    table = pd.DataFrame([asdict(point) for point in points])
    panels = {}
    for key, (name, unit) in QUANTITIES.items():
        curves = [
            Curve(words, table["epoch"].to_numpy(float), table[f"{part}_{key}"].to_numpy(float))
            for part, words in (("train", "training frames"), ("validation", "validation frames"))
        ]
        if any(np.isfinite(curve.y).any() for curve in curves):
            panels[key] = Panel(name, _ABSCISSAE[counted][0], f"mean absolute error, {unit}", tuple(curves))
    titles = {key: QUANTITIES[key][0] for key in panels}
    last = pd.DataFrame(
        {
            "Frames": ["training", "validation"],
            **{
                f"{name}, {unit}": [table[f"{part}_{key}"].iloc[-1] for part in ("train", "validation")]
                for key, (name, unit) in QUANTITIES.items()
            },
        }
    )
    block = {
        "title": "At the end",
        "note": "Mean absolute errors. Validation frames choose what the fit leaves open and are not fitted; "
        "frames never seen are the question of mofglass evaluate.",
        "table": table_of(last),
        "file": "learning_curve.csv",
        "csv": csv_link(table),
    }
    return write_table_page(
        destination,
        title=title,
        eyebrow="Training",
        lede=lede,
        blocks=[block],
        plots=plots_of(panels, dict.fromkeys(panels, table), titles),
        figures_note=_ABSCISSAE[counted][1],
        command=command,
        record=record,
    )


def write_learning_page(
    table: pd.DataFrame,
    destination: Path,
    *,
    title: str,
    lede: str,
    command: str = "",
    record: Mapping[str, str] | None = None,
) -> Path:
    """Write the page of a concurrent learning.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `mofglass.studies.learning_table.learning_table`.
    destination : Path
        The HTML file; written whole or not at all.
    title, lede : str
        Heading, and a sentence below it.
    command : str
        The command that makes it again.
    record : mapping of str to str, optional
        Configuration and versions.

    Returns
    -------
    Path
        The file.
    """
    panels = dict(zip(("breaks", "force_error"), learning_panels(table), strict=True))
    csv = {"file": "learning.csv", "csv": csv_link(table)}
    explored = table[table["runs"].notna()]
    counts = {
        "title": "What was found",
        "note": "Frames looked at are known, candidates or nonsense by the spread of a committee's forces; "
        "the last frames before a run broke down, and of pressed contacts, are labelled whatever it says.",
        "table": table_of(explored[list(FOUND_HEADS)].astype(object).rename(columns=FOUND_HEADS)),
        **csv,
    }
    errors = {
        "title": "Mean absolute errors",
        "note": "Of the model that explored, on the frames found, before and after these were learned, and "
        "on held-out ones.",
        "table": table_of(
            table[[name for name in ERROR_HEADS if name in table]].astype(object).rename(columns=ERROR_HEADS)
        ),
        **csv,
    }
    return write_table_page(
        destination,
        title=title,
        eyebrow="Concurrent learning",
        lede=lede,
        blocks=[counts, errors],
        plots=plots_of(
            panels, dict.fromkeys(panels, table), {name: panel.title for name, panel in panels.items()}
        ),
        figures_note="Iterations with other temperatures or structures are not to be compared.",
        command=command,
        record=record,
    )
