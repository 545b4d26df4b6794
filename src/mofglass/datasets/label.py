"""Label frames over several processes; what is done is never done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from mofglass.datasets.labelling_directory import Labelling, LabellingDirectory
from mofglass.datasets.labels import Labeller, LabellingError, Labels
from mofglass.worker_processes import WorkerDied, over_processes


@dataclass(frozen=True)
class _LabelOne:
    """Labels one frame in a worker process and commits the result there."""

    labeller: Labeller
    directory: Path

    def __call__(self, task: tuple[int, Atoms]) -> bool:
        number, atoms = task
        directory = LabellingDirectory(self.directory)
        start = time.perf_counter()
        outcome: Labels | str
        try:
            outcome = self.labeller.label(atoms, directory.work_directory(number))
        except LabellingError as error:
            outcome = str(error)
        directory.commit(number, outcome, time.perf_counter() - start)
        return isinstance(outcome, Labels)


def label_frames(
    frames: Iterable[Atoms] | None,
    labeller: Labeller,
    directory: Path | str,
    *,
    jobs: int = 1,
    retry_failed: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Labelling:
    """Label frames, each result a file of its own; called again, go on where it was interrupted.

    A frame that fails, does not converge or brings down its process is kept with the reason, and is not tried
    again unless asked.  Whatever the order in which frames end, results are in the order given.

    Parameters
    ----------
    frames : iterable of ase.Atoms or None
        Periodic, Å; `info` may have ``source`` and ``temperature_K``. None to go on with the frames of an
        interrupted labelling.
    labeller : Labeller
        A potential (`PotentialLabeller`) or CP2K (`Cp2kLabeller`).
    directory : Path or str
        New, or that of the interrupted labelling of these frames.
    jobs : int
        Processes.
    retry_failed : bool
        Whether frames that failed before are tried again.
    progress : callable, optional
        Called with the number of frames that have a result, after every frame.

    Returns
    -------
    Labelling
        Counts, reasons and time; frames are in ``labelled.extxyz`` and ``failed.extxyz`` in the directory.

    Raises
    ------
    InputError
        When there is no frame, the labeller cannot be used at all, the directory holds something else, or
        another process is at work there.
    """
    work = LabellingDirectory.create(directory, frames, labeller)
    with work.lock():
        if retry_failed:
            work.forget_failures()
        started = time.perf_counter()
        n_done = len(work) - sum(1 for _ in _remaining(work))
        try:
            with over_processes(_LabelOne(labeller, work.path), _remaining(work), jobs=jobs) as outcomes:
                for (number, _), outcome in outcomes:
                    if isinstance(outcome, WorkerDied):
                        work.commit(number, str(outcome), time.perf_counter() - started)
                    n_done += 1
                    if progress is not None:
                        progress(n_done)
        finally:
            standing = work.collect()
    return standing


def _remaining(work: LabellingDirectory) -> Iterator[tuple[int, Atoms]]:
    return ((number, atoms) for number, atoms in work.frames() if work.result(number) is None)
