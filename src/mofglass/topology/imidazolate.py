"""Recognise imidazolate in a molecule: one C3N2 ring, N-C-N-C-C, and what hangs on its carbons.

Atoms of a ring are numbered as chemists do: N1, C2, N3, C4, C5 (N1 being the lower-numbered
nitrogen atom); a fused six-ring goes C4, a, b, c, d, C5. The kernel gives each place a `Group`
code, so that names and faults are told from seven small integers a linker.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numba import njit

from mofglass.topology.molecules import BondTable, Molecules


class Group(IntEnum):
    """What stands at a place of the linker."""

    HYDROGEN = 0
    METHYL = 1
    FLUORO = 2
    CHLORO = 3
    BROMO = 4
    IODO = 5
    NITRO = 6
    FUSED = 7
    """The place belongs to a fused six-ring."""
    AZA = 8
    """A nitrogen atom of the fused six-ring, which carries nothing."""
    OTHER = 9
    """Some other group, told by its formula."""
    MISSING = 10
    """A carbon atom with two bonds: its hydrogen is lost."""
    CROWDED = 11
    """A ring atom with more bonds than it can have."""
    DAMAGED = 12
    """A methyl group with too few or too many hydrogens."""
    NONE = 13
    """There is no such place (no fused six-ring)."""


PLACES = ("2", "4", "5", "a", "b", "c", "d")
"""The places that carry a group: three of the five-ring, four of a fused six-ring."""


def recognise(
    numbers: np.ndarray, molecules: Molecules, table: BondTable
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Look for imidazolate rings in molecules.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    molecules : Molecules
        Connected groups of non-metals.
    table : BondTable
        Their bonds.

    Returns
    -------
    n_rings : ndarray of int64, shape (n_molecules,)
        Number of C3N2 rings with the pattern N-C-N-C-C.
    ring : ndarray of int64, shape (n_molecules, 5)
        Atoms N1, C2, N3, C4, C5 of the first ring found; -1 where there is none.
    groups : ndarray of int8, shape (n_molecules, 7)
        `Group` at each of `PLACES`.
    """
    return _recognise(
        np.asarray(numbers, dtype=np.int64),
        molecules.first,
        molecules.atoms,
        table.first,
        table.neighbour.astype(np.int64),  # one integer type, so that each kernel is compiled once
    )


@njit(cache=True, nogil=True)
def _recognise(numbers, starts, atoms, first, neighbour):
    n_molecules = len(starts) - 1
    n_rings = np.zeros(n_molecules, dtype=np.int64)
    ring = np.full((n_molecules, 5), -1, dtype=np.int64)
    groups = np.full((n_molecules, 7), 13, dtype=np.int8)
    for m in range(n_molecules):
        for at in range(starts[m], starts[m + 1]):
            c2 = atoms[at]
            if numbers[c2] == 6:
                n_rings[m] += _rings_around(c2, numbers, first, neighbour, ring[m], n_rings[m] == 0)
        if n_rings[m] > 0:
            _groups(ring[m], numbers, first, neighbour, groups[m])
    return n_rings, ring, groups


@njit(cache=True, nogil=True)
def _rings_around(c2, numbers, first, neighbour, ring, keep):
    """Count rings N1-C2-N3-C4-C5 around a carbon atom C2; keep the first one's atoms."""
    found = 0
    for at1 in range(first[c2], first[c2 + 1]):
        n1 = neighbour[at1]
        if numbers[n1] != 7:
            continue
        for at3 in range(at1 + 1, first[c2 + 1]):
            n3 = neighbour[at3]
            if numbers[n3] != 7 or n3 == n1:
                continue
            for at4 in range(first[n3], first[n3 + 1]):
                c4 = neighbour[at4]
                if numbers[c4] != 6 or c4 == c2:
                    continue
                for at5 in range(first[n1], first[n1 + 1]):
                    c5 = neighbour[at5]
                    if numbers[c5] == 6 and c5 != c2 and c5 != c4 and _bonded(c4, c5, first, neighbour):
                        if keep and found == 0:
                            ring[0], ring[1], ring[2], ring[3], ring[4] = n1, c2, n3, c4, c5
                        found += 1
    return found


@njit(cache=True, nogil=True)
def _bonded(a, b, first, neighbour):
    for at in range(first[a], first[a + 1]):  # noqa: SIM110 - numba has no any() over generators
        if neighbour[at] == b:
            return True
    return False


@njit(cache=True, nogil=True)
def _third(atom, one, two, first, neighbour):
    """Return what a ring atom carries outside its ring; -1 for nothing, -2 for more than one atom."""
    n_bonds = first[atom + 1] - first[atom]
    if n_bonds != 3:
        return -1 if n_bonds < 3 else -2
    for at in range(first[atom], first[atom + 1]):
        if neighbour[at] != one and neighbour[at] != two:
            return neighbour[at]
    return -2


@njit(cache=True, nogil=True)
def _group(atom, carrier, numbers, first, neighbour):
    """Name the group that begins with an atom on a ring's carbon atom (codes of `Group`)."""
    if atom == -1:
        return 10
    if atom == -2:
        return 11
    n_bonds = first[atom + 1] - first[atom]
    element = numbers[atom]
    if n_bonds == 1:
        if element == 1:
            return 0
        if element == 9:
            return 2
        if element == 17:
            return 3
        if element == 35:
            return 4
        if element == 53:
            return 5
    hydrogens = 0
    oxygens = 0
    for at in range(first[atom], first[atom + 1]):
        b = neighbour[at]
        if b != carrier and first[b + 1] - first[b] == 1:
            if numbers[b] == 1:
                hydrogens += 1
            elif numbers[b] == 8:
                oxygens += 1
    if element == 6 and hydrogens == n_bonds - 1:
        return 1 if hydrogens == 3 else 12
    if element == 7 and n_bonds == 3 and oxygens == 2:
        return 6
    return 9


@njit(cache=True, nogil=True)
def _groups(ring, numbers, first, neighbour, groups):
    """Fill in what stands at each place of a ring, a fused six-ring's places included."""
    n1, c2, n3, c4, c5 = ring[0], ring[1], ring[2], ring[3], ring[4]
    groups[0] = _group(_third(c2, n1, n3, first, neighbour), c2, numbers, first, neighbour)
    a = _third(c4, n3, c5, first, neighbour)
    d = _third(c5, n1, c4, first, neighbour)
    if a >= 0 and d >= 0 and _ring_member(a, numbers) and _ring_member(d, numbers) and a != d:
        for at in range(first[a], first[a + 1]):
            b = neighbour[at]
            if b == c4 or not _ring_member(b, numbers):
                continue
            for at_c in range(first[d], first[d + 1]):
                c = neighbour[at_c]
                if c == c5 or not _ring_member(c, numbers) or b == c or not _bonded(b, c, first, neighbour):
                    continue
                groups[1] = groups[2] = 7
                groups[3] = _six_ring_group(a, c4, b, numbers, first, neighbour)
                groups[4] = _six_ring_group(b, a, c, numbers, first, neighbour)
                groups[5] = _six_ring_group(c, b, d, numbers, first, neighbour)
                groups[6] = _six_ring_group(d, c, c5, numbers, first, neighbour)
                return
    groups[1] = _group(a, c4, numbers, first, neighbour)
    groups[2] = _group(d, c5, numbers, first, neighbour)


@njit(cache=True, nogil=True)
def _ring_member(atom, numbers):
    return numbers[atom] == 6 or numbers[atom] == 7


@njit(cache=True, nogil=True)
def _six_ring_group(atom, one, two, numbers, first, neighbour):
    if numbers[atom] == 7:
        return 8 if first[atom + 1] - first[atom] == 2 else 11
    return _group(_third(atom, one, two, first, neighbour), atom, numbers, first, neighbour)
