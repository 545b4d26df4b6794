"""Structures to files, the format told by the file's name; whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ase import Atoms
from ase.io import write as ase_write
from ase.io.lammpsdata import write_lammps_data

from mofglass.errors import InputError
from mofglass.structures.reading import file_format

WRITTEN = "extended XYZ (.extxyz, .xyz), CIF (.cif), POSCAR (.vasp) or LAMMPS data (.data, .lmp)"


def check_output(path: Path) -> str:
    """Return the format a structure would be written in, before any work is done for it.

    Parameters
    ----------
    path : Path
        The file to write.

    Returns
    -------
    str
        'cif', 'extxyz', 'vasp' or 'lammps-data'.

    Raises
    ------
    InputError
        The name tells no format, or its directory does not exist.
    """
    kind = file_format(path)
    if kind is None or path.suffix == ".gz":
        raise InputError(f"{path} tells no format to write; choose {WRITTEN}")
    if not path.parent.is_dir():
        raise InputError(f"there is no directory {path.parent} to write {path.name} in; make it first")
    return kind


def write_structure(path: Path, atoms: Atoms) -> None:
    """Write one structure.

    Extended XYZ, POSCAR and LAMMPS data keep the atoms' positions to 1e-8 Å or better, CIF to 1e-5 of a cell
    length. POSCAR groups the atoms by element; LAMMPS data (`atom_style atomic`, `units metal`) numbers the
    types by alphabet and turns the cell into LAMMPS' orientation, the masses telling the elements.

    Parameters
    ----------
    path : Path
        The file; its name tells the format.
    atoms : ase.Atoms
        The structure.

    Raises
    ------
    InputError
        The name tells no format, or the file cannot be written.
    """
    kind = check_output(path)
    plain = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    if "name" in atoms.info:
        plain.info["name"] = str(atoms.info["name"])
    try:
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if kind == "lammps-data":
                species = sorted(set(plain.get_chemical_symbols()))
                write_lammps_data(file, plain, specorder=species, masses=True, atom_style="atomic")
            elif kind == "vasp":
                ase_write(file, plain, format="vasp", direct=True, sort=True)
            elif kind == "extxyz":
                ase_write(file, plain, format="extxyz")
        if kind == "cif":  # ASE writes CIF as bytes
            with open(part, "wb") as binary:
                ase_write(binary, plain, format="cif")
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(part, 0o666 & ~umask)
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        Path(part).unlink(missing_ok=True)
