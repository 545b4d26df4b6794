"""`mofglass report`: the offline HTML report of one or more runs."""

from __future__ import annotations

import time
from pathlib import Path

import click

from mofglass.cli.options import Command, output_option


@click.command(cls=Command)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@output_option("HTML file to write.  [default: report.html]")
@click.option(
    "--crystal",
    type=click.Path(path_type=Path),
    help="Crystal to compare with (structure or trajectory); by default what the run started from.",
)
@click.option(
    "--system",
    type=click.Choice(["glass", "crystal", "liquid"]),
    default="glass",
    show_default=True,
    help="What the samples are: chooses the published values beside them.",
)
@click.option(
    "--temperature",
    "temperature_K",
    type=float,
    help="Temperature of the samples, K.  [default: the run's, or 300]",
)
@click.option("--title", default="", help="Heading of the page.")
@click.option(
    "--pore-frames",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Frames whose pores are measured (some seconds each), of glass and crystal each; 0: none.",
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="[neutron:|xray:][FUNCTION:]FILE",
    help="Measured scattering to stand beside; may be repeated. FUNCTION: sq, fq, dr, gr, tr or pdf, as Keen "
    "(2001) names them.  [default: neutron, F(Q), or D(r) for Gudrun's .dofr]",
)
@click.option(
    "--deuterium",
    "deuterium_fraction",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Fraction of the hydrogen that was deuterium in the neutron experiments.",
)
@click.option(
    "--mechanics",
    multiple=True,
    metavar="[crystal:|glass:]PATH",
    help="Study to include: the -o of mofglass bulk-modulus, elastic-constants or analyse elastic; may be "
    "repeated.  [default: of what --system says]",
)
def command(
    runs: tuple[Path, ...],
    output: Path | None,
    crystal: Path | None,
    system: str,
    temperature_K: float | None,
    title: str,
    pore_frames: int,
    experiments: tuple[str, ...],
    deuterium_fraction: float,
    mechanics: tuple[str, ...],
) -> None:
    """Write the offline HTML report of one or more runs.

    RUN is a run directory, a directory of runs, a trajectory or a structure file. The page holds what was
    simulated and how, temperature, density and energy over time, every analysis as an interactive plot with
    its numbers as CSV, the crystal beside the glass in figures and in 3-D, and published values. Several
    runs are taken as independent glasses: means with their spread, and each.

    \b
    mofglass report runs/glass1 -o report.html
    mofglass report runs/glass1 runs/glass2 runs/glass3 -o glasses.html
    mofglass report runs/glass1 --experiment xray:glass.int01 --experiment neutron:fq:measured.txt
    mofglass report runs/glass1 --mechanics crystal:studies/zif-4 --mechanics glass:studies/glass1
    """
    from mofglass.literature import compare
    from mofglass.report import write_report

    begin = time.monotonic()
    destination = write_report(
        runs,
        output or Path("report.html"),
        crystal=crystal,
        system=system,
        temperature_K=temperature_K,
        title=title,
        compare=compare,
        pore_frames=pore_frames,
        experiments=experiments,
        deuterium_fraction=deuterium_fraction,
        mechanics=mechanics,
    )
    size_MB = destination.stat().st_size / 1e6
    click.echo(f"{destination} ({size_MB:.1f} MB, {time.monotonic() - begin:.0f} s)")
