"""CP2K: positions with step, time and energy in the comment, cells from the file beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory import open_trajectory
from mofglass.trajectory.cp2k import CP2KTrajectory

CELL_HEADER = (
    "#   Step   Time [fs]       Ax [Angstrom]       Ay [Angstrom]       Az [Angstrom]"
    "       Bx [Angstrom]       By [Angstrom]       Bz [Angstrom]       Cx [Angstrom]"
    "       Cy [Angstrom]       Cz [Angstrom]      Volume [Angstrom^3]\n"
)


def cell_line(step: int, edge: float) -> str:
    components = [edge, 0, 0, 1.0, edge + 1, 0, -0.5, 0.25, edge + 2]
    return (
        f"{step:8d}{step * 0.5:12.3f}"
        + "".join(f"{c:20.10f}" for c in components)
        + f"{edge * (edge + 1) * (edge + 2):24.10f}\n"
    )


def write_run(folder: Path, n_frames: int = 4, *, every: int = 10) -> Path:
    frames, cells = [], CELL_HEADER
    for index in range(n_frames):
        step = index * every
        frames.append(
            f"       3\n i = {step:8d}, time = {step * 0.5:12.3f}, E = {-10.5 - index:20.10f}\n"
            f" Zn {index * 0.1:18.10f} 0.0000000000 0.0000000000\n"
            f"  N 2.0000000000 {index * 0.2:18.10f} 0.0000000000\n"
            "  C 3.0000000000 0.0000000000 1.0000000000\n"
        )
        cells += cell_line(step, 10 + 0.01 * index)
    (folder / "zif4-pos-1.xyz").write_text("".join(frames))
    (folder / "zif4-1.cell").write_text(cells)
    return folder / "zif4-pos-1.xyz"


def test_positions_cells_and_times(tmp_path: Path) -> None:
    trajectory = open_trajectory(write_run(tmp_path))
    assert isinstance(trajectory, CP2KTrajectory)
    np.testing.assert_array_equal(trajectory.steps, [0, 10, 20, 30])
    np.testing.assert_allclose(trajectory.time_ps, [0, 0.005, 0.010, 0.015])
    frame = trajectory[3]
    np.testing.assert_array_equal(frame.numbers, [30, 7, 6])
    np.testing.assert_allclose(frame.positions[:2], [[0.3, 0, 0], [2, 0.6, 0]])
    np.testing.assert_allclose(frame.cell, [[10.03, 0, 0], [1, 11.03, 0], [-0.5, 0.25, 12.03]])
    assert frame.info == {"energy_hartree": -13.5}


def test_cells_printed_more_often_are_matched_by_step(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    lines = "".join(cell_line(step, 10 + 0.001 * step) for step in range(0, 31, 5))
    (tmp_path / "zif4-1.cell").write_text(CELL_HEADER + lines)
    assert [frame.cell[0, 0] for frame in open_trajectory(path)] == pytest.approx([10, 10.01, 10.02, 10.03])


def test_a_missing_cell_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    lines = (tmp_path / "zif4-1.cell").read_text().splitlines(keepends=True)
    (tmp_path / "zif4-1.cell").write_text("".join(lines[:3] + lines[4:]))
    with pytest.raises(InputError, match=r"no cell for step 20 \(frame 2"):
        list(open_trajectory(path))
    # The last line of a stopped run has no volume: it is not a cell.
    (tmp_path / "zif4-1.cell").write_text("".join(lines)[:-30])
    with pytest.raises(InputError, match="no cell for step 30"):
        list(open_trajectory(path))
    (tmp_path / "zif4-1.cell").unlink()
    with pytest.raises(InputError, match=r"put zif4-1\.cell beside it .*give --cell"):
        open_trajectory(path)
    assert open_trajectory(path, cell=(10, 10, 10))[1].volume_A3 == pytest.approx(1000)


def test_a_fixed_cell_printed_once_holds_for_all(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (tmp_path / "zif4-1.cell").write_text(CELL_HEADER + cell_line(0, 10))
    assert {frame.cell[0, 0] for frame in open_trajectory(path)} == {10.0}
