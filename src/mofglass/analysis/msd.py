"""Mean square displacement by element, and the diffusion coefficient.

Displacements are unwrapped and kept as fractions of the cell, s, so that a breathing or shearing box
moves no atom; the motion of the centre of mass is removed; the mean cell H turns them into Å:

.. math:: \\mathrm{MSD}(t) = \\langle \\Delta s^T(t)\\, H H^T \\Delta s(t) \\rangle, \\qquad
          D = \\lim_{t\\to\\infty} \\frac{\\mathrm{MSD}(t)}{6 t}

Every frame is compared with earlier ones at lags that grow by octaves (the order-n scheme of Frenkel and
Smit, Understanding Molecular Simulation, 2nd ed., section 4.4.2; Dubbeldam et al., Mol. Simul. 35, 1084
(2009)): lags of 1 to 16 frames from every frame, 18 to 32 from every second one, and so on. Nothing is
averaged before the difference is taken, so each lag's value is exact, and memory grows only with the
logarithm of the number of frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_masses, chemical_symbols
from numba import njit

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import require_present, symbols_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.frame_interval import FrameInterval, checked_interval_ps
from mofglass.analysis.statistics import BlockSums, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.units import CM2_PER_S_PER_A2_PER_PS

_LAGS = 16
"""Lags of the first level; each further level adds half as many."""

_LEVELS = 24
"""Enough for 10⁸ frames."""

_AMBIGUOUS = 0.45
"""A step of nearly half a cell may as well have gone the other way."""


@dataclass(frozen=True)
class MSDResult(Result):
    """Mean square displacement of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    elements : tuple of str
        Symbols, in the order of the arrays' first axis.
    lag_ps : ndarray, shape (n_lags,)
        Lag times, ps, up to half the trajectory.
    msd_A2 : ndarray, shape (n_elements, n_lags)
        Mean square displacement, Å².
    msd_error_A2 : ndarray, shape (n_elements, n_lags)
        Standard errors; nan where unknown.
    exponent : ndarray, shape (n_elements, n_lags)
        Local exponent d ln MSD / d ln t: 2 ballistic, 1 diffusive, 0 a cage.
    diffusion_cm2_per_s, diffusion_error_cm2_per_s : ndarray, shape (n_elements,)
        Slope over the fitted lags divided by six, with its standard error.
    fit_exponent : ndarray, shape (n_elements,)
        Exponent over the fitted lags; D means something only where it is near 1.
    fit_from_ps, fit_to_ps : float
        Fitted lags, ps.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    elements: tuple[str, ...]
    lag_ps: np.ndarray
    msd_A2: np.ndarray
    msd_error_A2: np.ndarray
    exponent: np.ndarray
    diffusion_cm2_per_s: np.ndarray
    diffusion_error_cm2_per_s: np.ndarray
    fit_exponent: np.ndarray
    fit_from_ps: float
    fit_to_ps: float
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "msd"
    title: ClassVar[str] = "Mean square displacement"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a lag.

        Returns
        -------
        pandas.DataFrame
            ``lag_ps``, then ``msd_Zn_A2, msd_Zn_A2_error, exponent_Zn`` of each element.
        """
        columns = {"lag_ps": self.lag_ps}
        for k, symbol in enumerate(self.elements):
            columns[f"msd_{symbol}_A2"] = self.msd_A2[k]
            columns[f"msd_{symbol}_A2_error"] = self.msd_error_A2[k]
            columns[f"exponent_{symbol}"] = self.exponent[k]
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return the diffusion coefficient of each element.

        Returns
        -------
        dict
            ``elements`` by symbol, each with ``diffusion_coefficient_cm2_per_s`` and error,
            ``exponent_in_fit``, ``diffusive`` (exponent within 0.8 to 1.2) and ``msd_at_longest_lag_A2``.
        """
        return {
            "elements": {
                symbol: {
                    "diffusion_coefficient_cm2_per_s": float(self.diffusion_cm2_per_s[k]),
                    "diffusion_coefficient_cm2_per_s_error": float(self.diffusion_error_cm2_per_s[k]),
                    "exponent_in_fit": float(self.fit_exponent[k]),
                    "diffusive": bool(0.8 <= self.fit_exponent[k] <= 1.2),
                    "msd_at_longest_lag_A2": float(self.msd_A2[k, -1]),
                    "msd_at_longest_lag_A2_error": float(self.msd_error_A2[k, -1]),
                }
                for k, symbol in enumerate(self.elements)
            },
            "longest_lag_ps": float(self.lag_ps[-1]),
            "fit_from_ps": self.fit_from_ps,
            "fit_to_ps": self.fit_to_ps,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return MSD and local exponent against lag.

        Returns
        -------
        tuple of Panel
            Two panels.
        """
        curves = tuple(
            Curve(symbol, self.lag_ps, self.msd_A2[k], self.msd_error_A2[k])
            for k, symbol in enumerate(self.elements)
        )
        exponents = tuple(
            Curve(symbol, self.lag_ps, self.exponent[k]) for k, symbol in enumerate(self.elements)
        )
        positive = bool((self.msd_A2 > 0).all())
        return (
            Panel("Mean square displacement", "t (ps)", "MSD (Å²)", curves, x_log=True, y_log=positive),
            Panel("Local exponent", "t (ps)", "d ln MSD / d ln t", exponents, x_log=True),
        )

    @classmethod
    def combine(cls, results: Sequence[MSDResult]) -> MSDResult:
        """Average over independent glasses, errors between them, over the lags all of them have.

        Parameters
        ----------
        results : sequence of MSDResult
            One a glass, of the same elements and frame interval.

        Returns
        -------
        MSDResult
            The mean.
        """
        first = min(results, key=lambda result: len(result.lag_ps))
        n_lags = len(first.lag_ps)
        for result in results:
            if result.elements != first.elements or not np.allclose(result.lag_ps[:n_lags], first.lag_ps):
                raise InputError(
                    "the trajectories differ in elements or in the time between frames: analyse their "
                    "displacements apart."
                )
        msd, msd_error = mean_over_glasses([result.msd_A2[:, :n_lags] for result in results])
        diffusion, diffusion_error = mean_over_glasses([result.diffusion_cm2_per_s for result in results])
        fit_exponent, _ = mean_over_glasses([result.fit_exponent for result in results])
        return cls(
            elements=first.elements,
            lag_ps=first.lag_ps,
            msd_A2=msd,
            msd_error_A2=msd_error,
            exponent=np.array([local_exponent(first.lag_ps, row) for row in msd]),
            diffusion_cm2_per_s=diffusion,
            diffusion_error_cm2_per_s=diffusion_error,
            fit_exponent=fit_exponent,
            fit_from_ps=min(result.fit_from_ps for result in results),
            fit_to_ps=max(result.fit_to_ps for result in results),
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


class MSD(Analysis[MSDResult]):
    """Mean square displacement by element; needs its frames in order and evenly spaced in time.

    Parameters
    ----------
    elements : sequence of str, optional
        Elements to follow; all by default.
    frame_interval_ps : float, optional
        Time between frames, ps, for frames that carry no time.
    fit_range : tuple of float
        Lags fitted for D, as fractions of the trajectory's length.
    remove_drift : bool
        Whether the motion of the centre of mass of all atoms is taken off.

    Raises
    ------
    InputError
        When frames are unevenly spaced, have no time, or are too far apart to unwrap.
    """

    name: ClassVar[str] = "msd"
    mergeable: ClassVar[bool] = False

    def __init__(
        self,
        *,
        elements: Sequence[str] | None = None,
        frame_interval_ps: float | None = None,
        fit_range: tuple[float, float] = (0.1, 0.2),
        remove_drift: bool = True,
    ) -> None:
        super().__init__()
        if not 0 <= fit_range[0] < fit_range[1] <= 0.5:
            raise InputError(
                f"the lags fitted, {fit_range[0]:g} to {fit_range[1]:g} of the trajectory's length, must "
                "rise within 0 to 0.5 (--fit)."
            )
        self.elements = None if elements is None else tuple(elements)
        self.frame_interval_ps = checked_interval_ps(frame_interval_ps)
        self.fit_range = fit_range
        self.remove_drift = remove_drift

    def _start(self, data: FrameData) -> None:
        numbers = np.asarray(data.frame.numbers)
        self._source = data.source or "the trajectory"
        if self.elements is not None:
            require_present(self.elements, numbers, data.where)
        self._elements = self.elements or tuple(symbols_present(numbers)[::-1])
        symbols = np.array(chemical_symbols)[numbers]
        self._selected = np.concatenate([np.flatnonzero(symbols == symbol) for symbol in self._elements])
        n_of = [int((symbols == symbol).sum()) for symbol in self._elements]
        self._n_of = np.array(n_of)
        self._element = np.repeat(np.arange(len(n_of)), n_of)
        masses = atomic_masses[numbers]
        self._weights = masses / masses.sum()
        self._levels: list[np.ndarray] = []
        self._previous = np.empty((0, 3))
        self._cell_sum = np.zeros((3, 3))
        self._lags = np.array(_lag_frames(_LEVELS))
        self._blocks = BlockSums(len(self._lags) * (6 * len(n_of) + 1))
        self._interval = FrameInterval(
            self.frame_interval_ps, data.frame.time_ps, "the mean square displacement"
        )

    def _accepts(self, data: FrameData) -> bool:
        return self._interval.accepts(data, self.n_frames)

    def _update(self, data: FrameData) -> None:
        frame = data.frame
        fractional = np.linalg.solve(frame.cell.T, frame.positions.T).T
        if self.n_frames == 0:
            self._unwrapped = fractional
        else:
            step = fractional - self._previous
            step -= np.round(step)
            if np.abs(step).max() > _AMBIGUOUS:
                atom = int(np.abs(step).max(axis=1).argmax())
                raise InputError(
                    f"{data.where}: atom {atom} moved by nearly half a cell since the frame before: for the "
                    "mean square displacement give frames closer in time (a smaller stride)."
                )
            self._unwrapped = self._unwrapped + step
        self._previous = fractional
        self._cell_sum += frame.cell
        followed = self._unwrapped
        if self.remove_drift:
            followed = followed - self._weights @ followed
        self._correlate(np.ascontiguousarray(followed[self._selected]))

    def _correlate(self, positions: np.ndarray) -> None:
        """Compare with earlier frames, level by level, and store where this frame is due."""
        n_lags, n_elements = len(self._lags), len(self._elements)
        sums = np.zeros((n_lags, 6 * n_elements + 1))
        place = self.n_frames
        lag = 0
        for level in range(_LEVELS):
            if place % 2**level:
                break
            if level == len(self._levels):
                self._levels.append(np.empty((_LAGS, *positions.shape)))
                if level > 0:
                    self._levels[level][0] = self._levels[level - 1][0]
            ring, seen = self._levels[level], place // 2**level
            nearest = 1 if level == 0 else _LAGS // 2 + 1
            if seen >= nearest:
                _accumulate(positions, ring, seen, nearest, self._element, sums[lag : lag + _LAGS])
            ring[seen % _LAGS] = positions
            lag += _LAGS + 1 - nearest
            if place == 0:
                # A level begins with its second frame, when it takes the first from the level below.
                break
        self._blocks.add(sums.ravel())

    def _finish(self) -> MSDResult:
        if self.n_frames < 3 or self._interval.ps is None:
            raise InputError(
                f"{self._source}: the mean square displacement needs at least three frames, it has "
                f"{self.n_frames}."
            )
        n_elements = len(self._elements)
        reached = np.flatnonzero(self._lags <= self.n_frames // 2)
        mean_cell = self._cell_sum / self.n_frames
        metric = mean_cell @ mean_cell.T
        # The six different products of two fractional components, off-diagonals counted twice.
        weights = np.array(
            [metric[0, 0], metric[1, 1], metric[2, 2], 2 * metric[1, 2], 2 * metric[0, 2], 2 * metric[0, 1]]
        )
        lag_ps = self._lags[reached] * self._interval.ps
        length_ps = (self.n_frames - 1) * self._interval.ps
        low, high = (fraction * length_ps for fraction in self.fit_range)
        fitted = np.flatnonzero((lag_ps >= low * (1 - 1e-9)) & (lag_ps <= high * (1 + 1e-9)))
        if len(fitted) < 2:
            fitted = np.arange(min(2, len(reached)))

        def curves(total: np.ndarray) -> np.ndarray:
            rows = total.reshape(len(self._lags), -1)[reached]
            moments = rows[:, 1:].reshape(len(reached), n_elements, 6)
            with np.errstate(invalid="ignore", divide="ignore"):
                return (moments @ weights / rows[:, :1] / self._n_of).T

        def derived(total: np.ndarray) -> np.ndarray:
            return np.array([_fit(lag_ps[fitted], row[fitted]) for row in curves(total)])

        # A displacement reaches back over its lag: blocks shorter than the fitted lags would depend on
        # one another, and the error come out too small (by 1.4 for random walkers in 8 to 16 blocks).
        most_blocks = max(2, int(length_ps / lag_ps[fitted[-1]]))
        msd, msd_error = self._blocks.jackknife(curves, most_blocks=most_blocks)
        fit, fit_error = self._blocks.jackknife(derived, most_blocks=most_blocks)
        return MSDResult(
            elements=self._elements,
            lag_ps=lag_ps,
            msd_A2=msd,
            msd_error_A2=msd_error,
            exponent=np.array([local_exponent(lag_ps, row) for row in msd]),
            diffusion_cm2_per_s=fit[:, 0] / 6.0 * CM2_PER_S_PER_A2_PER_PS,
            diffusion_error_cm2_per_s=fit_error[:, 0] / 6.0 * CM2_PER_S_PER_A2_PER_PS,
            fit_exponent=fit[:, 1],
            fit_from_ps=float(lag_ps[fitted[0]]),
            fit_to_ps=float(lag_ps[fitted[-1]]),
            n_frames=self.n_frames,
        )


def local_exponent(lag_ps: np.ndarray, msd_A2: np.ndarray) -> np.ndarray:
    """Return d ln MSD / d ln t.

    Parameters
    ----------
    lag_ps : ndarray, shape (n_lags,)
        Lag times, ps.
    msd_A2 : ndarray, shape (n_lags,)
        Mean square displacement, Å².

    Returns
    -------
    ndarray, shape (n_lags,)
        The slope between neighbouring lags; nan where the displacement is zero or there is one lag.
    """
    if len(lag_ps) < 2:
        return np.full(len(lag_ps), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.gradient(np.log(msd_A2), np.log(lag_ps))
    return np.where(np.isfinite(slope), slope, np.nan)


def _fit(lag_ps: np.ndarray, msd_A2: np.ndarray) -> np.ndarray:
    """Return slope (Å²/ps, of a line with intercept) and exponent (slope of the logarithms).

    Each lag weighs 1/t²: an MSD from overlapping windows is uncertain in proportion to t.
    """
    if len(lag_ps) < 2 or not np.isfinite(msd_A2).all():
        return np.full(2, np.nan)
    slope = np.polyfit(lag_ps, msd_A2, 1, w=1.0 / lag_ps)[0]
    if (msd_A2 <= 0).any():
        return np.array([slope, np.nan])
    return np.array([slope, np.polyfit(np.log(lag_ps), np.log(msd_A2), 1)[0]])


def _lag_frames(n_levels: int) -> list[int]:
    """Return all lags in frames, rising."""
    lags = list(range(1, _LAGS + 1))
    for level in range(1, n_levels):
        lags += [k * 2**level for k in range(_LAGS // 2 + 1, _LAGS + 1)]
    return lags


@njit(cache=True, nogil=True)
def _accumulate(  # pragma: no cover
    positions: Any, ring: Any, seen: int, nearest: int, element: Any, sums: Any
) -> None:
    """Add, for each lag of a level, one origin and the products of the displacement's components."""
    n_ring = len(ring)
    for k in range(nearest, min(n_ring, seen) + 1):
        row = sums[k - nearest]
        row[0] += 1.0
        earlier = ring[(seen - k) % n_ring]
        for i in range(len(positions)):
            x = positions[i, 0] - earlier[i, 0]
            y = positions[i, 1] - earlier[i, 1]
            z = positions[i, 2] - earlier[i, 2]
            at = 1 + 6 * element[i]
            row[at] += x * x
            row[at + 1] += y * y
            row[at + 2] += z * z
            row[at + 3] += y * z
            row[at + 4] += x * z
            row[at + 5] += x * y
