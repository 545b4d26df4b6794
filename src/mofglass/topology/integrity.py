"""What is broken in a frame, told by kind, atoms and time; nothing is mended or guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from ase.data import chemical_symbols

from mofglass.frame import Configuration
from mofglass.topology.imidazolate import Group
from mofglass.topology.linkers import Perception, formula

DefectKind = Literal[
    "broken ring",
    "fused linkers",
    "lost hydrogen",
    "migrated hydrogen",
    "free hydrogen",
    "fragment",
    "dangling linker",
    "unbound linker",
]

BROKEN_LINKER_KINDS: tuple[DefectKind, ...] = (
    "broken ring",
    "fused linkers",
    "lost hydrogen",
    "migrated hydrogen",
)
"""Faults of a linker itself, one a piece: ring open or overbonded; two or more linkers joined;
a hydrogen of a carbon atom lost; a hydrogen gained, mostly by nitrogen."""

LOOSE_KINDS: tuple[DefectKind, ...] = ("free hydrogen", "fragment")
"""Atoms that belong to no linker: a hydrogen bonded to nothing, pieces without nitrogen."""

BINDING_KINDS: tuple[DefectKind, ...] = ("dangling linker", "unbound linker")
"""Intact linkers bound to metal through one nitrogen atom, or none: common in melts, not broken."""


@dataclass(frozen=True)
class Defect:
    """One thing that is not as in the crystal."""

    kind: DefectKind
    """One of `BROKEN_LINKER_KINDS`, `LOOSE_KINDS`, `BINDING_KINDS`."""

    atoms: tuple[int, ...]
    """Atoms of the piece (dangling and unbound linkers: of its ring), from 0."""

    message: str
    """What is wrong, naming atoms."""

    frame: int
    """Frame index, from 0."""

    time_ps: float | None
    """Time, ps, where the frame has it."""

    def __str__(self) -> str:
        """Return the message with its frame and time."""
        time = "" if self.time_ps is None else f" ({self.time_ps:g} ps)"
        return f"frame {self.frame}{time}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Integrity:
    """How many linkers are intact, and what is wrong with the others.

    The number of linkers that there should be is the number of intact ones plus half the nitrogen
    atoms found elsewhere, rounded up: every imidazolate has two ring nitrogens, and nitrogen stays
    countable however a linker breaks, grows together with another or loses its hydrogens (nitrogen
    of nitro groups, bonded to oxygen, does not count). It is then constant along a trajectory,
    equal to n_N / 2 where no substituent holds nitrogen. A broken linker whose substituent holds
    nitrogen other than nitro can count as two.
    """

    n_linkers: int
    """Linkers there should be."""

    n_intact: int
    """Sound imidazolates, however they are bound."""

    n_broken: int
    """``n_linkers - n_intact``."""

    n_dangling: int
    """Intact linkers bound to metal through one nitrogen atom."""

    n_unbound: int
    """Intact linkers bound to no metal."""

    defects: tuple[Defect, ...]
    """Everything found, broken linkers first."""

    frame: int
    """Frame index, from 0."""

    time_ps: float | None
    """Time, ps, where the frame has it."""

    @property
    def fraction_intact(self) -> float:
        """Intact linkers over linkers there should be; 1 where there are none."""
        return self.n_intact / self.n_linkers if self.n_linkers else 1.0


def diagnose(configuration: Configuration, found: Perception) -> Integrity:
    """Count intact linkers and describe what is broken.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Atoms in a periodic box.
    found : Perception
        What `perceive_linkers` made of it.

    Returns
    -------
    Integrity
        Counts and defects.
    """
    frame = int(getattr(configuration, "index", 0))
    time_ps = getattr(configuration, "time_ps", None)
    if time_ps is None:
        time_ps = getattr(configuration, "info", {}).get("time_ps")
    intact = found.intact

    broken_linkers = found.linker_molecules[~intact[found.linker_molecules]]
    n_intact = int(intact.sum())
    n_broken = -(-int(found.nitrogens[broken_linkers].sum()) // 2)
    told: list[tuple[DefectKind, tuple[int, ...], str]] = []
    for m in broken_linkers:
        told.append(_broken_linker(configuration, found, int(m)))

    is_linker = np.zeros(len(intact), dtype=bool)
    is_linker[found.linker_molecules] = True
    for m in np.flatnonzero(~is_linker):
        atoms = _atoms(found, int(m))
        if len(atoms) == 1 and found.numbers[atoms[0]] == 1:
            told.append(("free hydrogen", atoms, f"hydrogen {atoms[0]} is bonded to nothing"))
        else:
            what = formula(found.numbers[list(atoms)])
            told.append(("fragment", atoms, f"{what} ({_listed(atoms)}) belongs to no linker"))

    bound = np.zeros(len(found.numbers), dtype=bool)
    bound[found.bonds.metal.j] = True
    rings = found.ring[np.flatnonzero(intact)]
    held = bound[rings[:, (0, 2)]] if len(rings) else np.zeros((0, 2), dtype=bool)
    n_held = held.sum(axis=1)
    for row in np.flatnonzero(n_held < 2):
        ring = tuple(int(atom) for atom in rings[row])
        n1, n3 = ring[0], ring[2]
        if n_held[row]:
            by, free = (n1, n3) if held[row, 0] else (n3, n1)
            text = f"bound to metal through nitrogen {by} alone, nitrogen {free} being free"
            told.append(("dangling linker", ring, text))
        else:
            told.append(("unbound linker", ring, f"neither nitrogen {n1} nor {n3} is bound to metal"))
    return Integrity(
        n_linkers=n_intact + n_broken,
        n_intact=n_intact,
        n_broken=n_broken,
        n_dangling=int((n_held == 1).sum()),
        n_unbound=int((n_held == 0).sum()),
        defects=tuple(Defect(kind, atoms, text, frame, time_ps) for kind, atoms, text in told),
        frame=frame,
        time_ps=time_ps,
    )


def _atoms(found: Perception, molecule: int) -> tuple[int, ...]:
    first = found.molecules.first
    return tuple(found.molecules.atoms[first[molecule] : first[molecule + 1]].tolist())


def _listed(atoms: tuple[int, ...], limit: int = 12) -> str:
    shown = ", ".join(str(atom) for atom in atoms[:limit])
    return f"atoms {shown}" + (f" and {len(atoms) - limit} more" if len(atoms) > limit else "")


def _broken_linker(
    configuration: Configuration, found: Perception, m: int
) -> tuple[DefectKind, tuple[int, ...], str]:
    """Tell what is wrong with a piece that holds nitrogen and is no sound imidazolate."""
    atoms = _atoms(found, m)
    what = f"{formula(found.numbers[list(atoms)])} ({_listed(atoms)})"
    if found.molecules.endless[m]:
        return "fused linkers", atoms, f"{what} is bonded to its own periodic image"
    if found.n_rings[m] == 1:
        fault = _hydrogen_fault(found, m)
        if fault is not None:
            return fault[0], atoms, f"{fault[1]} in {what}"
    if found.nitrogens[m] > 2:
        return "fused linkers", atoms, f"{what} is {_joint(configuration, found, atoms)}"
    if found.n_rings[m] == 0:
        return "broken ring", atoms, f"{what} holds no C3N2 ring{_gap(configuration, found, atoms)}"
    return "broken ring", atoms, f"{what} has a ring atom with too many bonds"


def _hydrogen_fault(found: Perception, m: int) -> tuple[DefectKind, str] | None:
    """Return the fault if hydrogens alone are to blame: lost by carbon, or gained by any ring atom."""
    ring, groups, table, numbers = found.ring[m].tolist(), found.groups[m], found.table, found.numbers
    core = set(ring)
    gained = []
    for atom in ring:
        outside = [b for b in table.of(atom) if b not in core]
        allowed = 0 if numbers[atom] == 7 else 1
        hydrogens = [b for b in outside if numbers[b] == 1]
        if len(outside) > allowed:
            if len(outside) - len(hydrogens) > allowed:
                return None
            gained.append(f"hydrogen {hydrogens[-1]} sits on {_named(numbers, atom)} beyond its bonds")
    if gained:
        return "migrated hydrogen", " and ".join(gained)
    if Group.CROWDED in groups:
        return None
    if Group.MISSING in groups:
        bare = [atom for atom in (ring[1], ring[3], ring[4]) if len(table.of(atom)) < 3]
        where = " and ".join(_named(numbers, atom) for atom in bare) or "the fused six-ring"
        return "lost hydrogen", f"{where} has lost a hydrogen"
    if Group.DAMAGED in groups:
        return "lost hydrogen", "a methyl group has lost or gained hydrogen"
    if Group.OTHER in groups and found.nitrogens[m] <= 3:
        return "lost hydrogen", "a substituent has lost or gained hydrogen"
    return None


def _named(numbers: np.ndarray, atom: int) -> str:
    return f"{chemical_symbols[numbers[atom]]} {atom}"


def _apart(configuration: Configuration, found: Perception, a: int, b: int) -> float:
    """Distance of two atoms of a molecule made whole, Å."""
    offset = found.molecules.offset[[a, b]] @ np.asarray(configuration.cell)
    whole = np.asarray(configuration.positions)[[a, b]] + offset
    return float(np.linalg.norm(whole[1] - whole[0]))


def _gap(configuration: Configuration, found: Perception, atoms: tuple[int, ...]) -> str:
    """Name the ends of an opened ring where the heavy atoms form one chain."""
    heavy = {atom for atom in atoms if found.numbers[atom] != 1}
    ends = [atom for atom in heavy if sum(b in heavy for b in found.table.of(atom)) == 1]
    if len(heavy) != 5 or len(ends) != 2:
        return ""
    a, b = sorted(ends)
    distance = _apart(configuration, found, a, b)
    return f", open between {_named(found.numbers, a)} and {_named(found.numbers, b)} ({distance:.2f} Å)"


def _joint(configuration: Configuration, found: Perception, atoms: tuple[int, ...]) -> str:
    """Name the bond that holds two linkers together, where there is a single one."""
    numbers, table = found.numbers, found.table
    for a in atoms:
        for b in table.of(a):
            if b < a or 1 in (numbers[a], numbers[b]):
                continue
            side, stack = {a}, [a]
            while stack:
                at = stack.pop()
                new = [c for c in table.of(at) if c not in side and (at, c) != (a, b)]
                side.update(new)
                stack.extend(new)
            nitrogens = sum(numbers[atom] == 7 for atom in side)
            if (
                b not in side
                and nitrogens >= 2
                and found.nitrogens[found.molecules.molecule_of[a]] > nitrogens
            ):
                distance = _apart(configuration, found, a, b)
                return f"joined by the bond {_named(numbers, a)} - {_named(numbers, b)} ({distance:.2f} Å)"
    return "joined by several bonds"
