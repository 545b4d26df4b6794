"""Run labelled frames on for a picosecond or two by a fit, each at its temperature, for the teacher to label.

    python tools/zif4/make_dynamics.py train.extxyz ZIF-4 -n 120 --ps 1.5 --frames 2 -o dynamics
    mofglass dataset label dynamics/frames.extxyz -p nequip-archived:MODEL.pth -o dynamics/labels --jobs 2

Starts are drawn at random from files of several frames (their `temperature_K` holds where they have one); a
structure by name starts from its atoms at rest, at a random temperature. Volumes are drawn again as well.
Stopped, the same command goes on: finished runs are kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from mofglass.errors import MofglassError, SimulationError
from mofglass.simulate import Dynamics, Guards, Run, RunSettings, create_run
from mofglass.structures import load
from mofglass.studies.side_by_side import execute_side_by_side

TEMPERATURES_K = (300.0, 2000.0)
HELD_OUT_K = (850.0, 950.0)
VOLUME_FACTORS = (0.97, 1.05)


def main() -> None:
    """Run, and write the frames of all that held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("starts", nargs="+")
    parser.add_argument("--potential", default="zif4")
    parser.add_argument("-n", "--number", type=int, default=100)
    parser.add_argument("--ps", type=float, default=1.5)
    parser.add_argument("--frames", type=int, default=2, help="of each run, evenly spaced, the last one too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    pools = [read(name, ":") if Path(name).is_file() else [load(name)] for name in arguments.starts]
    runs = []
    for number in range(arguments.number):
        path = arguments.output / f"run-{number + 1:03d}"
        if (path / "run.yaml").exists():
            runs.append(Run(path))
            continue
        random = np.random.default_rng([arguments.seed, number])
        pool = pools[number % len(pools)]
        source = Path(arguments.starts[number % len(pools)]).stem
        try:
            runs.append(_begin(path, pool[random.integers(len(pool))], source, random, arguments))
        except MofglassError as error:
            print(f"{path.name} left out: {error}", flush=True)
    waiting = [run for run in runs if not run.state.startswith("failed")]
    try:
        execute_side_by_side(waiting, arguments.potential, at_once=arguments.jobs, threads=1)
    except SimulationError as error:
        print(error)
    done = [run for run in runs if run.is_finished]
    frames = [atoms for run in done for atoms in _frames(run)]
    write(arguments.output / "frames.extxyz", frames, format="extxyz")
    print(f"{len(frames)} frames of {len(done)} of {len(runs)} runs: {arguments.output / 'frames.extxyz'}")


def _begin(
    path: Path, start: Atoms, source: str, random: np.random.Generator, arguments: argparse.Namespace
) -> Run:
    temperature = float(start.info.get("temperature_K", 0.0)) or random.uniform(*TEMPERATURES_K)
    while HELD_OUT_K[0] < temperature < HELD_OUT_K[1]:
        temperature = random.uniform(*TEMPERATURES_K)
    atoms = Atoms(start.numbers, positions=start.positions, cell=start.cell, pbc=True)
    atoms.set_cell(atoms.cell.array * np.cbrt(random.uniform(*VOLUME_FACTORS)), scale_atoms=True)
    stage = Dynamics(
        name="hold",
        duration_ps=arguments.ps,
        temperature_K=temperature,
        thermostat="csvr",
        temperature_damping_steps=200,
    )
    settings = RunSettings(
        seed=int(random.integers(1, 10**8)),
        frame_interval_ps=arguments.ps / arguments.frames,
        guards=Guards(max_broken_linkers=0.5),
    )
    record = {"source": str(start.info.get("source", source)), "temperature_K": temperature}
    return create_run(path, atoms, arguments.potential, (stage,), settings=settings, record=record)


def _frames(run: Run) -> list[Atoms]:
    frames, drawn = [], run.info
    for frame in run.trajectory()[1:]:
        atoms = frame.to_atoms()
        kept = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
        kept.wrap()
        kept.info = {"source": f"dynamics {drawn['source']}", "temperature_K": drawn["temperature_K"]}
        frames.append(kept)
    return frames


if __name__ == "__main__":
    main()
