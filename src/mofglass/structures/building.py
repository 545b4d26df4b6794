"""From a catalogue entry to atoms: expansion by the space group, choice of cell, supercell."""

from __future__ import annotations

import itertools

import numpy as np
import spglib
from ase import Atoms
from ase.cell import Cell

from mofglass.errors import InputError
from mofglass.structures.entries import Entry, Setting
from mofglass.structures.substitution import substitute

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
    assert operations is not None, "a Hall number of the catalogue lies between 1 and 530"
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


def build_entry(
    entry: Entry,
    *,
    repeats: tuple[int, int, int] = (1, 1, 1),
    cell: str | None = None,
    fraction_bim: float | None = None,
    seed: int = 0,
) -> Atoms:
    """Build a crystal of the catalogue.

    Parameters
    ----------
    entry : Entry
        The crystal.
    repeats : tuple of three int
        Supercell along a, b and c.
    cell : str, optional
        One of the entry's settings, such as 'cubic'; that of the published file without it.
    fraction_bim : float, optional
        For a crystal of mixed linkers, the fraction of benzimidazolate among all linkers.
    seed : int
        Of the random choice of those linkers.

    Returns
    -------
    ase.Atoms
        Periodic, Å.

    Raises
    ------
    InputError
        No such setting or supercell, a fraction for a crystal without mixed linkers, or no room for it.
    """
    if fraction_bim is not None and not entry.mixed_linker:
        raise InputError(
            f"{entry.name} has no mixed linkers; put benzimidazolate on it with "
            "'mofglass structures substitute --group bIm'"
        )
    atoms = supercell(expand(entry, entry.setting(cell)), repeats)
    if not entry.mixed_linker:
        return atoms
    fraction = entry.default_fraction if fraction_bim is None else fraction_bim
    return substitute(atoms, entry.mixed_linker, fraction=fraction, seed=seed).atoms
