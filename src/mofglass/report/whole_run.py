"""What is measured over all of a run, its melt included: exchange of linkers; and pores of a few frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mofglass.analysis.exchange import Exchange
from mofglass.analysis.exchange_result import ExchangeResult
from mofglass.analysis.pipeline import measure as run_analyses
from mofglass.analysis.pores import Pores, PoresResult
from mofglass.analysis.standard_set import metals_by_count
from mofglass.errors import InputError, MissingPackageError
from mofglass.frame import Configuration, Frame
from mofglass.report.sample import Sample, thinned
from mofglass.result import Result
from mofglass.simulate import Run
from mofglass.trajectory import Trajectory

MAX_EXCHANGE_FRAMES = 4000
"""Frames in which bonds are followed, at most; evenly spread ones of longer runs."""

MAX_PORE_FRAMES = 10
"""Frames whose pores are measured by default, at most."""

MAX_PORE_ATOMS = 20_000
"""Atoms in all frames whose pores are measured by default: a frame of 2176 takes ten seconds of a core."""

MAX_SPHERE_ATOMS = 1000
"""Atoms of a frame in which the largest spheres are looked for: of 2176 they take minutes of a core."""


def exchange_of(sample: Sample, reference: Configuration | None = None) -> tuple[ExchangeResult | None, str]:
    """Follow the exchange of linkers over the longest evenly spaced stretch of a run.

    Parameters
    ----------
    sample : Sample
        A run or trajectory.
    reference : Frame or ase.Atoms, optional
        The crystal that a trajectory began with, or its unit cell: its symmetry groups the linkers. A run has
        its own.

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
    even = even_frames(np.asarray(trajectory.time_ps))
    even = even[:: -(-len(even) // MAX_EXCHANGE_FRAMES)]
    times = np.asarray(trajectory.time_ps)[even]
    interval_ps = float(np.median(np.diff(times)))
    result = None
    # Where a given crystal is not that of the atoms, each linker stands for itself.
    given = [] if reference is None else [reference]
    for crystal in [Run(sample.path).initial] if sample.is_run else [*given, None]:
        analysis = Exchange(metal=metals[0], reference=crystal, frame_interval_ps=interval_ps)
        try:
            results, _ = run_analyses(_chosen(trajectory, even), {"exchange": analysis})
        except InputError as error:
            words = str(error)
            continue
        result = results["exchange"]
        break
    if not isinstance(result, ExchangeResult):
        return None, words
    return result, (
        f"{times[0]:.4g} to {times[-1]:.4g} ps, a frame every {interval_ps:.3g} ps: "
        "what is faster goes unseen"
    )


def is_grouped(result: ExchangeResult) -> bool:
    """Tell whether symmetry makes some of the linkers alike.

    Parameters
    ----------
    result : ExchangeResult
        Exchange of linkers.

    Returns
    -------
    bool
        False where each linker is a group of its own.
    """
    return bool(result.linkers["group"].nunique() < len(result.linkers))


def even_frames(time_ps: np.ndarray) -> np.ndarray:
    """Return the frames of the longest stretch that is evenly recorded, to within half an interval.

    The interval is the median one. A frame that comes before half of it has passed is left out, as the last
    one of a stage whose duration is no multiple of the interval: the stages join to one stretch.

    Parameters
    ----------
    time_ps : ndarray, shape (n,)
        Times, ps.

    Returns
    -------
    ndarray of int
        Frames, in order.
    """
    if len(time_ps) < 3:
        return np.arange(len(time_ps))
    interval_ps = float(np.median(np.diff(time_ps)))
    kept = [0]
    for frame, time in enumerate(time_ps):
        if time - time_ps[kept[-1]] > 0.5 * interval_ps:
            kept.append(frame)
    gaps = np.flatnonzero(np.diff(time_ps[kept]) > 1.5 * interval_ps) + 1
    return np.array(max(np.split(np.array(kept), gaps), key=len))


def _chosen(trajectory: Trajectory, frames: np.ndarray) -> Iterator[Frame]:
    """Frames by number, read in order."""
    chosen = set(frames.tolist())
    stretch = trajectory[int(frames[0]) : int(frames[-1]) + 1]
    return (frame for number, frame in enumerate(stretch, start=int(frames[0])) if number in chosen)


def pore_frames_of(n_atoms: int) -> int:
    """Return in how many frames pores are measured by default: ten, fewer of more than 2000 atoms.

    Parameters
    ----------
    n_atoms : int
        Atoms of a frame.

    Returns
    -------
    int
        2 to 10.
    """
    return min(MAX_PORE_FRAMES, max(2, MAX_PORE_ATOMS // n_atoms))


def pores_words(result: PoresResult) -> str:
    """Say what of the pores was measured, and how to measure more.

    Parameters
    ----------
    result : PoresResult
        Of one sample.

    Returns
    -------
    str
        Sentences for the page.
    """
    n_frames = len(result.axis.frame)
    words = f"Of {n_frames} frames, evenly spread (--pore-frames)." if n_frames > 1 else "Of one frame."
    if result.settings.spheres:
        return words
    return (
        f"{words} The largest spheres were not looked for, which takes minutes a frame of more than "
        f"{MAX_SPHERE_ATOMS} atoms: mofglass analyse pores does."
    )


def pores_of(frames: Trajectory, n_frames: int | None) -> tuple[Mapping[str, Result], Mapping[str, str]]:
    """Measure the pores of a few frames.

    Parameters
    ----------
    frames : Trajectory
        Of one sample.
    n_frames : int or None
        Frames to take, evenly spread; 0 for none; as `pore_frames_of` by default.

    Returns
    -------
    results : mapping
        ``pores``, or nothing.
    skipped : mapping
        Why not.
    """
    if n_frames == 0:
        return {}, {}
    chosen = thinned(frames, n_frames or pore_frames_of(frames.n_atoms))
    try:
        pores = Pores(spheres=frames.n_atoms <= MAX_SPHERE_ATOMS)
        results, _ = run_analyses(chosen, {"pores": pores})
    except (InputError, MissingPackageError) as error:
        return {}, {"pores": str(error)}
    return results, {}
