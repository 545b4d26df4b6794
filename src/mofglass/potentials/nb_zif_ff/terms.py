"""The bonded terms: every bond, angle, dihedral and improper of linkers and dummies, and its type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mofglass.potentials.nb_zif_ff.parameters import Key, Parameters

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class TermTable:
    """Terms of one kind.

    Parameters
    ----------
    kinds : list of tuple of str
        Atom types of each term type present, in the order of the parameter table.
    rows : ndarray of int (n, 1 + atoms a term)
        Term type from 1, then particle indices from 0.
    """

    kinds: list[Key]
    rows: Ints

    def lammps_rows(self) -> Ints:
        """Rows as a data file holds them, particle ids from 1.

        Returns
        -------
        ndarray of int
            Type and ids.
        """
        return self.rows + np.array([0] + [1] * (self.rows.shape[1] - 1))


@dataclass(frozen=True)
class Terms:
    """The bonded terms of a structure with its dummies."""

    bonds: TermTable
    angles: TermTable
    dihedrals: TermTable
    impropers: TermTable


def build_terms(
    names: list[str], covalent: Ints, dummy_ids: Ints, dummy_hosts: Ints, parameters: Parameters
) -> Terms:
    """Enumerate the bonded terms.

    Parameters
    ----------
    names : list of str
        Particle types, real atoms then dummies.
    covalent : ndarray of int (n, 2)
        Covalent bonds of the linkers.
    dummy_ids, dummy_hosts : ndarray of int (m,)
        Dummies and the atoms they stand on.
    parameters : Parameters
        The parameter table.

    Returns
    -------
    Terms
        Each term once; the four He of a Zn are bonded to it and to each other.
    """
    cages: dict[int, list[int]] = {}
    linker_bonds = [(int(a), int(b)) for a, b in covalent]
    for dummy, host in zip(dummy_ids.tolist(), dummy_hosts.tolist(), strict=True):
        if names[dummy] == "He":
            cages.setdefault(host, []).append(dummy)
        else:
            linker_bonds.append((host, dummy))
    neighbours: dict[int, list[int]] = {}
    for a, b in linker_bonds:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)

    bonds = list(linker_bonds)
    angles = [(a, b, c) for b, around in neighbours.items() for a, c in combinations(sorted(around), 2)]
    dihedrals = [
        (a, b, c, d)
        for b, c in linker_bonds
        for a in neighbours[b]
        for d in neighbours[c]
        if a != c and d != b and a != d
    ]
    for zn, cage in cages.items():
        bonds += [(zn, he) for he in cage] + list(combinations(cage, 2))
        for a, b in combinations(cage, 2):
            angles += [(a, zn, b), (zn, a, b), (zn, b, a)]
        for triple in combinations(cage, 3):
            angles += [(b, a, c) for a in triple for b, c in [tuple(x for x in triple if x != a)]]
    impropers = [
        term
        for centre, around in neighbours.items()
        if len(around) == 3 and (term := _improper(centre, around, names)) is not None
    ]
    return Terms(
        bonds=_typed(bonds, names, list(parameters.bonds), 2),
        angles=_typed(angles, names, list(parameters.angles), 3),
        dihedrals=_typed(dihedrals, names, list(parameters.dihedrals), 4),
        impropers=_typed(impropers, names, list(parameters.impropers), 4),
    )


def _improper(centre: int, around: list[int], names: list[str]) -> tuple[int, int, int, int] | None:
    """Order the atoms of an improper as the force field does; None where it has no such term."""
    if names[centre] in ("C4", "C1"):
        outside = next(k for k in around if names[k] != "N1")
        first, second = (k for k in around if k != outside)
        return centre, first, second, outside
    if names[centre] == "N1":
        by_name = {names[k]: k for k in around}
        bridge = by_name["C4"] if "C4" in by_name else by_name["C1"]
        return centre, bridge, by_name["C2"], by_name["Ne"]
    return None


def _typed(terms: Sequence[tuple[int, ...]], names: list[str], table: list[Key], width: int) -> TermTable:
    """Give each term its type, numbering only the types that occur."""
    canonical = {key: key for key in table} | {key[::-1]: key for key in table}
    keys = [canonical[tuple(names[k] for k in term)] for term in terms]
    present = set(keys)
    kinds = [key for key in table if key in present]
    number = {key: k for k, key in enumerate(kinds, start=1)}
    rows = np.array([(number[key], *term) for key, term in zip(keys, terms, strict=True)], dtype=np.intp)
    return TermTable(kinds=kinds, rows=rows.reshape(-1, width + 1))
