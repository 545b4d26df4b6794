"""The time between frames that need even spacing: given, found, or refused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mofglass.analysis.frame_interval import FrameInterval, checked_interval_ps
from mofglass.errors import InputError


def watch(interval: FrameInterval, *times_ps: float | None) -> list[bool]:
    """Return which of the frames at some times are accepted."""
    accepted: list[bool] = []
    for number, time_ps in enumerate(times_ps):
        frame = SimpleNamespace(where=f"frame {number}", frame=SimpleNamespace(time_ps=time_ps))
        accepted.append(interval.accepts(frame, sum(accepted)))  # type: ignore[arg-type]
    return accepted


def test_it_is_that_of_the_first_two_frames_within_a_hundredth() -> None:
    interval = FrameInterval(None, 5.0, "this")
    assert all(watch(interval, 5.0, 5.1, 5.2009, 5.2991))
    assert interval.ps == pytest.approx(0.1)


def test_what_is_given_is_taken_whatever_the_frames_say() -> None:
    interval = FrameInterval(0.5, None, "this")
    assert all(watch(interval, None, 3.0, 1.0))
    assert interval.ps == 0.5


def test_a_last_frame_that_comes_early_is_passed_over() -> None:
    assert watch(FrameInterval(None, 0.0, "this"), 0.0, 0.1005, 0.201, 0.25) == [True, True, True, False]


@pytest.mark.parametrize(
    ("times_ps", "message"),
    [
        ((0.0, None), r"frame 1 has no time: for this give the time between frames"),
        ((None, 1.0), r"frame 1 has no time"),
        ((1.0, 1.0), r"frame 1: its time, 1\.0 ps, is not after the frame before's"),
        (
            (0.0, 0.1, 0.2, 0.25, 0.35),
            r"frame 3 is at 0\.25 ps where even spacing by 0\.1 ps puts 0\.3 ps: for this",
        ),
        ((0.0, 0.1, 0.4), r"frame 2 is at 0\.4 ps where even spacing by 0\.1 ps puts 0\.2 ps"),
        ((0.0, 0.1, 0.1), r"frame 2 is at 0\.1 ps where even spacing by 0\.1 ps puts 0\.2 ps"),
    ],
)
def test_uneven_frames_are_named(times_ps: tuple[float | None, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        watch(FrameInterval(None, times_ps[0], "this"), *times_ps)


def test_a_time_that_is_none_is_refused() -> None:
    assert checked_interval_ps(None) is None
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="the time between frames is"):
            checked_interval_ps(wrong)
