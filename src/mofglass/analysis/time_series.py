"""One row a frame: the part that results over time have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mofglass.result import Curve, Panel


@dataclass(frozen=True)
class FrameAxis:
    """Where each row of a series over time comes from.

    Parameters
    ----------
    frame : ndarray of int, shape (n_frames,)
        Place in its trajectory, from 0.
    time_ps : ndarray, shape (n_frames,)
        Time, ps; nan where the file does not tell.
    glass : ndarray of int, shape (n_frames,)
        Which of several independent trajectories, from 0.
    """

    frame: np.ndarray
    time_ps: np.ndarray
    glass: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """Return the first columns of the table: the glass only where there are several.

        Returns
        -------
        dict
            ``glass`` (where needed), ``frame``, ``time_ps``.
        """
        first = {"glass": self.glass} if self.glass.any() else {}
        return {**first, "frame": self.frame, "time_ps": self.time_ps}

    def panel(self, title: str, y_label: str, values: np.ndarray) -> Panel:
        """Draw a series against time, or the frame where times are unknown; of single frames one a glass.

        Parameters
        ----------
        title : str
            Title of the panel.
        y_label : str
            Label with unit.
        values : ndarray, shape (n_frames,)
            The series.

        Returns
        -------
        Panel
            One curve a glass.
        """
        if len(self.glass) > 1 and len(np.unique(self.glass)) == len(self.glass):
            points = [
                Curve(f"glass {g + 1}", np.array([g + 1.0]), values[k : k + 1])
                for k, g in enumerate(self.glass)
            ]
            return Panel(title, "glass", y_label, tuple(points))
        timed = bool(np.isfinite(self.time_ps).all())
        x = self.time_ps if timed else self.frame.astype(float)
        curves = []
        for glass in np.unique(self.glass):
            rows = self.glass == glass
            label = f"glass {glass + 1}" if self.glass.any() else title
            curves.append(Curve(label, x[rows], values[rows]))
        return Panel(title, "time (ps)" if timed else "frame", y_label, tuple(curves))

    @classmethod
    def join(cls, axes: Sequence[FrameAxis]) -> FrameAxis:
        """Put the rows of several glasses one after the other.

        Parameters
        ----------
        axes : sequence of FrameAxis
            One a glass.

        Returns
        -------
        FrameAxis
            All rows, glasses numbered on.
        """
        shift, glasses = 0, []
        for axis in axes:
            glasses.append(axis.glass + shift)
            shift += int(axis.glass.max(initial=0)) + 1
        return cls(
            np.concatenate([axis.frame for axis in axes]),
            np.concatenate([axis.time_ps for axis in axes]),
            np.concatenate(glasses),
        )

    @classmethod
    def of(cls, frames: Sequence[int], times_ps: Sequence[float | None]) -> FrameAxis:
        """Make the axis of one trajectory.

        Parameters
        ----------
        frames : sequence of int
            Frame indices.
        times_ps : sequence of float or None
            Times, ps.

        Returns
        -------
        FrameAxis
            Its axis.
        """
        times = np.array([np.nan if time is None else time for time in times_ps], dtype=float)
        return cls(np.array(frames, dtype=int), times, np.zeros(len(frames), dtype=int))
