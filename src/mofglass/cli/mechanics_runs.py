"""What `bulk-modulus` and `elastic-constants` share once their options are known: cost, runs, structures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli import mechanics_options as mechanics
from mofglass.cli.mechanics_output import show
from mofglass.cli.options import run_settings
from mofglass.cli.progress import waiting

if TYPE_CHECKING:
    from ase import Atoms

    from mofglass.result import Result
    from mofglass.simulate import Run
    from mofglass.studies.constant_stress import ConstantStress
    from mofglass.studies.melt_quench import PlannedRun

Study = Callable[[str, "Atoms", "Path | None", Mapping[str, Any]], "Result | None"]
"""Called with title, structure, directory and options; returns None where it is not finished."""


def study_structures(study: Study, key: str, options: Mapping[str, Any]) -> None:
    """Make the study of every structure and show the result, or print what the studies would cost.

    Parameters
    ----------
    study : callable
        See `Study`.
    key : str
        Name of the result's files.
    options : mapping
        Values of `study_options`.
    """
    structures = mechanics.open_structures(options)
    results = []
    for title, atoms, directory in structures:
        result = study(title, atoms, directory, options)
        if result is not None:
            results.append(result)
        elif not options["dry_run"]:
            return
    if results:
        show(results, key, options, structures[0][0])


def fluctuation(
    title: str, atoms: Atoms, directory: Path | None, options: Mapping[str, Any], method: ConstantStress
) -> Result | None:
    """Make one run at constant stress and measure its cell.

    Parameters
    ----------
    title : str
        Of the structure.
    atoms : ase.Atoms
        The structure.
    directory : Path or None
        Of the study.
    options : mapping
        Values of `study_options`.
    method : ConstantStress
        How.

    Returns
    -------
    Result or None
        None where the run is not done.
    """
    from mofglass.studies import constant_stress

    planned = constant_stress.plan(
        atoms,
        method,
        directory or Path("studies") / "fluctuation",
        settings=run_settings(options),
        title=title,
    )
    study = "strain-fluctuation" if method.cell == "tri" else "volume-fluctuation"
    runs = execute(planned, options, study)
    return None if runs is None else constant_stress.analyse(runs[0])


def execute(planned: Sequence[PlannedRun], options: Mapping[str, Any], study: str) -> list[Run] | None:
    """Print the cost, or make the runs.

    Parameters
    ----------
    planned : sequence of PlannedRun
        All of the study.
    options : mapping
        Values of `study_options`.
    study : str
        Kept in the runs' record.

    Returns
    -------
    list of Run or None
        None where they are not all done.
    """
    from mofglass.studies.finite_strain import execute_plan

    if options["dry_run"]:
        print_cost(planned, options)
        return None
    runs = execute_plan(
        planned,
        options["potential"],
        at_once=options["at_once"],
        threads=options["threads"],
        walltime_s=options["walltime"],
        progress=not (options["quiet"] or options["as_json"]),
        study=study,
    )
    return runs if all_done(runs, options) else None


def print_cost(planned: Sequence[PlannedRun], options: Mapping[str, Any]) -> None:
    """Print the runs and what they cost on this machine, measured.

    Parameters
    ----------
    planned : sequence of PlannedRun
        All of the study.
    options : mapping
        Values of `study_options`.
    """
    from mofglass.studies.melt_quench import for_potential
    from mofglass.studies.run_cost import disk_bytes, size_words, step_time
    from mofglass.studies.side_by_side import cores

    planned = for_potential(planned, options["potential"])
    for item in planned:
        click.echo(
            f"{item.directory}: {item.title}, {len(item.atoms)} atoms, {len(item.protocol)} stages, "
            f"{item.duration_ps:g} ps, {item.n_steps:,} steps"
        )
    at_once = min(options["at_once"] or cores(), len(planned))
    threads = options["threads"] or max(1, cores() // at_once)
    with waiting("timing a step"):
        step = step_time(planned[0], options["potential"], supercell=options["supercell"], threads=threads)
    steps = sum(item.n_steps for item in planned)
    longest = max(item.n_steps for item in planned)
    wall_s = step.seconds * max(longest, steps / at_once)
    click.echo(
        f"all: {steps:,} steps; about {timedelta(seconds=round(wall_s))} here at {step.words}, "
        f"{at_once} at a time on {threads} threads each; "
        f"{size_words(sum(disk_bytes(item) for item in planned))} of trajectories"
    )


def print_static_cost(atoms: Atoms, n_structures: int, options: Mapping[str, Any]) -> None:
    """Print how many structures are computed and what one evaluation costs, measured.

    Parameters
    ----------
    atoms : ase.Atoms
        One of them.
    n_structures : int
        How many.
    options : mapping
        Values of `study_options` and `static_options`.
    """
    import time

    from mofglass.potentials import get_potential
    from mofglass.potentials.calculator import make_calculator

    copy = atoms.copy()
    copy.calc = make_calculator(get_potential(options["potential"]))
    with waiting("timing an evaluation"):
        copy.get_potential_energy()
        copy.rattle(1e-4, seed=1)
        begin = time.monotonic()
        copy.get_potential_energy()
        each = time.monotonic() - begin
    if options["ions"] == "clamped":
        words = f"{n_structures} evaluations, about {timedelta(seconds=round(n_structures * each))}"
    else:
        words = (
            f"relaxed in at most {options['max_steps']} steps each: about "
            f"{timedelta(seconds=round(n_structures * 150 * each))} if one takes 150, at most "
            f"{timedelta(seconds=round(n_structures * options['max_steps'] * each))}"
        )
    click.echo(f"{n_structures} structures of {len(atoms)} atoms at {each:.3g} s an evaluation here: {words}")


def say(options: Mapping[str, Any]) -> Callable[[str], None]:
    """Return what tells progress on standard error.

    Parameters
    ----------
    options : mapping
        Values of `study_options`.

    Returns
    -------
    callable
        Prints a line, or nothing where nobody watches.
    """
    quiet = options["quiet"] or options["as_json"] or not sys.stderr.isatty()
    return (lambda _words: None) if quiet else (lambda words: click.echo(words, err=True))


def all_done(runs: Sequence[Run], options: Mapping[str, Any]) -> bool:
    """Tell whether all runs are at their ends, and say how to go on where not.

    Parameters
    ----------
    runs : sequence of Run
        Of the study.
    options : mapping
        Values of `study_options`.

    Returns
    -------
    bool
        False where one was stopped.
    """
    unfinished = [run for run in runs if run.state != "done"]
    for run in unfinished:
        click.echo(f"{run.path}: {run.state}", err=True)
    if unfinished:
        click.echo("the same command goes on", err=True)
    return not unfinished
