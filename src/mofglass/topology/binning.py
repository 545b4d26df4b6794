"""Linked cells: atoms of a periodic box sorted into bins, so that near ones are found without a search.

The same bins serve the neighbour list (`neighbours`) and any kernel that wants each pair within a
cut-off once, such as a histogram of distances. A kernel written with numba reads::

    fractional, wraps = wrap(positions, cell)
    order, first, n_bins, reach = bin_atoms(fractional, cell, cutoff_A, 2)
    stencil = half_stencil(reach)
    for b in range(len(first) - 1):
        for s in range(len(stencil)):
            other, shift_x, shift_y, shift_z = neighbour_bin(b, n_bins, stencil[s])
            # atoms order[first[b]:first[b + 1]] against atoms order[first[other]:first[other + 1]],
            # the latter displaced by shift @ cell; for s == 0 (the bin itself) only pairs p < q

and meets every pair (i, j, image) within the cut-off exactly once, in triclinic boxes of any size:
where the box is smaller than the cut-off a bin meets its own images.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MAX_BINS_PER_ATOM = 4
"""Sparse boxes get wider bins instead of more memory; the cost of the search is unchanged by it."""


# Written out by hand: numba takes seconds to compile numpy's inverse, determinant and cross product.
@njit(cache=True, nogil=True)
def _volume(cell):
    return (
        cell[0, 0] * (cell[1, 1] * cell[2, 2] - cell[1, 2] * cell[2, 1])
        + cell[0, 1] * (cell[1, 2] * cell[2, 0] - cell[1, 0] * cell[2, 2])
        + cell[0, 2] * (cell[1, 0] * cell[2, 1] - cell[1, 1] * cell[2, 0])
    )


@njit(cache=True, nogil=True)
def inverse_cell(cell: np.ndarray) -> np.ndarray:
    """Return the inverse of a cell, which turns Cartesian positions into fractional ones.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.

    Returns
    -------
    ndarray, shape (3, 3)
        ``positions @ inverse`` are fractional coordinates, 1/Å.
    """
    volume = _volume(cell)
    inverse = np.empty((3, 3))
    for row in range(3):
        for column in range(3):
            a, b = (column + 1) % 3, (column + 2) % 3
            c, d = (row + 1) % 3, (row + 2) % 3
            inverse[row, column] = (cell[a, c] * cell[b, d] - cell[a, d] * cell[b, c]) / volume
    return inverse


@njit(cache=True, nogil=True)
def wrap(positions: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return fractional coordinates in [0, 1) and the cells taken off to get there.

    Parameters
    ----------
    positions : ndarray, shape (n_atoms, 3)
        Cartesian positions, Å, wrapped or not.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.

    Returns
    -------
    fractional : ndarray, shape (n_atoms, 3)
        Wrapped fractional coordinates, 0 <= f < 1.
    wraps : ndarray of int32, shape (n_atoms, 3)
        ``positions = (fractional + wraps) @ cell``.
    """
    inverse = inverse_cell(cell)
    n_atoms = len(positions)
    fractional = np.empty((n_atoms, 3))
    wraps = np.empty((n_atoms, 3), dtype=np.int32)
    for atom in range(n_atoms):
        for k in range(3):
            f = (
                positions[atom, 0] * inverse[0, k]
                + positions[atom, 1] * inverse[1, k]
                + positions[atom, 2] * inverse[2, k]
            )
            w = np.floor(f)
            f -= w
            if f >= 1.0:  # a coordinate of -1e-17 rounds up to one
                f = 0.0
                w += 1.0
            fractional[atom, k] = f
            wraps[atom, k] = np.int32(w)
    return fractional, wraps


@njit(cache=True, nogil=True)
def bin_counts(cell: np.ndarray, cutoff_A: float, bins_per_cutoff: int, n_atoms: int) -> np.ndarray:
    """Return how many bins to cut each cell vector into.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    cutoff_A : float
        Cut-off, Å.
    bins_per_cutoff : int
        Bins across one cut-off: 1 suits bonds, 2 suits cut-offs holding many atoms.
    n_atoms : int
        Number of atoms, which limits the number of bins.

    Returns
    -------
    ndarray of int64, shape (3,)
        At least one bin each.
    """
    heights = cell_heights(cell)
    width = cutoff_A / bins_per_cutoff
    limit = float(max(MAX_BINS_PER_ATOM * n_atoms, 27))
    while True:
        # Float arithmetic until the product is known to be small: a huge box must not overflow.
        x = max(np.floor(heights[0] / width), 1.0)
        y = max(np.floor(heights[1] / width), 1.0)
        z = max(np.floor(heights[2] / width), 1.0)
        total = x * y * z
        if total <= limit:
            n_bins = np.empty(3, dtype=np.int64)
            n_bins[0], n_bins[1], n_bins[2] = int(x), int(y), int(z)
            return n_bins
        width *= max((total / limit) ** (1.0 / 3.0), 1.01)


@njit(cache=True, nogil=True)
def suitable_bins_per_cutoff(cell: np.ndarray, cutoff_A: float, n_atoms: int) -> int:
    """Return how finely to bin: the measured optimum changes near ten atoms in a cubed cut-off.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    cutoff_A : float
        Cut-off, Å.
    n_atoms : int
        Number of atoms.

    Returns
    -------
    int
        1 for bonds, 2 where bins would be crowded and half of each empty of neighbours.
    """
    return 1 if n_atoms * cutoff_A * cutoff_A * cutoff_A < 10.0 * abs(_volume(cell)) else 2


@njit(cache=True, nogil=True)
def cell_heights(cell: np.ndarray) -> np.ndarray:
    """Return the distances between opposite faces of a cell.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å; either handedness.

    Returns
    -------
    ndarray, shape (3,)
        Heights, Å: a sphere of radius r meets images up to ceil(r / height) cells away.
    """
    inverse = inverse_cell(cell)
    heights = np.empty(3)
    for k in range(3):  # the columns of the inverse are normal to the faces, one over the height long
        x, y, z = inverse[0, k], inverse[1, k], inverse[2, k]
        heights[k] = 1.0 / np.sqrt(x * x + y * y + z * z)
    return heights


@njit(cache=True, nogil=True)
def bin_atoms(
    fractional: np.ndarray, cell: np.ndarray, cutoff_A: float, bins_per_cutoff: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sort atoms into bins of a periodic box.

    Parameters
    ----------
    fractional : ndarray, shape (n_atoms, 3)
        Fractional coordinates in [0, 1), from `wrap`.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    cutoff_A : float
        Largest distance at which pairs will be wanted, Å.
    bins_per_cutoff : int
        Bins across one cut-off: 1 suits bonds, 2 suits cut-offs holding many atoms.

    Returns
    -------
    order : ndarray of int64, shape (n_atoms,)
        Atoms sorted by bin, and by number within a bin.
    first : ndarray of int64, shape (n_bins_total + 1,)
        Bin ``b = (x * n_bins[1] + y) * n_bins[2] + z`` holds ``order[first[b]:first[b + 1]]``.
    n_bins : ndarray of int64, shape (3,)
        Bins along each cell vector.
    reach : ndarray of int64, shape (3,)
        How many bins away, each way, atoms within the cut-off may lie.
    """
    n_atoms = len(fractional)
    n_bins = bin_counts(cell, cutoff_A, bins_per_cutoff, n_atoms)
    heights = cell_heights(cell)
    reach = np.empty(3, dtype=np.int64)
    for k in range(3):
        reach[k] = int(np.ceil(cutoff_A * n_bins[k] / heights[k]))
    bin_of = np.empty(n_atoms, dtype=np.int64)
    first = np.zeros(n_bins[0] * n_bins[1] * n_bins[2] + 1, dtype=np.int64)
    for atom in range(n_atoms):
        x = min(int(fractional[atom, 0] * n_bins[0]), n_bins[0] - 1)
        y = min(int(fractional[atom, 1] * n_bins[1]), n_bins[1] - 1)
        z = min(int(fractional[atom, 2] * n_bins[2]), n_bins[2] - 1)
        b = (x * n_bins[1] + y) * n_bins[2] + z
        bin_of[atom] = b
        first[b + 1] += 1
    for b in range(len(first) - 1):
        first[b + 1] += first[b]
    filled = first[:-1].copy()
    order = np.empty(n_atoms, dtype=np.int64)
    for atom in range(n_atoms):
        b = bin_of[atom]
        order[filled[b]] = atom
        filled[b] += 1
    return order, first, n_bins, reach


@njit(cache=True, nogil=True)
def half_stencil(reach: np.ndarray) -> np.ndarray:
    """Return the bin displacements that meet every pair of bins once, the bin itself first.

    Parameters
    ----------
    reach : ndarray of int64, shape (3,)
        Bins to look at each way, from `bin_atoms`.

    Returns
    -------
    ndarray of int64, shape (n, 3)
        (0, 0, 0), then the lexicographically positive half of the block.
    """
    n = ((2 * reach[0] + 1) * (2 * reach[1] + 1) * (2 * reach[2] + 1) + 1) // 2
    stencil = np.zeros((n, 3), dtype=np.int64)
    s = 1
    for x in range(reach[0] + 1):
        for y in range(-reach[1] if x > 0 else 0, reach[1] + 1):
            for z in range(-reach[2] if (x > 0 or y > 0) else 1, reach[2] + 1):
                stencil[s, 0] = x
                stencil[s, 1] = y
                stencil[s, 2] = z
                s += 1
    return stencil


@njit(cache=True, nogil=True, inline="always")
def neighbour_bin(b: int, n_bins: np.ndarray, displacement: np.ndarray) -> tuple[int, int, int, int]:
    """Return the bin at a displacement and the periodic image it lies in.

    Parameters
    ----------
    b : int
        A bin.
    n_bins : ndarray of int64, shape (3,)
        Bins along each cell vector.
    displacement : ndarray of int64, shape (3,)
        Bins to go along each cell vector, a row of `half_stencil`.

    Returns
    -------
    tuple of int
        The other bin and its image along the three cell vectors.
    """
    x = b // (n_bins[1] * n_bins[2]) + displacement[0]
    y = (b // n_bins[2]) % n_bins[1] + displacement[1]
    z = b % n_bins[2] + displacement[2]
    image_x = x // n_bins[0]
    image_y = y // n_bins[1]
    image_z = z // n_bins[2]
    other = ((x - image_x * n_bins[0]) * n_bins[1] + y - image_y * n_bins[1]) * n_bins[2]
    return other + z - image_z * n_bins[2], image_x, image_y, image_z
