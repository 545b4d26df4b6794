"""Whether two sets of independent bodies differ: crystal against glass, one quench against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from mofglass.errors import InputError


@dataclass(frozen=True)
class Sample:
    """A mean with its standard error and how far that error is to be trusted.

    Parameters
    ----------
    mean, error : float
        Mean and standard error of the mean.
    freedom : float
        Degrees of freedom of the error: one less than the bodies, or the blocks of time, it came from.
    """

    mean: float
    error: float
    freedom: float

    @classmethod
    def of_bodies(cls, values: Sequence[float]) -> Sample:
        """Take the mean over independent bodies, the error from their spread.

        Parameters
        ----------
        values : sequence of float
            One value a body, at least two.

        Returns
        -------
        Sample
            With one degree of freedom less than bodies.

        Raises
        ------
        InputError
            For fewer than two.
        """
        known = np.asarray(values, dtype=float)
        known = known[np.isfinite(known)]
        if len(known) < 2:
            raise InputError("the spread between bodies needs at least two of them")
        return cls(float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))), len(known) - 1.0)


@dataclass(frozen=True)
class Difference:
    """Welch's test of two means with unlike variances (Biometrika 34, 28 (1947)).

    Parameters
    ----------
    difference, error : float
        First mean less the second, and its standard error.
    t : float
        The one over the other.
    freedom : float
        Degrees of freedom by Welch and Satterthwaite.
    p_value : float
        Chance of so large a difference, either way, if there were none.
    """

    difference: float
    error: float
    t: float
    freedom: float
    p_value: float


def welch(first: Sample, second: Sample) -> Difference:
    """Test whether two means differ.

    Parameters
    ----------
    first, second : Sample
        The means; one may be a single crystal, its error from blocks of time.

    Returns
    -------
    Difference
        The test.

    Raises
    ------
    InputError
        When an error is unknown or both are zero.
    """
    variances = np.array([first.error**2, second.error**2])
    total = float(variances.sum())
    if not np.isfinite(total) or total <= 0 or min(first.freedom, second.freedom) <= 0:
        raise InputError("a test of two means needs the error of both")
    freedom = total**2 / float((variances**2 / [first.freedom, second.freedom]).sum())
    error = float(np.sqrt(total))
    difference = first.mean - second.mean
    t = difference / error
    return Difference(difference, error, t, freedom, float(2 * student.sf(abs(t), freedom)))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Correct the chances of several tests for their number (Holm, Scand. J. Stat. 6, 65 (1979)).

    Parameters
    ----------
    p_values : sequence of float
        One a test.

    Returns
    -------
    ndarray, shape (n,)
        Corrected chances, in the same order: where none is below 0.05, the chance of a false alarm anywhere
        among the tests was 5 %, whether they depend on one another or not.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected
