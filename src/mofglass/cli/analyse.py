"""`mofglass analyse`: the whole set, or one property, of a trajectory or a structure."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli import (
    analyse_elastic,
    analyse_exchange,
    analyse_medium_range,
    analyse_orientation,
    analyse_pores,
    analyse_rings,
    analyse_scattering,
    analyse_temperature,
)
from mofglass.cli.analyse_options import (
    frames_options,
    jobs_option,
    open_frames,
    run_and_show,
    temperature_option,
)
from mofglass.cli.options import POSITIVE, Command, FiniteRange


class AnalyseGroup(click.Group):
    """A group that takes a trajectory directly too: what names no property goes to the command `all`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `all` first where the first word is no property.

        Parameters
        ----------
        ctx : click.Context
            Click's context.
        args : list of str
            The command line after `analyse`.

        Returns
        -------
        list of str
            What click leaves to the command.
        """
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["all", *args]
        return super().parse_args(ctx, args)


@click.group(cls=AnalyseGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Measure a trajectory or a structure: all the set, or one property.

    TRAJ is a run directory, an H5MD, extended XYZ, LAMMPS dump, CP2K or VASP trajectory, or a single
    structure by file or catalogue name. Several TRAJ are independent glasses: their mean, with errors between
    them. Of a run directory the stage that its run.yaml names is analysed, unless a range is given.

    \b
    mofglass analyse runs/glass1 -o analysis             the whole set
    mofglass analyse rdf runs/glass1 --pair Zn N         one property
    mofglass analyse coordination glass.cif --json       one JSON object

    A file that is called like a property: write ./rdf.
    """


pair_option = click.option(
    "--pair",
    nargs=2,
    type=str,
    default=("Zn", "N"),
    show_default="Zn N",
    metavar="A B",
    help="The two elements, the central one first.",
)


@command.command("all", cls=Command)
@frames_options
@jobs_option
@temperature_option
@click.option("--r-max", type=POSITIVE, default=10.0, show_default=True, help="Range of g(r), Å.")
@click.option("--bin-width", type=POSITIVE, default=0.02, show_default=True, help="Bin width of g(r), Å.")
@click.option("--cutoff", type=POSITIVE, help="Metal-nitrogen cut-off, Å.  [default: 2.5 for Zn]")
def analyse_all(**options: Any) -> None:
    """The whole set in one pass: all of these that are cheap, which leaves out exchange and pores."""
    from mofglass.analysis import standard_set

    frames = open_frames(options)
    analyses, skipped = standard_set(
        frames.trajectories[0].numbers,
        temperature_K=frames.temperature_K,
        r_max_A=options["r_max"],
        bin_width_A=options["bin_width"],
        cutoff_A=options["cutoff"],
    )
    run_and_show(analyses, frames, options, skipped=skipped, strict=False)


@command.command("rdf", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    type=str,
    multiple=True,
    metavar="A B",
    help="Two elements; may be repeated.  [default: all pairs]",
)
@click.option(
    "--r-max", type=POSITIVE, default=10.0, show_default=True, help="Range, Å; may exceed half the box."
)
@click.option("--bin-width", type=POSITIVE, default=0.02, show_default=True, help="Bin width, Å.")
def rdf(**options: Any) -> None:
    """Radial distribution functions g(r), total and partial, with running coordination numbers."""
    from mofglass.analysis import RDF

    analysis = RDF(r_max_A=options["r_max"], bin_width_A=options["bin_width"], pairs=options["pairs"] or None)
    run_and_show({"rdf": analysis}, open_frames(options), options)


@command.command("pmf", cls=Command)
@frames_options
@jobs_option
@temperature_option
@pair_option
@click.option("--r-max", type=POSITIVE, default=10.0, show_default=True, help="Range, Å.")
@click.option("--bin-width", type=POSITIVE, default=0.02, show_default=True, help="Bin width, Å.")
def pmf(**options: Any) -> None:
    """Potential of mean force F(r) in kJ/mol: wells and barrier between two elements."""
    from mofglass.analysis import PMF

    frames = open_frames(options)
    if frames.temperature_K is None:
        raise click.UsageError(frames.no_temperature)
    analysis = PMF(
        pair=options["pair"],
        temperature_K=frames.temperature_K,
        r_max_A=options["r_max"],
        bin_width_A=options["bin_width"],
    )
    run_and_show({"pmf": analysis}, frames, options)


@command.command("bond-angle", cls=Command)
@frames_options
@jobs_option
@temperature_option
@click.option(
    "--triple",
    nargs=3,
    type=str,
    default=("N", "Zn", "N"),
    show_default="N Zn N",
    metavar="END CENTRE END",
    help="The three elements, the centre in the middle.",
)
@click.option(
    "--cutoff",
    "cutoffs",
    type=POSITIVE,
    multiple=True,
    default=(2.5,),
    show_default="2.5",
    help="Cut-off from the centre to the ends, Å; given twice for two different ends.",
)
@click.option("--bin-width", type=POSITIVE, default=1.0, show_default=True, help="Bin width, degrees.")
def bond_angle(**options: Any) -> None:
    """Bond-angle distribution P(θ) and, with a temperature, its potential of mean force in kJ/mol."""
    from mofglass.analysis import BondAngle

    cutoffs = options["cutoffs"]
    if len(cutoffs) > 2:
        raise click.UsageError("--cutoff: give one, or two for two different ends")
    frames = open_frames(options)
    analysis = BondAngle(
        triple=options["triple"],
        cutoff_A=cutoffs[0] if len(cutoffs) == 1 else (cutoffs[0], cutoffs[1]),
        temperature_K=frames.temperature_K,
        bin_width_deg=options["bin_width"],
    )
    run_and_show({"bond_angle": analysis}, frames, options)


@command.command("coordination", cls=Command)
@frames_options
@jobs_option
@pair_option
@click.option("--cutoff", type=POSITIVE, default=2.5, show_default=True, help="Cut-off, Å, included.")
def coordination(**options: Any) -> None:
    """Coordination number: its mean, its distribution, and both over time."""
    from mofglass.analysis import Coordination

    analysis = Coordination(pair=options["pair"], cutoff_A=options["cutoff"])
    run_and_show({"coordination": analysis}, open_frames(options), options)


@command.command("linkers", cls=Command)
@frames_options
@jobs_option
def linkers(**options: Any) -> None:
    """Linker integrity: intact and broken linkers over time, and what is wrong with the broken ones."""
    from mofglass.analysis import Linkers

    run_and_show({"linkers": Linkers()}, open_frames(options), options)


@command.command("msd", cls=Command)
@frames_options
@click.option(
    "--element", "elements_followed", multiple=True, help="Element; may be repeated.  [default: all]"
)
@click.option(
    "--fit",
    nargs=2,
    type=FiniteRange(0, 0.5),
    default=(0.1, 0.2),
    show_default="0.1 0.2",
    metavar="FROM TO",
    help="Lags fitted for D, as fractions of the trajectory's length.",
)
@click.option("--keep-drift", is_flag=True, help="Do not remove the motion of the centre of mass.")
def msd(**options: Any) -> None:
    """Mean square displacement by element (Å²), diffusion coefficient (cm²/s), local exponent."""
    from mofglass.analysis import MSD

    analysis = MSD(
        elements=options["elements_followed"] or None,
        fit_range=options["fit"],
        remove_drift=not options["keep_drift"],
    )
    run_and_show({"msd": analysis}, open_frames(options), options)


@command.command("density", cls=Command)
@frames_options
@jobs_option
def density(**options: Any) -> None:
    """Density (g/cm³), volume (Å³) and cell over time."""
    from mofglass.analysis import Density

    run_and_show({"density": Density()}, open_frames(options), options)


command.add_command(analyse_elastic.command)
command.add_command(analyse_exchange.command)
command.add_command(analyse_orientation.command)
command.add_command(analyse_scattering.command)
command.add_command(analyse_rings.command)
command.add_command(analyse_medium_range.bridges)
command.add_command(analyse_medium_range.density_profile)
command.add_command(analyse_medium_range.local_density)
command.add_command(analyse_medium_range.peak_width)
command.add_command(analyse_pores.command)
command.add_command(analyse_temperature.command)
