"""What all commands of `mofglass analyse` share: which frames, where to, and how results are shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.options import FINITE, POSITIVE, UserPath, json_option, output_option, together

if TYPE_CHECKING:
    from mofglass.analysis import Analysis, Measurement
    from mofglass.trajectory import Trajectory

reading_options = together(
    click.option("--start", type=int, help="First frame, from 0; negative counts from the end."),
    click.option("--stop", type=int, help="Frame after the last one; negative counts from the end."),
    click.option(
        "--stride",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Every how many frames.",
    ),
    click.option("--from-ps", type=FINITE, help="First time, ps.  [default: as run.yaml says, or all]"),
    click.option("--to-ps", type=FINITE, help="Last time, ps."),
    click.option("--last-ps", type=POSITIVE, help="Only this long a stretch at the end, ps."),
    click.option("--format", "fmt", help="File format, where the content does not tell it."),
    click.option(
        "--elements",
        metavar="'EL EL ...'",
        help="Element of each atom type, where the file does not tell: 'C H N Zn'.",
    ),
    click.option(
        "--cell",
        metavar="'A B C'",
        help="Cell, where the file does not tell: 3 lengths (Å), 6 lengths and angles (Å, °), "
        "or 9 components (Å).",
    ),
    click.option("--time-step", type=POSITIVE, help="MD time step, fs, where the file does not tell."),
    click.option(
        "--frame-interval",
        type=POSITIVE,
        help="Time between frames, ps, where the file does not tell.",
    ),
)
"""Which frames of a file are taken, and what the file does not tell of them."""

frames_options = together(
    click.argument("trajectories", nargs=-1, required=True, type=UserPath(), metavar="TRAJ..."),
    output_option("Directory for CSV tables, PNG and SVG figures and summary.json.", directory=True),
    json_option,
    reading_options,
    click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads for g(r)."),
)
"""The trajectories, which of their frames are analysed, and where results go."""

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that share the frames of a trajectory; numbers and errors do not depend on it.",
)

temperature_option = click.option(
    "--temperature",
    "temperature_K",
    type=POSITIVE,
    help="Temperature, K, of potentials of mean force.  [default: of the frames' stages, by run.yaml]",
)


@dataclass(frozen=True)
class Frames:
    """The chosen frames of each trajectory, and what their runs say of the temperature.

    Parameters
    ----------
    trajectories : tuple of Trajectory
        One a glass.
    temperature_K : float or None
        What the user gave, or that of the stages in which all the frames lie.
    no_temperature : str
        Why there is none.
    notes : tuple of str
        What was chosen for the user, to be told.
    """

    trajectories: tuple[Trajectory, ...]
    temperature_K: float | None
    no_temperature: str
    notes: tuple[str, ...]


def open_frames(options: Mapping[str, Any]) -> Frames:
    """Open the trajectories and choose their frames.

    Parameters
    ----------
    options : mapping
        Values of `frames_options` and, where the command has it, `temperature_option`.

    Returns
    -------
    Frames
        What to analyse.

    Raises
    ------
    InputError
        As `open_trajectory` and `FrameRange.of` do; when atoms of a first frame lie on one another.
    """
    from dataclasses import replace

    from mofglass.analysis.frame_range import FrameRange, run_advice
    from mofglass.errors import InputError
    from mofglass.topology.contacts import require_separate_atoms
    from mofglass.trajectory import open_trajectory

    _check_quotes(options)
    chosen = FrameRange(
        **{key: options[key] for key in ("start", "stop", "stride", "from_ps", "to_ps", "last_ps")}
    )
    views, notes = [], []
    for path in options["trajectories"]:
        trajectory = open_trajectory(
            path,
            fmt=options["fmt"],
            elements=_words(options["elements"]),
            cell=_numbers(options["cell"]),
            time_step_fs=options["time_step"],
            frame_interval_ps=options["frame_interval"],
        )
        advice, frames = run_advice(path), chosen
        if chosen.is_whole and advice.from_ps is not None:
            frames = replace(chosen, from_ps=advice.from_ps)
            notes.append(
                f"{path}: frames from {advice.from_ps:g} ps on, as its run.yaml says (--from-ps 0: all)"
            )
        try:
            views.append(frames.of(trajectory))
        except InputError as error:
            if frames is chosen:
                raise
            raise InputError(
                f"{str(error).rstrip('.')}, and its run.yaml says to analyse from {advice.from_ps:g} ps: let "
                "the run go on, or give --from-ps 0."
            ) from error
        if len(views[-1]):
            require_separate_atoms(views[-1][0], str(path))
        if chosen.last_ps is not None and chosen.last_ps > (length_ps := _length_ps(trajectory)) + 1e-6:
            notes.append(f"{path} is {length_ps:g} ps long: all of it is taken, not {chosen.last_ps:g} ps")
    temperature_K, no_temperature = options.get("temperature_K"), ""
    if temperature_K is None and "temperature_K" in options:
        try:
            temperature_K = _temperature_of(options["trajectories"], views)
            notes.append(f"temperature {temperature_K:g} K, as run.yaml says (--temperature: another)")
        except InputError as error:
            no_temperature = str(error)
            if any((path / "run.yaml").is_file() for path in options["trajectories"]):
                notes.append(f"no potential of mean force: {no_temperature}")
    return Frames(tuple(views), temperature_K, no_temperature, tuple(notes))


def _length_ps(trajectory: Trajectory) -> float:
    """Return the time between the first and the last frame."""
    assert trajectory.time_ps is not None
    return float(trajectory.time_ps[-1] - trajectory.time_ps[0])


def _temperature_of(paths: Sequence[Path], views: Sequence[Trajectory]) -> float:
    """Return the temperature of the chosen frames of all trajectories; raise where they have none."""
    from mofglass.cli.run_temperature import run_temperature
    from mofglass.errors import InputError

    found = {run_temperature(path, view.time_ps): path for path, view in zip(paths, views, strict=True)}
    if len(found) > 1:
        each = ", ".join(f"{path} {kelvin:g} K" for kelvin, path in found.items())
        raise InputError(f"the frames are of different temperatures ({each}): give --temperature (K)")
    return next(iter(found))


def run_and_show(
    analyses: Mapping[str, Analysis[Any]],
    frames: Frames,
    options: Mapping[str, Any],
    *,
    skipped: Mapping[str, str] | None = None,
    strict: bool = True,
) -> Measurement:
    """Measure, write what was asked for, and print the summary.

    Parameters
    ----------
    analyses : mapping of str to Analysis
        What to measure. With one and `strict` its summary stands alone; else by name.
    frames : Frames
        What to measure it on.
    options : mapping
        Values of `frames_options`.
    skipped : mapping of str to str, optional
        What the command left out beforehand, with the reasons.
    strict : bool
        Whether an analysis that cannot be made is an error.

    Returns
    -------
    Measurement
        The results.
    """
    from mofglass.analysis import measure_glasses

    as_json = options["as_json"]
    if not as_json:
        for note in frames.notes:
            click.echo(note, err=True)
    n_frames = sum(len(trajectory) for trajectory in frames.trajectories)
    with _progress(n_frames, quiet=as_json) as progress:
        measured = measure_glasses(
            frames.trajectories,
            analyses,
            strict=strict,
            n_threads=options["threads"],
            jobs=options.get("jobs") or 1,
            progress=progress,
        )
    measured.skipped.update(skipped or {})
    show_results(measured, options, strict=strict)
    return measured


def show_results(measured: Measurement, options: Mapping[str, Any], *, strict: bool = True) -> None:
    """Write what was asked for, and print the summary.

    Parameters
    ----------
    measured : Measurement
        The results; the summary of a single one stands alone if `strict`.
    options : mapping
        Values of `frames_options`.
    strict : bool
        See `measured`.
    """
    from mofglass.analysis import to_json, write_results

    written = None
    if options["output"] is not None:
        written = write_results(
            measured.results, options["output"], provenance=_provenance(measured, options)
        )
    summary: Mapping[str, Any] = measured.summary()
    if strict and len(measured.results) == 1:
        summary = next(iter(measured.results.values())).summary()
    if options["as_json"]:
        click.echo(to_json(summary))
        return
    print_summary(summary)
    if written is not None:
        click.echo(f"\n{len(written)} files in {options['output']}, the numbers together in {written[-1]}")


def _check_quotes(options: Mapping[str, Any]) -> None:
    """Refuse symbols and numbers among the trajectories: without quotes an option takes the first alone."""
    from ase.data import atomic_numbers

    def is_number(word: str) -> bool:
        try:
            float(word)
        except ValueError:
            return False
        return True

    words = [str(path) for path in options["trajectories"] if not path.exists()]
    for option, belongs in (("elements", atomic_numbers.__contains__), ("cell", is_number)):
        stray = [word for word in words if belongs(word)]
        if options[option] is not None and stray:
            raise click.UsageError(f"put quotes about --{option} '{' '.join([options[option], *stray])}'")


def _words(text: str | None) -> list[str] | None:
    return None if text is None else text.replace(",", " ").split()


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError as error:
        raise click.UsageError(f"--cell '{text}' should be numbers, as in '15.4 15.4 18.4'") from error


def _provenance(measured: Measurement, options: Mapping[str, Any]) -> dict[str, Any]:
    from datetime import UTC, datetime
    from importlib.metadata import version

    return {
        "mofglass": version("mofglass"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "trajectories": [str(path) for path in options["trajectories"]],
        "options": {
            key: str(value) if isinstance(value, Path) else value
            for key, value in options.items()
            if key not in ("trajectories", "as_json", "output")
        },
        "skipped": measured.skipped,
        "glasses": [
            {name: result.summary() for name, result in results.items()} for results in measured.glasses
        ]
        if len(measured.glasses) > 1
        else [],
    }


@contextmanager
def _progress(n_frames: int, *, quiet: bool) -> Any:
    """Show a bar on standard error where somebody watches; yields the callback, or None."""
    if quiet or n_frames < 2 or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("frames"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_frames)
        yield lambda done: bar.update(task, completed=done)


def print_summary(summary: Mapping[str, Any], indent: int = 0) -> None:
    """Print numbers one a line, each with its error."""
    width = max((len(str(key)) for key in summary), default=0)
    for key, value in summary.items():
        if isinstance(value, Mapping) and any(isinstance(item, Mapping | str) for item in value.values()):
            click.echo(f"{' ' * indent}{key}")
            print_summary(value, indent + 2)
            continue
        if isinstance(value, Mapping) and not str(key).endswith("_error"):
            error = summary.get(f"{key}_error")
            if error is None:
                click.echo(f"{' ' * indent}{key}")
                print_summary(value, indent + 2)
                continue
            text = ", ".join(f"{k}: {_number(v, error.get(k))}" for k, v in value.items())
        elif str(key).endswith("_error") and str(key).removesuffix("_error") in summary:
            continue
        else:
            text = _number(value, summary.get(f"{key}_error"))
        click.echo(f"{' ' * indent}{key:<{width}}  {text}")


def _number(value: Any, error: Any = None) -> str:
    import math

    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, list):
        errors = error if isinstance(error, list) else [None] * len(value)
        return ", ".join(_number(*pair) for pair in zip(value, errors, strict=True))
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.6g}"
    if isinstance(error, float) and math.isfinite(error):
        text += f" ± {error:.2g}"
    return text
