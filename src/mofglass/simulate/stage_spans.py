"""When the stages of a run's protocol ran, and which temperature they held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mofglass.simulate.stages import Dynamics, from_yaml_list

SLACK_PS = 5e-4
"""Half a femtosecond: a frame at the end of a stage is its own, however its time was rounded."""


class StageSpan(NamedTuple):
    """One stage of a protocol and when it ran."""

    name: str
    """Its name."""

    description: str
    """What it does, in a few words."""

    start_ps: float
    """When it starts, ps."""

    end_ps: float
    """When it ends, ps; the same as the start for a minimisation."""

    start_K: float | None
    """Target temperature at its start, K."""

    end_K: float | None
    """Target temperature at its end, K."""

    is_held: bool = False
    """Whether a thermostat keeps one temperature all along."""


def stage_spans(info: Mapping[str, Any]) -> list[StageSpan]:
    """Return the stages of a run with their times.

    Parameters
    ----------
    info : mapping
        Content of ``run.yaml``.

    Returns
    -------
    list of StageSpan
        In order; empty where the record holds no stages.
    """
    if not info.get("stages"):
        return []
    spans, now = [], 0.0
    for stage in from_yaml_list(info["stages"], source="run.yaml"):
        if isinstance(stage, Dynamics):
            span = (now, now + stage.duration_ps, stage.temperature_K, stage.final_temperature_K)
            now += stage.duration_ps
            is_held = stage.ensemble != "nve" and stage.temperature_K == stage.final_temperature_K
            spans.append(StageSpan(stage.name, stage.describe(), *span, is_held))
        else:
            spans.append(StageSpan(stage.name, stage.describe(), now, now, None, None))
    return spans


def held_temperature(spans: Sequence[StageSpan], time_ps: np.ndarray) -> float | None:
    """Return the temperature at which frames were held.

    Parameters
    ----------
    spans : sequence of StageSpan
        As `stage_spans`.
    time_ps : ndarray, shape (n,)
        Times of the frames, ps. A frame between two stages is of either.

    Returns
    -------
    float or None
        K; None where one lies in a ramp or without thermostat, or they lie in stages of different
        temperatures.
    """
    inside: dict[float, np.ndarray] = {}
    for span in spans:
        if span.is_held and span.start_K is not None:
            within = (time_ps >= span.start_ps - SLACK_PS) & (time_ps <= span.end_ps + SLACK_PS)
            inside[span.start_K] = inside.get(span.start_K, False) | within
    return next((kelvin for kelvin, within in inside.items() if within.all()), None)


def stages_between(spans: Sequence[StageSpan], from_ps: float, to_ps: float) -> list[StageSpan]:
    """Return the stages that take time between two times.

    Parameters
    ----------
    spans : sequence of StageSpan
        As `stage_spans`.
    from_ps, to_ps : float
        The times, ps.

    Returns
    -------
    list of StageSpan
        In order.
    """
    least_ps = SLACK_PS if to_ps > from_ps + SLACK_PS else -SLACK_PS
    return [
        span
        for span in spans
        if span.end_ps > span.start_ps and min(span.end_ps, to_ps) - max(span.start_ps, from_ps) > least_ps
    ]
