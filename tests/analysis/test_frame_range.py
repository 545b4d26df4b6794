"""Frames by number and by time, and what a run says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.analysis.frame_range import FrameRange, RunAdvice, run_advice
from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory import FrameSequence


def trajectory(timed: bool = True) -> FrameSequence:
    return FrameSequence(
        [
            Frame(np.array([18]), np.zeros((1, 3)), np.eye(3), index=k, time_ps=k * 0.1 if timed else None)
            for k in range(101)
        ]
    )


@pytest.mark.parametrize(
    ("chosen", "first", "last", "n_frames"),
    [
        (FrameRange(), 0, 100, 101),
        (FrameRange(start=10, stop=20), 10, 19, 10),
        (FrameRange(start=-5), 96, 100, 5),
        (FrameRange(stride=10), 0, 100, 11),
        (FrameRange(from_ps=2.0), 20, 100, 81),
        (FrameRange(from_ps=2.0, to_ps=3.0), 20, 30, 11),
        (FrameRange(last_ps=1.0), 90, 100, 11),
        (FrameRange(last_ps=1.0, stride=5), 90, 100, 3),
        (FrameRange(start=50, to_ps=6.0), 50, 60, 11),
    ],
)
def test_choice(chosen: FrameRange, first: int, last: int, n_frames: int) -> None:
    frames = list(chosen.of(trajectory()))
    assert (frames[0].index, frames[-1].index, len(frames)) == (first, last, n_frames)


def test_nothing_left_is_told() -> None:
    with pytest.raises(InputError, match="from 0 to 10 ps"):
        FrameRange(from_ps=50.0).of(trajectory())
    with pytest.raises(InputError, match="101 frames"):
        FrameRange(start=200).of(trajectory())
    with pytest.raises(InputError, match="--frame-interval"):
        FrameRange(last_ps=1.0).of(trajectory(timed=False))


def test_run_advice(tmp_path: Path) -> None:
    assert run_advice(tmp_path) == RunAdvice()
    (tmp_path / "run.yaml").write_text("analysis: {from_ps: 120, temperature_K: 300.0}\nseed: 1\n")
    assert run_advice(tmp_path) == RunAdvice(120.0, 300.0)
    (tmp_path / "run.yaml").write_text("seed: 1\n")
    assert run_advice(tmp_path) == RunAdvice()
    (tmp_path / "run.yaml").write_text("analysis: {from_ps: soon}\n")
    with pytest.raises(InputError, match=r"run\.yaml"):
        run_advice(tmp_path)
    assert run_advice(tmp_path / "no.xyz") == RunAdvice()
