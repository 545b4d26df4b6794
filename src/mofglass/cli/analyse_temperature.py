"""`mofglass analyse temperature-series`."""

from __future__ import annotations

from typing import Any

import click

from mofglass.cli.analyse_options import frames_options, jobs_option, open_frames, show_results
from mofglass.cli.options import POSITIVE, Command


@click.command("temperature-series", cls=Command)
@frames_options
@jobs_option
@click.option(
    "--temperature",
    "temperatures_K",
    type=POSITIVE,
    multiple=True,
    help="Temperature, K, of each TRAJ in turn.  [default: as run.yaml says]",
)
@click.option(
    "--window",
    "window_K",
    type=POSITIVE,
    help="Divide one heating run into stretches of this change of temperature, K, by its thermo.csv.",
)
@click.option(
    "--stage",
    "stages",
    multiple=True,
    help="Stage to divide; repeatable.  [default: what heats most]",
)
@click.option("--metal", default="Zn", show_default=True, help="The metal.")
@click.option("--cutoff", type=POSITIVE, default=2.5, show_default=True, help="Metal-nitrogen cut-off, Å.")
@click.option(
    "--lag-ps", type=POSITIVE, help="Time of the displacements, ps.  [default: the longest that all have]"
)
def command(**options: Any) -> None:
    """Against temperature: FWHM of first peaks, Lindemann ratio, √MSD by element, density, coordination.

    Several TRAJ, each at its own temperature, or with --window one heating run in stretches.
    """
    from mofglass.analysis.pipeline import Measurement, measure_glasses
    from mofglass.analysis.temperature_series import (
        TemperaturePoint,
        temperature_series,
        temperature_set,
    )

    analyses = temperature_set(
        metal=options["metal"], cutoff_A=options["cutoff"], frame_interval_ps=options["frame_interval"]
    )
    points = []
    skipped: dict[str, str] = {}
    for temperature_K, source, trajectory in _windows(options) if options["window_K"] else _runs(options):
        measured = measure_glasses(
            [trajectory], analyses, strict=False, n_threads=options["threads"], jobs=options["jobs"]
        )
        points.append(TemperaturePoint(temperature_K, source, measured.results))
        skipped |= {f"{source}: {name}": reason for name, reason in measured.skipped.items()}
    result = temperature_series(points, lag_ps=options["lag_ps"])
    if not options["as_json"]:
        for what, reason in skipped.items():
            click.echo(f"{what}: {reason}", err=True)
    show_results(Measurement({"temperature_series": result}, skipped), options)


def _runs(options: dict[str, Any]) -> list[tuple[float, str, Any]]:
    """Temperature, name and frames of each trajectory."""
    from mofglass.cli.run_temperature import run_temperature
    from mofglass.errors import InputError

    given = options["temperatures_K"]
    paths = options["trajectories"]
    if given and len(given) != len(paths):
        raise click.UsageError(f"{len(given)} temperatures for {len(paths)} TRAJ: give one each")
    frames = open_frames(options)
    rows = []
    for place, (path, trajectory) in enumerate(zip(paths, frames.trajectories, strict=True)):
        try:
            temperature_K = given[place] if given else run_temperature(path, trajectory.time_ps)
        except InputError as error:
            raise click.UsageError(f"{error} for each TRAJ, or --window for a heating run") from error
        rows.append((temperature_K, str(path), trajectory))
    return rows


def _windows(options: dict[str, Any]) -> list[tuple[float, str, Any]]:
    """Temperature, name and frames of each stretch of the one heating run."""
    from mofglass.analysis.frame_range import FrameRange
    from mofglass.analysis.temperature_series import temperature_windows

    if len(options["trajectories"]) != 1 or options["temperatures_K"]:
        raise click.UsageError("--window divides one run, and takes its temperatures from its thermo.csv")
    (run,) = options["trajectories"]
    # All frames of the run: its run.yaml names one stage only.
    chosen = options if options["from_ps"] is not None else {**options, "from_ps": 0.0}
    (trajectory,) = open_frames(chosen).trajectories
    windows = temperature_windows(run / "thermo.csv", options["window_K"], stages=options["stages"])
    return [
        (
            window.temperature_K,
            f"{window.stage}, {window.from_ps:g} to {window.to_ps:g} ps",
            FrameRange(from_ps=window.from_ps, to_ps=window.to_ps).of(trajectory),
        )
        for window in windows
    ]
