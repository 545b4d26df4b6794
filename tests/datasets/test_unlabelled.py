"""Frames to be labelled, from every kind of file."""

from __future__ import annotations

import ase.io
import numpy as np
import pytest
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


@pytest.mark.parametrize("text", ["not a number\n", "2\nLattice\nAr 0 0 0\n"])
def test_file_that_is_no_xyz(tmp_path, text):
    (tmp_path / "bad.xyz").write_text(text)
    with pytest.raises(InputError, match=r"bad\.xyz"):
        list(read_frames(tmp_path / "bad.xyz"))


def test_missing_file():
    with pytest.raises(InputError, match="there is no file nowhere"):
        list(read_frames("nowhere.extxyz"))
