"""Metal-linker-metal bridges: the distance of two metals joined by a linker, and the angle at its centre.

The Zn-Im-Zn angle of the zeolitic imidazolates is what Si-O-Si is in zeolites; it is taken here at the centre
of the five-ring, from the network, so that broken bonds and chance neighbours do not enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import BlockSums, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.topology import Network

_BROADEST_A = 10.0
"""Two metals on one linker are never further apart."""


@dataclass(frozen=True)
class BridgesResult(Result):
    """Bridges of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    theta_deg : ndarray, shape (n_angles,)
        Bin centres, degrees.
    angle_per_deg, angle_error_per_deg : ndarray, shape (n_angles,)
        Distribution of the angle at the linker's centre, 1/degree, and its standard error.
    distance_A : ndarray, shape (n_distances,)
        Bin centres, Å.
    distance_per_A, distance_error_per_A : ndarray, shape (n_distances,)
        Distribution of the distance of the two metals, 1/Å, and its standard error.
    moments : dict of str to float
        ``mean_angle_deg``, ``angle_deviation_deg``, ``mean_distance_A``, ``distance_deviation_A``,
        ``bridging_fraction`` (of the intact linkers, those that join metals), each with its ``_error``.
    n_bridges : int
        Bridges counted.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    theta_deg: np.ndarray
    angle_per_deg: np.ndarray
    angle_error_per_deg: np.ndarray
    distance_A: np.ndarray
    distance_per_A: np.ndarray
    distance_error_per_A: np.ndarray
    moments: dict[str, float]
    n_bridges: int
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "bridges"
    title: ClassVar[str] = "Metal-linker-metal bridges"

    def to_dataframe(self) -> pd.DataFrame:
        """Return the distribution of the angle.

        Returns
        -------
        pandas.DataFrame
            ``theta_deg, probability_per_deg, probability_per_deg_error``.
        """
        return pd.DataFrame(
            {
                "theta_deg": self.theta_deg,
                "probability_per_deg": self.angle_per_deg,
                "probability_per_deg_error": self.angle_error_per_deg,
            }
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the distributions of the angle and of the distance.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``bridges`` and ``bridges_distance``.
        """
        distance = pd.DataFrame(
            {
                "distance_A": self.distance_A,
                "probability_per_A": self.distance_per_A,
                "probability_per_A_error": self.distance_error_per_A,
            }
        )
        return {"bridges": self.to_dataframe(), "bridges_distance": distance}

    def summary(self) -> dict[str, Any]:
        """Return means and widths of angle and distance.

        Returns
        -------
        dict
            Degrees and Å, errors beside the values.
        """
        known = self.n_bridges > 0
        return {
            **self.moments,
            "most_probable_angle_deg": float(self.theta_deg[self.angle_per_deg.argmax()]) if known else None,
            "n_bridges": self.n_bridges,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return both distributions, each where it is not zero.

        Returns
        -------
        tuple of Panel
            Angle, distance.
        """
        angle = _shown("metal-linker-metal", self.theta_deg, self.angle_per_deg, self.angle_error_per_deg)
        distance = _shown("metal-metal", self.distance_A, self.distance_per_A, self.distance_error_per_A)
        return (
            Panel("Angle at the linker's centre", "θ (°)", "P(θ) (1/°)", (angle,)),
            Panel("Distance of metals joined by a linker", "d (Å)", "P(d) (1/Å)", (distance,)),
        )

    @classmethod
    def combine(cls, results: Sequence[BridgesResult]) -> BridgesResult:
        """Average over independent glasses, each weighing the same; errors are between them.

        Parameters
        ----------
        results : sequence of BridgesResult
            One a glass, of the same bins.

        Returns
        -------
        BridgesResult
            The mean.
        """
        first = results[0]
        angle, angle_error = mean_over_glasses([result.angle_per_deg for result in results])
        distance, distance_error = mean_over_glasses([result.distance_per_A for result in results])
        moments: dict[str, float] = {}
        for key in first.moments:
            if not key.endswith("_error"):
                mean, error = mean_over_glasses([result.moments[key] for result in results])
                moments |= {key: float(mean), f"{key}_error": float(error)}
        return cls(
            theta_deg=first.theta_deg,
            angle_per_deg=angle,
            angle_error_per_deg=angle_error,
            distance_A=first.distance_A,
            distance_per_A=distance,
            distance_error_per_A=distance_error,
            moments=moments,
            n_bridges=sum(result.n_bridges for result in results),
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


class Bridges(Analysis[BridgesResult]):
    """Angles and distances of metals joined by a linker.

    Parameters
    ----------
    bin_width_deg : float
        Bin width of the angle, degrees.
    bin_width_A : float
        Bin width of the distance, Å.

    Raises
    ------
    InputError
        For bins without meaning.
    """

    name: ClassVar[str] = "bridges"

    def __init__(self, *, bin_width_deg: float = 2.0, bin_width_A: float = 0.05) -> None:
        super().__init__()
        if not 0 < bin_width_deg <= 180:
            raise InputError(f"a bin width of {bin_width_deg}° does not divide 180°.")
        if not 0 < bin_width_A <= _BROADEST_A:
            raise InputError(f"a bin width of {bin_width_A} Å does not divide {_BROADEST_A:g} Å.")
        self.n_angles = max(1, round(180.0 / bin_width_deg))
        self.n_distances = max(1, round(_BROADEST_A / bin_width_A))
        # Two histograms; bridges, sums and sums of squares of both; linkers that bridge, intact linkers.
        self._blocks = BlockSums(self.n_angles + self.n_distances + 7)

    def _start(self, data: FrameData) -> None:
        if data.network.n_metals == 0 or len(data.network.linkers) == 0:
            raise InputError(f"{data.where} has no metals with linkers: there are no bridges to measure.")

    def _update(self, data: FrameData) -> None:
        network = data.network
        angle, distance, linker = bridges(network)
        self._blocks.add(
            np.concatenate(
                (
                    np.histogram(angle, self.n_angles, (0, 180))[0],
                    np.histogram(distance, self.n_distances, (0, _BROADEST_A))[0],
                    (len(angle), angle.sum(), (angle**2).sum(), distance.sum(), (distance**2).sum()),
                    (len(np.unique(linker)), network.linkers.intact.sum()),
                )
            )
        )

    def _finish(self) -> BridgesResult:
        n_a, n_d = self.n_angles, self.n_distances

        def curves(total: np.ndarray) -> np.ndarray:
            n = max(total[-7], 1.0)
            return np.concatenate(
                (total[:n_a] / n * n_a / 180.0, total[n_a : n_a + n_d] / n * n_d / _BROADEST_A)
            )

        def moments(total: np.ndarray) -> np.ndarray:
            n, a, aa, d, dd, bridging, intact = total[-7:]
            fraction = bridging / intact if intact else np.nan
            if n == 0:
                return np.array([np.nan, np.nan, np.nan, np.nan, fraction])
            spread = [np.sqrt(max(square / n - (mean / n) ** 2, 0.0)) for mean, square in ((a, aa), (d, dd))]
            return np.array([a / n, spread[0], d / n, spread[1], fraction])

        keys = (
            "mean_angle_deg",
            "angle_deviation_deg",
            "mean_distance_A",
            "distance_deviation_A",
            "bridging_fraction",
        )
        values, errors = self._blocks.jackknife(moments)
        curve, curve_error = self._blocks.jackknife(curves)
        found: dict[str, float] = {}
        for key, value, error in zip(keys, values, errors, strict=True):
            found |= {key: float(value), f"{key}_error": float(error)}
        return BridgesResult(
            theta_deg=(np.arange(n_a) + 0.5) * 180.0 / n_a,
            angle_per_deg=curve[:n_a],
            angle_error_per_deg=curve_error[:n_a],
            distance_A=(np.arange(n_d) + 0.5) * _BROADEST_A / n_d,
            distance_per_A=curve[n_a:],
            distance_error_per_A=curve_error[n_a:],
            moments=found,
            n_bridges=int(self._blocks.total()[-7]),
            n_frames=self.n_frames,
        )

    def _merge(self, later: Bridges) -> None:
        self._blocks.merge(later._blocks)


def bridges(network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure every pair of metals on different nitrogen atoms of one intact linker.

    Parameters
    ----------
    network : Network
        The metal-linker network of a frame.

    Returns
    -------
    angle_deg : ndarray, shape (n,)
        Metal - centre of the five-ring - metal, degrees.
    distance_A : ndarray, shape (n,)
        Metal - metal, Å.
    linker : ndarray of int64, shape (n,)
        The linker.
    """
    edge = np.argsort(network.edge_linker, kind="stable")
    edge = edge[network.linkers.intact[network.edge_linker[edge]]]
    linker = network.edge_linker[edge]
    centre = network.linkers.centre_A[linker] + network.edge_offset[edge] @ network.cell
    arm = network.positions[network.edge_metal_atom[edge]] - centre
    first, second = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    # Edges of a linker stand together: partners are 1, 2, ... places further.
    for step in range(1, int(network.linker_degree.max(initial=0))):
        one = np.flatnonzero(linker[:-step] == linker[step:])
        one = one[network.edge_nitrogen[edge[one]] != network.edge_nitrogen[edge[one + step]]]
        first.append(one)
        second.append(one + step)
    a, b = np.concatenate(first), np.concatenate(second)
    lengths = np.linalg.norm(arm, axis=1)
    cosine = (arm[a] * arm[b]).sum(axis=1) / (lengths[a] * lengths[b])
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return angle, np.linalg.norm(arm[a] - arm[b], axis=1), linker[a]


def _shown(label: str, x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Curve:
    """Cut a distribution to where it is not zero, one bin more at either end."""
    there = np.flatnonzero(y)
    if len(there) == 0:
        return Curve(label, x, y, error)
    part = slice(max(there[0] - 1, 0), there[-1] + 2)
    return Curve(label, x[part], y[part], error[part])
