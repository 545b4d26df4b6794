"""Figures as plain data for ``figures.js``: any result's panels, crystal and glasses in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mofglass.plotting import log_limits
from mofglass.report.packing import plotly_array
from mofglass.result import Curve, Panel

MAX_CURVES_SHOWN = 4
"""Curves of one panel that are all drawn at first; of more, two."""

MAX_POINTS = 2000
"""Points of one curve at most; longer ones are thinned evenly (the CSV keeps all)."""


def overlay(
    glasses: Sequence[tuple[str, Panel]],
    crystal: tuple[str, Panel] | None = None,
    mean: Panel | None = None,
) -> dict[str, Any]:
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
    mean : Panel, optional
        The mean over the glasses where it is not the plain mean of the curves: a potential of mean force is
        that of the mean g(r).

    Returns
    -------
    dict
        Plain data for ``figures.js``.
    """
    first = glasses[0][1]
    names, counted = _names(first.curves)
    several, n_curves = len(glasses) > 1, len(first.curves)
    panels = [panel for _, panel in glasses] + ([crystal[1]] if crystal else [])
    families = [
        [panel.curves[number] for panel in panels if number < len(panel.curves)] for number in range(n_curves)
    ]
    if first.kind == "bar":
        families = [same_bars(family) for family in families]
    curves: list[dict[str, Any]] = []
    for number, family in enumerate(families):
        name = names[number] if n_curves > 1 else ""
        beside = family.pop() if crystal is not None and len(family) == len(panels) else None
        if crystal is not None and beside is not None:
            curves.append(
                _drawn(beside, "crystal", number, name, crystal[0], alone=not name, legend=not name)
            )
        if not several:
            curves.append(_drawn(family[0], "glass", number, name, glasses[0][0]))
            continue
        average = mean_curve(family, mean.curves[number] if mean and len(mean.curves) == n_curves else None)
        if average is not None:
            curves.append(_drawn(average, "mean", number, name, f"mean of {len(family)}"))
        for place, (label, _) in enumerate(glasses[: len(family)]):
            # Thin lines of one curve differ in colour; of several curves they keep their curve's.
            colour = number if name else place + (average is not None)
            member = Curve(family[place].label, _beside_bars(family[place].x, first, beside), family[place].y)
            role = "glass" if average is None else "each"
            curves.append(_drawn(member, role, colour, name, label, legend=not name, number=number))
    # Ten partial g(r) of two structures are a thicket: all are in the legend, a few are drawn.
    shown = _shown_at_first(first)
    for curve in curves:
        curve["hidden"] = curve.pop("number") not in shown
    return {"panels": [_panel(first, curves) | {"counted": counted}]}


def is_over_time(panel: Panel) -> bool:
    """Tell whether a panel follows a property along the trajectory.

    Parameters
    ----------
    panel : Panel
        A panel.

    Returns
    -------
    bool
        True where the abscissa is simulation time or frames.
    """
    return panel.x_label.lower() in ("time (ps)", "frame")


def _shown_at_first(panel: Panel) -> Sequence[int]:
    """Curves drawn before the reader asks for more: of many over time the two highest, else the first two."""
    n_curves = len(panel.curves)
    if n_curves <= MAX_CURVES_SHOWN:
        return range(n_curves)
    if not is_over_time(panel):
        return range(2)
    heights = [float(np.nan_to_num(np.asarray(curve.y, dtype=float)).mean()) for curve in panel.curves]
    return [int(number) for number in np.argsort(heights)[-2:]]


def _names(curves: Sequence[Curve]) -> tuple[list[str], str]:
    """Names of curves; of many as "12 metals and linkers" the numbers, and what they count."""
    labels = [curve.label for curve in curves]
    parts = [label.partition(" ") for label in labels]
    counted = {words for _, _, words in parts}
    if len(curves) <= MAX_CURVES_SHOWN or len(counted) > 1 or not all(n.isdigit() for n, _, _ in parts):
        return labels, ""
    return [n for n, _, _ in parts], counted.pop()


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


def mean_curve(curves: Sequence[Curve], known_mean: Curve | None = None) -> Curve | None:
    """Return the mean of curves over the same abscissa, its error being their standard deviation.

    Parameters
    ----------
    curves : sequence of Curve
        One a glass.
    known_mean : Curve, optional
        The mean, where it is more than the mean of the curves; used if its abscissa is theirs.

    Returns
    -------
    Curve or None
        None where the abscissae differ (glasses followed over different times): a mean would mislead.
    """
    x = np.asarray(curves[0].x)

    def same(curve: Curve) -> bool:  # numpydoc ignore=GL08
        return len(curve.x) == len(x) and np.allclose(curve.x, x, equal_nan=True)

    if len(curves) < 2 or not all(same(curve) for curve in curves):
        return None
    stack = np.stack([np.asarray(curve.y, dtype=float) for curve in curves])
    known = np.isfinite(stack)
    n_known, filled = known.sum(axis=0), np.where(known, stack, 0.0)
    mean = filled.sum(axis=0) / np.maximum(n_known, 1)
    variance = np.where(known, (filled - mean) ** 2, 0.0).sum(axis=0) / np.maximum(n_known - 1, 1)
    spread = np.where(n_known > 1, np.sqrt(variance), np.nan)
    if known_mean is not None and same(known_mean):
        mean = np.asarray(known_mean.y, dtype=float)
    else:
        # A gap in one glass (a bin never visited) is a gap in the mean, not a mean over fewer.
        mean = np.where(n_known == len(curves), mean, np.nan)
    return Curve(curves[0].label, x, mean, spread)


def stacked(panels: Sequence[Panel], stages: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Return panels one above the other over one abscissa, with the stages shaded.

    A panel of two curves with the same label is drawn as single values and their running mean; of other
    panels each curve is one sample, named in the legend.

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
        smoothed = len(panel.curves) == 2 and panel.curves[0].label == panel.curves[1].label
        roles = ("raw", "smooth") if smoothed else ("glass",) * len(panel.curves)
        curves = []
        for number, (curve, role) in enumerate(zip(panel.curves, roles, strict=True)):
            colour = position if len(panel.curves) == 1 or smoothed else number
            named = position == 0 and len(panel.curves) > 1 and not smoothed
            curves.append(_drawn(curve, role, colour, "", curve.label, legend=named))
            curves[-1].pop("number")
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
        "every_integer": _every_integer(panel, x),
        "y_range": _y_range(panel),
        "x_range": _x_range(panel, x),
        "diagonal": list(panel.extent) if panel.diagonal else None,
        "curves": curves,
    }


def _every_integer(panel: Panel, x: np.ndarray) -> bool:
    """Whether each whole number gets a tick: few iterations or epochs would have them at halves too."""
    at_most = 20 if panel.kind == "bar" else 7
    return bool(len(x) and not panel.x_log and np.ptp(x) < at_most and np.array_equal(x, np.round(x)))


def _x_range(panel: Panel, x: np.ndarray) -> list[float] | None:
    """Limits of bars, and of numbers that lie close on a logarithmic axis, as its exponents; else None."""
    if panel.x_log:
        return _exponents(x)
    return [float(x.min()) - 1.0, float(x.max()) + 1.0] if panel.kind == "bar" and len(x) else None


def _y_range(panel: Panel) -> list[float] | None:
    """Limits where an automatic axis would magnify what hardly varies; else None."""
    y = np.concatenate([np.asarray(curve.y, dtype=float) for curve in panel.curves] or [np.empty(0)])
    if panel.y_log:
        return _exponents(y)
    y = y[np.isfinite(y)]
    if len(y) < 2 or panel.kind == "bar" or np.ptp(y) > 1e-6 * abs(float(y.mean())):
        return None
    middle = float(y.mean())
    reach = 0.1 * abs(middle) or 1.0
    return [middle - reach, middle + reach]


def _exponents(values: np.ndarray) -> list[float] | None:
    limits = log_limits(values)
    return np.log10(limits).tolist() if limits else None


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
            drawn["band"] = _band(x, y, error)
    return drawn


def _band(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> dict[str, Any]:
    """The outline of ``y ± error``, one closed piece for each stretch without gaps."""
    known = np.flatnonzero(np.isfinite(y))
    pieces = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(known) else []
    gap = np.array([np.nan])
    outline_x, outline_y = [x[:0]], [y[:0]]
    for piece in pieces:
        outline_x += [x[piece], x[piece[::-1]], gap]
        outline_y += [(y + error)[piece], (y - error)[piece[::-1]], gap]
    return {"x": plotly_array(np.concatenate(outline_x)), "y": plotly_array(np.concatenate(outline_y))}
