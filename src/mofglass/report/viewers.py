"""The 3-D viewers of the page: crystal beside product, the run as a film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mofglass.frame import Frame
from mofglass.report.exchange import linker_colours
from mofglass.report.measure import Measured
from mofglass.report.sample import Sample
from mofglass.report.scene import frames_to_show, pack_scene
from mofglass.report.whole_run import is_grouped


def viewers_of(measured: Sequence[Measured], system: str) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the viewers of a page and their scenes.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    system : str
        What they are; heads the viewer.

    Returns
    -------
    viewers : list of dict
        ``title``, ``scenes`` (places in the second list), ``labels``, ``start``, and ``exchange``: whether
        linkers can be coloured by their exchanges.
    scenes : list of dict
        For ``viewer.js``.
    """
    scenes: list[Any] = []
    viewers: list[dict[str, Any]] = []
    colours = [linker_colours(item) for item in measured]
    with_crystal = next((n for n, item in enumerate(measured) if item.sample.crystal is not None), None)
    if with_crystal is not None:
        sample = measured[with_crystal].sample
        assert sample.crystal is not None
        frame = sample.crystal[-1]
        scenes.append(pack_scene("Crystal", [frame], [sample.crystal_label]))
        # A trajectory's crystal is known to have its atoms where its symmetry could group them.
        exchange = measured[with_crystal].exchange
        same = np.array_equal(frame.numbers, sample.trajectory.numbers)
        known = sample.is_run or (exchange is not None and is_grouped(exchange))
        scenes[0]["exchange"] = colours[with_crystal] if same and known else None
        viewers.append({"title": "Crystal", "scenes": [0], "labels": ["Crystal"], "start": "last"})
    first = len(scenes)
    for item, colour in zip(measured, colours, strict=True):
        sample, trajectory = item.sample, item.sample.trajectory
        chosen = frames_to_show(len(trajectory), trajectory.n_atoms)
        frames = [trajectory[index] for index in chosen]
        scenes.append(pack_scene(sample.label, frames, [_caption(sample, frame) for frame in frames]))
        scenes[-1]["exchange"] = colour
    viewers.append(
        {
            "title": system.capitalize(),
            "scenes": list(range(first, len(scenes))),
            "labels": [item.sample.label for item in measured],
            "start": "last",
        }
    )
    for viewer in viewers:
        viewer["exchange"] = all(scenes[number]["exchange"] for number in viewer["scenes"])
    return viewers, scenes


def _caption(sample: Sample, frame: Frame) -> str:
    words = [f"{frame.time_ps:.4g} ps" if frame.time_ps is not None else f"frame {frame.index}"]
    stage = sample.stage_at(frame.time_ps)
    return ", ".join([*words, *([stage] if stage else [])])
