r"""What would change a number: more time, more glasses, or a larger box.

A number measured on n independent glasses, each followed for a time t, has the standard error

.. math:: e = \sqrt{\frac{s^2 + \sigma^2}{n}}

with σ its error in time (blocks of one glass) and s the spread from glass to glass, which no time shortens.
Time lowers σ² in proportion, glasses lower both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

import numpy as np

from mofglass.analysis.statistics import block_average
from mofglass.errors import InputError
from mofglass.topology.binning import cell_heights

Remedy = Literal["time", "glasses", "either", "unknown", "none"]
"""What would lower the error; ``unknown`` where no spread between glasses is known."""

RATIO = 2.0
"""Spread over error in time from which the one is said to rule: the other then adds a tenth to the sum."""

DRIFT_SIGMA = 3.0
"""Difference of the halves of a series, in its standard errors, from which it is said to drift."""


@dataclass(frozen=True)
class Sampling:
    """How well a series in time samples its mean.

    Parameters
    ----------
    n_samples : int
        Samples.
    mean, error : float
        Mean and its standard error from blocks.
    inefficiency : float
        Statistical inefficiency: samples that count as one, 1 where they are independent.
    drift_sigma : float
        Mean of the second half less that of the first, in standard errors of that difference.
    converged : bool
        Whether the error has stopped growing with the length of the blocks.
    """

    n_samples: int
    mean: float
    error: float
    inefficiency: float
    drift_sigma: float
    converged: bool

    @property
    def n_independent(self) -> float:
        """Samples that count: all over the inefficiency."""
        return self.n_samples / self.inefficiency

    @property
    def settled(self) -> bool:
        """Whether the error has converged and the halves agree within `DRIFT_SIGMA`."""
        return self.converged and abs(self.drift_sigma) < DRIFT_SIGMA


def sampling(series: Sequence[float] | np.ndarray) -> Sampling:
    r"""Return how many independent samples a correlated series holds, and whether it drifts.

    The statistical inefficiency is n times the squared error from blocks over the variance of a sample; for
    a long series :math:`1 + 2\sum_t \rho(t)` (Chodera et al., J. Chem. Theory Comput. 3, 26 (2007),
    doi:10.1021/ct0502864).

    Parameters
    ----------
    series : array_like, shape (n_samples,)
        Equally spaced samples in order of time.

    Returns
    -------
    Sampling
        Its numbers; a series that does not vary counts as independent.

    Raises
    ------
    InputError
        For fewer than two samples, or one that is not finite.
    """
    samples = np.asarray(series, dtype=float)
    if len(samples) < 2 or not np.isfinite(samples).all():
        raise InputError(f"convergence needs two or more finite samples; there are {len(samples)}.")
    estimate = block_average(samples)
    variance = float(samples.var(ddof=1))
    inefficiency = len(samples) * estimate.error**2 / variance if estimate.error > 0 else 1.0
    half = len(samples) // 2
    # Each half has twice the variance of the whole, their difference four times.
    between = float(samples[-half:].mean() - samples[:half].mean())
    drift = between / (2 * estimate.error) if estimate.error > 0 else 0.0
    return Sampling(
        len(samples), estimate.mean, estimate.error, max(inefficiency, 1e-12), drift, estimate.converged
    )


@dataclass(frozen=True)
class Outlook:
    """What a number's error would become.

    Parameters
    ----------
    error : float
        Standard error of the mean over the glasses at hand, for all glasses so made; nan where their spread
        is unknown.
    error_ten_times_longer : float
        The same were each glass followed ten times as long.
    error_ten_times_glasses : float
        The same with ten times as many glasses.
    remedy : Remedy
        What to add.
    reason : str
        Why, in one sentence.
    """

    error: float
    error_ten_times_longer: float
    error_ten_times_glasses: float
    remedy: Remedy
    reason: str


def outlook(time_error: float, spread: float | None, *, n_glasses: int = 1, settled: bool = True) -> Outlook:
    """Say whether more time or more glasses would change a number.

    The rule: a run that has not settled needs time first. Else more glasses where the spread is at least
    `RATIO` times the error in time, more time where it is at most its reciprocal, and either between.

    Parameters
    ----------
    time_error : float
        Standard error of one glass, from blocks of time.
    spread : float or None
        Standard deviation between glasses beyond the error in time, in the same unit; None where unknown.
    n_glasses : int
        Glasses in the mean.
    settled : bool
        Whether the error in time has converged and nothing drifts.

    Returns
    -------
    Outlook
        Errors and remedy.

    Raises
    ------
    InputError
        For an error, spread or number of glasses that cannot be.
    """
    if not (isfinite(time_error) and time_error >= 0) or n_glasses < 1:
        raise InputError(f"an error of {time_error} over {n_glasses} glasses cannot be judged.")
    if spread is not None and not (isfinite(spread) and spread >= 0):
        raise InputError(f"a spread of {spread} between glasses cannot be judged.")

    def total(longer: float, more: float) -> float:  # numpydoc ignore=GL08
        if spread is None:
            return float("nan")
        return sqrt((spread**2 + time_error**2 / longer) / (n_glasses * more))

    errors = (total(1, 1), total(10, 1), total(1, 10))
    if not settled:
        return Outlook(*errors, "time", "more time: the run drifts, or its error still grows with the blocks")
    if spread is None:
        return Outlook(*errors, "unknown", "not known: one glass does not tell how another differs")
    if spread == 0 and time_error == 0:
        return Outlook(*errors, "none", "nothing: it does not vary")
    if spread >= RATIO * time_error:
        return Outlook(*errors, "glasses", "more glasses, not more time")
    if spread * RATIO <= time_error:
        return Outlook(*errors, "time", "more time; glasses differ by less than the error in time")
    return Outlook(*errors, "either", "more time or more glasses: both errors are alike")


def spread_between(values: Sequence[float], time_errors: Sequence[float]) -> float:
    """Return the standard deviation from glass to glass that is not their error in time.

    Parameters
    ----------
    values : sequence of float, at least two
        One a glass.
    time_errors : sequence of float
        Their standard errors from blocks of time.

    Returns
    -------
    float
        Square root of the variance between them less the mean square error; 0 where that is negative.

    Raises
    ------
    InputError
        For fewer than two glasses.
    """
    if len(values) < 2 or len(values) != len(time_errors):
        raise InputError("a spread needs two glasses or more, each with its error.")
    variance = float(np.var(np.asarray(values, dtype=float), ddof=1))
    return sqrt(max(0.0, variance - float(np.mean(np.square(time_errors)))))


def half_box_A(cell: np.ndarray) -> float:
    """Return half the least height of a cell: beyond it a distance may be one between images.

    Parameters
    ----------
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.

    Returns
    -------
    float
        Å.
    """
    return 0.5 * float(np.min(cell_heights(np.asarray(cell, dtype=float))))


def ring_diameter_A(n_metals: float, metal_distance_A: float) -> float:
    """Return the diameter of a ring of metals opened to a circle.

    Parameters
    ----------
    n_metals : float
        Metals in the ring: half its nodes.
    metal_distance_A : float
        Distance of bridged metals, Å.

    Returns
    -------
    float
        Å.
    """
    return n_metals * metal_distance_A / np.pi
