"""The temperature of frames of a run, as its record says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mofglass.errors import InputError

if TYPE_CHECKING:
    from mofglass.analysis.frame_range import RunAdvice
    from mofglass.simulate.stage_spans import StageSpan


def run_temperature(path: Path, time_ps: np.ndarray | None) -> float:
    """Return the temperature at which frames of a run were held.

    Parameters
    ----------
    path : Path
        A run directory, or anything else.
    time_ps : ndarray, shape (n,), or None
        Times of the frames, ps.

    Returns
    -------
    float
        K: of the stages that the frames lie in; of a run that records none, of what it advises to analyse.

    Raises
    ------
    InputError
        When the record does not say it, a frame lies in a ramp or in a stage without thermostat, or they lie
        in stages of different temperatures.
    """
    from mofglass.analysis.frame_range import run_advice
    from mofglass.simulate import Run
    from mofglass.simulate.stage_spans import held_temperature, stage_spans, stages_between

    spans = stage_spans(Run(path).info) if path.is_dir() and (path / "run.yaml").is_file() else []
    if not spans or time_ps is None:
        return _advised(path, run_advice(path), time_ps)
    kelvin = held_temperature(spans, time_ps)
    if kelvin is not None:
        return kelvin
    first_ps, last_ps = float(time_ps.min()), float(time_ps.max())
    stages = ", ".join(_words(span) for span in stages_between(spans, first_ps, last_ps))
    raise InputError(
        f"{path}: the frames from {first_ps:g} to {last_ps:g} ps are of {stages}: choose frames of one stage "
        "that holds its temperature, or give --temperature (K)"
    )


def _words(span: StageSpan) -> str:
    if span.start_K != span.end_K:
        return f"'{span.name}' ({span.start_K:g} to {span.end_K:g} K)"
    return f"'{span.name}' ({f'{span.start_K:g} K' if span.is_held else 'no thermostat'})"


def _advised(path: Path, advice: RunAdvice, time_ps: np.ndarray | None) -> float:
    """Return the temperature of the stretch to analyse, where the frames lie in it."""
    begins_ps = -np.inf if advice.from_ps is None else advice.from_ps
    first_ps = -np.inf if time_ps is None else float(time_ps.min())
    if advice.temperature_K is not None and first_ps >= begins_ps - 1e-6 * max(1.0, abs(begins_ps)):
        return advice.temperature_K
    before = f" before {begins_ps:g} ps" if advice.temperature_K is not None else ""
    raise InputError(f"{path} does not say its temperature{before}: give --temperature (K)")
