"""Which particle type each atom is, from its covalent bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.neighborlist import neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mofglass.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Covalent bonds: well beyond thermal stretching, well short of the 1-3 distances in the ring, 2.15 Å.
COVALENT_A = {
    ("C", "C"): 1.85,
    ("C", "N"): 1.80,
    ("C", "H"): 1.50,
    ("N", "N"): 1.70,
    ("H", "N"): 1.40,
    ("H", "H"): 0.65,
}
# Carbon by its covalent neighbours (N, C, H).
CARBON_TYPES = {(2, 0, 1): "C4", (2, 1, 0): "C1", (1, 1, 1): "C2", (0, 1, 3): "C3"}
HYDROGEN_TYPES = {"C4": "H4", "C2": "H2", "C3": "H3"}
CARBON_BONDS = {("C2", "C2"), ("C1", "C3")}
LINKERS = {
    ("C2", "C2", "C4", "H2", "H2", "H4", "N1", "N1"): "imidazolate",
    ("C1", "C2", "C2", "C3", "H2", "H2", "H3", "H3", "H3", "N1", "N1"): "2-methylimidazolate",
}
REMEDY = "nb-ZIF-FF knows Zn with imidazolate and 2-methylimidazolate only"


@dataclass(frozen=True)
class TypedStructure:
    """A structure whose every atom has its particle type.

    Parameters
    ----------
    types : list of str, length n
        Particle type of each atom.
    linker : ndarray of int (n,)
        Linker of each atom, from 0; -1 for Zn.
    neighbours : list of ndarray
        Covalent neighbours of each atom, ascending.
    bonds : ndarray of int (n_bonds, 2)
        Covalent bonds, each once.
    bond_vectors_A : dict
        (i, j) to the vector from i to j's bonded image, Å.
    zn_n : tuple of arrays (Zn, N, vector)
        Contacts of Zn with N within the reach of a dummy, Å.
    """

    types: list[str]
    linker: Ints
    neighbours: list[Ints]
    bonds: Ints
    bond_vectors_A: dict[tuple[int, int], Floats]
    zn_n: tuple[Ints, Ints, Floats]


def assign_types(atoms: Atoms, *, zn_n_max_A: float) -> TypedStructure:
    """Find linkers and give every atom its particle type.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure of Zn, C, N and H, Å.
    zn_n_max_A : float
        Distance within which an N can hold a dummy of a Zn, Å.

    Returns
    -------
    TypedStructure
        Types, linkers and bonds.

    Raises
    ------
    InputError
        When an atom is of another element or belongs to a broken or unknown linker, or when there are
        not two linkers a Zn; the message names the atom (counted from 0).
    """
    symbols = atoms.get_chemical_symbols()
    for k, symbol in enumerate(symbols):
        if symbol not in ("Zn", "C", "N", "H"):
            raise InputError(f"atom {k}, counted from 0, is {symbol}: {REMEDY}")
    i, j, vectors = neighbor_list("ijD", atoms, {**COVALENT_A, ("N", "Zn"): zn_n_max_A})
    is_zn = np.array([symbol == "Zn" for symbol in symbols], dtype=bool)
    covalent = ~(is_zn[i] | is_zn[j])
    neighbours: list[Ints] = [np.empty(0, dtype=np.intp)] * len(atoms)
    order = np.lexsort((j[covalent], i[covalent]))
    heads, tails = i[covalent][order], j[covalent][order]
    starts = np.searchsorted(heads, np.arange(len(atoms) + 1))
    for k in range(len(atoms)):
        neighbours[k] = tails[starts[k] : starts[k + 1]]
    types = _types_by_neighbours(symbols, neighbours)
    linker = _check_linkers(types, heads, tails)
    n_zn, n_linkers = int(is_zn.sum()), int(linker.max(initial=-1)) + 1
    if n_zn == 0 or n_linkers != 2 * n_zn:
        raise InputError(
            f"the structure has {n_zn} Zn and {n_linkers} linkers, and nb-ZIF-FF is neutral for two linkers "
            "a Zn only: give a complete framework"
        )
    once = heads < tails
    to_zn = is_zn[i] & ~is_zn[j]
    return TypedStructure(
        types=types,
        linker=linker,
        neighbours=neighbours,
        bonds=np.column_stack([heads[once], tails[once]]),
        bond_vectors_A={
            (int(a), int(b)): v for a, b, v in zip(heads, tails, vectors[covalent][order], strict=True)
        },
        zn_n=(i[to_zn], j[to_zn], vectors[to_zn]),
    )


def _types_by_neighbours(symbols: list[str], neighbours: list[Ints]) -> list[str]:
    """Type each atom by the elements of its covalent neighbours."""
    types = [{"Zn": "Zn", "N": "N1"}.get(symbol, "") for symbol in symbols]
    for k, symbol in enumerate(symbols):
        bonded = [symbols[m] for m in neighbours[k]]
        if symbol == "C":
            counts = (bonded.count("N"), bonded.count("C"), bonded.count("H"))
            if counts not in CARBON_TYPES:
                raise InputError(_wrong_neighbours(k, "C", bonded))
            types[k] = CARBON_TYPES[counts]
        elif symbol == "N" and sorted(bonded) != ["C", "C"]:
            raise InputError(_wrong_neighbours(k, "N", bonded))
    for k, symbol in enumerate(symbols):
        if symbol == "H":
            carriers = [types[m] for m in neighbours[k]]
            if len(carriers) != 1 or carriers[0] not in HYDROGEN_TYPES:
                raise InputError(_wrong_neighbours(k, "H", [symbols[m] for m in neighbours[k]]))
            types[k] = HYDROGEN_TYPES[carriers[0]]
    return types


def _wrong_neighbours(atom: int, symbol: str, bonded: list[str]) -> str:
    found = ", ".join(sorted(bonded)) if bonded else "nothing"
    return (
        f"atom {atom} ({symbol}), counted from 0, is bonded to {found}, so its linker is broken or unknown: "
        f"{REMEDY}"
    )


def _check_linkers(types: list[str], heads: Ints, tails: Ints) -> Ints:
    """Number the linkers, each a connected set of atoms of a known kind."""
    n = len(types)
    graph = coo_array((np.ones(len(heads), dtype=np.int8), (heads, tails)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for k, label in enumerate(component):
        if types[k] != "Zn":
            members.setdefault(int(label), []).append(k)
    linker = np.full(n, -1, dtype=np.intp)
    for number, ids in enumerate(members.values()):
        if tuple(sorted(types[k] for k in ids)) not in LINKERS:
            raise InputError(
                f"atom {ids[0]} ({types[ids[0]][0]}), counted from 0, belongs to a molecule of "
                f"{len(ids)} atoms that is neither imidazolate nor 2-methylimidazolate: {REMEDY}"
            )
        linker[ids] = number
    # With the neighbours of each atom checked, only these C-C bonds close a C3N2 ring.
    for a, b in zip(heads.tolist(), tails.tolist(), strict=True):
        if types[a][0] == types[b][0] == "C" and tuple(sorted((types[a], types[b]))) not in CARBON_BONDS:
            raise InputError(
                f"atoms {a} and {b} (C) are bonded as in no imidazolate, so their linker is broken: {REMEDY}"
            )
    return linker
