"""``mofglass resume``: go on from the last checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from mofglass.cli.options import Command, execution_options, state_line


@click.command(cls=Command)
@click.argument("directory", nargs=-1, required=True, type=click.Path(path_type=Path))
@execution_options
def command(
    directory: tuple[Path, ...],
    threads: int | None,
    processes: int,
    walltime: float | None,
    quiet: bool,
) -> None:
    """Continue the runs in DIRECTORY... from their last checkpoints.

    Whatever ended them (Ctrl-C, kill -9, a full disk, the queue's walltime), no frame is lost or doubled:
    what came after the last checkpoint is dropped and computed again. A finished run is left alone. Several
    are taken one after another, and --walltime is for all of them.

    \b
    mofglass resume runs/glass1
    mofglass resume runs/ten/* --walltime 12h
    """
    import time

    from mofglass.simulate import Run, execute

    runs = [Run(path) for path in directory]
    deadline = None if walltime is None else time.monotonic() + walltime
    for run in runs:
        left = None if deadline is None else deadline - time.monotonic()
        if left is None or left > 0:
            execute(run, threads=threads, processes=processes, walltime_s=left, progress=not quiet)
        click.echo(state_line(run))
