"""Putting one group on one linker: its orientations, the linker's swing, and the room there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from ase.data.vdw import vdw_radii

from mofglass.structures.groups import BENZIMIDAZOLATE, SUBSTITUENTS, PlacedGroup, fused_ring, site
from mofglass.structures.linkers import NON_METALS, Linker

COMFORT = 0.9
"""An orientation with this much room is taken without looking for a better one."""

LONGEST_METAL_BOND_A = 2.5
NITROGEN = 7
ORGANIC = [atomic_numbers[symbol] for symbol in NON_METALS]


@dataclass(frozen=True)
class Contact:
    """The nearest approach of a new atom to an atom of another linker or to a metal.

    Parameters
    ----------
    distance_A : float
        Distance, Å.
    ratio : float
        The same in units of the sum of van der Waals radii (Bondi).
    pair : tuple of str
        The two elements, the new atom's first.
    linker : int
        The linker that bears the new atom, counted from 0.
    """

    distance_A: float
    ratio: float
    pair: tuple[str, str]
    linker: int


@dataclass(frozen=True)
class Proposal:
    """One way of substituting one linker.

    Parameters
    ----------
    removed : frozenset of int
        Atoms that leave.
    moved : dict of int to ndarray
        New positions of the linker's other atoms where it swings, Å.
    added : PlacedGroup
        The new atoms.
    swing_deg : float
        Turn about the axis through the linker's metals, °.
    """

    removed: frozenset[int]
    moved: dict[int, np.ndarray]
    added: PlacedGroup
    swing_deg: float


class Packing:
    """The structure under way: atoms alive, atoms added, and the room left between them.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure to start from; it is not changed.
    """

    def __init__(self, atoms: Atoms) -> None:
        self.cell = atoms.cell.array
        self.inverse = np.linalg.inv(self.cell)
        self.numbers = atoms.numbers.copy()
        self.positions = atoms.positions.copy()
        self.alive = np.ones(len(atoms), dtype=bool)

    def nearest(self, proposal: Proposal, own: set[int], linker: int) -> Contact:
        """Nearest approach of what a proposal adds or moves to all else, by its share of the vdW distance.

        Parameters
        ----------
        proposal : Proposal
            What would be done.
        own : set of int
            Atoms of the linker itself, which do not count.
        linker : int
            Its number, for the record.

        Returns
        -------
        Contact
            The smallest ratio of distance to the sum of van der Waals radii.
        """
        # a nitrogen that moves keeps its bond to the metal, which is no clash
        swung = [atom for atom in proposal.moved if self.numbers[atom] != NITROGEN]
        mine = [*proposal.added.positions, *(proposal.moved[atom] for atom in swung)]
        symbols = [*proposal.added.symbols, *(chemical_symbols[self.numbers[atom]] for atom in swung)]
        others = self.alive.copy()
        others[list(own)] = False
        fractional = (np.array(mine)[:, None, :] - self.positions[None, others, :]) @ self.inverse
        # rounding finds the nearest image of all that is nearer than half the cell's smallest height
        fractional -= np.round(fractional)
        distance = np.linalg.norm(fractional @ self.cell, axis=2)
        numbers = [atomic_numbers[symbol] for symbol in symbols]
        ratio = distance / (vdw_radii[numbers][:, None] + vdw_radii[self.numbers[others]][None, :])
        i, j = np.unravel_index(int(ratio.argmin()), ratio.shape)
        other = chemical_symbols[self.numbers[others][j]]
        return Contact(float(distance[i, j]), float(ratio[i, j]), (symbols[i], other), linker)

    def accept(self, proposal: Proposal) -> list[int]:
        """Carry a proposal out.

        Parameters
        ----------
        proposal : Proposal
            What is done.

        Returns
        -------
        list of int
            Indices of the new atoms.
        """
        self.alive[list(proposal.removed)] = False
        for atom, position in proposal.moved.items():
            self.positions[atom] = position
        new = [atomic_numbers[symbol] for symbol in proposal.added.symbols]
        first = len(self.numbers)
        self.numbers = np.append(self.numbers, new)
        self.positions = np.vstack([self.positions, proposal.added.positions])
        self.alive = np.append(self.alive, np.ones(len(new), dtype=bool))
        return list(range(first, first + len(new)))

    def to_atoms(self, info: dict) -> Atoms:
        """Return the atoms alive.

        Parameters
        ----------
        info : dict
            For the `info` of the structure.

        Returns
        -------
        ase.Atoms
            Kept atoms first, in their order, then the new ones.
        """
        keep = self.alive
        return Atoms(self.numbers[keep], positions=self.positions[keep], cell=self.cell, pbc=True, info=info)


def _whole(linker: Linker, structure: Packing) -> dict[int, np.ndarray]:
    """Positions of a linker's ring and substituents as one piece."""
    pieces = dict(zip(linker.ring, linker.positions, strict=True))
    for place, carbon in (("2", 1), ("4", 3), ("5", 4)):
        anchor = linker.positions[carbon]
        for atom in linker.substituents[place]:
            apart = (structure.positions[atom] - anchor) @ structure.inverse
            pieces[atom] = anchor + (apart - np.round(apart)) @ structure.cell
    return pieces


def _metals(linker: Linker, structure: Packing) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions of the metal atoms that N1 and N3 bind, in the linker's image; None where one is missing."""
    metals = structure.positions[~np.isin(structure.numbers, ORGANIC)]
    if not len(metals):
        return None
    ends = []
    for nitrogen in (linker.positions[0], linker.positions[2]):
        apart = (metals - nitrogen) @ structure.inverse
        vectors = (apart - np.round(apart)) @ structure.cell
        lengths = np.linalg.norm(vectors, axis=1)
        if lengths.min() > LONGEST_METAL_BOND_A:
            return None
        ends.append(nitrogen + vectors[lengths.argmin()])
    return ends[0], ends[1]


def _turned(
    pieces: dict[int, np.ndarray], ends: tuple[np.ndarray, np.ndarray], angle_deg: float
) -> dict[int, np.ndarray]:
    """Turn a linker about the axis through its two metal atoms; its bonds to them keep their lengths."""
    axis = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    turned = {}
    for atom, position in pieces.items():
        arm = position - ends[0]
        along = (arm @ axis) * axis
        turned[atom] = ends[0] + along + cosine * (arm - along) + sine * np.cross(axis, arm)
    return turned


def _orientations(group: str, places: tuple[str, ...], ring: dict[str, np.ndarray]) -> Iterator[PlacedGroup]:
    """Orientations of a group on the given places of a ring, its atoms given by name."""
    if group == BENZIMIDAZOLATE:
        yield fused_ring(ring["4"], ring["5"], np.mean(list(ring.values()), axis=0))
        return
    neighbours = {"2": ("N1", "N3"), "4": ("N3", "5"), "5": ("N1", "4")}
    choices = [
        list(SUBSTITUENTS[group](site(ring[place], *(ring[name] for name in neighbours[place]))))
        for place in places
    ]
    for together in zip(*choices, strict=True):
        yield PlacedGroup(
            tuple(symbol for one in together for symbol in one.symbols),
            np.vstack([one.positions for one in together]),
            together[0].torsion_deg,
        )


def proposals(
    linker: Linker, structure: Packing, group: str, places: tuple[str, ...], swing_deg: float
) -> Iterator[Proposal]:
    """All orientations of one group on one linker, the linker swung by an angle.

    Parameters
    ----------
    linker : Linker
        The linker.
    structure : Packing
        The structure under way.
    group : str
        One of `groups.GROUPS`.
    places : tuple of str
        Ring positions, '2', '4' and '5'.
    swing_deg : float
        Turn about the axis through the two metals, °; without metals only 0 gives proposals.

    Yields
    ------
    Proposal
        The preferred orientation first.
    """
    pieces = _whole(linker, structure)
    removed = frozenset().union(*(linker.substituents[place] for place in places))
    moved: dict[int, np.ndarray] = {}
    if swing_deg:
        ends = _metals(linker, structure)
        if ends is None:
            return
        pieces = _turned(pieces, ends, swing_deg)
        moved = {atom: position for atom, position in pieces.items() if atom not in removed}
    ring = {name: pieces[atom] for name, atom in zip(("N1", "2", "N3", "4", "5"), linker.ring, strict=True)}
    for placed in _orientations(group, places, ring):
        yield Proposal(removed, moved, placed, swing_deg)


def place_group(
    linker: Linker,
    index: int,
    structure: Packing,
    group: str,
    choices: list[tuple[str, ...]],
    swing_deg: float,
) -> tuple[Proposal, Contact] | None:
    """Find the roomiest orientation of a group on a linker swung by an angle to either side.

    Parameters
    ----------
    linker : Linker
        The linker.
    index : int
        Its number.
    structure : Packing
        The structure under way.
    group : str
        One of `groups.GROUPS`.
    choices : list of tuple of str
        Alternative sets of ring positions.
    swing_deg : float
        Size of the swing, °.

    Returns
    -------
    tuple of Proposal and Contact, or None
        The first with `COMFORT` of room, else the one with most; None where there is no orientation.
    """
    own = set(linker.ring).union(*linker.substituents.values())
    best: tuple[Proposal, Contact] | None = None
    for angle_deg in {swing_deg: None, -swing_deg: None}:
        for places in choices:
            for proposal in proposals(linker, structure, group, places, angle_deg):
                contact = structure.nearest(proposal, own, index)
                if best is None or contact.ratio > best[1].ratio:
                    best = proposal, contact
                if contact.ratio >= COMFORT:
                    break
    return best
