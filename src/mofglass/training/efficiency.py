"""What a potential costs as molecular dynamics pays it: µs per atom and call, stress included."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import Potential
from mofglass.potentials.calculator import load_into, make_calculator
from mofglass.potentials.lammps_library import start_lammps
from mofglass.training.predictions import as_potential, compute, use_threads

BUSY = 0.85
"""A share of its own time on a core below which a timing is not to be trusted."""
BUDGET_S = 10.0
MAX_CALLS = 50
MIN_CALLS = 3
MIN_BATCH_S = 0.02
"""Native styles are timed several steps at a time, so that a batch is long beside the clock."""

LONGEST_CALL_S = 60.0
"""A supercell whose call would take longer than this is left out."""

STEP_A = 1e-3
"""How far atoms move between calls: some 1 fs of a liquid, so that neighbour lists live as long as in MD."""


@dataclass(frozen=True)
class Timing:
    """Cost of one call for one size.

    Parameters
    ----------
    n_atoms : int
        Atoms of the structure.
    n_calls : int
        Calls, or batches of steps, that were timed after one to warm up.
    microseconds_per_atom : float
        Median, µs per atom and call.
    spread : float
        Half the range of the middle half of the calls, µs per atom.
    threads : int
        Threads allowed.
    """

    n_atoms: int
    n_calls: int
    microseconds_per_atom: float
    spread: float
    threads: int


@dataclass(frozen=True)
class Efficiency:
    """Cost by size.

    Parameters
    ----------
    timings : tuple of Timing
        In the order of size.
    note : str
        What was left out, and why, and whether the machine was busy; empty for nothing.
    """

    timings: tuple[Timing, ...]
    note: str = ""


def measure_efficiency(
    potential: Potential | str,
    atoms: Atoms,
    *,
    repeats: Sequence[int] = (1, 2),
    threads: int = 1,
    budget_s: float = BUDGET_S,
    longest_call_s: float = LONGEST_CALL_S,
) -> Efficiency:
    """Time a potential on a structure and its supercells.

    Potentials of LAMMPS' own styles are timed as steps of a LAMMPS run whose atoms stand still, with the
    virial computed at every step; others as calls of their calculator, the atoms moved by 0.001 Å in
    between; a sum of potentials as the sum of its parts. The first call of each size is not counted.

    Parameters
    ----------
    potential : Potential or str
        The potential.
    atoms : ase.Atoms
        Periodic structure.
    repeats : sequence of int
        Supercells: 2 stands for 2x2x2.
    threads : int
        Threads.
    budget_s : float
        Wall time for each size, s; at least three calls are made.
    longest_call_s : float
        Sizes whose call would take longer, judged by the size before, are left out.

    Returns
    -------
    Efficiency
        One timing a size.
    """
    potential = as_potential(potential)
    timings: list[Timing] = []
    notes = []
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for repeat in repeats:
        structure = atoms.repeat(repeat)
        if timings:
            expected_s = 1e-6 * timings[-1].microseconds_per_atom * len(structure)
            if expected_s > longest_call_s:
                notes.append(f"{len(structure)} atoms left out: a call would take about {expected_s:.0f} s")
                break
        timings.append(time_calls(potential, structure, threads=threads, budget_s=budget_s))
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    if cpu_s < BUSY * wall_s:
        notes.append(
            f"this process was on a core {100 * cpu_s / wall_s:.0f} % of the time: if other work kept "
            "it off, the cost is too high"
        )
    return Efficiency(tuple(timings), "; ".join(notes))


def is_native(potential: Potential) -> bool:
    """Return whether LAMMPS computes a potential, or a part of it, by its own styles.

    Parameters
    ----------
    potential : Potential
        The potential.

    Returns
    -------
    bool
        False where an ASE calculator does.
    """
    return getattr(potential, "calculator_factory", None) is None


def time_calls(
    potential: Potential | str,
    atoms: Atoms,
    *,
    threads: int = 1,
    budget_s: float = BUDGET_S,
    max_calls: int = MAX_CALLS,
) -> Timing:
    """Time one structure.

    Parameters
    ----------
    potential : Potential or str
        The potential.
    atoms : ase.Atoms
        Periodic structure.
    threads : int
        Threads.
    budget_s : float
        Wall time, s; at least three calls are made.
    max_calls : int
        Calls made at most.

    Returns
    -------
    Timing
        Median and spread.

    Raises
    ------
    InputError
        When the potential cannot compute the structure.
    """
    use_threads(threads)
    potential = as_potential(potential)
    with ExitStack() as stack:
        calls = []
        for part in potential.parts or (potential,):
            make = _native_call if is_native(part) else _calculator_call
            call, close = make(part, atoms, threads)
            stack.callback(close)
            calls.append(call)
        for call in calls:
            call()
        begin = time.perf_counter()
        times: list[float] = []
        while len(times) < MIN_CALLS or (len(times) < max_calls and time.perf_counter() - begin < budget_s):
            times.append(sum(call() for call in calls))
    per_atom = 1e6 * np.array(times) / len(atoms)
    low, median, high = np.percentile(per_atom, [25, 50, 75])
    return Timing(len(atoms), len(times), float(median), float(high - low) / 2, threads)


Call = tuple[Callable[[], float], Callable[[], Any]]


def _calculator_call(potential: Potential, atoms: Atoms, threads: int) -> Call:
    """A function that computes the structure once, moved a little, and returns the wall time, s."""
    calculator = make_calculator(potential, threads=threads)
    random = np.random.default_rng(0)
    structure = atoms.copy()
    structure.calc = None

    def call() -> float:
        structure.positions += STEP_A * random.normal(size=structure.positions.shape)
        return compute(calculator, structure).wall_s

    return call, lambda: None


def _native_call(potential: Potential, atoms: Atoms, threads: int) -> Call:
    """A function that does a batch of LAMMPS steps and returns the wall time of one, s."""
    structure = atoms.copy()
    structure.calc = None
    lammps = start_lammps(threads=threads)
    try:
        model = potential.lammps(structure)
        if model.n_atoms != len(atoms):
            raise InputError(f"the potential '{potential.name}' does not keep the structure's atoms")
        load_into(lammps, model)
        for command in (
            "compute mofglass_pressure all pressure NULL virial",
            "fix mofglass_sample all ave/time 1 1 1 c_mofglass_pressure c_thermo_pe",
            "thermo 1000000000",
            "run 1 post no",
        ):
            lammps.command(command)
    except BaseException:
        lammps.close()
        raise
    steps = 1

    def call() -> float:
        nonlocal steps
        while True:
            begin = time.perf_counter()
            lammps.command(f"run {steps} pre no post no")
            wall_s = time.perf_counter() - begin
            if wall_s >= MIN_BATCH_S:
                return wall_s / steps
            steps *= 2

    return call, lammps.close
