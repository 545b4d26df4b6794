"""``mofglass train``: a potential from labelled frames."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.options import Command, UserPath, json_option, output_option
from mofglass.cli.stopping import goes_on

if TYPE_CHECKING:
    from mofglass.training.config import TrainingConfig
    from mofglass.training.learning_curve import CurvePoint

COLUMNS = (
    ("", "epoch", "{:d}", 7),
    ("time, s", "wall_s", "{:.0f}", 9),
    ("meV/atom", "train_energy_mae_meV_per_atom", "{:.2f}", 10),
    ("meV/Å", "train_force_mae_meV_per_A", "{:.1f}", 9),
    ("MPa", "train_stress_mae_MPa", "{:.1f}", 9),
    ("meV/atom", "validation_energy_mae_meV_per_atom", "{:.2f}", 10),
    ("meV/Å", "validation_force_mae_meV_per_A", "{:.1f}", 9),
    ("MPa", "validation_stress_mae_MPa", "{:.1f}", 9),
)
"""Title, field of `CurvePoint`, format and width of the learning curve's columns; the trainer tells what the
first counts."""


class TerminalProgress:
    """Draws the work in hand as a bar, and the learning curve as a table that grows above it.

    Parameters
    ----------
    quiet : bool
        Draw nothing.
    trainer : str
        What is trained with: some count frames or steps, not epochs.
    """

    def __init__(self, quiet: bool, trainer: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=quiet,
            transient=True,
        )
        self._task: Any = None
        self._trainer = trainer
        self._has_header = False

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a bar.

        Parameters
        ----------
        text : str
            What is being done.
        total : int, optional
            Number of steps.
        """
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(text, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move the bar.

        Parameters
        ----------
        steps : int
            How many steps are done.
        """
        if self._task is not None:
            self._bar.advance(self._task, steps)

    def point(self, point: CurvePoint) -> None:
        """Print a row of the learning curve.

        Parameters
        ----------
        point : CurvePoint
            Errors at the end of an epoch.
        """
        if not self._has_header:
            from mofglass.training.learning_curve import COUNTED, EPOCH

            self._has_header = True
            counted = COUNTED.get(self._trainer, EPOCH)
            self._console.print(f"{'':16}{'training':>28}{'validation':>28}", highlight=False)
            self._console.print(_line([counted, *(title for title, *_ in COLUMNS[1:])]), highlight=False)
        cells = [_cell(style, getattr(point, name)) for _, name, style, _ in COLUMNS]
        self._console.print(_line(cells), highlight=False)


def _cell(style: str, value: float) -> str:
    # A quantity that a trainer does not measure is NaN.
    return style.format(value) if value == value else ""


def _line(cells: list[str]) -> str:
    return "".join(f"{cell:>{column[3]}}" for cell, column in zip(cells, COLUMNS, strict=True))


def _overridden(config: TrainingConfig, threads: int | None, processes: int | None) -> TrainingConfig:
    given = {"threads": threads, "processes": processes}
    return replace(config, **{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]


@click.command(cls=Command)
@click.argument("configuration", type=UserPath(exists=True, dir_okay=False))
@output_option("Directory of the training.", directory=True, required=True)
@click.option(
    "--threads", type=click.IntRange(1), help="Threads.  [default: as the configuration says, or 1]"
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="Processes that compute descriptors side by side (pod).  [default: as CONFIGURATION says, or 1]",
)
@click.option("--quiet", is_flag=True, help="Show no progress and no learning curve.")
@json_option
def command(
    configuration: Path,
    output: Path,
    threads: int | None,
    processes: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fit a potential to labelled frames, as CONFIGURATION, a YAML file, says.

    \b
    # pod.yaml
    trainer: pod                     # or nequip, allegro, deepmd, mace
    train: [labels.extxyz.gz]        # any files that 'mofglass dataset' reads
    validation: 0.1                  # a fraction, 'split', or files of their own
    weights: {energy: 100, forces: 1, stress: 100}
    seed: 1
    time_limit: 2h
    pod:                             # settings of the trainer
      descriptors: {rcut: 5.0, threebody_angular_degree: 4}

    \b
    mofglass train pod.yaml -o trained
    mofglass melt-quench ZIF-4 --potential pod:trained/model --quick -o runs/first

    Energies are in eV, forces in eV/Å, stresses in eV/Å³; the learning curve shows mean absolute errors in
    meV/atom, meV/Å and MPa. Stopped with Ctrl-C or by a queue, or killed, the same command goes on where it
    was; one that its time_limit ended goes on under a larger one.
    """
    from mofglass.report.training import write_training_page
    from mofglass.training.config import load_config
    from mofglass.training.learning_curve import read_learning_curve
    from mofglass.training.training import train

    config = _overridden(load_config(configuration), threads, processes)
    with goes_on(output), TerminalProgress(quiet or as_json, config.trainer) as progress:
        trained = train(config, output, progress, further=True)
    points = read_learning_curve(output)
    left_out = _left_out(trained.left_out)
    ended = f"; ended by its time limit after {trained.reached}" if trained.reached else ""
    if points:
        write_training_page(
            points,
            output / "training.html",
            title=f"Training of {configuration.stem}",
            lede=f"{config.trainer}, {trained.n_train} frames fitted, {trained.n_validation} to judge by"
            f"{'; ' + left_out if left_out else ''}{ended}. {config.description}".strip(),
            trainer=config.trainer,
            command=shlex.join(["mofglass", "train", str(configuration), "-o", str(output)]),
            record={"configuration": configuration.read_text(), "potential": trained.potential},
        )
    if as_json:
        click.echo(json.dumps(trained.to_dict()))
        return
    if trained.point is not None:
        _print_errors(trained.point, trained.n_train, trained.n_validation)
        click.echo(f"{output / 'training.html'}: the learning curve")
    if left_out:
        click.echo(left_out)
    if trained.reached:
        click.echo(
            f"its time limit of {trained.time_limit_s:g} s ended it after {trained.reached}: with a larger "
            f"one, or with none, in {configuration} the same command goes on"
        )
    click.echo(f"{output}: done; use it with  --potential {trained.potential}")


def _left_out(numbers: Mapping[str, int]) -> str:
    """Say how many frames were not used, and why; nothing where all were."""
    from mofglass.training.data import LEFT_OUT_WORDS

    reasons = ", ".join(f"{number} {LEFT_OUT_WORDS[reason]}" for reason, number in numbers.items())
    return f"frames left out: {reasons}" if reasons else ""


def _print_errors(point: CurvePoint, n_train: int, n_validation: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("mean absolute error", "energy, meV/atom", "force, meV/Å", "stress, MPa")
    for name, n_frames in (("train", n_train), ("validation", n_validation)):
        cells = [_cell(style, getattr(point, key)) for _, key, style, _ in COLUMNS if key.startswith(name)]
        table.add_row(f"{name}, {n_frames} frames", *cells)
    Console().print(table)
