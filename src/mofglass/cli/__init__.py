"""The command line: one module a command, loaded only when it is called."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import TextIO

import click

from mofglass.cli.lazy_group import LazyGroup
from mofglass.cli.stopping import heed_sigterm

COMMANDS = {
    "structures": "Crystals: list, show, build, substitute linkers.",
    "melt-quench": "Melt a crystal and quench it to a glass.",
    "run": "Run a protocol of stages from a YAML file.",
    "resume": "Continue a run that was stopped, from its last checkpoint.",
    "bulk-modulus": "Bulk modulus and density: finite strain, volume fluctuation, or at rest.",
    "elastic-constants": "Elastic tensor: stress under small strains, or fluctuations of the cell.",
    "compare-moduli": "Moduli by several routes in one table, and whether they agree.",
    "analyse": "Measure a trajectory or a structure: all the set, or one property.",
    "report": "Write the offline HTML report of one or more runs.",
    "literature": "Published numbers, with their sources.",
    "dataset": "Labelled frames: import, look at, sample, split, label, export.",
    "train": "Fit a potential to labelled frames: POD, NequIP, Allegro, DeePMD, MACE.",
    "evaluate": "Errors of a potential on labelled frames, what it costs, derivative checks.",
    "learn": "Train, explore, label what is unknown, train again: concurrent learning.",
    "scan": "Train over lists of settings and weights; table and Pareto plot of error against cost.",
    "potentials": "The potentials at hand, and what each needs.",
    "doctor": "Check by doing that everything mofglass needs works here.",
}


@click.group(cls=LazyGroup, lazy_commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("mofglass"), prog_name="mofglass")
@click.pass_context
def main(context: click.Context) -> None:
    """Make and understand glasses of metal-organic frameworks.

    \b
    mofglass melt-quench ZIF-4 --quick --t-max 2000 --rate 200 -o runs/first   make a small glass
    mofglass analyse runs/first                                                measure it
    mofglass report runs/first -o report.html                                  show it

    Every command has --help, takes its options from --config FILE.yaml too (the command line wins),
    and states units: Å, ps (fs for the time step), K, bar, eV, GPa, g/cm³.
    """
    warnings.showwarning = _show_warning
    heed_sigterm(context)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as its sentence alone; where in the code it arose says nothing to a user."""
    click.echo(f"Warning: {message}", err=True)
