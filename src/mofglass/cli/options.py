"""Options that several commands share, declared once, units in the help."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.errors import MofglassError, SimulationError
from mofglass.yaml_file import read_yaml

if TYPE_CHECKING:
    from mofglass.simulate import Run, RunSettings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DEFAULT_POTENTIAL = "zif4"


class UserPath(click.Path):
    """A path in which a ~ at the beginning is the home directory, wherever it was written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Parameters
        ----------
        value : object
            What the user wrote.
        param : click.Parameter or None
            The option.
        ctx : click.Context or None
            Click's context.

        Returns
        -------
        Path
            With the home directory's name. What is called ~ itself ('./~') is absolute, and stays what it is.
        """
        path = Path(os.fsdecode(super().convert(os.path.expanduser(str(value)), param, ctx)))
        return path.absolute() if str(path).startswith("~") else path


def _apply_config(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Make the YAML file's values the command's defaults, so that the command line still wins."""
    if value is None:
        return None
    try:
        settings = read_yaml(value)
    except MofglassError as error:
        raise click.UsageError(str(error)) from error
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
        try:
            defaults[parameter.name] = _as_written(parameter, setting)
            parameter.type_cast_value(context, defaults[parameter.name])
        except (click.BadParameter, TypeError, ValueError) as error:
            said = error.message if isinstance(error, click.BadParameter) else str(error)
            raise click.UsageError(f"{value}: '{key}: {setting}': {said}") from error
    context.default_map = {**(context.default_map or {}), **defaults}
    return value


def _as_written(parameter: click.Parameter, setting: Any) -> Any:
    """Return a setting as the command line would have it, so that the same is refused."""
    if setting is None:
        return None
    if isinstance(parameter, click.Option) and parameter.is_flag:
        if not isinstance(setting, bool):
            raise click.BadParameter("must be true or false.")
        return setting
    several = parameter.multiple or parameter.nargs != 1
    values = setting if several and isinstance(setting, list) else [setting]
    if any(isinstance(one, (list, dict, bool)) or one is None for one in values):
        kind = "a list of values" if several else "one value"
        raise click.BadParameter(f"must be {kind}, as after the option on the command line.")
    words = [str(one) for one in values]
    return words if several else words[0]


config_option: Decorator = click.option(
    "--config",
    type=UserPath(exists=True, dir_okay=False),
    callback=_apply_config,
    is_eager=True,
    expose_value=False,
    help="YAML file of options for this command ('t-max: 1500' a line); the command line wins over it.",
)

json_option: Decorator = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object with the summary numbers, and nothing else.",
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
        type=UserPath(file_okay=not directory),
        required=required,
        help=help_text,
    )


def _finite(number: float, kind: click.ParamType, value: Any, param: Any, ctx: click.Context | None) -> float:
    return number if math.isfinite(number) else kind.fail(f"{value} is not a finite number.", param, ctx)


class FiniteRange(click.FloatRange):
    """A range of numbers that click's own is not: `nan` is outside of none, and `inf` above any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Parameters
        ----------
        value : object
            What the user wrote.
        param : click.Parameter or None
            The option.
        ctx : click.Context or None
            Click's context.

        Returns
        -------
        float
            Finite, within the range.
        """
        return _finite(super().convert(value, param, ctx), self, value, param, ctx)


class _Finite(click.types.FloatParamType):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return _finite(super().convert(value, param, ctx), self, value, param, ctx)


FINITE = _Finite()
POSITIVE = FiniteRange(0, min_open=True)


def together(*options: Decorator) -> Decorator:
    """Make one decorator of several options.

    Parameters
    ----------
    *options : callable
        click decorators, in the order of the help.

    Returns
    -------
    callable
        Adds them all.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


class Duration(click.ParamType):
    """A wall time: seconds, 30m, 2h, or Slurm's MM:SS, HH:MM:SS and D-HH[:MM[:SS]]."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the time in seconds.

        Parameters
        ----------
        value : object
            What the user wrote.
        param : click.Parameter or None
            The option.
        ctx : click.Context or None
            Click's context.

        Returns
        -------
        float
            Seconds.
        """
        text = str(value).strip()
        try:
            seconds = _seconds(text)
        except (ValueError, IndexError):
            seconds = math.nan
        if 0 <= seconds < math.inf:
            return seconds
        return self.fail(f"'{text}' is not a time: write 90 (s), 30m, 2h or 1-12:00:00", param, ctx)


def _seconds(text: str) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    if ":" in text or "-" in text:
        days, with_days, clock = text.rpartition("-")
        parts = [float(part) for part in clock.split(":")]
        if with_days:
            parts = [24 * float(days) + parts[0], *parts[1:], *[0.0] * (3 - len(parts))]
        if len(parts) > 3:
            raise ValueError("more than hours, minutes and seconds")
        return sum(part * 60**power for power, part in enumerate(reversed(parts)))
    return float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text)


DURATION = Duration()


potential_option: Decorator = click.option(
    "-p",
    "--potential",
    default=DEFAULT_POTENTIAL,
    show_default=True,
    help="Potential by name or name:FILE; see 'mofglass potentials list'.",
)

supercell_option: Decorator = click.option(
    "--supercell",
    nargs=3,
    type=click.IntRange(1),
    default=(1, 1, 1),
    show_default=True,
    help="Repeats of the cell along a, b, c.",
)

execution_options: Decorator = together(
    click.option("--threads", type=click.IntRange(1), help="OpenMP threads.  [default: all cores]"),
    click.option(
        "--processes",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="MPI processes (LAMMPS' own pair styles; for a few thousand atoms and more).",
    ),
    click.option(
        "--walltime",
        type=DURATION,
        help="Stop at a checkpoint after this wall time: 90 (s), 30m, 2h, 1-12:00:00; resume later.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)
"""Options of every command that runs MD: where, how often, for how long."""

integration_options: Decorator = together(
    click.option(
        "--slow-forces-every",
        type=click.IntRange(1),
        help="Steps between computations of what is learned over linker terms (POD, a network), the terms "
        "being computed at each (r-RESPA).  [default: what the potential bears; zif4: 2]",
    ),
    click.option(
        "--hydrogen-mass",
        type=FiniteRange(1.008, 4.0, min_open=True),
        help="Mass of hydrogen in dynamics, u, taken off the atom it is bonded to. With 3 and zif4, time "
        "steps of 0.75 fs are possible; rates change somewhat.  [default: 1.008]",
    ),
)
"""How the equations of motion are integrated."""


def recording_options(frame_interval_ps: float = 0.1) -> Decorator:
    """Return what each command that creates runs takes: seed, intervals, how they are integrated and guarded.

    Parameters
    ----------
    frame_interval_ps : float
        Default time between frames, ps.

    Returns
    -------
    callable
        Adds them; `run_settings` reads them.
    """
    return together(
        click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Random seed."),
        click.option(
            "--frame-interval",
            type=POSITIVE,
            default=frame_interval_ps,
            show_default=True,
            help="Time between frames of the trajectory, ps.",
        ),
        click.option(
            "--thermo-interval",
            type=POSITIVE,
            default=0.05,
            show_default=True,
            help="Time between rows of thermo.csv (temperature, pressure, cell), ps.",
        ),
        click.option(
            "--checkpoint-interval",
            type=POSITIVE,
            default=60.0,
            show_default=True,
            help="Wall time between checkpoints, s.",
        ),
        integration_options,
        click.option(
            "--max-force-spread",
            type=POSITIVE,
            help="Stop when a committee's forces spread by more than this on any atom, eV/Å.  [default: off]",
        ),
    )


def run_settings(options: Mapping[str, Any]) -> RunSettings:
    """Return the settings of runs.

    Parameters
    ----------
    options : mapping
        Values of `recording_options`.

    Returns
    -------
    RunSettings
        What they say.
    """
    from mofglass.simulate import Guards, RunSettings

    return RunSettings(
        seed=options["seed"],
        frame_interval_ps=options["frame_interval"],
        thermo_interval_ps=options["thermo_interval"],
        checkpoint_interval_s=options["checkpoint_interval"],
        slow_forces_every=options["slow_forces_every"],
        hydrogen_mass_u=options["hydrogen_mass"],
        guards=Guards(max_force_spread_eV_per_A=options["max_force_spread"]),
    )


def state_line(run: Run) -> str:
    """Say where a run stands, and how to go on where it is not at its end.

    Parameters
    ----------
    run : Run
        The run.

    Returns
    -------
    str
        One line.
    """
    from mofglass.simulate.run import resume_command

    line = f"{run.path}: {run.state}"
    if run.state == "done":
        return line
    line = f"{line}, {run.checkpoint().n_frames} frames kept"
    return f"{line}; go on with  {resume_command(run.path)}" if run.is_resumable else line


class SimulationStopped(click.ClickException):
    """Without a word on usage: the command was right."""

    exit_code = 2


class Command(click.Command):
    """A command that takes `--config` and turns errors of input and system into one sentence, exit code 2."""

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
        except SimulationError as error:
            raise SimulationStopped(str(error)) from error
        except MofglassError as error:
            raise click.UsageError(str(error), ctx=ctx) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise click.UsageError(_said(error), ctx=ctx) from error


def _said(error: OSError) -> str:
    """Say what the system refused, of which file, and what to do."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = ": choose a place that you may read and write"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = ": make room, and run the same command again"
    else:
        remedy = ""
    said = (error.strerror or str(error)).splitlines()[0]
    return f"{error.filename}: {said}{remedy}" if error.filename else f"{said}{remedy}"
