"""What a report is about: runs, trajectories or structures, and which frames are glass or crystal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.result import Result
from mofglass.simulate import Run
from mofglass.simulate.stage_spans import SLACK_PS, StageSpan, stage_spans
from mofglass.structures import catalogue
from mofglass.trajectory import FrameSequence, Trajectory, open_trajectory

MAX_ANALYSED_FRAMES = 400
"""Frames of the glass, and of the crystal, that are analysed at most: evenly spread ones."""

Analyse = Callable[[Iterable[Frame], float | None], tuple[Mapping[str, Result], Mapping[str, str]]]
"""From frames and their temperature (K) to results by analysis name, and reasons for what is left out."""


@dataclass(frozen=True)
class Sample:
    """One run, trajectory or structure of a report.

    Parameters
    ----------
    path : Path
        Where it is.
    label : str
        Short name in legends.
    trajectory : Trajectory
        All its frames.
    glass : Trajectory
        The frames that are the product: after the last stage began, or all of a plain trajectory; of a run
        that has not come there, those of the stage it is in.
    crystal : Trajectory or None
        What it was made from: the first hold of the run, or the run's initial structure.
    crystal_label : str
        What the crystal's frames are.
    temperature_K : float or None
        Temperature of the glass, K.
    crystal_temperature_K : float or None
        Temperature of the crystal, K; None for one frame at rest.
    info : dict
        ``run.yaml``; empty for a plain file.
    state : str
        State of the run; empty for a plain file.
    thermo : DataFrame or None
        ``thermo.csv``.
    spans : list of StageSpan
        The protocol's stages and their times.
    so_far : StageSpan or None
        The stage that a run is in which has not come to its product.
    """

    path: Path
    label: str
    trajectory: Trajectory
    glass: Trajectory
    temperature_K: float | None
    crystal: Trajectory | None = None
    crystal_label: str = ""
    crystal_temperature_K: float | None = 300.0
    info: dict[str, Any] = field(default_factory=dict)
    state: str = ""
    thermo: pd.DataFrame | None = None
    spans: list[StageSpan] = field(default_factory=list)
    so_far: StageSpan | None = None

    @property
    def is_run(self) -> bool:
        """Whether there is a record of how it was made."""
        return bool(self.info)

    def stage_at(self, time_ps: float | None) -> str:
        """Return the name of the stage at a time.

        Parameters
        ----------
        time_ps : float or None
            Time, ps.

        Returns
        -------
        str
            Empty where unknown.
        """
        if time_ps is None:
            return ""
        names = [span.name for span in self.spans if span.start_ps <= time_ps <= span.end_ps]
        return names[-1] if names else ""


OpenFile = Callable[[Path], Trajectory]
"""From the path of a trajectory or structure to its frames."""


def gather(
    paths: Sequence[str | os.PathLike[str]],
    *,
    temperature_K: float | None = None,
    open_file: OpenFile = open_trajectory,
) -> list[Sample]:
    """Open runs, trajectories and structures, and choose their frames.

    Parameters
    ----------
    paths : sequence of path
        Run directories (a directory of runs stands for all of them), trajectory or structure files.
    temperature_K : float, optional
        Temperature of the glass, K; by default what the run's record says, or 300 K.
    open_file : callable
        Opens what is no run, and may choose among its frames.

    Returns
    -------
    list of Sample
        One each.

    Raises
    ------
    InputError
        When a path does not exist or holds no frames yet.
    """
    found = [run for path in paths for run in _runs_in(Path(path))]
    if not found:
        raise InputError("a report needs at least one run, trajectory or structure")
    labels = _labels(found)
    return [
        _from_run(path, label, temperature_K)
        if (path / "run.yaml").is_file()
        else _from_file(path, label, temperature_K, open_file)
        for path, label in zip(found, labels, strict=True)
    ]


def _runs_in(path: Path) -> list[Path]:
    if not path.exists() and str(path) not in catalogue():
        raise InputError(f"{path} does not exist: give a run directory, a trajectory or a structure file")
    if path.is_dir() and not (path / "run.yaml").is_file():
        runs = sorted(inner.parent for inner in path.glob("*/run.yaml"))
        if not runs:
            raise InputError(f"{path} is neither a run (no run.yaml) nor a directory of runs")
        return runs
    return [path]


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return names as short as they can be while still different."""
    names = [path.resolve().name for path in paths]
    if len(set(names)) < len(names):
        names = ["/".join(path.resolve().parts[-2:]) for path in paths]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, start=1)]
    return names


def _from_run(path: Path, label: str, temperature_K: float | None) -> Sample:
    run = Run(path)
    info, spans = run.info, stage_spans(run.info)
    trajectory = run.trajectory()
    if len(trajectory) == 0:
        raise InputError(f"{path} has no frames yet (state: {run.state}): let it run first")
    chosen = info.get("analysis") or {}
    dynamic = [span for span in spans if span.end_ps > span.start_ps]
    from_ps = float(chosen.get("from_ps", dynamic[-1].start_ps if dynamic else 0.0))
    final_K = dynamic[-1].end_K if dynamic and dynamic[-1].end_K is not None else 300.0
    so_far = _stage_before(from_ps, trajectory, dynamic)
    glass_K: float | None = float(chosen.get("temperature_K", final_K))
    if so_far is not None:
        # In a ramp there is no one temperature.
        from_ps, glass_K = so_far.start_ps, so_far.start_K if so_far.is_held else None
    crystal, crystal_label, crystal_K = _crystal_of(run, trajectory, dynamic, final_K)
    return Sample(
        path=path,
        label=label,
        trajectory=trajectory,
        glass=thinned(_from_time(trajectory, from_ps), MAX_ANALYSED_FRAMES),
        temperature_K=temperature_K or glass_K,
        crystal=crystal,
        crystal_label=crystal_label,
        crystal_temperature_K=crystal_K,
        info=info,
        state=run.state,
        thermo=run.thermo(),
        spans=spans,
        so_far=so_far,
    )


def _stage_before(from_ps: float, trajectory: Trajectory, dynamic: Sequence[StageSpan]) -> StageSpan | None:
    """The stage of the last frame where that lies before a time."""
    if trajectory.time_ps is None or trajectory.time_ps[-1] >= from_ps - SLACK_PS:
        return None
    begun = [span for span in dynamic if span.start_ps <= trajectory.time_ps[-1] + SLACK_PS]
    return begun[-1] if begun else None


def _from_file(path: Path, label: str, temperature_K: float | None, open_file: OpenFile) -> Sample:
    trajectory = open_file(path)
    if len(trajectory) == 0:
        raise InputError(f"{path} holds no frames")
    glass = thinned(trajectory, MAX_ANALYSED_FRAMES)
    # One frame at rest has no temperature, and no potential of mean force.
    assumed_K = 300.0 if len(trajectory) > 1 else None
    return Sample(
        path=path,
        label=label,
        trajectory=trajectory,
        glass=glass,
        temperature_K=temperature_K or assumed_K,
    )


def _crystal_of(
    run: Run, trajectory: Trajectory, dynamic: Sequence[StageSpan], final_K: float
) -> tuple[Trajectory, str, float]:
    """The second half of the first hold at constant temperature, or else the run's first structure."""
    first = dynamic[0] if len(dynamic) > 1 else None
    if (
        first is not None
        and first.start_K == first.end_K
        and first.start_K
        and trajectory.time_ps is not None
    ):
        middle = (first.start_ps + first.end_ps) / 2
        inside = np.flatnonzero((trajectory.time_ps >= middle) & (trajectory.time_ps <= first.end_ps))
        if len(inside) >= 2:
            view = trajectory[int(inside[0]) : int(inside[-1]) + 1]
            label = f"crystal at {first.start_K:g} K, {middle:g} to {first.end_ps:g} ps of '{first.name}'"
            return thinned(view, MAX_ANALYSED_FRAMES), label, first.start_K
    start = FrameSequence([Frame.from_atoms(run.initial)], run.path / "initial.extxyz")
    return start, "crystal as the run started from it, one frame", final_K


def _from_time(trajectory: Trajectory, from_ps: float) -> Trajectory:
    """The frames from a time on; the last frame where the run has not come that far."""
    if trajectory.time_ps is None:
        return trajectory
    inside = np.flatnonzero(trajectory.time_ps >= from_ps - SLACK_PS)
    return trajectory[int(inside[0]) :] if len(inside) else trajectory[-1:]


def thinned(trajectory: Trajectory, n_frames: int) -> Trajectory:
    """Return evenly spaced frames, the last among them.

    Parameters
    ----------
    trajectory : Trajectory
        Frames.
    n_frames : int
        At most so many.

    Returns
    -------
    Trajectory
        A view.
    """
    every = -(-len(trajectory) // n_frames)
    return trajectory if every <= 1 else trajectory[(len(trajectory) - 1) % every :: every]
