"""`mofglass analyse rings`."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, jobs_option, open_frames, run_and_show
from mofglass.cli.options import Command


@click.command("rings", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--definition",
    type=click.Choice(["primitive", "king", "guttman", "strong"]),
    default="primitive",
    show_default=True,
    help="Which closed paths are rings; the papers take primitive ones.",
)
@click.option(
    "--count-in",
    type=click.Choice(["nodes", "metals"]),
    default="nodes",
    show_default=True,
    help="Size of a ring: metals and linkers together, or metals alone.",
)
@click.option(
    "--max-metals",
    type=click.IntRange(2, 100),
    default=16,
    show_default=True,
    help="Largest ring searched for, in metals: 16 are 32 nodes.",
)
def command(**options: Any) -> None:
    """Ring statistics of the metal-linker network: rings by size, and their number over time."""
    from mofglass.analysis.rings import Rings

    analysis = Rings(
        definition=options["definition"], count_in=options["count_in"], max_metals=options["max_metals"]
    )
    run_and_show({"rings": analysis}, open_frames(options), options)
