"""H5MD: what is written is read, parts are one trajectory, other programs' files open."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory import H5MDTrajectory, H5MDWriter, merge_h5md

NUMBERS = np.array([30, 7, 6, 1, 1])


def make_frames(n_frames: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped positions up to ±60 Å and breathing triclinic cells."""
    generator = np.random.default_rng(seed)
    positions = generator.uniform(-60, 60, (n_frames, len(NUMBERS), 3))
    cell = np.array([[15.0, 0, 0], [2.0, 16.0, 0], [-1.0, 3.0, 17.0]])
    return positions, cell * generator.uniform(0.9, 1.1, (n_frames, 1, 1))


def write(path: Path, start: int, stop: int, *, velocities: bool = False, numbers=NUMBERS) -> Path:
    positions, cells = make_frames(20)
    with H5MDWriter(path, numbers, velocities=velocities) as writer:
        for index in range(start, stop):
            writer.append(
                index * 100,
                index * 0.05,
                positions[index],
                cells[index],
                positions[index] / 10 if velocities else None,
            )
    return path


def test_round_trip(tmp_path: Path) -> None:
    positions, cells = make_frames(20)
    with H5MDTrajectory(write(tmp_path / "a.h5", 0, 20, velocities=True)) as trajectory:
        assert len(trajectory) == 20
        np.testing.assert_array_equal(trajectory.numbers, NUMBERS)
        np.testing.assert_allclose(trajectory.time_ps, np.arange(20) * 0.05)
        np.testing.assert_array_equal(trajectory.steps, np.arange(20) * 100)
        for index, frame in enumerate(trajectory):
            assert (frame.index, frame.step) == (index, index * 100)
            assert frame.time_ps == pytest.approx(index * 0.05)
            np.testing.assert_allclose(frame.positions, positions[index], atol=4e-6)
            np.testing.assert_array_equal(frame.cell, cells[index])
        np.testing.assert_allclose(trajectory[-2].positions, positions[18], atol=4e-6)
        np.testing.assert_allclose(trajectory.velocities(7), positions[7] / 10, atol=1e-6)
        with pytest.raises(IndexError):
            trajectory[20]


def test_layout_is_h5md(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "a.h5", 0, 4)) as file:
        assert list(file["h5md"].attrs["version"]) == [1, 1]
        assert file["h5md/creator"].attrs["name"] == "mofglass"
        atoms = file["particles/all"]
        assert atoms["position/value"].shape == (4, 5, 3)
        assert atoms["position/value"].attrs["unit"] == "Angstrom"
        assert atoms["position/time"].attrs["unit"] == "ps"
        assert list(atoms["box"].attrs["boundary"]) == ["periodic"] * 3
        # One time axis, hard-linked.
        assert atoms["box/edges/step"].id.get_offset() == atoms["position/step"].id.get_offset()
        assert h5py.h5o.get_info(atoms["box/edges/step"].id).rc == 2


def test_views_are_lazy_and_keep_the_index(tmp_path: Path) -> None:
    trajectory = H5MDTrajectory(write(tmp_path / "a.h5", 0, 20))
    view = trajectory[4:18:3]
    assert [frame.index for frame in view] == [4, 7, 10, 13, 16]
    assert view[-1].index == 16
    assert [frame.index for frame in view[::-2]] == [16, 10, 4]
    assert [frame.step for frame in trajectory[15:]] == [1500, 1600, 1700, 1800, 1900]
    np.testing.assert_allclose(view.time_ps, np.array([4, 7, 10, 13, 16]) * 0.05)
    assert len(trajectory[20:]) == 0
    assert list(trajectory[20:]) == []


def test_a_file_under_way_has_no_name_yet(tmp_path: Path) -> None:
    positions, cells = make_frames(1)
    writer = H5MDWriter(tmp_path / "a.h5", NUMBERS)
    writer.append(0, 0.0, positions[0], cells[0])
    assert not (tmp_path / "a.h5").exists()
    writer.close()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_writer_refuses_what_would_spoil_the_file(tmp_path: Path) -> None:
    positions, cells = make_frames(1)
    writer = H5MDWriter(tmp_path / "a.h5", NUMBERS)
    writer.append(10, 0.0, positions[0], cells[0])
    broken = positions[0].copy()
    broken[3, 1] = np.nan
    with pytest.raises(InputError, match="atom 3, counted from 0"):
        writer.append(20, 0.1, broken, cells[0])
    with pytest.raises(InputError, match="steps must grow"):
        writer.append(10, 0.1, positions[0], cells[0])
    with pytest.raises(InputError, match="shape"):
        writer.append(20, 0.1, positions[0][:4], cells[0])
    with pytest.raises(InputError, match="velocities"):
        writer.append(20, 0.1, positions[0], cells[0], positions[0])
    writer.close()
    assert len(H5MDTrajectory(tmp_path / "a.h5")) == 1


def test_parts_are_one_trajectory_and_merge(tmp_path: Path) -> None:
    positions, _ = make_frames(20)
    ranges = [(0, 7), (7, 7), (7, 12), (12, 20)]
    parts = [write(tmp_path / f"{k}.h5", *span, velocities=True) for k, span in enumerate(ranges)]
    together = H5MDTrajectory(parts)
    assert [frame.step for frame in together] == [100 * k for k in range(20)]
    np.testing.assert_allclose(together[11].positions, positions[11], atol=4e-6)
    merge_h5md(parts, tmp_path / "whole.h5")
    whole = H5MDTrajectory(tmp_path / "whole.h5")
    for one, other in zip(together, whole, strict=True):
        assert (one.step, one.time_ps) == (other.step, other.time_ps)
        np.testing.assert_array_equal(one.positions, other.positions)
        np.testing.assert_array_equal(one.cell, other.cell)
        np.testing.assert_array_equal(together.velocities(one.index), whole.velocities(one.index))
    assert not list(tmp_path.glob(".*"))


def test_merge_refuses_disorder_and_leaves_nothing(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.h5", 0, 7), write(tmp_path / "2.h5", 6, 9)
    with pytest.raises(InputError, match=r"2\.h5: step 600 comes after step 600"):
        merge_h5md([first, second], tmp_path / "whole.h5")
    other = write(tmp_path / "3.h5", 9, 10, numbers=np.array([30, 7, 6, 6, 1]))
    with pytest.raises(InputError, match="atom 3, counted from 0"):
        merge_h5md([first, other], tmp_path / "whole.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.h5", "2.h5", "3.h5"]


def test_cut_short_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", 0, 20)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"a\.h5 is not a whole HDF5 file"):
        H5MDTrajectory(path)
    with pytest.raises(InputError, match="does not exist"):
        H5MDTrajectory(tmp_path / "none.h5")
