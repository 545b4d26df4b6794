"""Figures as plain data for ``figures.js``: any result's panels, crystal and glasses in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mofglass.analysis.result import Curve, Panel
from mofglass.report.packing import plotly_array

MAX_CURVES_SHOWN = 4
"""Curves of one panel that are all drawn at first; of more, the first two."""

MAX_POINTS = 2000
"""Points of one curve at most; longer ones are thinned evenly (the CSV keeps all)."""


def overlay(glasses: Sequence[tuple[str, Panel]], crystal: tuple[str, Panel] | None = None) -> dict[str, Any]:
    """Return one figure with the same panel of the crystal and of every glass.

    Of several glasses with the same abscissa the mean is drawn, its band being the standard deviation over
    the glasses, and each glass as a thin line. Of one glass the band is the standard error that the
    analysis gives. The crystal is dotted.

    Parameters
    ----------
    glasses : sequence of (str, Panel)
        Label and panel, at least one.
    crystal : (str, Panel), optional
        The crystal's.

    Returns
    -------
    dict
        Plain data for ``figures.js``.
    """
    first = glasses[0][1]
    several, n_curves = len(glasses) > 1, len(first.curves)
    panels = [panel for _, panel in glasses] + ([crystal[1]] if crystal else [])
    families = [
        [panel.curves[number] for panel in panels if number < len(panel.curves)] for number in range(n_curves)
    ]
    if first.kind == "bar":
        families = [same_bars(family) for family in families]
    curves: list[dict[str, Any]] = []
    for number, family in enumerate(families):
        name = first.curves[number].label if n_curves > 1 else ""
        beside = family.pop() if crystal is not None and len(family) == len(panels) else None
        if crystal is not None and beside is not None:
            curves.append(
                _drawn(beside, "crystal", number, name, crystal[0], alone=not name, legend=not name)
            )
        if not several:
            curves.append(_drawn(family[0], "glass", number, name, glasses[0][0]))
            continue
        mean = mean_curve(family)
        if mean is not None:
            curves.append(_drawn(mean, "mean", number, name, f"mean of {len(family)}"))
        for place, (label, _) in enumerate(glasses[: len(family)]):
            # Thin lines of one curve differ in colour; of several curves they keep their curve's.
            colour = number if name else place + (mean is not None)
            member = Curve(family[place].label, _beside_bars(family[place].x, first, beside), family[place].y)
            role = "glass" if mean is None else "each"
            curves.append(_drawn(member, role, colour, name, label, legend=not name, number=number))
    # Ten partial g(r) of two structures are a thicket: all are in the legend, the first few are drawn.
    shown = n_curves if n_curves <= MAX_CURVES_SHOWN else 2
    for curve in curves:
        curve["hidden"] = curve.pop("number") >= shown
    return {"panels": [_panel(first, curves)]}


def same_bars(curves: Sequence[Curve]) -> list[Curve]:
    """Give distributions the same abscissa: what one does not hold has the height 0.

    Parameters
    ----------
    curves : sequence of Curve
        Bars.

    Returns
    -------
    list of Curve
        Over all abscissae that occur.
    """
    x = np.unique(np.concatenate([np.asarray(curve.x, dtype=float) for curve in curves]))
    filled = []
    for curve in curves:
        place = np.searchsorted(x, np.asarray(curve.x, dtype=float))
        y, error = np.zeros(len(x)), np.zeros(len(x))
        y[place] = curve.y
        if curve.y_error is not None:
            error[place] = np.nan_to_num(curve.y_error)
        filled.append(Curve(curve.label, x, y, error if error.any() else None))
    return filled


def _beside_bars(x: np.ndarray, panel: Panel, crystal: Curve | None) -> np.ndarray:
    """Move the points of single glasses over the bar of their mean, which stands right of the crystal's."""
    return np.asarray(x, dtype=float) + (0.15 if panel.kind == "bar" and crystal is not None else 0.0)


def mean_curve(curves: Sequence[Curve]) -> Curve | None:
    """Return the mean of curves over the same abscissa, its error being their standard deviation.

    Parameters
    ----------
    curves : sequence of Curve
        One a glass.

    Returns
    -------
    Curve or None
        None where the abscissae differ (glasses followed over different times): a mean would mislead.
    """
    x = curves[0].x
    same = all(len(curve.x) == len(x) and np.allclose(curve.x, x, equal_nan=True) for curve in curves)
    if len(curves) < 2 or not same:
        return None
    stack = np.stack([np.asarray(curve.y, dtype=float) for curve in curves])
    known = np.isfinite(stack)
    # A gap in one glass (a bin of g(r) never visited) leaves a gap in the mean, not a smaller mean.
    with np.errstate(invalid="ignore"):
        mean = np.where(known.all(axis=0), np.nan_to_num(stack, posinf=0, neginf=0).mean(axis=0), np.nan)
        spread = np.where(
            known.all(axis=0), np.nan_to_num(stack, posinf=0, neginf=0).std(axis=0, ddof=1), np.nan
        )
    return Curve(curves[0].label, np.asarray(x), mean, spread)


def stacked(panels: Sequence[Panel], stages: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return panels one above the other over one abscissa, with the stages shaded.

    Parameters
    ----------
    panels : sequence of Panel
        With the same abscissa.
    stages : sequence of dict
        ``label``, ``start`` and ``end`` on the abscissa.

    Returns
    -------
    dict
        Plain data for ``figures.js``.
    """
    drawn = []
    for position, panel in enumerate(panels):
        two = len(panel.curves) == 2
        roles = ("raw", "smooth") if two else ("glass",) * len(panel.curves)
        curves = [
            _drawn(curve, role, position if two else number, "", curve.label, legend=False)
            for number, (curve, role) in enumerate(zip(panel.curves, roles, strict=True))
        ]
        for curve in curves:
            curve.pop("number")
        drawn.append(_panel(panel, curves))
    return {"panels": drawn} | ({"stages": list(stages)} if stages else {})


def _panel(panel: Panel, curves: list[dict[str, Any]]) -> dict[str, Any]:
    x = np.concatenate([np.asarray(curve.x, dtype=float) for curve in panel.curves] or [np.empty(0)])
    return {
        "x_label": panel.x_label,
        "y_label": panel.y_label,
        "x_log": panel.x_log,
        "y_log": panel.y_log,
        "kind": panel.kind,
        "integers": bool(len(x) and np.ptp(x) < 20 and np.array_equal(x, np.round(x))),
        "x_range": [float(x.min()) - 1.0, float(x.max()) + 1.0] if len(x) else None,
        "curves": curves,
    }


def _drawn(
    curve: Curve,
    role: str,
    colour: int,
    name: str,
    label: str,
    *,
    alone: bool = False,
    legend: bool = True,
    number: int | None = None,
) -> dict[str, Any]:
    """One curve of the quantity `name` (empty where the panel has one curve) of the sample `label`."""
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    chosen: Any = slice(None)
    if len(x) > MAX_POINTS:
        chosen = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).round().astype(int))
    x, y = x[chosen], y[chosen]
    drawn: dict[str, Any] = {
        "label": ", ".join(filter(None, [name, label])),
        "group": name or label,
        "legend": (name or label) if legend else "",
        "role": role,
        "colour": colour,
        "number": colour if number is None else number,
        "alone": alone,
        "n_points": len(x),
        "x": plotly_array(x),
        "y": plotly_array(y),
    }
    if curve.y_error is not None:
        error = np.asarray(curve.y_error, dtype=float)[chosen]
        if np.isfinite(error).any():
            error = np.nan_to_num(error, nan=0.0, posinf=0.0, neginf=0.0)
            drawn["error"] = plotly_array(error)
            # A line breaks at a gap, but a filled band would close over it.
            drawn["low"] = plotly_array(np.where(np.isfinite(y), y - error, np.nan))
            drawn["high"] = plotly_array(np.where(np.isfinite(y), y + error, np.nan))
    return drawn
