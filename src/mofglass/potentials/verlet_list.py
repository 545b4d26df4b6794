"""A neighbour list with a skin, kept from step to step as Verlet did; cut-offs may differ by pair of types.

Pairs out to the cut-off plus a skin are listed once; at each step only those within the cut-off are taken
from the list. It is made anew when atoms or the cell have moved so far that a pair from outside the list
could have come within its cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mofglass.errors import MissingPackageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SKIN_A = 0.5
ONES = np.ones(3)


@dataclass(frozen=True)
class Pairs:
    """The directed pairs of a structure within their cut-offs: every pair appears as (i, j) and as (j, i).

    Parameters
    ----------
    positions : ndarray, shape (n_atoms, 3)
        Positions to which the shifts belong, Å: those given, less whole cell vectors where an atom has been
        wrapped to another side of the cell since the list was made.
    index : ndarray of int, shape (2, n_pairs)
        Atoms i and j.
    shifts : ndarray, shape (n_pairs, 3)
        Whole cell vectors to add to ``positions[j] - positions[i]``.
    """

    positions: Floats
    index: Ints
    shifts: Floats


class VerletList:
    """Neighbours within cut-offs, from a list with a skin.

    Parameters
    ----------
    cutoffs_A : ndarray, shape (n_types, n_types)
        Cut-off of a pair by the type of its first and second atom, Å.
    skin_A : float
        By how much the list reaches further, Å. A larger skin is renewed less often, and costs more at each
        step.

    Attributes
    ----------
    n_builds : int
        How often the list has been made.
    """

    def __init__(self, cutoffs_A: npt.ArrayLike, *, skin_A: float = SKIN_A) -> None:
        self.cutoffs_A = np.asarray(cutoffs_A, dtype=float)
        self.skin_A = float(skin_A)
        self.n_builds = 0
        self._types: npt.NDArray[np.intp] | None = None
        self._positions = self._cell = self._cell_of_shifts = self._cutoffs_squared = np.empty(0)

    def pairs(self, positions: Floats, cell: Floats, types: npt.NDArray[np.intp]) -> Pairs:
        """Return all pairs within their cut-offs.

        Parameters
        ----------
        positions : ndarray, shape (n_atoms, 3)
            Positions, Å; anywhere, the cell is periodic in three dimensions.
        cell : ndarray, shape (3, 3)
            Cell vectors as rows, Å.
        types : ndarray of int, shape (n_atoms,)
            Type of each atom.

        Returns
        -------
        Pairs
            In no particular order.
        """
        kept = self._still_valid(positions, cell, types)
        if kept is None:
            self._build(positions, cell, types)
            kept = positions
        if not np.array_equal(cell, self._cell_of_shifts):
            self._shift_vectors, self._cell_of_shifts = self._shifts @ cell, cell.copy()
        vectors = kept.take(self._j, axis=0)
        vectors -= kept.take(self._i, axis=0)
        vectors += self._shift_vectors
        vectors *= vectors
        within = np.flatnonzero(vectors @ ONES < self._cutoffs_squared)
        return Pairs(
            positions=kept,
            index=self._index.take(within, axis=1),
            shifts=self._shifts.take(within, axis=0),
        )

    def _build(self, positions: Floats, cell: Floats, types: npt.NDArray[np.intp]) -> None:
        """List all pairs out to the cut-off plus the skin."""
        i, j, shifts = _neighbours(positions, cell, float(self.cutoffs_A.max()) + self.skin_A)
        cutoffs = self.cutoffs_A[types[i], types[j]]
        vectors = positions[j] - positions[i] + shifts @ cell
        listed = np.einsum("pk,pk->p", vectors, vectors) < (cutoffs + self.skin_A) ** 2
        self._index, self._shifts = np.stack([i[listed], j[listed]]), shifts[listed]
        self._i, self._j = self._index
        self._shift_vectors, self._cell_of_shifts = self._shifts @ cell, cell.copy()
        self._cutoffs_squared = cutoffs[listed] ** 2
        self._types, self._positions, self._cell = types.copy(), positions.copy(), cell.copy()
        self.n_builds += 1

    def _still_valid(self, positions: Floats, cell: Floats, types: npt.NDArray[np.intp]) -> Floats | None:
        """Return the positions to use with the list, or None where it no longer serves.

        With F the deformation of the cell since the list was made and u what atoms moved beside it, a pair
        that was apart by d is now at least s d - |u_i| - |u_j| apart, s the least stretch of F. Unlisted
        pairs had d > cut-off + skin: with s at most one, the largest cut-off is the worst case.
        """
        if self._types is None or len(types) != len(self._types) or (types != self._types).any():
            return None
        same_cell = np.array_equal(cell, self._cell)
        deformation = np.eye(3) if same_cell else np.linalg.solve(self._cell, cell)
        moved = positions - (self._positions if same_cell else self._positions @ deformation)
        squared = np.einsum("ak,ak->a", moved, moved)
        if squared.max() > self.skin_A**2:
            # Too far for this list, unless the atom has only been wrapped.
            jumps = np.rint(moved @ np.linalg.inv(cell)) @ cell
            positions = positions - jumps
            moved -= jumps
            squared = np.einsum("ak,ak->a", moved, moved)
        least_stretch = 1.0 if same_cell else min(1.0, np.linalg.svd(deformation, compute_uv=False)[-1])
        most = np.sqrt(np.sort(squared)[-2:]).sum()
        reach = float(self.cutoffs_A.max()) + self.skin_A
        return positions if least_stretch * reach - most >= reach - self.skin_A else None


def _neighbours(positions: Floats, cell: Floats, cutoff_A: float) -> tuple[Any, Any, Any]:
    """Return i, j and the cell shifts of all directed pairs within one cut-off."""
    try:
        import vesin
    except ImportError as error:
        raise MissingPackageError("vesin", "nequip", "a neighbour list") from error
    i, j, shifts = vesin.NeighborList(cutoff=cutoff_A, full_list=True).compute(
        points=positions, box=cell, periodic=True, quantities="ijS"
    )
    return i.astype(np.int64), j.astype(np.int64), np.asarray(shifts, dtype=np.float64)
