"""Time of every frame: from the file, from its steps and the time step, or from a given interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mofglass.errors import InputError
from mofglass.units import FS_PER_PS


def frame_times_ps(
    n_frames: int,
    path: Path,
    *,
    steps: np.ndarray | None = None,
    time_ps: np.ndarray | None = None,
    time_step_fs: float | None = None,
    frame_interval_ps: float | None = None,
) -> np.ndarray | None:
    """Decide the time of every frame; what the user says wins over what the file says.

    Parameters
    ----------
    n_frames : int
        Number of frames.
    path : Path
        The file, for errors.
    steps : ndarray of int, shape (n_frames,), optional
        MD steps the file holds.
    time_ps : ndarray, shape (n_frames,), optional
        Times the file holds, ps.
    time_step_fs : float, optional
        MD time step, fs: time is the step times this.
    frame_interval_ps : float, optional
        Time between frames, ps, counted from 0 at the first; wins over everything else.

    Returns
    -------
    ndarray of shape (n_frames,) or None
        Time, ps; None when nothing tells it.

    Raises
    ------
    InputError
        When an interval is not positive, or a time step is given but steps are missing or go back.
    """
    for option, value in (("--time-step", time_step_fs), ("--frame-interval", frame_interval_ps)):
        if value is not None and not value > 0:
            raise InputError(f"{option} is {value}, but a time between steps or frames must be positive")
    if frame_interval_ps is not None:
        return np.arange(n_frames) * frame_interval_ps
    if time_step_fs is not None:
        if steps is None:
            raise InputError(
                f"{path} does not say its steps, so the time step alone does not give times: give the time "
                "between frames (--frame-interval, ps)"
            )
        if np.any(np.diff(steps) <= 0):
            at = int(np.flatnonzero(np.diff(steps) <= 0)[0]) + 1
            if steps[at] == steps[at - 1]:
                raise InputError(
                    f"{path}, frame {at} is of step {steps[at]}, as the frame before: a restart wrote it "
                    "again, leave one of the two out of the file"
                )
            raise InputError(
                f"{path}, frame {at}: step {steps[at]} follows step {steps[at - 1]}, so steps do not give "
                "times: split the file there, or give the time between frames (--frame-interval, ps)"
            )
        return steps * time_step_fs / FS_PER_PS
    return time_ps
