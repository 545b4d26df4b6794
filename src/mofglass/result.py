"""What every analysis and evaluation returns: numbers with units, a table, a summary and its plots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Curve:
    """One line or set of bars: y against x, with the standard error of y where known."""

    label: str
    x: np.ndarray
    y: np.ndarray
    y_error: np.ndarray | None = None


@dataclass(frozen=True)
class Panel:
    """One set of axes: labels carry the units.

    Parameters
    ----------
    title, x_label, y_label : str
        Texts.
    curves : tuple of Curve
        What is drawn.
    kind : {"line", "bar", "points", "series", "histogram"}
        How; a series is measured points with whiskers, joined, beside levels without errors, a histogram
        holds counts in bins of equal width by their middles.
    x_log, y_log : bool
        Logarithmic axes.
    diagonal : bool
        Whether y = x is drawn too, as parity plots want it.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    kind: Literal["line", "bar", "points", "series", "histogram"] = "line"
    x_log: bool = False
    y_log: bool = False
    diagonal: bool = False

    @property
    def extent(self) -> tuple[float, float]:
        """Smallest and largest number on either axis: the ends of the diagonal."""
        numbers = np.concatenate([np.append(curve.x, curve.y) for curve in self.curves] or [np.empty(0)])
        numbers = numbers[np.isfinite(numbers)]
        return (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)


class Result(ABC):
    """An analysis' outcome. Subclasses are frozen dataclasses of arrays with units in their names."""

    name: ClassVar[str] = ""
    """Short name, the same as the module and the command, e.g. ``rdf``."""

    title: ClassVar[str] = ""
    """Title for figures and the report, e.g. ``Radial distribution function``."""

    @abstractmethod
    def to_dataframe(self) -> pd.DataFrame:
        """Return the numbers as one table, units in the column names.

        Returns
        -------
        pandas.DataFrame
            One row an abscissa.
        """

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """Return the few numbers to quote: units in the keys, errors beside the values.

        Returns
        -------
        dict
            JSON-serialisable; a key ``x`` has its standard error under ``x_error``.
        """

    @abstractmethod
    def panels(self) -> tuple[Panel, ...]:
        """Return what to draw; `plot` and the HTML report both draw this.

        Returns
        -------
        tuple of Panel
            One set of axes each.
        """

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables by file name: that of `to_dataframe`, and more where a result has more.

        Returns
        -------
        dict of str to pandas.DataFrame
            By name, without suffix.
        """
        return {self.name: self.to_dataframe()}

    def plot(self, ax: Any = None, *, panel: int = 0) -> Any:
        """Draw one panel with matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; new ones by default.
        panel : int
            Which of `panels`.

        Returns
        -------
        matplotlib.axes.Axes
            The axes drawn on.
        """
        from mofglass.plotting import draw_panel

        return draw_panel(self.panels()[panel], ax)
