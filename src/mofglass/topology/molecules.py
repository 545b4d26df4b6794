"""Connected groups of covalently bonded atoms, put together across the box's faces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from mofglass.topology.neighbours import NeighbourList


class BondTable(NamedTuple):
    """Each atom's bonded atoms: those of ``a`` stand at ``first[a]:first[a + 1]``."""

    first: np.ndarray
    """Where each atom's neighbours begin, int64, shape (n_atoms + 1,)."""

    neighbour: np.ndarray
    """Bonded atoms, ascending for each atom, int32."""

    offset: np.ndarray
    """Their periodic images, int32, shape (n, 3)."""

    def of(self, atom: int) -> list[int]:
        """Return the atoms bonded to one.

        Parameters
        ----------
        atom : int
            An atom.

        Returns
        -------
        list of int
            Its neighbours, ascending.
        """
        return self.neighbour[self.first[atom] : self.first[atom + 1]].tolist()


class Molecules(NamedTuple):
    """Connected groups of non-metal atoms: ``atoms[first[m]:first[m + 1]]`` are those of ``m``."""

    first: np.ndarray
    """Where each molecule's atoms begin, int64, shape (n_molecules + 1,)."""

    atoms: np.ndarray
    """Atoms, ascending in each molecule; molecules in the order of their lowest atom, int64."""

    molecule_of: np.ndarray
    """Molecule of each atom, -1 for metals, int64, shape (n_atoms,)."""

    offset: np.ndarray
    """Image of each atom that joins it to its molecule's lowest atom, int32, shape (n_atoms, 3):
    ``positions + offset @ cell`` is whole."""

    endless: np.ndarray
    """Whether a molecule is bonded to its own periodic image, shape (n_molecules,)."""


def bond_table(n_atoms: int, bonds: NeighbourList) -> BondTable:
    """Turn a half list of bonds into a table by atom.

    Parameters
    ----------
    n_atoms : int
        Number of atoms.
    bonds : NeighbourList
        Each bond once.

    Returns
    -------
    BondTable
        Every bond from both its atoms.
    """
    return BondTable(*_table(n_atoms, bonds.i, bonds.j, bonds.offset))


def find_molecules(member: np.ndarray, table: BondTable) -> Molecules:
    """Find the connected groups of atoms and the images that make each one whole.

    Parameters
    ----------
    member : ndarray of bool, shape (n_atoms,)
        Atoms that may belong to a molecule (the non-metals).
    table : BondTable
        Covalent bonds.

    Returns
    -------
    Molecules
        Groups, an atom without bonds being one by itself.
    """
    return Molecules(*_connected(member, table.first, table.neighbour, table.offset))


@njit(cache=True, nogil=True)
def _table(n_atoms, i, j, offset):
    first = np.zeros(n_atoms + 1, dtype=np.int64)
    for bond in range(len(i)):
        first[i[bond] + 1] += 1
        first[j[bond] + 1] += 1
    for atom in range(n_atoms):
        first[atom + 1] += first[atom]
    filled = first[:-1].copy()
    neighbour = np.empty(first[n_atoms], dtype=np.int32)
    image = np.empty((first[n_atoms], 3), dtype=np.int32)
    for bond in range(len(i)):
        for end in range(2):
            a, b = (i[bond], j[bond]) if end == 0 else (j[bond], i[bond])
            at = filled[a]
            while at > first[a] and neighbour[at - 1] > b:  # a handful each: insertion keeps order
                neighbour[at] = neighbour[at - 1]
                for k in range(3):
                    image[at, k] = image[at - 1, k]
                at -= 1
            neighbour[at] = b
            for k in range(3):
                image[at, k] = offset[bond, k] if end == 0 else -offset[bond, k]
            filled[a] += 1
    return first, neighbour, image


@njit(cache=True, nogil=True)
def _connected(member, first, neighbour, image):
    n_atoms = len(member)
    molecule_of = np.full(n_atoms, -1, dtype=np.int64)
    offset = np.zeros((n_atoms, 3), dtype=np.int32)
    queue = np.empty(n_atoms, dtype=np.int64)
    starts = np.zeros(n_atoms + 1, dtype=np.int64)
    endless = np.zeros(n_atoms, dtype=np.bool_)
    n_molecules = 0
    n = 0
    for root in range(n_atoms):
        if not member[root] or molecule_of[root] >= 0:
            continue
        head = n
        molecule_of[root] = n_molecules
        queue[n] = root
        n += 1
        while head < n:
            a = queue[head]
            head += 1
            for at in range(first[a], first[a + 1]):
                b = neighbour[at]
                if molecule_of[b] < 0:
                    molecule_of[b] = n_molecules
                    for k in range(3):
                        offset[b, k] = offset[a, k] + image[at, k]
                    queue[n] = b
                    n += 1
                else:
                    for k in range(3):
                        if offset[b, k] != offset[a, k] + image[at, k]:
                            endless[n_molecules] = True
        n_molecules += 1
        starts[n_molecules] = n
    filled = starts.copy()
    atoms = np.empty(n, dtype=np.int64)
    for atom in range(n_atoms):  # ascending within each molecule, without a sort
        m = molecule_of[atom]
        if m >= 0:
            atoms[filled[m]] = atom
            filled[m] += 1
    return starts[: n_molecules + 1].copy(), atoms, molecule_of, offset, endless[:n_molecules].copy()
