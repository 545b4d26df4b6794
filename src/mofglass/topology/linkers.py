"""Linkers: molecules that hold nitrogen, checked to be imidazolate and named by what they carry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from ase.data import chemical_symbols
from ase.formula import Formula

from mofglass.frame import Configuration
from mofglass.topology.bonds import Bonds, find_bonds, is_metal
from mofglass.topology.imidazolate import Group, recognise
from mofglass.topology.molecules import BondTable, Molecules, bond_table, find_molecules

_PREFIX = {
    Group.METHYL: "methyl",
    Group.FLUORO: "fluoro",
    Group.CHLORO: "chloro",
    Group.BROMO: "bromo",
    Group.IODO: "iodo",
    Group.NITRO: "nitro",
    Group.AZA: "aza",
}
_COUNT = {1: "", 2: "di", 3: "tri", 4: "tetra", 5: "penta"}
_SOUND = np.array([group not in (Group.MISSING, Group.CROWDED, Group.DAMAGED) for group in Group])
_DIGITS = len(Group) ** np.arange(7)


@dataclass(frozen=True)
class Linkers:
    """The linkers of one configuration, whole ones and broken ones.

    A broken linker stands as one piece however many imidazolates it was made from: two that have
    grown together are one piece, and one torn in two with nitrogen in both parts is two.
    """

    first: np.ndarray
    """Linker ``l`` has the atoms ``atoms[first[l]:first[l + 1]]``, int64, shape (n + 1,)."""

    atoms: np.ndarray
    """Atoms of the linkers, ascending in each, int64."""

    intact: np.ndarray
    """Whether a linker is a sound imidazolate, bool, shape (n,)."""

    ring: np.ndarray
    """Atoms N1, C2, N3, C4, C5 of the five-ring, int64, shape (n, 5); -1 where broken."""

    name: np.ndarray
    """Place in `names` of each linker's name, int64, shape (n,)."""

    names: tuple[str, ...]
    """Names that occur; ``broken`` for all broken ones."""

    centre_A: np.ndarray
    """Mean position of the five-ring (broken: of all atoms but hydrogen), Å, shape (n, 3), the
    linker being made whole around its lowest-numbered atom where that was given."""

    linker_of: np.ndarray
    """Linker of each atom, -1 for none, int64, shape (n_atoms,)."""

    offset: np.ndarray
    """Image that makes each atom's linker whole: ``positions + offset @ cell``, int32, shape (n_atoms, 3)."""

    def __len__(self) -> int:
        """Return the number of linkers, pieces of broken ones included."""
        return len(self.intact)

    def atoms_of(self, linker: int) -> np.ndarray:
        """Return the atoms of one linker.

        Parameters
        ----------
        linker : int
            Its number.

        Returns
        -------
        ndarray of int64
            Atoms, ascending.
        """
        return self.atoms[self.first[linker] : self.first[linker + 1]]

    def count_by_name(self) -> dict[str, int]:
        """Return how many linkers bear each name.

        Returns
        -------
        dict
            For example ``{'imidazolate': 26, 'benzimidazolate': 6}``.
        """
        counts = np.bincount(self.name, minlength=len(self.names)).tolist()
        return dict(zip(self.names, counts, strict=True))


@dataclass(frozen=True)
class Perception:
    """All that was found on the way to the linkers: what the faults are diagnosed from."""

    numbers: np.ndarray
    bonds: Bonds
    table: BondTable
    molecules: Molecules
    n_rings: np.ndarray
    ring: np.ndarray
    groups: np.ndarray
    intact: np.ndarray
    nitrogens: np.ndarray
    """Nitrogen atoms of each molecule, those of nitro groups left out."""

    linker_molecules: np.ndarray
    """Molecule of each linker."""


def find_linkers(
    configuration: Configuration, *, cutoffs: dict[tuple[str, str], float] | None = None
) -> Linkers:
    """Perceive the linkers of a crystal, liquid or glass.

    A linker is a molecule, once the metal is taken away, that holds nitrogen. It is intact if it
    has exactly one C3N2 ring of the pattern N-C-N-C-C, ring nitrogens bonded to the ring alone,
    and on each carbon atom of the ring a hydrogen, a whole substituent or a fused six-ring.
    Methyl, halogens, nitro, benzimidazolate and its aza forms are known by name, other groups by
    their formula.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Atoms in a periodic box.
    cutoffs : mapping, optional
        Bond cut-offs by pair of elements, Å, that stand instead of the usual ones.

    Returns
    -------
    Linkers
        Whole and broken linkers.

    Raises
    ------
    InputError
        For positions that are not finite, a singular cell, or a cut-off without meaning.
    """
    return perceive_linkers(configuration, find_bonds(configuration, cutoffs=cutoffs))[0]


def perceive_linkers(configuration: Configuration, bonds: Bonds) -> tuple[Linkers, Perception]:
    """Perceive linkers from bonds, and keep what their diagnosis needs.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Atoms in a periodic box.
    bonds : Bonds
        Its bonds.

    Returns
    -------
    linkers : Linkers
        Whole and broken linkers.
    perception : Perception
        Molecules, rings and groups behind them.
    """
    numbers = np.asarray(configuration.numbers)
    n_atoms = len(numbers)
    table = bond_table(n_atoms, bonds.covalent)
    molecules = find_molecules(~is_metal()[numbers] & (numbers > 0), table)
    n_molecules = len(molecules.endless)
    n_rings, ring, groups = recognise(numbers, molecules, table)
    degree = np.diff(table.first)
    intact = (n_rings == 1) & ~molecules.endless & _SOUND[groups].all(axis=1)
    intact[intact] = (degree[ring[intact][:, (0, 2)]] == 2).all(axis=1)

    codes = groups.astype(np.int64) @ _DIGITS
    names = np.full(n_molecules, "broken", dtype=object)
    for code in np.unique(codes[intact]):
        rows = np.flatnonzero(intact & (codes == code))
        signature = tuple(groups[rows[0]].tolist())
        if Group.OTHER not in signature:
            names[rows] = linker_name(signature)
            continue
        for m in rows.tolist():
            formulas = _other_groups(m, numbers, molecules, table, ring[m], signature)
            if formulas is None:
                intact[m] = False
            else:
                names[m] = linker_name(signature, formulas)

    nitrogen = np.flatnonzero(numbers == 7)
    holds_nitrogen = np.zeros(n_molecules, dtype=bool)
    holds_nitrogen[molecules.molecule_of[nitrogen]] = True
    linker_molecules = np.flatnonzero(holds_nitrogen)
    with_oxygen = np.zeros(n_atoms, dtype=bool)
    owner = np.repeat(np.arange(n_atoms), degree)
    with_oxygen[owner[numbers[table.neighbour] == 8]] = True
    nitrogens = np.bincount(molecules.molecule_of[nitrogen[~with_oxygen[nitrogen]]], minlength=n_molecules)
    ring[~intact] = np.where((n_rings == 1)[~intact, None], ring[~intact], -1)
    perception = Perception(
        numbers, bonds, table, molecules, n_rings, ring, groups, intact, nitrogens, linker_molecules
    )
    return _linkers(configuration, perception, names), perception


def _linkers(configuration: Configuration, found: Perception, names: np.ndarray) -> Linkers:
    molecules, chosen = found.molecules, found.linker_molecules
    number = np.full(len(names) + 1, -1, dtype=np.int64)  # the last entry serves atoms of no molecule
    number[chosen] = np.arange(len(chosen))
    linker_of = number[molecules.molecule_of]
    atoms = molecules.atoms[linker_of[molecules.atoms] >= 0]
    first = np.concatenate(([0], np.cumsum(np.diff(molecules.first)[chosen])))
    intact = found.intact[chosen]
    ring = np.where(intact[:, None], found.ring[chosen], -1)
    whole = np.asarray(configuration.positions) + molecules.offset @ np.asarray(configuration.cell)
    centre = np.empty((len(chosen), 3))
    centre[intact] = whole[ring[intact]].mean(axis=1)
    for linker in np.flatnonzero(~intact):
        members = atoms[first[linker] : first[linker + 1]]
        centre[linker] = whole[members[found.numbers[members] != 1]].mean(axis=0)
    distinct = sorted(set(names[chosen].tolist()), key=lambda name: (name == "broken", name))
    place = {name: n for n, name in enumerate(distinct)}
    return Linkers(
        first=first,
        atoms=atoms,
        intact=intact,
        ring=ring,
        name=np.array([place[name] for name in names[chosen].tolist()], dtype=np.int64),
        names=tuple(distinct),
        centre_A=centre,
        linker_of=linker_of,
        offset=molecules.offset,
    )


@lru_cache(maxsize=1024)
def linker_name(groups: tuple[int, ...], others: tuple[str, ...] = ()) -> str:
    """Name a linker by the groups at its places, with the lowest numbers that either end gives.

    Parameters
    ----------
    groups : tuple of int
        `Group` codes at the places 2, 4, 5, a, b, c, d.
    others : tuple of str
        Formulas of the groups that are `Group.OTHER`, in the order of their places.

    Returns
    -------
    str
        For example ``2-methylimidazolate``, ``4,5-dichloroimidazolate``, ``benzimidazolate``,
        ``5-chlorobenzimidazolate``, ``2-(CHO)imidazolate``.
    """
    fused = groups[1] == Group.FUSED
    places, turned = ((2, 4, 5, 6, 7), (2, 7, 6, 5, 4)) if fused else ((2, 4, 5), (2, 5, 4))
    kept = (groups[0], *groups[3:]) if fused else groups[:3]
    formulas = iter(others)
    words = [
        (f"({next(formulas, 'R')})" if group == Group.OTHER else _PREFIX[Group(group)], place)
        for place, group in enumerate(kept)
        if group != Group.HYDROGEN
    ]
    words.sort()
    locants = min([numbering[place] for _, place in words] for numbering in (places, turned))
    parts = []
    for prefix, count in Counter(word for word, _ in words).items():
        numbers = sorted(locant for (word, _), locant in zip(words, locants, strict=True) if word == prefix)
        parts.append(f"{','.join(map(str, numbers))}-{_COUNT[count]}{prefix}")
    return "-".join(parts) + ("benzimidazolate" if fused else "imidazolate")


def _other_groups(
    molecule: int,
    numbers: np.ndarray,
    molecules: Molecules,
    table: BondTable,
    ring: np.ndarray,
    signature: tuple[int, ...],
) -> tuple[str, ...] | None:
    """Return the formulas of groups without a name, or None if they cannot be whole.

    They are not whole if the linker's anion would have an odd number of electrons (a hydrogen is
    lost or gained), if a carbon atom has one bond alone, or if a group holds two nitrogen atoms or
    more that bear no oxygen and so is the remains of another linker.
    """
    members = molecules.atoms[molecules.first[molecule] : molecules.first[molecule + 1]].tolist()
    core = set(ring.tolist())
    carriers = [int(ring[1]), int(ring[3]), int(ring[4])]
    if signature[1] == Group.FUSED:
        six = _six_ring(table, numbers, carriers[1], carriers[2], core)
        core.update(six)
        carriers = [carriers[0], *six]
    charge = 1
    for atom in members:
        bonded = table.of(atom)
        if numbers[atom] == 6 and len(bonded) == 1:
            return None
        if numbers[atom] == 6 and sum(numbers[b] == 8 and len(table.of(b)) == 1 for b in bonded) == 2:
            charge += 1  # carboxylate
    if (int(numbers[members].sum()) + charge) % 2:
        return None
    formulas = []
    places = (signature[0], *signature[3:]) if signature[1] == Group.FUSED else signature[:3]
    for carrier, group in zip(carriers, places, strict=True):
        if group != Group.OTHER:
            continue
        reached = {b for b in table.of(carrier) if b not in core}
        stack = list(reached)
        while stack:
            new = [b for b in table.of(stack.pop()) if b not in core and b not in reached]
            reached.update(new)
            stack.extend(new)
        bare = [a for a in reached if numbers[a] == 7 and not any(numbers[b] == 8 for b in table.of(a))]
        if len(bare) >= 2:
            return None
        formulas.append(formula(numbers[sorted(reached)]))
    return tuple(formulas)


def _six_ring(table: BondTable, numbers: np.ndarray, c4: int, c5: int, core: set[int]) -> list[int]:
    """Return the four atoms a, b, c, d of the fused ring C4-a-b-c-d-C5."""
    outer = [a for a in table.of(c4) if a not in core]
    for a in outer:
        for b in table.of(a):
            for c in table.of(b):
                for d in table.of(c):
                    if d in table.of(c5) and len({a, b, c, d} - core) == 4 and numbers[b] in (6, 7):
                        return [a, b, c, d]
    raise AssertionError("a fused ring was recognised and is not there")  # pragma: no cover


def formula(numbers: np.ndarray) -> str:
    """Return a chemical formula, carbon and hydrogen first.

    Parameters
    ----------
    numbers : ndarray of int
        Atomic numbers.

    Returns
    -------
    str
        For example ``C3H3N2``.
    """
    return Formula.from_list([chemical_symbols[z] for z in numbers]).format("hill")
