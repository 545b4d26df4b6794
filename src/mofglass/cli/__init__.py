"""The command line: one module a command, loaded only when it is called."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import version
from typing import TextIO

import click

COMMANDS = {
    "structures": "Crystals: list, show, build, substitute linkers.",
    "melt-quench": "Melt a crystal and quench it to a glass.",
    "run": "Run a protocol of stages from a YAML file.",
    "resume": "Continue a run that was stopped, from its last checkpoint.",
    "analyse": "Measure a trajectory or a structure: all the set, or one property.",
    "report": "Write the offline HTML report of one or more runs.",
    "literature": "Published numbers, with their sources.",
    "potentials": "The potentials at hand, and what each needs.",
    "doctor": "Check by doing that everything mofglass needs works here.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a user meets them.

        Parameters
        ----------
        ctx : click.Context
            Click's context.

        Returns
        -------
        list of str
            Command names.
        """
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command.

        Parameters
        ----------
        ctx : click.Context
            Click's context.
        cmd_name : str
            The command's name.

        Returns
        -------
        click.Command or None
            None when there is no such command.
        """
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"mofglass.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them.

        Parameters
        ----------
        ctx : click.Context
            Click's context.
        formatter : click.HelpFormatter
            Where the help goes.
        """
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("mofglass"), prog_name="mofglass")
def main() -> None:
    """Make and understand glasses of metal-organic frameworks.

    \b
    mofglass melt-quench ZIF-4 --quick -o runs/first     make a small glass
    mofglass analyse runs/first                          measure it
    mofglass report runs/first -o report.html            show it

    Every command has --help, takes its options from --config FILE.yaml too (the command line wins),
    and states units: Å, ps (fs for the time step), K, bar, eV, GPa, g/cm³.
    """
    warnings.showwarning = _show_warning


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
