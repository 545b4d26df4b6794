"""``mofglass run``: any protocol, from a YAML file of stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mofglass.cli.options import (
    Command,
    UserPath,
    execution_options,
    output_option,
    potential_option,
    recording_options,
    run_settings,
    state_line,
    supercell_option,
)
from mofglass.cli.structure_argument import open_structure


@click.command(cls=Command)
@click.argument("structure")
@click.argument("protocol", type=UserPath(exists=True, dir_okay=False))
@potential_option
@supercell_option
@recording_options()
@execution_options
@output_option("Run directory.", directory=True, required=True)
def command(structure: str, protocol: Path, output: Path, **options: Any) -> None:
    """Run the stages in PROTOCOL, a YAML file, on STRUCTURE.

    STRUCTURE is a name of the catalogue ('mofglass structures list'), a CIF, extxyz, POSCAR or LAMMPS data
    file, or a finished run or H5MD trajectory, of which it is the last frame (DIR@k is frame k).

    \b
    # heating.yaml
    stages:
      - {stage: minimise, name: relax, cell: aniso}
      - {name: warm, duration_ps: 5, temperature_K: 300, ensemble: nvt}
      - {name: heat, duration_ps: 20, temperature_K: 300, end_temperature_K: 700,
         ensemble: npt, cell: iso, pressure_bar: 1, time_step_fs: 0.5}
      - {name: squeeze, duration_ps: 5, temperature_K: 300, volume_factor: 0.985}

    \b
    mofglass run ZIF-4 heating.yaml -o runs/heating

    Fields of a dynamics stage: duration_ps, temperature_K, end_temperature_K, ensemble (nve, nvt, npt),
    thermostat (nose-hoover, csvr, langevin), pressure_bar, end_pressure_bar, cell (iso, aniso, tri),
    time_step_fs, slow_forces_every, temperature_damping_steps, pressure_damping_steps, and to deform the cell
    volume_factor, edge_factors or cubic. What means nothing in a stage's ensemble (a pressure without npt) is
    refused. Of a minimisation: cell (fixed, iso, aniso, tri), pressure_bar,
    force_tolerance_eV_per_A, max_iterations.
    """
    from mofglass.errors import InputError
    from mofglass.simulate import create_run, execute, from_yaml_list
    from mofglass.yaml_file import read_yaml

    content = read_yaml(protocol)
    if not isinstance(content, dict) or "stages" not in content:
        raise InputError(f"{protocol} must hold 'stages:' and a list under it")
    for key in content:
        if key != "stages":
            raise InputError(
                f"{protocol} sets '{key}' beside 'stages:', where nothing is read: {_instead(key)}"
            )
    stages = from_yaml_list(content["stages"], source=str(protocol))
    run = create_run(
        output,
        open_structure(structure).repeat(options["supercell"]),
        options["potential"],
        stages,
        settings=run_settings(options),
        title=f"{Path(structure).stem if Path(structure).is_file() else structure}, {protocol.stem}",
    )
    execute(
        run,
        threads=options["threads"],
        processes=options["processes"],
        walltime_s=options["walltime"],
        progress=not options["quiet"],
    )
    click.echo(state_line(run))


def _instead(key: object) -> str:
    """Say which option sets what stands in the wrong place."""
    name = str(key).replace("-", "_").lower()
    for parameter in click.get_current_context().command.params:
        known = parameter.name or ""
        if isinstance(parameter, click.Option) and (name == known or name.startswith(f"{known}_")):
            return f"give {max(parameter.opts, key=len)}, or put it into a file for --config"
    return "leave it out"
