"""`mofglass analyse pores`."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, open_frames, run_and_show
from mofglass.cli.options import POSITIVE, Command


@click.command("pores", cls=Command)
@frames_options
@click.option(
    "--probe", type=POSITIVE, default=1.2, show_default=True, help="Radius of the probe, Å; helium 1.2."
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=50_000,
    show_default=True,
    help="Random points in the cell for the volume.",
)
@click.option(
    "--samples-per-atom",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Random points on each atom for the surface.",
)
@click.option(
    "--high-accuracy/--no-high-accuracy",
    default=True,
    show_default=True,
    help="Zeo++'s -ha: right Voronoi network for atoms of unlike radii.",
)
@click.option(
    "--radius",
    "radii",
    nargs=2,
    type=(str, POSITIVE),
    multiple=True,
    metavar="EL R",
    help="Radius of an element, Å, of all or none.  [default: those of Zeo++]",
)
@click.option(
    "--spheres/--no-spheres",
    default=True,
    show_default=True,
    help="Look for the largest spheres too: 20 s for 2176 atoms, four times as long for twice as many.",
)
@click.option("--psd", is_flag=True, help="The distribution of pore sizes too.")
@click.option(
    "--psd-points",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Random points in the cell for it.",
)
@click.option("--jobs", type=click.IntRange(1), help="Frames measured at a time.  [default: one a core]")
def command(**options: Any) -> None:
    """Pore volume (cm³/kg) and surface (m²/g) for a probe, largest spheres (Å), by Zeo++; pore sizes."""
    from mofglass.analysis.pores import Pores

    analysis = Pores(
        probe_radius_A=options["probe"],
        n_samples=options["samples"],
        n_samples_per_atom=options["samples_per_atom"],
        high_accuracy=options["high_accuracy"],
        radii_A=dict(options["radii"]) or None,
        spheres=options["spheres"],
        n_size_points=options["psd_points"] if options["psd"] else 0,
        n_processes=options["jobs"],
    )
    run_and_show({"pores": analysis}, open_frames(options), options)
