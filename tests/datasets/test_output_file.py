"""What is written goes to a file, in a folder that is there, and never over frames that are read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk

from mofglass.datasets import Dataset, LabelledFrame, open_dataset
from mofglass.datasets.ase_db import write_ase_db
from mofglass.datasets.exporting import export, export_extxyz
from mofglass.errors import InputError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Frames of two files, ``a.extxyz`` and ``b.db``."""
    copper = bulk("Cu", cubic=True)
    frame = LabelledFrame(copper.numbers, copper.positions, copper.cell.array, -1.0, np.zeros((4, 3)))
    export_extxyz([frame, frame], tmp_path / "a.extxyz")
    write_ase_db([frame], tmp_path / "b.db")
    return open_dataset([tmp_path / "a.extxyz", tmp_path / "b.db"])


WAYS = [
    Dataset.save,
    export_extxyz,
    write_ase_db,
    lambda dataset, path: export(dataset, path, fmt="extxyz"),
    lambda dataset, path: export(dataset, path, fmt="ase-db"),
]


@pytest.mark.parametrize("write", WAYS)
def test_files_of_the_frames_are_not_replaced(dataset: Dataset, tmp_path: Path, write) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("a.extxyz", "b.db")}
    for path in (*map(tmp_path.__truediv__, before), tmp_path / "link" / "a.extxyz"):
        with pytest.raises(InputError, match="is a file that the frames are read from: write to another"):
            write(dataset[:1], path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert len(list(tmp_path.iterdir())) == 3


def test_files_of_something_else_are_not_replaced(dataset: Dataset, tmp_path: Path) -> None:
    others = {
        "OUTCAR": b" vasp.6.4.2 18Apr23\n" * 3,
        "notes.txt": b"do not lose\n",
        "trajectory.h5": b"",
    }
    with h5py.File(tmp_path / "trajectory.h5", "w") as file:
        file["particles"] = np.zeros(3)
    others["trajectory.h5"] = (tmp_path / "trajectory.h5").read_bytes()
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
        for write in WAYS:
            with pytest.raises(InputError, match=r"there already, and is no |is HDF5 and is not called"):
                write(dataset, tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    with pytest.raises(InputError, match="is no ordinary file"):
        export_extxyz(dataset, Path("/dev/full"))
    for write, name in zip(WAYS, ("c.h5", "c.xyz", "c.db", "d.xyz", "d.db"), strict=True):
        (tmp_path / name).touch()
        write(dataset, tmp_path / name)
        write(dataset[:1], tmp_path / name)
        assert len(open_dataset(tmp_path / name)) == 1


@pytest.mark.parametrize("write", WAYS)
def test_a_folder_is_no_file(dataset: Dataset, tmp_path: Path, write) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder is a folder: give the name of a file"):
        write(dataset, tmp_path / "folder")
    with pytest.raises(InputError, match="there is no folder"):
        write(dataset, tmp_path / "no" / "file")
    assert list((tmp_path / "folder").iterdir()) == []
