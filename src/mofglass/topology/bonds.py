"""Which atoms are bonded: cut-offs by pair of elements, made to hold in hot liquids too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii
from numba import njit

from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.topology.neighbours import NeighbourList, checked_box, pairs_within

NONMETALS = frozenset(
    {"H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br", "Kr"}
    | {"Te", "I", "Xe", "At", "Rn"}
)
"""Every other element is taken as a metal: a node of the network, never a part of a linker."""

METAL_NITROGEN_CUTOFFS_A: dict[str, float] = {
    # Castel 2024 and Mendez 2024: between the first peak of g(r) at 2.0 Å and the second shell at 3 Å.
    "Zn": 2.5,
    # The crystals' M-N lengths (2.00, 2.00, 1.95, 2.20, 2.05, 2.10 Å) plus the half Å given to zinc.
    "Co": 2.5,
    "Fe": 2.5,
    "Cu": 2.45,
    "Cd": 2.7,
    "Mg": 2.55,
    "Mn": 2.6,
}
"""Metal-nitrogen cut-offs, Å; metals not named get the sum of covalent radii plus 0.57 Å, as zinc has."""

COVALENT_CUTOFFS_A: dict[tuple[str, str], float] = {
    # Chosen on molecular dynamics of ZIF-4 at 1500-2000 K, 4958 sound linkers, many broken ones:
    # ring bonds have a mean of 1.40 Å and a standard deviation of 0.07 Å, so that 1.85 Å lies more
    # than six of them out. Second neighbours in a ring, 2.1-2.2 Å, come as near as 1.95 Å. Ends of
    # opened rings lie anywhere beyond, sparsely, with no crowd at the cut-off that another choice
    # would turn.
    ("C", "C"): 1.85,
    ("C", "N"): 1.85,
    ("N", "N"): 1.8,
    # A hydrogen is given to its nearest atom only, so these may be long without joining linkers:
    # C-H, 1.12 ± 0.07 Å at 1500-2000 K, reaches 1.48 Å, and distances are fewest at 1.5-1.6 Å.
    ("C", "H"): 1.6,
    ("H", "N"): 1.5,
    ("H", "O"): 1.5,
    # Substituents: 1.22 (nitro), 1.35-1.42 (C-O), 1.35 (C-F), 1.73 and 1.88 Å in crystals, plus six
    # standard deviations of a stretch of 400-600 N/m at 2000 K.
    ("N", "O"): 1.7,
    ("C", "O"): 1.8,
    ("C", "F"): 1.8,
    ("C", "Cl"): 2.2,
    ("Br", "C"): 2.35,
}
"""Covalent cut-offs, Å; pairs not named get 1.2 times the sum of covalent radii, H-H none."""

_RADII_FACTOR = 1.2
_METAL_EXCESS_A = 0.57


class Bonds(NamedTuple):
    """The bonds of a configuration, each once."""

    covalent: NeighbourList
    """Bonds between non-metals, ``i < j`` but for bonds to an atom's own image."""

    metal: NeighbourList
    """Metal (``i``) to nitrogen (``j``), sorted by metal, then nitrogen, then image."""


def bond_cutoffs(
    elements: list[str] | tuple[str, ...], cutoffs: Mapping[tuple[str, str], float] | None = None
) -> dict[tuple[str, str], float]:
    """Return the cut-off of each pair of elements that can be bonded.

    Parameters
    ----------
    elements : list of str
        Symbols of the elements present.
    cutoffs : mapping, optional
        ``{('Zn', 'N'): 2.6, ...}``, Å, in either order: these stand instead of the tables' values.

    Returns
    -------
    dict
        Cut-offs, Å, keys in alphabetical order. Metals are bonded to nitrogen only; hydrogens not
        to one another.

    Raises
    ------
    InputError
        For a cut-off that is not positive, or for a pair that is no bond of a linker or of a
        metal with nitrogen.
    """
    own = {}
    for pair, value in (cutoffs or {}).items():
        first, second = sorted(pair)
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"the cut-off of {first}-{second} is {value} Å: give a positive length.")
        if _default_cutoff(first, second) is None:
            raise InputError(
                f"a cut-off of {first}-{second} was given, but bonds are sought between non-metals and "
                "between metal and nitrogen: leave it out."
            )
        own[first, second] = float(value)
    table = {}
    for first in sorted(set(elements)):
        for second in sorted(set(elements)):
            default = _default_cutoff(first, second)
            if first <= second and default is not None:
                table[first, second] = own.get((first, second), default)
    return table


def _default_cutoff(first: str, second: str) -> float | None:
    for symbol in (first, second):
        if symbol not in atomic_numbers:
            raise InputError(f"'{symbol}' is not an element's symbol.")
    if "X" in (first, second):  # a dummy site of some force field: no atom
        return None
    first, second = sorted((first, second))
    metals = [symbol for symbol in (first, second) if symbol not in NONMETALS]
    radii = covalent_radii[atomic_numbers[first]] + covalent_radii[atomic_numbers[second]]
    if metals:
        if len(metals) == 2 or "N" not in (first, second):
            return None
        return METAL_NITROGEN_CUTOFFS_A.get(metals[0], round(float(radii) + _METAL_EXCESS_A, 2))
    if first == second == "H":
        return None
    return COVALENT_CUTOFFS_A.get((first, second), round(float(radii) * _RADII_FACTOR, 2))


def find_bonds(
    configuration: Configuration, *, cutoffs: Mapping[tuple[str, str], float] | None = None
) -> Bonds:
    """Find covalent and metal-nitrogen bonds.

    A hydrogen within the cut-off of several atoms is bonded to the nearest alone, so that the
    collisions of a hot liquid do not join linkers.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Atoms in a periodic box.
    cutoffs : mapping, optional
        Cut-offs by pair of elements, Å, that stand instead of the tables' values.

    Returns
    -------
    Bonds
        Covalent and metal-nitrogen bonds, as half neighbour lists.

    Raises
    ------
    InputError
        For positions that are not finite, a singular cell, or a cut-off without meaning.
    """
    positions, cell = checked_box(configuration)
    numbers = np.asarray(configuration.numbers)
    elements = np.flatnonzero(np.bincount(numbers, minlength=1))
    own = tuple(sorted(cutoffs.items())) if cutoffs else ()
    limits = _limits(tuple(elements.tolist()), own)
    kinds = np.searchsorted(elements, numbers)
    i, j, offset, distance = pairs_within(positions, cell, kinds, limits, True)
    kind = _turn_and_sort_out(numbers.astype(np.int64), is_metal()[numbers], i, j, offset, distance)
    covalent, metal = np.flatnonzero(kind == 1), np.flatnonzero(kind == 2)
    metal = metal[np.lexsort((*offset[metal].T[::-1], j[metal], i[metal]))]
    return Bonds(
        *(NeighbourList(i[bond], j[bond], offset[bond], distance[bond]) for bond in (covalent, metal))
    )


@lru_cache(maxsize=64)
def _limits(elements: tuple[int, ...], own: tuple[tuple[tuple[str, str], float], ...]) -> np.ndarray:
    symbols = [chemical_symbols[number] for number in elements]
    table = bond_cutoffs(symbols, dict(own))
    return np.array(
        [[table.get((min(a, b), max(a, b)), -1.0) for b in symbols] for a in symbols], dtype=float
    ).reshape(len(symbols), len(symbols))


@lru_cache(maxsize=1)
def is_metal() -> np.ndarray:
    """Return which elements are metals.

    Returns
    -------
    ndarray of bool
        By atomic number.
    """
    flags = np.array([symbol not in NONMETALS for symbol in chemical_symbols])
    flags[0] = False
    return flags


@njit(cache=True, nogil=True)
def _turn_and_sort_out(numbers, metal, i, j, offset, distance):
    """Turn pairs low atom or metal first and tell covalent (1) from metal (2) from no bonds (0).

    Each hydrogen keeps its shortest bond.
    """
    best = np.full(len(numbers), -1, dtype=np.int64)
    for pair in range(len(i)):
        for end in range(2):
            atom = i[pair] if end == 0 else j[pair]
            if numbers[atom] == 1 and (best[atom] < 0 or distance[pair] < distance[best[atom]]):
                best[atom] = pair
    kind = np.zeros(len(i), dtype=np.int8)
    for pair in range(len(i)):
        a, b = i[pair], j[pair]
        if metal[a] or metal[b]:
            kind[pair] = 2
        elif (numbers[a] != 1 or best[a] == pair) and (numbers[b] != 1 or best[b] == pair):
            kind[pair] = 1
        if kind[pair] and ((metal[b] and not metal[a]) or (not metal[a] and b < a)):
            i[pair], j[pair] = b, a
            for k in range(3):
                offset[pair, k] = -offset[pair, k]
    return kind
