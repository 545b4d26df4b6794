"""From a catalogue entry to atoms: expansion by the space group, choice of cell, supercell."""

from __future__ import annotations

import itertools

import numpy as np
import spglib
from ase import Atoms
from ase.cell import Cell

from mofglass.errors import InputError
from mofglass.structures.entries import Entry, Setting

SAME_ATOM_A = 0.05  # images of one site closer than this are one atom, on a symmetry element


def _merge(fractional: np.ndarray, lattice: np.ndarray) -> np.ndarray:
    """Drop periodic duplicates of one kind of atom; fractional (n, 3) in, fewer rows out."""
    kept: list[np.ndarray] = []
    for position in fractional:
        if kept:
            gap = np.array(kept) - position
            gap -= np.round(gap)
            if np.linalg.norm(gap @ lattice, axis=1).min() < SAME_ATOM_A:
                continue
        kept.append(position)
    return np.array(kept)


def _wrapped(fractional: np.ndarray) -> np.ndarray:
    """Fractional coordinates in [0, 1), those a rounding error below 1 at 0."""
    inside = fractional % 1.0
    inside[inside > 1.0 - 1e-9] = 0.0
    return inside


def expand(entry: Entry, setting: Setting | None = None) -> Atoms:
    """Expand the asymmetric unit of a catalogue entry to all atoms of one cell.

    Parameters
    ----------
    entry : Entry
        The crystal.
    setting : Setting, optional
        Choice of cell; that of the published file where not given.

    Returns
    -------
    ase.Atoms
        Periodic, the first cell vector along x and the second in the xy plane, Å.
    """
    setting = setting or entry.setting()
    operations = spglib.get_symmetry_from_database(entry.space_group.hall_number)
    rotations, translations = operations["rotations"], operations["translations"]
    space_group_lattice = Cell.fromcellpar(entry.cellpar).array
    lattice = setting.basis @ space_group_lattice
    to_setting = np.linalg.inv(setting.basis)
    reach = range(int(np.ceil(np.abs(setting.basis).sum(axis=0).max())) + 1)
    symbols: list[str] = []
    positions: list[np.ndarray] = []
    for site in entry.sites:
        images = _merge(_wrapped(rotations @ np.array(site.position) + translations), space_group_lattice)
        if len(images) != site.multiplicity:
            raise InputError(
                f"catalogue entry {entry.name}: site {site.label} has {len(images)} images in "
                f"{entry.space_group.symbol}, its multiplicity says {site.multiplicity}; mend its YAML file"
            )
        # a built cell larger than the space-group cell needs its lattice translations too
        shifted = [images + np.array(shift) for shift in itertools.product(reach, repeat=3)]
        built = _merge(_wrapped((np.concatenate(shifted) - setting.origin) @ to_setting), lattice)
        symbols += [site.symbol] * len(built)
        positions.append(built)
    return Atoms(
        symbols,
        scaled_positions=np.concatenate(positions),
        cell=Cell.fromcellpar(Cell(lattice).cellpar()),
        pbc=True,
        info={"name": entry.name},
    )


def supercell(atoms: Atoms, repeats: tuple[int, int, int]) -> Atoms:
    """Repeat a structure along its cell vectors.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    repeats : tuple of three int
        How many times along a, b and c.

    Returns
    -------
    ase.Atoms
        The supercell, one copy after the other.

    Raises
    ------
    InputError
        A repeat below 1.
    """
    if len(repeats) != 3 or any(int(n) != n or n < 1 for n in repeats):
        raise InputError(f"a supercell takes three whole numbers of 1 or more, not {tuple(repeats)}")
    return atoms.repeat(tuple(int(n) for n in repeats))
