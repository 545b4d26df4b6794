"""Lengths that are not in Å are told by volumes and distances, before anything is computed from them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule

from mofglass.datasets import Dataset, LabelledFrame, open_dataset
from mofglass.datasets.exporting import export_extxyz
from mofglass.datasets.extxyz import ExtendedXYZ
from mofglass.errors import InputError


def methane(*, atoms: float = 1.0, cell: float = 1.0) -> LabelledFrame:
    """A molecule in a box, its lengths times factors."""
    one = molecule("CH4")
    return LabelledFrame(
        one.numbers, one.positions * atoms, np.diag([5.0, 5.0, 5.0]) * cell, -1.0, np.zeros((5, 3))
    )


def written(path: Path, *frames: LabelledFrame) -> Path:
    export_extxyz(frames, path)
    return path


def test_a_cell_in_nm_is_refused_wherever_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "nm.extxyz", methane(), methane(atoms=0.1, cell=0.1))
    with pytest.raises(
        InputError, match=r"nm.extxyz, frame 1: its cell of 0.125 Å³ is too small for 5 atoms"
    ):
        open_dataset(path)
    # indexed without the check, as before there was one
    table = Dataset.from_frames([methane(), methane()]).table
    with pytest.raises(InputError, match="in nm"):
        Dataset([ExtendedXYZ(path)], table)[1]


def test_positions_in_nm_in_a_cell_in_angstrom(tmp_path: Path) -> None:
    path = written(tmp_path / "nm.extxyz", methane(atoms=0.1))
    with pytest.raises(
        InputError, match=r"atoms 0 \(C\) and \d \(H\), counted from 0, are 0.11 Å apart, and 5 of 5"
    ):
        open_dataset(path)


def test_one_contact_is_told(tmp_path: Path) -> None:
    frame = methane()
    doubled = replace(
        frame,
        numbers=np.append(frame.numbers, 1),
        positions=np.vstack([frame.positions, frame.positions[-1] + 0.1]),
        forces_eV_per_A=np.zeros((6, 3)),
    )
    with pytest.warns(UserWarning, match=r"frame 0: atoms 4 \(H\) and 5 \(H\), counted from 0, are 0.17 Å"):
        open_dataset(written(tmp_path / "a.extxyz", doubled))


def test_lengths_in_bohr_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "bohr.extxyz", methane(atoms=1 / 0.529177, cell=1 / 0.529177))
    with pytest.warns(UserWarning, match="bohr.extxyz, frame 0: no two atoms are as near as a bond"):
        open_dataset(path)


def test_sound_frames_are_passed_in_silence(tmp_path: Path) -> None:
    argon = bulk("Ar", "fcc", a=5.3, cubic=True)
    carbon = replace(
        methane(), numbers=np.array([6]), positions=np.zeros((1, 3)), forces_eV_per_A=np.zeros((1, 3))
    )
    gas = LabelledFrame(argon.numbers, argon.positions, argon.cell.array, -1.0, np.zeros((4, 3)))
    path = written(tmp_path / "a.extxyz", methane())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_dataset([path, written(tmp_path / "b.extxyz", gas), written(tmp_path / "c.extxyz", carbon)])
