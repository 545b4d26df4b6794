"""Radial distribution functions, total and partial, with running coordination numbers.

.. math:: g_{ab}(r) = \\Big\\langle \\frac{V \\, n_{ab}(r, \\Delta r)}{N_a N_b \\,
          \\tfrac{4}{3}\\pi[(r + \\Delta r)^3 - r^3]} \\Big\\rangle

with the volume of each frame, so that constant-pressure trajectories are normalised properly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import Pair, checked_symbol, require_present, symbols_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import BlockSums, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

TOTAL = "total"
"""Key of the distribution over all pairs of atoms, whatever their elements."""


def pair_label(pair: Pair) -> str:
    """Return the name of a pair of elements, e.g. ``Zn-N``.

    Parameters
    ----------
    pair : tuple of str
        Two symbols.

    Returns
    -------
    str
        Joined by a hyphen.
    """
    return "-".join(pair)


@dataclass(frozen=True)
class RDFResult(Result):
    """Radial distribution functions of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    r_A : ndarray, shape (n_bins,)
        Bin centres, Å.
    bin_width_A : float
        Bin width, Å; the running numbers hold at the upper edge of each bin.
    pairs : tuple of tuple of str
        The partials, in the order of the arrays; the total is not among them.
    g : dict of str to ndarray
        g(r) by ``'Zn-N'``; with all pairs also ``'total'``.
    g_error : dict of str to ndarray
        Standard errors; nan where unknown.
    running_coordination : dict of tuple of str to ndarray
        ``running_coordination['Zn', 'N']``: mean number of N within the upper edge of each bin of a Zn.
    running_coordination_error : dict of tuple of str to ndarray
        Standard errors.
    number_density_per_A3 : float
        Mean number of atoms in 1 Å³.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean; errors are between these when there are two or more.
    """

    r_A: np.ndarray
    bin_width_A: float
    pairs: tuple[Pair, ...]
    g: dict[str, np.ndarray]
    g_error: dict[str, np.ndarray]
    running_coordination: dict[Pair, np.ndarray]
    running_coordination_error: dict[Pair, np.ndarray]
    number_density_per_A3: float
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "rdf"
    title: ClassVar[str] = "Radial distribution function"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a bin: r, then g and running coordination of each pair with errors.

        Returns
        -------
        pandas.DataFrame
            ``r_A, g_Zn-N, g_Zn-N_error, n_N_around_Zn, n_N_around_Zn_error, ...``; the running numbers
            hold at ``r_upper_A``, the upper edge of the bin.
        """
        columns = {"r_A": self.r_A, "r_upper_A": self.r_A + self.bin_width_A / 2}
        for label, values in self.g.items():
            columns[f"g_{label}"] = values
            columns[f"g_{label}_error"] = self.g_error[label]
        for (centre, other), values in self.running_coordination.items():
            columns[f"n_{other}_around_{centre}"] = values
            columns[f"n_{other}_around_{centre}_error"] = self.running_coordination_error[centre, other]
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return the first peak and the coordination within the first minimum of each pair.

        Returns
        -------
        dict
            ``pairs`` by label, each with ``first_peak_A``, ``first_peak_g`` and its error,
            ``first_minimum_A`` and ``coordination_number`` within it, with its error.
        """
        return {
            "pairs": {pair_label(pair): self._pair_summary(pair) for pair in self.pairs},
            "r_max_A": float(self.r_A[-1] + self.bin_width_A / 2),
            "bin_width_A": self.bin_width_A,
            "number_density_per_A3": self.number_density_per_A3,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def _pair_summary(self, pair: Pair) -> dict[str, Any]:
        label = pair_label(pair)
        g = self.g[label]
        peak, minimum = first_shell(
            g,
            self.bin_width_A,
            g_error=self.g_error[label],
            running_coordination=self.running_coordination[pair],
        )
        summary: dict[str, Any] = {
            "first_peak_A": None if peak is None else float(self.r_A[peak]),
            "first_peak_g": None if peak is None else float(g[peak]),
            "first_peak_g_error": None if peak is None else float(self.g_error[label][peak]),
            "first_minimum_A": None if minimum is None else float(self.r_A[minimum]),
        }
        known = minimum is not None
        summary["coordination_number"] = float(self.running_coordination[pair][minimum]) if known else None
        summary["coordination_number_error"] = (
            float(self.running_coordination_error[pair][minimum]) if known else None
        )
        return summary

    def panels(self) -> tuple[Panel, ...]:
        """Return g(r) of the partials, the running coordination, and the total.

        Returns
        -------
        tuple of Panel
            Three panels, or two without the total.
        """
        labels = [pair_label(pair) for pair in self.pairs]
        partial = tuple(Curve(label, self.r_A, self.g[label], self.g_error[label]) for label in labels)
        upper = self.r_A + self.bin_width_A / 2
        running = tuple(
            Curve(
                f"{b} around {a}",
                upper,
                self.running_coordination[a, b],
                self.running_coordination_error[a, b],
            )
            for a, b in self.pairs
        )
        panels = [
            Panel("Partial radial distribution functions", "r (Å)", "g(r)", partial),
            Panel("Running coordination number", "r (Å)", "n(r)", running),
        ]
        if TOTAL in self.g:
            curve = Curve("all atoms", self.r_A, self.g[TOTAL], self.g_error[TOTAL])
            panels.append(Panel("Total radial distribution function", "r (Å)", "g(r)", (curve,)))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[RDFResult]) -> RDFResult:
        """Average over independent glasses, each weighing the same; errors are between them.

        Parameters
        ----------
        results : sequence of RDFResult
            One a glass, of the same bins and pairs.

        Returns
        -------
        RDFResult
            The mean.
        """
        first = results[0]
        g, g_error, running, running_error = {}, {}, {}, {}
        for label in first.g:
            g[label], g_error[label] = mean_over_glasses([result.g[label] for result in results])
        for pair in first.running_coordination:
            curves = [result.running_coordination[pair] for result in results]
            running[pair], running_error[pair] = mean_over_glasses(curves)
        return cls(
            r_A=first.r_A,
            bin_width_A=first.bin_width_A,
            pairs=first.pairs,
            g=g,
            g_error=g_error,
            running_coordination=running,
            running_coordination_error=running_error,
            number_density_per_A3=float(np.mean([result.number_density_per_A3 for result in results])),
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


_LEAST_NEIGHBOURS = 0.5
"""Neighbours an atom has on average in what passes for a shell."""

_SMOOTHING_A = 0.05
"""Standard deviation of the Gaussian weights that g(r) is averaged with to find the first shell, Å."""

_RISE_IN_ERRORS = 3.0
"""Standard errors by which g must rise again where a shell has ended."""

MAX_R_A = 200.0
"""Longest range of g(r), Å: beyond it the pairs are too many to count."""


def first_shell(
    g: np.ndarray,
    bin_width_A: float,
    *,
    g_error: np.ndarray | None = None,
    smoothing_A: float = _SMOOTHING_A,
    running_coordination: np.ndarray | None = None,
) -> tuple[int | None, int | None]:
    """Find the first peak of a g(r) and the minimum that ends its shell.

    The peak is the highest bin of the first stretch in which the smoothed g exceeds 1 (or half its
    maximum where that is lower). The minimum is the lowest smoothed g before it next exceeds 1, and is by
    three standard errors above that lowest; of a flat bottom its middle.

    Parameters
    ----------
    g : ndarray, shape (n_bins,)
        Radial distribution function.
    bin_width_A : float
        Bin width, Å.
    g_error : ndarray, shape (n_bins,), optional
        Its standard errors, so that a dip on a noisy flank does not end the shell; nan counts as none.
    smoothing_A : float
        Standard deviation of the Gaussian weights that g is averaged with, Å, whatever the bin width.
    running_coordination : ndarray, shape (n_bins,), optional
        With it, shells that hold less than half a neighbour, a few close pairs in a small box,
        are passed over as long as a fuller one follows.

    Returns
    -------
    peak, minimum : int or None
        Bins; None where there is no peak, or none beyond it that stands out from the errors.
    """
    error = np.zeros(len(g)) if g_error is None else np.nan_to_num(g_error)
    smooth, smooth_error = _smoothed(g, error, bin_width_A, smoothing_A)
    start = 0
    while running_coordination is not None and start < len(g):
        peak, minimum = _shell_from(start, g, smooth, smooth_error)
        if peak is None or minimum is None:
            break
        if running_coordination[minimum] >= _LEAST_NEIGHBOURS:
            return peak, minimum
        start = minimum + 1
    return _shell_from(0, g, smooth, smooth_error)


def _smoothed(
    g: np.ndarray, error: np.ndarray, bin_width_A: float, smoothing_A: float
) -> tuple[np.ndarray, np.ndarray]:
    """Average g with Gaussian weights; the errors of its bins are taken as independent."""
    reach = min(int(np.ceil(3 * smoothing_A / bin_width_A)), len(g) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) * bin_width_A / smoothing_A) ** 2)
    inside = slice(reach, reach + len(g))
    norm = np.convolve(np.ones(len(g)), weights)[inside]
    smooth_error = np.sqrt(np.convolve(error**2, weights**2)[inside]) / norm
    return np.convolve(g, weights)[inside] / norm, smooth_error


def _shell_from(
    first: int, g: np.ndarray, smooth: np.ndarray, smooth_error: np.ndarray
) -> tuple[int | None, int | None]:
    """Find peak and minimum of the first shell from bin `first` on."""
    level = min(1.0, smooth[first:].max() / 2)
    above = smooth > level
    above[:first] = False
    if level <= 0 or not above.any():
        return None, None
    start = int(np.argmax(above))
    below = np.flatnonzero(~above[start:])
    if len(below) == 0:
        return int(start + g[start:].argmax()), None
    stop = start + int(below[0])
    peak = start + int(g[start:stop].argmax())
    beyond = smooth[stop:]
    rise = beyond - np.minimum.accumulate(beyond)
    again = np.flatnonzero(above[stop:] & (rise > _RISE_IN_ERRORS * smooth_error[stop:]))
    if len(again):
        valley = beyond[: again[0]]
    elif above[stop:].any() or beyond.argmin() == len(beyond) - 1:
        return peak, None
    else:
        valley = beyond
    flat = np.flatnonzero(valley <= valley.min() + 1e-12)
    return peak, stop + int(flat[len(flat) // 2])


class RDF(Analysis[RDFResult]):
    """Total and partial radial distribution functions with running coordination numbers.

    Parameters
    ----------
    r_max_A : float
        Range, Å; may exceed half the box.
    bin_width_A : float
        Bin width, Å; the range is divided into the nearest whole number of bins.
    pairs : sequence of tuple of str, optional
        The partials to measure, e.g. ``[('Zn', 'N')]``, faster than all; by default all, and the total.

    Examples
    --------
    >>> from mofglass import structures
    >>> result = RDF(r_max_A=6.0).compute(structures.load("ZIF-4")).result
    >>> round(float(result.running_coordination["Zn", "N"][result.r_A < 2.5][-1]), 2)
    4.0
    """

    name: ClassVar[str] = "rdf"

    def __init__(
        self, *, r_max_A: float = 10.0, bin_width_A: float = 0.02, pairs: Sequence[Pair] | None = None
    ) -> None:
        super().__init__()
        if not 0 < r_max_A <= MAX_R_A:
            raise InputError(f"r_max is {r_max_A:g} Å: give a length above 0 and up to {MAX_R_A:g} Å.")
        if not 0 < bin_width_A <= r_max_A:
            raise InputError(f"a bin width of {bin_width_A} Å does not fit in r_max = {r_max_A} Å.")
        self.r_max_A = float(r_max_A)
        self.n_bins = max(1, round(r_max_A / bin_width_A))
        self.bin_width_A = self.r_max_A / self.n_bins
        self.pairs = None if pairs is None else tuple(pairs)
        for a, b in self.pairs or ():
            checked_symbol(a)
            checked_symbol(b)

    def _start(self, data: FrameData) -> None:
        numbers = data.frame.numbers
        self._only: tuple[int, ...] | None = None
        if self.pairs is not None:
            symbols = [symbol for pair in self.pairs for symbol in pair]
            require_present(symbols, numbers, data.where)
            self._pairs = self.pairs
            self._only = tuple(sorted({atomic_numbers[symbol] for symbol in symbols}))
        else:
            # Heavier first, the metal before what surrounds it: Zn-N, not N-Zn.
            symbols = symbols_present(numbers)[::-1]
            self._pairs = tuple((a, b) for i, a in enumerate(symbols) for b in symbols[i:])
        n_of = [[int((numbers == atomic_numbers[symbol]).sum()) for symbol in pair] for pair in self._pairs]
        self._labels = [pair_label(pair) for pair in self._pairs]
        if self._only is None:
            n_of.append([len(numbers), len(numbers)])
            self._labels.append(TOTAL)
        # N_b is not lessened by one where b is a: the density is N/V, as total scattering has it, and the
        # g(r) of a crystal's cell is that of its supercell. Random points then give 1 - 1/N.
        self._n_a, self._n_b = np.array(n_of, dtype=float).T
        self._n_atoms = len(numbers)
        edges = np.linspace(0.0, self.r_max_A, self.n_bins + 1)
        self._shell_A3 = 4.0 / 3.0 * np.pi * np.diff(edges**3)
        # Of each curve: volume times counts, for g, and counts, for n; then 1 and 1/V of each frame.
        self._blocks = BlockSums(2 * len(n_of) * self.n_bins + 2)

    def _update(self, data: FrameData) -> None:
        elements, counts = data.distance_histogram(self.r_max_A, self.n_bins, only=self._only)
        places = {int(number): place for place, number in enumerate(elements)}
        a, b = np.array([[places[atomic_numbers[symbol]] for symbol in pair] for pair in self._pairs]).T
        curves = counts[a, b]
        if self._only is None:
            curves = np.concatenate((curves, counts.sum(axis=(0, 1))[None]))
        volume = data.frame.volume_A3
        self._blocks.add(
            np.concatenate(((curves * volume).ravel(), curves.ravel().astype(float), (1.0, 1.0 / volume)))
        )

    def _finish(self) -> RDFResult:
        shape = (len(self._labels), self.n_bins)
        capacity = (self._n_a * self._n_b)[:, None] * self._shell_A3

        def curves(total: np.ndarray) -> np.ndarray:
            half = shape[0] * shape[1]
            g = total[:half].reshape(shape) / (total[-2] * capacity)
            running = np.cumsum(total[half:-2].reshape(shape), axis=1) / (total[-2] * self._n_a[:, None])
            return np.stack((g, running))

        (g, running), (g_error, running_error) = self._blocks.jackknife(curves)
        total = self._blocks.total()
        numbers: dict[Pair, np.ndarray] = {}
        numbers_error: dict[Pair, np.ndarray] = {}
        for k, (first, second) in enumerate(self._pairs):
            # Both ways round: N around Zn and Zn around N hold the same pairs.
            for pair, factor in (((first, second), 1.0), ((second, first), self._n_a[k] / self._n_b[k])):
                numbers[pair] = running[k] * factor
                numbers_error[pair] = running_error[k] * factor
        return RDFResult(
            r_A=(np.arange(self.n_bins) + 0.5) * self.bin_width_A,
            bin_width_A=self.bin_width_A,
            pairs=self._pairs,
            g=dict(zip(self._labels, g, strict=True)),
            g_error=dict(zip(self._labels, g_error, strict=True)),
            running_coordination=numbers,
            running_coordination_error=numbers_error,
            number_density_per_A3=float(self._n_atoms * total[-1] / total[-2]),
            n_frames=self.n_frames,
        )

    def replicates(self, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return one g(r) with what derived quantities need for their errors.

        Parameters
        ----------
        label : str
            A pair, e.g. ``Zn-N``, or ``total``.

        Returns
        -------
        g : ndarray, shape (n_bins,)
            From all frames.
        replicates : ndarray, shape (n_blocks, n_bins)
            The same without one block of time each, for a jackknife; empty with one block.
        expected_pairs : ndarray, shape (n_bins,)
            Pairs all frames together would show in a bin if g were 1.
        """
        curve = self._labels.index(label)
        part = slice(curve * self.n_bins, (curve + 1) * self.n_bins)
        capacity = self._n_a[curve] * self._n_b[curve] * self._shell_A3

        def normalised(total: np.ndarray) -> np.ndarray:  # numpydoc ignore=PR01
            """Divide by what a uniform density would give."""
            return total[part] / (total[-2] * capacity)

        total = self._blocks.total()
        return normalised(total), self._blocks.replicates(normalised), total[-1] * capacity

    def _merge(self, later: RDF) -> None:
        self._blocks.merge(later._blocks)
