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
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from mofglass.potentials.lennard_jones import argon_calculator, argon_through_ase
from mofglass.simulate import Run, create_run, execute, hold
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
    MaxwellBoltzmannDistribution(atoms, temperature_K=40)
    dynamics = VelocityVerlet(atoms, 0.5 * units.fs)
    dynamics.run(1)
    begin = time.perf_counter()
    dynamics.run(n_steps)
    return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", type=float, default=1.0, help="simulated time of nb-ZIF-FF, ps")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        n_steps = round(arguments.duration * 2000)
        stages = (hold("nvt", duration_ps=arguments.duration, temperature_K=300),)
        warm = (hold("nvt", duration_ps=0.01, temperature_K=300),)
        crystal = load("ZIF-4")
        # The difference of two lengths leaves start-up and the guards' compilation out.
        base = create_run(Path(scratch) / "warm", crystal, "nb-zif-ff", warm)
        through_mofglass(base, None, arguments.threads)
        again = create_run(Path(scratch) / "warm2", crystal, "nb-zif-ff", warm)
        start_up = through_mofglass(again, None, arguments.threads)
        run = create_run(Path(scratch) / "zif4", crystal, "nb-zif-ff", stages)
        ours = through_mofglass(run, None, arguments.threads) - start_up
        alone = lammps_alone(run, arguments.threads)
        print(f"ZIF-4, 272 atoms, nb-ZIF-FF, {n_steps} steps, {arguments.threads} thread(s):")
        print(f"  mofglass {ours / n_steps * 1e3:7.3f} ms/step")
        print(f"  lmp      {alone / n_steps * 1e3:7.3f} ms/step   mofglass / lmp = {ours / alone:.2f}")

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
