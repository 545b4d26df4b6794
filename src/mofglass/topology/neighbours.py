"""Neighbour lists of periodic triclinic boxes of any size, with image offsets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from numba import njit

from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.topology.binning import bin_atoms, half_stencil, neighbour_bin, suitable_bins_per_cutoff, wrap

Cutoffs = float | Mapping[tuple[str, str], float]
"""One cut-off in Å for all pairs, or one for each pair of elements in either order."""


class NeighbourList(NamedTuple):
    """Pairs of atoms within a cut-off; unpacks as ``i, j, offset, distance``.

    The vector from atom ``i`` to its neighbour is ``positions[j] + offset @ cell - positions[i]``,
    with the positions as they were given, wrapped or not.
    """

    i: np.ndarray
    """First atom, int32, shape (n_pairs,)."""

    j: np.ndarray
    """Second atom, int32, shape (n_pairs,)."""

    offset: np.ndarray
    """Periodic image of the second atom, int32, shape (n_pairs, 3)."""

    distance: np.ndarray
    """Distance, Å, shape (n_pairs,)."""


def neighbour_list(configuration: Configuration, cutoffs: Cutoffs, *, half: bool = False) -> NeighbourList:
    """Find all pairs of atoms within a cut-off, all periodic images included.

    Any box is taken as periodic in its three directions. Boxes smaller than the cut-off are met
    with all their images: an atom is then a neighbour of its own images, and of several images of
    one other atom.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Atoms in a periodic box of any shape and handedness; positions wrapped or not.
    cutoffs : float or mapping
        Cut-off in Å for all pairs, or a mapping ``{('Zn', 'N'): 2.5, ...}`` in which a pair may
        stand in either order and a pair that is absent has no neighbours. Of pairs at
        the very cut-off, rounding decides.
    half : bool
        Give each pair once, in no particular order, and not once from each of its atoms.

    Returns
    -------
    NeighbourList
        ``i, j, offset, distance``; sorted by ``i`` unless ``half``.

    Raises
    ------
    InputError
        For positions that are not finite, a singular cell, or a cut-off that is not positive.
    """
    positions, cell = checked_box(configuration)
    kinds, limits = _limits(np.asarray(configuration.numbers), cutoffs)
    return NeighbourList(*pairs_within(positions, cell, kinds, limits, half))


def checked_box(configuration: Configuration) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and cell as contiguous arrays, refusing what has no meaning.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        One configuration.

    Returns
    -------
    positions : ndarray, shape (n_atoms, 3)
        Positions, Å.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.

    Raises
    ------
    InputError
        For positions that are not finite or a singular cell; the frame and the atom are named.
    """
    positions = np.ascontiguousarray(configuration.positions, dtype=float)
    cell = np.array(configuration.cell, dtype=float).reshape(3, 3)
    where = f"frame {getattr(configuration, 'index', 0)}"
    if not np.isfinite(positions).all():
        atom = int(np.argmin(np.isfinite(positions).all(axis=1)))
        raise InputError(
            f"{where}: the position of atom {atom} is not finite ({positions[atom].tolist()}): "
            "leave this frame out or mend the file."
        )
    lengths = np.linalg.norm(cell, axis=1)
    if not np.isfinite(cell).all() or abs(np.linalg.det(cell)) <= 1e-9 * max(lengths.prod(), 1e-300):
        raise InputError(
            f"{where}: the cell {cell.tolist()} has no volume: give the structure its three cell vectors "
            "(a plain XYZ file has none; extended XYZ, CIF and POSCAR do)."
        )
    if len(positions) and np.abs(positions).max() > 1e8 * lengths.min():
        atom = int(np.abs(positions).max(axis=1).argmax())
        raise InputError(
            f"{where}: atom {atom} lies {np.abs(positions[atom]).max():.3g} Å out, more than 1e8 cells: "
            "the frame is corrupt or its run has blown up; leave it out."
        )
    return positions, cell


def _limits(numbers: np.ndarray, cutoffs: Cutoffs) -> tuple[np.ndarray, np.ndarray]:
    """Give each atom the index of its element and each pair of those its cut-off, Å (negative: none)."""
    if not isinstance(cutoffs, Mapping):
        _check_cutoff(cutoffs, "the cut-off")
        return np.zeros(len(numbers), dtype=np.int64), np.full((1, 1), float(cutoffs))
    table: dict[tuple[int, int], float] = {}
    for (first, second), cutoff in cutoffs.items():
        _check_cutoff(cutoff, f"the cut-off of {first}-{second}")
        for symbol in (first, second):
            if symbol not in atomic_numbers:
                raise InputError(f"'{symbol}' in the cut-off of {first}-{second} is not an element's symbol.")
        pair = atomic_numbers[first], atomic_numbers[second]
        if table.get(pair, cutoff) != cutoff:
            raise InputError(f"{first}-{second} has two different cut-offs: give one.")
        table[pair] = table[pair[::-1]] = float(cutoff)
    kind_of = np.zeros(len(chemical_symbols), dtype=np.int64)
    elements = np.flatnonzero(np.bincount(numbers, minlength=1)).tolist()
    kind_of[elements] = np.arange(len(elements))
    limits = np.array([[table.get((a, b), -1.0) for b in elements] for a in elements])
    return kind_of[numbers], limits.reshape(len(elements), len(elements))


def _check_cutoff(cutoff: float, name: str) -> None:
    if not (np.isfinite(cutoff) and cutoff > 0):
        raise InputError(f"{name} is {cutoff} Å: give a positive length.")


@njit(cache=True, nogil=True)
def pairs_within(positions, cell, kinds, limits, half):
    """Find pairs within per-pair cut-offs, in plain arrays: what `neighbour_list` is made of.

    Parameters
    ----------
    positions : ndarray, shape (n_atoms, 3)
        Cartesian positions, Å, as from `checked_box`.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    kinds : ndarray of int64, shape (n_atoms,)
        Row of each atom in the table of cut-offs.
    limits : ndarray, shape (n_kinds, n_kinds)
        Symmetric table of cut-offs, Å; negative where a pair has no neighbours.
    half : bool
        Give each pair once.

    Returns
    -------
    tuple of ndarray
        ``i, j, offset, distance`` of a `NeighbourList`.
    """
    n_atoms = len(positions)
    squares = np.empty_like(limits)
    cutoff = -1.0
    for a in range(len(limits)):
        for b in range(len(limits)):
            squares[a, b] = limits[a, b] * limits[a, b] if limits[a, b] > 0.0 else -1.0
            cutoff = max(cutoff, limits[a, b])
    if n_atoms == 0 or cutoff <= 0.0:
        return (
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=np.int32),
            np.empty((0, 3), dtype=np.int32),
            np.empty(0),
        )
    fractional, wraps = wrap(positions, cell)
    fineness = suitable_bins_per_cutoff(cell, cutoff, n_atoms)
    order, first, n_bins, reach = bin_atoms(fractional, cell, cutoff, fineness)
    wrapped = np.empty((n_atoms, 3))
    kinds_sorted = np.empty(n_atoms, dtype=np.int64)
    for p in range(n_atoms):
        f = fractional[order[p]]
        for k in range(3):
            wrapped[p, k] = f[0] * cell[0, k] + f[1] * cell[1, k] + f[2] * cell[2, k]
        kinds_sorted[p] = kinds[order[p]]
    i, j, offset, distance = _half_pairs(
        wrapped, cell, kinds_sorted, squares, first, n_bins, half_stencil(reach)
    )
    for pair in range(len(i)):
        a, b = order[i[pair]], order[j[pair]]
        i[pair], j[pair] = a, b
        for k in range(3):
            offset[pair, k] += wraps[a, k] - wraps[b, k]
    if half:
        return i, j, offset, distance
    return _from_both_ends(n_atoms, i, j, offset, distance)


@njit(cache=True, nogil=True)
def _half_pairs(positions, cell, kinds, squares, first, n_bins, stencil):
    """Meet each pair once; atoms stand sorted by bin, so that the inner loop reads memory in order."""
    room = 8 * len(positions) + 16
    i, j = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    offset, distance = np.empty((room, 3), dtype=np.int32), np.empty(room)
    n = 0
    for b in range(len(first) - 1):
        if first[b] == first[b + 1]:
            continue
        for s in range(len(stencil)):
            other, image_x, image_y, image_z = neighbour_bin(b, n_bins, stencil[s])
            if first[other] == first[other + 1]:
                continue
            shift_x = image_x * cell[0, 0] + image_y * cell[1, 0] + image_z * cell[2, 0]
            shift_y = image_x * cell[0, 1] + image_y * cell[1, 1] + image_z * cell[2, 1]
            shift_z = image_x * cell[0, 2] + image_y * cell[1, 2] + image_z * cell[2, 2]
            for p in range(first[b], first[b + 1]):
                x, y, z = positions[p, 0] - shift_x, positions[p, 1] - shift_y, positions[p, 2] - shift_z
                for q in range(p + 1 if s == 0 else first[other], first[other + 1]):
                    dx, dy, dz = positions[q, 0] - x, positions[q, 1] - y, positions[q, 2] - z
                    square = dx * dx + dy * dy + dz * dz
                    if square > squares[kinds[p], kinds[q]]:
                        continue
                    if n == room:
                        i, j, offset, distance = _with_more_room(i, j, offset, distance)
                        room *= 2
                    i[n], j[n] = p, q
                    offset[n, 0], offset[n, 1], offset[n, 2] = image_x, image_y, image_z
                    distance[n] = np.sqrt(square)
                    n += 1
    return i[:n], j[:n], offset[:n], distance[:n]


@njit(cache=True, nogil=True)
def _with_more_room(i, j, offset, distance):
    n = len(i)
    i_new, j_new = np.empty(2 * n, dtype=np.int32), np.empty(2 * n, dtype=np.int32)
    offset_new, distance_new = np.empty((2 * n, 3), dtype=np.int32), np.empty(2 * n)
    for pair in range(n):
        i_new[pair], j_new[pair], distance_new[pair] = i[pair], j[pair], distance[pair]
        for k in range(3):
            offset_new[pair, k] = offset[pair, k]
    return i_new, j_new, offset_new, distance_new


@njit(cache=True, nogil=True)
def _from_both_ends(n_atoms, i, j, offset, distance):
    """Turn a half list into a full one sorted by first atom."""
    first = np.zeros(n_atoms + 1, dtype=np.int64)
    for pair in range(len(i)):
        first[i[pair] + 1] += 1
        first[j[pair] + 1] += 1
    for atom in range(n_atoms):
        first[atom + 1] += first[atom]
    n = 2 * len(i)
    i_full, j_full = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    offset_full, distance_full = np.empty((n, 3), dtype=np.int32), np.empty(n)
    for pair in range(len(i)):
        for end in range(2):
            a, b = (i[pair], j[pair]) if end == 0 else (j[pair], i[pair])
            sign = 1 if end == 0 else -1
            at = first[a]
            first[a] += 1
            i_full[at], j_full[at], distance_full[at] = a, b, distance[pair]
            for k in range(3):
                offset_full[at, k] = sign * offset[pair, k]
    return i_full, j_full, offset_full, distance_full
