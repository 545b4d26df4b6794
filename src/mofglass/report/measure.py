"""Measure a sample: the standard set and pores of product and crystal; over all of the run what changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.coordination import Coordination
from mofglass.analysis.exchange_result import ExchangeResult
from mofglass.analysis.linkers import Linkers
from mofglass.analysis.pipeline import measure as run_analyses
from mofglass.analysis.standard_set import metals_by_count, standard_set
from mofglass.frame import Configuration, Frame
from mofglass.report.sample import Analyse, Sample, thinned
from mofglass.report.whole_run import exchange_of, pores_of
from mofglass.result import Panel, Result
from mofglass.topology import bond_cutoffs
from mofglass.trajectory import Trajectory

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
    exchange : ExchangeResult or None
        Exchange of linkers over the whole run.
    exchange_words : str
        Over which frames, or why not.
    """

    sample: Sample
    glass: Mapping[str, Result]
    crystal: Mapping[str, Result] = field(default_factory=dict)
    course: tuple[Panel, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    exchange: ExchangeResult | None = None
    exchange_words: str = ""


def measure(
    sample: Sample,
    analyse: Analyse | None = None,
    *,
    with_crystal: bool = True,
    pore_frames: int | None = None,
    reference: Configuration | None = None,
) -> Measured:
    """Measure one sample.

    Parameters
    ----------
    sample : Sample
        What to measure.
    analyse : callable, optional
        From frames and temperature to results and reasons; by default the standard set, pores, and the
        exchange of linkers.
    with_crystal : bool
        Whether its crystal is measured too.
    pore_frames : int, optional
        Frames whose pores are measured, of product and crystal each; 0 for none; ten by default, fewer of
        more than 2000 atoms.
    reference : Frame or ase.Atoms, optional
        The crystal given beside a trajectory, whose symmetry groups its linkers.

    Returns
    -------
    Measured
        The sample with its results.
    """
    crystal: Mapping[str, Result] = {}
    of_crystal = sample.crystal if with_crystal else None
    if analyse is not None:
        glass, skipped = analyse(sample.glass, sample.temperature_K)
        if of_crystal is not None:
            crystal, _ = analyse(of_crystal, sample.crystal_temperature_K)
        return Measured(sample, glass, crystal, course(sample), skipped)
    glass, skipped = _all_of(sample.glass, sample.temperature_K, pore_frames)
    if of_crystal is not None:
        crystal, _ = _all_of(of_crystal, sample.crystal_temperature_K, pore_frames)
    exchange, words = exchange_of(sample, reference)
    return Measured(sample, glass, crystal, course(sample), skipped, exchange, words)


def _all_of(
    frames: Trajectory, temperature_K: float | None, pore_frames: int | None
) -> tuple[Mapping[str, Result], Mapping[str, str]]:
    """The standard set, and pores of a few frames."""
    results, skipped = analyse_standard_set(frames, temperature_K)
    pores, without = pores_of(frames, pore_frames)
    return {**results, **pores}, {**skipped, **without}


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
