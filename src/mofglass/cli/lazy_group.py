"""A group whose commands are imported on use, so that `--help` is instant."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands by name and help line, and imports a command's module on use.

    Command ``melt-quench`` of the group at the top is ``mofglass.cli.melt_quench.command``; command
    ``import`` of the group with the prefix ``dataset_`` is ``mofglass.cli.dataset_import.command``.

    Parameters
    ----------
    lazy_commands : mapping of str to str
        Names of the commands, in the order a user meets them, with a line of help each.
    prefix : str
        What stands before a command's name in the name of its module.
    *args, **kwargs : object
        As for `click.Group`.
    """

    def __init__(self, *args: Any, lazy_commands: Mapping[str, str], prefix: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy_commands)
        self._prefix = prefix

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
        return list(self._lazy)

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
        if cmd_name not in self._lazy:
            return None
        module = import_module(f"mofglass.cli.{self._prefix}{cmd_name.replace('-', '_')}")
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
            formatter.write_dl(list(self._lazy.items()))
