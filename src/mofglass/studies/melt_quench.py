"""Melt a crystal and quench it: one glass, or several independent ones.

As every study: `plan` says which runs, `execute_plan` makes those that are not there yet, `analyse` measures
the glasses.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

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
    execute_in_turn,
    to_yaml_list,
    with_slow_forces,
)
from mofglass.simulate.potential_record import both_described, is_changed
from mofglass.simulate.time_step import refuse_long_steps
from mofglass.studies.recipes import Recipe
from mofglass.studies.same_structure import same_structure


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

    Raises
    ------
    InputError
        When a structure with hydrogen cannot bear a time step.
    """
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    for item in planned:
        refuse_long_steps(item.protocol, item.atoms.numbers, item.settings.hydrogen_mass_u)
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
    compared = {
        "seed": (info.get("seed"), settings.seed),
        "mass of hydrogen": (output.get("hydrogen_mass_u"), settings.hydrogen_mass_u),
        "--frame-interval": (output.get("frame_interval_ps"), settings.frame_interval_ps),
        "--thermo-interval": (output.get("thermo_interval_ps"), settings.thermo_interval_ps),
    }
    different = [
        f"{name} {_or_default(there)} and not {_or_default(asked)}"
        for name, (there, asked) in compared.items()
        if there != asked
    ]
    if info.get("stages") != to_yaml_list(item.protocol):
        different.append(_other_stage(info["stages"], to_yaml_list(item.protocol)))
    begun, asked_guards = asdict(Guards(**guards)), asdict(settings.guards)
    different += [
        f"guard {name} {_or_default(begun[name], 'off')} and not {_or_default(asked, 'off')}"
        for name, asked in asked_guards.items()
        if begun[name] != asked
    ]
    if not same_structure(run.initial, item.atoms):
        there, asked = (atoms.get_chemical_formula() for atoms in (run.initial, item.atoms))
        different.append(
            f"structure {there} and not {asked}"
            if there != asked
            else f"another structure of {asked}, with other positions or another cell"
        )
    if is_changed(info, chosen):
        before, now = both_described(info, chosen)
        different.append(f"potential {before} and not {now}")
    if different:
        raise InputError(
            f"{item.directory} holds another run, with {'; '.join(different)}: choose another -o, or ask for "
            "what it has"
        )
    return run


def _or_default(value: object, missing: str = "the default") -> str:
    return missing if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _other_stage(there: list[dict[str, Any]], asked: list[dict[str, Any]]) -> str:
    """Say of the first stage that differs what it has and what is asked for; rows as of `to_yaml_list`."""
    nothing: dict[str, Any] = {}
    begun, stage = next(
        (row, other) for row, other in zip_longest(there, asked, fillvalue=nothing) if row != other
    )
    if not (begun and stage):
        return f"{len(there)} stages and not {len(asked)}"
    if begun["name"] != stage["name"]:
        return f"stage '{begun['name']}' where '{stage['name']}' is asked for"
    defaults = {field.name: field.default for field in fields(Dynamics)} | {"slow_forces_every": 1}
    changes = [
        f"{key} {begun.get(key, defaults.get(key))} and not {stage.get(key, defaults.get(key))}"
        for key in {**begun, **stage}
        if begun.get(key) != stage.get(key)
    ]
    return f"stage '{stage['name']}' of {', '.join(changes)}"
