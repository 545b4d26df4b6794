"""The engine beside its peers: LAMMPS alone on the same deck, and ASE's dynamics with the same calculator.

    python benchmarks/engine.py [--duration 1.0] [--threads 1]

Everything the engine adds (frames, thermodynamic rows, guards, checkpoints) is in its time; start-up is not.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ase import units
from ase.build import bulk
from ase.md.velocitydistribution import thermalize_momenta
from ase.md.verlet import VelocityVerlet

from mofglass.potentials.lennard_jones import argon_calculator, argon_through_ase
from mofglass.simulate import Run, RunSettings, create_run, execute, hold
from mofglass.structures import load


def through_mofglass(run: Run, potential: object, threads: int) -> float:
    """Wall time of a run, s."""
    begin = time.perf_counter()
    execute(run, potential=potential, threads=threads, progress=False)  # type: ignore[arg-type]
    return time.perf_counter() - begin


def lammps_alone(run: Run, threads: int) -> float:
    """Wall time that LAMMPS itself reports for the deck's dynamics, s."""
    lmp = Path(sys.prefix) / "bin" / "lmp"
    omp = ["-sf", "omp", "-pk", "omp", str(threads)]
    command = [str(lmp), "-in", "deck.lmp", "-screen", "none", "-log", "alone.log", *omp]
    subprocess.run(command, cwd=run.path, check=True, capture_output=True)
    return float(re.findall(r"Loop time of (\S+)", (run.path / "alone.log").read_text())[-1])


def ase_alone(repeats: int, n_steps: int) -> float:
    """Wall time of ASE's velocity Verlet on Lennard-Jones argon, s."""
    atoms = bulk("Ar", a=5.3, cubic=True).repeat(repeats)
    atoms.calc = argon_calculator()
    thermalize_momenta(atoms, temperature_K=40)
    dynamics = VelocityVerlet(atoms, 0.5 * units.fs)
    dynamics.run(1)
    begin = time.perf_counter()
    dynamics.run(n_steps)
    return time.perf_counter() - begin


def beside_lammps(
    scratch: Path, potential: str, slow_forces_every: int, duration_ps: float, threads: int
) -> None:
    """Print the time of a step of ZIF-4 here and in LAMMPS alone."""

    def made(name: str, length_ps: float) -> Run:
        stage = hold("nvt", duration_ps=length_ps, temperature_K=300)
        settings = RunSettings(slow_forces_every=slow_forces_every)
        path = scratch / f"{potential}-{slow_forces_every}-{name}"
        return create_run(path, load("ZIF-4"), potential, (stage,), settings=settings)

    # The difference of two lengths leaves start-up and the guards' compilation out.
    through_mofglass(made("warm", 0.01), None, threads)
    start_up = through_mofglass(made("start-up", 0.01), None, threads)
    run = made("long", 0.01 + duration_ps)
    ours, alone = through_mofglass(run, None, threads) - start_up, lammps_alone(run, threads)
    n_steps = round(duration_ps * 2000)
    alone *= n_steps / (n_steps + 20)
    how = f", learned forces every {slow_forces_every} steps" if slow_forces_every > 1 else ""
    print(f"ZIF-4, 272 atoms, {potential}{how}, {n_steps} steps of 0.5 fs, {threads} thread(s):")
    print(f"  mofglass {ours / n_steps * 1e3:7.3f} ms/step")
    print(
        f"  lmp      {alone / n_steps * 1e3:7.3f} ms/step   mofglass / lmp = {ours / alone:.2f}", flush=True
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", type=float, default=1.0, help="simulated time of ZIF-4, ps")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for potential, every in (("nb-zif-ff", 1), ("zif4", 1), ("zif4", 2)):
            beside_lammps(Path(scratch), potential, every, arguments.duration, arguments.threads)
        repeats, n_steps = 5, 200
        argon = bulk("Ar", a=5.3, cubic=True).repeat(repeats)
        potential = argon_through_ase()
        short, long = (
            through_mofglass(
                create_run(
                    Path(scratch) / f"argon{steps}",
                    argon,
                    potential,
                    (hold("nve", duration_ps=steps * 5e-4, temperature_K=40, ensemble="nve"),),
                ),
                potential,
                1,
            )
            for steps in (20, 20 + n_steps)
        )
        ours, theirs = long - short, ase_alone(repeats, n_steps)
        print(f"argon, {len(argon)} atoms, ASE's Lennard-Jones, {n_steps} steps of NVE:")
        print(f"  mofglass (fix external) {ours / n_steps * 1e3:7.2f} ms/step")
        print(
            f"  ASE VelocityVerlet      {theirs / n_steps * 1e3:7.2f} ms/step   ratio = {ours / theirs:.2f}"
        )


if __name__ == "__main__":
    main()
