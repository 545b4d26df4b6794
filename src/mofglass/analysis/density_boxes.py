"""Equal boxes along the vectors of a cell: which atoms they hold, their distances, how they correlate."""

from __future__ import annotations

import itertools

import numpy as np

Grid = tuple[int, int, int]
"""Boxes along a, b, c."""


def box_of_atoms(positions: np.ndarray, cell: np.ndarray, grid: Grid) -> np.ndarray:
    """Return in which of equal boxes along the cell vectors each atom lies.

    Parameters
    ----------
    positions : ndarray, shape (n_atoms, 3)
        Positions, Å, wrapped or not.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    grid : tuple of int
        Boxes along a, b, c.

    Returns
    -------
    ndarray of int64, shape (n_atoms,)
        Number of the box, the last vector's index running fastest.
    """
    fraction = np.linalg.solve(np.asarray(cell).T, positions.T).T
    # A fraction just below zero wraps to 1.0 itself by rounding: that is box 0 again.
    box = np.floor((fraction - np.floor(fraction)) * grid).astype(np.int64) % grid
    flat: np.ndarray = np.ravel_multi_index((box[:, 0], box[:, 1], box[:, 2]), grid)
    return flat


def autocovariance(excess: np.ndarray) -> np.ndarray:
    """Return the mean product of a periodic field with itself displaced, for every displacement.

    Parameters
    ----------
    excess : ndarray, shape (n_a, n_b, n_c)
        The field less its mean.

    Returns
    -------
    ndarray, shape (n_a, n_b, n_c)
        By displacement in boxes, periodic.
    """
    spectrum = np.fft.fftn(excess)
    return np.fft.ifftn(np.abs(spectrum) ** 2).real / excess.size


def box_distances_A(cell: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the distance of every box, or its nearest image, from the first.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    grid : tuple of int
        Boxes along a, b, c.

    Returns
    -------
    ndarray, shape `grid`
        Å.
    """
    fraction = np.stack(np.meshgrid(*(np.arange(n) / n for n in grid), indexing="ij"), axis=-1)
    fraction -= np.round(fraction)
    nearest = np.full(grid, np.inf)
    for image in itertools.product((-1, 0, 1), repeat=3):
        nearest = np.minimum(nearest, np.linalg.norm((fraction + image) @ cell, axis=-1))
    return nearest
