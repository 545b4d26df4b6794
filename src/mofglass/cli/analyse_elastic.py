"""`mofglass analyse elastic`: elastic constants from the cells of a run at constant stress."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.analyse_options import _words, print_summary
from mofglass.cli.options import FINITE, POSITIVE, Command, UserPath, json_option, output_option

if TYPE_CHECKING:
    from mofglass.analysis.elastic_result import ElasticityResult

COMPARED = (
    "bulk_modulus_GPa",
    "young_modulus_GPa",
    "shear_modulus_GPa",
    "poisson_ratio",
    "mean_density_g_per_cm3",
)
"""What is tested for a difference."""


@click.command("elastic", cls=Command)
@click.argument("files", nargs=-1, required=True, type=UserPath(), metavar="FILE...")
@click.option(
    "--temperature",
    "temperature_K",
    type=POSITIVE,
    help="Temperature of the run, K.  [default: as run.yaml says]",
)
@click.option(
    "--against",
    type=UserPath(),
    multiple=True,
    help="Other bodies, e.g. the crystal, whose moduli are tested for a difference (Welch); may be repeated.",
)
@output_option(
    "Directory for CSV tables, PNG and SVG figures, HTML surfaces and summary.json.", directory=True
)
@json_option
@click.option("--start", type=int, help="First cell, from 0; negative counts from the end.")
@click.option("--stop", type=int, help="Cell after the last one; negative counts from the end.")
@click.option("--stride", type=click.IntRange(1), default=1, show_default=True, help="Every how many cells.")
@click.option("--from-ps", type=FINITE, help="First time, ps.  [default: as run.yaml says, or all]")
@click.option("--to-ps", type=FINITE, help="Last time, ps.")
@click.option("--last-ps", type=POSITIVE, help="Only this long a stretch at the end, ps.")
@click.option(
    "--elements",
    metavar="'EL EL ...'",
    help="Element of each atom type, where whole frames are read and the file does not tell.",
)
@click.option("--time-step", type=POSITIVE, help="MD time step, fs, where the file does not tell.")
@click.option("--frame-interval", type=POSITIVE, help="Time between cells, ps, where the file does not tell.")
def command(**options: Any) -> None:
    """Elastic constants (GPa) from the fluctuations of a cell under constant stress.

    FILE is a run directory or its thermo.csv, a CP2K .cell file, a LAMMPS log or dump, extended XYZ or
    H5MD of a run with a fully flexible cell ('cell: tri'): only cells are read. Several FILEs are
    independent glasses: their mean with the error between them, the spread, and each with its own error.

    \b
    mofglass analyse elastic runs/npt --from-ps 500 -o elastic
    mofglass analyse elastic PROJECT-1.cell --temperature 300 --json
    mofglass analyse elastic glass1 glass2 glass3 --against crystal --temperature 300
    """
    from mofglass.plain_json import to_json

    results = [_measure(path, options) for path in options["files"]]
    result = type(results[0]).combine(results) if len(results) > 1 else results[0]
    summary = result.summary()
    if options["against"]:
        others = [_measure(path, options) for path in options["against"]]
        summary["against"] = _differences(results, others)
    written = _write(result, summary, options) if options["output"] is not None else []
    if options["as_json"]:
        click.echo(to_json(summary))
        return
    _print(summary)
    if written:
        click.echo(f"\n{len(written)} files in {options['output']}, the numbers together in {written[-1]}")


def _measure(path: Path, options: dict[str, Any]) -> ElasticityResult:
    """Measure one body."""
    import numpy as np

    from mofglass.analysis.cell_range import chosen_cells
    from mofglass.analysis.frame_range import FrameRange, run_advice
    from mofglass.analysis.strain_fluctuation import StrainFluctuation
    from mofglass.cli.run_temperature import run_temperature
    from mofglass.errors import InputError
    from mofglass.trajectory.cell_series import open_cells

    chosen = FrameRange(
        **{key: options[key] for key in ("start", "stop", "stride", "from_ps", "to_ps", "last_ps")}
    )
    advice = run_advice(path)
    if chosen.is_whole and advice.from_ps is not None:
        chosen = replace(chosen, from_ps=advice.from_ps)
        _tell(
            f"{path}: cells from {advice.from_ps:g} ps on, as its run.yaml says (--from-ps 0: all)", options
        )
    series = open_cells(
        path,
        elements=_words(options["elements"]),
        time_step_fs=options["time_step"],
        frame_interval_ps=options["frame_interval"],
    )
    temperature_K = options["temperature_K"]
    if temperature_K is None:
        is_run = (path / "run.yaml").is_file()
        times_ps = [chunk.time_ps for chunk in chosen_cells(series, chosen)] if is_run else []
        temperature_K = run_temperature(path, np.concatenate(times_ps) if times_ps else None)
    analysis = StrainFluctuation(temperature_K, mass_u=series.mass_u)
    try:
        with _progress(str(path), quiet=options["as_json"]) as progress:
            result = analysis.add_chunks(chosen_cells(series, chosen), progress).result
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path}: {error}") from error
    details = {"file": str(path), "read_as": series.kind, **result.details}
    return replace(result, details=details)


def _differences(results: list[ElasticityResult], others: list[ElasticityResult]) -> dict[str, Any]:
    """Test each modulus of these bodies against the others'."""
    from mofglass.analysis.ensemble_difference import Sample, welch

    def sample(bodies: list[ElasticityResult], name: str) -> Sample:
        values = [body.values.get(name, float("nan")) for body in bodies]
        if len(bodies) > 1:
            return Sample.of_bodies(values)
        return Sample(
            values[0], bodies[0].errors.get(name, float("nan")), bodies[0].details["n_blocks"] - 1.0
        )

    from mofglass.errors import InputError

    tested: dict[str, Any] = {}
    for name in COMPARED:
        try:
            here, there = sample(results, name), sample(others, name)
            found = welch(here, there)
        except InputError:
            continue
        tested[name] = {
            "value": here.mean,
            "other": there.mean,
            "other_error": there.error,
            "difference": found.difference,
            "difference_error": found.error,
            "t": found.t,
            "freedom": found.freedom,
            "p_value": found.p_value,
        }
    return {"files": [body.details["file"] for body in others], "test": "Welch's t, two-sided", **tested}


def _write(result: ElasticityResult, summary: dict[str, Any], options: dict[str, Any]) -> list[Path]:
    """Write tables, figures and, of a stable tensor, its surfaces."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    import numpy as np

    from mofglass.analysis.elastic_surfaces import surfaces_html
    from mofglass.analysis.output import write_results
    from mofglass.trajectory.atomic_write import written_whole

    directory: Path = options["output"]
    shown = ("files", "against", "output", "as_json")
    provenance = {
        "mofglass": version("mofglass"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "trajectories": [str(path) for path in options["files"]],
        "options": {key: value for key, value in options.items() if key not in shown},
        "against": summary.get("against"),
    }
    written = write_results({"elasticity": result}, directory, provenance=provenance)
    if np.isfinite(result.stiffness_GPa).all() and result.tensor.is_stable:
        page = directory / "elasticity_directions.html"
        title = "Elastic constants by direction: " + ", ".join(path.name for path in options["files"][:3])
        with written_whole(page) as temporary:
            temporary.write_text(surfaces_html(result.tensor, title=title), encoding="utf-8")
        written.insert(-1, page)
    return written


def _print(summary: dict[str, Any]) -> None:
    """Print the tensor as a matrix, then the scalars."""
    stiffness, errors = summary.pop("stiffness_GPa"), summary.pop("stiffness_GPa_error")
    if all(value == value for row in stiffness for value in row):
        click.echo("stiffness (GPa), xx yy zz yz xz xy")
        for row, error in zip(stiffness, errors, strict=True):
            click.echo("  ".join(f"{v:8.3f} ± {e:<6.2g}" for v, e in zip(row, error, strict=True)))
    for note in summary.pop("notes"):
        click.echo(f"Warning: {note}", err=True)
    print_summary(summary)


def _tell(note: str, options: dict[str, Any]) -> None:
    if not options["as_json"]:
        click.echo(note, err=True)


@contextmanager
def _progress(name: str, *, quiet: bool) -> Any:
    """Count cells on standard error where somebody watches; yields the callback, or None."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name)
        yield lambda done: bar.update(task, description=f"{name}: {done:,} cells")
