"""Melt a crystal and quench it: one glass, or several independent ones.

As every study: `plan` says which runs, `execute_plan` makes those that are not there yet, `analyse` measures
the glasses.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials import Potential, get_potential
from mofglass.simulate import (
    Dynamics,
    Guards,
    Protocol,
    Run,
    RunSettings,
    create_run,
    execute,
    execute_in_turn,
    hold,
    to_yaml_list,
    with_slow_forces,
)
from mofglass.simulate.potential_record import is_changed
from mofglass.studies.recipes import Recipe
from mofglass.studies.same_structure import same_structure

BYTES_PER_COORDINATE = 3.0
"""Measured size of a stored coordinate in trajectory.h5 (float32, shuffled and deflated)."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One glass to be made.

    Parameters
    ----------
    directory : Path
        Where the run goes.
    atoms : ase.Atoms
        The crystal.
    protocol : tuple of Stage
        What is done to it.
    settings : RunSettings
        Seed, intervals, guards.
    title : str
        One line.
    glass_from_ps : float
        From here on the trajectory is the equilibrated glass, ps.
    temperature_K : float
        Temperature of the glass, K.
    """

    directory: Path
    atoms: Atoms
    protocol: Protocol
    settings: RunSettings
    title: str
    glass_from_ps: float
    temperature_K: float

    @property
    def dynamics(self) -> list[Dynamics]:
        """Stages that take simulated time."""
        return [stage for stage in self.protocol if isinstance(stage, Dynamics)]

    @property
    def n_steps(self) -> int:
        """MD steps."""
        return sum(stage.n_steps for stage in self.dynamics)

    @property
    def duration_ps(self) -> float:
        """Simulated time, ps."""
        return sum(stage.duration_ps for stage in self.dynamics)


def plan(
    atoms: Atoms,
    recipe: Recipe,
    directory: str | os.PathLike[str],
    *,
    settings: RunSettings | None = None,
    n_glasses: int = 1,
    title: str = "",
) -> list[PlannedRun]:
    """Return the runs that make one or several independent glasses.

    Parameters
    ----------
    atoms : ase.Atoms
        The crystal.
    recipe : Recipe
        How.
    directory : path
        The run's directory; for several glasses, theirs are ``01``, ``02``, ... in it.
    settings : RunSettings, optional
        Its seed is the first glass'; the next ones count up.
    n_glasses : int
        How many. Each has its own seed and, as in the SI of Castel 2024, its own length of plateau.
    title : str
        One line for figures.

    Returns
    -------
    list of PlannedRun
        In order.

    Raises
    ------
    InputError
        When `n_glasses` is below 1.
    """
    if n_glasses < 1:
        raise InputError("--n-glasses must be at least 1")
    settings, directory = settings or RunSettings(), Path(directory)
    planned = []
    for number in range(1, n_glasses + 1):
        several = n_glasses > 1
        protocol = recipe.protocol(plateau_ps=recipe.plateau_of_glass_ps(number) if several else None)
        before = sum(stage.duration_ps for stage in protocol[:-1] if isinstance(stage, Dynamics))
        planned.append(
            PlannedRun(
                directory=directory / f"{number:02d}" if several else directory,
                atoms=atoms,
                protocol=protocol,
                settings=replace(settings, seed=settings.seed + number - 1),
                title=f"{title or atoms.get_chemical_formula()}, {recipe.name}"
                + (f", glass {number} of {n_glasses}" if several else ""),
                glass_from_ps=before,
                temperature_K=recipe.t_low_K,
            )
        )
    return planned


def execute_plan(
    planned: Sequence[PlannedRun],
    potential: Potential | str,
    *,
    recipe: Recipe,
    threads: int | None = None,
    processes: int = 1,
    walltime_s: float | None = None,
    progress: bool = True,
) -> list[Run]:
    """Make the glasses that are not there yet; finished ones are left alone, begun ones go on.

    Parameters
    ----------
    planned : sequence of PlannedRun
        From `plan`.
    potential : Potential or str
        The potential, or its name.
    recipe : Recipe
        Kept in the runs' record.
    threads, processes : int, optional
        OpenMP threads and MPI processes.
    walltime_s : float, optional
        For all the glasses together, s.
    progress : bool
        Whether to show progress.

    Returns
    -------
    list of Run
        Those begun so far.

    Raises
    ------
    InputError
        When a directory holds a run that is not the planned one.
    MofglassError
        When glasses failed; the others are made first.
    """
    planned = for_potential(planned, potential)
    begun = [_existing(item, potential) for item in planned]
    return execute_in_turn(
        (there or _create(item, potential, recipe) for item, there in zip(planned, begun, strict=True)),
        potential=None if isinstance(potential, str) else potential,
        threads=threads,
        processes=processes,
        walltime_s=walltime_s,
        progress=progress,
    )


def for_potential(planned: Sequence[PlannedRun], potential: Potential | str) -> list[PlannedRun]:
    """Return the runs as they are made with a potential: every stage says how often slow forces are computed.

    Parameters
    ----------
    planned : sequence of PlannedRun
        From `plan`.
    potential : Potential or str
        The potential, or its name.

    Returns
    -------
    list of PlannedRun
        In the same order.
    """
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    return [
        replace(
            item,
            protocol=with_slow_forces(
                item.protocol, chosen, item.settings.slow_forces_every, item.settings.hydrogen_mass_u
            ),
        )
        for item in planned
    ]


def _create(item: PlannedRun, potential: Potential | str, recipe: Recipe) -> Run:
    """Make the directory of a planned run."""
    return create_run(
        item.directory,
        item.atoms,
        potential,
        item.protocol,
        settings=item.settings,
        title=item.title,
        record={
            "study": "melt-quench",
            "recipe": {"name": recipe.name, "source": recipe.source, "changes": recipe.changes()},
            "analysis": {"from_ps": item.glass_from_ps, "temperature_K": item.temperature_K},
        },
    )


def _existing(item: PlannedRun, potential: Potential | str) -> Run | None:
    """Return the run already in the planned directory, after making sure that it is the planned one."""
    if not (item.directory / "run.yaml").exists():
        return None
    run = Run(item.directory)
    info, settings = run.info, item.settings
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    output, guards = info.get("output", {}), info.get("guards", {})
    # How often a begun run is committed stays as it was begun: it changes nothing that is kept.
    same = {
        "its stages": info.get("stages") == to_yaml_list(item.protocol),
        "its seed": info.get("seed") == settings.seed,
        "its mass of hydrogen": output.get("hydrogen_mass_u") == settings.hydrogen_mass_u,
        "its --frame-interval": output.get("frame_interval_ps") == settings.frame_interval_ps,
        "its --thermo-interval": output.get("thermo_interval_ps") == settings.thermo_interval_ps,
        "its guards (--max-force-spread)": Guards(**guards) == settings.guards,
        "its structure": same_structure(run.initial, item.atoms),
        "its potential": not is_changed(info, chosen),
    }
    different = [name for name, equal in same.items() if not equal]
    if different:
        raise InputError(
            f"{item.directory} holds another run ({', '.join(different)} differ from what is asked): "
            "choose another -o, or ask for what it has"
        )
    return run


def seconds_per_step(
    planned: PlannedRun,
    potential: Potential | str,
    *,
    threads: int | None = None,
    target_s: float = 3.0,
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
        About how long to measure, s.

    Returns
    -------
    float
        Seconds a step, set-up not counted.
    """
    like = planned.dynamics[0]
    settings = RunSettings(hydrogen_mass_u=planned.settings.hydrogen_mass_u)
    with tempfile.TemporaryDirectory(prefix="mofglass-timing-") as scratch:
        elapsed, n_steps = {}, 4
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
            if elapsed[2 * n_steps] > target_s or n_steps > 2000:
                return max(per_step, 1e-6)
            n_steps *= 8


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
