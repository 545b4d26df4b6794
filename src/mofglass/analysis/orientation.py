"""Orientation of the linkers: how they turn over time, and how they are tilted between their metals.

Du, Yue and Smedskjaer (2023) trace what temperature and pressure do to the glass to the reorientation of the
rings. The two-fold axis of each ring, u, and its normal, n, are followed:

.. math:: C_1(t) = \\langle u(0) \\cdot u(t) \\rangle, \\qquad
          C_2(t) = \\langle \\tfrac{3}{2} (u(0) \\cdot u(t))^2 - \\tfrac{1}{2} \\rangle
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData, PairCutoffs
from mofglass.analysis.frame_interval import FrameInterval, checked_interval_ps
from mofglass.analysis.linker_axes import LinkerAxes, linker_axes, whole_rings
from mofglass.analysis.order_n import EarlierFrames
from mofglass.analysis.orientation_result import CORRELATIONS, TILTS, OrientationResult, Reorientation
from mofglass.analysis.reorientation import reorientation_fit
from mofglass.analysis.statistics import BlockSums, block_average
from mofglass.analysis.time_series import FrameAxis
from mofglass.errors import InputError

ANGLE_EDGES_DEG = np.linspace(0.0, 180.0, 61)
TILT_EDGES_DEG = np.linspace(0.0, 90.0, 46)


class Orientation(Analysis[OrientationResult]):
    """Reorientation and tilt of the linkers; needs its frames in order and evenly spaced in time.

    The linkers are those intact in the first frame; one whose ring comes apart is left out from then on. Lags
    grow by octaves as for the mean square displacement, so that memory hardly grows with the trajectory.
    A single frame has tilts only.

    Parameters
    ----------
    metal : str
        Symbol of the metal between which linkers are tilted.
    cutoff_A : float
        Cut-off of its bonds to nitrogen, Å, included.
    frame_interval_ps : float, optional
        Time between frames, ps, for frames that carry no time.
    fit_to : float
        Longest lag fitted for the reorientation times, as a fraction of the trajectory's length.

    Raises
    ------
    InputError
        When there are no intact linkers, or frames are unevenly spaced or have no time.
    """

    name: ClassVar[str] = "orientation"
    mergeable: ClassVar[bool] = False

    def __init__(
        self,
        *,
        metal: str = "Zn",
        cutoff_A: float = 2.5,
        frame_interval_ps: float | None = None,
        fit_to: float = 0.25,
    ) -> None:
        super().__init__()
        if not (np.isfinite(cutoff_A) and cutoff_A > 0):
            raise InputError(f"the cut-off is {cutoff_A} Å: give a positive one.")
        if not 0 < fit_to <= 0.5:
            raise InputError(f"fit_to is {fit_to}: give a fraction of the trajectory's length up to 0.5.")
        self.metal = metal
        self.cutoff_A = cutoff_A
        self.frame_interval_ps = checked_interval_ps(frame_interval_ps)
        self.fit_to = fit_to

    @property
    def pair_cutoffs(self) -> PairCutoffs:
        """Cut-off in Å of the bonds looked for."""
        return {(self.metal, "N"): self.cutoff_A}

    def _start(self, data: FrameData) -> None:
        linkers = data.network.linkers
        self._ring = linkers.ring[linkers.intact]
        n = len(self._ring)
        if n == 0:
            raise InputError(f"{data.where} holds no intact imidazolate linkers, whose orientation this is.")
        self._whole = np.ones(n, dtype=bool)
        self._earlier = EarlierFrames((n, 2, 3))
        self._lags = self._earlier.lags
        self._blocks = BlockSums(len(self._lags) * 6)
        self._angle_counts = np.zeros((len(self._lags), len(ANGLE_EDGES_DEG) - 1))
        self._tilt_blocks = BlockSums(len(TILTS) * (len(TILT_EDGES_DEG) - 1))
        self._tilt_sums = np.zeros((n, len(TILTS) + 1))
        self._series: list[tuple[float, ...]] = []
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._interval = FrameInterval(self.frame_interval_ps, data.frame.time_ps, "reorientation")

    def _accepts(self, data: FrameData) -> bool:
        return self._interval.accepts(data, self.n_frames)

    def _update(self, data: FrameData) -> None:
        frame = data.frame
        rings = whole_rings(frame.positions, frame.cell, self._ring)
        axes = linker_axes(rings)
        self._whole &= axes.whole
        if self.n_frames == 0:
            self._first = axes
        self._correlate(axes)
        tilts = self._tilts(data, rings, axes)
        known = np.isfinite(tilts).all(axis=1)
        counts = [np.histogram(tilts[known, k], TILT_EDGES_DEG)[0] for k in range(len(TILTS))]
        self._tilt_blocks.add(np.concatenate(counts).astype(float))
        self._tilt_sums[known, :-1] += tilts[known]
        self._tilt_sums[known, -1] += 1
        means = tilts[known].mean(axis=0) if known.any() else np.full(len(TILTS), np.nan)
        turned = _angle_deg((axes.axis * self._first.axis).sum(axis=1))[self._whole]
        self._series.append((float(turned.mean()) if len(turned) else np.nan, *means.tolist()))
        self._frames.append(frame.index)
        self._times_ps.append(frame.time_ps)
        self._last = axes

    def _correlate(self, axes: LinkerAxes) -> None:
        now = np.stack((axes.axis, axes.normal), axis=1)
        sums = np.zeros((len(self._lags), 6))
        for places, earlier in self._earlier.compare(now):
            cosines = np.einsum("knvi,nvi->kvn", earlier, now)[:, :, self._whole]
            along, normal = cosines[:, 0], cosines[:, 1]
            angle = _angle_deg(along)
            sums[places] = np.stack(
                (
                    np.full(len(places), along.shape[1]),
                    along.sum(axis=1),
                    (1.5 * along**2 - 0.5).sum(axis=1),
                    (1.5 * normal**2 - 0.5).sum(axis=1),
                    angle.sum(axis=1),
                    (angle**2).sum(axis=1),
                ),
                axis=1,
            )
            n_bins = len(ANGLE_EDGES_DEG) - 1
            bins = np.minimum((angle * (n_bins / 180.0)).astype(int), n_bins - 1)
            flat = places[:, None] * n_bins + bins
            self._angle_counts += np.bincount(flat.ravel(), minlength=self._angle_counts.size).reshape(
                self._angle_counts.shape
            )
        self._blocks.add(sums.ravel())

    def _tilts(self, data: FrameData, rings: np.ndarray, axes: LinkerAxes) -> np.ndarray:
        """Return angles (°) of the line between the metals to each ring, nan where it does not bridge two."""
        tilts = np.full((len(rings), len(TILTS)), np.nan)
        bonds = data.bonds(self.metal, "N", self.cutoff_A)
        if len(bonds.centre) == 0:
            return tilts
        # The nearest metal of each nitrogen: the last one written.
        order = np.argsort(-bonds.distance, kind="stable")
        to_metal = np.full((len(data.frame.numbers), 3), np.nan)
        to_metal[bonds.neighbour[order]] = -bonds.vector[order]
        ends = rings[:, [0, 2]] + to_metal[self._ring[:, [0, 2]]]
        line = ends[:, 1] - ends[:, 0]
        length = np.linalg.norm(line, axis=1)
        bridging = self._whole & (np.nan_to_num(length) > 0)
        unit = line[bridging] / length[bridging, None]
        tilts[bridging, 0] = _angle_deg(np.abs((unit * axes.across[bridging]).sum(axis=1)))
        tilts[bridging, 1] = 90.0 - _angle_deg(np.abs((unit * axes.normal[bridging]).sum(axis=1)))
        tilts[bridging, 2] = 90.0 - _angle_deg(np.abs((unit * axes.axis[bridging]).sum(axis=1)))
        return tilts

    def _finish(self) -> OrientationResult:
        series = np.array(self._series)
        means = [block_average(column) for column in series.T[1:]]
        shape = (len(TILTS), len(TILT_EDGES_DEG) - 1)
        density, density_error = self._tilt_blocks.jackknife(lambda total: _density(total.reshape(shape)))
        n_seen = self._tilt_sums[:, -1:]
        per_linker = np.where(n_seen > 0, self._tilt_sums[:, :-1] / np.maximum(n_seen, 1), np.nan)
        return OrientationResult(
            reorientation=self._reorientation(),
            axis=FrameAxis.of(self._frames, self._times_ps),
            angle_from_first_deg=series[:, 0],
            mean_tilts_deg=series[:, 1:],
            tilt_deg=(TILT_EDGES_DEG[1:] + TILT_EDGES_DEG[:-1]) / 2,
            tilt_density_per_deg=density,
            tilt_density_error_per_deg=density_error,
            tilts_deg=np.array([estimate.mean for estimate in means]),
            tilts_error_deg=np.array([estimate.error for estimate in means]),
            ring=self._ring,
            last=self._last,
            linker_tilts_deg=per_linker,
            linker_angle_from_first_deg=_angle_deg((self._last.axis * self._first.axis).sum(axis=1)),
            n_lost=int((~self._whole).sum()),
            n_frames=self.n_frames,
        )

    def _reorientation(self) -> Reorientation:
        if self.n_frames < 2 or self._interval.ps is None:
            return Reorientation.empty(len(ANGLE_EDGES_DEG) - 1)
        reached = np.flatnonzero(self._lags <= max(1, self.n_frames // 2))
        lag_ps = self._lags[reached] * self._interval.ps
        longest_ps = self.fit_to * (self.n_frames - 1) * self._interval.ps
        n_kinds = len(CORRELATIONS)

        def curves(total: np.ndarray) -> np.ndarray:
            rows = total.reshape(len(self._lags), 6)[reached]
            with np.errstate(invalid="ignore", divide="ignore"):
                means = (rows[:, 1:] / rows[:, :1]).T
            means[-1] = np.sqrt(means[-1])
            return means

        fitted = max(int((lag_ps <= longest_ps * (1 + 1e-9)).sum()), min(2, len(reached)))

        def fits(total: np.ndarray) -> np.ndarray:
            return np.array(
                [reorientation_fit(lag_ps[:fitted], row[:fitted]) for row in curves(total)[:n_kinds]]
            )

        # A correlation reaches back over its lag: shorter blocks would depend on one another.
        most_blocks = max(2, int((self.n_frames - 1) * self._interval.ps / lag_ps[fitted - 1]))
        means, errors = self._jackknife(curves, most_blocks)
        fit, fit_error = self._jackknife(fits, most_blocks)
        counts = self._angle_counts[reached]
        with np.errstate(invalid="ignore"):
            angles = counts / (counts.sum(axis=1, keepdims=True) * np.diff(ANGLE_EDGES_DEG))
        return Reorientation(
            lag_ps=lag_ps,
            correlation=means[:n_kinds],
            correlation_error=errors[:n_kinds],
            mean_angle_deg=means[n_kinds],
            rms_angle_deg=means[n_kinds + 1],
            angle_deg=(ANGLE_EDGES_DEG[1:] + ANGLE_EDGES_DEG[:-1]) / 2,
            angle_density_per_deg=angles,
            rate_per_ps=fit[:, 0],
            rate_error_per_ps=fit_error[:, 0],
            amplitude=fit[:, 1],
            integral_ps=fit[:, 2],
            integral_error_ps=fit_error[:, 2],
            fit_to_ps=float(lag_ps[fitted - 1]),
        )

    def _jackknife(
        self, estimator: Callable[[np.ndarray], np.ndarray], most_blocks: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._blocks.jackknife(estimator, most_blocks=most_blocks)


def _angle_deg(cosine: np.ndarray) -> np.ndarray:
    """Return angles from their cosines, °, these within rounding of -1 and 1."""
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _density(counts: np.ndarray) -> np.ndarray:
    """Return counts of tilts as densities per degree."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts / (counts.sum(axis=1, keepdims=True) * np.diff(TILT_EDGES_DEG))
