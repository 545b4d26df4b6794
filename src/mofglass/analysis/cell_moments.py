"""Moments of a fluctuating cell, summed as cells stream by, in at most 256 blocks of time.

With row vectors a cell is :math:`h = h_0 F^T`, F being the deformation from a reference cell
:math:`h_0`. The strain

.. math:: \\epsilon = \\tfrac12 (F^T F - 1) = \\tfrac12 (h_0^{-1} h h^T h_0^{-T} - 1)

of Parrinello and Rahman (J. Chem. Phys. 76, 2662 (1982)) holds the cell only as its metric
:math:`h h^T`, so that a cell which turns is not strained. And it is linear in the metric: moments taken
against the first cell are turned into those against the mean one afterwards, exactly, and one pass is
enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofglass.analysis.elastic_tensor import strain_to_voigt, voigt_to_strain
from mofglass.errors import InputError

MOST_BLOCKS = 256
_LARGEST_STRAIN = 0.25
_ROWS, _COLUMNS = np.triu_indices(7)
_N, _FIRST, _THIRD, _FOURTH, _SECOND, _CELL = (
    slice(0, 1),
    slice(1, 8),
    slice(8, 15),
    slice(15, 22),
    slice(22, 50),
    slice(50, 59),
)


class CellMoments:
    """Sums over blocks of time of strains, relative volumes, their products, and cells.

    Attributes
    ----------
    first_cell_A : ndarray, shape (3, 3), or None
        The cell that strains are taken against while summing, Å.
    block_length : int
        Cells in a whole block; it doubles when there are too many blocks.
    """

    def __init__(self) -> None:
        self.first_cell_A: np.ndarray | None = None
        self.block_length = 1
        self._sums = np.zeros((MOST_BLOCKS, 59))
        self._ends_ps = np.full(MOST_BLOCKS, np.nan)
        self._n_blocks = 0
        self._start_ps = np.nan
        self.n_frames = 0

    def add(self, cells_A: np.ndarray, time_ps: np.ndarray | None = None) -> None:
        """Add consecutive cells.

        Parameters
        ----------
        cells_A : ndarray, shape (n, 3, 3)
            Cell vectors as rows, Å.
        time_ps : ndarray, shape (n,), optional
            Times, ps.

        Raises
        ------
        InputError
            When a cell is strained by more than a quarter against the first one.
        """
        if not len(cells_A):
            return
        times = np.full(len(cells_A), np.nan) if time_ps is None else np.asarray(time_ps, dtype=float)
        if self.first_cell_A is None:
            self.first_cell_A = np.array(cells_A[0], dtype=float)
            self._start_ps = float(times[0])
        samples = self._samples(np.asarray(cells_A, dtype=float))
        start = 0
        while start < len(samples):
            if self._n_blocks == 0 or self._sums[self._n_blocks - 1, 0] >= self.block_length:
                if self._n_blocks == MOST_BLOCKS:
                    self._double()
                else:
                    self._n_blocks += 1
            last = self._n_blocks - 1
            take = min(self.block_length - int(self._sums[last, 0]), len(samples) - start)
            self._sums[last] += samples[start : start + take].sum(axis=0)
            self._ends_ps[last] = times[start + take - 1]
            start += take
        self.n_frames += len(samples)

    def _samples(self, cells: np.ndarray) -> np.ndarray:
        """Return a row of summands for each cell."""
        assert self.first_cell_A is not None
        gradient = np.linalg.solve(self.first_cell_A, cells)
        green = gradient @ gradient.transpose(0, 2, 1)
        strain = strain_to_voigt((green - np.eye(3)) / 2)
        largest = np.abs(strain).max(axis=1)
        if largest.max() > _LARGEST_STRAIN:
            index = int(np.flatnonzero(largest > _LARGEST_STRAIN)[0])
            raise InputError(
                f"frame {self.n_frames + index}: the cell is strained by {largest[index]:.0%} against the "
                "first one: it is not one state in equilibrium, or the box was flipped (in LAMMPS use "
                "'flip no'); choose the frames (--from-ps, --start)"
            )
        x = np.column_stack([strain, np.linalg.det(gradient) - 1])
        squares = x**2
        products = x[:, _ROWS] * x[:, _COLUMNS]
        return np.column_stack([np.ones(len(x)), x, squares * x, squares**2, products, cells.reshape(-1, 9)])

    def _double(self) -> None:
        """Join neighbouring blocks; all are whole."""
        half = MOST_BLOCKS // 2
        self._sums[:half] = self._sums[::2] + self._sums[1::2]
        self._sums[half:] = 0.0
        self._ends_ps[:half] = self._ends_ps[1::2]
        self._ends_ps[half:] = np.nan
        self._n_blocks, self.block_length = half, 2 * self.block_length

    @property
    def block_sums(self) -> np.ndarray:
        """Sums over each block, shape (n_blocks, 59); read them with `fluctuations`."""
        return self._sums[: self._n_blocks]

    @property
    def interval_ps(self) -> float:
        """Time between cells, ps; nan where the file does not tell."""
        if self.n_frames < 2:
            return np.nan
        return float((self._ends_ps[self._n_blocks - 1] - self._start_ps) / (self.n_frames - 1))

    def block_times_ps(self) -> np.ndarray:
        """Return the time from the first cell to the end of each block.

        Returns
        -------
        ndarray, shape (n_blocks,)
            Times, ps; nan where the file does not tell.
        """
        return self._ends_ps[: self._n_blocks] - self._start_ps

    def block_volumes_A3(self) -> np.ndarray:
        """Return the mean volume of each block.

        Returns
        -------
        ndarray, shape (n_blocks,)
            Volumes, Å³.
        """
        assert self.first_cell_A is not None
        sums = self.block_sums
        return abs(np.linalg.det(self.first_cell_A)) * (1 + sums[:, _FIRST][:, 6] / sums[:, 0])

    def grouped(self, n_groups: int) -> np.ndarray:
        """Join neighbouring blocks into groups of equal length, as nearly as may be.

        Parameters
        ----------
        n_groups : int
            How many.

        Returns
        -------
        ndarray, shape (n_groups, 59)
            Sums over each group.
        """
        sums = self.block_sums
        middles = np.cumsum(sums[:, 0]) - sums[:, 0] / 2
        group = np.minimum((middles / self.n_frames * n_groups).astype(int), n_groups - 1)
        return np.array([sums[group == k].sum(axis=0) for k in range(n_groups)])

    def inefficiency(self) -> tuple[float, bool]:
        """Estimate how many cells count as one independent measurement of a fluctuation.

        Blocks of the squared deviations of the six strains and of the volume are doubled, and the length
        B taken is the first with :math:`B^3 > 2 n g^2`, g being the ratio of the variance of the mean to
        that of independent cells (Lee et al., Phys. Rev. E 83, 066706 (2011)); the slowest of the seven
        counts.

        Returns
        -------
        cells : float
            At least 1.
        converged : bool
            Whether such a length was found with at least eight blocks for all seven.
        """
        total = self.block_sums.sum(axis=0)
        n = total[0]
        mean = total[_FIRST] / n
        second = _symmetric(total[_SECOND])[np.arange(7), np.arange(7)] / n
        third, fourth = total[_THIRD] / n, total[_FOURTH] / n
        variance = second - mean**2
        moved = np.flatnonzero(variance > 1e-14)
        single = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4 - variance**2
        whole = self.block_sums[self.block_sums[:, 0] == self.block_length]
        squares = _diagonal(whole[:, _SECOND])
        blocks = (squares - 2 * mean * whole[:, _FIRST]) / self.block_length + mean**2
        worst, converged = 1.0, len(whole) >= 8
        for place in moved:
            series, length, reached, largest = blocks[:, place], self.block_length, False, 1.0
            while len(series) >= 8:
                g = max(1.0, length * float(series.var(ddof=1)) / max(float(single[place]), 1e-300))
                largest = max(largest, g)
                if length**3 > 2 * n * g**2:
                    reached, largest = True, g
                    break
                series = (series[: len(series) // 2 * 2 : 2] + series[1::2][: len(series) // 2]) / 2
                length *= 2
            worst, converged = max(worst, largest), converged and reached
        return worst, converged


@dataclass(frozen=True)
class Fluctuations:
    """What the sums over some stretch of time amount to.

    Parameters
    ----------
    reference_cell_A : ndarray, shape (3, 3)
        Cell with the mean metric, Å: the mean strain against it is zero.
    strain_covariance : ndarray, shape (6, 6)
        Covariance of the engineering strains against it.
    mean_volume_A3 : float
        Mean volume, Å³.
    volume_variance_A6 : float
        Its variance, Å⁶.
    """

    reference_cell_A: np.ndarray
    strain_covariance: np.ndarray
    mean_volume_A3: float
    volume_variance_A6: float


def fluctuations(sums: np.ndarray, first_cell_A: np.ndarray) -> Fluctuations:
    """Turn sums into the mean cell and the covariance of strain against it.

    Parameters
    ----------
    sums : ndarray, shape (59,)
        Of one or more blocks.
    first_cell_A : ndarray, shape (3, 3)
        What they were summed against, Å.

    Returns
    -------
    Fluctuations
        The reference cell is oriented as the cells are on average; where they turn about, as the first.
    """
    n = sums[0]
    mean = sums[_FIRST] / n
    covariance = (_symmetric(sums[_SECOND]) / n - np.outer(mean, mean)) * n / max(n - 1, 1)
    mean_metric = first_cell_A @ (np.eye(3) + 2 * voigt_to_strain(mean[:6])) @ first_cell_A.T
    reference = _oriented(mean_metric, sums[_CELL].reshape(3, 3) / n, first_cell_A)
    # strain = a (strain against the first cell) a^T + a constant
    a = np.linalg.solve(reference, first_cell_A)
    unit = voigt_to_strain(np.eye(6))
    change = strain_to_voigt(a @ unit @ a.T).T
    volume = abs(float(np.linalg.det(first_cell_A)))
    return Fluctuations(
        reference_cell_A=reference,
        strain_covariance=change @ covariance[:6, :6] @ change.T,
        mean_volume_A3=volume * (1 + float(mean[6])),
        volume_variance_A6=volume**2 * float(covariance[6, 6]),
    )


def _oriented(metric: np.ndarray, mean_cell: np.ndarray, first_cell: np.ndarray) -> np.ndarray:
    """Return the cell of a metric, turned as the mean cell is (polar decomposition)."""
    lower = np.linalg.cholesky(metric)
    shrunk = abs(np.linalg.det(mean_cell)) < 0.95 * np.linalg.det(lower)
    model = first_cell if shrunk else mean_cell
    if np.abs(model[np.triu_indices(3, 1)]).max() < 1e-9 * np.abs(model).max() and (np.diag(model) > 0).all():
        return lower  # a along x, b in the xy plane, as LAMMPS has all its cells
    left, _, right = np.linalg.svd(np.linalg.solve(lower, model))
    return lower @ left @ right


def _symmetric(upper: np.ndarray) -> np.ndarray:
    full = np.zeros((7, 7))
    full[_ROWS, _COLUMNS] = upper
    return full + np.triu(full, 1).T


def _diagonal(upper: np.ndarray) -> np.ndarray:
    return upper[:, _ROWS == _COLUMNS]
