"""What the orientation of linkers comes to: correlation functions, times, tilts, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.linker_axes import LinkerAxes
from mofglass.analysis.statistics import mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

CORRELATIONS = ("p1_axis", "p2_axis", "p2_normal")
"""First and second Legendre polynomial of the two-fold axis, second of the normal."""

TILTS = ("tilt", "out_of_plane_tilt", "in_plane_tilt")
"""Angle of the metal-metal line to the N-N line of the ring; to its plane; and to the N-N line within the
plane, as the angle short of a right angle with the two-fold axis."""


@dataclass(frozen=True)
class Reorientation:
    """How linkers turn with time; empty for a single frame.

    Parameters
    ----------
    lag_ps : ndarray, shape (n_lags,)
        Lags, ps, up to half the trajectory.
    correlation, correlation_error : ndarray, shape (3, n_lags)
        As `CORRELATIONS`, with standard errors.
    mean_angle_deg, rms_angle_deg : ndarray, shape (n_lags,)
        Angle between the two-fold axis and itself a lag before, °.
    angle_deg : ndarray, shape (n_bins,)
        Middles of the bins of that angle, °.
    angle_density_per_deg : ndarray, shape (n_lags, n_bins)
        Its distribution at each lag, 1/°.
    rate_per_ps, rate_error_per_ps : ndarray, shape (3,)
        Rates of exponential decay, 1/ps.
    amplitude : ndarray, shape (3,)
        Correlation the exponential begins with: less than 1 after a fast libration.
    integral_ps, integral_error_ps : ndarray, shape (3,)
        Integrals of the correlation functions, ps; nan where these do not decay.
    fit_to_ps : float
        Longest lag fitted, ps.
    """

    lag_ps: np.ndarray
    correlation: np.ndarray
    correlation_error: np.ndarray
    mean_angle_deg: np.ndarray
    rms_angle_deg: np.ndarray
    angle_deg: np.ndarray
    angle_density_per_deg: np.ndarray
    rate_per_ps: np.ndarray
    rate_error_per_ps: np.ndarray
    amplitude: np.ndarray
    integral_ps: np.ndarray
    integral_error_ps: np.ndarray
    fit_to_ps: float

    @property
    def times_ps(self) -> tuple[np.ndarray, np.ndarray]:
        """Reorientation times and their errors, ps; nan where no decay to 1/e was seen.

        A ring that librates about its place forgets a little at first: that rate is none of reorientation.
        """
        known = self.rate_per_ps > 2 * np.nan_to_num(self.rate_error_per_ps)
        known &= (self.correlation < np.exp(-1.0)).any(axis=1)
        rate = np.where(known, self.rate_per_ps, np.nan)
        return 1.0 / rate, self.rate_error_per_ps / rate**2

    @classmethod
    def empty(cls, n_bins: int) -> Reorientation:
        """Return that of a single frame."""  # numpydoc ignore=PR01,RT01
        none, three = np.empty(0), np.full(len(CORRELATIONS), np.nan)
        rows = np.empty((len(CORRELATIONS), 0))
        angle = (np.arange(n_bins) + 0.5) * 180.0 / n_bins
        density = np.empty((0, n_bins))
        return cls(none, rows, rows, none, none, angle, density, three, three, three, three, three, np.nan)


@dataclass(frozen=True)
class OrientationResult(Result):
    """Orientation of the linkers of one trajectory, or of several glasses.

    Parameters
    ----------
    reorientation : Reorientation
        How they turn.
    axis : FrameAxis
        Frame and time of each row.
    angle_from_first_deg : ndarray, shape (n_frames,)
        Mean angle of the two-fold axes to those in the first frame, °.
    mean_tilts_deg : ndarray, shape (n_frames, 3)
        As `TILTS`, mean over the linkers that bridge two metals, °; nan where none does.
    tilt_deg : ndarray, shape (n_bins,)
        Middles of the bins of the tilts, °.
    tilt_density_per_deg, tilt_density_error_per_deg : ndarray, shape (3, n_bins)
        Distributions over linkers and time, 1/°.
    tilts_deg, tilts_error_deg : ndarray, shape (3,)
        Means over linkers and time, °.
    ring : ndarray of int, shape (n_linkers, 5)
        Atoms N1, C2, N3, C4, C5 of each linker (of the first glass).
    last : LinkerAxes
        Their axes in the last frame.
    linker_tilts_deg : ndarray, shape (n_linkers, 3)
        Means over time of each linker, °.
    linker_angle_from_first_deg : ndarray, shape (n_linkers,)
        Angle of each two-fold axis in the last frame to that in the first, °.
    n_lost : int
        Linkers whose ring came apart.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean.
    """

    reorientation: Reorientation
    axis: FrameAxis
    angle_from_first_deg: np.ndarray
    mean_tilts_deg: np.ndarray
    tilt_deg: np.ndarray
    tilt_density_per_deg: np.ndarray
    tilt_density_error_per_deg: np.ndarray
    tilts_deg: np.ndarray
    tilts_error_deg: np.ndarray
    ring: np.ndarray
    last: LinkerAxes
    linker_tilts_deg: np.ndarray
    linker_angle_from_first_deg: np.ndarray
    n_lost: int
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "orientation"
    title: ClassVar[str] = "Linker orientation"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps, angle_from_first_deg``, and the mean of each tilt, °.
        """
        columns = self.axis.columns() | {"angle_from_first_deg": self.angle_from_first_deg}
        return pd.DataFrame(columns | {f"{n}_deg": self.mean_tilts_deg[:, k] for k, n in enumerate(TILTS)})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the series over time, correlations, angles, tilts, and the linkers.

        Returns
        -------
        dict
            ``orientation``: as `to_dataframe`. ``orientation_correlations``: one row a lag, with ``p1_axis,
            p1_axis_error`` and so on, ``mean_angle_deg, rms_angle_deg``. ``orientation_angles``: distribution
            of the angle turned through, one column a lag. ``orientation_tilts``: distributions of the tilts.
            ``orientation_linkers``: one row a linker, with its axes in the last frame.
        """
        turning = self.reorientation
        lags = {"lag_ps": turning.lag_ps}
        for k, kind in enumerate(CORRELATIONS):
            lags |= {kind: turning.correlation[k], f"{kind}_error": turning.correlation_error[k]}
        lags |= {"mean_angle_deg": turning.mean_angle_deg, "rms_angle_deg": turning.rms_angle_deg}
        angles = {"angle_deg": turning.angle_deg}
        for k in self._decades():
            angles[f"density_per_deg_after_{turning.lag_ps[k]:g}_ps"] = turning.angle_density_per_deg[k]
        tilts = {"tilt_deg": self.tilt_deg}
        linkers: dict[str, Any] = {
            f"atom_{name}": self.ring[:, k] for k, name in enumerate(("N1", "C2", "N3", "C4", "C5"))
        }
        for k, name in enumerate(TILTS):
            tilts[f"{name}_density_per_deg"] = self.tilt_density_per_deg[k]
            tilts[f"{name}_density_error_per_deg"] = self.tilt_density_error_per_deg[k]
            linkers[f"{name}_deg"] = self.linker_tilts_deg[:, k]
        linkers["angle_from_first_deg"] = self.linker_angle_from_first_deg
        for name, vectors in (("axis", self.last.axis), ("normal", self.last.normal)):
            linkers |= {f"{name}_{x}": vectors[:, k] for k, x in enumerate("xyz")}
        return {
            self.name: self.to_dataframe(),
            f"{self.name}_correlations": pd.DataFrame(lags),
            f"{self.name}_angles": pd.DataFrame(angles),
            f"{self.name}_tilts": pd.DataFrame(tilts),
            f"{self.name}_linkers": pd.DataFrame(linkers),
        }

    def summary(self) -> dict[str, Any]:
        """Return reorientation times, the angle turned through, and tilts.

        Returns
        -------
        dict
            See docs/analysis/orientation.md, which explains every key.
        """
        turning = self.reorientation
        times, errors = turning.times_ps
        summary: dict[str, Any] = {}
        for k, kind in enumerate(CORRELATIONS):
            at_end = len(turning.lag_ps) > 0
            summary |= {
                f"reorientation_time_{kind}_ps": float(times[k]),
                f"reorientation_time_{kind}_ps_error": float(errors[k]),
                f"amplitude_{kind}": float(turning.amplitude[k]),
                f"integral_time_{kind}_ps": float(turning.integral_ps[k]),
                f"integral_time_{kind}_ps_error": float(turning.integral_error_ps[k]),
                f"{kind}_at_longest_lag": float(turning.correlation[k, -1]) if at_end else None,
                f"{kind}_at_longest_lag_error": float(turning.correlation_error[k, -1]) if at_end else None,
            }
        for k, name in enumerate(TILTS):
            summary |= {
                f"mean_{name}_deg": float(self.tilts_deg[k]),
                f"mean_{name}_deg_error": float(self.tilts_error_deg[k]),
            }
        last = np.flatnonzero(np.diff(self.axis.glass, append=self.axis.glass[-1] + 1))
        return {
            **summary,
            "mean_angle_at_longest_lag_deg": (
                float(turning.mean_angle_deg[-1]) if len(turning.lag_ps) else None
            ),
            "angle_from_first_deg": float(self.angle_from_first_deg[last].mean()),
            "longest_lag_ps": float(turning.lag_ps[-1]) if len(turning.lag_ps) else None,
            "fit_to_ps": turning.fit_to_ps,
            "n_linkers": len(self.ring),
            "n_lost": self.n_lost,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return correlations, angles turned through, tilts, and the angle from the first frame over time.

        Returns
        -------
        tuple of Panel
            Two panels for a single frame, else four.
        """
        turning = self.reorientation
        labels = ("P1 of the C2 axis", "P2 of the C2 axis", "P2 of the normal")
        tilt_labels = ("to the N-N line", "out of the plane", "within the plane")
        tilts = Panel(
            "Tilt from the metal-metal line",
            "tilt (°)",
            "density (1/°)",
            tuple(
                Curve(label, self.tilt_deg, self.tilt_density_per_deg[k], self.tilt_density_error_per_deg[k])
                for k, label in enumerate(tilt_labels)
            ),
        )
        from_first = self.axis.panel(
            "Turned since the first frame", "mean angle of the C2 axis (°)", self.angle_from_first_deg
        )
        if len(turning.lag_ps) == 0:
            return (tilts, from_first)
        correlations = tuple(
            Curve(label, turning.lag_ps, turning.correlation[k], turning.correlation_error[k])
            for k, label in enumerate(labels)
        )
        angles = tuple(
            Curve(f"after {turning.lag_ps[k]:g} ps", turning.angle_deg, turning.angle_density_per_deg[k])
            for k in self._decades()
        )
        return (
            Panel("Reorientation", "t (ps)", "correlation", correlations, x_log=True),
            Panel("Angle the C2 axis turned through", "angle (°)", "density (1/°)", angles),
            tilts,
            from_first,
        )

    def _decades(self) -> list[int]:
        """Return the places of some lags, ever four times as long."""
        lags = self.reorientation.lag_ps
        chosen, at_least = [], 0.0
        for k, lag in enumerate(lags):
            if lag >= at_least * (1 - 1e-9):
                chosen.append(k)
                at_least = 4.0 * lag
        return chosen

    @classmethod
    def combine(cls, results: Sequence[OrientationResult]) -> OrientationResult:
        """Average over independent glasses, errors between them, over the lags all of them have.

        Parameters
        ----------
        results : sequence of OrientationResult
            One a glass, of the same frame interval. The table of linkers remains that of the first.

        Returns
        -------
        OrientationResult
            The mean.
        """
        first = results[0]
        parts = [result.reorientation for result in results]
        n = min(len(part.lag_ps) for part in parts)
        if any(not np.allclose(part.lag_ps[:n], parts[0].lag_ps[:n]) for part in parts):
            raise InputError(
                "the trajectories differ in the time between frames: analyse their orientation apart."
            )
        mean: dict[str, Any] = {
            field.name: mean_over_glasses([getattr(part, field.name)[..., :n] for part in parts])
            for field in fields(Reorientation)
            if field.name in ("correlation", "mean_angle_deg", "rms_angle_deg")
        }
        rate, rate_error = mean_over_glasses([part.rate_per_ps for part in parts])
        integral, integral_error = mean_over_glasses([part.integral_ps for part in parts])
        density, density_error = mean_over_glasses([result.tilt_density_per_deg for result in results])
        tilts, tilts_error = mean_over_glasses([result.tilts_deg for result in results])
        turning = Reorientation(
            lag_ps=parts[0].lag_ps[:n],
            correlation=mean["correlation"][0],
            correlation_error=mean["correlation"][1],
            mean_angle_deg=mean["mean_angle_deg"][0],
            rms_angle_deg=mean["rms_angle_deg"][0],
            angle_deg=parts[0].angle_deg,
            angle_density_per_deg=mean_over_glasses([part.angle_density_per_deg[:n] for part in parts])[0],
            rate_per_ps=rate,
            rate_error_per_ps=rate_error,
            amplitude=mean_over_glasses([part.amplitude for part in parts])[0],
            integral_ps=integral,
            integral_error_ps=integral_error,
            fit_to_ps=min(part.fit_to_ps for part in parts),
        )
        return cls(
            reorientation=turning,
            axis=FrameAxis.join([result.axis for result in results]),
            angle_from_first_deg=np.concatenate([result.angle_from_first_deg for result in results]),
            mean_tilts_deg=np.concatenate([result.mean_tilts_deg for result in results]),
            tilt_deg=first.tilt_deg,
            tilt_density_per_deg=density,
            tilt_density_error_per_deg=density_error,
            tilts_deg=tilts,
            tilts_error_deg=tilts_error,
            ring=first.ring,
            last=first.last,
            linker_tilts_deg=first.linker_tilts_deg,
            linker_angle_from_first_deg=first.linker_angle_from_first_deg,
            n_lost=sum(result.n_lost for result in results),
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )
