"""Rows of thermo.csv that a study averages: those of one stage, enough of them for an error."""

from __future__ import annotations

import pandas as pd

from mofglass.errors import InputError
from mofglass.simulate import Run

_FEWEST = 8


def sampled_rows(run: Run, stage: str) -> pd.DataFrame:
    """Return what a stage sampled.

    Parameters
    ----------
    run : Run
        The run.
    stage : str
        Name of the stage.

    Returns
    -------
    pandas.DataFrame
        Its rows of ``thermo.csv``.

    Raises
    ------
    InputError
        When they are too few for an error.
    """
    rows = run.thermo()
    rows = rows[rows["stage"] == stage]
    if len(rows) < _FEWEST:
        raise InputError(
            f"{run.path}, stage '{stage}': {len(rows)} rows of thermo.csv are too few for an error: sample "
            "longer, or write thermo.csv more often (--thermo-interval)"
        )
    return rows
