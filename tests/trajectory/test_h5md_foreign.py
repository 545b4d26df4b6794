"""H5MD written by other programs, and what a full disk does to ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory import H5MDTrajectory, open_trajectory

POSITIONS = np.random.default_rng(5).uniform(0, 9, (4, 3, 3))


def write_h5md(
    path: Path, *, species=None, edges: Callable[[h5py.Group], None] | None = None, creator: str = "other"
) -> h5py.File:
    """The smallest H5MD file: positions without units, a time axis, a box."""
    with h5py.File(path, "w") as file:
        file.create_group("h5md/creator").attrs["name"] = np.bytes_(creator)
        atoms = file.create_group("particles/atoms")
        position = atoms.create_group("position")
        position["value"] = POSITIONS
        position["step"] = np.arange(4) * 10
        position["time"] = np.arange(4) * 2.0
        if species is not None:
            atoms["species"] = species
        box = atoms.create_group("box")
        if edges is None:
            box["edges"] = np.array([9.0, 10.0, 11.0])
        else:
            edges(box)
    return path


def test_fixed_vector_of_edges(tmp_path: Path) -> None:
    trajectory = H5MDTrajectory(write_h5md(tmp_path / "a.h5", species=[30, 7, 6]))
    np.testing.assert_array_equal(trajectory.numbers, [30, 7, 6])
    for index, frame in enumerate(trajectory):
        np.testing.assert_array_equal(frame.cell, np.diag([9, 10, 11]))
        np.testing.assert_array_equal(frame.positions, POSITIONS[index])
    assert trajectory.time_ps is None  # times without a unit are not ps
    np.testing.assert_array_equal(trajectory.steps, [0, 10, 20, 30])
    assert open_trajectory(tmp_path / "a.h5", time_step_fs=2).time_ps[-1] == 0.06


def test_units_are_converted(tmp_path: Path) -> None:
    path = write_h5md(tmp_path / "a.h5", species=[30, 7, 6])
    with h5py.File(path, "a") as file:
        file["particles/atoms/position/value"].attrs["unit"] = "nm"
        file["particles/atoms/position/time"].attrs["unit"] = np.bytes_("fs")
    with H5MDTrajectory(path) as trajectory:
        np.testing.assert_allclose(trajectory[1].positions, POSITIONS[1] * 10)
        np.testing.assert_allclose(trajectory[1].cell, np.diag([90, 100, 110]))
        np.testing.assert_allclose(trajectory.time_ps, np.arange(4) * 0.002)
    with h5py.File(path, "a") as file:
        file["particles/atoms/position/value"].attrs["unit"] = "furlong"
    with pytest.raises(InputError, match="'furlong'"):
        H5MDTrajectory(path)


def test_edges_with_their_own_steps(tmp_path: Path) -> None:
    def edges(box: h5py.Group) -> None:
        group = box.create_group("edges")
        group["value"] = np.arange(9, 16)[:, None] * np.ones(3)
        group["step"] = np.arange(7) * 5

    trajectory = H5MDTrajectory(write_h5md(tmp_path / "a.h5", species=[30, 7, 6], edges=edges))
    assert [frame.cell[0, 0] for frame in trajectory] == [9, 11, 13, 15]
    assert trajectory[2].cell[1, 1] == 13

    def sparse(box: h5py.Group) -> None:
        group = box.create_group("edges")
        group["value"] = np.ones((2, 3))
        group["step"] = np.array([0, 20])

    with pytest.raises(InputError, match="frame 1: there is no box for its step 10"):
        H5MDTrajectory(write_h5md(tmp_path / "b.h5", species=[30, 7, 6], edges=sparse))


def test_images_unwrap(tmp_path: Path) -> None:
    path = write_h5md(tmp_path / "a.h5", species=[30, 7, 6])
    images = np.random.default_rng(6).integers(-2, 3, (4, 3, 3))
    with h5py.File(path, "a") as file:
        file["particles/atoms/image/value"] = images
    for index, frame in enumerate(H5MDTrajectory(path)):
        np.testing.assert_allclose(frame.positions, POSITIONS[index] + images[index] * [9, 10, 11])


def test_increments_of_step_and_time(tmp_path: Path) -> None:
    path = write_h5md(tmp_path / "a.h5", species=[30, 7, 6])
    with h5py.File(path, "a") as file:
        position = file["particles/atoms/position"]
        del position["step"], position["time"]
        position["step"] = 25
        position["step"].attrs["offset"] = 100
        position["time"] = 0.5
        position["time"].attrs["unit"] = "ps"
    trajectory = H5MDTrajectory(path)
    np.testing.assert_array_equal(trajectory.steps, [100, 125, 150, 175])
    np.testing.assert_allclose(trajectory.time_ps, [0, 0.5, 1.0, 1.5])


def test_elements(tmp_path: Path) -> None:
    path = write_h5md(tmp_path / "none.h5")
    with pytest.raises(InputError, match=r"no 'species'.*give the element of every atom"):
        H5MDTrajectory(path)
    np.testing.assert_array_equal(H5MDTrajectory(path, elements=["Zn", "N", "C"]).numbers, [30, 7, 6])
    path = write_h5md(tmp_path / "lammps.h5", species=[2, 1, 1], creator="LAMMPS")
    with pytest.raises(InputError, match="written by LAMMPS and holds atom types 1 to 2"):
        H5MDTrajectory(path)
    np.testing.assert_array_equal(H5MDTrajectory(path, elements=["N", "Zn"]).numbers, [30, 7, 7])
    with pytest.raises(InputError, match="atom types 1 to 2, but 1 elements"):
        H5MDTrajectory(path, elements=["N"])
    path = write_h5md(tmp_path / "zero.h5", species=[0, 1, 1])
    with pytest.raises(InputError, match="not atomic numbers"):
        H5MDTrajectory(path)
    named = np.array([1, 0, 0], dtype=h5py.enum_dtype({"N": 0, "Zn": 1}, basetype="i1"))
    np.testing.assert_array_equal(
        H5MDTrajectory(write_h5md(tmp_path / "enum.h5", species=named)).numbers, [30, 7, 7]
    )


def test_a_box_is_needed(tmp_path: Path) -> None:
    path = write_h5md(tmp_path / "a.h5", species=[30, 7, 6], edges=lambda box: None)
    with pytest.raises(InputError, match="no periodic box: give its cell"):
        H5MDTrajectory(path)
    assert H5MDTrajectory(path, cell=(8, 8, 8))[0].volume_A3 == pytest.approx(512)


def test_hdf5_that_is_not_h5md(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match="HDF5 but not H5MD"):
        open_trajectory(tmp_path / "a.h5")


@pytest.mark.filterwarnings("ignore")
def test_mdanalysis_wrote_it(tmp_path: Path) -> None:
    mda = pytest.importorskip("MDAnalysis")
    universe = mda.Universe.empty(3, trajectory=True)
    universe.load_new(POSITIONS.astype(np.float32), order="fac", dt=0.5)
    with mda.Writer(str(tmp_path / "a.h5md"), n_atoms=3, timeunit="ps", lengthunit="nm") as writer:
        for step in universe.trajectory:
            step.dimensions = [9 + step.frame, 10, 11, 90, 90, 60]
            writer.write(universe.atoms)
    with pytest.raises(InputError, match="give the element of every atom"):
        open_trajectory(tmp_path / "a.h5md")
    trajectory = open_trajectory(tmp_path / "a.h5md", elements=["Zn", "N", "C"])
    np.testing.assert_allclose(trajectory.time_ps, np.arange(4) * 0.5)
    for index, frame in enumerate(trajectory):
        np.testing.assert_allclose(frame.positions, POSITIONS[index], atol=1e-5)
        expected = (9 + index) * 10 * 11 * np.sin(np.pi / 3)
        assert frame.volume_A3 == pytest.approx(expected, rel=1e-5)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from mofglass.errors import MofglassError
from mofglass.trajectory import H5MDWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
random = np.random.default_rng(0)
writer = H5MDWriter(sys.argv[1], np.full(1000, 6))
try:
    for step in range(int(sys.argv[2])):
        writer.append(step, step, random.normal(size=(1000, 3)), np.eye(3) * 10)
    writer.close()
except MofglassError as error:
    print(error)
"""


@pytest.mark.parametrize("n_frames", [1000, 20])
def test_a_full_disk_is_one_sentence_and_python_lives(tmp_path: Path, n_frames: int) -> None:
    """HDF5 alone would crash the process when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.h5"), str(n_frames)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "a.h5 cannot be written (File too large)" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
