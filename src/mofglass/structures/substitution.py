"""Linker substitution: put -CH3, -Cl, -Br, -NO2 or a fused benzene ring on imidazolates of a crystal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from mofglass.errors import InputError
from mofglass.structures.groups import BENZIMIDAZOLATE, GROUPS
from mofglass.structures.linkers import Linker, find_linkers
from mofglass.structures.placement import Contact, Packing, place_group, proposals

CLEARANCE = 0.65
"""Default floor of contacts over the sum of van der Waals radii; the catalogue's crystals reach 0.90."""

SWINGS_DEG = (0.0, 10.0, 20.0, 30.0)
"""Swings tried, least first; ZIF-8's linkers swing by 30° to let guests in (D. Fairen-Jimenez et al.,
J. Am. Chem. Soc. 133, 8900 (2011), 10.1021/ja202154j)."""

N_DRAWS = 6
POSITIONS = ("2", "4", "4,5")


@dataclass(frozen=True)
class Substitution:
    """A structure with substituted linkers.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure; kept atoms first, in their order, then the new ones.
    n_linkers : int
        Linkers in the structure.
    linkers : tuple of int
        Those substituted, in the order of `find_linkers`, from 0.
    swung : dict of int to float
        Linkers turned about the axis through their two metal atoms to make room, and by what angle, °.
    contact : Contact or None
        The nearest approach of the new atoms; None where nothing was placed.
    """

    atoms: Atoms
    n_linkers: int
    linkers: tuple[int, ...]
    swung: dict[int, float]
    contact: Contact | None


def _normal_group(group: str) -> str:
    plain = group.strip().lstrip("-").lower()
    names = {known.lower(): known for known in GROUPS} | {"benzimidazolate": BENZIMIDAZOLATE, "methyl": "CH3"}
    if plain not in names:
        raise InputError(f"there is no substituent '{group}'; choose one of {', '.join(GROUPS)}")
    return names[plain]


def _choices(group: str, position: str | None) -> list[tuple[str, ...]]:
    """The places to substitute, as alternatives: '4' may as well be 5."""
    position = (position or ("4,5" if group == BENZIMIDAZOLATE else "2")).replace(" ", "")
    if position in ("45", "5,4"):
        position = "4,5"
    if position not in POSITIONS:
        raise InputError(f"position '{position}' is not on the imidazolate ring; choose 2, 4 or 4,5")
    if group == BENZIMIDAZOLATE and position != "4,5":
        raise InputError(f"benzimidazolate is fused at positions 4,5, not {position}")
    choices: dict[str, list[tuple[str, ...]]] = {"2": [("2",)], "4": [("4",), ("5",)], "4,5": [("4", "5")]}
    return choices[position]


def _wanted(fraction: float | None, n_linkers: int) -> int:
    """Round a fraction of all linkers to their number, halves up."""
    fraction = 1.0 if fraction is None else fraction
    if not 0.0 <= fraction <= 1.0:
        raise InputError(f"the fraction of linkers lies between 0 and 1, not at {fraction:g}")
    count = int(np.floor(fraction * n_linkers + 0.5))
    if count == 0 and fraction > 0:
        raise InputError(
            f"a fraction of {fraction:g} is less than one of {n_linkers} linkers; take more or a supercell"
        )
    return count


def substitute(
    atoms: Atoms,
    group: str,
    *,
    position: str | None = None,
    fraction: float | None = None,
    linkers: Sequence[int] | None = None,
    seed: int = 0,
    clearance: float = CLEARANCE,
) -> Substitution:
    """Replace hydrogens of imidazolate linkers by a group.

    The framework stays where it is; the groups come at the geometry of DFT-relaxed frameworks (see
    `mofglass.structures.groups`), each turned about its bond, or its linker swung by up to 30° about the axis
    through its two metal atoms, where that makes room. Relax before use.

    Parameters
    ----------
    atoms : ase.Atoms
        A periodic structure with intact imidazolate linkers.
    group : str
        'CH3', 'Cl', 'Br', 'NO2' or 'bIm' (a benzene ring fused at C4 and C5, making benzimidazolate).
    position : str, optional
        '2', '4' (C4 or C5, whichever has more room) or '4,5' (both); '4,5' for bIm, else '2'.
    fraction : float, optional
        Fraction of all linkers, 0 to 1, rounded to the nearest number of linkers; 1 without it.
    linkers : sequence of int, optional
        Which linkers, in the order of `find_linkers`, instead of a fraction.
    seed : int
        Of the random choice of linkers, those with room as they stand before those that must swing; the
        same seed gives the same structure.
    clearance : float
        The nearest a new atom may come to an atom of another linker or a metal, in units of the sum of
        their van der Waals radii (Bondi).

    Returns
    -------
    Substitution
        The new structure, which linkers were substituted, and the nearest contact.

    Raises
    ------
    InputError
        No such group or position, no linker that takes it, or no room, naming the clash.
    """
    group = _normal_group(group)
    choices = _choices(group, position)
    if group == "H":
        raise InputError("to put hydrogen back use unsubstitute()")
    if fraction is not None and linkers is not None:
        raise InputError("give a fraction of the linkers or the linkers themselves, not both")
    found = find_linkers(atoms)
    if not found:
        raise InputError("the structure has no imidazolate ring (C3N2) to substitute")
    free = [
        index
        for index, linker in enumerate(found)
        if any(all(linker.has_hydrogen(place, atoms.numbers) for place in places) for places in choices)
    ]
    where = " and ".join(f"C{place}" for place in choices[0])
    if linkers is not None:
        order = [int(index) for index in linkers]
        if len(set(order)) != len(order):
            raise InputError("a linker is named twice")
        for index in order:
            if not 0 <= index < len(found):
                raise InputError(f"there is no linker {index}; they count from 0 to {len(found) - 1}")
            if index not in free:
                raise InputError(
                    f"linker {index} ({found[index].name}) bears no hydrogen on {where} to replace"
                )
        return _carry_out(atoms, found, [order], len(order), group, choices, clearance)
    count = _wanted(fraction, len(found))
    if count > len(free):
        raise InputError(
            f"{count} of {len(found)} linkers were asked for and {len(free)} bear a hydrogen on {where}; "
            "lower the fraction"
        )
    random = np.random.default_rng(seed)
    draws = [[free[k] for k in random.permutation(len(free))] for _ in range(N_DRAWS)]
    return _carry_out(atoms, found, draws, count, group, choices, clearance)


def _carry_out(
    atoms: Atoms,
    found: list[Linker],
    draws: list[list[int]],
    count: int,
    group: str,
    choices: list[tuple[str, ...]],
    clearance: float,
) -> Substitution:
    """Go through the draws until one holds all the groups."""
    most: int = -1
    clash: Contact | None = None
    for draw in draws:
        structure = Packing(atoms)
        placed: dict[int, Contact] = {}
        swung: dict[int, float] = {}
        refused: list[Contact] = []
        # linkers with room as they stand come first, so that no more of them than needed are swung
        for swing_deg in SWINGS_DEG:
            for index in draw:
                if len(placed) == count:
                    break
                linker = found[index]
                allowed = [c for c in choices if all(linker.has_hydrogen(p, atoms.numbers) for p in c)]
                best = None
                if index not in placed:
                    best = place_group(linker, index, structure, group, allowed, swing_deg)
                if best is None:
                    continue
                proposal, contact = best
                if contact.ratio < clearance:
                    refused.append(contact)
                    continue
                structure.accept(proposal)
                placed[index] = contact
                if proposal.swing_deg:
                    swung[index] = proposal.swing_deg
        if len(placed) == count:
            nearest = min(placed.values(), key=lambda contact: contact.ratio, default=None)
            substituted = structure.to_atoms(dict(atoms.info))
            return Substitution(substituted, len(found), tuple(sorted(placed)), swung, nearest)
        if len(placed) > most:
            left = [contact for contact in refused if contact.linker not in placed]
            most, clash = len(placed), max(left, key=lambda contact: contact.ratio)
    assert clash is not None
    raise InputError(
        f"only {most} of {count} {group} groups fit: on linker {clash.linker}, {clash.pair[0]} would come "
        f"within {clash.distance_A:.2f} Å of {clash.pair[1]}, {clash.ratio:.2f} of their van der Waals "
        f"distance where {clearance:g} is the floor; ask for fewer, other linkers, or a lower clearance"
    )


def unsubstitute(atoms: Atoms, *, linkers: Sequence[int] | None = None) -> Atoms:
    """Put hydrogen in place of every group on C2, C4 and C5, making imidazolate of each linker.

    Parameters
    ----------
    atoms : ase.Atoms
        A periodic structure with intact linkers.
    linkers : sequence of int, optional
        Only these, in the order of `find_linkers`.

    Returns
    -------
    ase.Atoms
        Kept atoms first, in their order, then the new hydrogens.
    """
    structure = Packing(atoms)
    found = find_linkers(atoms)
    for index in range(len(found)) if linkers is None else linkers:
        linker = found[index]
        for place in ("2", "4", "5"):
            if not linker.has_hydrogen(place, atoms.numbers):
                proposal = next(proposals(linker, structure, "H", (place,), 0.0))
                structure.accept(proposal)
    return structure.to_atoms(dict(atoms.info))
