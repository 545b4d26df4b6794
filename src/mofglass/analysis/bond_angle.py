"""Bond-angle distributions and their potential of mean force.

The distribution P(θ) is that of the papers: the histogram of the angles at the centre between every two
of its neighbours within the cut-off, normalised to one over θ, nothing divided out. Random directions
then give P(θ) = sin θ / 2 (in radians), the Jacobian. Two potentials follow:

.. math:: F(\\theta) = -k_B T [\\ln P(\\theta) - \\ln P_{max}], \\qquad
          F_J(\\theta) = -k_B T [\\ln (P/\\sin\\theta) - \\ln (P/\\sin\\theta)_{max}]

the first as Castel et al., Digital Discovery 3, 355 (2024), Fig. 7b, draw it; in the second random
directions are flat, so that it shows what the bonds alone prefer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numba import njit

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import require_present
from mofglass.analysis.frame_data import FrameData, PairCutoffs, widest_cutoffs
from mofglass.analysis.statistics import BlockSums, jackknife_error, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.units import GAS_CONSTANT_KJ_PER_MOL_K

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class BondAngleResult(Result):
    """Bond-angle distribution of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    triple : tuple of str
        End, centre, end.
    cutoffs_A : tuple of float
        Cut-offs from the centre to either end, Å.
    temperature_K : float or None
        Temperature of the potentials, K; without it there are none.
    theta_deg : ndarray, shape (n_bins,)
        Bin centres, degrees.
    probability_per_deg : ndarray, shape (n_bins,)
        P(θ), 1/degree, integrating to one.
    probability_error_per_deg : ndarray, shape (n_bins,)
        Standard errors; nan where unknown.
    free_energy_kJ_per_mol, free_energy_error_kJ_per_mol : ndarray, shape (n_bins,)
        F(θ) from P(θ), kJ/mol, infinite where no angle was seen.
    free_energy_jacobian_kJ_per_mol : ndarray, shape (n_bins,)
        The same from P(θ) / sin θ; its errors are those of F(θ) but for its zero.
    mean_deg, mean_error_deg : float
        Mean angle and its standard error, degrees.
    standard_deviation_deg, standard_deviation_error_deg : float
        Width of the distribution and its standard error, degrees.
    n_angles : int
        Angles counted.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    triple: Triple
    cutoffs_A: tuple[float, float]
    temperature_K: float | None
    theta_deg: np.ndarray
    probability_per_deg: np.ndarray
    probability_error_per_deg: np.ndarray
    free_energy_kJ_per_mol: np.ndarray
    free_energy_error_kJ_per_mol: np.ndarray
    free_energy_jacobian_kJ_per_mol: np.ndarray
    mean_deg: float
    mean_error_deg: float
    standard_deviation_deg: float
    standard_deviation_error_deg: float
    n_angles: int
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "bond_angle"
    title: ClassVar[str] = "Bond-angle distribution"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a bin.

        Returns
        -------
        pandas.DataFrame
            ``theta_deg, probability_per_deg`` with error and, where the temperature is known,
            ``free_energy_kJ_per_mol`` with error and ``free_energy_jacobian_kJ_per_mol``.
        """
        columns = {
            "theta_deg": self.theta_deg,
            "probability_per_deg": self.probability_per_deg,
            "probability_per_deg_error": self.probability_error_per_deg,
        }
        if self.temperature_K is not None:
            columns["free_energy_kJ_per_mol"] = self.free_energy_kJ_per_mol
            columns["free_energy_kJ_per_mol_error"] = self.free_energy_error_kJ_per_mol
            columns["free_energy_jacobian_kJ_per_mol"] = self.free_energy_jacobian_kJ_per_mol
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return mean, width and mode of the distribution.

        Returns
        -------
        dict
            Degrees, errors beside the values.
        """
        known = self.n_angles > 0
        return {
            "triple": "-".join(self.triple),
            "cutoffs_A": list(self.cutoffs_A),
            "mean_angle_deg": self.mean_deg,
            "mean_angle_deg_error": self.mean_error_deg,
            "standard_deviation_deg": self.standard_deviation_deg,
            "standard_deviation_deg_error": self.standard_deviation_error_deg,
            "most_probable_angle_deg": (
                float(self.theta_deg[self.probability_per_deg.argmax()]) if known else None
            ),
            "temperature_K": self.temperature_K,
            "n_angles": self.n_angles,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the distribution, and the potentials where the temperature is known.

        Returns
        -------
        tuple of Panel
            One or two panels.
        """
        label = "-".join(self.triple)
        curve = Curve(label, self.theta_deg, self.probability_per_deg, self.probability_error_per_deg)
        panels = [Panel(f"{label} angle", "θ (°)", "P(θ) (1/°)", (curve,))]
        if self.temperature_K is not None:
            curves = (
                Curve(
                    "from P(θ)",
                    self.theta_deg,
                    _finite(self.free_energy_kJ_per_mol),
                    self.free_energy_error_kJ_per_mol,
                ),
                Curve("from P(θ) / sin θ", self.theta_deg, _finite(self.free_energy_jacobian_kJ_per_mol)),
            )
            title = f"Potential of mean force {label}, {self.temperature_K:g} K"
            panels.append(Panel(title, "θ (°)", "F(θ) (kJ/mol)", curves))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[BondAngleResult]) -> BondAngleResult:
        """Average P(θ) over independent glasses, each weighing the same; errors are between them.

        Parameters
        ----------
        results : sequence of BondAngleResult
            One a glass, of the same triple, bins and temperature.

        Returns
        -------
        BondAngleResult
            The mean.
        """
        first = results[0]
        if len({result.temperature_K for result in results}) > 1:
            raise InputError(
                "the glasses are at different temperatures: give --temperature or analyse them apart."
            )
        mean, error = mean_over_glasses([result.probability_per_deg for result in results])
        angle, angle_error = mean_over_glasses([result.mean_deg for result in results])
        width, width_error = mean_over_glasses([result.standard_deviation_deg for result in results])
        curves = np.array([result.probability_per_deg for result in results])
        replicates = np.empty((0, len(mean)))
        if len(results) > 1:
            replicates = (curves.sum(axis=0) - curves) / (len(results) - 1)
        energy, energy_error, jacobian = _potentials(mean, replicates, first.theta_deg, first.temperature_K)
        return cls(
            triple=first.triple,
            cutoffs_A=first.cutoffs_A,
            temperature_K=first.temperature_K,
            theta_deg=first.theta_deg,
            probability_per_deg=mean,
            probability_error_per_deg=error,
            free_energy_kJ_per_mol=energy,
            free_energy_error_kJ_per_mol=energy_error,
            free_energy_jacobian_kJ_per_mol=jacobian,
            mean_deg=float(angle),
            mean_error_deg=float(angle_error),
            standard_deviation_deg=float(width),
            standard_deviation_error_deg=float(width_error),
            n_angles=sum(result.n_angles for result in results),
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


class BondAngle(Analysis[BondAngleResult]):
    """Distribution of the angles between neighbours of a centre.

    Parameters
    ----------
    triple : tuple of str
        End, centre, end, e.g. ``('N', 'Zn', 'N')``. With two different ends each angle has one of each.
    cutoff_A : float or tuple of float
        Cut-off from the centre to the ends, Å; two where the ends differ.
    temperature_K : float, optional
        Temperature, K, for the potentials of mean force.
    bin_width_deg : float
        Bin width, degrees; 180° is divided into the nearest whole number of bins.

    Raises
    ------
    InputError
        For cut-offs, temperature or bins without meaning.
    """

    name: ClassVar[str] = "bond_angle"

    def __init__(
        self,
        *,
        triple: Triple = ("N", "Zn", "N"),
        cutoff_A: float | tuple[float, float] = 2.5,
        temperature_K: float | None = None,
        bin_width_deg: float = 1.0,
    ) -> None:
        super().__init__()
        first, second = (cutoff_A, cutoff_A) if isinstance(cutoff_A, int | float) else cutoff_A
        for cutoff in (first, second):
            if not (np.isfinite(cutoff) and cutoff > 0):
                raise InputError(f"the cut-off is {cutoff} Å: give a positive length.")
        if triple[0] == triple[2] and first != second:
            raise InputError(f"both ends of {'-'.join(triple)} are {triple[0]}: give one cut-off.")
        if temperature_K is not None and not (np.isfinite(temperature_K) and temperature_K > 0):
            raise InputError(f"the temperature is {temperature_K} K: give a positive one.")
        if not 0 < bin_width_deg <= 180:
            raise InputError(f"a bin width of {bin_width_deg}° does not divide 180°.")
        self.triple = triple
        self.cutoffs_A = (float(first), float(second))
        self.temperature_K = temperature_K
        self.n_bins = max(1, round(180.0 / bin_width_deg))
        # Histogram, then number, sum and sum of squares of the angles.
        self._blocks = BlockSums(self.n_bins + 3)

    @property
    def pair_cutoffs(self) -> PairCutoffs:
        """Cut-offs in Å of the neighbours this analysis will ask for."""
        end, centre, other = self.triple
        return widest_cutoffs([{(centre, end): self.cutoffs_A[0]}, {(centre, other): self.cutoffs_A[1]}])

    def _start(self, data: FrameData) -> None:
        require_present(self.triple, data.frame.numbers, data.where)

    def _update(self, data: FrameData) -> None:
        end, centre, other = self.triple
        one = data.bonds(centre, end, self.cutoffs_A[0])
        two = one if other == end else data.bonds(centre, other, self.cutoffs_A[1])
        self._blocks.add(
            _count_angles(
                one.centre,
                one.vector / one.distance[:, None],
                two.centre,
                two.vector / two.distance[:, None],
                other == end,
                self.n_bins,
            )
        )

    def _finish(self) -> BondAngleResult:
        width = 180.0 / self.n_bins
        theta = (np.arange(self.n_bins) + 0.5) * width

        def probability(total: np.ndarray) -> np.ndarray:
            return total[: self.n_bins] / max(total[-3], 1.0) / width

        def moments(total: np.ndarray) -> np.ndarray:
            if total[-3] == 0:
                return np.full(2, np.nan)
            mean = total[-2] / total[-3]
            return np.array([mean, np.sqrt(max(total[-1] / total[-3] - mean**2, 0.0))])

        distribution, error = self._blocks.jackknife(probability)
        (mean, deviation), (mean_error, deviation_error) = self._blocks.jackknife(moments)
        energy, energy_error, jacobian = _potentials(
            distribution, self._blocks.replicates(probability), theta, self.temperature_K
        )
        return BondAngleResult(
            triple=self.triple,
            cutoffs_A=self.cutoffs_A,
            temperature_K=self.temperature_K,
            theta_deg=theta,
            probability_per_deg=distribution,
            probability_error_per_deg=error,
            free_energy_kJ_per_mol=energy,
            free_energy_error_kJ_per_mol=energy_error,
            free_energy_jacobian_kJ_per_mol=jacobian,
            mean_deg=float(mean),
            mean_error_deg=float(mean_error),
            standard_deviation_deg=float(deviation),
            standard_deviation_error_deg=float(deviation_error),
            n_angles=int(self._blocks.total()[-3]),
            n_frames=self.n_frames,
        )

    def _merge(self, later: BondAngle) -> None:
        self._blocks.merge(later._blocks)


def _potentials(
    probability: np.ndarray, replicates: np.ndarray, theta_deg: np.ndarray, temperature_K: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return F(θ), its error, and F(θ) with the Jacobian divided out, kJ/mol; nan without temperature."""
    unknown = np.full(len(theta_deg), np.nan)
    if temperature_K is None or not (probability > 0).any():
        return unknown, unknown, unknown
    kT = GAS_CONSTANT_KJ_PER_MOL_K * temperature_K

    def free_energy(values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return -kT * (np.log(values) - np.log(values.max())) + 0.0

    error = unknown
    if len(replicates) > 1:
        error = jackknife_error(np.array([free_energy(np.maximum(row, 0.0)) for row in replicates]))
    return free_energy(probability), error, free_energy(probability / np.sin(np.radians(theta_deg)))


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


@njit(cache=True, nogil=True)
def _count_angles(  # pragma: no cover
    first_centre: Any, first: Any, second_centre: Any, second: Any, same: bool, n_bins: int
) -> Any:
    """Histogram of the angles, then their number, sum and sum of squares; both lists sorted by centre."""
    sums = np.zeros(n_bins + 3)
    start = 0
    for a in range(len(first_centre)):
        centre = first_centre[a]
        if same:
            start = a + 1
        else:
            while start < len(second_centre) and second_centre[start] < centre:
                start += 1
        b = start
        while b < len(second_centre) and second_centre[b] == centre:
            cosine = first[a, 0] * second[b, 0] + first[a, 1] * second[b, 1] + first[a, 2] * second[b, 2]
            angle = np.degrees(np.arccos(min(1.0, max(-1.0, cosine))))
            sums[min(int(angle / 180.0 * n_bins), n_bins - 1)] += 1.0
            sums[n_bins] += 1.0
            sums[n_bins + 1] += angle
            sums[n_bins + 2] += angle * angle
            b += 1
    return sums
