"""Options that several commands share, declared once, units in the help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import yaml

from mofglass.errors import InputError, MofglassError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _apply_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Make the YAML file's values the command's defaults, so that the command line still wins."""
    if value is None:
        return None
    try:
        settings = yaml.safe_load(value.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise click.UsageError(f"{value} is not a readable YAML file: {str(error).splitlines()[0]}") from error
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise click.UsageError(f"{value} must hold 'option: value' lines, as in  t-max: 1500")
    known = {
        name.lstrip("-").replace("-", "_"): parameter
        for parameter in context.command.params
        for name in [*parameter.opts, *parameter.secondary_opts, parameter.name or ""]
    }
    defaults: dict[str, Any] = {}
    for key, setting in settings.items():
        parameter = known.get(str(key).replace("-", "_"))
        if parameter is None or parameter.name in (None, "config"):
            raise click.UsageError(
                f"{value} sets '{key}', which '{context.command_path}' does not have; see --help"
            )
        assert parameter.name is not None
        defaults[parameter.name] = setting
    context.default_map = {**(context.default_map or {}), **defaults}
    return value


config_option: Decorator = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_apply_config,
    is_eager=True,
    expose_value=False,
    help="YAML file of options for this command ('t-max: 1500' a line); the command line wins over it.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object with the summary numbers, and nothing else."
)


def output_option(help_text: str, *, directory: bool = False, required: bool = False) -> Decorator:
    """Declare `-o/--output`.

    Parameters
    ----------
    help_text : str
        What is written there.
    directory : bool
        Whether it is a directory.
    required : bool
        Whether it must be given.

    Returns
    -------
    callable
        The click decorator.
    """
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=not directory),
        required=required,
        help=help_text,
    )


class Command(click.Command):
    """A command that takes `--config` and turns a `MofglassError` into one sentence and exit code 2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        config_option(self)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Parameters
        ----------
        ctx : click.Context
            Click's context.

        Returns
        -------
        object
            What the command returns.
        """
        try:
            return super().invoke(ctx)
        except MofglassError as error:
            raise click.UsageError(str(error), ctx=ctx) from error


__all__ = ["Command", "Decorator", "InputError", "config_option", "json_option", "output_option"]
