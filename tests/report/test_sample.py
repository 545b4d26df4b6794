"""Which frames of what are glass and crystal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.report import gather
from mofglass.report.sample import thinned
from mofglass.structures import load
from mofglass.trajectory import FrameSequence


def test_a_run_is_parted_by_its_record(run_directory: Path) -> None:
    (sample,) = gather([run_directory])
    assert (sample.label, sample.state, sample.temperature_K) == ("glass1", "done", 300.0)
    times = sample.glass.time_ps
    assert times is not None
    np.testing.assert_allclose([times[0], times[-1]], [3.0, 4.0])
    assert sample.crystal is not None
    assert sample.crystal.time_ps is not None
    np.testing.assert_allclose([sample.crystal.time_ps[0], sample.crystal.time_ps[-1]], [0.5, 1.0])
    assert sample.stage_at(1.5) == "melt"


def test_a_directory_of_runs_stands_for_them(runs: list[Path]) -> None:
    assert [sample.label for sample in gather([runs[0].parent])] == ["glass1", "glass2", "glass3"]


def test_equal_names_are_told_apart(make: Callable[..., Path], tmp_path: Path) -> None:
    paths = [make(tmp_path / part / "glass") for part in ("a", "b")]
    assert [sample.label for sample in gather(paths)] == ["a/glass", "b/glass"]


@pytest.mark.parametrize(
    ("n_frames", "stage", "from_ps", "temperature_K"),
    [(8, "prepare", 0.0, 300.0), (16, "melt", 1.0, None), (26, "quench", 2.0, None)],
)
def test_a_run_that_has_not_come_to_its_glass_shows_the_stage_it_is_in(
    make: Callable[..., Path],
    tmp_path: Path,
    n_frames: int,
    stage: str,
    from_ps: float,
    temperature_K: float | None,
) -> None:
    path = make(tmp_path / "early", state="stopped: walltime", n_frames=n_frames)
    (sample,) = gather([path])
    assert sample.so_far is not None
    assert (sample.so_far.name, sample.state) == (stage, "stopped: walltime")
    assert sample.temperature_K == temperature_K
    times = sample.glass.time_ps
    assert times is not None
    np.testing.assert_allclose([times[0], times[-1]], [from_ps, 0.1 * (n_frames - 1)])


def test_a_run_stopped_in_its_glass_shows_that(make: Callable[..., Path], tmp_path: Path) -> None:
    (sample,) = gather([make(tmp_path / "late", state="stopped: walltime", n_frames=36)])
    assert (sample.so_far, len(sample.glass), sample.temperature_K) == (None, 6, 300.0)


def test_a_structure_file_is_all_product(tmp_path: Path) -> None:
    path = tmp_path / "zif4.extxyz"
    load("ZIF-4").write(path, format="extxyz")
    (sample,) = gather([path], temperature_K=350.0)
    assert (len(sample.glass), sample.crystal, sample.is_run, sample.temperature_K) == (1, None, False, 350.0)


@pytest.mark.parametrize(
    ("make_path", "message"),
    [
        (lambda folder: folder / "absent", "does not exist"),
        (lambda folder: folder, "neither a run"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, make_path: Callable[[Path], Path], message: str) -> None:
    with pytest.raises(InputError, match=message):
        gather([make_path(tmp_path)])


@pytest.mark.parametrize(("n_frames", "n_wanted"), [(10, 10), (10, 4), (401, 400), (7, 1)])
def test_thinning_is_even_and_keeps_the_last_frame(n_frames: int, n_wanted: int) -> None:
    from mofglass.frame import Frame

    cell = np.eye(3) * 10
    frames = [Frame(np.array([18]), np.zeros((1, 3)), cell, k, k, float(k)) for k in range(n_frames)]
    chosen = thinned(FrameSequence(frames), n_wanted)
    times = chosen.time_ps
    assert times is not None
    assert 1 <= len(chosen) <= n_wanted
    assert times[-1] == n_frames - 1
    assert len(set(np.diff(times))) <= 1
