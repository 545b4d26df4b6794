"""Distribution of pore sizes over frames: volume by the diameter of the pore that it belongs to.

The size of the pore at a point is that of the largest sphere that holds the point and overlaps no atom (Gelb
and Gubbins, Langmuir 15, 305 (1999)). With :math:`V(D)` the volume of all points in pores wider than
:math:`D`, the distribution is :math:`-\\mathrm{d}V/\\mathrm{d}D`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from ase.data import chemical_symbols

from mofglass.analysis.pore_sizes import PoreSizes
from mofglass.analysis.statistics import BlockSums, mean_over_glasses
from mofglass.frame import Frame
from mofglass.result import Curve, Panel
from mofglass.units import GRAM_PER_CM3_PER_U_PER_A3

BIN_WIDTH_A = 0.1
"""Width of the bins of the diameter, Å."""

_N_BINS = 1000
"""Up to 100 Å; wider pores count as of the last bin."""

_CM3_PER_KG_PER_A3_PER_U = 1e3 / GRAM_PER_CM3_PER_U_PER_A3
"""1 Å³/u in cm³/kg."""


@dataclass(frozen=True)
class PoreSizeDistribution:
    """Volume by pore diameter, of one trajectory or several glasses.

    Parameters
    ----------
    diameter_A : ndarray, shape (n_bins,)
        Bin centres, Å.
    volume, volume_error : ndarray, shape (n_bins,)
        -dV/dD, cm³/kg/Å, with standard errors.
    wider, wider_error : ndarray, shape (n_bins,)
        Volume of pores wider than the bin's lower edge, cm³/kg, with standard errors.
    numbers : dict of str to float
        ``occupiable_volume_cm3_per_kg`` (of pores as wide as the probe or wider), ``mean_pore_diameter_A``
        and ``modal_pore_diameter_A`` of these, ``largest_pore_diameter_A`` met, each with its ``_error``.
    n_points : int
        Random points in each frame.
    """

    diameter_A: np.ndarray
    volume: np.ndarray
    volume_error: np.ndarray
    wider: np.ndarray
    wider_error: np.ndarray
    numbers: dict[str, float]
    n_points: int

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a bin.

        Returns
        -------
        pandas.DataFrame
            ``diameter_A``, the distribution and the volume of wider pores, each with its error.
        """
        return pd.DataFrame(
            {
                "diameter_A": self.diameter_A,
                "volume_cm3_per_kg_per_A": self.volume,
                "volume_error_cm3_per_kg_per_A": self.volume_error,
                "volume_of_wider_pores_cm3_per_kg": self.wider,
                "volume_of_wider_pores_error_cm3_per_kg": self.wider_error,
            }
        )

    def panels(self) -> tuple[Panel, ...]:
        """Return the distribution, and the volume of wider pores.

        Returns
        -------
        tuple of Panel
            Two panels.
        """
        distribution = Curve("-dV/dD", self.diameter_A, self.volume, self.volume_error)
        edges = self.diameter_A - BIN_WIDTH_A / 2
        wider = Curve("V(D)", edges, self.wider, self.wider_error)
        return (
            Panel("Pore sizes", "pore diameter D (Å)", "-dV/dD (cm³/kg/Å)", (distribution,)),
            Panel("Volume of pores wider than D", "pore diameter D (Å)", "V(D) (cm³/kg)", (wider,)),
        )

    @classmethod
    def combine(cls, parts: Sequence[PoreSizeDistribution]) -> PoreSizeDistribution:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        parts : sequence of PoreSizeDistribution
            One a glass.

        Returns
        -------
        PoreSizeDistribution
            The mean.
        """
        widest = max(parts, key=lambda part: len(part.diameter_A))
        n_bins = len(widest.diameter_A)

        def padded(curve: np.ndarray) -> np.ndarray:  # numpydoc ignore=PR01
            """Fill up with the zeros of wider pores."""
            return np.pad(curve, (0, n_bins - len(curve)))

        volume, volume_error = mean_over_glasses([padded(part.volume) for part in parts])
        wider, wider_error = mean_over_glasses([padded(part.wider) for part in parts])
        names = [name for name in widest.numbers if not name.endswith("_error")]
        mean, error = mean_over_glasses([np.array([part.numbers[name] for name in names]) for part in parts])
        numbers: dict[str, float] = {}
        for place, name in enumerate(names):
            numbers |= {name: float(mean[place]), f"{name}_error": float(error[place])}
        return replace(
            widest,
            volume=volume,
            volume_error=volume_error,
            wider=wider,
            wider_error=wider_error,
            numbers=numbers,
        )


def volume_by_diameter(frame: Frame, radii_A: Mapping[str, float], n_points: int) -> tuple[np.ndarray, float]:
    """Measure pore sizes at random points of a frame; the same points in each.

    Parameters
    ----------
    frame : Frame
        The structure.
    radii_A : mapping of str to float
        Radius of each element, Å.
    n_points : int
        Random points in the cell.

    Returns
    -------
    volume : ndarray, shape (n_bins,)
        Volume in bins of the diameter, cm³/kg; that of atoms left out.
    largest_A : float
        Largest diameter met, Å.
    """
    radii = np.array([radii_A[chemical_symbols[number]] for number in frame.numbers])
    fraction = np.random.default_rng(0).random((n_points, 3))
    diameters = PoreSizes(frame, radii).diameters_A(fraction @ np.asarray(frame.cell))
    bins = np.minimum((diameters / BIN_WIDTH_A).astype(int), _N_BINS - 1)
    counts = np.bincount(bins[diameters > 0], minlength=_N_BINS)
    per_point = frame.volume_A3 / n_points / frame.mass_u * _CM3_PER_KG_PER_A3_PER_U
    return counts * per_point, float(diameters.max())


class PoreSizeSums:
    """Adds up the volumes of frames over blocks of time.

    Parameters
    ----------
    n_points : int
        Random points in each frame.
    probe_radius_A : float
        Radius of the probe, Å.
    """

    def __init__(self, n_points: int, probe_radius_A: float) -> None:
        self.n_points = n_points
        self._from_bin = round(2 * probe_radius_A / BIN_WIDTH_A)
        self._blocks = BlockSums(_N_BINS + 2)

    def add(self, volume: np.ndarray, largest_A: float) -> None:
        """Add one frame.

        Parameters
        ----------
        volume : ndarray, shape (n_bins,)
            As `volume_by_diameter` gives it.
        largest_A : float
            Largest diameter, Å.
        """
        self._blocks.add(np.concatenate((volume, (largest_A, 1.0))))

    def merge(self, later: PoreSizeSums) -> None:
        """Add the frames that follow.

        Parameters
        ----------
        later : PoreSizeSums
            Their sums; left as they are.
        """
        self._blocks.merge(later._blocks)

    def finish(self) -> PoreSizeDistribution:
        """Make the distribution of all frames.

        Returns
        -------
        PoreSizeDistribution
            With errors by leaving out one block of time at a time.
        """
        centres = (np.arange(_N_BINS) + 0.5) * BIN_WIDTH_A

        def curves(total: np.ndarray) -> np.ndarray:  # numpydoc ignore=PR01
            """Distribution and volume of wider pores."""
            volume = total[:_N_BINS] / total[-1]
            return np.stack((volume / BIN_WIDTH_A, np.cumsum(volume[::-1])[::-1]))

        def numbers(total: np.ndarray) -> np.ndarray:  # numpydoc ignore=PR01
            """Occupiable volume, mean, mode and largest."""
            volume, diameter = total[self._from_bin : _N_BINS] / total[-1], centres[self._from_bin :]
            occupiable, largest = volume.sum(), total[-2] / total[-1]
            if occupiable == 0:
                return np.array([0.0, np.nan, np.nan, largest])
            mean, mode = (volume @ diameter) / occupiable, diameter[int(volume.argmax())]
            return np.array([occupiable, mean, mode, largest])

        (volume, wider), (volume_error, wider_error) = self._blocks.jackknife(curves)
        values, errors = self._blocks.jackknife(numbers)
        names = ("occupiable_volume_cm3_per_kg", "mean_pore_diameter_A", "modal_pore_diameter_A")
        named: dict[str, float] = {}
        for name, value, error in zip((*names, "largest_pore_diameter_A"), values, errors, strict=True):
            named |= {name: float(value), f"{name}_error": float(error)}
        filled = np.flatnonzero(volume)
        n_bins = min(_N_BINS, int(filled[-1]) + 2) if len(filled) else 1
        return PoreSizeDistribution(
            diameter_A=centres[:n_bins],
            volume=volume[:n_bins],
            volume_error=volume_error[:n_bins],
            wider=wider[:n_bins],
            wider_error=wider_error[:n_bins],
            numbers=named,
            n_points=self.n_points,
        )
