"""``mofglass resume``: go on from the last checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from mofglass.cli.options import Command, UserPath, execution_options, state_line


@click.command(cls=Command)
@click.argument("directory", nargs=-1, required=True, type=UserPath())
@execution_options
@click.option(
    "--changed-potential",
    is_flag=True,
    help="Go on although the files of the potential are not those of before; run.yaml then says so.",
)
def command(
    directory: tuple[Path, ...],
    threads: int | None,
    processes: int,
    walltime: float | None,
    quiet: bool,
    changed_potential: bool,
) -> None:
    """Continue the runs in DIRECTORY... from their last checkpoints.

    Whatever ended them (Ctrl-C, kill -9, a full disk, the queue's walltime), no frame is lost or doubled:
    what came after the last checkpoint is dropped and computed again. A finished run is left alone. Several
    are taken one after another, also where one fails, up to one that is stopped; --walltime is for all of
    them.

    \b
    mofglass resume runs/glass1
    mofglass resume runs/ten/* --walltime 12h
    """
    from mofglass.simulate import Run, execute_in_turn

    runs = [Run(path) for path in directory]
    turns = iter(runs)
    try:
        execute_in_turn(
            turns,
            threads=threads,
            processes=processes,
            walltime_s=walltime,
            progress=not quiet,
            changed_potential=changed_potential,
            after=lambda run: click.echo(state_line(run)),
        )
    finally:
        for run in turns:
            click.echo(state_line(run))
