"""Reorientation times from a correlation function: the rate of its exponential decay, and its integral."""

from __future__ import annotations

import numpy as np

_LEAST = 0.1
"""Below this a correlation is as much noise as decay."""


def reorientation_fit(lag_ps: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Fit A exp(-k t), and integrate.

    Parameters
    ----------
    lag_ps : ndarray, shape (n,)
        Lags, ps, rising, from the first after 0.
    correlation : ndarray, shape (n,)
        The correlation at these; 1 at lag 0.

    Returns
    -------
    ndarray, shape (3,)
        The rate k, 1/ps, and the amplitude A, from the lags before the correlation first falls below 0.1,
        each weighing as its value, since the error of a logarithm goes as the inverse; and the time ∫ C dt,
        ps, the rest being taken from the fit: nan where the correlation does not fall below 0.1.
    """
    low = np.flatnonzero(correlation < _LEAST)
    end = int(low[0]) if len(low) else len(lag_ps)
    if end < 2 or not np.isfinite(correlation[:end]).all():
        return np.full(3, np.nan)
    slope, intercept = np.polyfit(lag_ps[:end], np.log(correlation[:end]), 1, w=correlation[:end])
    rate, amplitude = -float(slope), float(np.exp(intercept))
    integral = np.nan
    if len(low) and rate > 0:
        t = np.concatenate(([0.0], lag_ps[:end]))
        c = np.concatenate(([1.0], correlation[:end]))
        # Between two lags the correlation falls exponentially rather than along a line.
        ratio = c[1:] / c[:-1]
        falls = np.abs(1.0 - ratio) > 1e-6
        logarithmic = np.where(falls, (ratio - 1.0) / np.log(np.where(falls, ratio, 0.5)), 1.0)
        integral = float((np.diff(t) * c[:-1] * logarithmic).sum()) + c[-1] / rate
    return np.array([rate, amplitude, integral])
