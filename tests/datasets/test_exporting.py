"""Labelled frames to extended XYZ, ASE db and DeePMD npy and back: nothing lost, no unit or sign changed."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import ase.db
import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from mofglass.datasets import Dataset, LabelledFrame, open_dataset
from mofglass.datasets.deepmd import write_deepmd
from mofglass.datasets.exporting import export
from mofglass.errors import InputError


def frame(seed: int, numbers: list[int], source: str, *, stress: bool = True) -> LabelledFrame:
    random = np.random.default_rng(seed)
    tensor = random.normal(0, 1e-3, (3, 3))
    return LabelledFrame(
        numbers=np.array(numbers),
        positions=random.uniform(0, 8, (len(numbers), 3)).round(8),
        cell=np.diag([8.0, 9.0, 10.0]) + np.triu(random.uniform(0, 1, (3, 3))),
        energy_eV=-60078.3828125 - seed,  # not a number of single precision
        forces_eV_per_A=random.normal(0, 1, (len(numbers), 3)).round(8),
        stress_eV_per_A3=tensor + tensor.T if stress else None,
        source=source,
        temperature_K=300.0 + seed,
    )


@pytest.fixture
def frames() -> list[LabelledFrame]:
    """Two sources, two formulas, atoms in two orders, one frame without stress."""
    return [
        frame(0, [30, 7, 6, 7, 1], "ZIF-4 300K"),
        frame(1, [1, 6, 7, 7, 30], "ZIF-4 300K"),
        frame(2, [30, 7, 6, 7, 1], "liquid", stress=False),
        frame(3, [30, 30, 7], "liquid"),
        frame(4, [30, 7, 6, 7, 1], "ZIF-4 300K"),
    ]


def by_element(frame: LabelledFrame) -> LabelledFrame:
    order = np.argsort(frame.numbers, kind="stable")
    return replace(
        frame,
        numbers=frame.numbers[order],
        positions=frame.positions[order],
        forces_eV_per_A=frame.forces_eV_per_A[order],
    )


def same(one: LabelledFrame, other: LabelledFrame) -> None:
    np.testing.assert_array_equal(one.numbers, other.numbers)
    np.testing.assert_allclose(one.positions, other.positions, atol=1e-9)
    np.testing.assert_allclose(one.forces_eV_per_A, other.forces_eV_per_A, atol=1e-9)
    np.testing.assert_allclose(one.cell, other.cell, atol=1e-12)
    assert one.energy_eV == other.energy_eV
    if other.stress_eV_per_A3 is None:
        assert one.stress_eV_per_A3 is None
    else:
        np.testing.assert_allclose(one.stress_eV_per_A3, other.stress_eV_per_A3, atol=1e-15)


@pytest.mark.parametrize("name", ["out.extxyz", "out.extxyz.gz", "out.db"])
def test_files(frames: list[LabelledFrame], tmp_path: Path, name: str) -> None:
    seen: list[int] = []
    fmt = export(Dataset.from_frames(frames), tmp_path / name, progress=seen.append)
    assert fmt == ("ase-db" if name.endswith("db") else "extxyz")
    assert seen == [1, 2, 3, 4, 5]
    again = open_dataset(tmp_path / name)
    assert again.files[0].format == fmt
    for one, other in zip(again, frames, strict=True):
        same(one, other)
        assert (one.source, one.temperature_K) == (other.source, other.temperature_K)
    # and as ASE reads it
    for atoms, other in zip(read(tmp_path / name, index=":"), frames, strict=True):
        assert atoms.get_potential_energy() == other.energy_eV
        np.testing.assert_allclose(atoms.get_forces(), other.forces_eV_per_A, atol=1e-9)
        if other.stress_eV_per_A3 is not None:
            np.testing.assert_allclose(atoms.get_stress(voigt=False), other.stress_eV_per_A3, atol=1e-15)
    assert set(atoms.info) <= {"source", "temperature_K"}
    again[1:3].save(tmp_path / "d.h5")
    same(open_dataset(tmp_path / "d.h5")[1], frames[2])


def test_ase_db_keys(frames: list[LabelledFrame], tmp_path: Path) -> None:
    labelled = [replace(frames[0], source="123"), replace(frames[1], source="glass")]
    export(Dataset.from_frames(labelled), tmp_path / "a.db")
    with ase.db.connect(tmp_path / "a.db") as database:
        assert [row.id for row in database.select(source="glass")] == [2]
        assert database.count("temperature_K<301") == 1
        database.write(Atoms("H"))  # a row without labels
    with pytest.raises(InputError, match=r"frame 2 \(id 3\) has no energy"):
        open_dataset(tmp_path / "a.db")
    # ASE takes no number for a word, so the label "123" is kept apart
    export(Dataset.from_frames(labelled), tmp_path / "b.db")
    assert open_dataset(tmp_path / "b.db").table.source.tolist() == ["123", "glass"]


def test_deepmd_folders(frames: list[LabelledFrame], tmp_path: Path) -> None:
    assert export(Dataset.from_frames(frames), tmp_path / "systems") == "deepmd"
    systems = sorted(str(p.parent.relative_to(tmp_path / "systems")) for p in tmp_path.rglob("type.raw"))
    assert systems == ["ZIF-4_300K/CHN2Zn", "liquid/CHN2Zn-no-virial", "liquid/NZn2"]
    first = tmp_path / "systems" / "ZIF-4_300K" / "CHN2Zn"
    assert first.joinpath("type_map.raw").read_text().split() == ["H", "C", "N", "Zn"]
    assert first.joinpath("type.raw").read_text().split() == ["0", "1", "2", "2", "3"]
    arrays = {p.stem: np.load(p) for p in (first / "set.000").iterdir()}
    assert {name: array.shape for name, array in arrays.items()} == {
        "coord": (3, 15),
        "force": (3, 15),
        "box": (3, 9),
        "energy": (3,),
        "virial": (3, 9),
    }
    # DeePMD's virial, eV, is minus the volume times ASE's stress
    expected = -frames[0].volume_A3 * frames[0].stress_eV_per_A3
    np.testing.assert_allclose(arrays["virial"][0].reshape(3, 3), expected)
    again = open_dataset(tmp_path / "systems")
    assert again.table.source.tolist() == ["ZIF-4_300K"] * 3 + ["liquid"] * 2
    for one, row in zip(again, (0, 1, 4, 2, 3), strict=True):
        same(one, by_element(frames[row]))
    again[2:4].save(tmp_path / "d.h5")
    same(open_dataset(tmp_path / "d.h5")[0], by_element(frames[4]))


def test_deepmd_type_map(frames: list[LabelledFrame], tmp_path: Path) -> None:
    dataset = Dataset.from_frames(frames)
    systems = write_deepmd(dataset, tmp_path / "a", type_map=("Zn", "C", "N", "H", "O"))
    assert (systems[0] / "type.raw").read_text().split() == ["0", "1", "2", "2", "3"]
    assert open_dataset(systems[0]).elements == ("H", "C", "N", "Zn")
    with pytest.raises(InputError, match="lacks H, which"):
        write_deepmd(dataset, tmp_path / "b", type_map=("Zn", "C", "N"))
    with pytest.raises(InputError, match="not empty"):
        write_deepmd(dataset, tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_deepmd_of_many_sets_keeps_few_open(frames: list[LabelledFrame], tmp_path: Path) -> None:
    many = [replace(frames[0], source=f"run{k:02d}") for k in range(40)]
    write_deepmd(Dataset.from_frames(many), tmp_path / "a")
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    dataset = open_dataset(tmp_path / "a")
    assert len(os.listdir("/proc/self/fd")) == before
    for one in dataset:
        same(one, by_element(frames[0]))
    assert len(os.listdir("/proc/self/fd")) <= before + 4 * 5  # the arrays of four sets


def test_deepmd_mixed_format(tmp_path: Path) -> None:
    """Frames of different atoms in one system, padded with atoms of type -1, in single precision."""
    (tmp_path / "set.000").mkdir()
    random = np.random.default_rng(5)
    coord, force = random.normal(size=(2, 2, 12)).astype(np.float32)
    (tmp_path / "type.raw").write_text("0 0 0 0\n")
    (tmp_path / "type_map.raw").write_text("Zn N\n")
    for name, array in {
        "coord": coord,
        "force": force,
        "box": np.tile(np.diag([8.0, 9, 10]).ravel(), (2, 1)),
        "energy": np.array([[-1.5], [-2.5]]),
        "real_atom_types": np.array([[0, 1, 1, 0], [1, 0, -1, -1]]),
    }.items():
        np.save(tmp_path / "set.000" / f"{name}.npy", array)
    dataset = open_dataset(tmp_path)
    assert dataset.table.n_atoms.tolist() == [4, 2]
    assert dataset[0].numbers.tolist() == [30, 7, 7, 30]
    assert dataset[1].numbers.tolist() == [7, 30]
    np.testing.assert_array_equal(dataset[1].forces_eV_per_A, force[1].reshape(4, 3)[:2])
    assert dataset[1].energy_eV == -2.5
    assert dataset[1].stress_eV_per_A3 is None


def test_deepmd_as_dpdata_reads_it(frames: list[LabelledFrame], tmp_path: Path) -> None:
    dpdata = pytest.importorskip("dpdata")
    systems = write_deepmd(Dataset.from_frames(frames), tmp_path / "a")
    system = dpdata.LabeledSystem(str(systems[0]), fmt="deepmd/npy")
    for row, frame in enumerate((frames[0], frames[1], frames[4])):
        expected = by_element(frame)
        np.testing.assert_allclose(system["coords"][row], expected.positions, atol=1e-6)
        np.testing.assert_allclose(system["forces"][row], expected.forces_eV_per_A, atol=1e-6)
        np.testing.assert_allclose(
            system["virials"][row], -expected.volume_A3 * expected.stress_eV_per_A3, atol=1e-6
        )


def test_frames_that_are_not_periodic_are_refused(frames: list[LabelledFrame], tmp_path: Path) -> None:
    slab = frames[0].to_atoms()
    slab.pbc = slab.calc.atoms.pbc = (True, True, False)
    ase.io.write(tmp_path / "slab.db", slab)
    with pytest.raises(InputError, match=r"slab\.db, frame 0 \(id 1\) is not periodic in three directions"):
        open_dataset(tmp_path / "slab.db")
    (system,) = write_deepmd(Dataset.from_frames(frames[3:4]), tmp_path / "a")
    (system / "nopbc").touch()
    with pytest.raises(InputError, match="NZn2, by its file nopbc, is not periodic in three directions"):
        open_dataset(tmp_path / "a")


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("set.000/force.npy", "no force.npy: label its frames"),
        ("set.000/box.npy", "no box.npy: write the cells"),
        ("type_map.raw", "no type_map.raw"),
        ("type.raw", "holds no DeePMD system"),
    ],
)
def test_deepmd_refused(frames: list[LabelledFrame], tmp_path: Path, missing: str, sentence: str) -> None:
    (system,) = write_deepmd(Dataset.from_frames(frames[3:4]), tmp_path / "a")
    (system / missing).unlink()
    with pytest.raises(InputError, match=sentence):
        open_dataset(tmp_path / "a")


def test_export_refused(frames: list[LabelledFrame], tmp_path: Path) -> None:
    dataset = Dataset.from_frames(frames)
    with pytest.raises(InputError, match="does not tell a format"):
        export(dataset, tmp_path / "a.cif")
    with pytest.raises(InputError, match="'npy' is no format"):
        export(dataset, tmp_path / "a", fmt="npy")
    with pytest.raises(InputError, match="there is no folder"):
        export(dataset, tmp_path / "no" / "a.extxyz")
    assert list(tmp_path.iterdir()) == []
