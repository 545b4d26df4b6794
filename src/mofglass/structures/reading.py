"""One structure from a catalogue name or a file of a safe text format."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read as ase_read
from ase.neighborlist import neighbor_list

from mofglass.errors import InputError
from mofglass.structures.building import build_entry, supercell
from mofglass.structures.cif import check_atom_rows, compare_with_formula, read_cif
from mofglass.structures.entries import Entry, entry, find_entry
from mofglass.structures.lammps_data import read_lammps_structure

SHORTEST_CONTACT_A = 0.6  # half of any bond's length but H-H's 0.74 Å: nearer atoms are one atom read twice
FORMATS = {
    ".cif": "cif",
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".vasp": "vasp",
    ".poscar": "vasp",
    ".contcar": "vasp",
    ".data": "lammps-data",
    ".lmp": "lammps-data",
    ".lammps": "lammps-data",
}
ACCEPTED = "CIF (.cif), extended XYZ (.extxyz, .xyz), POSCAR/CONTCAR (.vasp) or LAMMPS data (.data, .lmp)"
"""What `load` reads: text formats whose readers run no code from the file."""


def file_format(path: Path) -> str | None:
    """Return the format that a file's name tells of, None where it tells none.

    Parameters
    ----------
    path : Path
        A file name; `.gz` at its end is passed over.

    Returns
    -------
    str or None
        'cif', 'extxyz', 'vasp' or 'lammps-data'.
    """
    name = path.name.lower().removesuffix(".gz")
    if re.match(r"(poscar|contcar)", name):
        return "vasp"
    return FORMATS.get(Path(name).suffix)


def _only_frame(path: Path, frames: list[Atoms]) -> Atoms:
    if len(frames) != 1:
        raise InputError(
            f"{path} holds {len(frames)} structures where one is wanted; name one by its place from 0, "
            f"as {path}@0 for the first or {path}@-1 for the last"
        )
    return frames[0]


def _reject_disorder(path: Path, atoms: Atoms) -> None:
    occupancy = atoms.info.get("occupancy") or {}
    for site, species in occupancy.items():
        if len(species) > 1 or min(species.values()) < 0.999:
            shares = " and ".join(f"{symbol} {share:g}" for symbol, share in species.items())
            raise InputError(
                f"{path}: site {site} is partly occupied ({shares}); choose one ordered configuration, "
                "and drop solvent, before using it"
            )


def _read_frames(path: Path, kind: str, frame: int | None) -> Atoms | list[Atoms]:
    if kind == "extxyz" and frame is not None:
        try:
            return ase_read(path, index=frame, format=kind)
        except StopIteration as error:  # what ASE says of a place beyond the end
            raise IndexError(frame) from error
    read = read_cif(path) if kind == "cif" else ase_read(path, index=":", format=kind)
    found = read if isinstance(read, list) else [read]
    return found if frame is None else found[frame]


def read_structure(path: Path, *, frame: int | None = None, elements: Sequence[str] | None = None) -> Atoms:
    """Read one structure from a file.

    Parameters
    ----------
    path : Path
        CIF, extended XYZ, POSCAR or LAMMPS data file, its format told by its name.
    frame : int, optional
        Which structure of a file that holds several, from 0; negative ones count from the end.
    elements : sequence of str, optional
        For a LAMMPS data file, the element of each atom type in order; 'X' leaves a type out.

    Returns
    -------
    ase.Atoms
        Periodic in all directions, without calculator, velocities or constraints.

    Raises
    ------
    InputError
        Missing, unreadable, of another format, without a cell, disordered, or with atoms on one another.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: write it again")
    kind = file_format(path)
    if kind is None:
        raise InputError(f"{path} is not a structure file by its name; give {ACCEPTED}")
    if elements is not None and kind != "lammps-data":
        raise InputError(f"{path} names its elements itself; elements are told only for LAMMPS data files")
    if kind == "lammps-data":
        if frame not in (None, 0, -1):
            raise InputError(f"{path} holds 1 structure, counted from 0: there is no {path}@{frame}")
        atoms = read_lammps_structure(path, elements=elements)
    else:
        if kind == "cif":
            check_atom_rows(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frames = _read_frames(path, kind, frame)
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is a binary file, no text: give {ACCEPTED}") from error
        except IndexError as error:
            if frame is None:
                raise InputError(f"{path} cannot be read as {kind}: {error}") from error
            count = len(_read_frames(path, kind, None))
            raise InputError(
                f"{path} holds {count} structure{'s' if count > 1 else ''}, counted from 0: there is no "
                f"{path}@{frame}"
            ) from error
        except Exception as error:  # each of ASE's readers raises what it likes
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{path} cannot be read as {kind}: {reason}") from error
        atoms = _only_frame(path, frames if isinstance(frames, list) else [frames])
        _reject_disorder(path, atoms)
        if kind == "cif":
            compare_with_formula(path, atoms)
    check_structure(atoms, str(path))
    return Atoms(
        atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True, info={"name": path.name}
    )


def check_structure(atoms: Atoms, name: str) -> None:
    """Refuse what is not a periodic structure of separate atoms.

    Parameters
    ----------
    atoms : ase.Atoms
        What was read.
    name : str
        What to call it in a message.

    Raises
    ------
    InputError
        No atoms, no cell, positions that are not numbers, or two atoms nearer than 0.6 Å.
    """
    if len(atoms) == 0:
        raise InputError(f"{name} holds no atoms")
    if not np.isfinite(atoms.positions).all() or not np.isfinite(atoms.cell.array).all():
        raise InputError(f"{name} has positions or a cell that are not numbers")
    if atoms.cell.rank < 3 or abs(np.linalg.det(atoms.cell.array)) < 1e-6:
        raise InputError(
            f"{name} has no periodic cell; write it as extended XYZ with "
            'Lattice="ax ay az bx by bz cx cy cz" (Å) in its second line'
        )
    periodic = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    first, second, distance = neighbor_list("ijd", periodic, SHORTEST_CONTACT_A)
    if len(first):
        k = int(distance.argmin())
        a, b = sorted((int(first[k]), int(second[k])))
        raise InputError(
            f"{name}: atoms {a} ({atoms.symbols[a]}) and {b} ({atoms.symbols[b]}), counted from 0, are "
            f"{distance[k]:.2f} Å apart; remove the double or choose one of the disordered positions"
        )


def catalogue_entry(name_or_path: str | Path) -> Entry | None:
    """Return the crystal of the catalogue meant, None where a file is.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load`.

    Returns
    -------
    Entry or None
        A structure file of the same name comes first.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file() and file_format(path) is not None:
        return None
    return find_entry(str(name_or_path))


def split_place(text: str) -> tuple[Path, int | None]:
    """Part ``FILE@k`` into the file and the place in it.

    Parameters
    ----------
    text : str
        What was written.

    Returns
    -------
    path : Path
        The file or directory.
    place : int or None
        k; None where no place is named, or something is called ``FILE@k``.
    """
    path = Path(text).expanduser()
    numbered = None if path.exists() else re.fullmatch(r"(.+)@(-?\d+)", text)
    return (path, None) if numbered is None else (Path(numbered[1]).expanduser(), int(numbered[2]))


def load(name_or_path: str | Path, *, elements: Sequence[str] | None = None) -> Atoms:
    """Return one structure: a crystal of the catalogue by its name, or what a file holds.

    Parameters
    ----------
    name_or_path : str or Path
        A catalogue name (`ZIF-4`, in any case, hyphens optional) or a file: CIF, extended XYZ,
        POSCAR/CONTCAR or LAMMPS data. `FILE@k` is structure k of a file with several.
    elements : sequence of str, optional
        For a LAMMPS data file, the element of each atom type in order; 'X' leaves a type out.

    Returns
    -------
    ase.Atoms
        Periodic in all directions, Å.

    Raises
    ------
    InputError
        Unknown name, missing or unreadable file, no cell, partial occupancies, atoms on one another.
    """
    text = str(name_or_path)
    path = Path(text).expanduser()
    found = catalogue_entry(name_or_path)
    if found is not None:
        return build_entry(found)
    if not path.is_file():
        path, place = split_place(text)
        if place is not None:
            return read_structure(path, frame=place, elements=elements)
        if file_format(path) is None and len(path.parts) == 1 and not path.suffix:
            entry(text)  # raises, naming the near matches
    return read_structure(path, elements=elements)


def build(
    name_or_path: str | Path,
    *,
    repeats: tuple[int, int, int] = (1, 1, 1),
    cell: str | None = None,
    fraction_bim: float | None = None,
    seed: int = 0,
    elements: Sequence[str] | None = None,
) -> Atoms:
    """Build a structure: a crystal of the catalogue or a file, as a supercell.

    Parameters
    ----------
    name_or_path : str or Path
        As for `load`.
    repeats : tuple of three int
        Supercell along a, b and c.
    cell : str, optional
        For a crystal of the catalogue, another of its cells ('cubic' for ZIF-8).
    fraction_bim : float, optional
        For ZIF-62, the fraction of benzimidazolate among all linkers; 0.125 without it.
    seed : int
        For ZIF-62, of the random choice of linkers.
    elements : sequence of str, optional
        For a LAMMPS data file, the element of each atom type in order.

    Returns
    -------
    ase.Atoms
        Periodic in all directions, Å.

    Raises
    ------
    InputError
        As for `load`, and for options that the structure does not have.
    """
    found = catalogue_entry(name_or_path)
    if found is not None:
        return build_entry(found, repeats=repeats, cell=cell, fraction_bim=fraction_bim, seed=seed)
    atoms = load(name_or_path, elements=elements)
    for option, value in (("cell", cell), ("fraction of benzimidazolate", fraction_bim)):
        if value is not None:
            raise InputError(f"{name_or_path} is a file; a {option} can be chosen only for a catalogue name")
    return supercell(atoms, repeats)


__all__ = [
    "ACCEPTED",
    "build",
    "catalogue_entry",
    "check_structure",
    "file_format",
    "load",
    "read_structure",
    "split_place",
]
