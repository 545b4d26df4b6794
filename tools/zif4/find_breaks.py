"""Find what breaks a potential: hot dynamics watched every fs, frames before a break labelled by a teacher.

    python tools/zif4/find_breaks.py --student zif4 --teacher nequip-archived:MODEL.pth \
        --starts ../shared/data/glasses/ZIF4_15glass0[123].cif --minutes 30 --seed 1 -o learned/breaks.extxyz

Runs of at most 2.5 ps start from the structures given and from frames found before; a run has broken when
LAMMPS stops it or a force exceeds 60 eV/Å. Labelled are the last whole frames before a break, or the last
frame and the one with the largest force. Appends to its output, so it may be stopped and started again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from mofglass.errors import MofglassError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.calculator import load_into, make_calculator
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import start_lammps
from mofglass.structures import load

TEMPERATURES_K, SHARES = (300.0, 1500.0, 1800.0, 2100.0), (0.08, 0.42, 0.3, 0.2)
VOLUMES = (0.95, 1.08)
STEPS, WATCH_EVERY, TIME_STEP_PS = 5000, 2, 0.0005
BROKEN_EV_PER_A, LABELLED_BELOW_EV_PER_A = 60.0, 45.0
BACK_FROM_A_BREAK = (0, 1, 3, 8)


def run(lammps: Any, potential: Potential, atoms: Atoms, temperature_K: float, seed: int) -> list[Atoms]:
    """Run until a break or the end; return the frames to label, `info['broke']` saying which it was."""
    load_into(lammps, potential.lammps(atoms))
    box = LammpsBox.of(atoms)
    for command in (
        f"velocity all create {1.6 * temperature_K} {seed} mom yes rot yes dist gaussian",
        f"timestep {TIME_STEP_PS}",
        f"fix heat all langevin {temperature_K} {temperature_K} 0.2 {seed + 1}",
        "fix move all nve",
        "thermo_modify lost error",
    ):
        lammps.command(command)
    kept: list[tuple[np.ndarray, float]] = []
    broke = False
    for k in range(STEPS // WATCH_EVERY):
        try:
            lammps.command(f"run {WATCH_EVERY} {'pre no' if k else ''} post no")
        except Exception:  # LAMMPS' own class, which says no more than that the run is lost
            broke = True
            break
        folded, forces, image = (
            np.array(lammps.gather_atoms(name, kind, 3)).reshape(-1, 3)
            for name, kind in (("x", 1), ("f", 1), ("image", 0))
        )
        largest = float(np.abs(forces).max())
        if not largest < BROKEN_EV_PER_A:
            broke = True
            break
        kept.append(((folded + image @ box.cell) @ box.rotation.T, largest))
    whole = [positions for positions, largest in kept if largest < LABELLED_BELOW_EV_PER_A]
    if broke:
        chosen = [whole[-1 - back] for back in BACK_FROM_A_BREAK if back < len(whole)]
    else:
        chosen = [kept[-1][0], max(kept, key=lambda item: item[1])[0]]
    frames = [
        Atoms(numbers=atoms.numbers, positions=positions, cell=atoms.cell, pbc=True) for positions in chosen
    ]
    for frame in frames:
        frame.info = {"target_T": temperature_K, "broke": broke}
    return frames


def label(teacher: Calculator, frame: Atoms) -> float:
    """Give a frame the teacher's energy, forces and stress; return its largest force component, eV/Å."""
    teacher.calculate(frame)
    results = teacher.results
    frame.calc = SinglePointCalculator(
        frame, energy=results["energy"], forces=results["forces"].copy(), stress=results["stress"].copy()
    )
    return float(np.abs(results["forces"]).max())


def main() -> None:
    """Run, label and append until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--student", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--starts", nargs="+", required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    student, teacher = get_potential(arguments.student), make_calculator(get_potential(arguments.teacher))
    starts = [(name, load(name)) for name in arguments.starts]
    if arguments.output.exists():
        starts += [(str(frame.info["source"]), frame) for frame in read(arguments.output, ":")]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng([arguments.seed, len(starts)])
    lammps = start_lammps()
    until = time.monotonic() + 60.0 * arguments.minutes
    while time.monotonic() < until:
        name, start = starts[random.integers(len(starts))]
        atoms = start.copy()
        atoms.set_cell(atoms.cell * random.uniform(*VOLUMES) ** (1 / 3), scale_atoms=True)
        temperature_K = float(random.choice(TEMPERATURES_K, p=SHARES))
        try:
            frames = run(lammps, student, atoms, temperature_K, int(random.integers(1, 100000)))
        except MofglassError:
            continue  # a linker of the start counts as broken
        for frame in frames:
            frame.info["source"] = Path(name).stem
            if label(teacher, frame) < BROKEN_EV_PER_A:
                write(arguments.output, frame, format="extxyz", append=True)
                starts.append((name, frame))
        print(f"{Path(name).stem} {temperature_K:g} K: {len(frames)} frames", flush=True)


if __name__ == "__main__":
    main()
