"""``mofglass melt-quench``: a glass from a crystal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from mofglass.cli.options import (
    FINITE,
    POSITIVE,
    Command,
    FiniteRange,
    execution_options,
    output_option,
    potential_option,
    recording_options,
    run_settings,
    state_line,
    supercell_option,
)
from mofglass.cli.progress import waiting
from mofglass.cli.structure_argument import open_structure


@click.command(cls=Command)
@click.argument("structure")
@potential_option
@click.option(
    "--protocol",
    "recipe_name",
    default="castel2024",
    show_default=True,
    type=click.Choice(["castel2024", "mendez2024"]),
    help="Published procedure; the options below override its numbers.",
)
@click.option("--t-max", type=FINITE, help="Temperature of the melt, K.")
@click.option("--t-low", type=FINITE, help="Temperature of the crystal and of the glass, K.")
@click.option("--rate", type=POSITIVE, help="Heating rate, K/ps.")
@click.option("--quench-rate", type=POSITIVE, help="Cooling rate, K/ps.  [default: --rate]")
@click.option("--prepare", type=FiniteRange(0), help="Time at --t-low before melting, ps.")
@click.option("--plateau", type=POSITIVE, help="Time at --t-max, ps.")
@click.option("--equilibrate", type=POSITIVE, help="Time at --t-low after the quench, ps.")
@click.option("--ensemble", type=click.Choice(["nvt", "npt"]), help="Constant volume, or constant pressure.")
@click.option("--pressure", type=FINITE, help="Pressure, bar (npt).")
@click.option(
    "--thermostat", type=click.Choice(["nose-hoover", "csvr", "langevin"]), help="How temperature is kept."
)
@click.option("--time-step", type=POSITIVE, help="Time step, fs.")
@supercell_option
@click.option(
    "--n-glasses", type=click.IntRange(1), default=1, show_default=True, help="Independent glasses."
)
@click.option("--quick", is_flag=True, help="A demonstration in minutes: 100 K/ps, short holds.")
@click.option("--dry-run", is_flag=True, help="Print stages, steps, and measured estimates of time and disk.")
@recording_options()
@execution_options
@output_option("Run directory (for several glasses, their parent).", directory=True)
def command(structure: str, output: Path | None, dry_run: bool, **options: Any) -> None:
    """Melt STRUCTURE and quench it to a glass.

    STRUCTURE is a name of the catalogue ('mofglass structures list'), a CIF, extxyz, POSCAR or LAMMPS data
    file, or a finished run or H5MD trajectory, of which it is the last frame (DIR@k is frame k). The stages
    are: minimise, prepare, melt, plateau, quench, equilibrate. Stopped with Ctrl-C or killed, the same
    command (or 'mofglass resume DIR') goes on where it was.

    \b
    mofglass melt-quench ZIF-4 --quick --t-max 2000 --rate 200 -o runs/first
    mofglass melt-quench ZIF-4 --protocol castel2024 --t-max 1500 --rate 20 --plateau 50 \\
        --supercell 2 2 2 --seed 1 -o runs/glass1
    mofglass melt-quench ZIF-4 --n-glasses 10 -o runs/ten
    """
    from mofglass.errors import SimulationError
    from mofglass.potentials import get_potential
    from mofglass.simulate import Run
    from mofglass.studies.melt_quench import execute_plan, plan
    from mofglass.studies.recipes import QUICK, get_recipe

    recipe = get_recipe(options["recipe_name"])
    if options["quick"]:
        recipe = recipe.override(**QUICK)
    recipe = recipe.override(
        t_max_K=options["t_max"],
        t_low_K=options["t_low"],
        rate_K_per_ps=options["rate"],
        quench_rate_K_per_ps=options["quench_rate"],
        prepare_ps=options["prepare"],
        plateau_ps=options["plateau"],
        equilibrate_ps=options["equilibrate"],
        ensemble=options["ensemble"],
        pressure_bar=options["pressure"],
        thermostat=options["thermostat"],
        time_step_fs=options["time_step"],
    )
    recipe = recipe.for_potential(get_potential(options["potential"]))
    atoms = open_structure(structure).repeat(options["supercell"])
    repeats = " x ".join(str(n) for n in options["supercell"])
    title = Path(structure).stem if Path(structure).is_file() else structure
    title += f" {repeats}" if repeats != "1 x 1 x 1" else ""
    planned = plan(
        atoms,
        recipe,
        output or Path("runs") / "glass",
        settings=run_settings(options),
        n_glasses=options["n_glasses"],
        title=title,
    )
    if dry_run:
        _print_plan(planned, options)
        return
    if output is None:
        raise click.UsageError("say where the run goes, as in  -o runs/glass1")
    failure = None
    try:
        execute_plan(
            planned,
            options["potential"],
            recipe=recipe,
            threads=options["threads"],
            processes=options["processes"],
            walltime_s=options["walltime"],
            progress=not options["quiet"],
        )
    except SimulationError as error:
        failure = error
    runs = [Run(item.directory) for item in planned if (item.directory / "run.yaml").exists()]
    for run in runs:
        click.echo(state_line(run))
    if failure is not None:
        raise failure
    if [run.state for run in runs] == ["done"] * len(planned):
        paths = shlex.join(str(item.directory) for item in planned)
        click.echo(
            f"next:  mofglass analyse {paths} -o analysis\n       mofglass report {paths} -o report.html"
        )


def _print_plan(planned: list[Any], options: Mapping[str, Any]) -> None:
    """Print what would be run, and what it costs on this machine."""
    from mofglass.simulate import Dynamics
    from mofglass.studies.melt_quench import for_potential
    from mofglass.studies.run_cost import disk_bytes, size_words, step_time

    potential, processes = options["potential"], options["processes"]
    planned = for_potential(planned, potential)
    for item in planned:
        click.echo(f"{item.directory}: {item.title}, {len(item.atoms)} atoms, seed {item.settings.seed}")
        for number, stage in enumerate(item.protocol, start=1):
            length = f"{stage.n_steps:>9,} steps" if isinstance(stage, Dynamics) else " " * 15
            click.echo(f"  {number}. {stage.name:<14} {length}  {stage.describe()}")
        click.echo(f"  glass analysed from {item.glass_from_ps:g} ps at {item.temperature_K:g} K")
    steps = sum(item.n_steps for item in planned)
    with waiting("timing a step"):
        step = step_time(planned[0], potential, supercell=options["supercell"], threads=options["threads"])
    disk = sum(disk_bytes(item) for item in planned)
    click.echo(
        f"all: {steps:,} steps, {sum(item.duration_ps for item in planned):g} ps; "
        f"about {timedelta(seconds=round(steps * step.seconds))} here at {step.words}, "
        f"{size_words(disk)} of trajectories"
    )
    if processes > 1:
        click.echo(f"(timed on one process; {processes} take down to 1/{processes} of that)")
