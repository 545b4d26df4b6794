"""``mofglass resume``: go on from the last checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from mofglass.cli.options import Command, execution_options, state_line


@click.command(cls=Command)
@click.argument("directory", nargs=-1, required=True, type=click.Path(path_type=Path))
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
    import time

    from mofglass.errors import MofglassError, SimulationError
    from mofglass.simulate import Run, execute

    runs = [Run(path) for path in directory]
    deadline = None if walltime is None else time.monotonic() + walltime
    failures: list[MofglassError] = []
    stopped = False
    for run in runs:
        left = None if deadline is None else deadline - time.monotonic()
        if not stopped and (left is None or left > 0):
            try:
                execute(
                    run,
                    threads=threads,
                    processes=processes,
                    walltime_s=left,
                    progress=not quiet,
                    changed_potential=changed_potential,
                )
            except MofglassError as error:
                if len(runs) == 1:
                    raise
                failures.append(error)
            else:
                stopped = run.state != "done"
        click.echo(state_line(run))
    if failures:
        raise SimulationError("\n".join(map(str, failures)))
