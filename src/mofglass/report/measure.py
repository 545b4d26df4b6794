"""Measure a sample: the standard set on product and crystal, coordination and linkers over all of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.coordination import Coordination
from mofglass.analysis.linkers import Linkers
from mofglass.analysis.pipeline import measure as run_analyses
from mofglass.analysis.standard_set import metals_by_count, standard_set
from mofglass.frame import Frame
from mofglass.report.sample import Analyse, Sample, thinned
from mofglass.result import Panel, Result
from mofglass.topology import bond_cutoffs

MAX_COURSE_FRAMES = 300
"""Frames of the whole run in which coordination and linkers are followed, at most."""


@dataclass(frozen=True)
class Measured:
    """A sample with what was measured on it.

    Parameters
    ----------
    sample : Sample
        The run, trajectory or structure.
    glass : dict of str to Result
        Results over its product frames.
    crystal : dict of str to Result
        Results over its crystal frames; empty where it has none.
    course : tuple of Panel
        Coordination and linkers over the whole run.
    skipped : dict of str to str
        Analyses that could not be made of the product, with the reason.
    """

    sample: Sample
    glass: Mapping[str, Result]
    crystal: Mapping[str, Result] = field(default_factory=dict)
    course: tuple[Panel, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


def measure(sample: Sample, analyse: Analyse | None = None, *, with_crystal: bool = True) -> Measured:
    """Measure one sample.

    Parameters
    ----------
    sample : Sample
        What to measure.
    analyse : callable, optional
        From frames and temperature to results and reasons; the standard set by default.
    with_crystal : bool
        Whether its crystal is measured too.

    Returns
    -------
    Measured
        The sample with its results.
    """
    analyse = analyse or analyse_standard_set
    glass, skipped = analyse(sample.glass, sample.temperature_K)
    crystal: Mapping[str, Result] = {}
    if with_crystal and sample.crystal is not None:
        crystal, _ = analyse(sample.crystal, sample.crystal_temperature_K)
    return Measured(sample, glass, crystal, course(sample), skipped)


def analyse_standard_set(
    frames: Iterable[Frame], temperature_K: float | None
) -> tuple[Mapping[str, Result], Mapping[str, str]]:
    """Run the standard set of `mofglass.analysis` over frames.

    Parameters
    ----------
    frames : Trajectory or iterable of Frame
        What to measure.
    temperature_K : float or None
        Its temperature, K.

    Returns
    -------
    results : mapping of str to Result
        By analysis name.
    skipped : mapping of str to str
        What could not be measured, and why.
    """
    numbers = getattr(frames, "numbers", None)
    if numbers is None:
        frames = list(frames)
        numbers = frames[0].numbers
    analyses, unfit = standard_set(np.asarray(numbers), temperature_K=temperature_K)
    results, skipped = run_analyses(frames, analyses, strict=False)
    return results, {**unfit, **skipped}


def course(sample: Sample) -> tuple[Panel, ...]:
    """Follow coordination and linkers over a whole run.

    Parameters
    ----------
    sample : Sample
        A run; structures and trajectories without a record of stages are followed by their analyses already.

    Returns
    -------
    tuple of Panel
        Panels against time; empty where there is nothing to follow.
    """
    trajectory = sample.trajectory
    metals = metals_by_count(trajectory.numbers)
    if not sample.is_run or len(trajectory) < 3 or not metals:
        return ()
    if not (trajectory.numbers == atomic_numbers["N"]).any():
        return ()
    pair = (metals[0], "N")
    cutoff_A = bond_cutoffs(list(pair))[(min(pair), max(pair))]
    analyses: dict[str, Analysis[Any]] = {
        "coordination": Coordination(pair=pair, cutoff_A=cutoff_A),
        "linkers": Linkers(),
    }
    results, _ = run_analyses(thinned(trajectory, MAX_COURSE_FRAMES), analyses, strict=False)
    panels = [panel for result in results.values() for panel in result.panels()]
    return tuple(panel for panel in panels if panel.x_label == "time (ps)")
