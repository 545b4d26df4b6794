"""Evaluation: a potential beside the labels of a dataset, in one pass over its frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.potentials.base import Potential
from mofglass.training.derivative_checks import DerivativeChecks, check_derivatives
from mofglass.training.efficiency import Efficiency, is_native, measure_efficiency, time_calls
from mofglass.training.energy_alignment import RULES, Alignment
from mofglass.training.error_collection import ErrorCollection
from mofglass.training.evaluation import Evaluation
from mofglass.training.predictions import FailedFrame, as_potential, predictions

Timed = Literal["none", "cell", "both"]

SOURCE_BUDGET_S = 0.3
"""Wall time for the cost on one frame of each source."""


class Frames(Protocol):
    """Labelled frames with a known number: a `Dataset`, or a list."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Any: ...

    def __getitem__(self, key: int, /) -> LabelledFrame: ...


def evaluate(
    potential: Potential | str,
    dataset: Frames,
    *,
    align: Alignment = "none",
    jobs: int = 1,
    threads: int = 1,
    timing: Timed = "both",
    checks: bool = True,
    skip_failures: bool = False,
    n_outliers: int = 10,
    n_samples: int = 4000,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Measure a potential's errors on labelled frames, its cost, and whether its derivatives are right.

    Frames are read one after another. Of a frame 36 bytes are kept (its energies, and the time it took);
    of its forces and stress only what goes into sums, into a bounded random sample for the figures and into
    the list of outliers.

    Parameters
    ----------
    potential : Potential or str
        The potential, or its name as ``--potential`` takes it; the name where `jobs` is above 1.
    dataset : Dataset or sequence of LabelledFrame
        Labelled frames; a stress may be missing.
    align : {"none", "per-atom", "per-element"}
        What is taken off energies before they are compared; see `EnergyRecords.aligned`.
    jobs : int
        Processes.
    threads : int
        Threads of each.
    timing : {"none", "cell", "both"}
        Measure the cost on the first frame and its 2x2x2 supercell, on the frame only, or not; then the
        median over the evaluated frames stands for it (of LAMMPS' own styles nothing: a call sets them up
        anew each time).
    checks : bool
        Compare forces and stress with finite differences of the energy, on the first frame (37 calls).
    skip_failures : bool
        Leave out frames that the potential cannot compute, such as broken linkers where it has bonds, and
        list them; else the first of them is an error.
    n_outliers : int
        Frames listed with the largest errors, for each of energy, forces and stress.
    n_samples : int
        Frames, and force vectors, that figures show at most.
    seed : int
        Of the random sample.
    progress : callable, optional
        Called with the number of frames done.

    Returns
    -------
    Evaluation
        Errors overall, by source, temperature and element, and all the rest.

    Raises
    ------
    InputError
        When there is no frame, a frame lacks labels, or the potential cannot compute it; the message names
        the frame.
    """
    if align not in RULES:
        raise InputError(f"'{align}' is no rule for energies: known are {', '.join(RULES)}")
    if not len(dataset):
        raise InputError("there is no frame to evaluate")
    collected = ErrorCollection(n_outliers, n_samples, seed)
    failures: list[FailedFrame] | None = [] if skip_failures else None
    for index, frame, prediction in predictions(
        potential, dataset, jobs=jobs, threads=threads, failures=failures
    ):
        collected.add(index, frame, prediction)
        if progress is not None:
            progress(index + 1)
    if not len(collected.frames):
        assert failures
        raise InputError(
            f"the potential can compute none of the frames; {failures[0].name}: {failures[0].reason}"
        )
    first_index = collected.frames[0]
    first = dataset[first_index].to_atoms()
    model = as_potential(potential)
    efficiency: Efficiency | None = None
    if timing != "none":
        efficiency = measure_efficiency(
            model, first, repeats=(1, 2)[: 1 + (timing == "both")], threads=threads
        )
    costs: dict[str, float] | None = None
    if is_native(model):
        # A call sets LAMMPS up anew each time, which molecular dynamics does not.
        costs = {}
        for source, index in collected.first_of_source.items() if timing != "none" else ():
            structure = dataset[index].to_atoms()
            costs[source] = time_calls(
                model, structure, threads=threads, budget_s=SOURCE_BUDGET_S
            ).microseconds_per_atom
    derivatives: DerivativeChecks | None = None
    if checks:
        derivatives = check_derivatives(model, first, frame=f"frame {first_index}", threads=threads)
    return collected.evaluation(
        model.describe(),
        dataset.__getitem__,
        align,
        efficiency,
        derivatives,
        costs,
        failures or (),
        jobs,
        threads,
    )
