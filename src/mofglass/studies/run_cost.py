"""What planned runs cost here: the wall time of a step, measured, and the size of a trajectory."""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms

from mofglass.potentials import Potential
from mofglass.simulate import RunSettings, create_run, execute, hold
from mofglass.studies.melt_quench import PlannedRun

MAX_TIMED_ATOMS = 4000
"""Of larger supercells a piece is timed: from here on the time of a step goes with the number of atoms."""

BYTES_PER_COORDINATE = 3.0
"""Measured size of a stored coordinate in trajectory.h5 (float32, shuffled and deflated)."""


@dataclass(frozen=True)
class StepTime:
    """Wall time of an MD step.

    Parameters
    ----------
    seconds : float
        Of the whole structure, s.
    words : str
        The same for people, and what was timed where that is not the whole structure.
    """

    seconds: float
    words: str


def step_time(
    planned: PlannedRun,
    potential: Potential | str,
    *,
    supercell: tuple[int, int, int] = (1, 1, 1),
    threads: int | None = None,
) -> StepTime:
    """Measure the wall time of an MD step here; of a large supercell on fewer repeats of its crystal.

    Parameters
    ----------
    planned : PlannedRun
        As for `seconds_per_step`.
    potential : Potential or str
        The potential, or its name.
    supercell : tuple of int
        How often its structure repeats a crystal along a, b and c (`ase.Atoms.repeat`).
    threads : int, optional
        OpenMP threads.

    Returns
    -------
    StepTime
        Scaled by the number of atoms where a piece was timed.
    """
    piece = _fewer_repeats(planned.atoms, supercell)
    seconds = seconds_per_step(replace(planned, atoms=piece), potential, threads=threads)
    seconds *= len(planned.atoms) / len(piece)
    words = f"{seconds * 1e3:.2f} ms a step"
    if len(piece) < len(planned.atoms):
        words += f" (timed on {len(piece)} atoms, times {len(planned.atoms) / len(piece):.4g})"
    return StepTime(seconds, words)


def _fewer_repeats(atoms: Atoms, supercell: tuple[int, int, int]) -> Atoms:
    """Return as many repeats of a supercell's crystal as have at most `MAX_TIMED_ATOMS`, one at least."""
    unit = atoms[: len(atoms) // math.prod(supercell)]
    unit.set_cell(atoms.cell.array / np.array(supercell)[:, None])
    repeats = list(supercell)
    while math.prod(repeats) * len(unit) > MAX_TIMED_ATOMS and max(repeats) > 1:
        lengths_A = unit.cell.lengths() * repeats
        repeats[int(np.argmax(np.where(np.array(repeats) > 1, lengths_A, 0.0)))] -= 1
    return unit.repeat(repeats)


def seconds_per_step(
    planned: PlannedRun,
    potential: Potential | str,
    *,
    threads: int | None = None,
    target_s: float = 1.0,
) -> float:
    """Measure the wall time of an MD step here, by running some.

    Parameters
    ----------
    planned : PlannedRun
        Gives the structure, the mass of hydrogen, and with its first stage of dynamics the time step, the
        thermostat, and how often slow forces are computed.
    potential : Potential or str
        The potential, or its name.
    threads : int, optional
        OpenMP threads.
    target_s : float
        By how much a run of twice the steps must take longer, s: less than that is the set-up's scatter.

    Returns
    -------
    float
        Seconds a step, set-up not counted.
    """
    like = planned.dynamics[0]
    settings = RunSettings(hydrogen_mass_u=planned.settings.hydrogen_mass_u)
    with tempfile.TemporaryDirectory(prefix="mofglass-timing-") as scratch:
        elapsed, n_steps = {}, 4 if len(planned.atoms) <= MAX_TIMED_ATOMS else 1
        while True:
            for steps in (n_steps, 2 * n_steps):
                timed = hold(
                    "timing",
                    duration_ps=steps * like.time_step_fs * 1e-3,
                    temperature_K=300.0,
                    thermostat=like.thermostat,
                    time_step_fs=like.time_step_fs,
                    slow_forces_every=like.slow_forces_every,
                )
                run = create_run(
                    Path(scratch) / f"{steps}", planned.atoms, potential, (timed,), settings=settings
                )
                begin = time.monotonic()
                execute(
                    run,
                    potential=None if isinstance(potential, str) else potential,
                    threads=threads,
                    progress=False,
                )
                elapsed[steps] = time.monotonic() - begin
            per_step = (elapsed[2 * n_steps] - elapsed[n_steps]) / n_steps
            if per_step * n_steps > target_s or n_steps > 2000:
                return max(per_step, 1e-6)
            n_steps *= 8


def size_words(n_bytes: float) -> str:
    """Return a size for people.

    Parameters
    ----------
    n_bytes : float
        Bytes.

    Returns
    -------
    str
        In MB, from 1000 MB on in GB.
    """
    return f"{n_bytes / 1e6:.3g} MB" if n_bytes < 999.5e6 else f"{n_bytes / 1e9:.3g} GB"


def disk_bytes(item: PlannedRun) -> float:
    """Estimate the size of a run's trajectory.

    Parameters
    ----------
    item : PlannedRun
        The run.

    Returns
    -------
    float
        Bytes.
    """
    n_frames = item.duration_ps / item.settings.frame_interval_ps
    return n_frames * len(item.atoms) * 3 * BYTES_PER_COORDINATE
