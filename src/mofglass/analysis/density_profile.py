"""Density along the three directions of the cell: layers, gradients and jumps between cages.

Mendez et al. 2024 (Fig. 7) show by it that ZIF-4 is even along one direction and layered along the others.
The cell is cut into slabs parallel to its faces; for an orthogonal cell these directions are x, y and z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_masses, atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import symbols_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import BlockSums, mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.topology.binning import cell_heights
from mofglass.units import GRAM_PER_CM3_PER_U_PER_A3

DIRECTIONS = ("a", "b", "c")
"""Perpendicular to the faces bc, ca and ab: x, y and z of an orthogonal cell."""


@dataclass(frozen=True)
class DensityProfileResult(Result):
    """Density profiles of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    position_A : ndarray, shape (3, n_bins)
        Middles of the slabs along a, b, c, Å, in the mean cell.
    density_g_per_cm3, density_error_g_per_cm3 : ndarray, shape (3, n_bins)
        Mass density and its standard error, g/cm³.
    number_density_per_A3 : dict of str to ndarray, shape (3, n_bins)
        Atoms of each element in 1 Å³.
    relative_deviation, relative_deviation_error : ndarray, shape (3,)
        Standard deviation of each mass profile over its mean.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    position_A: np.ndarray
    density_g_per_cm3: np.ndarray
    density_error_g_per_cm3: np.ndarray
    number_density_per_A3: dict[str, np.ndarray]
    relative_deviation: np.ndarray
    relative_deviation_error: np.ndarray
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "density_profile"
    title: ClassVar[str] = "Density profile"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a slab.

        Returns
        -------
        pandas.DataFrame
            ``direction, position_A, density_g_per_cm3`` with error, and ``n_Zn_per_A3`` for each element.
        """
        parts = []
        for k, direction in enumerate(DIRECTIONS):
            columns: dict[str, Any] = {
                "direction": direction,
                "position_A": self.position_A[k],
                "density_g_per_cm3": self.density_g_per_cm3[k],
                "density_g_per_cm3_error": self.density_error_g_per_cm3[k],
            }
            columns |= {f"n_{s}_per_A3": values[k] for s, values in self.number_density_per_A3.items()}
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> dict[str, Any]:
        """Return how uneven the profile is along each direction.

        Returns
        -------
        dict
            ``relative_deviation_a``, ``_b``, ``_c`` with errors, ``mean_density_g_per_cm3``.
        """
        numbers: dict[str, Any] = {}
        for k, direction in enumerate(DIRECTIONS):
            numbers[f"relative_deviation_{direction}"] = float(self.relative_deviation[k])
            numbers[f"relative_deviation_{direction}_error"] = float(self.relative_deviation_error[k])
        return {
            **numbers,
            "mean_density_g_per_cm3": float(self.density_g_per_cm3[0].mean()),
            "n_slabs": self.position_A.shape[1],
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the three mass profiles, and those of each element along each direction.

        Returns
        -------
        tuple of Panel
            Four panels.
        """
        mass = tuple(
            Curve(f"along {direction}", x, y, error)
            for direction, x, y, error in zip(
                DIRECTIONS,
                self.position_A,
                self.density_g_per_cm3,
                self.density_error_g_per_cm3,
                strict=True,
            )
        )
        panels = [Panel("Density profiles", "position (Å)", "density (g/cm³)", mass)]
        for k, direction in enumerate(DIRECTIONS):
            curves = tuple(
                Curve(s, self.position_A[k], values[k]) for s, values in self.number_density_per_A3.items()
            )
            title = f"Elements along {direction}"
            panels.append(Panel(title, "position (Å)", "number density (1/Å³)", curves))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[DensityProfileResult]) -> DensityProfileResult:
        """Average over independent glasses slab by slab, each weighing the same.

        Parameters
        ----------
        results : sequence of DensityProfileResult
            One a glass, with as many slabs.

        Returns
        -------
        DensityProfileResult
            The mean, at the mean positions; the deviations are means of the glasses' own.
        """
        first = results[0]
        density, error = mean_over_glasses([result.density_g_per_cm3 for result in results])
        deviation, deviation_error = mean_over_glasses([result.relative_deviation for result in results])
        return cls(
            position_A=np.mean([result.position_A for result in results], axis=0),
            density_g_per_cm3=density,
            density_error_g_per_cm3=error,
            number_density_per_A3={
                s: np.mean([result.number_density_per_A3[s] for result in results], axis=0)
                for s in first.number_density_per_A3
            },
            relative_deviation=deviation,
            relative_deviation_error=deviation_error,
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


class DensityProfile(Analysis[DensityProfileResult]):
    """Mass and number density in slabs along the three directions of the cell.

    Parameters
    ----------
    n_slabs : int
        Slabs along each direction; they breathe with the cell.

    Raises
    ------
    InputError
        For fewer than two slabs.
    """

    name: ClassVar[str] = "density_profile"

    def __init__(self, *, n_slabs: int = 50) -> None:
        super().__init__()
        if n_slabs < 2:
            raise InputError(f"{n_slabs} slabs make no profile: give at least 2.")
        self.n_slabs = int(n_slabs)

    def _start(self, data: FrameData) -> None:
        self._symbols = symbols_present(data.frame.numbers)[::-1]
        # Number density by element, direction and slab; then the heights of the cell and 1, of each frame.
        self._shape = (len(self._symbols), 3, self.n_slabs)
        self._blocks = BlockSums(int(np.prod(self._shape)) + 4)

    def _update(self, data: FrameData) -> None:
        frame, n = data.frame, self.n_slabs
        fraction = np.linalg.solve(np.asarray(frame.cell).T, frame.positions.T)
        # A fraction just below zero wraps to 1.0 itself by rounding: that is slab 0 again.
        slab = np.floor((fraction - np.floor(fraction)) * n).astype(np.int64) % n
        counts = np.zeros(self._shape)
        for place, symbol in enumerate(self._symbols):
            chosen = frame.numbers == atomic_numbers[symbol]
            for direction in range(3):
                counts[place, direction] = np.bincount(slab[direction, chosen], minlength=n)
        density = counts * (n / frame.volume_A3)
        self._blocks.add(np.concatenate((density.ravel(), cell_heights(frame.cell), (1.0,))))

    def _finish(self) -> DensityProfileResult:
        masses = np.array([atomic_masses[atomic_numbers[s]] for s in self._symbols])

        def profiles(total: np.ndarray) -> np.ndarray:
            number = total[:-4].reshape(self._shape) / total[-1]
            return np.tensordot(masses, number, axes=1) * GRAM_PER_CM3_PER_U_PER_A3

        def deviation(total: np.ndarray) -> np.ndarray:
            density = profiles(total)
            return density.std(axis=1) / density.mean(axis=1)

        total = self._blocks.total()
        density, error = self._blocks.jackknife(profiles)
        uneven, uneven_error = self._blocks.jackknife(deviation)
        number = total[:-4].reshape(self._shape) / total[-1]
        middles = (np.arange(self.n_slabs) + 0.5) / self.n_slabs
        return DensityProfileResult(
            position_A=np.outer(total[-4:-1] / total[-1], middles),
            density_g_per_cm3=density,
            density_error_g_per_cm3=error,
            number_density_per_A3=dict(zip(self._symbols, number, strict=True)),
            relative_deviation=uneven,
            relative_deviation_error=uneven_error,
            n_frames=self.n_frames,
        )

    def _merge(self, later: DensityProfile) -> None:
        self._blocks.merge(later._blocks)
