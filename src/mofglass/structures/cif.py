"""CIF files: every row of atoms accounted for, and P1 cells read without a search for symmetry."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.formula import Formula
from ase.io.cif import parse_cif

from mofglass.errors import InputError

_TOKEN = re.compile(r"'[^']*'(?=\s|$)|\"[^\"]*\"(?=\s|$)|\S+")
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")


def read_cif(path: Path) -> list[Atoms]:
    """Read every structure of a CIF file, its symmetry applied.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of ase.Atoms
        One a data block with atoms; ``info['formula']`` is what the file says its formula is.
    """
    structures = []
    for block in parse_cif(str(path), reader="ase"):
        if block.has_structure():
            atoms = block.get_unsymmetrized_structure() if _is_plain(block) else block.get_atoms()
            atoms.info["formula"] = block.get("_chemical_formula_sum")
            structures.append(atoms)
    return structures


def _is_plain(block: Any) -> bool:
    """Whether the block lists every atom of the cell once, wholly occupied."""
    operations = next((block.get(key) for key in _OPERATIONS if block.get(key) is not None), None)
    if operations is None:
        return False
    listed = [operations] if isinstance(operations, str) else list(operations)
    if [re.sub(r"\s", "", str(text)).lower() for text in listed] != ["x,y,z"]:
        return False
    occupancy = block.get("_atom_site_occupancy")
    try:
        return occupancy is None or bool(np.min(np.asarray(occupancy, dtype=float)) >= 0.999)
    except (TypeError, ValueError):
        return False


def check_atom_rows(path: Path) -> None:
    """Refuse rows that do not fit the columns: ASE passes over them without a word.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        For a row of atoms with more or fewer values than there are columns, named by its line.
    """
    lines = path.read_text(errors="replace").splitlines()
    place = 0
    while place < len(lines):
        if lines[place].strip().lower() != "loop_":
            place += 1
            continue
        place += 1
        columns = []
        while place < len(lines) and lines[place].strip().startswith("_"):
            columns.append(lines[place].split()[0].lower())
            place += 1
        if not columns or not columns[0].startswith("_atom_site_") or "_aniso_" in columns[0]:
            continue
        held: list[str] = []
        while place < len(lines) and _is_row(lines[place]):
            held += _TOKEN.findall(lines[place])
            if len(held) > len(columns):
                raise InputError(
                    f"{path}, line {place + 1}: an atom has {len(held)} values for {len(columns)} columns "
                    "(_atom_site_...): mend this row, or the list of columns"
                )
            held = [] if len(held) == len(columns) else held
            place += 1
        if held:
            raise InputError(
                f"{path}, line {place}: the last atom has {len(held)} values for {len(columns)} columns: "
                "the file is cut short, fetch or write it again"
            )


def _is_row(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith(("_", "#")) and not re.match(r"(loop_|data_)", text, re.I)


def compare_with_formula(path: Path, atoms: Atoms) -> None:
    """Warn where atoms are missing or too many by the file's own formula.

    Parameters
    ----------
    path : Path
        The file.
    atoms : ase.Atoms
        As `read_cif` gives it, the formula in ``info``.

    Warns
    -----
    UserWarning
        With both formulas.
    """
    formula = atoms.info.get("formula")
    if not isinstance(formula, str):
        return
    try:
        expected = Formula(re.sub(r"[\s,]", "", formula)).count()
    except ValueError:
        return
    read = Formula(atoms.get_chemical_formula()).count()
    largest = max(expected, key=lambda symbol: expected[symbol], default=None)
    if largest is None or not expected[largest]:
        return
    units = read.get(largest, 0) / expected[largest]
    if any(
        abs(read.get(symbol, 0) - units * expected.get(symbol, 0)) > 0.01 * max(units, 1)
        for symbol in {*read, *expected}
    ):
        warnings.warn(
            f"{path} says its formula is {formula}, but the atoms in it are {atoms.get_chemical_formula()}: "
            "some may be missing (hydrogen, guests, a cut file)",
            stacklevel=2,
        )
