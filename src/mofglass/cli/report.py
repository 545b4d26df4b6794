"""`mofglass report`: the offline HTML report of one or more runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.analyse_options import open_frames, reading_options
from mofglass.cli.mechanics_options import refuse
from mofglass.cli.options import POSITIVE, Command, FiniteRange, UserPath, output_option

if TYPE_CHECKING:
    from mofglass.trajectory import Trajectory


@click.command(cls=Command)
@click.argument("runs", nargs=-1, required=True, type=UserPath(), metavar="RUN...")
@output_option("HTML file to write.  [default: report.html]")
@click.option(
    "--crystal",
    type=UserPath(),
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
    type=POSITIVE,
    help="Temperature of the samples, K.  [default: the run's, or 300]",
)
@click.option("--title", default="", help="Heading of the page.")
@click.option(
    "--pore-frames",
    type=click.IntRange(0),
    help="Frames whose pores are measured, of glass and crystal each; 0: none. One of 272 atoms takes 3 s "
    "of a core, one of 2176 10 s; above 1000 atoms the largest spheres, which take minutes, are left out.  "
    "[default: 10, fewer of more than 2000 atoms]",
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
    type=FiniteRange(0, 1),
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
@reading_options
def command(
    runs: tuple[Path, ...],
    output: Path | None,
    crystal: Path | None,
    system: str,
    temperature_K: float | None,
    title: str,
    pore_frames: int | None,
    experiments: tuple[str, ...],
    deuterium_fraction: float,
    mechanics: tuple[str, ...],
    **reading: Any,
) -> None:
    """Write the offline HTML report of one or more runs.

    RUN is a run directory, a directory of runs, a trajectory or a structure file. The page holds what was
    simulated and how, temperature, density and energy over time, every analysis as an interactive plot with
    its numbers as CSV, the crystal beside the glass in figures and in 3-D, and published values. Several
    runs are taken as independent glasses: means with their spread, and each.

    Frames of trajectories are read and chosen as by mofglass analyse; of a run directory, as its record says.

    \b
    mofglass report runs/glass1 -o report.html
    mofglass report runs/glass1 runs/glass2 runs/glass3 -o glasses.html
    mofglass report md.lammpstrj --elements 'C H N Zn' --time-step 0.5 --crystal ZIF-4 -o md.html
    mofglass report runs/glass1 --experiment xray:glass.int01 --experiment neutron:fq:measured.txt
    mofglass report runs/glass1 --mechanics crystal:studies/zif-4 --mechanics glass:studies/glass1
    """
    from mofglass.literature import compare
    from mofglass.report import write_report
    from mofglass.simulate.provenance import command_line

    def open_file(path: Path) -> Trajectory:
        return open_frames({**reading, "trajectories": [path]}).trajectories[0]

    for run in filter(Path.is_dir, runs):
        refuse(reading, f"for {run}, a run directory, whose record says it")
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
        open_file=open_file,
        command=command_line(),
    )
    size_MB = destination.stat().st_size / 1e6
    click.echo(f"{destination} ({size_MB:.1f} MB, {time.monotonic() - begin:.0f} s)")
