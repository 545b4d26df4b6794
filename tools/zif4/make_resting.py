"""Relax structures with a fit, or warm them to 300 K, at random volumes: frames for the teacher to label.

python tools/zif4/make_resting.py pod:trained/model -n 24 --seed 1 -o resting.extxyz ZIF-4 glass01.cif
mofglass dataset label resting.extxyz -p nequip-archived:MODEL.pth -o resting --jobs 2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import thermalize_momenta
from ase.optimize import LBFGS

from mofglass.errors import MofglassError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.structures import load

VOLUMES = (0.92, 1.12)
HELD_OUT = (1.090, 1.105)
WARM = 0.4
"""Share of the frames that are warmed."""


def main() -> None:
    """Write the frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("potential")
    parser.add_argument("structures", nargs="+")
    parser.add_argument("-n", "--number", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    calculator = make_calculator(get_potential(arguments.potential))
    random = np.random.default_rng(arguments.seed)
    frames = []
    for number in range(arguments.number):
        name = arguments.structures[number % len(arguments.structures)]
        volume = random.uniform(*VOLUMES)
        while HELD_OUT[0] <= volume <= HELD_OUT[1]:
            volume = random.uniform(*VOLUMES)
        atoms = load(name)
        atoms.set_cell(atoms.cell.array * np.cbrt(volume), scale_atoms=True)
        atoms.rattle(0.03, rng=np.random.RandomState(random.integers(2**31)))
        atoms.calc = calculator
        kind = "300 K" if random.random() < WARM else "at rest"
        try:
            _settle(atoms, kind, random)
        except MofglassError as error:
            print(f"{number + 1} of {arguments.number}: {Path(name).stem} left out, {error}", flush=True)
            continue
        frame = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
        frame.wrap()
        frame.info = {"source": f"{Path(name).stem} {kind}", "volume_factor": round(volume, 4)}
        frames.append(frame)
        print(
            f"{number + 1} of {arguments.number}: {frame.info['source']}, volume times {volume:.3f}",
            flush=True,
        )
    write(arguments.output, frames, format="extxyz")


def _settle(atoms: Atoms, kind: str, random: np.random.Generator) -> None:
    if kind == "at rest":
        LBFGS(atoms, logfile=None, maxstep=0.1).run(fmax=0.01, steps=600)
        return
    thermalize_momenta(atoms, temperature_K=500, rng=random)
    Langevin(atoms, 0.5 * units.fs, temperature_K=300, friction=0.02 / units.fs, fixcm=False, rng=random).run(
        1500
    )


if __name__ == "__main__":
    main()
