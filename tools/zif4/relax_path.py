"""Relax the ions of structures with the teacher, from a fit's Hessian; every step is a labelled frame.

python tools/zif4/relax_path.py pod:trained/model nequip-archived:MODEL.pth -o paths.extxyz small.cif
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.studies.curvature import bfgs_from


def main() -> None:
    """Write the frames, one as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("fit")
    parser.add_argument("teacher")
    parser.add_argument("structures", nargs="+")
    parser.add_argument("--force-tolerance", type=float, default=0.004, help="eV/Å")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    fit, teacher = (make_calculator(get_potential(name)) for name in (arguments.fit, arguments.teacher))
    for name in arguments.structures:
        atoms = read(name)
        assert isinstance(atoms, Atoms)
        atoms.calc = teacher
        optimiser = bfgs_from(atoms, fit)
        for _ in optimiser.irun(fmax=arguments.force_tolerance, steps=150):
            frame = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
            frame.info["source"] = f"{Path(name).stem} relaxing"
            labels = {key: teacher.results[key] for key in ("energy", "forces", "stress")}
            frame.calc = SinglePointCalculator(frame, **labels)
            write(arguments.output, frame, format="extxyz", append=True)
            force = np.linalg.norm(labels["forces"], axis=1).max()
            print(f"{name} step {optimiser.nsteps}: {labels['energy']:.4f} eV, {force:.4f} eV/Å", flush=True)


if __name__ == "__main__":
    main()
