"""A dataset as a table over files: rows, views, splits, joins, what is kept on disk and what is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from mofglass.datasets import Dataset, LabelledFrame, open_dataset
from mofglass.datasets.dataset import N_OPEN
from mofglass.datasets.exporting import export_extxyz
from mofglass.errors import InputError


def frame(seed: int, n_atoms: int = 5, *, source: str = "", stress: bool = True) -> LabelledFrame:
    random = np.random.default_rng(seed)
    return LabelledFrame(
        numbers=np.array([30, 7, 6, 1, 7, 6, 1, 1][:n_atoms]),
        positions=random.uniform(0, 8, (n_atoms, 3)).round(8),
        cell=np.diag([8.0, 9.0, 10.0]) + np.triu(random.uniform(0, 1, (3, 3))),
        energy_eV=float(random.normal(-100, 3)),
        forces_eV_per_A=random.normal(0, 1, (n_atoms, 3)).round(8),
        stress_eV_per_A3=np.diag(random.normal(0, 1e-3, 3)) if stress else None,
        source=source,
        temperature_K=300.0 if seed % 2 else float("nan"),
    )


def same(one: LabelledFrame, other: LabelledFrame) -> None:
    np.testing.assert_array_equal(one.numbers, other.numbers)
    for name in ("positions", "cell", "energy_eV", "forces_eV_per_A", "temperature_K"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-7, atol=1e-12)
    if other.stress_eV_per_A3 is None:
        assert one.stress_eV_per_A3 is None
    else:
        np.testing.assert_allclose(one.stress_eV_per_A3, other.stress_eV_per_A3, atol=1e-15)


@pytest.fixture
def frames() -> list[LabelledFrame]:
    return [frame(k, 5 + k % 3, source=f"run-{k % 2}", stress=k != 4) for k in range(6)]


@pytest.fixture
def file(frames: list[LabelledFrame], tmp_path: Path) -> Path:
    export_extxyz(frames, tmp_path / "six.extxyz")
    return tmp_path / "six.extxyz"


def test_the_table_says_what_the_frames_say(frames: list[LabelledFrame]) -> None:
    table = Dataset.from_frames(frames).table
    assert table.source.tolist() == ["run-0", "run-1"] * 3
    assert table.n_atoms.tolist() == [5, 6, 7, 5, 6, 7]
    assert table.formula.tolist()[:3] == ["CHN2Zn", "C2HN2Zn", "C2H2N2Zn"]
    assert table.has_stress.tolist() == [True] * 4 + [False, True]
    assert table["frame"].tolist() == list(range(6))
    assert table.split.tolist() == [""] * 6
    assert set(table.block) == {-1}
    np.testing.assert_array_equal(table.energy_eV, [one.energy_eV for one in frames])
    np.testing.assert_allclose(table.volume_A3, [np.linalg.det(one.cell) for one in frames])
    largest = [np.linalg.norm(one.forces_eV_per_A, axis=1).max() for one in frames]
    np.testing.assert_allclose(table.max_force_eV_per_A, largest, rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(table.temperature_K), [True, False] * 3)
    with pytest.raises(AttributeError, match="no column 'mass'"):
        _ = table.mass
    with pytest.raises(ValueError, match="read-only"):
        table.energy_eV[0] = 0


def test_frames_views_and_iteration(frames: list[LabelledFrame]) -> None:
    dataset = Dataset.from_frames(frames)
    same(dataset[-1], frames[-1])
    same(dataset[np.int64(2)], frames[2])
    assert dataset[3].info["frame"] == 3
    for chosen, rows in (
        (dataset[1:5:2], [1, 3]),
        (dataset[[4, 0]], [4, 0]),
        (dataset[dataset.table.n_atoms == 6], [1, 4]),
        (dataset[::-1][[0, 1]], [5, 4]),
    ):
        assert isinstance(chosen, Dataset)
        for one, row in zip(chosen, rows, strict=True):
            same(one, frames[row])
    assert dataset.elements == ("H", "C", "N", "Zn")
    assert dataset.sources == ("run-0", "run-1")
    assert dataset[1::2].sources == ("run-1",)
    with pytest.raises(IndexError, match="no frame 6"):
        dataset[6]
    with pytest.raises(IndexError, match="cannot choose"):
        dataset[np.array([True, False])]


def test_splits(frames: list[LabelledFrame]) -> None:
    dataset = Dataset.from_frames(frames)
    with pytest.raises(InputError, match="run  mofglass dataset split"):
        dataset.split("train")
    marked = dataset.with_columns(split=["train", "test"] * 3, block=np.arange(6) // 2)
    assert marked.split("test").table["frame"].tolist() == [1, 3, 5]
    assert marked.split("test")[:1].table.block.tolist() == [0]
    assert dataset.table.split.tolist() == [""] * 6  # the first dataset is what it was
    assert marked.with_columns(split="train").split("train").table.energy_eV.shape == (6,)
    with pytest.raises(InputError, match="'validation', only test, train"):
        marked.split("validation")
    with pytest.raises(InputError, match="2,"):
        marked.with_columns(block=[1, 2])
    with pytest.raises(InputError, match="no column 'colour'"):
        marked.with_columns(colour=1)


def test_joined(frames: list[LabelledFrame], file: Path) -> None:
    on_disk = open_dataset(file)
    joined = Dataset.joined([Dataset.from_frames(frames[:2]), on_disk[3:], on_disk[:1]])
    assert joined.table.source.tolist() == ["run-0", "run-1", "run-1", "run-0", "run-1", "run-0"]
    assert len(joined.files) == 2  # the two views share one file
    for one, row in zip(joined, [0, 1, 3, 4, 5, 0], strict=True):
        same(one, frames[row])


def test_kept_on_disk(frames: list[LabelledFrame], file: Path, tmp_path: Path) -> None:
    dataset = open_dataset(file, source="glass", temperature_K=450)
    (tmp_path / "sets").mkdir()
    kept = tmp_path / "sets" / "some.dataset.h5"
    dataset[[5, 2, 4]].with_columns(split=["train", "test", "train"]).save(kept)
    again = open_dataset(kept)
    assert again.table.split.tolist() == ["train", "test", "train"]
    assert again.sources == ("glass",)
    assert again[1].temperature_K == 450
    for one, row in zip(again, [5, 2, 4], strict=True):
        same(replace(one, temperature_K=frames[row].temperature_K), frames[row])
    # labels may be changed on opening, a dataset written over itself, and both folders moved together
    open_dataset(kept, source="melt").save(kept)
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tmp_path.rename(moved)
    same(replace(open_dataset(moved / "sets" / "some.dataset.h5")[2], temperature_K=float("nan")), frames[4])
    assert open_dataset(moved / "sets" / "some.dataset.h5").sources == ("melt",)
    assert [path.name for path in (moved / "sets").iterdir()] == ["some.dataset.h5"]


def test_a_folder_that_is_not_there(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        open_dataset(file).save(tmp_path / "no" / "d.h5")


def test_files_that_changed_or_went(file: Path, tmp_path: Path) -> None:
    open_dataset(file).save(tmp_path / "d.h5")
    file.write_text(file.read_text() + "\n")
    with pytest.raises(InputError, match="has changed since"):
        open_dataset(tmp_path / "d.h5")
    file.unlink()
    with pytest.raises(InputError, match="is not there: put it back"):
        open_dataset(tmp_path / "d.h5")


def test_frames_in_memory_are_not_saved(frames: list[LabelledFrame], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in memory"):
        Dataset.from_frames(frames).save(tmp_path / "d.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("positions", np.full((5, 3), np.nan), "frame 1: the position of atom 0"),
        ("forces_eV_per_A", np.diag([0, 0, np.inf, 0, 0])[:, :3], "frame 1: the force of atom 2"),
        ("energy_eV", np.nan, "frame 1: its energy or stress"),
        ("stress_eV_per_A3", np.full((3, 3), np.nan), "frame 1: its energy or stress"),
        ("cell", np.diag([8.0, 9.0, 0.0]), "frame 1: its cell has no volume"),
    ],
)
def test_frames_that_teach_nothing(name: str, value: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Dataset.from_frames([frame(0), replace(frame(1), **{name: value})])


def test_nothing_given(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one labelled frame"):
        Dataset.from_frames([])
    with pytest.raises(InputError, match="at least one file"):
        open_dataset([])
    with pytest.raises(InputError, match="does not exist"):
        open_dataset(tmp_path / "absent.extxyz")
    (tmp_path / "notes.txt").write_text("what I did today\n" * 3)
    with pytest.raises(InputError, match="of no format"):
        open_dataset(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="'vasp' is no format"):
        open_dataset(tmp_path / "notes.txt", fmt="vasp")


def n_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_many_files_and_their_views_keep_few_open(frames: list[LabelledFrame], tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.extxyz" for k in range(N_OPEN + 8)]
    for k, file in enumerate(files):
        export_extxyz(frames[k % 6 :][:1], file)
    before = n_open()
    dataset = open_dataset(files)
    assert n_open() == before
    dataset.save(tmp_path / "d.h5")
    for opened in (dataset, open_dataset(tmp_path / "d.h5")):
        there = n_open()
        assert there <= before + 1  # a dataset on disk is mapped once, whatever the number of its files
        for k in range(len(opened)):
            same(opened[k : k + 1][0], frames[k % 6])
        assert n_open() == there + N_OPEN
        opened.close()
        assert n_open() == there


def test_thousands_of_sources_of_which_those_in_use_are_kept(file: Path, tmp_path: Path) -> None:
    one = open_dataset(file)
    many = one[np.zeros(5000, dtype=int)].with_columns(
        source=[f"a rather long source {k}" for k in range(5000)]
    )
    many.save(tmp_path / "many.h5")
    assert open_dataset(tmp_path / "many.h5").table.source.tolist() == many.table.source.tolist()
    many[[7, 3]].save(tmp_path / "two.h5")
    again = open_dataset(tmp_path / "two.h5")
    assert again.table.source.tolist() == ["a rather long source 7", "a rather long source 3"]
    assert len(again.table.labels("source")) == 2


def test_kept_on_disk_by_the_first_version(frames: list[LabelledFrame], file: Path, tmp_path: Path) -> None:
    open_dataset(file).save(tmp_path / "d.h5")
    with h5py.File(tmp_path / "d.h5", "a") as kept:
        kept.attrs["version"] = 1
        for name, labels in kept["labels"].items():
            kept["table"][name].attrs["labels"] = labels[()]
        entry = kept["files/000000"]
        entry.attrs["sizes"] = entry["sizes"][()]
        entry["offsets"] = entry["index/offsets"][()]
        for name in ("files/000000/sizes", "files/000000/index", "labels"):
            del kept[name]
    again = open_dataset(tmp_path / "d.h5")
    assert again.table.source.tolist() == ["run-0", "run-1"] * 3
    same(again[5], frames[5])


def test_progress_counts_over_files(file: Path) -> None:
    seen: list[int] = []
    open_dataset([file, file], progress=seen.append)
    assert seen == list(range(1, 13))
