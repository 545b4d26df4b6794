"""`mofglass analyse peak-width` and what else tells of order between bonds and boxes."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, jobs_option, open_frames, run_and_show
from mofglass.cli.options import POSITIVE, Command


@click.command("peak-width", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    type=str,
    multiple=True,
    metavar="A B",
    help="Two elements; may be repeated.  [default: Zn N and Zn Zn]",
)
@click.option("--r-max", type=POSITIVE, default=10.0, show_default=True, help="Range of g(r), Å.")
@click.option("--bin-width", type=POSITIVE, default=0.02, show_default=True, help="Bin width, Å.")
def peak_width(**options: Any) -> None:
    """Width (FWHM, Å) of the first peaks of g(r), and the Lindemann ratio."""
    from mofglass.analysis import PeakWidth

    pairs = options["pairs"] or (("Zn", "N"), ("Zn", "Zn"))
    analysis = PeakWidth(pairs=pairs, r_max_A=options["r_max"], bin_width_A=options["bin_width"])
    run_and_show({"peak_width": analysis}, open_frames(options), options)


@click.command("bridges", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--bin-width", type=POSITIVE, default=2.0, show_default=True, help="Bin width of the angle, degrees."
)
def bridges(**options: Any) -> None:
    """Metals joined by a linker: angle at its centre (Zn-Im-Zn, °) and their distance (Å)."""
    from mofglass.analysis import Bridges

    run_and_show({"bridges": Bridges(bin_width_deg=options["bin_width"])}, open_frames(options), options)


@click.command("local-density", cls=Command)
@frames_options
@click.option("--edge", type=POSITIVE, default=5.0, show_default=True, help="Edge of the boxes, Å.")
@click.option("--element", help="Count this element only.  [default: all atoms]")
@click.option(
    "--slices-along",
    type=click.Choice(["a", "b", "c"]),
    default="c",
    show_default=True,
    help="Cell vector that the rendered slices follow.",
)
def local_density(**options: Any) -> None:
    """Atoms in boxes of 5 Å: their distribution, dispersion, autocorrelation, and slices of the field."""
    from mofglass.analysis import LocalDensity
    from mofglass.analysis.density_slices import write_slices

    analysis = LocalDensity(edge_A=options["edge"], element=options["element"])
    measured = run_and_show({"local_density": analysis}, open_frames(options), options)
    if options["output"] is not None:
        result: Any = measured.results["local_density"]
        write_slices(result, options["output"], along=options["slices_along"])


@click.command("density-profile", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--slabs", type=click.IntRange(2), default=50, show_default=True, help="Slabs along each direction."
)
def density_profile(**options: Any) -> None:
    """Density (g/cm³) in slabs along a, b and c; x, y and z of an orthogonal cell."""
    from mofglass.analysis import DensityProfile

    run_and_show({"density_profile": DensityProfile(n_slabs=options["slabs"])}, open_frames(options), options)
