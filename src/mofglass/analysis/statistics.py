"""Errors of averages: blocks in time, jackknife over blocks, independent glasses.

Frames of a trajectory are correlated, so that the naive standard error is too small. A number a frame
(a density, a coordination number) keeps its series and is blocked here with the block length found
from the data. A curve a frame (a distribution) is summed into a few long blocks as it streams by, and
whatever is derived from it (a barrier, a slope) takes its error from leaving out one block at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-12
"""Part of a value by which replicates that are equal may differ."""

_FEWEST_BLOCKS = 4
"""An error from fewer blocks than this says next to nothing."""


@dataclass(frozen=True)
class Estimate:
    """A mean over time with its standard error.

    Parameters
    ----------
    mean : float
        Mean over all samples; nan without samples.
    error : float
        Standard error of the mean, correlations included; nan where there is one sample only.
    n_samples : int
        How many samples.
    block_length : int
        Samples in a block, at which blocks are independent.
    converged : bool
        Whether the error has stopped growing with the block length; if not, it is a lower bound and
        the trajectory is too short for its correlations.
    """

    mean: float
    error: float
    n_samples: int
    block_length: int
    converged: bool


def block_average(series: Sequence[float] | np.ndarray) -> Estimate:
    """Average a time series, its error from blocks whose length is found from the series itself.

    Blocks are doubled (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)); the length B taken is
    the first with B³ > 2 n (s_B / s_1)⁴, s_B being the standard error from blocks of B (Lee et al.,
    Phys. Rev. E 83, 066706 (2011)), among those that leave at least four blocks.

    Parameters
    ----------
    series : array_like, shape (n_samples,)
        Equally spaced samples in order of time.

    Returns
    -------
    Estimate
        Mean and standard error. Where no length qualifies the largest error seen is given and
        `converged` is false.
    """
    samples = np.asarray(series, dtype=float)
    n_samples = len(samples)
    if n_samples == 0:
        return Estimate(np.nan, np.nan, 0, 0, False)
    mean = float(samples.mean())
    if n_samples == 1:
        return Estimate(mean, np.nan, 1, 1, False)
    lengths, errors = [], []
    blocks, length = samples, 1
    while len(blocks) >= (_FEWEST_BLOCKS if length > 1 else 2):
        lengths.append(length)
        errors.append(float(blocks.std(ddof=1) / np.sqrt(len(blocks))))
        even = len(blocks) // 2 * 2
        blocks = (blocks[:even:2] + blocks[1:even:2]) / 2
        length *= 2
    if errors[0] <= 1e-14 * abs(mean):
        return Estimate(mean, 0.0, n_samples, 1, True)
    for length, error in zip(lengths, errors, strict=True):
        if length**3 > 2 * n_samples * (error / errors[0]) ** 4:
            return Estimate(mean, error, n_samples, length, True)
    worst = int(np.argmax(errors))
    return Estimate(mean, errors[worst], n_samples, lengths[worst], False)


def mean_over_glasses(values: Sequence[np.ndarray | float]) -> tuple[np.ndarray, np.ndarray]:
    """Average what was measured on independent glasses.

    Parameters
    ----------
    values : sequence of array_like
        One number or array a glass, all of one shape; nan where a glass has no value.

    Returns
    -------
    mean : ndarray
        Mean over the glasses that have a value.
    error : ndarray
        Standard error of that mean, from the spread between glasses; nan with fewer than two.
    """
    stack = np.asarray(values, dtype=float)
    known = np.isfinite(stack)
    n_known = known.sum(axis=0)
    total = np.where(known, stack, 0.0).sum(axis=0)
    mean = np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)
    squares = np.where(known, (stack - mean) ** 2, 0.0).sum(axis=0)
    error = np.where(
        n_known > 1, np.sqrt(squares / np.maximum(n_known - 1, 1) / np.maximum(n_known, 1)), np.nan
    )
    return mean, error


class BlockSums:
    """Sums of an array a frame over blocks of time, in constant memory.

    The blocks double their length when there are 16, so that a trajectory of any length ends with 8 to
    16 of them (fewer only when there are fewer frames).

    Parameters
    ----------
    size : int
        Length of the array each frame adds.
    """

    _MOST = 16

    def __init__(self, size: int) -> None:
        self.size = size
        self.block_length = 1
        self._sums: list[np.ndarray] = []
        self._frames: list[int] = []

    @property
    def n_frames(self) -> int:
        """Frames added so far."""
        return sum(self._frames)

    @property
    def n_blocks(self) -> int:
        """Blocks begun so far."""
        return len(self._sums)

    def add(self, sample: np.ndarray) -> None:
        """Add the array of one frame.

        Parameters
        ----------
        sample : ndarray, shape (size,)
            What the frame adds to the sums.
        """
        if not self._sums or self._frames[-1] >= self.block_length:
            if len(self._sums) == self._MOST:
                self._double()
            self._sums.append(np.zeros(self.size))
            self._frames.append(0)
        self._sums[-1] += sample
        self._frames[-1] += 1

    @classmethod
    def length_of(cls, n_frames: int) -> int:
        """Return the block length that a number of frames ends with.

        Parameters
        ----------
        n_frames : int
            Frames.

        Returns
        -------
        int
            Frames in a block, a power of two. Parts that begin at its multiples merge to the same blocks.
        """
        length = 1
        while n_frames > cls._MOST * length:
            length *= 2
        return length

    def _double(self) -> None:
        self.block_length *= 2
        blocks = list(zip(self._sums, self._frames, strict=True))
        self._sums, self._frames = [], []
        for block, n_frames in blocks:
            self._append(block, n_frames)

    def _append(self, block: np.ndarray, n_frames: int) -> None:
        """Put frames at the end: into the last block where they fit, else as a new one."""
        if self._frames and self._frames[-1] + n_frames <= self.block_length:
            self._sums[-1] += block
            self._frames[-1] += n_frames
        else:
            self._sums.append(block)
            self._frames.append(n_frames)

    def total(self) -> np.ndarray:
        """Return the sum over all frames.

        Returns
        -------
        ndarray, shape (size,)
            The sum.
        """
        return np.sum(self._sums, axis=0) if self._sums else np.zeros(self.size)

    def merge(self, later: BlockSums) -> None:
        """Append the blocks of the frames that follow these.

        Parameters
        ----------
        later : BlockSums
            Sums over the frames that come after; left as they are.
        """
        other = BlockSums(later.size)
        other.block_length = later.block_length
        other._sums = [block.copy() for block in later._sums]
        other._frames = list(later._frames)
        while self.block_length != other.block_length:
            (self if self.block_length < other.block_length else other)._double()
        for block, n_frames in zip(other._sums, other._frames, strict=True):
            self._append(block, n_frames)
        while len(self._sums) > self._MOST:
            self._double()

    def jackknife(
        self, estimator: Callable[[np.ndarray], np.ndarray], *, most_blocks: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Estimate a function of the summed array, its error by leaving out one block at a time.

        Parameters
        ----------
        estimator : callable
            Maps a summed array, shape (size,), to the estimate; must not depend on the number of frames
            but through entries of the array.
        most_blocks : int, optional
            Join neighbouring blocks to at most so many, where samples reach over several frames.

        Returns
        -------
        estimate : ndarray
            From all frames.
        error : ndarray
            Jackknife standard error; nan with fewer than two blocks, or where the estimate or one of
            its replicates is not finite.
        """
        estimate = np.asarray(estimator(self.total()), dtype=float)
        replicates = self.replicates(estimator, most_blocks=most_blocks)
        if len(replicates) < 2:
            return estimate, np.full(estimate.shape, np.nan)
        return estimate, np.where(np.isfinite(estimate), jackknife_error(replicates), np.nan)

    def replicates(
        self, estimator: Callable[[np.ndarray], np.ndarray], *, most_blocks: int | None = None
    ) -> np.ndarray:
        """Estimate a function of the summed array without one block of time each.

        Parameters
        ----------
        estimator : callable
            As for `jackknife`.
        most_blocks : int, optional
            As for `jackknife`.

        Returns
        -------
        ndarray, shape (n_blocks, ...)
            One estimate a block left out; empty with fewer than two blocks.
        """
        sums, frames = list(self._sums), list(self._frames)
        # A short last block would weigh as much as a whole one: it joins the one before.
        if len(sums) > 2 and frames[-1] < self.block_length / 2:
            last = sums.pop()
            sums[-1] = sums[-1] + last
        if most_blocks is not None and len(sums) > most_blocks:
            groups = np.array_split(np.arange(len(sums)), most_blocks)
            sums = [np.sum([sums[k] for k in group], axis=0) for group in groups]
        if len(sums) < 2:
            return np.empty((0, *np.shape(estimator(self.total()))))
        # Summed afresh, since total minus block would leave rounding where the others are zero.
        without = (np.sum(sums[:k] + sums[k + 1 :], axis=0) for k in range(len(sums)))
        return np.array([np.asarray(estimator(others), dtype=float) for others in without])


def jackknife_error(replicates: np.ndarray) -> np.ndarray:
    """Return the standard error from estimates that each leave out one of n blocks or glasses.

    Parameters
    ----------
    replicates : ndarray, shape (n, ...)
        The estimates, n at least 2.

    Returns
    -------
    ndarray, shape (...)
        Standard errors; nan where a replicate is not finite, 0 where they differ by rounding alone.
    """
    n_replicates = len(replicates)
    with np.errstate(invalid="ignore"):
        squares = ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0)
    error = np.sqrt(squares * (n_replicates - 1) / n_replicates)
    error = np.where(error <= _ROUNDING * np.abs(replicates).max(axis=0), 0.0, error)
    return np.where(np.isfinite(error), error, np.nan)
