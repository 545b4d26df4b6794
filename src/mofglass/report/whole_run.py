"""What is measured over all of a run, its melt included: exchange of linkers; and pores of a few frames."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mofglass.analysis.exchange import Exchange
from mofglass.analysis.exchange_result import ExchangeResult
from mofglass.analysis.pipeline import measure as run_analyses
from mofglass.analysis.pores import Pores
from mofglass.analysis.standard_set import metals_by_count
from mofglass.errors import InputError, MissingPackageError
from mofglass.report.sample import Sample, thinned
from mofglass.result import Result
from mofglass.simulate import Run
from mofglass.trajectory import Trajectory

MAX_EXCHANGE_FRAMES = 4000
"""Frames in which bonds are followed, at most; evenly spread ones of longer runs."""


def exchange_of(sample: Sample) -> tuple[ExchangeResult | None, str]:
    """Follow the exchange of linkers over the longest evenly spaced stretch of a run.

    Parameters
    ----------
    sample : Sample
        A run or trajectory.

    Returns
    -------
    result : ExchangeResult or None
        None where it cannot be followed.
    words : str
        What was followed, or why nothing was.
    """
    trajectory = sample.trajectory
    metals = metals_by_count(trajectory.numbers)
    if not metals or not (trajectory.numbers == 7).any():
        return None, "there is no metal with nitrogen in it"
    if trajectory.time_ps is None or len(trajectory) < 3:
        return None, "its frames carry no times" if len(trajectory) >= 3 else "it has fewer than three frames"
    start, stop = even_stretch(np.asarray(trajectory.time_ps))
    frames = thinned(trajectory[start:stop], MAX_EXCHANGE_FRAMES)
    reference = Run(sample.path).initial if sample.is_run else None
    analysis = Exchange(metal=metals[0], reference=reference)
    try:
        results, _ = run_analyses(frames, {"exchange": analysis})
    except InputError as error:
        return None, str(error)
    result = results["exchange"]
    assert isinstance(result, ExchangeResult)
    times = frames.time_ps
    assert times is not None
    interval_ps = result.recordings[0].frame_interval_ps
    return result, (
        f"{times[0]:g} to {times[-1]:g} ps, a frame every {interval_ps:.3g} ps: what is faster goes unseen"
    )


def even_stretch(time_ps: np.ndarray) -> tuple[int, int]:
    """Return the longest run of frames with the same time between them.

    Parameters
    ----------
    time_ps : ndarray, shape (n,)
        Times, ps.

    Returns
    -------
    start, stop : int
        Frames of the stretch, as in a slice.
    """
    steps = np.diff(time_ps)
    if len(steps) == 0:
        return 0, len(time_ps)
    # A hundredth of a step forgives rounding of the times on file.
    breaks = np.flatnonzero(np.abs(np.diff(steps)) > 0.01 * np.abs(steps[:-1])) + 1
    edges = np.concatenate(([0], breaks, [len(steps)]))
    longest = int(np.argmax(np.diff(edges)))
    return int(edges[longest]), int(edges[longest + 1]) + 1


def pores_of(frames: Trajectory, n_frames: int) -> tuple[Mapping[str, Result], Mapping[str, str]]:
    """Measure the pores of a few frames.

    Parameters
    ----------
    frames : Trajectory
        Of one sample.
    n_frames : int
        Frames to take, evenly spread; 0 for none.

    Returns
    -------
    results : mapping
        ``pores``, or nothing.
    skipped : mapping
        Why not.
    """
    if n_frames == 0:
        return {}, {}
    try:
        results, _ = run_analyses(thinned(frames, n_frames), {"pores": Pores()})
    except (InputError, MissingPackageError) as error:
        return {}, {"pores": str(error)}
    return results, {}
