"""Hot dynamics with two atoms of different linkers held close by a spring: frames for the teacher to label.

    python tools/zif4/press_pairs.py pod:fit/model run@-1 run@-60 --pair Zn-Zn 2.6 3.5 -n 60 -o pressed.extxyz
    mofglass dataset label pressed.extxyz -p nequip-archived:MODEL.pth -o pressed --jobs 2

A frame a press: in one of the structures, one of the nearest pairs that do not share a linker is drawn to a
distance of the range in 0.1 ps of Langevin dynamics and held for as long again, all else free. What a run
meets once in nanoseconds, and breaks down at where the fit has not seen it, is so in the data. With --third
the nearest other atom of the pair's second element is drawn to the first one too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from mofglass.cli.structure_argument import open_structure
from mofglass.errors import MofglassError, SimulationError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.calculator import load_into
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.linker_topology import linker_places

SPRING_EV_PER_A2 = 80.0
STEPS, TIME_STEP_PS, DAMPING_PS = 400, 0.0005, 0.05
NEAREST_PAIRS = 6
BROKEN_EV_PER_A = 40.0


def main() -> None:
    """Write the frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("potential")
    parser.add_argument("structures", nargs="+")
    parser.add_argument("--pair", nargs=3, metavar=("PAIR", "FROM_A", "TO_A"), required=True)
    parser.add_argument("--third", action="store_true", help="three atoms: two of the second element")
    parser.add_argument("--temperature", type=float, default=1500.0, help="K")
    parser.add_argument("-n", "--number", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    pair, low, high = arguments.pair
    potential, random = get_potential(arguments.potential), np.random.default_rng(arguments.seed)
    frames = []
    for number in range(arguments.number):
        name = arguments.structures[number % len(arguments.structures)]
        atoms = open_structure(name)
        near = nearest_pairs(atoms, *pair.split("-"))
        one, other = near[random.integers(min(NEAREST_PAIRS, len(near)))]
        pairs = [(one, other)]
        if arguments.third:
            pairs.append(next(found for found in near if found[0] == one and found[1] != other))
        wanted_A = random.uniform(float(low), float(high), len(pairs))
        try:
            frame = pressed(potential, atoms, pairs, wanted_A, arguments.temperature, random)
        except MofglassError as error:
            print(f"{number + 1} of {arguments.number}: {name} left out, {error}", flush=True)
            continue
        if frame is None:
            print(f"{number + 1} of {arguments.number}: {name} left out, it broke down", flush=True)
            continue
        frame.info = {"source": f"pressed {pair}"}
        frames.append(frame)
        reached = ", ".join(
            f"{one}-{other} {frame.get_distance(one, other, mic=True):.2f} Å" for one, other in pairs
        )
        print(f"{number + 1} of {arguments.number}: {reached}", flush=True)
    write(arguments.output, frames)


def nearest_pairs(atoms: Atoms, first: str, second: str) -> list[tuple[int, int]]:
    """Return pairs of two elements that share no linker, the closest first; of one element, both ways."""
    linker = -1 - np.arange(len(atoms))
    for number, places in enumerate(linker_places(atoms)):
        linker[places] = number
    symbols = np.array(atoms.get_chemical_symbols())
    distances = atoms.get_all_distances(mic=True)
    apart = (symbols[:, None] == first) & (symbols == second) & (linker[:, None] != linker)
    found = np.argwhere(apart)
    order = np.argsort(distances[tuple(found.T)], kind="stable")
    return [(int(one), int(other)) for one, other in found[order]]


def pressed(
    potential: Potential,
    atoms: Atoms,
    pairs: list[tuple[int, int]],
    wanted_A: np.ndarray,
    temperature_K: float,
    random: np.random.Generator,
) -> Atoms | None:
    """Return the structure after the atoms were drawn together, or None where that broke it."""
    seed, also = (int(number) for number in random.integers(1, 900_000_000, 2))
    springs = [f"bond {one + 1} {other + 1} {SPRING_EV_PER_A2} {SPRING_EV_PER_A2}" for one, other in pairs]
    now_A = [atoms.get_distance(one, other, mic=True) for one, other in pairs]
    draw = " ".join(f"{spring} {now} {to}" for spring, now, to in zip(springs, now_A, wanted_A, strict=True))
    keep = " ".join(f"{spring} {to} {to}" for spring, to in zip(springs, wanted_A, strict=True))
    lammps = start_lammps()
    load_into(lammps, potential.lammps(atoms))
    for command in (
        f"timestep {TIME_STEP_PS}",
        f"velocity all create {temperature_K} {seed}",
        "fix move all nve",
        f"fix bath all langevin {temperature_K} {temperature_K} {DAMPING_PS} {also}",
        f"fix pull all restrain {draw}",
        f"run {STEPS // 2}",
        f"fix pull all restrain {keep}",
        f"run {STEPS // 2}",
    ):
        try:
            lammps.command(command)
        except Exception as error:  # LAMMPS' own, of no narrower type
            lammps.close()
            raise SimulationError(str(error)) from error
    positions = np.array(lammps.gather_atoms("x", 1, 3)).reshape(-1, 3)
    forces = np.array(lammps.gather_atoms("f", 1, 3))
    lammps.close()
    if not np.abs(forces).max() < BROKEN_EV_PER_A:
        return None
    frame = Atoms(
        atoms.numbers, positions=positions @ LammpsBox.of(atoms).rotation.T, cell=atoms.cell, pbc=True
    )
    frame.wrap()
    return frame


if __name__ == "__main__":
    main()
