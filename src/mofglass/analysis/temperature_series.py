"""What changes with temperature on the way to melting: peak widths, Lindemann ratio, displacements, density.

Shi et al. 2023, Fig. 6a, follow the full width at half maximum of the first Zn-N and Zn-Zn peaks over
temperature, and in Fig. S5 root-mean-square displacements by element. A Lindemann ratio of 0.10 to 0.15 is
the sign of melting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.coordination import Coordination
from mofglass.analysis.density import Density
from mofglass.analysis.msd import MSD, MSDResult
from mofglass.analysis.peak_width import PeakWidth
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

LINDEMANN = (0.10, 0.15)
"""Ratios at which a solid melts (Lindemann, Phys. Z. 11, 609 (1910); of g(r): Gaillac et al. 2017)."""


@dataclass(frozen=True)
class TemperaturePoint:
    """One temperature: what was measured there.

    Parameters
    ----------
    temperature_K : float
        Temperature, K.
    source : str
        Trajectory, or stretch of a run.
    results : dict of str to Result
        Of the analyses of `temperature_set`; those that could not be made are missing.
    """

    temperature_K: float
    source: str
    results: Mapping[str, Result]


@dataclass(frozen=True)
class TemperatureSeriesResult(Result):
    """Properties against temperature.

    Parameters
    ----------
    temperature_K : ndarray, shape (n_points,)
        Rising, K.
    source : tuple of str
        Trajectory, or stretch of a run, of each point.
    values, errors : dict of str to ndarray, shape (n_points,)
        By name with unit; nan where unknown.
    lag_ps : float
        Time over which displacements are taken, ps, the same at all points; nan without.
    n_frames : ndarray of int, shape (n_points,)
        Frames of each point.
    """

    temperature_K: np.ndarray
    source: tuple[str, ...]
    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    lag_ps: float
    n_frames: np.ndarray

    name: ClassVar[str] = "temperature_series"
    title: ClassVar[str] = "Against temperature"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a temperature.

        Returns
        -------
        pandas.DataFrame
            ``temperature_K``, ``source``, ``n_frames``, then each property with its error.
        """
        columns: dict[str, Any] = {
            "temperature_K": self.temperature_K,
            "source": self.source,
            "n_frames": self.n_frames,
        }
        for key, values in self.values.items():
            columns |= {key: values, f"{key}_error": self.errors[key]}
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return the series, and the first temperature at which a Lindemann ratio passes its threshold.

        Returns
        -------
        dict
            Lists over the points; ``lindemann_passes_0.10_at_K`` and ``..._0.15_...`` by pair, null where it
            never does.
        """
        numbers: dict[str, Any] = {"temperature_K": self.temperature_K.tolist()}
        for key, values in self.values.items():
            numbers |= {key: values.tolist(), f"{key}_error": self.errors[key].tolist()}
        for threshold in LINDEMANN:
            numbers[f"lindemann_passes_{threshold:.2f}_at_K"] = {
                key.removeprefix("lindemann_"): self._passes(values, threshold)
                for key, values in self.values.items()
                if key.startswith("lindemann_")
            }
        return {
            **numbers,
            "displacement_lag_ps": self.lag_ps,
            "source": list(self.source),
            "n_frames": self.n_frames.tolist(),
            "n_glasses": 1,
        }

    def _passes(self, values: np.ndarray, threshold: float) -> float | None:
        above = np.flatnonzero(values >= threshold)
        return float(self.temperature_K[above[0]]) if len(above) else None

    def panels(self) -> tuple[Panel, ...]:
        """Return widths, Lindemann ratios with their threshold, displacements, density and coordination.

        Returns
        -------
        tuple of Panel
            One for each that was measured.
        """
        shown = (
            ("Width of the first peaks", "FWHM (Å)", "fwhm_", "_A"),
            ("Lindemann ratio", "FWHM / r", "lindemann_", ""),
            (f"Displacement over {self.lag_ps:.3g} ps", "√MSD (Å)", "displacement_", "_A"),
            ("Density", "density (g/cm³)", "density", "_g_per_cm3"),
            ("Zn-N coordination", "coordination number", "coordination_", ""),
        )
        panels = []
        for title, label, start, end in shown:
            curves = [
                Curve(
                    key.removeprefix(start).removesuffix(end) or title,
                    self.temperature_K,
                    values,
                    self.errors[key],
                )
                for key, values in self.values.items()
                if key.startswith(start) and np.isfinite(values).any()
            ]
            if not curves:
                continue
            if start == "lindemann_":
                ends = np.array([self.temperature_K[0], self.temperature_K[-1]])
                curves += [Curve(f"melting, {limit:.2f}", ends, np.full(2, limit)) for limit in LINDEMANN]
            if start == "coordination_":
                title = f"{curves[0].label} coordination"
            panels.append(Panel(title, "temperature (K)", label, tuple(curves), kind="series"))
        return tuple(panels)


def temperature_set(
    *,
    metal: str = "Zn",
    cutoff_A: float = 2.5,
    bin_width_A: float = 0.02,
    frame_interval_ps: float | None = None,
) -> dict[str, Analysis[Any]]:
    """Return the analyses of one temperature.

    Parameters
    ----------
    metal : str
        Symbol of the metal.
    cutoff_A : float
        Metal-nitrogen cut-off, Å.
    bin_width_A : float
        Bin width of g(r), Å.
    frame_interval_ps : float, optional
        Time between frames, ps, where frames carry no time.

    Returns
    -------
    dict of str to Analysis
        Peak widths, displacements, density and coordination.
    """
    return {
        "peak_width": PeakWidth(pairs=((metal, "N"), (metal, metal)), bin_width_A=bin_width_A),
        "coordination": Coordination(pair=(metal, "N"), cutoff_A=cutoff_A),
        "density": Density(),
        "msd": MSD(frame_interval_ps=frame_interval_ps),
    }


def temperature_series(
    points: Sequence[TemperaturePoint], *, lag_ps: float | None = None
) -> TemperatureSeriesResult:
    """Put temperatures side by side.

    Parameters
    ----------
    points : sequence of TemperaturePoint
        In any order.
    lag_ps : float, optional
        Time over which displacements are taken, ps; by default the longest that all points have.

    Returns
    -------
    TemperatureSeriesResult
        By rising temperature.

    Raises
    ------
    InputError
        Without points, or when a point has no displacement over `lag_ps`.
    """
    if not points:
        raise InputError("there is no temperature to measure at: name at least one trajectory.")
    points = sorted(points, key=lambda point: point.temperature_K)
    lag = _common_lag_ps(points, lag_ps)
    rows = [_numbers(point, lag) for point in points]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return TemperatureSeriesResult(
        temperature_K=np.array([point.temperature_K for point in points]),
        source=tuple(point.source for point in points),
        values={key: np.array([row.get(key, (np.nan, np.nan))[0] for row in rows]) for key in keys},
        errors={key: np.array([row.get(key, (np.nan, np.nan))[1] for row in rows]) for key in keys},
        lag_ps=lag,
        n_frames=np.array([_n_frames(point) for point in points]),
    )


def _n_frames(point: TemperaturePoint) -> int:
    return max(int(result.summary()["n_frames"]) for result in point.results.values())


def _common_lag_ps(points: Sequence[TemperaturePoint], wanted_ps: float | None) -> float:
    moved = [point.results["msd"] for point in points if "msd" in point.results]
    if not moved:
        return float("nan")
    longest = min(float(result.lag_ps[-1]) for result in moved)  # type: ignore[attr-defined]
    if wanted_ps is None:
        return longest
    if wanted_ps > longest * (1 + 1e-9):
        raise InputError(
            f"displacements reach {longest:g} ps at one of the temperatures, half its stretch, not "
            f"{wanted_ps:g} ps: give a shorter --lag-ps."
        )
    return wanted_ps


def _numbers(point: TemperaturePoint, lag_ps: float) -> dict[str, tuple[float, float]]:
    """Return each property of one temperature with its error."""
    found: dict[str, tuple[float, float]] = {}
    summaries = {name: result.summary() for name, result in point.results.items()}
    pairs = summaries.get("peak_width", {}).get("pairs", {})
    for key, source, unit in (("fwhm", "fwhm_A", "_A"), ("lindemann", "lindemann_ratio", "")):
        for pair, numbers in pairs.items():
            found[f"{key}_{pair}{unit}"] = numbers[source], numbers[f"{source}_error"]
    moved = point.results.get("msd")
    if isinstance(moved, MSDResult):
        place = int(np.abs(moved.lag_ps - lag_ps).argmin())
        for k, symbol in enumerate(moved.elements):
            distance = float(np.sqrt(moved.msd_A2[k, place]))
            error = moved.msd_error_A2[k, place] / (2 * distance) if distance > 0 else np.nan
            found[f"displacement_{symbol}_A"] = distance, float(error)
    if "density" in summaries:
        density = summaries["density"]
        found["density_g_per_cm3"] = (
            density["mean_density_g_per_cm3"],
            density["mean_density_g_per_cm3_error"],
        )
    if "coordination" in summaries:
        numbers = summaries["coordination"]
        label = f"coordination_{numbers['pair']}"
        found[label] = numbers["mean_coordination"], numbers["mean_coordination_error"]
    return found


@dataclass(frozen=True)
class TemperatureWindow:
    """A stretch of a run at about one temperature.

    Parameters
    ----------
    stage : str
        Name of the stage.
    temperature_K : float
        Mean temperature over the stretch, K.
    from_ps, to_ps : float
        First and last time, ps.
    """

    stage: str
    temperature_K: float
    from_ps: float
    to_ps: float


def temperature_windows(
    thermo: Path, width_K: float, *, stages: Sequence[str] = ()
) -> tuple[TemperatureWindow, ...]:
    """Divide a run into stretches over each of which the temperature changes by about a given width.

    Parameters
    ----------
    thermo : Path
        A run's ``thermo.csv`` with ``time_ps``, ``stage`` and ``temperature_K``.
    width_K : float
        Change of temperature over a stretch, K; a stage that holds its temperature is one stretch.
    stages : sequence of str
        Names of the stages to divide; by default the one that heats the most.

    Returns
    -------
    tuple of TemperatureWindow
        In order of time.

    Raises
    ------
    InputError
        When the file lacks the columns, or a stage.
    """
    try:
        table = pd.read_csv(thermo)
        rows = {str(name): group for name, group in table.groupby("stage", sort=False)}
        rises = {
            name: float(np.polyfit(group["time_ps"], group["temperature_K"], 1)[0] * np.ptp(group["time_ps"]))
            for name, group in rows.items()
            if np.ptp(group["time_ps"]) > 0
        }
    except (OSError, ValueError, KeyError, pd.errors.ParserError) as error:
        raise InputError(
            f"{thermo} holds no temperatures by stage (time_ps, stage, temperature_K): give trajectories and "
            "their --temperature."
        ) from error
    if not rises:
        raise InputError(f"{thermo} holds no stage of dynamics: let the run go on.")
    chosen = tuple(stages) or (max(rises, key=lambda name: rises[name]),)
    windows = []
    for name in chosen:
        if name not in rises:
            raise InputError(f"{thermo} has no stage of dynamics '{name}': it has {', '.join(rises)}.")
        time_ps = rows[name]["time_ps"].to_numpy()
        temperature_K = rows[name]["temperature_K"].to_numpy()
        edges = np.linspace(time_ps[0], time_ps[-1], max(1, round(abs(rises[name]) / width_K)) + 1)
        for begin, end in pairwise(edges):
            within = (time_ps >= begin) & (time_ps <= end)
            mean = float(temperature_K[within].mean()) if within.any() else float("nan")
            windows.append(TemperatureWindow(name, mean, float(begin), float(end)))
    return tuple(windows)
