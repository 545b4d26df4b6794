"""Blocks of frames on disk, computed side by side in processes, each once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError, MofglassError
from mofglass.training.linear_fit import BlockEquations
from mofglass.training.pod_blocks import BlockMaker, BlockSettings
from mofglass.worker_processes import WorkerDied, over_processes

Done = Callable[[int], None]


def frame_blocks(dataset: Dataset, size: int) -> list[np.ndarray]:
    """Cut a dataset into blocks of neighbouring frames that never span two files, or one and its repeat.

    Adding a file leaves the blocks of the others as they were, so that they are not computed again.

    Parameters
    ----------
    dataset : Dataset
        Labelled frames.
    size : int
        Frames in a block, at most.

    Returns
    -------
    list of ndarray of int
        Row numbers of each block.
    """
    other_file = np.diff(dataset.table.file) != 0
    again = np.diff(dataset.table.frame) <= 0
    borders = np.flatnonzero(other_file | again) + 1
    runs = np.split(np.arange(len(dataset)), borders)
    return [run[start : start + size] for run in runs for start in range(0, len(run), size)]


@dataclass(frozen=True)
class StoredBlock:
    """A block on disk.

    Parameters
    ----------
    path : Path
        Its file.
    rows : ndarray of int
        Its frames: row numbers in the dataset.
    """

    path: Path
    rows: np.ndarray


class BlockStore:
    """Blocks on disk, by the hash of what they were made of.

    Parameters
    ----------
    directory : Path
        Where they are kept; several trainings may share it.
    settings : BlockSettings
        What they hold.
    """

    def __init__(self, directory: Path, settings: BlockSettings) -> None:
        self.directory = directory
        self.settings = settings
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, frames: Sequence[LabelledFrame]) -> Path:
        """Return where a block is, or will be.

        Parameters
        ----------
        frames : sequence of LabelledFrame
            Its frames.

        Returns
        -------
        Path
            The file.
        """
        return self.directory / f"{self.settings.key(frames)}.npz"

    def fill(
        self,
        dataset: Dataset,
        size: int,
        *,
        processes: int = 1,
        until: float | None = None,
        done: Done | None = None,
    ) -> list[StoredBlock]:
        """Compute the blocks of a dataset that are not there yet.

        Parameters
        ----------
        dataset : Dataset
            Labelled frames.
        size : int
            Frames in a block.
        processes : int
            Processes that compute blocks side by side.
        until : float, optional
            Time (of `time.monotonic`) after which no block is begun.
        done : callable, optional
            Called with the number of frames of each block that is there.

        Returns
        -------
        list of StoredBlock
            The blocks, in order; those that time did not suffice for are left out.
        """
        blocks: list[StoredBlock] = []
        missing: dict[Path, StoredBlock] = {}
        for rows in frame_blocks(dataset, size):
            block = StoredBlock(self.path([dataset[int(row)] for row in rows]), rows)
            blocks.append(block)
            # A file that is listed twice has its blocks computed once.
            if not block.path.exists() and block.path not in missing:
                missing[block.path] = block
            elif done is not None:
                done(len(rows))
        if missing:
            jobs = ((block.path, [dataset[int(row)] for row in block.rows]) for block in missing.values())
            if processes > 1 and len(missing) > 1:
                self._fill_side_by_side(jobs, min(processes, len(missing)), until, done)
            else:
                self._fill_here(jobs, until, done)
        return [block for block in blocks if block.path.exists()]

    def _fill_here(
        self, jobs: Iterator[tuple[Path, list[LabelledFrame]]], until: float | None, done: Done | None
    ) -> None:
        maker = BlockMaker(self.settings)
        try:
            for path, frames in jobs:
                if until is not None and time.monotonic() > until:
                    return
                maker.make(frames).save(path)
                if done is not None:
                    done(len(frames))
        finally:
            maker.close()

    def _fill_side_by_side(
        self,
        jobs: Iterator[tuple[Path, list[LabelledFrame]]],
        processes: int,
        until: float | None,
        done: Done | None,
    ) -> None:
        def in_time() -> Iterator[tuple[Path, list[LabelledFrame]]]:
            for job in jobs:
                if until is not None and time.monotonic() > until:
                    return
                yield job

        # The children's BLAS reads this when it is loaded: threads in every process would stop each other.
        before = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"
        try:
            # Frames are read as processes get free: few are in memory at once.
            with over_processes(_BlockWork(self.settings), in_time(), jobs=processes) as outcomes:
                for (path, frames), outcome in outcomes:
                    if isinstance(outcome, WorkerDied):
                        raise MofglassError(
                            f"a block of {len(frames)} frames ({path.name}) was not computed, {outcome}: the "
                            "same command goes on; fewer processes or smaller blocks need less memory"
                        )
                    if done is not None:
                        done(len(frames))
        finally:
            if before is None:
                os.environ.pop("OMP_NUM_THREADS", None)
            else:
                os.environ["OMP_NUM_THREADS"] = before


class _BlockWork:
    """Computes blocks in a worker process, which keeps its descriptors."""

    def __init__(self, settings: BlockSettings) -> None:
        self.settings = settings
        self._maker: BlockMaker | None = None

    def __call__(self, job: tuple[Path, list[LabelledFrame]]) -> None:
        if self._maker is None:
            self._maker = BlockMaker(self.settings)
        path, frames = job
        self._maker.make(frames).save(path)


def read_blocks(blocks: Iterable[StoredBlock]) -> Iterator[BlockEquations]:
    """Read blocks, one at a time.

    Parameters
    ----------
    blocks : iterable of StoredBlock
        Where they are.

    Yields
    ------
    BlockEquations
        In order.

    Raises
    ------
    InputError
        When a file is damaged.
    """
    for block in blocks:
        try:
            yield BlockEquations.load(block.path)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(
                f"the block {block.path} is damaged ({error}): delete it, and train again"
            ) from error
