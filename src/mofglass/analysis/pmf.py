"""Potential of mean force between two elements, its wells and the barrier between them.

.. math:: F(r) = -k_B T [\\ln g(r) - \\ln g_{max}]

as in Castel et al., Digital Discovery 3, 355 (2024), with g_max the maximum of g over r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import Pair
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.rdf import RDF, pair_label
from mofglass.analysis.statistics import jackknife_error
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.units import GAS_CONSTANT_KJ_PER_MOL_K

WINDOW_A = 0.1
"""Wells and barrier are read from g(r) averaged over this window, Å, since single bins are noise."""

_SHELL_G = 0.5
"""A well is a shell of neighbours: at least half as dense as the average."""

_PROMINENCE_KT = 0.5
"""A well is at least this deep, in kT, on both sides."""


@dataclass(frozen=True)
class PMFResult(Result):
    """Potential of mean force of one pair of elements.

    Parameters
    ----------
    pair : tuple of str
        The two elements.
    temperature_K : float
        Temperature, K.
    r_A : ndarray, shape (n_bins,)
        Bin centres, Å.
    free_energy_kJ_per_mol : ndarray, shape (n_bins,)
        F(r), kJ/mol; infinite where no pair was seen.
    free_energy_error_kJ_per_mol : ndarray, shape (n_bins,)
        Standard errors; nan where unknown.
    first_well_A, second_well_A, barrier_A : float
        Positions of the deepest well (for Zn-N that of the bond), of the next beyond it, and of the
        top between them, Å; nan where there is none.
    second_well_kJ_per_mol : float
        Free energy of the second well above the deepest, kJ/mol.
    barrier_kJ_per_mol : float
        Height of the top over the first well, kJ/mol; nan where the top was never visited.
    barrier_error_kJ_per_mol : float
        Its standard error.
    barrier_lower_bound_kJ_per_mol : float
        What the height exceeds where the top was never visited: that of one pair seen once; else nan.
    g : ndarray, shape (n_bins,)
        The g(r) it comes from.
    expected_pairs : ndarray, shape (n_bins,)
        Pairs that all frames together would show in each bin if g were 1.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    pair: Pair
    temperature_K: float
    r_A: np.ndarray
    free_energy_kJ_per_mol: np.ndarray
    free_energy_error_kJ_per_mol: np.ndarray
    first_well_A: float
    second_well_A: float
    barrier_A: float
    second_well_kJ_per_mol: float
    barrier_kJ_per_mol: float
    barrier_error_kJ_per_mol: float
    barrier_lower_bound_kJ_per_mol: float
    g: np.ndarray
    expected_pairs: np.ndarray
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "pmf"
    title: ClassVar[str] = "Potential of mean force"

    def to_dataframe(self) -> pd.DataFrame:
        """Return r and F with its error, one row a bin.

        Returns
        -------
        pandas.DataFrame
            ``r_A, free_energy_kJ_per_mol, free_energy_kJ_per_mol_error``.
        """
        return pd.DataFrame(
            {
                "r_A": self.r_A,
                "free_energy_kJ_per_mol": self.free_energy_kJ_per_mol,
                "free_energy_kJ_per_mol_error": self.free_energy_error_kJ_per_mol,
            }
        )

    def summary(self) -> dict[str, Any]:
        """Return the wells and the barrier.

        Returns
        -------
        dict
            Positions in Å, energies in kJ/mol, temperature in K; null where not sampled.
        """
        return {
            "pair": pair_label(self.pair),
            "temperature_K": self.temperature_K,
            "first_well_A": self.first_well_A,
            "second_well_A": self.second_well_A,
            "second_well_kJ_per_mol": self.second_well_kJ_per_mol,
            "barrier_A": self.barrier_A,
            "barrier_kJ_per_mol": self.barrier_kJ_per_mol,
            "barrier_kJ_per_mol_error": self.barrier_error_kJ_per_mol,
            "barrier_lower_bound_kJ_per_mol": self.barrier_lower_bound_kJ_per_mol,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return F(r) where it is known.

        Returns
        -------
        tuple of Panel
            One panel.
        """
        energy = np.where(np.isfinite(self.free_energy_kJ_per_mol), self.free_energy_kJ_per_mol, np.nan)
        label = f"{pair_label(self.pair)}, {self.temperature_K:g} K"
        curve = Curve(label, self.r_A, energy, self.free_energy_error_kJ_per_mol)
        return (Panel("Potential of mean force " + label, "r (Å)", "F(r) (kJ/mol)", (curve,)),)

    @classmethod
    def combine(cls, results: Sequence[PMFResult]) -> PMFResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of PMFResult
            One a glass, of the same pair, bins and temperature.

        Returns
        -------
        PMFResult
            F(r) from the glasses' mean g(r), its error from leaving out one glass at a time.
        """
        first = results[0]
        if len({result.temperature_K for result in results}) > 1:
            raise InputError(
                "the glasses are at different temperatures: give --temperature or analyse them apart."
            )
        curves = np.array([result.g for result in results])
        others = (curves.sum(axis=0) - curves) / max(len(results) - 1, 1)
        return _result(
            first.pair,
            first.temperature_K,
            first.r_A,
            curves.mean(axis=0),
            others if len(results) > 1 else np.empty((0, len(first.r_A))),
            np.sum([result.expected_pairs for result in results], axis=0),
            sum(result.n_frames for result in results),
            sum(result.n_glasses for result in results),
        )


class PMF(Analysis[PMFResult]):
    """Potential of mean force of one pair of elements, from its radial distribution function.

    Parameters
    ----------
    temperature_K : float
        Temperature of the trajectory, K.
    pair : tuple of str
        The two elements.
    r_max_A : float
        Range, Å.
    bin_width_A : float
        Bin width, Å.

    Raises
    ------
    InputError
        For a temperature or range that is not positive.
    """

    name: ClassVar[str] = "pmf"

    def __init__(
        self,
        *,
        temperature_K: float,
        pair: Pair = ("Zn", "N"),
        r_max_A: float = 10.0,
        bin_width_A: float = 0.02,
    ) -> None:
        super().__init__()
        if not (np.isfinite(temperature_K) and temperature_K > 0):
            raise InputError(f"the temperature is {temperature_K} K: give a positive one.")
        self.temperature_K = float(temperature_K)
        self.pair = pair
        # With the bins of the RDF of the same set, both share one count of the distances.
        self._rdf = RDF(r_max_A=r_max_A, bin_width_A=bin_width_A, pairs=[pair])

    def _update(self, data: FrameData) -> None:
        self._rdf.update(data)

    def _finish(self) -> PMFResult:
        rdf = self._rdf
        label = pair_label(self.pair)
        g, replicates, expected = rdf.replicates(label)
        r = (np.arange(rdf.n_bins) + 0.5) * rdf.bin_width_A
        return _result(self.pair, self.temperature_K, r, g, replicates, expected, self.n_frames, 1)

    def _merge(self, later: PMF) -> None:
        self._rdf.merge(later._rdf)


def _result(
    pair: Pair,
    temperature_K: float,
    r_A: np.ndarray,
    g: np.ndarray,
    replicates: np.ndarray,
    expected_pairs: np.ndarray,
    n_frames: int,
    n_glasses: int,
) -> PMFResult:
    """Turn g(r) into F(r); errors by jackknife over replicates, g without one block or one glass each."""
    kT = GAS_CONSTANT_KJ_PER_MOL_K * temperature_K
    if not (g > 0).any():
        raise InputError(f"no {pair_label(pair)} pair lies within r_max = {r_A[-1]:.1f} Å: widen the range.")
    energy = _free_energy(g, kT)
    landmarks = _landmarks(r_A, g, expected_pairs, kT)
    error = np.full(len(g), np.nan)
    landmark_error = np.full(len(landmarks), np.nan)
    if len(replicates) > 1:
        error = jackknife_error(np.array([_free_energy(replicate, kT) for replicate in replicates]))
        part = 1.0 - 1.0 / len(replicates)
        landmark_error = jackknife_error(
            np.array([_landmarks(r_A, replicate, expected_pairs * part, kT) for replicate in replicates])
        )
    return PMFResult(
        pair=pair,
        temperature_K=temperature_K,
        r_A=r_A,
        free_energy_kJ_per_mol=energy,
        free_energy_error_kJ_per_mol=error,
        first_well_A=landmarks[0],
        second_well_A=landmarks[1],
        barrier_A=landmarks[2],
        second_well_kJ_per_mol=landmarks[3],
        barrier_kJ_per_mol=landmarks[4],
        barrier_error_kJ_per_mol=float(landmark_error[4]),
        barrier_lower_bound_kJ_per_mol=landmarks[5],
        g=g,
        expected_pairs=expected_pairs,
        n_frames=n_frames,
        n_glasses=n_glasses,
    )


def _free_energy(g: np.ndarray, kT: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return -kT * (np.log(g) - np.log(g.max())) + 0.0


def _landmarks(
    r_A: np.ndarray, g: np.ndarray, expected_pairs: np.ndarray, kT: float
) -> tuple[float, float, float, float, float, float]:
    """Find first well, second well, top (Å), second well, barrier, lower bound (kJ/mol); nan for none."""
    # Averaged by the pairs each bin could hold: the g of a broader bin.
    width = max(1, round(WINDOW_A / (r_A[1] - r_A[0])) if len(r_A) > 1 else 1)
    window = np.ones(width)
    capacity = np.convolve(expected_pairs, window, mode="same")
    smooth = np.convolve(g * expected_pairs, window, mode="same") / capacity
    one_pair = 1.0 / capacity
    energy = -kT * np.log(np.maximum(smooth, one_pair / 2) / smooth.max())
    peaks, _ = find_peaks(-energy, prominence=_PROMINENCE_KT * kT)
    wells = [peak for peak in peaks if smooth[peak] >= _SHELL_G]
    nan = float("nan")
    if not wells:
        return nan, nan, nan, nan, nan, nan
    # The deepest, not the nearest: a few pairs squeezed together are no shell to start from.
    first = max(wells, key=lambda well: smooth[well])
    beyond = [well for well in wells if well > first]
    if not beyond:
        return float(r_A[first]), nan, nan, nan, nan, nan
    second = beyond[0]
    between = smooth[first : second + 1]
    lowest = np.flatnonzero(between <= between.min())
    top = first + int(lowest[len(lowest) // 2])
    if smooth[top] > 0:
        barrier, bound = float(energy[top] - energy[first]), nan
    else:
        # Nobody was seen there: one pair in the window would have meant this height.
        barrier, bound = nan, float(-kT * np.log(one_pair[top] / smooth[first]))
    second_energy = float(energy[second] - energy[first])
    return float(r_A[first]), float(r_A[second]), float(r_A[top]), second_energy, barrier, bound
