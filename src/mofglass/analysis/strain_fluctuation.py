"""Elastic constants from the fluctuations of the cell at constant stress and temperature.

Under a barostat that moves all of the cell, at zero stress (Parrinello and Rahman, J. Chem. Phys. 76,
2662 (1982)):

.. math:: S_{IJ} = \\frac{\\langle V\\rangle}{k_B T} \\langle \\delta e_I\\, \\delta e_J \\rangle, \\qquad
          C = S^{-1}, \\qquad K_V = \\frac{k_B T \\langle V\\rangle}{\\langle \\delta V^2 \\rangle}

These are the isothermal constants. The last formula is that of Mendez 2024, eq. 1 (whose print lacks the
volume), and needs only the volume to move. The reference of the strains is the mean cell, not the first,
and a rotation of the cell is no strain (`mofglass.analysis.cell_moments`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from ase.geometry import cell_to_cellpar

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.cell_moments import CellMoments, Fluctuations, fluctuations
from mofglass.analysis.elastic_directions import Extremes
from mofglass.analysis.elastic_result import HILL, Convergence, ElasticityResult, tensor_values
from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import jackknife_error
from mofglass.errors import InputError
from mofglass.trajectory.cell_series import CellChunk
from mofglass.units import BOLTZMANN_EV_PER_K, GPA_PER_EV_PER_A3, density_g_per_cm3

_FEWEST_CELLS = 16
_MOST_GROUPS, _FEWEST_GROUPS = 16, 4
_MEMORIES_PER_BLOCK = 2.0
"""A block this many correlation lengths long is nearly independent of the next."""
_CONVERGENCE_POINTS = 64


class StrainFluctuation(Analysis[ElasticityResult]):
    """Elastic constants from the fluctuations of a cell that is free to change.

    Cells come frame by frame as in every analysis, or many at a time by `add_cells`.

    Parameters
    ----------
    temperature_K : float
        Temperature of the run, K.
    mass_u : float, optional
        Mass in the cell, u, for the density.

    Raises
    ------
    InputError
        For a temperature that is not positive.
    """

    name: ClassVar[str] = "elasticity"
    mergeable: ClassVar[bool] = False

    def __init__(self, temperature_K: float, *, mass_u: float | None = None) -> None:
        super().__init__()
        if not temperature_K > 0:
            raise InputError("strain fluctuations need the temperature of the run, above 0 K")
        self.temperature_K = temperature_K
        self.mass_u = mass_u
        self._moments = CellMoments()

    def add_cells(self, cells_A: np.ndarray, time_ps: np.ndarray | None = None) -> StrainFluctuation:
        """Add consecutive cells, equally spaced in time.

        Parameters
        ----------
        cells_A : ndarray, shape (n, 3, 3)
            Cell vectors as rows, Å.
        time_ps : ndarray, shape (n,), optional
            Times, ps.

        Returns
        -------
        StrainFluctuation
            Itself.

        Raises
        ------
        InputError
            When the cell changes too much for one state.
        """
        self._moments.add(cells_A, time_ps)
        self.n_frames = self._moments.n_frames
        self._result = None
        return self

    def add_chunks(
        self, chunks: Iterable[CellChunk], progress: Callable[[int], None] | None = None
    ) -> StrainFluctuation:
        """Add all cells of a file.

        Parameters
        ----------
        chunks : iterable of CellChunk
            From `mofglass.trajectory.cell_series.open_cells`.
        progress : callable, optional
            Called with the number of cells so far.

        Returns
        -------
        StrainFluctuation
            Itself.
        """
        for chunk in chunks:
            self.add_cells(chunk.cells_A, chunk.time_ps)
            if progress is not None:
                progress(self.n_frames)
        return self

    def _start(self, data: FrameData) -> None:
        from ase.data import atomic_masses

        if self.mass_u is None:
            self.mass_u = float(atomic_masses[data.frame.numbers].sum())

    def _update(self, data: FrameData) -> None:
        time = data.frame.time_ps
        self._moments.add(
            np.asarray(data.frame.cell, dtype=float)[None], np.array([np.nan if time is None else time])
        )

    def _finish(self) -> ElasticityResult:
        moments = self._moments
        assert moments.first_cell_A is not None
        if moments.n_frames < _FEWEST_CELLS:
            raise InputError(
                f"{moments.n_frames} cells say nothing of fluctuations: give at least {_FEWEST_CELLS}, "
                "better many thousands"
            )
        whole = self._fluctuations(moments.block_sums.sum(axis=0))
        if whole.volume_variance_A6 < 1e-20 * whole.mean_volume_A3**2:
            raise InputError(
                "the volume does not change: fluctuations need a run at constant pressure (NPT), with a cell "
                "that is free ('cell: tri') for the elastic tensor"
            )
        flexible = _free_strains(whole.strain_covariance) == 6
        memory, converged = moments.inefficiency()
        n_groups = int(moments.n_frames / (memory * _MEMORIES_PER_BLOCK))
        n_groups = min(max(n_groups, _FEWEST_GROUPS), _MOST_GROUPS, len(moments.block_sums))
        groups = moments.grouped(n_groups)
        total = groups.sum(axis=0)
        names, estimate, stiffness, there = self._estimate(total, flexible)
        # Summed afresh rather than subtracted, since fluctuations are differences of large sums.
        others = [np.delete(groups, k, axis=0).sum(axis=0) for k in range(n_groups)]
        replicates = [self._estimate(sums, flexible, there) for sums in others]
        errors = jackknife_error(np.array([values for _, values, _, _ in replicates]))
        stiffness_error = jackknife_error(np.array([tensor for _, _, tensor, _ in replicates]))
        n_independent = moments.n_frames / memory
        return ElasticityResult(
            method="strain fluctuation" if flexible else "volume fluctuation",
            stiffness_GPa=stiffness,
            stiffness_error_GPa=stiffness_error,
            values=dict(zip(names, estimate.tolist(), strict=True)),
            errors=dict(zip(names, errors.tolist(), strict=True)),
            details=self._details(whole, groups, memory, converged),
            convergence=self._convergence(flexible),
            notes=tuple(self._notes(flexible, converged, n_independent, groups, stiffness)),
        )

    def _fluctuations(self, sums: np.ndarray) -> Fluctuations:
        assert self._moments.first_cell_A is not None
        return fluctuations(sums, self._moments.first_cell_A)

    def _stiffness(self, found: Fluctuations) -> np.ndarray:
        kt = BOLTZMANN_EV_PER_K * self.temperature_K
        try:
            inverse = np.linalg.inv(found.strain_covariance)
        except np.linalg.LinAlgError:
            return np.full((6, 6), np.nan)
        return kt / found.mean_volume_A3 * inverse * GPA_PER_EV_PER_A3

    def _bulk_GPa(self, found: Fluctuations) -> float:
        kt = BOLTZMANN_EV_PER_K * self.temperature_K
        return kt * found.mean_volume_A3 / found.volume_variance_A6 * GPA_PER_EV_PER_A3

    def _estimate(
        self, sums: np.ndarray, flexible: bool, there: dict[str, Extremes] | None = None
    ) -> tuple[list[str], np.ndarray, np.ndarray, dict[str, Extremes]]:
        """Return the names and values of all scalars, the stiffness, and where its extremes are."""
        found = self._fluctuations(sums)
        values = {"bulk_modulus_volume_GPa": self._bulk_GPa(found)}
        stiffness = np.full((6, 6), np.nan)
        if flexible:
            stiffness = self._stiffness(found)
            scalars, there = tensor_values(ElasticTensor(stiffness), there)
            values = {**scalars, **values}
        else:
            values = {**dict.fromkeys(HILL, np.nan), "bulk_modulus_GPa": self._bulk_GPa(found), **values}
        values["mean_volume_A3"] = found.mean_volume_A3
        if self.mass_u is not None:
            values["mean_density_g_per_cm3"] = density_g_per_cm3(self.mass_u, found.mean_volume_A3)
        return list(values), np.array(list(values.values())), stiffness, there or {}

    def _details(
        self, whole: Fluctuations, groups: np.ndarray, memory: float, converged: bool
    ) -> dict[str, Any]:
        interval = self._moments.interval_ps
        return {
            "temperature_K": self.temperature_K,
            "free_strains": _free_strains(whole.strain_covariance),
            "mean_cell": cell_to_cellpar(whole.reference_cell_A).tolist(),
            "n_cells": self._moments.n_frames,
            "length_ps": interval * (self._moments.n_frames - 1),
            "n_blocks": len(groups),
            "n_independent": self._moments.n_frames / memory,
            "correlation_time_ps": memory * interval / 2,
            "error_converged": converged,
        }

    def _notes(
        self,
        flexible: bool,
        converged: bool,
        n_independent: float,
        groups: np.ndarray,
        stiffness: np.ndarray,
    ) -> list[str]:
        notes = []
        if not flexible:
            notes.append(
                "the cell did not change in all six ways, so that only the bulk modulus is known, from the "
                "volume: a run with 'cell: tri' gives the tensor"
            )
        if not converged:
            notes.append(
                "the run is too short for its slowest fluctuation: the errors are lower bounds, and moduli "
                "may still fall"
            )
        if flexible and n_independent < 100:
            notes.append(
                f"about {n_independent:.0f} independent cells overestimate the stiffness by some "
                f"{7 / max(n_independent - 7, 1):.0%}, being the inverse of a noisy covariance"
            )
        means = groups[:, 7] / groups[:, 0]
        half = len(means) // 2
        early, late = means[:half], means[-half:]
        if half >= 2:
            drift = late.mean() - early.mean()
            noise = np.sqrt((early.var(ddof=1) + late.var(ddof=1)) / half)
            if abs(drift) > 4 * noise:
                notes.append(
                    f"the volume drifts by {drift:+.2%} from the first half to the second: leave out the "
                    "beginning (--from-ps)"
                )
        if flexible and np.isfinite(stiffness).all() and not ElasticTensor(stiffness).is_stable:
            notes.append("the tensor is not mechanically stable")
        return notes

    def _convergence(self, flexible: bool) -> Convergence:
        moments = self._moments
        n_blocks = len(moments.block_sums)
        points = np.unique(np.linspace(0, n_blocks, min(n_blocks, _CONVERGENCE_POINTS) + 1).astype(int)[1:])
        grown = np.cumsum(moments.block_sums, axis=0)[points - 1]
        found = [self._fluctuations(sums) for sums in grown]
        enough = grown[:, 0] >= max(_FEWEST_CELLS, 0.05 * moments.n_frames)
        empty = np.full((6, 6), np.nan)
        times = moments.block_times_ps()[points - 1]
        volumes, lengths = moments.block_volumes_A3(), moments.block_sums[:, 0]
        edges = np.concatenate([[0], points])
        return Convergence(
            time_ps=times if np.isfinite(times).all() else grown[:, 0],
            timed=bool(np.isfinite(times).all()),
            stiffness_GPa=np.array(
                [
                    self._stiffness(f) if ok and _free_strains(f.strain_covariance) == 6 else empty
                    for f, ok in zip(found, enough & flexible, strict=True)
                ]
            ),
            bulk_modulus_volume_GPa=np.array(
                [
                    self._bulk_GPa(f) if ok and f.volume_variance_A6 > 0 else np.nan
                    for f, ok in zip(found, enough, strict=True)
                ]
            ),
            volume_A3=np.array([np.average(volumes[a:b], weights=lengths[a:b]) for a, b in pairwise(edges)]),
        )


def _free_strains(covariance: np.ndarray) -> int:
    """Count the strains that were sampled: 6 of a free cell, 3 of free edges, 1 of a free volume."""
    variances = np.linalg.eigvalsh(covariance)
    return int((variances > 1e-6 * variances[-1]).sum())
