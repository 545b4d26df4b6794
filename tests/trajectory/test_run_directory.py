"""A run directory: the whole file, or the committed parts of a run under way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory import H5MDWriter, merge_h5md, open_trajectory, opening


def make_run(folder: Path, n_parts: int) -> list[Path]:
    (folder / "parts").mkdir()
    parts = []
    for part in range(n_parts):
        parts.append(folder / "parts" / f"{part:06d}.h5")
        with H5MDWriter(parts[-1], np.array([6, 7])) as writer:
            for step in range(10 * part, 10 * part + 10, 5):
                writer.append(step, step * 0.1, np.full((2, 3), float(step)), np.eye(3) * 9)
    return parts


def test_parts_then_the_whole(tmp_path: Path) -> None:
    parts = make_run(tmp_path, 3)
    assert [frame.step for frame in open_trajectory(tmp_path)] == [0, 5, 10, 15, 20, 25]
    assert open_trajectory(tmp_path).path == tmp_path
    merge_h5md(parts[:2], tmp_path / "trajectory.h5")
    assert len(open_trajectory(tmp_path)) == 4


def test_only_committed_parts_count(tmp_path: Path) -> None:
    make_run(tmp_path, 3)
    (tmp_path / "checkpoint.json").write_text(json.dumps({"n_parts": 2, "step": 15}))
    assert [frame.step for frame in open_trajectory(tmp_path)] == [0, 5, 10, 15]
    (tmp_path / "checkpoint.json").write_text(json.dumps({"n_parts": 4}))
    with pytest.raises(InputError, match=r"000003\.h5 is missing"):
        open_trajectory(tmp_path)
    (tmp_path / "checkpoint.json").write_text(json.dumps({"n_parts": 0}))
    with pytest.raises(InputError, match="holds no frames yet"):
        open_trajectory(tmp_path)
    (tmp_path / "checkpoint.json").write_text("{")
    with pytest.raises(InputError, match="does not say 'n_parts'"):
        open_trajectory(tmp_path)


def test_a_run_that_ends_while_it_is_read_is_read_to_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = make_run(tmp_path, 3)
    (tmp_path / "checkpoint.json").write_text(json.dumps({"n_parts": 2}))
    opened = open_trajectory(tmp_path)
    steps = [opened[0].step]

    def end() -> None:
        merge_h5md(parts, tmp_path / "trajectory.h5")
        shutil.rmtree(tmp_path / "parts")

    frames = iter(opened)
    steps += [next(frames).step, next(frames).step]
    end()
    steps += [frame.step for frame in frames]
    assert steps == [0, 0, 5, 10, 15]
    assert len(opened) == 4
    assert opened[-1].positions[0, 0] == 15.0
    assert len(open_trajectory(tmp_path)) == 6

    # The parts went between the list of files and the first of them.
    listed = [parts, [tmp_path / "trajectory.h5"]]
    monkeypatch.setattr(opening, "trajectory_files", lambda _run: listed.pop(0))
    assert len(open_trajectory(tmp_path)) == 6
    listed = [parts, parts]
    with pytest.raises(InputError, match=r"000000\.h5 does not exist"):
        open_trajectory(tmp_path)


def test_an_unfinished_part_is_not_seen(tmp_path: Path) -> None:
    make_run(tmp_path, 1)
    writer = H5MDWriter(tmp_path / "parts" / "000001.h5", np.array([6, 7]))
    writer.append(10, 1.0, np.zeros((2, 3)), np.eye(3))
    assert len(open_trajectory(tmp_path)) == 2
    writer.close()
    assert len(open_trajectory(tmp_path)) == 3


def test_a_directory_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run"):
        open_trajectory(tmp_path)
    (tmp_path / "parts").mkdir()
    with pytest.raises(InputError, match="no frames yet"):
        open_trajectory(tmp_path)
