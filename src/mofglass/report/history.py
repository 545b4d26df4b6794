"""A run over time: temperature, density, energies and pressure, with the stages of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mofglass.analysis.result import Curve, Panel
from mofglass.report.figures import stacked
from mofglass.simulate.stages import Dynamics, from_yaml_list

SMOOTHING_POINTS = 60
"""The thick line is a running mean over this many equal parts of the run."""


class StageSpan(NamedTuple):
    """One stage of a protocol and when it ran."""

    name: str
    """Its name."""

    description: str
    """What it does, in a few words."""

    start_ps: float
    """When it starts, ps."""

    end_ps: float
    """When it ends, ps; the same as the start for a minimisation."""

    start_K: float | None
    """Target temperature at its start, K."""

    end_K: float | None
    """Target temperature at its end, K."""


def stage_spans(info: Mapping[str, Any]) -> list[StageSpan]:
    """Return the stages of a run with their times.

    Parameters
    ----------
    info : mapping
        Content of ``run.yaml``.

    Returns
    -------
    list of StageSpan
        In order; empty where the record holds no stages.
    """
    if not info.get("stages"):
        return []
    spans, now = [], 0.0
    for stage in from_yaml_list(info["stages"], source="run.yaml"):
        if isinstance(stage, Dynamics):
            span = (now, now + stage.duration_ps, stage.temperature_K, stage.final_temperature_K)
            now += stage.duration_ps
            spans.append(StageSpan(stage.name, stage.describe(), *span))
        else:
            spans.append(StageSpan(stage.name, stage.describe(), now, now, None, None))
    return spans


def history_figure(thermo: pd.DataFrame, spans: Sequence[StageSpan]) -> dict[str, Any]:
    """Return temperature, density, energies and pressure over time, one above the other.

    Parameters
    ----------
    thermo : pandas.DataFrame
        Columns of ``thermo.csv``.
    spans : sequence of StageSpan
        Shaded behind.

    Returns
    -------
    dict
        Plain data for ``figures.js``.
    """
    time_ps = thermo["time_ps"].to_numpy(dtype=float)
    columns = {
        "temperature_K": "temperature (K)",
        "density_g_per_cm3": "density (g/cm³)",
        "potential_energy_eV": "potential energy (eV)",
        "total_energy_eV": "total energy (eV)",
        "pressure_bar": "pressure (bar)",
    }
    panels = [
        Panel(
            label,
            "time (ps)",
            label,
            (
                Curve(label, time_ps, thermo[column].to_numpy(dtype=float)),
                Curve(f"{label}, running mean", *running_mean(time_ps, thermo[column].to_numpy(dtype=float))),
            ),
        )
        for column, label in columns.items()
        if column in thermo and thermo[column].notna().any()
    ]
    end = time_ps[-1] if len(time_ps) else 0.0
    shaded = [
        {"label": span.name, "start": span.start_ps, "end": min(span.end_ps, max(end, span.start_ps))}
        for span in spans
        if span.end_ps > span.start_ps and span.start_ps < end
    ]
    return stacked(panels, shaded)


def running_mean(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over neighbouring points.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        A curve.

    Returns
    -------
    x, y : ndarray
        At most ten points a window of n / `SMOOTHING_POINTS` points, which is narrower at the ends.
    """
    half = max(1, len(y) // (2 * SMOOTHING_POINTS))
    if len(y) <= 2 * half:
        return x, y
    total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(y))))
    centre = np.arange(0, len(y), max(1, half // 5))
    reach = np.minimum(half, np.minimum(centre, len(y) - 1 - centre))
    low, high = centre - reach, centre + reach + 1
    return x[centre], (total[high] - total[low]) / (high - low)
