"""Create a run directory, execute it, continue it: the room's three verbs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms
from ase.io import write

from mofglass.errors import InputError, MofglassError, SimulationError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.base import LammpsModel
from mofglass.simulate import provenance
from mofglass.simulate.deck import CompiledStage, compile_protocol, deck_text
from mofglass.simulate.engine import Engine, Stopped, Unstable
from mofglass.simulate.guards import Guards
from mofglass.simulate.hydrogen_mass import with_hydrogen_mass
from mofglass.simulate.mpi_session import execute_with_mpi
from mofglass.simulate.potential_record import absolute_spec, is_changed, potential_of, require_same
from mofglass.simulate.run import Checkpoint, Run, resume_command, write_atomically
from mofglass.simulate.settings import RunSettings
from mofglass.simulate.stages import (
    Protocol,
    from_yaml_list,
    refuse_idle_fields,
    to_yaml_list,
    with_slow_forces,
)
from mofglass.simulate.time_step import refuse_long_steps


def create_run(
    directory: str | os.PathLike[str],
    atoms: Atoms,
    potential: Potential | str,
    protocol: Protocol,
    *,
    settings: RunSettings | None = None,
    title: str = "",
    record: Mapping[str, Any] | None = None,
) -> Run:
    """Write a run directory, whole or not at all; nothing is simulated yet.

    Parameters
    ----------
    directory : path
        Where; it must not exist or be empty.
    atoms : ase.Atoms
        Periodic structure, Å.
    potential : Potential or str
        A potential, or its name in the registry (only then can the command line resume the run).
    protocol : tuple of Stage
        What is done.
    settings : RunSettings, optional
        Seed, intervals, guards.
    title : str
        One line for figures and the report.
    record : mapping, optional
        More to keep in ``run.yaml``, e.g. ``analysis: {from_ps: 120, temperature_K: 300}``.

    Returns
    -------
    Run
        Ready to `execute`.

    Raises
    ------
    InputError
        When the directory holds something or cannot be made, a stage says what means nothing in its
        ensemble or has a time step that the structure cannot bear, or the potential does not know the
        structure.
    """
    directory, settings = Path(directory).absolute(), settings or RunSettings()
    if (directory / "run.yaml").exists():
        raise InputError(f"{directory} holds a run already: continue it with  {resume_command(directory)}")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"{directory} exists and is not empty: choose another name")
    if not protocol:
        raise InputError("the protocol has no stages")
    refuse_idle_fields(protocol)
    refuse_long_steps(protocol, atoms.numbers, settings.hydrogen_mass_u)
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    if settings.guards.max_force_spread_eV_per_A is not None and not chosen.gives_force_spread:
        raise InputError(
            f"the potential '{chosen.name}' does not say how far its forces spread: give a committee, or "
            "leave the guard max_force_spread_eV_per_A out"
        )
    model = _model(chosen, atoms, settings)
    protocol = with_slow_forces(protocol, chosen, settings.slow_forces_every, settings.hydrogen_mass_u)
    compiled = _compiled(protocol, model, atoms, settings, Checkpoint())
    with _written_whole(directory) as new:
        plain = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
        write(new / "initial.extxyz", plain, format="extxyz")
        (new / "system.data").write_text(model.data)
        for name, text in model.files.items():
            (new / name).write_text(text)
        title = title or f"{atoms.get_chemical_formula()} with {chosen.name}"
        deck = deck_text(
            compiled,
            model,
            title=title,
            seed=settings.seed,
            frame_steps=[settings.frame_steps(stage) for stage in compiled],
            thermo_steps=[settings.thermo_steps(stage) for stage in compiled],
            atoms=atoms,
        )
        (new / "deck.lmp").write_text(deck)
        described: dict[str, Any] = dict(chosen.describe())
        if isinstance(potential, str):
            described["spec"] = absolute_spec(potential)
        options = asdict(settings)
        information = {
            "title": title,
            "created": provenance.now(),
            "command": provenance.command_line(),
            "structure": {
                "formula": atoms.get_chemical_formula(),
                "n_atoms": len(atoms),
                "volume_A3": float(atoms.get_volume()),
            },
            "potential": described,
            "stages": to_yaml_list(protocol),
            "seed": options.pop("seed"),
            "guards": options.pop("guards"),
            "output": options,
            **(record or {}),
            "versions": provenance.versions(),
            "machine": provenance.machine(),
            "sha256": {
                path.name: provenance.sha256(path) for path in sorted(new.iterdir()) if path.is_file()
            },
            "sessions": [],
        }
        (new / "run.yaml").write_text(_to_yaml(information))
    return Run(directory)


@contextmanager
def _written_whole(directory: Path) -> Iterator[Path]:
    """Give a new directory beside another to write in, which takes its place when all is there."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as scratch:
            new = Path(scratch) / "run"
            new.mkdir()
            yield new
            if directory.exists():
                directory.rmdir()
            new.rename(directory)
    except OSError as error:
        raise InputError(
            f"{directory} cannot be made ({error.strerror or error}: {error.filename or directory}): "
            "choose another -o"
        ) from error


def execute(
    run: Run | str | os.PathLike[str],
    *,
    potential: Potential | None = None,
    threads: int | None = None,
    processes: int = 1,
    walltime_s: float | None = None,
    progress: bool = True,
    changed_potential: bool = False,
) -> Run:
    """Take a run to its end, from wherever it stands.

    Parameters
    ----------
    run : Run or path
        The run.
    potential : Potential, optional
        Needed only when the run was made with a potential that the registry cannot name.
    threads : int, optional
        OpenMP threads (per process); all cores by default.
    processes : int
        MPI processes, for LAMMPS' own pair styles.
    walltime_s : float, optional
        Stop at a checkpoint after this wall time, s; `execute` again to go on.
    progress : bool
        Whether to show progress on standard error.
    changed_potential : bool
        Go on also where the potential's files are others than before; ``run.yaml`` then says so.

    Returns
    -------
    Run
        Its state is ``done``, or ``stopped: why``.

    Raises
    ------
    SimulationError
        When a guard, LAMMPS, or a full disk stopped it; the state says why.
    InputError
        When another process is running it, or its potential is not the one it was made with.
    """
    run = run if isinstance(run, Run) else Run(run)
    if run.is_finished:
        return run
    if processes > 1 and potential is not None and "spec" not in run.info["potential"]:
        raise InputError("a potential made in Python runs on one process: use processes=1")
    potential = potential or potential_of(run)
    if not changed_potential:
        require_same(run, potential)
    cores = provenance.machine()["cores"]
    threads = threads or max(1, cores // processes)
    if processes > 1:
        return execute_with_mpi(run, threads, processes, walltime_s, progress)
    with run.lock():
        if run.is_finished:
            return run
        run.forget_stop()
        return run_session(
            run, potential=potential, threads=threads, walltime_s=walltime_s, progress=progress
        )


def run_session(
    run: Run,
    *,
    potential: Potential,
    threads: int = 1,
    walltime_s: float | None = None,
    progress: bool = True,
) -> Run:
    """Execute in this process; the caller holds the lock.

    Parameters
    ----------
    run : Run
        The run.
    potential : Potential
        What it goes on with.
    threads : int
        OpenMP threads.
    walltime_s : float, optional
        Stop at a checkpoint after this wall time, s.
    progress : bool
        Whether to show progress.

    Returns
    -------
    Run
        The same run.
    """
    info, atoms = run.info, run.initial
    settings = RunSettings(seed=info["seed"], guards=Guards(**info["guards"]), **info["output"])
    model = _model(potential, atoms, settings)
    protocol = from_yaml_list(info["stages"], source=str(run.path / "run.yaml"))
    compiled = _compiled(protocol, model, atoms, settings, run.checkpoint())
    engine = Engine(
        run,
        atoms=atoms,
        model=model,
        compiled=compiled,
        settings=settings,
        threads=threads,
        walltime_s=walltime_s,
        progress=progress,
    )
    first = engine.ranks.first
    try:
        if first:
            _record_session(run, info, potential, threads=threads, processes=engine.ranks.size)
            run.set_state("running")
        engine.execute()
        if first:
            run.set_state("done")
    except Stopped as stop:
        if first:
            run.set_state("stopped", str(stop))
    except (MofglassError, OSError) as error:
        reason = str(error) if isinstance(error, MofglassError) else f"{error.strerror or error}"
        engine.ranks.give_first_time()
        _try_to_set_failed(run, reason, resumable=not isinstance(error, Unstable))
        engine.ranks.abort()
        if isinstance(error, InputError):
            raise
        raise SimulationError(f"{run.path} stopped: {reason}{run.way_on}") from error
    finally:
        engine.close()
    return run


def _try_to_set_failed(run: Run, reason: str, *, resumable: bool) -> None:
    """Record a failure; on a full disk even that may be impossible, and the exception says it all."""
    try:
        run.set_state("failed", reason, resumable=resumable)
    except OSError:
        print(f"{run.path}: the state could not be written, the disk is full", file=sys.stderr)


def _record_session(
    run: Run, info: dict[str, Any], potential: Potential, *, threads: int, processes: int
) -> None:
    """Add to run.yaml who continues this run, when, and with what."""
    session = {
        "started": provenance.now(),
        "from_step": run.checkpoint().step,
        "threads": threads,
        "processes": processes,
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        **({"potential": dict(potential.describe())} if is_changed(info, potential) else {}),
    }
    info["sessions"] = [*info.get("sessions", []), session]
    write_atomically(run.path / "run.yaml", _to_yaml(info))


def _model(potential: Potential, atoms: Atoms, settings: RunSettings) -> LammpsModel:
    model = potential.lammps(atoms)
    if settings.hydrogen_mass_u is None:
        return model
    return with_hydrogen_mass(model, atoms, settings.hydrogen_mass_u)


def _compiled(
    protocol: Protocol,
    model: LammpsModel,
    atoms: Atoms,
    settings: RunSettings,
    at: Checkpoint,
) -> tuple[CompiledStage, ...]:
    cell = np.asarray(atoms.cell)
    return compile_protocol(
        protocol,
        model,
        tilted=bool(np.abs(cell - np.diag(np.diag(cell))).max() > 1e-10),
        seed=settings.seed,
        resumed=(at.stage, at.step - at.stage_start_step),
    )


class _Dumper(yaml.SafeDumper):
    """Writes numbers and arrays of numpy as plain ones: temperatures often come from `numpy.linspace`."""

    def represent_data(self, data: Any) -> Any:
        return super().represent_data(data.tolist() if isinstance(data, np.generic | np.ndarray) else data)


def _to_yaml(information: Mapping[str, Any]) -> str:
    return yaml.dump(dict(information), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
