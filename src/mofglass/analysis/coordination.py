"""Coordination numbers: neighbours of one element within a cut-off of another, over time.

The papers count N around Zn within 2.5 Å (Castel et al., Digital Discovery 3, 355 (2024); Shi 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import Pair, require_present
from mofglass.analysis.frame_data import FrameData, PairCutoffs
from mofglass.analysis.rdf import pair_label
from mofglass.analysis.statistics import block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result


@dataclass(frozen=True)
class CoordinationResult(Result):
    """Coordination number of one pair of elements.

    Parameters
    ----------
    pair : tuple of str
        Central element and its neighbours' element.
    cutoff_A : float
        Cut-off, Å, included.
    axis : FrameAxis
        Frame and time of each row.
    coordination : ndarray, shape (n_frames,)
        Mean over the central atoms of each frame.
    fractions : ndarray, shape (n_frames, n_numbers)
        Fraction of central atoms with 0, 1, 2, ... neighbours.
    mean_coordination : float
        Mean over time.
    mean_coordination_error : float
        Its standard error; nan for a single frame.
    fraction_by_number : dict of int to float
        Mean fraction of central atoms by number of neighbours, those that occur.
    fraction_by_number_error : dict of int to float
        Standard errors.
    n_centres : int
        Central atoms in a frame (all glasses together).
    error_converged : bool
        Whether the error stopped growing with the block length.
    n_glasses : int
        Independent trajectories in the mean.
    """

    pair: Pair
    cutoff_A: float
    axis: FrameAxis
    coordination: np.ndarray
    fractions: np.ndarray
    mean_coordination: float
    mean_coordination_error: float
    fraction_by_number: dict[int, float]
    fraction_by_number_error: dict[int, float]
    n_centres: int
    error_converged: bool
    n_glasses: int = 1

    name: ClassVar[str] = "coordination"
    title: ClassVar[str] = "Coordination number"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps, coordination, fraction_0, fraction_1, ...``.
        """
        columns = self.axis.columns()
        columns["coordination"] = self.coordination
        for number in range(self.fractions.shape[1]):
            columns[f"fraction_{number}"] = self.fractions[:, number]
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return the mean and its distribution.

        Returns
        -------
        dict
            ``mean_coordination``, ``fraction_by_number`` and their errors.
        """
        return {
            "mean_coordination": self.mean_coordination,
            "mean_coordination_error": self.mean_coordination_error,
            "fraction_by_number": {str(k): v for k, v in self.fraction_by_number.items()},
            "fraction_by_number_error": {str(k): v for k, v in self.fraction_by_number_error.items()},
            "n_frames": len(self.axis.frame),
            "pair": pair_label(self.pair),
            "cutoff_A": self.cutoff_A,
            "n_centres": self.n_centres,
            "error_converged": self.error_converged,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the distribution, and the mean over time.

        Returns
        -------
        tuple of Panel
            Two panels, or one for a single frame.
        """
        label = pair_label(self.pair)
        numbers = np.array(list(self.fraction_by_number), dtype=float)
        bars = Curve(
            label,
            numbers,
            np.array(list(self.fraction_by_number.values())),
            np.array(list(self.fraction_by_number_error.values())),
        )
        x_label = f"{self.pair[1]} within {self.cutoff_A:g} Å"
        distribution = Panel(
            f"{label} coordination", x_label, f"fraction of {self.pair[0]}", (bars,), kind="bar"
        )
        if len(self.axis.frame) == 1:
            return (distribution,)
        title = f"{label} coordination number"
        return distribution, self.axis.panel(title, "mean coordination number", self.coordination)

    @classmethod
    def combine(cls, results: Sequence[CoordinationResult]) -> CoordinationResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of CoordinationResult
            One a glass, of the same pair and cut-off.

        Returns
        -------
        CoordinationResult
            Mean of the glasses' means; all rows.
        """
        first = results[0]
        mean, error = mean_over_glasses([result.mean_coordination for result in results])
        numbers = sorted({number for result in results for number in result.fraction_by_number})
        fraction, fraction_error = mean_over_glasses(
            [
                np.array([result.fraction_by_number.get(number, 0.0) for number in numbers])
                for result in results
            ]
        )
        n_columns = max(result.fractions.shape[1] for result in results)
        rows = [np.pad(r.fractions, ((0, 0), (0, n_columns - r.fractions.shape[1]))) for r in results]
        return cls(
            pair=first.pair,
            cutoff_A=first.cutoff_A,
            axis=FrameAxis.join([result.axis for result in results]),
            coordination=np.concatenate([result.coordination for result in results]),
            fractions=np.concatenate(rows),
            mean_coordination=float(mean),
            mean_coordination_error=float(error),
            fraction_by_number=dict(zip(numbers, fraction.tolist(), strict=True)),
            fraction_by_number_error=dict(zip(numbers, fraction_error.tolist(), strict=True)),
            n_centres=sum(result.n_centres for result in results),
            error_converged=len(results) > 1,
            n_glasses=sum(result.n_glasses for result in results),
        )


class Coordination(Analysis[CoordinationResult]):
    """Coordination number of one element around another; keeps a few numbers a frame.

    Parameters
    ----------
    pair : tuple of str
        Central element, then the element counted around it.
    cutoff_A : float
        Cut-off, Å, included. A neighbour counts once for each of its images within it.

    Raises
    ------
    InputError
        For a cut-off that is not positive.
    """

    name: ClassVar[str] = "coordination"

    def __init__(self, *, pair: Pair = ("Zn", "N"), cutoff_A: float = 2.5) -> None:
        super().__init__()
        if not (np.isfinite(cutoff_A) and cutoff_A > 0):
            raise InputError(f"the cut-off is {cutoff_A} Å: give a positive length.")
        self.pair = pair
        self.cutoff_A = float(cutoff_A)
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._counts: list[np.ndarray] = []

    @property
    def pair_cutoffs(self) -> PairCutoffs:
        """Cut-offs in Å of the neighbours this analysis will ask for."""
        return {self.pair: self.cutoff_A}

    def _start(self, data: FrameData) -> None:
        require_present(self.pair, data.frame.numbers, data.where)
        self._centres = np.flatnonzero(data.frame.numbers == atomic_numbers[self.pair[0]])

    def _update(self, data: FrameData) -> None:
        bonds = data.bonds(*self.pair, self.cutoff_A)
        neighbours = np.bincount(bonds.centre, minlength=data.frame.n_atoms)[self._centres]
        self._counts.append(np.bincount(neighbours))
        self._frames.append(data.frame.index)
        self._times_ps.append(data.frame.time_ps)

    def _finish(self) -> CoordinationResult:
        n_columns = max(len(counts) for counts in self._counts)
        counts = np.array([np.pad(row, (0, n_columns - len(row))) for row in self._counts])
        fractions = counts / len(self._centres)
        coordination = fractions @ np.arange(n_columns)
        mean = block_average(coordination)
        present = np.flatnonzero(counts.any(axis=0)).tolist()
        by_number = {number: block_average(fractions[:, number]) for number in present}
        return CoordinationResult(
            pair=self.pair,
            cutoff_A=self.cutoff_A,
            axis=FrameAxis.of(self._frames, self._times_ps),
            coordination=coordination,
            fractions=fractions,
            mean_coordination=mean.mean,
            mean_coordination_error=mean.error,
            fraction_by_number={number: estimate.mean for number, estimate in by_number.items()},
            fraction_by_number_error={number: estimate.error for number, estimate in by_number.items()},
            n_centres=len(self._centres),
            error_converged=mean.converged,
        )

    def _merge(self, later: Coordination) -> None:
        self._frames += later._frames
        self._times_ps += later._times_ps
        self._counts += later._counts
