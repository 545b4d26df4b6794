"""A run over time: temperature, density, energies and pressure, with the stages of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mofglass.result import Curve, Panel
from mofglass.simulate.stage_spans import StageSpan

SMOOTHING_POINTS = 60
"""The thick line is a running mean over this many equal parts of the run."""


COLUMNS = {
    "temperature_K": "temperature (K)",
    "density_g_per_cm3": "density (g/cm³)",
    "potential_energy_eV": "potential energy (eV)",
    "total_energy_eV": "total energy (eV)",
    "pressure_bar": "pressure (bar)",
}
"""Columns of ``thermo.csv`` that are drawn, and their axis labels."""


def thermo_panels(tables: Mapping[str, pd.DataFrame]) -> list[Panel]:
    """Return temperature, density, energies and pressure over time.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``thermo.csv`` by sample. Of one sample each value and the running mean are drawn, of several the
        running means.

    Returns
    -------
    list of Panel
        One a quantity.
    """
    panels = []
    for column, label in COLUMNS.items():
        curves = []
        for sample, table in tables.items():
            if column not in table or not table[column].notna().any():
                continue
            x, y = table["time_ps"].to_numpy(dtype=float), table[column].to_numpy(dtype=float)
            curves += smoothed(Curve(sample, x, y), keep=len(tables) == 1)
        if curves:
            panels.append(Panel(label, "time (ps)", label, tuple(curves)))
    return panels


def shaded_stages(spans: Sequence[StageSpan], end_ps: float) -> list[dict[str, Any]]:
    """Return the stages to shade behind a figure.

    Parameters
    ----------
    spans : sequence of StageSpan
        The protocol.
    end_ps : float
        How far the run has come, ps.

    Returns
    -------
    list of dict
        ``label``, ``start`` and ``end``, ps.
    """
    return [
        {"label": span.name, "start": span.start_ps, "end": min(span.end_ps, end_ps)}
        for span in spans
        if span.end_ps > span.start_ps and span.start_ps < end_ps
    ]


def smoothed(curve: Curve, *, keep: bool) -> list[Curve]:
    """Return the running mean of a curve that is long enough for one.

    Parameters
    ----------
    curve : Curve
        Over time.
    keep : bool
        Whether to return the curve itself first.

    Returns
    -------
    list of Curve
        One or two.
    """
    if len(curve.x) < 40:
        return [curve]
    mean = Curve(curve.label, *running_mean(np.asarray(curve.x), np.asarray(curve.y)))
    return [curve, mean] if keep else [mean]


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
