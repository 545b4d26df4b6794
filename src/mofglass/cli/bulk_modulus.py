"""``mofglass bulk-modulus``: by finite strain, by fluctuations of the volume, or at rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mofglass.cli import mechanics_options as mechanics
from mofglass.cli import mechanics_runs as runs
from mofglass.cli.options import FINITE, POSITIVE, Command, FiniteRange, run_settings

_STEPS = click.IntRange(0)
_OF_DYNAMICS = ("temperature_K", "prepare", "deform", "equilibrate", "sample", "cell", "pressure")


@click.command(cls=Command)
@click.option(
    "--method",
    type=click.Choice(["finite-strain", "volume-fluctuation", "static"]),
    default="finite-strain",
    show_default=True,
    help="How.",
)
@mechanics.study_options
@click.option(
    "--temperature", "temperature_K", type=POSITIVE, default=300.0, show_default=True, help="Temperature, K."
)
@click.option(
    "--step",
    type=POSITIVE,
    default=1.5,
    show_default=True,
    help="Share of the volume that a step changes, % (finite strain, static).",
)
@click.option("--compress", type=_STEPS, default=4, show_default=True, help="Steps down from the start.")
@click.option("--expand", type=_STEPS, default=4, show_default=True, help="Steps up from the start.")
@click.option(
    "--prepare",
    type=FiniteRange(0),
    default=100.0,
    show_default=True,
    help="Time at the start before it is sampled, ps (volume fluctuation: at constant pressure).",
)
@click.option("--deform", type=POSITIVE, default=100.0, show_default=True, help="Time of a deformation, ps.")
@click.option(
    "--equilibrate",
    type=FiniteRange(0),
    default=0.0,
    show_default=True,
    help="Time after a deformation that is not sampled, ps.",
)
@click.option("--sample", type=POSITIVE, default=100.0, show_default=True, help="Time sampled, ps.")
@click.option(
    "--cell",
    type=click.Choice(["iso", "aniso", "tri"]),
    default="iso",
    show_default=True,
    help="What the barostat moves (volume fluctuation).",
)
@click.option("--pressure", type=FINITE, default=0.0, show_default=True, help="Pressure, bar (the same).")
@mechanics.static_options
def command(method: str, **options: Any) -> None:
    """Bulk modulus (GPa) and density at zero pressure (g/cm³) of STRUCTURE...

    finite-strain: the pressure at volumes reached one from the other, 1.5 % a step, both ways in two runs
    side by side; second-order Birch-Murnaghan fit to at most five points around zero pressure (Castel 2024).
    volume-fluctuation: one run at constant pressure. static: energies and pressures at 0 K. Stopped or
    killed, the same command goes on. Several structures are independent glasses: mean, error and spread. A
    finished run stands for its last frame.

    \b
    mofglass bulk-modulus ZIF-4 --method finite-strain --dry-run
    mofglass bulk-modulus ZIF-4 --deform 10 --sample 20 --prepare 10 -o studies/zif-4-bulk
    mofglass bulk-modulus runs/ten/01 runs/ten/02 -o studies/glasses
    """
    study = {"finite-strain": _finite_strain, "volume-fluctuation": _fluctuation, "static": _static}[method]
    key = "elasticity" if method == "volume-fluctuation" else "bulk_modulus"
    runs.study_structures(study, key, options)


def _finite_strain(title: str, atoms: Any, directory: Path | None, options: Mapping[str, Any]) -> Any:
    from mofglass.studies import finite_strain

    mechanics.refuse((*mechanics.OF_REST, "cell", "pressure"), "in a finite strain")
    method = finite_strain.FiniteStrain(
        temperature_K=options["temperature_K"],
        step=options["step"] / 100,
        n_compress=options["compress"],
        n_expand=options["expand"],
        prepare_ps=options["prepare"],
        deform_ps=options["deform"],
        equilibrate_ps=options["equilibrate"],
        sample_ps=options["sample"],
        time_step_fs=options["time_step"],
        thermostat=options["thermostat"],
    )
    planned = finite_strain.plan(
        atoms,
        method,
        directory or Path("studies") / "finite-strain",
        settings=run_settings(options),
        title=title,
    )
    done = runs.execute(planned, options, "finite-strain")
    return None if done is None else finite_strain.analyse(done)


def _fluctuation(title: str, atoms: Any, directory: Path | None, options: Mapping[str, Any]) -> Any:
    from mofglass.studies import constant_stress

    mechanics.refuse(
        (*mechanics.OF_REST, "step", "compress", "expand", "deform", "equilibrate"),
        "where the volume fluctuates",
    )
    method = constant_stress.ConstantStress(
        temperature_K=options["temperature_K"],
        pressure_bar=options["pressure"],
        cell=options["cell"],
        equilibrate_ps=options["prepare"],
        sample_ps=options["sample"],
        time_step_fs=options["time_step"],
        thermostat=options["thermostat"],
    )
    return runs.fluctuation(title, atoms, directory, options, method)


def _static(_title: str, atoms: Any, directory: Path | None, options: Mapping[str, Any]) -> Any:
    from mofglass.studies import static_compression

    mechanics.refuse((*mechanics.OF_DYNAMICS, *_OF_DYNAMICS), "at 0 K (--method static)")
    factors = static_compression.plan(
        step=options["step"] / 100, n_compress=options["compress"], n_expand=options["expand"]
    )
    if options["dry_run"]:
        runs.print_static_cost(atoms, len(factors), options)
        return None
    assert directory is not None
    relaxation = mechanics.relaxation(options)
    points = static_compression.execute_plan(
        atoms,
        factors,
        options["potential"],
        relaxation=relaxation,
        relax_cell=options["relax_cell"],
        directory=directory / "points",
        progress=runs.say(options),
    )
    return static_compression.analyse(points, relaxation=relaxation)
