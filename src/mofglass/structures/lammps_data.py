"""Structures from LAMMPS data files, whose atom types must first become elements."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers, chemical_symbols
from ase.io.lammpsdata import read_lammps_data

from mofglass.errors import InputError

MASS_TOLERANCE_U = 0.06  # the rounding of masses in files; the nearest two elements of a ZIF differ by 1.9 u
NO_ATOM = "X"  # a type to leave out: the massless or dummy sites of a force field
SECTION_WORD = re.compile(r"[A-Z][A-Za-z ]*")


def _text_lines(path: Path) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            return file.readlines()
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a text file: {error}") from error


def _masses(lines: list[str]) -> dict[int, tuple[float, str]]:
    """Mass and comment of each type from the section `Masses`."""
    masses: dict[int, tuple[float, str]] = {}
    inside = False
    for line in lines:
        content, _, comment = line.partition("#")
        words = content.split()
        if not words:
            continue
        if SECTION_WORD.fullmatch(content.strip()):
            inside = words == ["Masses"]
        elif inside:
            masses[int(words[0])] = (float(words[1]), comment.strip())
    return masses


def _element_of_mass(mass_u: float) -> int | None:
    """Atomic number whose standard mass is within the tolerance; deuterium counts as hydrogen."""
    if abs(mass_u - 2.014) < MASS_TOLERANCE_U:
        return 1
    number = int(np.abs(atomic_masses[1:] - mass_u).argmin()) + 1
    return number if abs(atomic_masses[number] - mass_u) < MASS_TOLERANCE_U else None


def _numbers_of_types(path: Path, lines: list[str], elements: Sequence[str] | None) -> dict[int, int]:
    """Atomic number of each type, 0 for a type to leave out."""
    remedy = "give the elements of its types in order, as in --elements 'C H N Zn' ('X' leaves a type out)"
    if elements is not None:
        unknown = [symbol for symbol in elements if symbol != NO_ATOM and symbol not in atomic_numbers]
        if unknown:
            raise InputError(f"'{unknown[0]}' is not an element; {remedy}")
        return {kind: atomic_numbers[symbol] for kind, symbol in enumerate(elements, start=1)}
    masses = _masses(lines)
    if not masses:
        raise InputError(f"{path} has no Masses section to tell its elements from; {remedy}")
    numbers = {}
    for kind, (mass_u, comment) in masses.items():
        number = _element_of_mass(mass_u)
        if number is None:
            raise InputError(f"{path}: type {kind} weighs {mass_u:g} u, which is no element; {remedy}")
        label = re.fullmatch(r"([A-Z][a-z]?)\d*", comment)
        if label and label[1] in atomic_numbers and atomic_numbers[label[1]] != number:
            raise InputError(
                f"{path}: type {kind} weighs {mass_u:g} u as {chemical_symbols[number]} does, but is "
                f"labelled '{comment}'; {remedy}"
            )
        numbers[kind] = number
    return numbers


def read_lammps_structure(path: Path, *, elements: Sequence[str] | None = None) -> Atoms:
    """Read a LAMMPS data file.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped; lengths in Å and masses in u (`units metal` or `real`).
    elements : sequence of str, optional
        Element of each atom type in order, 'X' for a type to leave out (dummy sites). Without it, the
        elements follow from the masses.

    Returns
    -------
    ase.Atoms
        Ordered by atom id, image flags unwrapped, periodic.

    Raises
    ------
    InputError
        Unreadable, or types whose element is unknown.
    """
    lines = _text_lines(path)
    numbers = _numbers_of_types(path, lines, elements)
    try:
        atoms = read_lammps_data(iter(lines), Z_of_type=numbers)
    except KeyError as error:
        raise InputError(
            f"{path}: atom type {error} has no element; list one element for every type"
        ) from error
    except (ValueError, RuntimeError, IndexError, StopIteration) as error:
        raise InputError(
            f"{path} cannot be read as a LAMMPS data file ({str(error) or 'it ends early'}); "
            "its section should start with 'Atoms # full' or the atom style it has"
        ) from error
    plain = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    return plain[plain.numbers > 0]
