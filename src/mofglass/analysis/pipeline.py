"""One pass over a trajectory feeds all analyses; several trajectories are independent glasses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.one_pass import Progress, pass_over
from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.result import Result

Frames = Configuration | Iterable[Configuration]


@dataclass(frozen=True)
class Measurement:
    """Results of a set of analyses.

    Parameters
    ----------
    results : dict of str to Result
        By name; over several glasses their mean.
    skipped : dict of str to str
        Analyses that could not be made, with the reason in one sentence.
    glasses : tuple of dict
        The results of each trajectory.
    """

    results: dict[str, Result]
    skipped: dict[str, str] = field(default_factory=dict)
    glasses: tuple[dict[str, Result], ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return the summaries by analysis, and what was skipped.

        Returns
        -------
        dict
            ``{name: Result.summary(), ..., 'skipped': {name: reason}}``; the last only where needed.
        """
        summary: dict[str, Any] = {name: result.summary() for name, result in self.results.items()}
        if self.skipped:
            summary["skipped"] = dict(self.skipped)
        return summary


def measure(
    frames: Frames,
    analyses: Mapping[str, Analysis[Any]],
    *,
    strict: bool = True,
    n_threads: int = 1,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[dict[str, Result], dict[str, str]]:
    """Run analyses over a trajectory in one pass: neighbours and network are found once a frame.

    Parameters
    ----------
    frames : Trajectory, iterable of frames, Frame or ase.Atoms
        What to measure; read once, one frame in memory at a time.
    analyses : mapping of str to Analysis
        What to measure of it; frames are added to what these have seen.
    strict : bool
        Whether an analysis that cannot be made is an error; else it is left out, with the reason.
    n_threads : int
        Threads for the distance histogram.
    jobs : int
        Processes that share the frames of a trajectory, beside this one, which reads them and makes the
        analyses that need their order; with 1 this process does all. The analyses must then have seen no
        frame. Numbers and errors are the same, to rounding.
    progress : callable, optional
        Called with the number of frames done, after each of them or each block of them.

    Returns
    -------
    results : dict of str to Result
        In the order of `analyses`.
    skipped : dict of str to str
        Reasons, by name.

    Raises
    ------
    InputError
        For a trajectory without frames, a frame that cannot be read, or, if strict, the first analysis
        that cannot be made.
    MofglassError
        When a worker process dies.
    """
    active, skipped = pass_over(
        frames, analyses, strict=strict, n_threads=n_threads, jobs=jobs, progress=progress
    )
    if not any(analysis.n_frames for analysis in active.values()):
        source = str(getattr(frames, "path", ""))
        raise InputError(f"{source or 'the trajectory'} holds no frames in the range asked for.")
    results: dict[str, Result] = {}
    for name, analysis in active.items():
        try:
            results[name] = analysis.result
        except InputError as error:
            if strict:
                raise
            skipped[name] = str(error)
    return results, skipped


def measure_glasses(
    trajectories: Sequence[Frames],
    analyses: Mapping[str, Analysis[Any]],
    *,
    strict: bool = True,
    n_threads: int = 1,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Measurement:
    """Run analyses over independent glasses and average them, errors between the glasses.

    Parameters
    ----------
    trajectories : sequence of trajectories
        One a glass; one alone is measured with errors from its own blocks of time.
    analyses : mapping of str to Analysis
        What to measure; these see no frames themselves, each glass has its own copy.
    strict, n_threads, jobs, progress
        As for `measure`; progress counts the frames of all glasses.

    Returns
    -------
    Measurement
        Results over all glasses and of each.

    Raises
    ------
    InputError
        As `measure`; and when two trajectories differ in their elements.
    """
    if not trajectories:
        raise InputError("there is no trajectory to analyse: name at least one.")
    glasses: list[dict[str, Result]] = []
    skipped: dict[str, str] = {}
    done = 0
    elements = [_elements(frames) for frames in trajectories]
    for found, frames in zip(elements, trajectories, strict=True):
        if found is not None and elements[0] is not None and not np.array_equal(found, elements[0]):
            raise InputError(
                f"{getattr(frames, 'path', 'a trajectory')} holds other elements than "
                f"{getattr(trajectories[0], 'path', 'the first')}: analyse them apart."
            )
    for frames in trajectories:
        fresh = {name: analysis.fresh() for name, analysis in analyses.items() if name not in skipped}
        before = done

        def report(n_frames: int, before: int = before) -> None:
            nonlocal done
            done = before + n_frames
            if progress is not None:
                progress(done)

        results, not_made = measure(
            frames, fresh, strict=strict, n_threads=n_threads, jobs=jobs, progress=report
        )
        glasses.append(results)
        skipped.update(not_made)
    names = [name for name in analyses if all(name in results for results in glasses)]
    if len(glasses) == 1:
        return Measurement(glasses[0], skipped, tuple(glasses))
    combined: dict[str, Result] = {}
    for name in names:
        parts = [results[name] for results in glasses]
        try:
            combined[name] = type(parts[0]).combine(parts)  # type: ignore[attr-defined]
        except InputError as error:
            if strict:
                raise
            skipped[name] = str(error)
    return Measurement(combined, skipped, tuple(glasses))


def _elements(frames: Frames) -> np.ndarray | None:
    numbers = getattr(frames, "numbers", None)
    return None if numbers is None else np.unique(numbers)
