"""NequIP and Allegro: a step of dynamics as mofglass computes it and as NequIP's own ASE calculator does.

    .venv/bin/python benchmarks/networks.py
    .venv/bin/python benchmarks/networks.py --potential allegro=model.nequip.zip

Both are compiled by AOTInductor for this processor: theirs by `nequip-compile --mode aotinductor --target
ase`, ours with the tensor products written out, and with a neighbour list that is kept between steps. Without
--potential two small networks are trained for one epoch on four rattled crystals first, since cost does not
depend on weights. One core, ZIF-4 of 272 atoms moved by 0.001 Å between calls, in turn; the least of 40.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from ase import Atoms
from ase.io import write

from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.nequip import NequIPPotential
from mofglass.structures import load

CUTOFFS_A = {
    "H": {"H": 3.0, "C": 3.5, "N": 3.5, "Zn": 4.0},
    "C": {"H": 3.5, "C": 4.5, "N": 4.5, "Zn": 5.0},
    "N": {"H": 3.5, "C": 4.5, "N": 4.5, "Zn": 5.0},
    "Zn": {"H": 4.0, "C": 5.0, "N": 5.0, "Zn": 6.0},
}
NETWORKS: dict[str, dict[str, Any]] = {
    "nequip": {"layers": 2, "features": [32, 16], "radial_mlp_width": 32},
    "allegro": {"layers": 2, "scalar_features": 32, "tensor_features": 8, "mlp_width": 32},
}
N_CALLS = 40


def write_frames(folder: Path) -> None:
    """Write rattled crystals labelled by `zif4`, three to train and one to validate."""
    teacher = make_calculator(get_potential("zif4"))
    frames = []
    for seed in range(4):
        atoms = load("ZIF-4")
        atoms.rattle(0.05, seed=seed)
        atoms.calc = teacher
        atoms.get_forces()
        frames.append(atoms)
    write(folder / "train.extxyz", frames[:-1])
    write(folder / "validation.extxyz", frames[-1:])


def trained(trainer: str, folder: Path) -> Path:
    """Train a network for one epoch; return its package."""
    common = {"r_max_A": 6.0, "edge_cutoffs_A": CUTOFFS_A, "epochs": 1, "batch_size": 2}
    config = {
        "trainer": trainer,
        "train": ["train.extxyz"],
        "validation": ["validation.extxyz"],
        trainer: common | NETWORKS[trainer],
    }
    (folder / f"{trainer}.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "mofglass", "train", str(folder / f"{trainer}.yaml")]
    subprocess.run([*command, "-o", str(folder / trainer)], check=True, capture_output=True)
    return folder / trainer / "model.nequip.zip"


def their_calculator(package: Path, folder: Path) -> Any:
    """Compile a package as NequIP's manual says, and load it."""
    from nequip.integrations.ase import NequIPCalculator

    compiled = folder / f"{package.parent.name}-{package.stem}.nequip.pt2"
    command = [sys.executable, "-m", "nequip.scripts.compile", str(package), str(compiled)]
    command += ["--mode", "aotinductor", "--device", "cpu", "--target", "ase"]
    subprocess.run(command, check=True, capture_output=True)
    return NequIPCalculator.from_compiled_model(str(compiled), device="cpu")


def seconds(calculators: dict[str, Any], atoms: Atoms) -> dict[str, float]:
    """Return the least time of a call of each, taken in turn."""
    random = np.random.default_rng(1)
    times: dict[str, list[float]] = {name: [] for name in calculators}
    for _ in range(N_CALLS + 3):
        atoms.positions += random.normal(scale=1e-3 / np.sqrt(3), size=atoms.positions.shape)
        for name, calculator in calculators.items():
            start = time.perf_counter()
            calculator.calculate(atoms, ["energy", "forces", "stress"])
            times[name].append(time.perf_counter() - start)
    return {name: min(values[3:]) for name, values in times.items()}


def main() -> None:
    """Train, compile, time, and print a line a network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--potential", action="append", metavar="NAME=FILE", help="a package (.nequip.zip)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    atoms = load("ZIF-4")
    atoms.rattle(0.05, seed=7)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.potential:
            packages = {name: Path(path) for name, path in (t.split("=", 1) for t in arguments.potential)}
        else:
            write_frames(folder)
            packages = {trainer: trained(trainer, folder) for trainer in NETWORKS}
        print(f"{'network':24s}{'mofglass, µs/atom':>20s}{'nequip, µs/atom':>18s}{'ratio':>8s}")
        for label, path in packages.items():
            calculators = {
                "mofglass": NequIPPotential(path).calculator_factory(),
                "nequip": their_calculator(path, folder),
            }
            times = seconds(calculators, atoms.copy())
            per_atom = {key: 1e6 * value / len(atoms) for key, value in times.items()}
            ratio = per_atom["mofglass"] / per_atom["nequip"]
            print(
                f"{label:24s}{per_atom['mofglass']:20.1f}{per_atom['nequip']:18.1f}{ratio:8.2f}", flush=True
            )


if __name__ == "__main__":
    main()
