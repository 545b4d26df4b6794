r"""Local density: atoms in boxes of 5 Å, as a field, and how uneven it is.

Shi et al. 2023 (Fig. 5) count the atoms in 5 × 5 × 5 Å boxes to see low-density regions form on melting. The
cell is divided along its vectors into the whole number of boxes nearest to that edge. With N atoms in a box,

.. math:: I = \frac{\langle N^2\rangle - \langle N\rangle^2}{\langle N\rangle}, \qquad
          C(\mathbf{d}) = \frac{\langle \delta N(\mathbf{x})\, \delta N(\mathbf{x} + \mathbf{d})\rangle}
          {\langle \delta N^2\rangle}

I is 1 for atoms strewn at random, less for a regular arrangement. C tells over what distance dense and thin
regions stay so: δN is the excess over the mean; without order C is -1/(n - 1) between any two of n boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_masses, atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.density_boxes import (
    Grid,
    autocovariance,
    box_distances_A,
    box_of_atoms,
)
from mofglass.analysis.elements import checked_symbol, require_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import BlockSums, block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.topology.binning import cell_heights
from mofglass.units import density_g_per_cm3

MOST_BOXES = 1_000_000
"""Boxes a cell may be divided into: a million atoms in boxes that hold one each."""


@dataclass(frozen=True)
class LocalDensityResult(Result):
    """Local density of one trajectory, or of several glasses.

    Parameters
    ----------
    axis : FrameAxis
        Frame and time of each row.
    dispersion : ndarray, shape (n_frames,)
        Variance over mean of the atoms in a box, in each frame.
    atoms_per_box : ndarray of int, shape (n_numbers,)
        0, 1, 2, ...
    probability, probability_error : ndarray, shape (n_numbers,)
        Fraction of boxes that hold so many atoms, and its standard error.
    distance_A : ndarray, shape (n_distances,)
        Distance of two boxes, Å: multiples of the edge; the boxes are sorted to the nearest.
    autocorrelation, autocorrelation_error : ndarray, shape (n_distances,)
        C, and its standard error.
    numbers : dict of str to float
        ``mean_atoms_per_box``, ``variance_atoms_per_box``, ``dispersion_index``, ``relative_deviation``, each
        with its ``_error``.
    fields_per_A3 : tuple of ndarray
        Mean over time of the number density, atoms in 1 Å³, one array of boxes along a, b, c a glass.
    fields_g_per_cm3 : tuple of ndarray
        The same of the mass density, g/cm³.
    edges_A : tuple of ndarray, shape (3,)
        Mean thickness of the boxes along a, b, c, Å, of each glass.
    element : str or None
        The element counted; all where None.
    n_glasses : int
        Independent trajectories in the mean.
    """

    axis: FrameAxis
    dispersion: np.ndarray
    atoms_per_box: np.ndarray
    probability: np.ndarray
    probability_error: np.ndarray
    distance_A: np.ndarray
    autocorrelation: np.ndarray
    autocorrelation_error: np.ndarray
    numbers: dict[str, float]
    fields_per_A3: tuple[np.ndarray, ...]
    fields_g_per_cm3: tuple[np.ndarray, ...]
    edges_A: tuple[np.ndarray, ...]
    element: str | None
    n_glasses: int = 1

    name: ClassVar[str] = "local_density"
    title: ClassVar[str] = "Local density"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps, dispersion_index``.
        """
        return pd.DataFrame({**self.axis.columns(), "dispersion_index": self.dispersion})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the series, the distribution, the autocorrelation, and the field of each glass.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``local_density``, ``local_density_distribution``, ``local_density_autocorrelation``, and
            ``local_density_field`` with one row a box.
        """
        distribution = {
            "atoms_per_box": self.atoms_per_box,
            "probability": self.probability,
            "probability_error": self.probability_error,
        }
        correlation = {
            "distance_A": self.distance_A,
            "autocorrelation": self.autocorrelation,
            "autocorrelation_error": self.autocorrelation_error,
        }
        rows = []
        for glass, field in enumerate(self.fields_per_A3):
            a, b, c = (index.ravel() for index in np.indices(field.shape))
            row = pd.DataFrame({"box_a": a, "box_b": b, "box_c": c, "density_per_A3": field.ravel()})
            row["density_g_per_cm3"] = self.fields_g_per_cm3[glass].ravel()
            rows.append(row if len(self.fields_per_A3) == 1 else row.assign(glass=glass))
        return {
            "local_density": self.to_dataframe(),
            "local_density_distribution": pd.DataFrame(distribution),
            "local_density_autocorrelation": pd.DataFrame(correlation),
            "local_density_field": pd.concat(rows, ignore_index=True),
        }

    def summary(self) -> dict[str, Any]:
        """Return the heterogeneity of the field.

        Returns
        -------
        dict
            Atoms in a box, their variance, dispersion index and relative deviation, with errors;
            ``neighbour_autocorrelation`` of boxes one edge apart.
        """
        near = float(self.autocorrelation[1]) if len(self.autocorrelation) > 1 else None
        near_error = float(self.autocorrelation_error[1]) if len(self.autocorrelation) > 1 else None
        return {
            **self.numbers,
            "neighbour_autocorrelation": near,
            "neighbour_autocorrelation_error": near_error,
            "boxes": list(self.fields_per_A3[0].shape),
            "box_edges_A": [float(edge) for edge in self.edges_A[0]],
            "element": self.element,
            "n_frames": len(self.axis.frame),
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the distribution, the autocorrelation, and the dispersion over time.

        Returns
        -------
        tuple of Panel
            Three panels, or two for a single frame.
        """
        what = f"{self.element} atoms" if self.element else "atoms"
        counted = Curve("boxes", self.atoms_per_box.astype(float), self.probability, self.probability_error)
        related = Curve("C", self.distance_A, self.autocorrelation, self.autocorrelation_error)
        panels = [
            Panel("Local density", f"{what} in a box", "fraction of boxes", (counted,), kind="bar"),
            Panel(
                "Autocorrelation of the local density",
                "distance of boxes (Å)",
                "C",
                (related,),
                kind="series",
            ),
        ]
        if len(self.axis.frame) > 1:
            title = "Unevenness of the local density"
            panels.append(self.axis.panel(title, "variance / mean of atoms in a box", self.dispersion))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[LocalDensityResult]) -> LocalDensityResult:
        """Average over independent glasses, each weighing the same; errors are between them.

        Parameters
        ----------
        results : sequence of LocalDensityResult
            One a glass, of the same edge and element.

        Returns
        -------
        LocalDensityResult
            Means; the fields stay one a glass.
        """
        first = results[0]
        if len(results) == 1:
            return first
        n_numbers = max(len(result.probability) for result in results)
        n_distances = min(len(result.distance_A) for result in results)
        padded = [np.pad(r.probability, (0, n_numbers - len(r.probability))) for r in results]
        probability, probability_error = mean_over_glasses(padded)
        related, related_error = mean_over_glasses([r.autocorrelation[:n_distances] for r in results])
        numbers: dict[str, float] = {}
        for key in first.numbers:
            if not key.endswith("_error"):
                mean, error = mean_over_glasses([result.numbers[key] for result in results])
                numbers |= {key: float(mean), f"{key}_error": float(error)}
        return cls(
            axis=FrameAxis.join([result.axis for result in results]),
            dispersion=np.concatenate([result.dispersion for result in results]),
            atoms_per_box=np.arange(n_numbers),
            probability=probability,
            probability_error=probability_error,
            distance_A=first.distance_A[:n_distances],
            autocorrelation=related,
            autocorrelation_error=related_error,
            numbers=numbers,
            fields_per_A3=tuple(field for result in results for field in result.fields_per_A3),
            fields_g_per_cm3=tuple(field for result in results for field in result.fields_g_per_cm3),
            edges_A=tuple(edges for result in results for edges in result.edges_A),
            element=first.element,
            n_glasses=sum(result.n_glasses for result in results),
        )


class LocalDensity(Analysis[LocalDensityResult]):
    """Atoms in boxes of a given edge: field, distribution, dispersion, autocorrelation.

    Parameters
    ----------
    edge_A : float
        Edge of the boxes, Å; each vector of the first frame's cell is divided into the whole number of boxes
        that comes nearest.
    element : str, optional
        Count this element only; all atoms by default.

    Raises
    ------
    InputError
        For an edge that is not positive, a cell that is one box only, or one of more than a million boxes.
    """

    name: ClassVar[str] = "local_density"
    mergeable: ClassVar[bool] = False

    def __init__(self, *, edge_A: float = 5.0, element: str | None = None) -> None:
        super().__init__()
        if not (np.isfinite(edge_A) and edge_A > 0):
            raise InputError(f"the edge of the boxes is {edge_A} Å: give a positive length.")
        self.edge_A = float(edge_A)
        self.element = None if element is None else checked_symbol(element)
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._means: list[tuple[float, float]] = []

    def _start(self, data: FrameData) -> None:
        if self.element is not None:
            require_present([self.element], data.frame.numbers, data.where)
        a, b, c = (max(1, round(height / self.edge_A)) for height in cell_heights(data.frame.cell).tolist())
        self.grid: Grid = (a, b, c)
        if a * b * c < 2:
            raise InputError(
                f"{data.where}: its cell is one box of {self.edge_A:g} Å: give a smaller edge (--edge)."
            )
        if a * b * c > MOST_BOXES:
            raise InputError(
                f"{data.where}: an edge of {self.edge_A:g} Å makes {a} x {b} x {c} boxes of its cell, more "
                f"than {MOST_BOXES}: give a larger edge (--edge, Å)."
            )
        cell = np.asarray(data.frame.cell)
        distance = box_distances_A(cell, self.grid)
        within = distance <= cell_heights(cell).min() / 2 + 1e-9
        # Boxes by distance to the nearest multiple of the edge; beyond half the cell nothing is new.
        self._shell = np.where(within, np.round(distance / self.edge_A), -1).astype(int)
        self._pairs = np.bincount(self._shell[within])
        n_counted = int(self._chosen(data.frame.numbers).sum())
        self._covariance = BlockSums(len(self._pairs))
        self._histogram = BlockSums(n_counted + 1)
        self._masses_u = atomic_masses[data.frame.numbers][self._chosen(data.frame.numbers)]
        self._field = np.zeros(self.grid)
        self._mass_field = np.zeros(self.grid)
        self._cell = np.zeros((3, 3))

    def _chosen(self, numbers: np.ndarray) -> np.ndarray:
        if self.element is None:
            return np.ones(len(numbers), dtype=bool)
        return numbers == atomic_numbers[self.element]

    def _update(self, data: FrameData) -> None:
        frame = data.frame
        box = box_of_atoms(frame.positions[self._chosen(frame.numbers)], frame.cell, self.grid)
        n_boxes = int(np.prod(self.grid))
        counts = np.bincount(box, minlength=n_boxes).reshape(self.grid)
        mass_u = np.bincount(box, self._masses_u, n_boxes).reshape(self.grid)
        excess = counts - counts.mean()
        within = self._shell >= 0
        covariance = np.bincount(self._shell[within], autocovariance(excess)[within], len(self._pairs))
        self._covariance.add(covariance)
        self._histogram.add(np.bincount(counts.ravel(), minlength=self._histogram.size).astype(float))
        self._field += counts * (n_boxes / frame.volume_A3)
        self._mass_field += mass_u * density_g_per_cm3(1.0, frame.volume_A3 / n_boxes)
        self._cell += frame.cell
        self._means.append((float(counts.mean()), float((excess**2).mean())))
        self._frames.append(frame.index)
        self._times_ps.append(frame.time_ps)

    def _finish(self) -> LocalDensityResult:
        mean, variance = np.array(self._means).T
        cell = self._cell / self.n_frames
        series = {
            "mean_atoms_per_box": mean,
            "variance_atoms_per_box": variance,
            "dispersion_index": variance / mean,
            "relative_deviation": np.sqrt(variance) / mean,
        }
        numbers: dict[str, float] = {}
        for key, values in series.items():
            estimate = block_average(values)
            numbers |= {key: estimate.mean, f"{key}_error": estimate.error}
        known = self._pairs > 0

        def correlation(total: np.ndarray) -> np.ndarray:
            mean_product = total[known] / self._pairs[known]
            # A field without unevenness has no correlation to tell.
            even = mean_product[0] <= 0
            return np.full(len(mean_product), np.nan) if even else mean_product / mean_product[0]

        def distribution(total: np.ndarray) -> np.ndarray:
            return total / total.sum()

        related, related_error = self._covariance.jackknife(correlation)
        probability, probability_error = self._histogram.jackknife(distribution)
        n_numbers = int(np.flatnonzero(probability)[-1]) + 1
        return LocalDensityResult(
            axis=FrameAxis.of(self._frames, self._times_ps),
            dispersion=series["dispersion_index"],
            atoms_per_box=np.arange(n_numbers),
            probability=probability[:n_numbers],
            probability_error=probability_error[:n_numbers],
            distance_A=np.flatnonzero(known) * self.edge_A,
            autocorrelation=related,
            autocorrelation_error=related_error,
            numbers=numbers,
            fields_per_A3=(self._field / self.n_frames,),
            fields_g_per_cm3=(self._mass_field / self.n_frames,),
            edges_A=(cell_heights(cell) / self.grid,),
            element=self.element,
        )
