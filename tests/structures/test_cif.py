"""CIF files from users: no atom is lost without a word, and P1 cells are read at once."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from mofglass.errors import InputError
from mofglass.structures import load, write_structure


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    write_structure(tmp_path / "ZIF-4.cif", load("ZIF-4"))
    return (tmp_path / "ZIF-4.cif").read_text().splitlines()


def rows(lines: list[str]) -> list[int]:
    return [
        number for number, line in enumerate(lines) if line.split()[:1] and line.split()[0] in ("Zn", "N")
    ]


def given(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "given.cif"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_row_with_a_value_too_many_is_named_by_its_line(tmp_path, lines):
    row = rows(lines)[3]
    lines[row] += " 0.01"
    with pytest.raises(InputError, match=rf"given\.cif, line {row + 1}: an atom has \d+ values"):
        load(given(tmp_path, lines))


def test_a_row_cut_short_is_refused(tmp_path, lines):
    lines[-1] = " ".join(lines[-1].split()[:3])
    with pytest.raises(InputError, match="cut short"):
        load(given(tmp_path, [line for line in lines if line.strip()]))


def test_missing_atoms_are_warned_of_by_the_formula(tmp_path, lines):
    del lines[rows(lines)[5]]
    with pytest.warns(UserWarning, match=r"says its formula is .*, but the atoms in it are C96H96N\d+Zn\d+"):
        assert len(load(given(tmp_path, lines))) == 271


def test_a_whole_file_is_read_without_a_word_and_as_ase_reads_it(tmp_path, lines):
    path = given(tmp_path, lines)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = load(path)
    theirs = read(path)
    np.testing.assert_array_equal(ours.numbers, theirs.numbers)
    shift = ours.get_scaled_positions(wrap=False) - theirs.get_scaled_positions(wrap=False)
    np.testing.assert_allclose(shift, np.round(shift), atol=1e-9)
