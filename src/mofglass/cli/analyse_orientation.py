"""`mofglass analyse orientation`: how linkers turn, and how they are tilted."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, open_frames, run_and_show
from mofglass.cli.options import Command, FiniteRange


@click.command("orientation", cls=Command)
@frames_options
@click.option("--metal", default="Zn", show_default=True, help="The metal between which linkers are tilted.")
@click.option(
    "--cutoff",
    type=FiniteRange(0, min_open=True),
    default=2.5,
    show_default=True,
    help="Metal-nitrogen cut-off, Å.",
)
@click.option(
    "--fit-to",
    type=FiniteRange(0, 0.5, min_open=True),
    default=0.25,
    show_default=True,
    help="Longest lag fitted for reorientation times, as a fraction of the trajectory's length.",
)
def command(**options: Any) -> None:
    """Orientation of linkers: reorientation functions and times (ps), angle turned through, tilts (°)."""
    from mofglass.analysis import Orientation

    analysis = Orientation(metal=options["metal"], cutoff_A=options["cutoff"], fit_to=options["fit_to"])
    run_and_show({"orientation": analysis}, open_frames(options), options)
