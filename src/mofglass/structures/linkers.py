"""The imidazolate rings of an intact crystal and what hangs on them: only what substitution needs.

Networks, broken linkers and glasses are the business of `mofglass.topology`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import natural_cutoffs, neighbor_list

RING_ATOMS = ("N1", "C2", "N3", "C4", "C5")
COVALENT_REACH = 1.2  # bonds up to this multiple of the sum of the covalent radii
NON_METALS = ("H", "B", "C", "N", "O", "F", "S", "Cl", "Br", "I")


@dataclass(frozen=True)
class Linker:
    """One imidazolate ring, numbered N1-C2-N3-C4-C5.

    Parameters
    ----------
    ring : tuple of int
        Atom indices of N1, C2, N3, C4, C5.
    positions : ndarray, shape (5, 3)
        Their positions as one piece, not cut by the cell's faces, Å.
    substituents : dict of str to frozenset of int
        Atoms hanging on C2, C4 and C5, by the keys '2', '4' and '5'; a ring fused on C4 and C5 stands
        under both.
    name : str
        'imidazolate', '2-methylimidazolate', 'benzimidazolate', ..., from the substituents.
    """

    ring: tuple[int, int, int, int, int]
    positions: np.ndarray
    substituents: dict[str, frozenset[int]]
    name: str

    def has_hydrogen(self, position: str, numbers: np.ndarray) -> bool:
        """Whether a single hydrogen stands at '2', '4' or '5'.

        Parameters
        ----------
        position : str
            '2', '4' or '5'.
        numbers : ndarray of int
            Atomic numbers of the structure.

        Returns
        -------
        bool
            True for one H.
        """
        atoms = self.substituents[position]
        return len(atoms) == 1 and numbers[next(iter(atoms))] == 1


Bonds = list[dict[int, np.ndarray]]


def covalent_bonds(atoms: Atoms) -> Bonds:
    """Bonds between non-metal atoms, each with its vector.

    Parameters
    ----------
    atoms : ase.Atoms
        A periodic structure.

    Returns
    -------
    list of dict of int to ndarray
        For each atom, its bonded atoms and the vectors to them, Å.
    """
    bonds: Bonds = [{} for _ in range(len(atoms))]
    organic = np.isin(atoms.numbers, [chemical_symbols.index(symbol) for symbol in NON_METALS])
    periodic = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    cutoffs = natural_cutoffs(periodic, mult=COVALENT_REACH)
    for i, j, vector in zip(*neighbor_list("ijD", periodic, cutoffs), strict=True):
        if organic[i] and organic[j]:
            bonds[i][int(j)] = vector
    return bonds


def _ring_from(c2: int, numbers: np.ndarray, bonds: Bonds) -> tuple[int, int, int, int, int] | None:
    """Return the C3N2 ring whose carbon between the nitrogens is `c2`, if it is one."""
    nitrogens = sorted(n for n in bonds[c2] if numbers[n] == 7)
    for place, n1 in enumerate(nitrogens):
        for n3 in nitrogens[place + 1 :]:
            for c5 in (c for c in bonds[n1] if numbers[c] == 6 and c != c2):
                for c4 in (c for c in bonds[n3] if numbers[c] == 6 and c not in (c2, c5)):
                    if c4 in bonds[c5]:
                        return n1, c2, n3, c4, c5
    return None


def _hanging(carbon: int, ring: tuple[int, ...], bonds: Bonds) -> frozenset[int]:
    """Atoms reached from a ring carbon without passing through the ring."""
    found: set[int] = set()
    waiting = [atom for atom in bonds[carbon] if atom not in ring]
    while waiting:
        atom = waiting.pop()
        if atom in found:
            continue
        found.add(atom)
        waiting += [other for other in bonds[atom] if other not in ring and other not in found]
    return frozenset(found)


GROUP_NAMES = {
    "H": "",
    "CH3": "methyl",
    "Cl": "chloro",
    "Br": "bromo",
    "NO2": "nitro",
}


def _name(numbers: np.ndarray, substituents: dict[str, frozenset[int]]) -> str:
    """Name a linker by its substituents."""

    def formula(position: str) -> str:
        symbols = sorted(chemical_symbols[numbers[atom]] for atom in substituents[position])
        return "".join(
            symbol + (str(symbols.count(symbol)) if symbols.count(symbol) > 1 else "")
            for symbol in dict.fromkeys(symbols)
        )

    fused = bool(substituents["4"]) and substituents["4"] == substituents["5"]
    ring = "imidazolate"
    places = ["2", "4", "5"]
    if fused:
        ring = "benzimidazolate" if formula("4") == "C4H4" else f"({formula('4')})-fused imidazolate"
        places = ["2"]
    parts: dict[str, list[str]] = {}
    for place in places:
        group = GROUP_NAMES.get(formula(place), f"({formula(place) or 'bare'})")
        if group:
            parts.setdefault(group, []).append(place)
    prefix = "-".join(
        f"{','.join(where)}-{'di' if len(where) == 2 else 'tri' if len(where) == 3 else ''}{group}"
        for group, where in parts.items()
    )
    return prefix + ring


def find_linkers(atoms: Atoms, bonds: Bonds | None = None) -> list[Linker]:
    """Find the imidazolate rings of a crystal.

    Parameters
    ----------
    atoms : ase.Atoms
        A periodic structure of intact linkers.
    bonds : list of dict, optional
        What `covalent_bonds` returned for it.

    Returns
    -------
    list of Linker
        In the order of their C2 atoms.
    """
    bonds = covalent_bonds(atoms) if bonds is None else bonds
    numbers = atoms.numbers
    linkers = []
    for c2 in np.flatnonzero(numbers == 6).tolist():
        ring = _ring_from(c2, numbers, bonds)
        if ring is None:
            continue
        n1, _, n3, c4, c5 = ring
        origin = atoms.positions[c2]
        to_n1, to_n3 = bonds[c2][n1], bonds[c2][n3]
        positions = np.array(
            [
                origin + to_n1,
                origin,
                origin + to_n3,
                origin + to_n3 + bonds[n3][c4],
                origin + to_n1 + bonds[n1][c5],
            ]
        )
        substituents = {
            place: _hanging(carbon, ring, bonds) for place, carbon in (("2", c2), ("4", c4), ("5", c5))
        }
        linkers.append(Linker(ring, positions, substituents, _name(numbers, substituents)))
    return linkers
