"""Total energy of ZIF-4 without a thermostat, by time step and by how often POD is computed.

    python tools/zif4/conservation.py --temperature 1500 --ps 6 0.5:1 0.5:2 1.0:1
    python tools/zif4/conservation.py --temperature 1500 --ps 6 --hydrogen-mass 3 0.75:2 1.0:2

Warmed for 3 ps at 0.5 fs once; every way goes on from there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from mofglass.potentials import get_potential
from mofglass.potentials.lammps_library import start_lammps
from mofglass.simulate.deck import setup_commands
from mofglass.simulate.hydrogen_mass import with_hydrogen_mass
from mofglass.structures import load

EVERY_FS = 6.0


def main() -> None:
    """Print a line a way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ways", nargs="+", help="time step (fs):steps between computations of POD")
    parser.add_argument("--potential", default="zif4")
    parser.add_argument("--temperature", type=float, default=300.0, help="K")
    parser.add_argument("--ps", type=float, default=6.0)
    parser.add_argument("--hydrogen-mass", type=float, help="u")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    atoms = load("ZIF-4")
    model = get_potential(arguments.potential).lammps(atoms)
    if arguments.hydrogen_mass is not None:
        model = with_hydrogen_mass(model, atoms, arguments.hydrogen_mass)

    def commands(lines: list[str], restart: str | None = "warm.restart") -> float:
        """Run them from a state, and return how long the last took, s."""
        lammps = start_lammps(threads=1)
        start = [] if restart is None else [f"read_restart {restart}"]
        for line in start + setup_commands(model, data_file=None if restart else "system.data"):
            lammps.command(line)
        for line in lines:
            begin = time.monotonic()
            lammps.command(line)
        lammps.close()
        return time.monotonic() - begin

    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for name, text in {"system.data": model.data, **model.files}.items():
            Path(name).write_text(text)
        kelvin = arguments.temperature
        warm = [
            f"velocity all create {2 * kelvin} {arguments.seed} mom yes dist gaussian",
            "timestep 0.0005",
            "fix integrate all nve",
            f"fix thermostat all temp/csvr {kelvin} {kelvin} 0.05 7",
            "run 6000",
            "write_restart warm.restart",
        ]
        commands(warm, restart=None)
        for way in arguments.ways:
            step_fs, every = float(way.split(":")[0]), int(way.split(":")[1])
            outer_fs = step_fs * every
            style = [f"run_style respa 2 {every} {model.respa_levels}"] if every > 1 else []
            interval = round(EVERY_FS / outer_fs)
            free = [
                f"timestep {1e-3 * outer_fs}",
                *style,
                "fix integrate all nve",
                "variable total equal etotal",
                "variable kelvin equal temp",
                # Six digits, as it writes unless told otherwise, are 0.4 meV an atom.
                f"fix record all ave/time {interval} 1 {interval} v_total v_kelvin file {way}.txt "
                "format ' %.12g'",
                f"run {round(1e3 * arguments.ps / outer_fs)}",
            ]
            wall_s = commands(free)
            steps, total_eV, found_K = np.loadtxt(f"{way}.txt").T
            time_ps, energy_meV = 1e-3 * outer_fs * steps, 1e3 * total_eV / len(atoms)
            drift, start = np.polyfit(time_ps, energy_meV, 1)
            swing = np.std(energy_meV - drift * time_ps - start)
            print(
                f"{way:>8}  {found_K.mean():6.0f} K  rms {swing:.3f} meV/atom  "
                f"drift {drift:+.3f} meV/atom/ps  {wall_s / arguments.ps:.1f} s/ps",
                flush=True,
            )


if __name__ == "__main__":
    main()
