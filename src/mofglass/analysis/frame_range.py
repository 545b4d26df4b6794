"""Which frames of a trajectory are analysed: by number, by time, or as the run itself says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from mofglass.errors import InputError
from mofglass.trajectory import Trajectory


@dataclass(frozen=True)
class FrameRange:
    """A choice of frames; times and numbers may be combined, the narrower wins.

    Parameters
    ----------
    start, stop : int or None
        First frame and the one after the last, from 0; negative ones count from the end.
    stride : int
        Every how many frames.
    from_ps, to_ps : float or None
        First and last time, ps, both included.
    last_ps : float or None
        Only this long a stretch at the end, ps.
    """

    start: int | None = None
    stop: int | None = None
    stride: int = 1
    from_ps: float | None = None
    to_ps: float | None = None
    last_ps: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing but the stride was chosen."""
        return replace(self, stride=1) == FrameRange()

    def of(self, trajectory: Trajectory) -> Trajectory:
        """Choose the frames of a trajectory.

        Parameters
        ----------
        trajectory : Trajectory
            All frames.

        Returns
        -------
        Trajectory
            A lazy view.

        Raises
        ------
        InputError
            When no frame remains, or times are asked of a file that holds none.
        """
        if self.stride < 1:
            raise InputError(f"a stride of {self.stride} frames goes nowhere: give 1 or more.")
        first, last, _ = slice(self.start, self.stop).indices(len(trajectory))
        if self.from_ps is not None or self.to_ps is not None or self.last_ps is not None:
            times = trajectory.time_ps
            if times is None:
                raise InputError(
                    f"{trajectory.path} holds no times: give the time between frames (--frame-interval, ps) "
                    "or choose frames by number (--start, --stop)."
                )
            # A time that is meant to be a frame's own must not miss it by rounding.
            slack = 1e-6 * max(1.0, abs(float(times[-1])))
            begin = -np.inf if self.from_ps is None else self.from_ps
            if self.last_ps is not None:
                begin = max(begin, float(times[-1]) - self.last_ps)
            end = np.inf if self.to_ps is None else self.to_ps
            chosen = np.flatnonzero((times >= begin - slack) & (times <= end + slack))
            if len(chosen) == 0:
                raise InputError(
                    f"{trajectory.path} has no frame from {begin:g} to {end:g} ps: its frames are from "
                    f"{times[0]:g} to {times[-1]:g} ps."
                )
            first, last = max(first, int(chosen[0])), min(last, int(chosen[-1]) + 1)
        if first >= last:
            raise InputError(
                f"{trajectory.path} has {len(trajectory)} frames, none of them within the range asked for."
            )
        return trajectory[first : last : self.stride]


@dataclass(frozen=True)
class RunAdvice:
    """What a run says of how it should be analysed.

    Parameters
    ----------
    from_ps : float or None
        Where the stage to analyse begins, ps.
    temperature_K : float or None
        Its temperature, K.
    """

    from_ps: float | None = None
    temperature_K: float | None = None


def run_advice(path: Path) -> RunAdvice:
    """Read ``analysis: {from_ps: ..., temperature_K: ...}`` from the ``run.yaml`` of a run directory.

    Parameters
    ----------
    path : Path
        A run directory, or anything else.

    Returns
    -------
    RunAdvice
        Empty where there is no such file or entry.

    Raises
    ------
    InputError
        When the entry is there but holds no numbers.
    """
    file = path / "run.yaml"
    if not path.is_dir() or not file.is_file():
        return RunAdvice()
    try:
        entry = (yaml.safe_load(file.read_text()) or {}).get("analysis") or {}
        numbers = {key: entry.get(key) for key in ("from_ps", "temperature_K")}
        return RunAdvice(**{key: None if value is None else float(value) for key, value in numbers.items()})
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"{file}: its entry 'analysis' should read  analysis: {{from_ps: 120.0, temperature_K: 300.0}}."
        ) from error
