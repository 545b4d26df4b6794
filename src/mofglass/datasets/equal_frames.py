"""Frames that are given twice: they count twice, and leak from training into test."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError

_ALIKE = ("formula", "energy_eV", "volume_A3", "max_force_eV_per_A")
"""Columns in which equal frames agree to the last digit, and others do not all agree by chance."""


def require_each_once(paths: Iterable[Path]) -> None:
    """Make sure that no file is given twice.

    Parameters
    ----------
    paths : iterable of Path
        Files; links are followed.

    Raises
    ------
    InputError
        When one is.
    """
    seen: set[Path] = set()
    for path in paths:
        place = path.resolve()
        if place in seen:
            raise InputError(f"{path} is given twice, and its frames would count twice: give it once")
        seen.add(place)


def equal_frames(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Find frames equal to an earlier one: of the same formula, energy, volume and largest force.

    Parameters
    ----------
    dataset : Dataset
        The frames; only the table is looked at.

    Returns
    -------
    rows : ndarray of int, shape (n_equal,)
        Rows with an equal before them, growing.
    firsts : ndarray of int, shape (n_equal,)
        For each of them the first row that is equal.
    """
    table = dataset.table
    columns = [table.codes(name) if name == "formula" else table[name] for name in _ALIKE]
    order = np.lexsort(columns)
    differs = np.ones(len(order), dtype=bool)
    differs[1:] = False
    for column in columns:
        differs[1:] |= np.diff(column[order]) != 0
    begins = np.maximum.accumulate(np.where(differs, np.arange(len(order)), 0))
    firsts = np.empty_like(order)
    # The sort is stable, so that each set of equal frames begins with the one given first.
    firsts[order] = order[begins]
    rows = np.flatnonzero(firsts != np.arange(len(order)))
    return rows, firsts[rows]


def warn_of_fitted_frames(judging: Dataset, fitted: Dataset, purpose: str) -> None:
    """Say how many frames that are to judge a potential it is fitted to.

    Parameters
    ----------
    judging, fitted : Dataset
        The frames; only the tables are looked at.
    purpose : str
        What the first are for, as in "validation".

    Warns
    -----
    UserWarning
        When there are any, equal in formula, energy, volume and largest force.
    """
    seen = set(_looks(fitted))
    rows = [row for row, look in enumerate(_looks(judging)) if look in seen]
    if not rows:
        return
    table = judging.table
    warnings.warn(
        f"{len(rows)} of {len(judging)} {purpose} frames are frames of the training too, the first frame "
        f"{table.frame[rows[0]]} of {judging.files[table.file[rows[0]]].path}: errors on them say little "
        "about others",
        stacklevel=2,
    )


def _looks(dataset: Dataset) -> Iterable[tuple[object, ...]]:
    return zip(*(dataset.table[name].tolist() for name in _ALIKE), strict=True)


def warn_of_equal_frames(dataset: Dataset) -> None:
    """Say how many frames are equal to an earlier one, where the first is, and how many splits they cross.

    Parameters
    ----------
    dataset : Dataset
        The frames.

    Warns
    -----
    UserWarning
        When there are any.
    """
    rows, firsts = equal_frames(dataset)
    if not len(rows):
        return
    table = dataset.table
    row, first = (
        f"frame {table.frame[k]} of {dataset.files[table.file[k]].path}" for k in (rows[0], firsts[0])
    )
    split = table.split
    n_across = int(np.sum((split[rows] != "") & (split[firsts] != "") & (split[rows] != split[firsts])))
    across = f", {n_across} of them in another split" if n_across else ""
    warnings.warn(
        f"{len(rows)} of {len(dataset)} frames have the formula, energy, volume and largest force of an "
        f"earlier one{across}; the first is {row}, equal to {first}: leave them out unless they are to count "
        "twice",
        stacklevel=2,
    )
