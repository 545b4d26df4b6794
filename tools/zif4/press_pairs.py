"""Press atoms of different linkers together in hot dynamics: frames for the teacher to label.

    python tools/zif4/press_pairs.py pod:fit/model run@-1 run@-60 --atoms Zn-Zn 2.6 3.5 -o pressed.extxyz
    mofglass dataset label pressed.extxyz -p nequip-archived:MODEL.pth -o pressed --jobs 2

What `press:` in learn.yaml does in each iteration (docs/learning.md), here from structures and a model of
one's own choice: --atoms Zn-H-H draws two hydrogens to a zinc atom.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ase.io import write

from mofglass.cli.structure_argument import open_structure
from mofglass.studies.pressing import Press, Pressing, Task


def main() -> None:
    """Write the frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("potential")
    parser.add_argument("structures", nargs="+")
    parser.add_argument("--atoms", nargs=3, metavar=("ATOMS", "FROM_A", "TO_A"), required=True)
    parser.add_argument("--temperature", type=float, default=1500.0, help="K")
    parser.add_argument("-n", "--number", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    atoms, low, high = arguments.atoms
    pressing = Pressing(
        atoms=atoms,
        distance_A=(float(low), float(high)),
        temperature_K=arguments.temperature,
        frames=arguments.number,
    )
    press = Press(arguments.potential, max_force_eV_per_A=60.0, min_distance_A=0.7)
    frames = []
    for number in range(pressing.frames):
        name = arguments.structures[number % len(arguments.structures)]
        structure = open_structure(name)
        structure.info = {"source": Path(name).name, "run": name}
        frame = press(Task(number, pressing, structure, 1000 * arguments.seed + number))
        print(f"{number + 1} of {pressing.frames}: {name}{'' if frame else ' left out'}", flush=True)
        frames += [frame] if frame else []
    write(arguments.output, frames)


if __name__ == "__main__":
    main()
