"""`mofglass analyse scattering`: total scattering, beside a measured file where one is given."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, jobs_option, open_frames, run_and_show
from mofglass.cli.options import FINITE, POSITIVE, Command, FiniteRange, UserPath

_WINDOW = click.Choice(["lorch", "none"])


@click.command("scattering", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--radiation",
    type=click.Choice(["neutron", "xray"]),
    default="neutron",
    show_default=True,
    help="What is scattered.",
)
@click.option(
    "--experiment",
    type=UserPath(exists=True, dir_okay=False),
    help="Measured function to compare with: text, Q (1/Å) or r (Å) and the value in the first two columns.",
)
@click.option(
    "--function",
    type=click.Choice(["sq", "fq", "dr", "gr", "tr", "pdf"]),
    help="What the file holds, as Keen (2001) names it: S(Q), F(Q), D(r), G(r), T(r), or the reduced PDF.  "
    "[default: D(r) for Gudrun's .dofr and .mdor01, else F(Q)]",
)
@click.option(
    "--fit-range",
    nargs=2,
    type=FINITE,
    metavar="FROM TO",
    help="Q (1/Å) or r (Å) that are compared.  [default: all that both have]",
)
@click.option(
    "--normalisation",
    type=click.Choice(["mean-of-squares", "square-of-mean"]),
    default="mean-of-squares",
    show_default=True,
    help="What X-ray F(Q), D(r), G(r), T(r) are divided by: <f²> or <f>².",
)
@click.option(
    "--deuterium",
    type=FiniteRange(0, 1),
    default=0.0,
    show_default=True,
    help="Fraction of the hydrogen that is deuterium, for neutrons.",
)
@click.option(
    "--q-min", type=POSITIVE, default=0.02, show_default=True, help="Least Q, 1/Å, also of the transform."
)
@click.option(
    "--q-max", type=POSITIVE, default=25.0, show_default=True, help="Largest Q, 1/Å, also of the transform."
)
@click.option("--q-step", type=POSITIVE, default=0.02, show_default=True, help="Spacing of Q, 1/Å.")
@click.option("--q-window", type=_WINDOW, default="lorch", show_default=True, help="Termination over Q.")
@click.option(
    "--r-max",
    type=POSITIVE,
    default=20.0,
    show_default=True,
    help="Range of g(r), Å; may exceed the box.",
)
@click.option("--r-window", type=_WINDOW, default="lorch", show_default=True, help="Termination over r.")
@click.option("--bin-width", type=POSITIVE, default=0.02, show_default=True, help="Bin width of g(r), Å.")
def command(**options: Any) -> None:
    """Neutron or X-ray S(Q), F(Q), D(r), G(r) (Keen 2001), and their R factor with a measurement."""
    from mofglass.analysis import Scattering
    from mofglass.analysis.measured_curve import read_measured

    if options["experiment"] is None and (options["function"] or options["fit_range"]):
        raise click.UsageError("--function and --fit-range belong to a measurement: give --experiment FILE")
    measured = None
    if options["experiment"] is not None:
        measured = read_measured(options["experiment"], options["function"])
    analysis = Scattering(
        radiation=options["radiation"],
        r_max_A=options["r_max"],
        bin_width_A=options["bin_width"],
        q_min_per_A=options["q_min"],
        q_max_per_A=options["q_max"],
        q_step_per_A=options["q_step"],
        r_window=options["r_window"],
        q_window=options["q_window"],
        normalisation=options["normalisation"],
        deuterium_fraction=options["deuterium"],
        measured=measured,
        compared_range=options["fit_range"],
    )
    run_and_show({"scattering": analysis}, open_frames(options), options)
