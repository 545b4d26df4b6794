"""``mofglass elastic-constants``: from the stress under small strains, or from fluctuations of the cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mofglass.cli import mechanics_options as mechanics
from mofglass.cli import mechanics_runs as runs
from mofglass.cli.options import FINITE, POSITIVE, Command, run_settings


@click.command(cls=Command)
@click.option(
    "--method",
    type=click.Choice(["stress-strain", "strain-fluctuation"]),
    default="stress-strain",
    show_default=True,
    help="How.",
)
@mechanics.study_options
@click.option(
    "--temperature",
    "temperature_K",
    type=POSITIVE,
    help="Temperature, K.  [default: at rest, 0 K, for stress-strain; 300 for strain-fluctuation]",
)
@click.option(
    "--strain",
    type=POSITIVE,
    help="Engineering strain each way, a fraction in %.  [default: 0.5 at 0 K, 1 above]",
)
@click.option(
    "--equilibrate",
    type=POSITIVE,
    help="Time left out of each run, ps.  [default: 20; 500 for strain-fluctuation]",
)
@click.option(
    "--sample", type=POSITIVE, help="Time sampled, ps.  [default: 100; 4500 for strain-fluctuation]"
)
@click.option(
    "--pressure",
    type=FINITE,
    default=0.0,
    show_default=True,
    help="Pressure, bar (strain-fluctuation).",
)
@mechanics.static_options
def command(method: str, **options: Any) -> None:
    """Elastic tensor (GPa), Hill's moduli, anisotropy and stability of STRUCTURE...

    stress-strain: the stress under six strains, each both ways; at rest (0 K) or, with --temperature, from
    twelve runs side by side. strain-fluctuation: one long run at constant stress with a free cell. Stopped or
    killed, the same command goes on. Several structures are independent glasses. A finished run stands for
    its last frame.

    \b
    mofglass elastic-constants crystal.cif -p nequip-archived:model.pth --relax-cell -o studies/elastic
    mofglass elastic-constants ZIF-4 --method strain-fluctuation --sample 1000 -o studies/npt
    """
    study = _fluctuation if method == "strain-fluctuation" else _stress_strain
    runs.study_structures(study, "elasticity", options)


def _stress_strain(title: str, atoms: Any, directory: Path | None, options: Mapping[str, Any]) -> Any:
    from mofglass.studies import stress_strain

    mechanics.refuse(["pressure"], "where strains are given")
    if options["temperature_K"] is None:
        mechanics.refuse((*mechanics.OF_DYNAMICS, "equilibrate", "sample"), "at 0 K (without --temperature)")
        if options["dry_run"]:
            runs.print_static_cost(atoms, 13, options)
            return None
        assert directory is not None
        return stress_strain.static(
            atoms,
            options["potential"],
            strain=(options["strain"] or 0.5) / 100,
            relaxation=mechanics.relaxation(options),
            relax_cell=options["relax_cell"],
            directory=directory / "points",
            progress=runs.say(options),
        )
    mechanics.refuse(mechanics.OF_REST, "above 0 K")
    method = stress_strain.StressStrain(
        temperature_K=options["temperature_K"],
        strain=(options["strain"] or 1.0) / 100,
        equilibrate_ps=options["equilibrate"] or 20.0,
        sample_ps=options["sample"] or 100.0,
        time_step_fs=options["time_step"],
        thermostat=options["thermostat"],
    )
    planned = stress_strain.plan(
        atoms,
        method,
        directory or Path("studies") / "stress-strain",
        settings=run_settings(options),
        title=title,
    )
    done = runs.execute(planned, options, "stress-strain")
    return None if done is None else stress_strain.analyse(done, strain=method.strain)


def _fluctuation(title: str, atoms: Any, directory: Path | None, options: Mapping[str, Any]) -> Any:
    from mofglass.studies import constant_stress

    mechanics.refuse((*mechanics.OF_REST, "strain"), "where the cell fluctuates")
    method = constant_stress.ConstantStress(
        temperature_K=options["temperature_K"] or 300.0,
        pressure_bar=options["pressure"],
        cell="tri",
        equilibrate_ps=options["equilibrate"] or 500.0,
        sample_ps=options["sample"] or 4500.0,
        time_step_fs=options["time_step"],
        thermostat=options["thermostat"],
    )
    return runs.fluctuation(title, atoms, directory, options, method)
