"""What a potential says of labelled frames, one after another, in one process or in several."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError, MofglassError
from mofglass.potentials.base import Potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.registry import get_potential
from mofglass.worker_processes import WorkerDied, over_processes


@dataclass(frozen=True)
class Prediction:
    """Energy, forces and stress of one structure, and how long they took.

    Parameters
    ----------
    energy_eV : float
        Energy, eV.
    forces_eV_per_A : ndarray, shape (n_atoms, 3)
        Forces, eV/Å.
    stress_eV_per_A3 : ndarray, shape (3, 3), or None
        Stress, eV/Å³, positive in tension; None where the potential has none.
    wall_s : float
        Wall time of the call, s.
    """

    energy_eV: float
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray | None
    wall_s: float


@dataclass(frozen=True)
class FailedFrame:
    """A frame that a potential cannot compute.

    Parameters
    ----------
    frame : int
        Its place among the frames, from 0.
    source : str
        Its source.
    where : str
        Its number and its file, as `frame_place` says.
    reason : str
        Why.
    """

    frame: int
    source: str
    where: str
    reason: str

    @property
    def name(self) -> str:
        """What it is called in a message."""
        return _name(self.frame, self.source, self.where)


def frame_place(frame: LabelledFrame) -> str:
    """Say where a frame lies.

    Parameters
    ----------
    frame : LabelledFrame
        The frame.

    Returns
    -------
    str
        E.g. ``frame 7 of md.extxyz``; empty for one that is in no file.
    """
    known = "file" in frame.info and "frame" in frame.info
    return f"frame {frame.info['frame']} of {frame.info['file']}" if known else ""


def frame_name(index: int, frame: LabelledFrame) -> str:
    """Name a frame in a message or a table.

    Parameters
    ----------
    index : int
        Its place in the dataset, from 0.
    frame : LabelledFrame
        The frame.

    Returns
    -------
    str
        E.g. ``frame 12 (crystal-300K, frame 7 of md.extxyz)``.
    """
    return _name(index, frame.source, frame_place(frame))


def _name(index: int, source: str, where: str) -> str:
    words = ", ".join(word for word in (source, where) if word)
    return f"frame {index}" + (f" ({words})" if words else "")


def use_threads(threads: int) -> None:
    """Let numerical libraries use so many threads, those loaded already and those yet to be.

    Parameters
    ----------
    threads : int
        Threads.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def as_potential(potential: Potential | str) -> Potential:
    """Return a potential, made from its name where it is one.

    Parameters
    ----------
    potential : Potential or str
        A potential, or a name as `get_potential` takes it.

    Returns
    -------
    Potential
        The potential.
    """
    return get_potential(potential) if isinstance(potential, str) else potential


def compute(calculator: Calculator, atoms: Atoms) -> Prediction:
    """Compute one structure anew, whatever the calculator remembers.

    Parameters
    ----------
    calculator : ase.calculators.calculator.Calculator
        ASE calculator.
    atoms : ase.Atoms
        The structure.

    Returns
    -------
    Prediction
        Energy, forces, and stress where the calculator has it.
    """
    wanted = ["energy", "forces", "stress"]
    if "stress" not in calculator.implemented_properties:
        wanted.pop()
    begin = time.perf_counter()
    try:
        calculator.calculate(atoms, wanted, all_changes)
    except PropertyNotImplementedError:
        calculator.calculate(atoms, wanted[:2], all_changes)
    wall_s = time.perf_counter() - begin
    results = calculator.results
    stress = results.get("stress")
    return Prediction(
        float(results["energy"]),
        np.asarray(results["forces"], dtype=float),
        None if stress is None else voigt_6_to_full_3x3_stress(np.asarray(stress, dtype=float)),
        wall_s,
    )


def check_labels(index: int, frame: LabelledFrame) -> None:
    """Refuse a frame without the labels that errors are measured against.

    Parameters
    ----------
    index : int
        Its place in the dataset, from 0.
    frame : LabelledFrame
        The frame; a stress may be missing.

    Raises
    ------
    InputError
        When energy or forces are missing, of the wrong shape, or not finite.
    """
    forces = frame.forces_eV_per_A
    problem = ""
    if frame.energy_eV is None or not np.isfinite(frame.energy_eV):
        problem = "has no energy"
    elif forces is None or np.shape(forces) != (frame.n_atoms, 3) or not np.isfinite(forces).all():
        problem = "has no forces of all its atoms"
    elif frame.stress_eV_per_A3 is not None and not np.isfinite(frame.stress_eV_per_A3).all():
        problem = "has a stress that is not finite"
    if problem:
        raise InputError(
            f"{frame_name(index, frame)} {problem}: label it with 'mofglass dataset label', or leave it out"
        )


def _bare(frame: LabelledFrame) -> Atoms:
    """The frame's structure without its labels."""
    return Atoms(numbers=frame.numbers, positions=frame.positions, cell=frame.cell, pbc=True)


def predictions(
    potential: Potential | str,
    frames: Iterable[LabelledFrame],
    *,
    jobs: int = 1,
    threads: int = 1,
    failures: list[FailedFrame] | None = None,
) -> Iterator[tuple[int, LabelledFrame, Prediction]]:
    """Compute frames with a potential, in their order; few are in memory at a time.

    The first frame is computed twice, so that no time is that of a cold start.

    Parameters
    ----------
    potential : Potential or str
        The potential; its name where `jobs` is above 1.
    frames : iterable of LabelledFrame
        Labelled frames.
    jobs : int
        Processes.
    threads : int
        Threads of each.
    failures : list, optional
        Takes frames that the potential cannot compute, which are then left out; without
        it the first of them is an error.

    Yields
    ------
    index : int
        Number of the frame, from 0.
    frame : LabelledFrame
        The frame.
    prediction : Prediction
        What the potential says.

    Raises
    ------
    InputError
        When a frame lacks labels, or the potential cannot compute it.
    """
    if jobs > 1:
        if not isinstance(potential, str):
            raise InputError(
                "several processes need the potential by its name, as in evaluate('lj', ..., jobs=2)"
            )
        outcomes = _in_processes(potential, frames, jobs, threads)
    else:
        outcomes = _in_this_process(potential, frames, threads)
    for index, frame, outcome in outcomes:
        reason = outcome if isinstance(outcome, str) else _unsound(outcome)
        if reason and failures is None:
            raise InputError(f"{frame_name(index, frame)}: {reason}")
        if reason and failures is not None:
            failures.append(FailedFrame(index, frame.source, frame_place(frame), reason))
        elif not isinstance(outcome, str):
            yield index, frame, outcome


def _in_this_process(
    potential: Potential | str, frames: Iterable[LabelledFrame], threads: int
) -> Iterator[tuple[int, LabelledFrame, Prediction | str]]:
    """Compute here; of a frame that cannot be computed comes the reason."""
    use_threads(threads)
    calculator = make_calculator(as_potential(potential), threads=threads)
    warm = False
    for index, frame in enumerate(frames):
        check_labels(index, frame)
        outcome: Prediction | str
        try:
            if not warm:
                compute(calculator, _bare(frame))
                warm = True
            outcome = compute(calculator, _bare(frame))
        except MofglassError as error:
            outcome = str(error)
        yield index, frame, outcome


def _unsound(prediction: Prediction) -> str:
    """Say why no error can be made of a prediction; empty where one can."""
    if np.isfinite(prediction.energy_eV) and np.isfinite(prediction.forces_eV_per_A).all():
        return ""
    return (
        "the potential gives an energy or a force that is not finite; look for atoms on top of each other, "
        "or leave the frame out"
    )


def _in_processes(
    spec: str, frames: Iterable[LabelledFrame], jobs: int, threads: int
) -> Iterator[tuple[int, LabelledFrame, Prediction | str]]:
    """Compute in worker processes, and bring what they say into the order of the frames."""

    def checked() -> Iterator[tuple[int, LabelledFrame]]:
        for index, frame in enumerate(frames):
            check_labels(index, frame)
            yield index, frame

    early: dict[int, tuple[LabelledFrame, Prediction | str]] = {}
    following = 0
    # Closed at once where nobody wants the rest, so that the processes end too.
    with over_processes(_Work(spec, threads), checked(), jobs=jobs) as outcomes:
        for (index, frame), outcome in outcomes:
            early[index] = frame, str(outcome) if isinstance(outcome, WorkerDied) else outcome
            while following in early:
                yield following, *early.pop(following)
                following += 1


class _Work:
    """Computes in a worker process, which keeps its calculator; a mofglass error returns as its sentence."""

    def __init__(self, spec: str, threads: int) -> None:
        self.spec = spec
        self.threads = threads
        self._calculator: Calculator | None = None

    def __call__(self, task: tuple[int, LabelledFrame]) -> Prediction | str:
        atoms = _bare(task[1])
        try:
            if self._calculator is None:
                use_threads(self.threads)
                self._calculator = make_calculator(get_potential(self.spec), threads=self.threads)
                compute(self._calculator, atoms)
            return compute(self._calculator, atoms)
        except MofglassError as error:
            return str(error)
