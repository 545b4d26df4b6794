"""The trajectory itself: frames in memory, slices, times, and the checks every format goes through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory import FrameSequence
from mofglass.trajectory.cells import as_cell, lammps_box
from mofglass.trajectory.elements import number_of_symbol
from mofglass.trajectory.timing import frame_times_ps


def frames(n_frames: int = 3) -> list[Frame]:
    generator = np.random.default_rng(1)
    return [
        Frame(np.array([30, 7]), generator.random((2, 3)), np.eye(3) * 9, step=10 * k, time_ps=0.1 * k)
        for k in range(n_frames)
    ]


def test_frames_in_memory_keep_their_steps_and_times() -> None:
    trajectory = FrameSequence(frames())
    assert [frame.index for frame in trajectory] == [0, 1, 2]
    np.testing.assert_array_equal(trajectory.steps, [0, 10, 20])
    np.testing.assert_allclose(trajectory.time_ps, [0, 0.1, 0.2])
    assert trajectory[-1].step == 20
    with pytest.raises(ValueError):
        trajectory.numbers[0] = 1


@pytest.mark.parametrize(
    "cut", [slice(1, None), slice(None, None, -1), slice(5, 1, -2), slice(0, 0), slice(-3, -1)]
)
def test_a_slice_of_a_slice_is_the_list_slice(cut: slice) -> None:
    trajectory, expected = FrameSequence(frames(8)), list(range(8))
    assert [frame.index for frame in trajectory[1:]][cut] == expected[1:][cut]
    assert [frame.index for frame in trajectory[1:][cut]] == expected[1:][cut]
    assert [frame.index for frame in trajectory[1:][cut][::2]] == expected[1:][cut][::2]
    assert [frame.step for frame in trajectory[1:][cut][1:]] == [10 * k for k in expected[1:][cut][1:]]


def test_a_position_that_is_no_number_names_frame_and_atom() -> None:
    bad = frames()
    bad[2].positions[1] = np.inf, -np.inf, 0
    with pytest.raises(InputError, match="frame 2: the position of atom 1, counted from 0"):
        list(FrameSequence(bad))


def test_a_flat_cell_is_refused() -> None:
    with pytest.raises(InputError, match="no volume"):
        FrameSequence([Frame(np.array([6]), np.zeros((1, 3)), np.diag([9.0, 9.0, 0.0]))])[0]


def test_atoms_must_stay_the_same() -> None:
    one = frames()
    with pytest.raises(InputError, match="frame 1: 3 atoms, but frame 0 has 2"):
        FrameSequence([one[0], Frame(np.array([30, 7, 1]), np.zeros((3, 3)), np.eye(3))])
    with pytest.raises(InputError, match="frame 1: atom 0"):
        FrameSequence([one[0], Frame(np.array([7, 30]), np.zeros((2, 3)), np.eye(3))])


def test_times() -> None:
    steps, path = np.array([0, 100, 300]), Path("dump")
    assert frame_times_ps(3, path, steps=steps) is None
    np.testing.assert_allclose(frame_times_ps(3, path, steps=steps, time_step_fs=0.5), [0, 0.05, 0.15])
    np.testing.assert_allclose(
        frame_times_ps(3, path, steps=steps, time_ps=steps * 9.0, frame_interval_ps=0.2), [0, 0.2, 0.4]
    )
    with pytest.raises(InputError, match="frame 2 is of step 100, as the frame before"):
        frame_times_ps(3, path, steps=np.array([0, 100, 100]), time_step_fs=0.5)
    with pytest.raises(InputError, match="does not say its steps"):
        frame_times_ps(3, path, time_step_fs=0.5)
    with pytest.raises(InputError, match="must be positive"):
        frame_times_ps(3, path, frame_interval_ps=0.0)


def test_cells_as_users_give_them() -> None:
    np.testing.assert_array_equal(as_cell((3, 4, 5)), np.diag([3, 4, 5]))
    np.testing.assert_allclose(as_cell((3, 4, 5, 90, 90, 90)), np.diag([3, 4, 5]), atol=1e-12)
    assert np.linalg.det(as_cell((3, 4, 5, 90, 90, 60))) == pytest.approx(60 * np.sin(np.pi / 3))
    np.testing.assert_array_equal(as_cell([[1, 2, 3], [0, 4, 5], [0, 0, 6]])[0], [1, 2, 3])
    for wrong in ((1, 2), (0, 1, 1), (-1, 1, 1), (3, -4, 5, 90, 90, 90), "abc"):
        with pytest.raises(InputError):
            as_cell(wrong)


def test_the_bounds_of_a_triclinic_lammps_box() -> None:
    # Vectors (10, 0, 0), (-3, 8, 0), (2, -1, 7) from corner (1, 2, 3) enclose the bounds below.
    bounds = [[1 - 3, 11 + 2, -3], [2 - 1, 10 + 0, 2], [3, 10, -1]]
    origin, cell = lammps_box(bounds, "xy xz yz pp pp pp")
    np.testing.assert_allclose(origin, [1, 2, 3])
    np.testing.assert_allclose(cell, [[10, 0, 0], [-3, 8, 0], [2, -1, 7]])


def test_symbols_and_labels() -> None:
    expected = {"Zn": 30, "ZN": 30, "zn": 30, "Zn1": 30, "N_a": 7, "D": 1, "H12": 1, "Zn_pv": 30, "8": 8}
    assert {text: number_of_symbol(text) for text in expected} == expected
    assert number_of_symbol("Qq") is None
    assert number_of_symbol("X") is None
