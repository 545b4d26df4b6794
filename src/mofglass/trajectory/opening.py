"""Open whatever holds frames: a run directory or a trajectory file."""

from __future__ import annotations

from pathlib import Path

from mofglass.trajectory.base import Trajectory
from mofglass.trajectory.h5md import H5MDTrajectory
from mofglass.trajectory.run_directory import trajectory_files


def open_trajectory(path: Path | str) -> Trajectory:
    """Open a run directory or an H5MD file.

    Parameters
    ----------
    path : Path or str
        What to open.

    Returns
    -------
    Trajectory
        Its frames.
    """
    path = Path(path)
    return H5MDTrajectory(trajectory_files(path) if path.is_dir() else path, path=path)
