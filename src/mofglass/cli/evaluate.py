"""`mofglass evaluate`: the errors of a potential on labelled frames, and what it costs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mofglass.cli.options import FINITE, POSITIVE, Command, UserPath, json_option, output_option
from mofglass.cli.progress import counting

if TYPE_CHECKING:
    from mofglass.training.evaluation import Evaluation, GroupErrors


@click.command(cls=Command)
@click.argument("model")
@click.argument("dataset", nargs=-1, required=True, type=UserPath(), metavar="DATASET...")
@click.option(
    "--frames",
    default=None,
    metavar="START:STOP:STEP",
    help="Frames to take, by number from 0, as in 0:100 or ::10.  [default: all]",
)
@click.option("--split", help="Frames of one split of the dataset: train, validation or test.")
@click.option("--source", "sources", multiple=True, help="Frames of this source; may be given several times.")
@click.option(
    "--temperature",
    "temperatures",
    multiple=True,
    type=FINITE,
    help="Frames of this temperature, K, to the nearest 100; may be given several times.",
)
@click.option(
    "--max-force",
    type=POSITIVE,
    help="Leave out frames with a larger reference force on an atom, eV/Å; says how many.",
)
@click.option(
    "--align",
    type=click.Choice(["none", "per-atom", "per-element"]),
    default="none",
    show_default=True,
    help="Take a constant off the energies first: the mean difference per atom, or one energy per element.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes side by side.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of each.")
@click.option(
    "--timing",
    type=click.Choice(["none", "cell", "both"]),
    default="both",
    show_default=True,
    help="Measure µs/atom on the first frame and its 2x2x2 supercell, on the frame only, or not.",
)
@click.option(
    "--checks/--no-checks",
    default=True,
    show_default=True,
    help="Compare forces and stress with finite differences of the energy on the first frame (37 calls).",
)
@click.option(
    "--skip-failures",
    is_flag=True,
    help="Leave out frames that MODEL cannot compute, and list them; else the first stops the evaluation.",
)
@click.option(
    "--outliers",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Worst frames to list, of each kind.",
)
@json_option
@output_option("Directory for tables, figures and the page evaluation.html.", directory=True)
def command(
    model: str,
    dataset: tuple[Path, ...],
    output: Path | None,
    as_json: bool,
    frames: str | None,
    split: str | None,
    sources: tuple[str, ...],
    temperatures: tuple[float, ...],
    max_force: float | None,
    **options: Any,
) -> None:
    """Measure the errors of MODEL on the labelled frames of DATASET, and what it costs.

    MODEL is a potential as --potential takes it (see 'mofglass potentials list'). DATASET is one or more
    files: a dataset that 'mofglass dataset' wrote, extended XYZ, VASP or CP2K output. Energies are in
    meV/atom, forces in meV/Å, stress in MPa, cost in µs per atom and call of energy, forces and stress.

    \b
    mofglass evaluate lj argon.extxyz
    mofglass evaluate nequip-archived:model.pth frames.extxyz --align per-atom -o evaluation
    """
    from mofglass.datasets.dataset import open_dataset
    from mofglass.datasets.equal_frames import require_each_once
    from mofglass.plain_json import to_json
    from mofglass.training.evaluate import evaluate

    require_each_once(dataset)
    with counting("frames read", quiet=as_json) as reading:
        chosen = open_dataset(list(dataset), progress=reading)
    chosen = _chosen(chosen, frames, split, sources, temperatures)
    if max_force is not None:
        chosen = _without_large_forces(chosen, max_force)
    with counting("frames evaluated", len(chosen), quiet=as_json) as evaluating:
        evaluation = evaluate(
            model,
            chosen,
            align=options["align"],
            jobs=options["jobs"],
            threads=options["threads"],
            timing=options["timing"],
            checks=options["checks"],
            skip_failures=options["skip_failures"],
            n_outliers=options["outliers"],
            progress=evaluating,
        )
    if output is not None:
        _write(evaluation, output, dataset)
    if as_json:
        click.echo(to_json(evaluation.summary()))
        return
    _print(evaluation)
    if output is not None:
        click.echo(f"\ntables and figures in {output}, the page is {output / 'evaluation.html'}")


def _chosen(
    dataset: Any,
    frames: str | None,
    split: str | None,
    sources: tuple[str, ...],
    temperatures: tuple[float, ...],
) -> Any:
    """The frames that the options ask for."""
    import numpy as np

    from mofglass.errors import InputError

    if split is not None:
        dataset = dataset.split(split)
    if sources:
        unknown = [source for source in sources if source not in dataset.sources]
        if unknown:
            raise InputError(
                f"no frame is of the source '{unknown[0]}': there are {', '.join(dataset.sources)}"
            )
        dataset = dataset[np.flatnonzero(np.isin(dataset.table.source.astype(str), sources))]
    if temperatures:
        from mofglass.training.error_collection import temperature_label

        labels = {temperature_label(value) for value in temperatures}
        dataset = dataset[
            np.array([temperature_label(value) in labels for value in dataset.table.temperature_K])
        ]
    if frames is not None:
        try:
            first, last, *step = (int(word) if word else None for word in frames.split(":"))
            dataset = dataset[slice(first, last, *step)]
        except (ValueError, TypeError) as error:
            raise click.UsageError(
                f"--frames '{frames}' should be like 0:100 or ::10, frame 2 is 2:3"
            ) from error
    if not len(dataset):
        raise InputError("no frame is left: widen --frames, --split, --source or --temperature")
    return dataset


def _without_large_forces(dataset: Any, max_force_eV_per_A: float) -> Any:
    from mofglass.errors import InputError

    kept = dataset.table.max_force_eV_per_A <= max_force_eV_per_A
    if not kept.any():
        raise InputError(f"every frame has a force above {max_force_eV_per_A:g} eV/Å: raise --max-force")
    if not kept.all():
        click.echo(
            f"{(~kept).sum()} of {len(kept)} frames left out: a force above {max_force_eV_per_A:g} eV/Å",
            err=True,
        )
    return dataset[kept]


def _write(evaluation: Evaluation, output: Path, dataset: tuple[Path, ...]) -> None:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from mofglass.report.evaluation import write_evaluation_page
    from mofglass.training.evaluation_output import write_evaluation

    context = click.get_current_context()
    words = [word for name in ("model", "dataset") for word in _values(context.params[name])]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if not isinstance(parameter, click.Option) or parameter.name in ("as_json", "output"):
            continue
        if context.get_parameter_source(parameter.name or "") is ParameterSource.DEFAULT:
            continue
        if parameter.is_flag:
            words += parameter.opts[:1] if value else parameter.secondary_opts[:1]
        else:
            words += [word for item in _values(value) for word in (parameter.opts[-1], item)]
    command_line = shlex.join(["mofglass", "evaluate", *words, "-o", str(output)])
    provenance = {
        "mofglass": version("mofglass"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command_line,
    }
    write_evaluation(evaluation, output, provenance=provenance)
    label = ", ".join(path.name for path in dataset)
    write_evaluation_page(evaluation, output / "evaluation.html", dataset=label, command=command_line)


def _values(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, tuple) else [str(value)]


def _print(evaluation: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    names = {"all": "", "source": "", "temperature": " K", "element": " atoms"}
    table = Table(
        *("", "frames", "energy\nmeV/atom", "force\nmeV/Å", "stress\nMPa", "µs/atom"),
        title="Mean absolute errors (RMSE)",
        title_justify="left",
    )
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.justify = "right"
    kind = "all"
    for group in evaluation.errors:
        if group.kind != kind:
            table.add_section()
            kind = group.kind
        label = (group.label or "no source") + names[kind]
        if group.label == "unknown" and kind == "temperature":
            label = "unknown temperature"
        table.add_row(label, str(group.n_frames), *_cells(group))
    console.print(table)
    for timing in evaluation.efficiency.timings if evaluation.efficiency is not None else ():
        threads = f"{timing.threads} thread{'s' if timing.threads > 1 else ''}"
        console.print(
            f"{timing.n_atoms} atoms: {timing.microseconds_per_atom:.4g} ± {timing.spread:.2g} µs/atom "
            f"and call (energy, forces and stress; {threads}, median of {timing.n_calls})",
            highlight=False,
        )
    for note in evaluation.notes:
        console.print(note, highlight=False)
    if evaluation.checks is not None:
        console.print(evaluation.checks.verdict, highlight=False)


def _cells(group: GroupErrors) -> list[str]:
    import math

    cells = [
        f"{errors.mae:.4g} ({errors.rmse:.4g})" if errors.n_values else ""
        for errors in (group.energy_meV_per_atom, group.force_meV_per_A, group.stress_MPa)
    ]
    cost = group.microseconds_per_atom
    return [*cells, f"{cost:.4g}" if math.isfinite(cost) else ""]
