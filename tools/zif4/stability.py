"""Hold structures at 1500 K with several seeds and count the runs that break down; started again, it goes on.

python tools/zif4/stability.py --potential zif4 --seeds 10 --ps 100 --jobs 2 -o stability ZIF-4 glass.cif
python tools/zif4/stability.py --temperature 2000 --ps 8 --quench 200 --seeds 4 -o quenched ZIF-4
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mofglass.analysis.coordination import Coordination
from mofglass.analysis.linkers import Linkers
from mofglass.errors import SimulationError
from mofglass.simulate import Dynamics, Guards, Run, RunSettings, create_run
from mofglass.structures import load
from mofglass.studies.side_by_side import execute_side_by_side

FRAME_INTERVAL_PS = 0.1


def main() -> None:
    """Run, and print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("structures", nargs="+")
    parser.add_argument("--potential", default="zif4")
    parser.add_argument("--temperature", type=float, default=1500.0, help="K")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--ps", type=float, default=100.0)
    parser.add_argument(
        "--quench",
        type=float,
        help="K/ps: then cool to 300 K, and hold that for 10 ps; glasses have holes too",
    )
    parser.add_argument("--walltime", type=float, help="stop after so many seconds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    stage = Dynamics(
        name="hold",
        duration_ps=arguments.ps,
        temperature_K=arguments.temperature,
        thermostat="csvr",
        time_step_fs=0.5,
        temperature_damping_steps=200,
    )
    stages: tuple[Dynamics, ...] = (stage,)
    if arguments.quench is not None:
        cool_ps = (arguments.temperature - 300) / arguments.quench
        cool = replace(stage, name="quench", duration_ps=cool_ps, end_temperature_K=300.0)
        stages += (cool, replace(stage, name="glass", duration_ps=10.0, temperature_K=300.0))
    runs = []
    for seed in range(1, arguments.seeds + 1):
        path = arguments.output / f"seed-{seed:02d}"
        if (path / "run.yaml").exists():
            runs.append(Run(path))
            continue
        name = arguments.structures[(seed - 1) % len(arguments.structures)]
        settings = RunSettings(
            seed=seed, frame_interval_ps=FRAME_INTERVAL_PS, guards=Guards(max_broken_linkers=0.5)
        )
        record = {"structure_name": Path(name).stem}
        runs.append(
            create_run(path, load(name), arguments.potential, stages, settings=settings, record=record)
        )
    try:
        execute_side_by_side(
            runs, arguments.potential, at_once=arguments.jobs, threads=1, walltime_s=arguments.walltime
        )
    except SimulationError as error:
        print(error)
    for run in runs:
        thermo = run.thermo()
        last_ps = float(thermo["time_ps"].iloc[-1]) if len(thermo) else 0.0
        line = f"{run.path.name}  {run.info['structure_name']:16} {last_ps:8.2f} ps  {run.state}"
        print(f"{line}  {melt(run)}" if last_ps > 0 else line, flush=True)


def melt(run: Run) -> str:
    """Return temperature and coordination of zinc in the second half of the hold, and what broke at all."""
    thermo, frames = run.thermo(), run.trajectory()
    thermo = thermo[thermo["stage"] == "hold"]
    held = int((thermo["time_ps"].iloc[-1] - thermo["time_ps"].iloc[0]) / FRAME_INTERVAL_PS)
    later = thermo[thermo["time_ps"] > thermo["time_ps"].iloc[-1] / 2]
    coordination = Coordination().compute(frames[held // 2 : held + 1 : 5]).result.mean_coordination
    counts = Linkers().compute(frames[::5]).result.to_dataframe()
    return (
        f"{later['temperature_K'].mean():.0f} K, Zn-N {coordination:.2f}, "
        f"linkers broken at most {counts['n_broken'].max()}, at the end {counts['n_broken'].iloc[-1]}"
    )


if __name__ == "__main__":
    main()
