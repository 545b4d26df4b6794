"""The runs of one iteration of a concurrent learning: hot, short, kept frame by frame until they break."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.errors import InputError, SimulationError
from mofglass.simulate import Dynamics, Guards, Run, RunSettings, create_run
from mofglass.structures import load
from mofglass.studies.learning_config import Exploration, LearningConfig
from mofglass.studies.side_by_side import execute_side_by_side
from mofglass.units import BAR_PER_GPA


def plan_runs(
    config: LearningConfig,
    directory: Path,
    potential: str,
    found: Sequence[Atoms],
    generator: np.random.Generator,
) -> list[Run]:
    """Make the runs of an iteration; those that are there already stay as they are.

    Parameters
    ----------
    config : LearningConfig
        What to explore.
    directory : Path
        Where they go, as ``run-001`` and so on.
    potential : str
        What drives them.
    found : sequence of ase.Atoms
        Frames of earlier iterations, to start from.
    generator : numpy.random.Generator
        Draws structures, temperatures, volumes and seeds; the same each time an iteration is gone on with.

    Returns
    -------
    list of Run
        Ready for `execute_runs`.
    """
    runs: list[Run] = []
    for part in config.explore:
        for _ in range(part.runs):
            drawn = _draw(part, found, generator)
            path = directory / f"run-{len(runs) + 1:03d}"
            there = (path / "run.yaml").exists()
            runs.append(Run(path) if there else _create(config, part, path, potential, drawn))
    return runs


def _draw(part: Exploration, found: Sequence[Atoms], generator: np.random.Generator) -> dict[str, Any]:
    """Draw all that a run depends on, whether or not it will be used."""
    again = bool(generator.random() < part.from_found) and len(found) > 0
    name = part.structures[int(generator.integers(len(part.structures)))]
    start = found[int(generator.integers(len(found)))] if again else None
    return {
        "start": start,
        "source": name if start is None else str(start.info.get("source", "found")),
        "temperature_K": part.temperature_K[int(generator.integers(len(part.temperature_K)))],
        "volume": float(generator.uniform(*part.volume)),
        "pressure_GPa": part.pressure_GPa[int(generator.integers(len(part.pressure_GPa)))]
        if part.pressure_GPa
        else None,
        "seed": int(generator.integers(1, 10**6)),
    }


def _create(
    config: LearningConfig, part: Exploration, path: Path, potential: str, drawn: dict[str, Any]
) -> Run:
    start, pressure_GPa = drawn.pop("start"), drawn["pressure_GPa"]
    atoms = load(drawn["source"]) if start is None else start.copy()
    if start is None:
        atoms.set_cell(atoms.cell * drawn["volume"] ** (1 / 3), scale_atoms=True)
    stage = Dynamics(
        name="explore",
        duration_ps=part.duration_ps,
        temperature_K=drawn["temperature_K"],
        ensemble="nvt" if pressure_GPa is None else "npt",
        thermostat="langevin" if pressure_GPa is None else "nose-hoover",
        **({} if pressure_GPa is None else {"pressure_bar": BAR_PER_GPA * pressure_GPa}),
        time_step_fs=part.time_step_fs,
        temperature_damping_steps=400,
    )
    interval_ps = config.frame_interval_fs * 1e-3
    settings = RunSettings(
        seed=drawn["seed"],
        frame_interval_ps=interval_ps,
        thermo_interval_ps=interval_ps,
        checkpoint_interval_s=30.0,
        guards=Guards(
            max_temperature_factor=5.0,
            max_force_eV_per_A=config.max_force_eV_per_A,
            max_broken_linkers=None,
        ),
    )
    return create_run(
        path, atoms, potential, (stage,), settings=settings, title="exploration", record={"drawn": drawn}
    )


def execute_runs(runs: Sequence[Run], potential: str, jobs: int) -> None:
    """Take runs to their ends; that some break down is what they are for.

    Parameters
    ----------
    runs : sequence of Run
        Made by `plan_runs`.
    potential : str
        What drives them.
    jobs : int
        Runs at a time.

    Raises
    ------
    SimulationError
        When one ended and its directory does not say why, was stopped, or has vanished.
    """
    waiting = _unfinished(runs)
    if not waiting:
        return
    try:
        execute_side_by_side(waiting, potential, at_once=jobs, threads=1)
    except SimulationError:
        _require_all(runs)
        if _unfinished(waiting):
            raise
    except OSError:
        _require_all(runs)
        raise
    stopped = _unfinished(waiting)
    if stopped:
        raise SimulationError(f"{stopped[0].path} {stopped[0].state}; the same command goes on where it was")


def _require_all(runs: Sequence[Run]) -> None:
    for run in runs:
        if not (run.path / "run.yaml").exists():
            raise SimulationError(f"{run.path} has vanished: the same command makes it anew")


def _unfinished(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if not run.state.startswith(("done", "failed"))]


def usable_start(atoms: Atoms, potential: Any) -> bool:
    """Whether a potential knows a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    potential : Potential
        The potential.

    Returns
    -------
    bool
        False where its linkers, for a potential with bonds, count as broken.
    """
    try:
        potential.lammps(atoms)
    except InputError:
        return False
    return True
