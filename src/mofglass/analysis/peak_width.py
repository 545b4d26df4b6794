"""Width of the first peak of g(r) and the Lindemann ratio: how sharp neighbours' distances still are.

The full width at half maximum of the first Zn-N and Zn-Zn peaks follows melting (Gaillac et al., Nat. Mater.
16, 1149 (2017); Shi et al. 2023, Fig. 6a). The generalised Lindemann ratio is that width over the distance,

.. math:: \\Delta = \\frac{\\mathrm{FWHM}}{r_{peak}}

and passes 0.10 to 0.15 when a solid melts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.signal import savgol_filter

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import Pair, checked_symbol, require_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.rdf import RDF, first_shell, pair_label
from mofglass.analysis.statistics import jackknife_error, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

_SMOOTHING_A = 0.1
"""Span of the cubic that smooths g(r), Å: it leaves a peak of 0.12 Å as wide as it is, to 2 %."""

_SHELL_SMOOTHING_A = 0.1
"""Smoothing in which the first shell is looked for, Å: single bins of rare pairs exceed 1 by chance."""

_FEWEST_PAIRS = 100
"""Pairs within that span at the top of a peak, below which its height is noise and its width no number."""


@dataclass(frozen=True)
class Peak:
    """The first peak of one pair, with standard errors; nan where there is none or it is not resolved.

    Parameters
    ----------
    position_A, position_error_A : float
        Where g(r) is highest, Å.
    fwhm_A, fwhm_error_A : float
        Full width at half maximum, Å.
    lindemann, lindemann_error : float
        Width over position.
    n_pairs : int
        Pairs counted within 0.05 Å of the position; fewer than 100 give no width.
    """

    position_A: float
    position_error_A: float
    fwhm_A: float
    fwhm_error_A: float
    lindemann: float
    lindemann_error: float
    n_pairs: int


@dataclass(frozen=True)
class PeakWidthResult(Result):
    """First peaks of one trajectory, or of several glasses together.

    Parameters
    ----------
    r_A : ndarray, shape (n_bins,)
        Bin centres, Å.
    bin_width_A : float
        Bin width, Å.
    pairs : tuple of tuple of str
        The pairs.
    g, g_error : dict of str to ndarray
        g(r) by ``'Zn-N'``, and its standard errors.
    expected_pairs : dict of str to ndarray
        Pairs that all frames together would show in a bin if g were 1, each pair once.
    peaks : dict of str to Peak
        First peaks by ``'Zn-N'``.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories; errors are between these when there are two or more.
    """

    r_A: np.ndarray
    bin_width_A: float
    pairs: tuple[Pair, ...]
    g: dict[str, np.ndarray]
    g_error: dict[str, np.ndarray]
    expected_pairs: dict[str, np.ndarray]
    peaks: dict[str, Peak]
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "peak_width"
    title: ClassVar[str] = "Width of the first peaks"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a pair.

        Returns
        -------
        pandas.DataFrame
            ``pair, first_peak_A, fwhm_A, lindemann_ratio``, each with its error.
        """
        rows = [{"pair": label, **numbers} for label, numbers in self.summary()["pairs"].items()]
        return pd.DataFrame(rows)

    def summary(self) -> dict[str, Any]:
        """Return position, width and Lindemann ratio of each pair.

        Returns
        -------
        dict
            ``pairs`` by label, each with ``first_peak_A``, ``fwhm_A`` and ``lindemann_ratio`` and errors.
        """
        return {
            "pairs": {
                label: {
                    "first_peak_A": peak.position_A,
                    "first_peak_A_error": peak.position_error_A,
                    "fwhm_A": peak.fwhm_A,
                    "fwhm_A_error": peak.fwhm_error_A,
                    "lindemann_ratio": peak.lindemann,
                    "lindemann_ratio_error": peak.lindemann_error,
                    "n_pairs": peak.n_pairs,
                }
                for label, peak in self.peaks.items()
            },
            "bin_width_A": self.bin_width_A,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return each first peak with its width at half height.

        Returns
        -------
        tuple of Panel
            One panel a pair.
        """
        panels = []
        for label, peak in self.peaks.items():
            g, curves = self.g[label], []
            near = np.ones(len(g), dtype=bool)
            if np.isfinite(peak.fwhm_A):
                near = np.abs(self.r_A - peak.position_A) < 2.5 * peak.fwhm_A + 5 * self.bin_width_A
                left, right, half = _half_maximum(smoothed(g, self.bin_width_A), self.r_A)[1:]
                width = Curve(f"FWHM {peak.fwhm_A:.3f} Å", np.array([left, right]), np.array([half, half]))
                curves.append(width)
            curves.insert(0, Curve(label, self.r_A[near], g[near], self.g_error[label][near]))
            panels.append(Panel(f"First {label} peak", "r (Å)", "g(r)", tuple(curves)))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[PeakWidthResult]) -> PeakWidthResult:
        """Measure the peaks of the mean g(r) of independent glasses, errors by leaving out one glass each.

        Parameters
        ----------
        results : sequence of PeakWidthResult
            One a glass, of the same bins and pairs.

        Returns
        -------
        PeakWidthResult
            Of all glasses.
        """
        first = results[0]
        if len(results) == 1:
            return first
        g, g_error, expected, peaks = {}, {}, {}, {}
        for label in first.g:
            curves = np.array([result.g[label] for result in results])
            g[label], g_error[label] = mean_over_glasses(list(curves))
            others = (curves.sum(axis=0) - curves) / (len(curves) - 1)
            expected[label] = np.sum([result.expected_pairs[label] for result in results], axis=0)
            peaks[label] = _peak(g[label], others, expected[label], first.r_A, first.bin_width_A)
        return cls(
            r_A=first.r_A,
            bin_width_A=first.bin_width_A,
            pairs=first.pairs,
            g=g,
            g_error=g_error,
            expected_pairs=expected,
            peaks=peaks,
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


class PeakWidth(Analysis[PeakWidthResult]):
    """Full width at half maximum of the first peak of g(r), and the Lindemann ratio.

    Parameters
    ----------
    pairs : sequence of tuple of str
        The pairs of elements.
    r_max_A : float
        Range of g(r), Å; beyond the first shell of all pairs.
    bin_width_A : float
        Bin width, Å, at most 0.05.

    Raises
    ------
    InputError
        For no pair, or bins too wide for a peak.
    """

    name: ClassVar[str] = "peak_width"

    WIDEST_BIN_A: ClassVar[float] = 0.05
    """Bins beyond which a peak's width is that of its bins, Å."""

    def __init__(
        self,
        *,
        pairs: Sequence[Pair] = (("Zn", "N"), ("Zn", "Zn")),
        r_max_A: float = 10.0,
        bin_width_A: float = 0.02,
    ) -> None:
        super().__init__()
        if not pairs:
            raise InputError("there is no pair of elements to measure: give at least one.")
        if bin_width_A > self.WIDEST_BIN_A:
            raise InputError(
                f"bins of {bin_width_A} Å are too wide for a peak's width: at most {self.WIDEST_BIN_A:g}."
            )
        self.pairs = tuple(pairs)
        for pair in self.pairs:
            for symbol in pair:
                checked_symbol(symbol)
        # All pairs: the count of distances is then the very one that the standard set makes.
        self._rdf = RDF(r_max_A=r_max_A, bin_width_A=bin_width_A)

    def _start(self, data: FrameData) -> None:
        require_present([symbol for pair in self.pairs for symbol in pair], data.frame.numbers, data.where)

    def _update(self, data: FrameData) -> None:
        self._rdf.update(data)

    def _merge(self, later: PeakWidth) -> None:
        self._rdf.merge(later._rdf)

    def _finish(self) -> PeakWidthResult:
        rdf = self._rdf.result
        g, g_error, expected, peaks = {}, {}, {}, {}
        for pair in self.pairs:
            known = pair if pair in rdf.pairs else pair[::-1]
            label, source = pair_label(pair), pair_label(known)
            g[label], g_error[label] = rdf.g[source], rdf.g_error[source]
            _, replicates, both_ways = self._rdf.replicates(source)
            expected[label] = both_ways / (2 if pair[0] == pair[1] else 1)
            peaks[label] = _peak(g[label], replicates, expected[label], rdf.r_A, rdf.bin_width_A)
        return PeakWidthResult(
            r_A=rdf.r_A,
            bin_width_A=rdf.bin_width_A,
            pairs=self.pairs,
            g=g,
            g_error=g_error,
            expected_pairs=expected,
            peaks=peaks,
            n_frames=self.n_frames,
        )


def smoothed(g: np.ndarray, bin_width_A: float) -> np.ndarray:
    """Smooth g(r) by a running cubic, which keeps height and width of peaks broader than its span.

    Parameters
    ----------
    g : ndarray, shape (n_bins,)
        Radial distribution function.
    bin_width_A : float
        Bin width, Å.

    Returns
    -------
    ndarray, shape (n_bins,)
        The same, smoother; of bins so wide that the span holds fewer than five of them, as it was.
    """
    span = round(_SMOOTHING_A / bin_width_A) | 1
    return savgol_filter(g, span, 3) if 5 <= span <= len(g) else g


def first_peak(g: np.ndarray, r_A: np.ndarray, bin_width_A: float) -> tuple[float, float]:
    """Find position and full width at half maximum of the first peak.

    Parameters
    ----------
    g : ndarray, shape (n_bins,)
        Radial distribution function.
    r_A : ndarray, shape (n_bins,)
        Bin centres, Å.
    bin_width_A : float
        Bin width, Å.

    Returns
    -------
    position_A, fwhm_A : float
        Å; nan where there is no peak, or where g does not fall to half its height on both sides.
    """
    position, left, right, _ = _half_maximum(smoothed(g, bin_width_A), r_A)
    return position, right - left


def _half_maximum(curve: np.ndarray, r_A: np.ndarray) -> tuple[float, float, float, float]:
    """Return the first peak's position, both sides of its half height, and that height."""
    found, _ = first_shell(curve, float(r_A[1] - r_A[0]), smoothing_A=_SHELL_SMOOTHING_A)
    if found is None:
        return np.nan, np.nan, np.nan, np.nan
    top = found
    position, height = float(r_A[top]), float(curve[top])
    if 0 < top < len(curve) - 1:
        a, b, c = curve[top - 1 : top + 2]
        bend = a - 2 * b + c
        if bend < 0:
            shift = float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5))
            position += shift * float(r_A[1] - r_A[0])
            height = float(b - 0.25 * (a - c) * shift)
    half = height / 2
    below = curve < half
    before, after = np.flatnonzero(below[:top]), np.flatnonzero(below[top:])
    if len(before) == 0 or len(after) == 0:
        return position, np.nan, np.nan, half
    i, j = int(before[-1]), top + int(after[0])
    left = np.interp(half, curve[i : i + 2], r_A[i : i + 2])
    right = np.interp(half, curve[j : j - 2 : -1], r_A[j : j - 2 : -1])
    return position, float(left), float(right), half


def _peak(
    g: np.ndarray, replicates: np.ndarray, expected: np.ndarray, r_A: np.ndarray, bin_width_A: float
) -> Peak:
    def numbers(curve: np.ndarray) -> np.ndarray:
        position, width = first_peak(curve, r_A, bin_width_A)
        return np.array([position, width, width / position])

    found = numbers(g)
    top = np.abs(r_A - found[0]) <= _SMOOTHING_A / 2
    n_pairs = round(float((g * expected)[top].sum()))
    if n_pairs < _FEWEST_PAIRS:
        found[1:] = np.nan
    errors = np.full(3, np.nan)
    if len(replicates) > 1:
        errors = jackknife_error(np.array([numbers(replicate) for replicate in replicates]))
        errors[np.isnan(found)] = np.nan
    (position, width, ratio), (position_error, width_error, ratio_error) = found.tolist(), errors.tolist()
    return Peak(position, position_error, width, width_error, ratio, ratio_error, n_pairs)
