"""Pores over frames: volume and surface for a probe, largest spheres; frames on all cores.

Castel et al., Digital Discovery 3, 355 (2024), take the sum of accessible and non-accessible volume for a
helium probe of 1.2 Å by Zeo++, frame by frame.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.pore_size_distribution import (
    PoreSizeDistribution,
    PoreSizeSums,
    volume_by_diameter,
)
from mofglass.analysis.statistics import block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.analysis.zeo import SPHERES, PoreError, ZeoSettings, measure_pores, require_pyzeo
from mofglass.errors import InputError
from mofglass.result import Panel, Result

QUANTITIES = (
    "total_volume_cm3_per_kg",
    "accessible_volume_cm3_per_kg",
    "non_accessible_volume_cm3_per_kg",
    "accessible_surface_m2_per_g",
    "non_accessible_surface_m2_per_g",
    *SPHERES,
    "n_channels",
)
"""What is measured of each frame, in the order of the columns; spheres by their diameters."""


@dataclass(frozen=True)
class PoresResult(Result):
    """Pores of one trajectory, or of several glasses.

    Parameters
    ----------
    settings : ZeoSettings
        Probe, sampling and radii.
    axis : FrameAxis
        Frame and time of each row.
    values : ndarray, shape (n_frames, n_quantities)
        As `QUANTITIES`; nan in frames that failed, and for spheres that were not looked for.
    mean : dict of str to float
        Mean of each quantity over the frames that did not fail.
    mean_error : dict of str to float
        Standard errors; nan for a single frame.
    failed : tuple of str
        Each frame that failed, and why.
    error_converged : bool
        Whether the error of the total volume stopped growing with the block length.
    n_glasses : int
        Independent trajectories in the mean.
    sizes : PoreSizeDistribution or None
        Distribution of pore sizes, where asked for.
    """

    settings: ZeoSettings
    axis: FrameAxis
    values: np.ndarray
    mean: dict[str, float]
    mean_error: dict[str, float]
    failed: tuple[str, ...]
    error_converged: bool
    n_glasses: int = 1
    sizes: PoreSizeDistribution | None = None

    name: ClassVar[str] = "pores"
    title: ClassVar[str] = "Pores"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps``, then `QUANTITIES`; empty fields where a frame failed.
        """
        columns = self.axis.columns()
        columns.update(zip(QUANTITIES, self.values.T, strict=True))
        return pd.DataFrame(columns)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the rows of the frames, and the distribution of pore sizes where there is one.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``pores`` and perhaps ``pores_sizes``.
        """
        more = {} if self.sizes is None else {"pores_sizes": self.sizes.to_dataframe()}
        return {self.name: self.to_dataframe(), **more}

    def summary(self) -> dict[str, Any]:
        """Return the means, how they were made, and what failed.

        Returns
        -------
        dict
            `QUANTITIES` with their errors, the numbers of the pore sizes where there are some, the settings,
            ``n_failed`` and ``failed``.
        """
        numbers: dict[str, Any] = {}
        for name in QUANTITIES:
            numbers[name] = self.mean[name]
            numbers[f"{name}_error"] = self.mean_error[name]
        if self.sizes is not None:
            numbers |= {**self.sizes.numbers, "n_size_points": self.sizes.n_points}
        settings = self.settings
        return {
            **numbers,
            "probe_radius_A": settings.probe_radius_A,
            "n_samples": settings.n_samples,
            "n_samples_per_atom": settings.n_samples_per_atom,
            "high_accuracy": settings.high_accuracy,
            "spheres": settings.spheres,
            "radii_A": dict(settings.radii_A) if settings.radii_A else "Zeo++",
            "n_failed": len(self.failed),
            "failed": list(self.failed),
            "n_frames": len(self.axis.frame),
            "error_converged": self.error_converged,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the pore volume and the largest spheres over time.

        Returns
        -------
        tuple of Panel
            Three panels, or the first alone without spheres; of a single frame each is one point. Two more of
            the pore sizes.
        """
        shown = (
            ("Pore volume", "pore volume (cm³/kg)", "total_volume_cm3_per_kg"),
            ("Largest included sphere", "diameter (Å)", "largest_included_sphere_A"),
            ("Largest free sphere", "diameter (Å)", "largest_free_sphere_A"),
        )
        series = tuple(
            self.axis.panel(title, label, self.values[:, QUANTITIES.index(name)])
            for title, label, name in shown
            if self.settings.spheres or name not in SPHERES
        )
        return series if self.sizes is None else (*series, *self.sizes.panels())

    @classmethod
    def combine(cls, results: Sequence[PoresResult]) -> PoresResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of PoresResult
            One a glass, measured alike.

        Returns
        -------
        PoresResult
            Mean of the glasses' means; all rows.
        """
        sizes = [result.sizes for result in results if result.sizes is not None]
        mean, error = mean_over_glasses([np.array(list(result.mean.values())) for result in results])
        return replace(
            results[0],
            axis=FrameAxis.join([result.axis for result in results]),
            values=np.concatenate([result.values for result in results]),
            mean=dict(zip(QUANTITIES, mean.tolist(), strict=True)),
            mean_error=dict(zip(QUANTITIES, error.tolist(), strict=True)),
            failed=tuple(
                f"glass {place}, {failure}"
                for place, result in enumerate(results, start=1)
                for failure in result.failed
            ),
            error_converged=len(results) > 1,
            n_glasses=sum(result.n_glasses for result in results),
            sizes=PoreSizeDistribution.combine(sizes) if len(sizes) == len(results) else None,
        )


class Pores(Analysis[PoresResult]):
    """Pores by Zeo++, each frame in a child process of its own; keeps nine numbers a frame.

    Parameters
    ----------
    probe_radius_A : float
        Radius of the probe, Å; the papers' helium has 1.2.
    n_samples : int
        Random points in the cell for the volume.
    n_samples_per_atom : int
        Random points on each atom for the surface.
    high_accuracy : bool
        Zeo++'s -ha.
    radii_A : mapping of str to float, optional
        Radii by symbol, Å; those of Zeo++ by default. All elements must be given, or none.
    spheres : bool
        Whether the largest spheres are looked for, which takes time with the square of the number of atoms.
    n_size_points : int
        Random points at which the size of the pore is measured; 0 for no distribution of pore sizes.
    n_processes : int, optional
        Child processes at a time; as many as there are cores by default.
    timeout_s : float
        Longest time for a frame, s.

    Raises
    ------
    InputError
        For a length or number that is not positive.
    MissingPackageError
        Where pyzeo is not installed.
    """

    name: ClassVar[str] = "pores"
    own_processes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        probe_radius_A: float = 1.2,
        n_samples: int = 50_000,
        n_samples_per_atom: int = 500,
        high_accuracy: bool = True,
        radii_A: Mapping[str, float] | None = None,
        spheres: bool = True,
        n_size_points: int = 0,
        n_processes: int | None = None,
        timeout_s: float = 3600.0,
    ) -> None:
        super().__init__()
        self.settings = ZeoSettings(
            probe_radius_A, n_samples, n_samples_per_atom, high_accuracy, radii_A, spheres, timeout_s
        )
        self.n_processes = n_processes or len(os.sched_getaffinity(0))
        if self.n_processes < 1:
            raise InputError("pores need at least one process.")
        if n_size_points < 0:
            raise InputError("a distribution of pore sizes needs at least one point.")
        require_pyzeo()
        self.n_size_points = n_size_points
        self._sizes = PoreSizeSums(n_size_points, probe_radius_A) if n_size_points else None
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._where: list[str] = []
        self._rows: list[list[float]] = []
        self._failed: list[str] = []
        self._running: list[Future[_Measured]] = []

    def _start(self, data: FrameData) -> None:
        from ase.data import chemical_symbols

        radii = self.settings.radii_A
        if radii:
            elements = {chemical_symbols[number] for number in data.frame.numbers}
            missing = sorted(elements - set(radii))
            if missing:
                raise InputError(f"{data.where}: no radius is given for {', '.join(missing)}: give all.")

    def _update(self, data: FrameData) -> None:
        # A few frames wait in memory, no more.
        if len(self._running) >= 2 * self.n_processes:
            self._take(self._running.pop(0))
        self._frames.append(data.frame.index)
        self._times_ps.append(data.frame.time_ps)
        self._where.append(data.where)
        self._running.append(
            _workers(self.n_processes).submit(_measure, data, self.settings, self.n_size_points)
        )

    def _take(self, future: Future[_Measured]) -> None:
        """Wait for the oldest frame at work."""
        try:
            row, sizes = future.result()
            if self._sizes is not None and sizes is not None:
                self._sizes.add(*sizes)
        except PoreError as error:
            self._failed.append(f"{self._where[len(self._rows)]}: {error}")
            row = [np.nan] * len(QUANTITIES)
        self._rows.append(row)

    def _wait(self) -> None:
        while self._running:
            self._take(self._running.pop(0))

    def _finish(self) -> PoresResult:
        self._wait()
        values = np.array(self._rows)
        good = np.isfinite(values[:, 0])
        if not good.any():
            raise InputError(
                f"pores could not be measured in any of {len(values)} frames; first {self._failed[0]}."
            )
        estimates = {
            name: block_average(column[good]) for name, column in zip(QUANTITIES, values.T, strict=True)
        }
        return PoresResult(
            settings=self.settings,
            axis=FrameAxis.of(self._frames, self._times_ps),
            values=values,
            mean={name: estimate.mean for name, estimate in estimates.items()},
            mean_error={name: estimate.error for name, estimate in estimates.items()},
            failed=tuple(self._failed),
            error_converged=estimates["total_volume_cm3_per_kg"].converged,
            sizes=None if self._sizes is None else self._sizes.finish(),
        )

    def merge(self, later: Self) -> Self:
        """Add what the same analysis measured on the frames that follow; waits for frames at work.

        Parameters
        ----------
        later : Pores
            The same analysis of later frames.

        Returns
        -------
        Pores
            Itself.
        """
        self._wait()
        later._wait()
        return super().merge(later)

    def _merge(self, later: Pores) -> None:
        self._frames += later._frames
        self._times_ps += later._times_ps
        self._where += later._where
        self._rows += later._rows
        self._failed += later._failed
        if self._sizes is not None and later._sizes is not None:
            self._sizes.merge(later._sizes)


@cache
def _workers(n_processes: int) -> ThreadPoolExecutor:
    """Threads that each wait for one child process."""
    return ThreadPoolExecutor(n_processes, thread_name_prefix="mofglass-pores")


_Measured = tuple[list[float], tuple[np.ndarray, float] | None]
"""Row of a frame, and its volume by pore diameter with the largest of these."""


def _measure(data: FrameData, settings: ZeoSettings, n_size_points: int) -> _Measured:
    pores = measure_pores(data.frame, settings)
    found = vars(pores)
    total = found["accessible_volume_cm3_per_kg"] + found["non_accessible_volume_cm3_per_kg"]
    row = [total, *(float(found[name]) for name in QUANTITIES[1:])]
    if not n_size_points:
        return row, None
    return row, volume_by_diameter(data.frame, pores.radii_A, n_size_points)
