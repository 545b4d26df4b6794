"""Frames to be labelled, from every kind of file."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass import structures
from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.dataset import open_dataset
from mofglass.datasets.exporting import export_extxyz
from mofglass.datasets.unlabelled import read_frames
from mofglass.errors import InputError


def test_xyz_of_frames_that_differ_with_and_without_labels(tmp_path):
    frames = [bulk("Ar", cubic=True), bulk("Cu")]
    frames[1].info = {"source": "copper", "temperature_K": 300.0}
    ase.io.write(tmp_path / "some.xyz", frames, format="extxyz")
    read = list(read_frames(tmp_path / "some.xyz"))
    assert [len(atoms) for atoms in read] == [4, 1]
    assert [atoms.info["source"] for atoms in read] == ["some", "copper"]
    np.testing.assert_allclose(read[0].positions, frames[0].positions, atol=1e-8)


def test_structure_file(tmp_path):
    crystal = structures.load("SALEM-2")
    ase.io.write(tmp_path / "salem.cif", crystal)
    (atoms,) = read_frames(tmp_path / "salem.cif")
    assert len(atoms) == 102
    assert atoms.pbc.all()
    assert atoms.info["source"] == "salem"


def test_dataset_keeps_source_and_temperature(tmp_path):
    argon = bulk("Ar", cubic=True)
    frame = LabelledFrame(
        argon.numbers, argon.positions, argon.cell.array, 1.0, np.zeros((4, 3)), None, "cold", 80.0
    )
    export_extxyz([frame], tmp_path / "a.extxyz")
    open_dataset(tmp_path / "a.extxyz").save(tmp_path / "a.dataset.h5")
    (atoms,) = read_frames(tmp_path / "a.dataset.h5")
    assert (atoms.info["source"], atoms.info["temperature_K"]) == ("cold", 80.0)
    assert isinstance(open_dataset(tmp_path / "a.dataset.h5"), Dataset)


def test_source_stays_text_and_a_stress_of_six_numbers_does_not_matter(tmp_path):
    atoms = bulk("Ar", cubic=True)
    atoms.info = {"source": "001"}
    ase.io.write(tmp_path / "some.xyz", atoms, format="extxyz")
    file = tmp_path / "some.xyz"
    file.write_text(file.read_text().replace("source", 'stress="1 2 3 4 5 6" source'))
    (read,) = read_frames(file)
    assert read.info["source"] == "001"


def test_trajectory_of_cp2k_has_the_cells_beside_it():
    path = Path(__file__).parent / "data" / "cp2k" / "znim2-pos-1.xyz"
    frames = list(read_frames(path))
    assert len(frames) == 7
    for atoms, frame in zip(frames, open_dataset(path), strict=True):
        np.testing.assert_allclose(atoms.cell.array, frame.cell, atol=1e-9)
        np.testing.assert_allclose(atoms.positions, frame.positions, atol=1e-9)


def test_frame_that_is_not_periodic_is_named_by_its_file_and_place_there(tmp_path):
    ase.io.write(tmp_path / "some.xyz", [bulk("Ar", cubic=True), Atoms("Cu")], format="extxyz")
    with pytest.raises(InputError, match=r"some\.xyz, frame 1 \(Cu\) is not periodic"):
        list(read_frames(tmp_path / "some.xyz"))


@pytest.mark.parametrize("text", ["not a number\n", "2\nLattice\nAr 0 0 0\n"])
def test_file_that_is_no_xyz(tmp_path, text):
    (tmp_path / "bad.xyz").write_text(text)
    with pytest.raises(InputError, match=r"bad\.xyz"):
        list(read_frames(tmp_path / "bad.xyz"))


def test_missing_file():
    with pytest.raises(InputError, match="there is no file nowhere"):
        list(read_frames("nowhere.extxyz"))
