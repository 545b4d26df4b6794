"""What `bulk-modulus` and `elastic-constants` share: options, the cost of a plan, and showing the result."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.analyse_options import _print_summary
from mofglass.cli.options import (
    DURATION,
    POSITIVE,
    json_option,
    output_option,
    potential_option,
    supercell_option,
    together,
)

if TYPE_CHECKING:
    from ase import Atoms

    from mofglass.result import Result
    from mofglass.simulate import Run, RunSettings
    from mofglass.studies.melt_quench import PlannedRun

study_options = together(
    click.argument("structures", nargs=-1, required=True, metavar="STRUCTURE..."),
    potential_option,
    supercell_option,
    click.option(
        "--thermostat", type=click.Choice(["nose-hoover", "csvr", "langevin"]), default="nose-hoover"
    ),
    click.option("--time-step", type=POSITIVE, default=0.5, show_default=True, help="Time step, fs."),
    click.option(
        "--dry-run", is_flag=True, help="Print the runs or structures and their measured cost, and end."
    ),
    click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Random seed."),
    click.option(
        "--thermo-interval",
        type=POSITIVE,
        default=0.05,
        show_default=True,
        help="Time between pressures and cells kept, ps.",
    ),
    click.option(
        "--frame-interval",
        type=POSITIVE,
        default=1.0,
        show_default=True,
        help="Time between frames of the trajectory, ps.",
    ),
    click.option("--at-once", type=click.IntRange(1), help="Runs side by side.  [default: one a core]"),
    click.option("--threads", type=click.IntRange(1), help="OpenMP threads of each.  [default: shared out]"),
    click.option(
        "--walltime",
        type=DURATION,
        help="Stop at checkpoints after this wall time; the same command goes on.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
    click.option(
        "--against",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Directory of another study, e.g. the crystal's: its moduli are tested (Welch).",
    ),
    output_option("Directory of the study: its runs, and the results in 'analysis'.", directory=True),
    json_option,
)
"""Options of both commands."""

static_options = together(
    click.option(
        "--ions",
        type=click.Choice(["relaxed", "clamped"]),
        default="relaxed",
        show_default=True,
        help="Whether ions relax in each strained cell (at 0 K).",
    ),
    click.option(
        "--relax-cell", is_flag=True, help="First relax the cell to zero stress (at 0 K; 0.002 GPa)."
    ),
    click.option(
        "--force-tolerance",
        type=POSITIVE,
        default=0.005,
        show_default=True,
        help="Largest force left by a relaxation, eV/Å.",
    ),
    click.option(
        "--max-steps", type=click.IntRange(1), default=500, show_default=True, help="Steps of a relaxation."
    ),
)
"""Options of calculations at rest."""


def open_structures(options: Mapping[str, Any]) -> list[tuple[str, Atoms, Path | None]]:
    """Load the structures and say where each one's study goes.

    Parameters
    ----------
    options : mapping
        Values of `study_options`.

    Returns
    -------
    list of (str, ase.Atoms, Path or None)
        Title, structure and directory; several structures have directories ``01``, ``02`` and on.
    """
    from mofglass.structures import load

    output, names = options["output"], options["structures"]
    if output is None and not options["dry_run"]:
        raise click.UsageError("say where the study goes, as in  -o studies/zif-4")
    found = []
    for number, name in enumerate(names, start=1):
        directory = output if output is None or len(names) == 1 else output / f"{number:02d}"
        title = Path(name).stem if Path(name).is_file() else name
        found.append((title, load(name).repeat(options["supercell"]), directory))
    return found


def run_settings(options: Mapping[str, Any]) -> RunSettings:
    """Return the settings of the study's runs.

    Parameters
    ----------
    options : mapping
        Values of `study_options`.

    Returns
    -------
    RunSettings
        Seed and intervals.
    """
    from mofglass.simulate import RunSettings

    return RunSettings(
        seed=options["seed"],
        frame_interval_ps=options["frame_interval"],
        thermo_interval_ps=options["thermo_interval"],
    )


def relaxation(options: Mapping[str, Any]) -> Any:
    """Return how ions are relaxed.

    Parameters
    ----------
    options : mapping
        Values of `static_options`.

    Returns
    -------
    Relaxation
        As asked for.
    """
    from mofglass.studies.static_points import Relaxation

    return Relaxation(
        ions=options["ions"] == "relaxed",
        force_tolerance_eV_per_A=options["force_tolerance"],
        max_steps=options["max_steps"],
    )


def print_cost(planned: Sequence[PlannedRun], options: Mapping[str, Any]) -> None:
    """Print the runs and what they cost on this machine, measured.

    Parameters
    ----------
    planned : sequence of PlannedRun
        All of the study.
    options : mapping
        Values of `study_options`.
    """
    from mofglass.studies.melt_quench import disk_bytes, seconds_per_step
    from mofglass.studies.side_by_side import cores

    for item in planned:
        click.echo(
            f"{item.directory}: {item.title}, {len(item.atoms)} atoms, {len(item.protocol)} stages, "
            f"{item.duration_ps:g} ps, {item.n_steps:,} steps"
        )
    at_once = min(options["at_once"] or cores(), len(planned))
    threads = options["threads"] or max(1, cores() // at_once)
    per_step = seconds_per_step(planned[0].atoms, options["potential"], threads=threads)
    steps = sum(item.n_steps for item in planned)
    longest = max(item.n_steps for item in planned)
    wall_s = per_step * max(longest, steps / at_once)
    click.echo(
        f"all: {steps:,} steps; about {timedelta(seconds=round(wall_s))} here at {per_step * 1e3:.2f} ms "
        f"a step, {at_once} at a time on {threads} threads each; "
        f"{sum(disk_bytes(item) for item in planned) / 1e6:.1f} MB of trajectories"
    )


def print_static_cost(atoms: Atoms, n_structures: int, options: Mapping[str, Any]) -> None:
    """Print how many structures are computed and what one evaluation costs, measured.

    Parameters
    ----------
    atoms : ase.Atoms
        One of them.
    n_structures : int
        How many.
    options : mapping
        Values of `study_options` and `static_options`.
    """
    import time

    from mofglass.potentials import get_potential
    from mofglass.potentials.calculator import make_calculator

    copy = atoms.copy()
    copy.calc = make_calculator(get_potential(options["potential"]))
    copy.get_potential_energy()
    copy.rattle(1e-4, seed=1)
    begin = time.monotonic()
    copy.get_potential_energy()
    each = time.monotonic() - begin
    if options["ions"] == "clamped":
        words = f"{n_structures} evaluations, about {timedelta(seconds=round(n_structures * each))}"
    else:
        words = (
            f"relaxed in at most {options['max_steps']} steps each: about "
            f"{timedelta(seconds=round(n_structures * 40 * each))} if one takes 40, at most "
            f"{timedelta(seconds=round(n_structures * options['max_steps'] * each))}"
        )
    click.echo(f"{n_structures} structures of {len(atoms)} atoms at {each:.3g} s an evaluation here: {words}")


def say(options: Mapping[str, Any]) -> Callable[[str], None]:
    """Return what tells progress on standard error.

    Parameters
    ----------
    options : mapping
        Values of `study_options`.

    Returns
    -------
    callable
        Prints a line, or nothing where nobody watches.
    """
    quiet = options["quiet"] or options["as_json"] or not sys.stderr.isatty()
    return (lambda _words: None) if quiet else (lambda words: click.echo(words, err=True))


def all_done(runs: Sequence[Run], options: Mapping[str, Any]) -> bool:
    """Tell whether all runs are at their ends, and say how to go on where not.

    Parameters
    ----------
    runs : sequence of Run
        Of the study.
    options : mapping
        Values of `study_options`.

    Returns
    -------
    bool
        False where one was stopped.
    """
    unfinished = [run for run in runs if run.state != "done"]
    for run in unfinished:
        click.echo(f"{run.path}: {run.state}", err=True)
    if unfinished:
        click.echo("the same command goes on", err=True)
    return not unfinished


def show(results: Sequence[Result], key: str, options: Mapping[str, Any], material: str) -> None:
    """Write the result, average over several structures, and print it beside published numbers.

    Parameters
    ----------
    results : sequence of Result
        One a structure.
    key : str
        Name of the files.
    options : mapping
        Values of `study_options`.
    material : str
        What it is of, e.g. ``ZIF-4``; published values are shown for a material on record.
    """
    from datetime import UTC, datetime
    from importlib.metadata import version

    from mofglass.analysis.output import write_results
    from mofglass.plain_json import to_json

    result: Any = type(results[0]).combine(results) if len(results) > 1 else results[0]  # type: ignore[attr-defined]
    summary = result.summary()
    if options["against"] is not None:
        summary["against"] = differences(summary, options["against"], key)
    summary["published"] = published(material)
    provenance = {
        "mofglass": version("mofglass"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "trajectories": list(options["structures"]),
        "options": {name: str(value) for name, value in options.items() if name not in ("as_json", "output")},
    }
    written = write_results({key: result}, options["output"] / "analysis", provenance=provenance)
    if options["as_json"]:
        click.echo(to_json(summary))
        return
    rows = summary.pop("published")
    for note in summary.pop("notes"):
        click.echo(f"Warning: {note}", err=True)
    summary.pop("stiffness_GPa_error", None)
    for row in summary.pop("stiffness_GPa", ()):
        click.echo("  ".join(f"{value:9.3f}" for value in row))
    _print_summary(summary)
    if rows:
        click.echo(f"\npublished for {material}")
        for row in rows:
            error = "" if row["error"] is None else f" ± {row['error']:g}"
            click.echo(
                f"  {row['title']}, {row['system']}: {row['value']:g}{error} {row['unit']}  "
                f"({row['method']}; {row['source']}, {row['where']})"
            )
    click.echo(f"\n{len(written)} files in {options['output'] / 'analysis'}")


def differences(summary: Mapping[str, Any], study: Path, key: str) -> dict[str, Any]:
    """Test the moduli for a difference from another study's.

    Parameters
    ----------
    summary : mapping
        Of this study.
    study : Path
        Directory of the other.
    key : str
        Name of the result in its ``summary.json``.

    Returns
    -------
    dict
        Welch's test of each modulus that both have with an error.

    Raises
    ------
    InputError
        When the other study holds no such result.
    """
    import numpy as np

    from mofglass.analysis.ensemble_difference import Sample, welch
    from mofglass.errors import InputError

    path = study / "analysis" / "summary.json"
    try:
        other = json.loads(path.read_text())[key]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} holds no result '{key}': finish that study first") from error

    def sample(of: Mapping[str, Any], name: str) -> Sample:  # numpydoc ignore=GL08
        freedom = of["n_glasses"] - 1 if of["n_glasses"] > 1 else _freedom(of)
        mean, error = (of.get(name), of.get(f"{name}_error"))
        return Sample(np.nan if mean is None else mean, np.nan if error is None else error, float(freedom))

    tested: dict[str, Any] = {}
    for name in ("bulk_modulus_GPa", "young_modulus_GPa", "shear_modulus_GPa", "poisson_ratio", *_DENSITIES):
        try:
            found = welch(sample(summary, name), sample(other, name))
        except InputError:
            continue
        tested[name] = {
            "other": other[name],
            "other_error": other[f"{name}_error"],
            "difference": found.difference,
            "difference_error": found.error,
            "t": found.t,
            "freedom": found.freedom,
            "p_value": found.p_value,
        }
    return {"study": str(study), "test": "Welch's t, two-sided", **tested}


_DENSITIES = ("zero_pressure_density_g_per_cm3", "mean_density_g_per_cm3")


def _freedom(summary: Mapping[str, Any]) -> float:
    """Return how many degrees of freedom the error of one body has: blocks of time, or points of a fit."""
    if "n_blocks" in summary:
        return float(summary["n_blocks"] - 1)
    return float(summary.get("fitted_points", 1) - 2)


def published(material: str) -> list[dict[str, Any]]:
    """Return the published elastic moduli of a material, and its densities at zero pressure.

    Parameters
    ----------
    material : str
        E.g. ``ZIF-4``.

    Returns
    -------
    list of dict
        As `PublishedValue.to_dict`; empty where none is on record.
    """
    from mofglass.literature.published import find

    keys = ("bulk_modulus", "young_modulus", "shear_modulus", "poisson_ratio", "density")
    return [
        value.to_dict()
        for key in keys
        for value in find(key)
        if (key != "density" or "zero pressure" in value.method)
        and value.material.lower() == material.lower()
        and value.compare
        and value.system in ("crystal", "glass")
    ]
