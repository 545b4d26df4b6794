"""Figures with matplotlib: one panel on one set of axes, colours that the colour-blind tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mofglass.result import Curve, Panel

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8c6bb1")
"""Okabe and Ito's palette without its yellow, dark enough on white, and one violet more."""

LINE_STYLES = ("-", "--", ":", "-.")
"""Beyond the eighth curve colours come again with another stroke."""

MARKERS = ("o", "D", "s", "^")
"""And points with another shape."""

_LEGEND_INSIDE = 6
"""A legend of more curves would lie on them: it stands beside the axes."""

_HISTOGRAM_TICKS = 6
_STEPS = (1, 2, 2.5, 5, 10)
"""Between the numbers on a histogram's axes."""

_BARS_WITH_TICKS = 20
"""So many bars have room for a tick each."""

_TICKS, _FINE_TICKS = (1.0, 2.0, 5.0), (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Numbers on a logarithmic axis, by the decade; the fine ones where it spans less than a factor of five."""

_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
    # The same numbers give the same file.
    "svg.hashsalt": "mofglass",
}


def draw_panel(panel: Panel, ax: Any = None) -> Any:
    """Draw the curves, bars or points of a panel, standard errors as bands or whiskers.

    Parameters
    ----------
    panel : Panel
        What to draw; its labels carry the units.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.
    """
    import matplotlib as mpl
    from matplotlib.ticker import MaxNLocator

    with mpl.rc_context(_STYLE):
        if ax is None:
            ax = _new_axes()
        _DRAWERS[panel.kind](panel, ax)
        if panel.diagonal:
            ends = panel.extent
            ax.plot(ends, ends, color="0.4", linewidth=0.8, zorder=0)
        if panel.kind == "line" and _all_whole(panel) and not panel.x_log:
            ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        ax.set(xlabel=panel.x_label, ylabel=panel.y_label, title=panel.title)
        if panel.x_log:
            ax.set_xscale("log")
            _number_log_axis(ax.xaxis, [curve.x for curve in panel.curves])
        if panel.y_log:
            ax.set_yscale("log")
            _number_log_axis(ax.yaxis, [curve.y for curve in panel.curves])
        if panel.y_label.startswith("fraction"):
            # Nothing lies above 1, where matplotlib leaves a margin.
            ax.set_ylim(top=min(1.0, ax.get_ylim()[1]))
            for line in ax.lines:
                line.set_clip_on(False)
        if len(panel.curves) > 1:
            _add_legend(ax, len(panel.curves))
    return ax


def log_limits(values: np.ndarray) -> tuple[float, float] | None:
    """Return the limits of a logarithmic axis whose numbers span less than a decade.

    Parameters
    ----------
    values : ndarray
        What is drawn; only finite numbers above zero count.

    Returns
    -------
    tuple of float or None
        A factor of 1.5 beyond the smallest and the largest number, so that what is nearly equal looks so;
        None where an automatic axis does.
    """
    shown = np.asarray(values, dtype=float)
    shown = shown[np.isfinite(shown) & (shown > 0)]
    if not len(shown) or shown.max() >= 10 * shown.min():
        return None
    return float(shown.min()) / 1.5, float(shown.max()) * 1.5


def _number_log_axis(axis: Any, values: Sequence[np.ndarray]) -> None:
    """Label an axis of less than three decades with plain numbers, where matplotlib writes powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    limits = log_limits(np.concatenate(values or [np.empty(0)]))
    if limits:
        axis.axes.set(**{f"{axis.axis_name}lim": limits})
    low, high = axis.get_view_interval()
    if high >= 1000 * low:
        return
    axis.set_major_locator(LogLocator(subs=_FINE_TICKS if high < 5 * low else _TICKS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _add_legend(ax: Any, n_curves: int) -> None:
    """Put the legend where it covers nothing, beside the axes where there is no such place within."""
    if n_curves <= _LEGEND_INSIDE:
        from matplotlib.path import Path

        legend = ax.legend()
        ax.get_figure(root=True).draw_without_rendering()
        box = legend.get_window_extent()
        lines = (line.get_transform().transform(line.get_xydata()) for line in ax.lines)
        paths = (Path(points[np.isfinite(points).all(axis=1)]) for points in lines)
        covers = any(len(path) and path.intersects_bbox(box, filled=False) for path in paths)
        if not covers and not any(bar.get_window_extent().overlaps(box) for bar in ax.patches):
            return
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))


def save_panel(panel: Panel, stem: Any) -> list[Any]:
    """Write a panel as PNG and as SVG.

    Parameters
    ----------
    panel : Panel
        What to draw.
    stem : pathlib.Path
        Where to, without the suffix.

    Returns
    -------
    list of pathlib.Path
        The two files.
    """
    import matplotlib as mpl

    written = []
    with mpl.rc_context(_STYLE):
        ax = draw_panel(panel)
        for suffix, keywords in (("png", {"dpi": 200}), ("svg", {"metadata": {"Date": None}})):
            path = stem.with_name(f"{stem.name}.{suffix}")
            ax.figure.savefig(path, **keywords)
            written.append(path)
    return written


def _new_axes() -> Any:
    """Make axes without pyplot, which would keep every figure alive and want a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _draw_lines(panel: Panel, ax: Any) -> None:
    for number, curve in enumerate(panel.curves):
        colour = COLOURS[number % len(COLOURS)]
        style = LINE_STYLES[number // len(COLOURS) % len(LINE_STYLES)]
        if any(_same(curve, earlier) for earlier in panel.curves[:number]):
            style = LINE_STYLES[1]  # the one beneath shows through
        single = "o" if np.isfinite(curve.y).sum() == 1 else None
        ax.plot(curve.x, curve.y, style, color=colour, label=curve.label, linewidth=1.3, marker=single)
        if curve.y_error is not None and np.isfinite(curve.y_error).any():
            error = np.nan_to_num(curve.y_error)
            ax.fill_between(curve.x, curve.y - error, curve.y + error, color=colour, alpha=0.25, linewidth=0)


def _all_whole(panel: Panel) -> bool:
    """Tell whether x counts something, of which there is no half."""
    return all(np.array_equal(curve.x, np.round(curve.x)) for curve in panel.curves)


def _same(curve: Curve, other: Curve) -> bool:
    return np.array_equal(curve.x, other.x) and np.array_equal(curve.y, other.y)


def _draw_series(panel: Panel, ax: Any) -> None:
    # Measured values with whiskers, joined; what has no errors is a level to compare with.
    for number, curve in enumerate(panel.curves):
        if curve.y_error is None:
            ax.plot(
                curve.x, curve.y, LINE_STYLES[number % 3 + 1], color="0.4", linewidth=0.9, label=curve.label
            )
            continue
        ax.errorbar(
            curve.x,
            curve.y,
            np.nan_to_num(curve.y_error),
            marker="o",
            markersize=4,
            capsize=2,
            linewidth=1.0,
            color=COLOURS[number % len(COLOURS)],
            label=curve.label,
        )


def _draw_points(panel: Panel, ax: Any) -> None:
    # A few points are models to tell apart, thousands are a cloud.
    for number, curve in enumerate(panel.curves):
        few = len(curve.x) < 30
        error = curve.y_error if curve.y_error is not None and np.isfinite(curve.y_error).any() else None
        ax.errorbar(
            curve.x,
            curve.y,
            None if error is None else np.nan_to_num(error),
            linestyle="",
            marker=MARKERS[number // len(COLOURS) % len(MARKERS)],
            markersize=5 if few else 2,
            markeredgewidth=0,
            alpha=1.0 if few else 0.5,
            capsize=2,
            color=COLOURS[number % len(COLOURS)],
            label=curve.label,
            # Thousands of vector points make a figure that no reader opens.
            rasterized=not few,
        )
    positions = np.unique(np.concatenate([curve.x for curve in panel.curves]))
    if 0 < len(positions) < 30 and np.array_equal(positions, positions[0] + np.arange(len(positions))):
        ax.set_xticks(positions)


def _draw_histogram(panel: Panel, ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    outlines = []
    for curve in panel.curves:
        half = 0.5 * (curve.x[1] - curve.x[0])
        edges = np.append(curve.x - half, curve.x[-1] + half)
        outlines.append(Curve(curve.label, np.repeat(edges, 2), np.pad(np.repeat(curve.y, 2), 1)))
    _draw_lines(replace(panel, curves=tuple(outlines)), ax)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=_STEPS))
    # Numbers such as 15.645 are wider than matplotlib reckons.
    ax.xaxis.set_major_locator(MaxNLocator(_HISTOGRAM_TICKS, steps=_STEPS))


def _draw_bars(panel: Panel, ax: Any) -> None:
    positions = np.unique(np.concatenate([curve.x for curve in panel.curves]))
    spacing = float(np.diff(positions).min()) if len(positions) > 1 else 1.0
    width = 0.8 * spacing / len(panel.curves)
    for number, curve in enumerate(panel.curves):
        shift = (number - (len(panel.curves) - 1) / 2) * width
        error = None
        if curve.y_error is not None and np.isfinite(curve.y_error).any():
            error = np.nan_to_num(curve.y_error)
        ax.bar(
            np.asarray(curve.x) + shift,
            curve.y,
            width,
            yerr=error,
            capsize=2,
            label=curve.label,
            color=COLOURS[number % len(COLOURS)],
        )
    whole = np.allclose(positions, np.round(positions))
    if whole and (spacing == 1.0 or len(positions) <= _BARS_WITH_TICKS):
        ax.set_xticks(positions)


_DRAWERS = {
    "line": _draw_lines,
    "bar": _draw_bars,
    "points": _draw_points,
    "series": _draw_series,
    "histogram": _draw_histogram,
}
