"""Periodic cells as users and programs write them, to three vectors as rows in Å."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase.geometry import cellpar_to_cell

from mofglass.errors import InputError


def as_cell(cell: Any) -> np.ndarray:
    """Turn a cell given by a user to vectors.

    Parameters
    ----------
    cell : array_like
        3 edge lengths (Å), 6 lengths and angles (Å, °), or 3 vectors as rows (9 numbers, Å).

    Returns
    -------
    ndarray of shape (3, 3)
        Cell vectors as rows, Å.

    Raises
    ------
    InputError
        When it is none of these, a length is not positive, or it has no volume.
    """
    try:
        numbers = np.asarray(cell, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"the cell {cell!r} is not made of numbers") from error
    if numbers.size in (3, 6) and not (numbers.ravel()[:3] > 0).all():
        raise InputError(
            f"the cell {numbers.ravel().tolist()} has lengths that are not positive: mend --cell"
        )
    if numbers.size == 3:
        vectors = np.diag(numbers.ravel())
    elif numbers.size == 6:
        vectors = np.asarray(cellpar_to_cell(numbers.ravel()))
    elif numbers.size == 9:
        vectors = numbers.reshape(3, 3)
    else:
        raise InputError(
            f"the cell has {numbers.size} numbers: give 3 lengths (Å), 6 lengths and angles (Å, °), or 9 "
            "components of its vectors (Å), in quotes: --cell '15.4 15.4 18.4'"
        )
    if not np.isfinite(vectors).all() or abs(np.linalg.det(vectors)) < 1e-6:
        raise InputError(f"the cell {numbers.ravel().tolist()} has no volume: mend --cell")
    return vectors


def lammps_box(bounds: Sequence[Sequence[float]], style: str) -> tuple[np.ndarray, np.ndarray]:
    """Turn the box of a LAMMPS dump to its origin and vectors.

    The bounds of a triclinic box enclose it, tilt included (LAMMPS manual, "Triclinic simulation boxes").

    Parameters
    ----------
    bounds : sequence of 3 sequences of float
        The three lines after ``ITEM: BOX BOUNDS``, Å.
    style : str
        The words after ``ITEM: BOX BOUNDS``.

    Returns
    -------
    origin : ndarray, shape (3,)
        Lower corner, Å.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    """
    box = np.array(bounds, dtype=float)
    if style.startswith("abc origin"):
        return box[:, 3], box[:, :3]
    if not style.startswith("xy xz yz"):
        return box[:, 0], np.diag(box[:, 1] - box[:, 0])
    xy, xz, yz = box[:, 2]
    low = box[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = box[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    cell = np.diag(high - low)
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    return low, cell
