"""`mofglass analyse exchange`: bonds broken and replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, open_frames, run_and_show
from mofglass.cli.options import Command, FiniteRange


@click.command("exchange", cls=Command)
@frames_options
@click.option(
    "--residence-time",
    type=FiniteRange(0),
    default=0.5,
    show_default=True,
    help="What a bond must stay broken, or formed, to count as such, ps; 0: every change seen.",
)
@click.option("--metal", default="Zn", show_default=True, help="The metal.")
@click.option(
    "--cutoff",
    type=FiniteRange(0, min_open=True),
    default=2.5,
    show_default=True,
    help="Metal-nitrogen cut-off, Å.",
)
@click.option(
    "--reference",
    metavar="STRUCTURE",
    help="Crystal the run began with, or its unit cell: symmetry groups the linkers.  "
    "[default: initial.extxyz of a run directory]",
)
@click.option(
    "--cell-repeats",
    nargs=3,
    type=click.IntRange(1),
    default=(1, 1, 1),
    show_default="1 1 1",
    metavar="NA NB NC",
    help="Unit cells along each vector of the reference (or first frame): linkers are folded onto one.",
)
def command(**options: Any) -> None:
    """Exchange of linkers: bonds broken and replaced, times between them, three-coordinate metals."""
    from mofglass.analysis import Exchange

    frames = open_frames(options)
    analysis = Exchange(
        residence_time_ps=options["residence_time"],
        metal=options["metal"],
        cutoff_A=options["cutoff"],
        cell_repeats=options["cell_repeats"],
        reference=reference_structure(options),
    )
    run_and_show({"exchange": analysis}, frames, options)


def reference_structure(options: Mapping[str, Any]) -> Any:
    """Load the structure a command is told to take as reference, or the one a run began with.

    Parameters
    ----------
    options : mapping
        Values of `frames_options` and ``reference``: a file, a catalogue name, or None.

    Returns
    -------
    ase.Atoms or None
        None where nothing was named and the first trajectory is no run directory with an initial structure.
    """
    from mofglass.structures import load

    if options["reference"] is not None:
        return load(options["reference"])
    initial = options["trajectories"][0] / "initial.extxyz"
    return load(initial) if initial.is_file() else None
