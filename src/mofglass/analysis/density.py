"""Mass density, volume and cell over time.

.. math:: \\rho = \\frac{1}{N_A V} \\sum_i m_i

with standard atomic weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.geometry import cell_to_cellpar

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import Estimate, block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.result import Panel, Result
from mofglass.units import density_g_per_cm3

CELL_COLUMNS = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
"""Cell lengths (Å) and angles (degrees), in the order of the array."""


@dataclass(frozen=True)
class DensityResult(Result):
    """Density and cell of one trajectory, or of several glasses.

    Parameters
    ----------
    axis : FrameAxis
        Frame and time of each row.
    density_g_per_cm3 : ndarray, shape (n_frames,)
        Density, g/cm³.
    volume_A3 : ndarray, shape (n_frames,)
        Cell volume, Å³.
    cell_parameters : ndarray, shape (n_frames, 6)
        Lengths (Å) and angles (degrees), as `CELL_COLUMNS`.
    mean : float
        Mean density, g/cm³.
    mean_error : float
        Its standard error.
    mean_volume_A3 : float
        Mean volume, Å³.
    mean_volume_error_A3 : float
        Its standard error.
    error_converged : bool
        Whether the error stopped growing with the block length.
    n_glasses : int
        Independent trajectories in the mean.
    """

    axis: FrameAxis
    density_g_per_cm3: np.ndarray
    volume_A3: np.ndarray
    cell_parameters: np.ndarray
    mean: float
    mean_error: float
    mean_volume_A3: float
    mean_volume_error_A3: float
    error_converged: bool
    n_glasses: int = 1

    name: ClassVar[str] = "density"
    title: ClassVar[str] = "Density"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps, density_g_per_cm3, volume_A3`` and the cell.
        """
        columns = self.axis.columns()
        columns["density_g_per_cm3"] = self.density_g_per_cm3
        columns["volume_A3"] = self.volume_A3
        columns.update(zip(CELL_COLUMNS, self.cell_parameters.T, strict=True))
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return mean density and volume.

        Returns
        -------
        dict
            ``mean_density_g_per_cm3`` and ``mean_volume_A3`` with errors.
        """
        return {
            "mean_density_g_per_cm3": self.mean,
            "mean_density_g_per_cm3_error": self.mean_error,
            "mean_volume_A3": self.mean_volume_A3,
            "mean_volume_A3_error": self.mean_volume_error_A3,
            "error_converged": self.error_converged,
            "n_frames": len(self.axis.frame),
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return density over time.

        Returns
        -------
        tuple of Panel
            One panel.
        """
        return (self.axis.panel("Density", "density (g/cm³)", self.density_g_per_cm3),)

    @classmethod
    def combine(cls, results: Sequence[DensityResult]) -> DensityResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of DensityResult
            One a glass.

        Returns
        -------
        DensityResult
            Mean of the glasses' means; all rows.
        """
        mean, error = mean_over_glasses([result.mean for result in results])
        volume, volume_error = mean_over_glasses([result.mean_volume_A3 for result in results])
        return cls(
            axis=FrameAxis.join([result.axis for result in results]),
            density_g_per_cm3=np.concatenate([result.density_g_per_cm3 for result in results]),
            volume_A3=np.concatenate([result.volume_A3 for result in results]),
            cell_parameters=np.concatenate([result.cell_parameters for result in results]),
            mean=float(mean),
            mean_error=float(error),
            mean_volume_A3=float(volume),
            mean_volume_error_A3=float(volume_error),
            error_converged=len(results) > 1,
            n_glasses=sum(result.n_glasses for result in results),
        )


class Density(Analysis[DensityResult]):
    """Density, volume and cell over time; keeps eight numbers a frame."""

    name: ClassVar[str] = "density"

    def __init__(self) -> None:
        super().__init__()
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._volumes_A3: list[float] = []
        self._cells: list[np.ndarray] = []

    def _start(self, data: FrameData) -> None:
        self._mass_u = data.frame.mass_u

    def _update(self, data: FrameData) -> None:
        self._frames.append(data.frame.index)
        self._times_ps.append(data.frame.time_ps)
        self._volumes_A3.append(data.frame.volume_A3)
        self._cells.append(cell_to_cellpar(data.frame.cell))

    def _finish(self) -> DensityResult:
        volume = np.array(self._volumes_A3)
        density = np.array([density_g_per_cm3(self._mass_u, value) for value in self._volumes_A3])
        mean: Estimate = block_average(density)
        mean_volume = block_average(volume)
        return DensityResult(
            axis=FrameAxis.of(self._frames, self._times_ps),
            density_g_per_cm3=density,
            volume_A3=volume,
            cell_parameters=np.array(self._cells),
            mean=mean.mean,
            mean_error=mean.error,
            mean_volume_A3=mean_volume.mean,
            mean_volume_error_A3=mean_volume.error,
            error_converged=mean.converged,
        )

    def _merge(self, later: Density) -> None:
        self._frames += later._frames
        self._times_ps += later._times_ps
        self._volumes_A3 += later._volumes_A3
        self._cells += later._cells
