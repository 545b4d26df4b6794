"""`mofglass scan`: trainings over lists of settings, with a table and a plot of error against cost."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from mofglass.cli.options import Command, UserPath, json_option, output_option
from mofglass.cli.stopping import goes_on


@click.command(cls=Command)
@click.argument("configuration", type=UserPath(exists=True, dir_okay=False))
@output_option("Directory: one in it for each combination, and the table of all.", directory=True)
@click.option(
    "--threads", type=click.IntRange(1), help="Threads.  [default: as the training's lines say, or 1]"
)
@click.option("--dry-run", is_flag=True, help="List the combinations and stop.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
def command(
    configuration: Path,
    output: Path | None,
    threads: int | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train over lists of settings as CONFIGURATION, a YAML file, says; evaluate all on the same frames.

    \b
    # scan.yaml
    training: pod.yaml               # what all have in common: as for 'mofglass train'
    scan:                            # every combination; or a list of {setting: value} lines
      weights.stress: [0, 1, 100]
      pod.descriptors.rcut: [4.5, 5.0]
    test: [test.extxyz.gz]           # frames to evaluate on; or 'split', the test split of the data
    align: none                      # energies: none, per-atom, per-element
    timing: both                     # µs/atom of the first frame (cell) and its 2x2x2 supercell (both)

    \b
    mofglass scan scan.yaml -o scan --dry-run
    mofglass scan scan.yaml -o scan

    Ends in scan.csv (mean absolute errors in meV/atom, meV/Å and MPa, cost in µs per atom and call), plots of
    error against cost, and the page scan.html. Stopped with Ctrl-C or killed, the same command goes on.
    """
    from mofglass.training.scan import load_scan

    scan = load_scan(configuration)
    if dry_run:
        for combination in scan.combinations:
            click.echo(combination.name)
        return
    if output is None:
        raise click.UsageError("say where the trainings go, as in  -o scan")
    table = _run(scan, configuration, output, threads, quiet or as_json)
    if as_json:
        from mofglass.plain_json import to_json

        click.echo(to_json({"combinations": table.astype(object).to_dict("records")}))
        return
    _print(table)
    click.echo(f"{output / 'scan.csv'}, the page is {output / 'scan.html'}")


def _run(scan: Any, configuration: Path, output: Path, threads: int | None, quiet: bool) -> Any:
    import json

    from mofglass.cli.train import TerminalProgress
    from mofglass.report.evaluation import write_evaluation_page
    from mofglass.report.pareto import write_pareto_page
    from mofglass.training.scan import Combination, run_scan

    def page(combination: Combination, evaluation: Any, directory: Path) -> None:
        label = "the test frames"
        write_evaluation_page(
            evaluation, directory / "evaluation.html", dataset=label, title=combination.name
        )

    with goes_on(output), TerminalProgress(quiet, scan.combinations[0].config.trainer) as progress:
        table = run_scan(
            scan,
            output,
            threads=threads,
            progress=progress,
            evaluated=page,
            told=None if quiet else lambda line: click.echo(line, err=True),
        )
    command_line = shlex.join(["mofglass", "scan", str(configuration), "-o", str(output)])
    write_pareto_page(
        table,
        output / "scan.html",
        title=f"Scan {configuration.stem}",
        lede=f"{len(table)} of {len(scan.combinations)} trainings, evaluated on the same frames.",
        command=command_line,
        record={"configuration": configuration.read_text()},
        failed=json.loads((output / "scan.json").read_text())["failed"],
    )
    return table


def _print(table: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    from mofglass.training.pareto import NUMBERS
    from mofglass.training.state import ENDED

    shown = Table(
        *("", "energy, meV/atom", "force, meV/Å", "stress, MPa", "µs/atom", "front"),
        title="Mean absolute errors and cost, cheapest first",
        title_justify="left",
    )
    for column in shown.columns[1:]:
        column.justify = "right"
    for _, row in table.iterrows():
        numbers = ["" if row[key] != row[key] else f"{row[key]:.4g}" for key in NUMBERS]
        shown.add_row(row["name"], *numbers, "*" if row["on_front"] else "")
    Console().print(shown)
    if ENDED in table:
        for _, row in table.dropna(subset=ENDED).iterrows():
            click.echo(f"{row['name']}: ended by its time limit after {row[ENDED]}")
        click.echo("with a larger time_limit the same command goes on")
