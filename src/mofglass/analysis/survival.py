"""Lifetimes of what is not always seen to begin or to end: survival curves and mean lifetimes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mofglass.errors import InputError


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier curve: the fraction that lives longer than t.

    Parameters
    ----------
    time_ps : ndarray, shape (n,)
        0 and every age at which one died, rising, ps.
    survival : ndarray, shape (n,)
        Fraction alive just after that age; 1 at age 0.
    survival_error : ndarray, shape (n,)
        Standard error by Greenwood's formula.
    n_at_risk : ndarray of int, shape (n,)
        How many were followed up to that age.
    """

    time_ps: np.ndarray
    survival: np.ndarray
    survival_error: np.ndarray
    n_at_risk: np.ndarray

    @property
    def median_ps(self) -> float:
        """Age that half of them reach, ps; nan where the curve ends above one half."""
        below = np.flatnonzero(self.survival <= 0.5)
        return float(self.time_ps[below[0]]) if len(below) else float("nan")


def kaplan_meier(duration_ps: np.ndarray, died: np.ndarray) -> Survival:
    """Estimate the survival curve from lifetimes of which some were cut short (right-censored).

    Parameters
    ----------
    duration_ps : array_like, shape (n,)
        How long each was seen to live, from its beginning, ps.
    died : array_like of bool, shape (n,)
        Whether its end was seen; else it lived at least so long. One whose beginning was not seen has no
        known age and does not belong here.

    Returns
    -------
    Survival
        S(t) = Π (1 - deaths / at risk) over the ages up to t.

    Raises
    ------
    InputError
        For negative durations or arrays of different lengths.

    References
    ----------
    Kaplan and Meier, J. Am. Stat. Assoc. 53, 457 (1958); Greenwood's variance
    S² Σ deaths / (at risk (at risk - deaths)).
    """
    duration, ended = np.asarray(duration_ps, dtype=float), np.asarray(died, dtype=bool)
    if duration.shape != ended.shape or (duration < 0).any():
        raise InputError("lifetimes must not be negative, and each needs its mark of having ended or not.")
    # Ages apart by rounding only are one age.
    ages, inverse = np.unique(np.round(duration, 9), return_inverse=True)
    deaths = np.bincount(inverse, weights=ended, minlength=len(ages)).astype(int)
    leaving = np.bincount(inverse, minlength=len(ages))
    at_risk = len(duration) - np.concatenate(([0], np.cumsum(leaving)[:-1])) if len(ages) else leaving
    ages, at_risk, deaths = ages[deaths > 0], at_risk[deaths > 0], deaths[deaths > 0]
    survival = np.cumprod(1.0 - deaths / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        error = np.where(survival > 0, survival * np.sqrt(variance), 0.0)
    return Survival(
        np.concatenate(([0.0], ages)),
        np.concatenate(([1.0], survival)),
        np.concatenate(([0.0], error)),
        np.concatenate(([len(duration)], at_risk)).astype(int),
    )


def mean_lifetime(duration_ps: np.ndarray, ended: np.ndarray) -> tuple[float, float]:
    """Return the mean lifetime: time spent in the state over the number of times it ended.

    In a stationary trajectory this is the mean lifetime whatever its distribution, if all visits count, those
    cut off at either end too; for an exponential one it is the maximum-likelihood estimate.

    Parameters
    ----------
    duration_ps : array_like, shape (n,)
        Time seen in the state at each visit, ps.
    ended : array_like of bool, shape (n,)
        Whether the end of the visit was seen.

    Returns
    -------
    lifetime_ps : float
        Mean lifetime, ps; nan where no end was seen.
    error_ps : float
        Standard error of the ratio, visits taken as independent; nan with fewer than two ends.
    """
    duration, died = np.asarray(duration_ps, dtype=float), np.asarray(ended, dtype=float)
    n_ended = died.sum()
    if n_ended == 0:
        return float("nan"), float("nan")
    lifetime = duration.sum() / n_ended
    if n_ended < 2:
        return float(lifetime), float("nan")
    residual = duration - lifetime * died
    n = len(duration)
    return float(lifetime), float(np.sqrt((residual**2).sum() * n / (n - 1)) / n_ended)


def waiting_time(times_ps: np.ndarray, start_ps: float, end_ps: float) -> tuple[float, float]:
    """Return the mean time between events: the time observed over their number.

    The error is that of counting, widened where events come in bursts: by the variance of the counts in eight
    stretches of time over their mean, where there are two events a stretch.

    Parameters
    ----------
    times_ps : array_like, shape (n,)
        When they happened, ps.
    start_ps, end_ps : float
        The time observed, ps.

    Returns
    -------
    waiting_ps : float
        Mean time between events, ps; nan without events.
    error_ps : float
        Standard error.
    """
    n_stretches = 8
    times = np.asarray(times_ps, dtype=float)
    n = len(times)
    if n == 0 or end_ps <= start_ps:
        return float("nan"), float("nan")
    waiting = (end_ps - start_ps) / n
    dispersion = 1.0
    if n >= 2 * n_stretches:
        counts, _ = np.histogram(times, n_stretches, (start_ps, end_ps))
        dispersion = max(1.0, float(counts.var(ddof=1) / counts.mean()))
    return waiting, waiting * float(np.sqrt(dispersion / n))
