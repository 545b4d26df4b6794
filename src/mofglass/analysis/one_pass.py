"""Several analyses over the frames of one trajectory, in this process or shared out among several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData, PairCutoffs, frames_of, widest_cutoffs
from mofglass.analysis.statistics import BlockSums
from mofglass.errors import InputError, MofglassError
from mofglass.frame import Frame
from mofglass.trajectory import Trajectory
from mofglass.worker_processes import WorkerDied, over_processes

Progress = Callable[[int], None]
"""Called with the number of frames done."""

_MOST_FRAMES = 32
"""Frames handed to a process at a time, at most: they wait in memory."""


class OnePass:
    """Gives each frame to every analysis; those that cannot be made of it are left out, with the reason.

    Parameters
    ----------
    analyses : mapping of str to Analysis
        What to measure; these accumulate.
    cutoffs : mapping
        Widest cut-off of each pair of elements, Å.
    source : str
        File or run, for errors.
    strict : bool
        Whether an analysis that cannot be made is an error.
    n_threads : int
        Threads for the distance histogram.
    """

    def __init__(
        self,
        analyses: Mapping[str, Analysis[Any]],
        *,
        cutoffs: PairCutoffs,
        source: str,
        strict: bool,
        n_threads: int,
    ) -> None:
        self.active = dict(analyses)
        self.skipped: dict[str, str] = {}
        self._cutoffs, self._source, self._strict, self._n_threads = cutoffs, source, strict, n_threads

    def add(self, frame: Frame) -> None:
        """Measure one frame.

        Parameters
        ----------
        frame : Frame
            The next one.

        Raises
        ------
        InputError
            If strict, the first analysis that cannot be made.
        """
        data = FrameData(frame, pair_cutoffs=self._cutoffs, source=self._source, n_threads=self._n_threads)
        for name, analysis in list(self.active.items()):
            try:
                analysis.update(data)
            except InputError as error:
                if self._strict:
                    raise
                self.leave_out(name, str(error))

    def leave_out(self, name: str, reason: str) -> None:
        """Drop an analysis.

        Parameters
        ----------
        name : str
            Which.
        reason : str
            Why, in a sentence; an earlier one stands.
        """
        if self.active.pop(name, None) is not None:
            self.skipped[name] = reason


@dataclass(frozen=True)
class _Block:
    """Consecutive frames, and how many blocks came before."""

    place: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class _MeasureBlock:
    """What a worker process does with a block: measure it with analyses that have seen nothing else."""

    analyses: dict[str, Analysis[Any]]
    cutoffs: PairCutoffs
    source: str
    strict: bool
    n_threads: int

    def __call__(self, block: _Block) -> tuple[dict[str, Analysis[Any]], dict[str, str]]:
        part = OnePass(
            {name: analysis.fresh() for name, analysis in self.analyses.items()},
            cutoffs=self.cutoffs,
            source=self.source,
            strict=self.strict,
            n_threads=self.n_threads,
        )
        for frame in block.frames:
            part.add(frame)
        return part.active, part.skipped


def pass_over(
    frames: Any,
    analyses: Mapping[str, Analysis[Any]],
    *,
    strict: bool,
    n_threads: int,
    jobs: int,
    progress: Progress | None,
) -> tuple[dict[str, Analysis[Any]], dict[str, str]]:
    """Give all frames to all analyses.

    With several processes, this one reads the frames in order and gives them to the analyses that need that
    (displacements, reorientation) or that use processes of their own (pores); the others are made of blocks
    of frames in the worker processes and merged in order. Blocks end where blocks of time for the errors do,
    so that numbers and errors are those of one process, to rounding.

    Parameters
    ----------
    frames : Trajectory, iterable of frames, Frame or ase.Atoms
        What to measure.
    analyses : mapping of str to Analysis
        What to measure of it; these accumulate.
    strict, n_threads, jobs, progress
        As for `mofglass.analysis.measure`.

    Returns
    -------
    analyses : dict of str to Analysis
        Those that could be made.
    skipped : dict of str to str
        Reasons, by name.

    Raises
    ------
    InputError
        As `mofglass.analysis.measure` does.
    MofglassError
        When a worker process dies.
    """
    source = str(getattr(frames, "path", ""))
    cutoffs = widest_cutoffs([analysis.pair_cutoffs for analysis in analyses.values()])
    settings: dict[str, Any] = {
        "cutoffs": cutoffs,
        "source": source,
        "strict": strict,
        "n_threads": n_threads,
    }
    shared = {
        name: analysis
        for name, analysis in analyses.items()
        if analysis.mergeable and not analysis.own_processes
    }
    # What cannot be counted beforehand cannot be divided either.
    n_frames = len(frames) if isinstance(frames, Trajectory | Sequence) else 1
    block_length = _block_length(n_frames, jobs)
    if jobs == 1 or not shared or n_frames <= block_length:
        whole = OnePass(analyses, **settings)
        for n_done, frame in enumerate(frames_of(frames), start=1):
            whole.add(frame)
            _require_any(whole)
            if progress is not None:
                progress(n_done)
        return whole.active, whole.skipped
    in_order = OnePass({name: each for name, each in analyses.items() if name not in shared}, **settings)
    merged = OnePass(shared, **settings)
    blocks = _blocks(frames_of(frames), in_order, block_length)
    work = _MeasureBlock(shared, **settings)
    n_done, expected = 0, 0
    early: dict[int, tuple[dict[str, Analysis[Any]], dict[str, str]]] = {}
    with over_processes(work, blocks, jobs=jobs) as outcomes:
        for block, outcome in outcomes:
            if isinstance(outcome, WorkerDied):
                first, last = block.frames[0].index, block.frames[-1].index
                raise MofglassError(
                    f"{source or 'the trajectory'}, frames {first} to {last} could not be measured: "
                    f"{outcome}: give fewer --jobs if the memory is too small, or --jobs 1 to see more."
                )
            early[block.place] = outcome
            while expected in early:
                _merge(merged, *early.pop(expected))
                expected += 1
            _require_any(merged, in_order)
            n_done += len(block.frames)
            if progress is not None:
                progress(n_done)
    made = {**merged.active, **in_order.active}
    return {name: made[name] for name in analyses if name in made}, {**merged.skipped, **in_order.skipped}


def _block_length(n_frames: int, jobs: int) -> int:
    """Return how many frames go to a process at a time: a power of two, as blocks of time are."""
    most = min(n_frames // (4 * jobs), BlockSums.length_of(n_frames), _MOST_FRAMES)
    return 1 << (max(1, most).bit_length() - 1)


def _blocks(frames: Iterable[Frame], in_order: OnePass, length: int) -> Iterator[_Block]:
    place, held = 0, []
    for frame in frames:
        in_order.add(frame)
        held.append(frame)
        if len(held) == length:
            yield _Block(place, tuple(held))
            place, held = place + 1, []
    if held:
        yield _Block(place, tuple(held))


def _merge(merged: OnePass, part: Mapping[str, Analysis[Any]], skipped: Mapping[str, str]) -> None:
    for name, reason in skipped.items():
        merged.leave_out(name, reason)
    for name, analysis in part.items():
        if name in merged.active:
            merged.active[name].merge(analysis)


def _require_any(*passes: OnePass) -> None:
    if not any(each.active for each in passes):
        reasons = [reason for each in passes for reason in each.skipped.values()]
        raise InputError("no analysis could be made: " + (reasons[0] if reasons else "none was asked for."))
