"""Speed of reading trajectories: mofglass beside ASE and MDAnalysis, in one run on the same files.

python benchmarks/trajectory.py [--atoms 2176] [--frames 200]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from ase.io import iread

from mofglass.frame import Frame
from mofglass.trajectory import H5MDWriter, open_trajectory, write_extxyz

ELEMENTS = ["H", "C", "N", "Zn"]
NUMBERS = np.array([1, 6, 7, 30])


def made_frames(n_atoms: int, n_frames: int) -> Iterable[Frame]:
    """Atoms that shake and drift in a triclinic box of the density of ZIF-4."""
    generator = np.random.default_rng(0)
    edge = (n_atoms * 15.6) ** (1 / 3)
    cell = edge * np.array([[1.0, 0, 0], [0.1, 1.0, 0], [-0.05, 0.2, 1.0]])
    numbers = generator.choice(NUMBERS, n_atoms, p=[6 / 17, 6 / 17, 4 / 17, 1 / 17])
    positions = generator.random((n_atoms, 3)) @ cell
    for index in range(n_frames):
        positions = positions + generator.normal(0, 0.05, positions.shape)
        yield Frame(numbers, positions, cell, index=index, step=100 * index, time_ps=0.05 * index)


def write_dump(path: Path, frames: Iterable[Frame]) -> None:
    """Write a LAMMPS text dump with columns id type xu yu zu, as LAMMPS does."""
    with path.open("w") as file:
        for frame in frames:
            lx, ly, lz = np.diag(frame.cell)
            xy, xz, yz = frame.cell[1, 0], frame.cell[2, 0], frame.cell[2, 1]
            x = (min(0, xy, xz, xy + xz), lx + max(0, xy, xz, xy + xz), xy)
            bounds = (x, (min(0, yz), ly + max(0, yz), xz), (0.0, lz, yz))
            types = np.searchsorted(NUMBERS, frame.numbers) + 1
            file.write(f"ITEM: TIMESTEP\n{frame.step}\nITEM: NUMBER OF ATOMS\n{frame.n_atoms}\n")
            file.write("ITEM: BOX BOUNDS xy xz yz pp pp pp\n")
            file.writelines(f"{low:.16e} {high:.16e} {tilt:.16e}\n" for low, high, tilt in bounds)
            file.write("ITEM: ATOMS id type xu yu zu\n")
            rows = enumerate(zip(types, frame.positions.tolist(), strict=True), start=1)
            file.writelines(f"{k} {t} {x:g} {y:g} {z:g}\n" for k, (t, (x, y, z)) in rows)


def milliseconds_a_frame(read: Callable[[], Iterable[object]], n_frames: int) -> float:
    """Open, index and read all frames; the better of two times."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        assert sum(1 for _ in read()) == n_frames
        times.append(time.perf_counter() - start)
    return min(times) / n_frames * 1e3


def mdanalysis(path: Path) -> Iterable[object]:
    """Read a dump with MDAnalysis, positions touched."""
    import MDAnalysis

    universe = MDAnalysis.Universe(
        str(path), format="LAMMPSDUMP", topology_format="LAMMPSDUMP", lammps_coordinate_convention="unwrapped"
    )
    return (step.positions for step in universe.trajectory)


def main() -> None:
    """Time every reader and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, default=2176)
    parser.add_argument("--frames", type=int, default=200)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    n_frames = options.frames

    def frames() -> Iterable[Frame]:
        return made_frames(options.atoms, n_frames)

    with tempfile.TemporaryDirectory() as folder:
        h5md, extxyz, dump = (Path(folder) / name for name in ("a.h5", "a.extxyz", "a.dump"))
        made = list(frames())
        start = time.perf_counter()
        # HDF5 packs chunks late: only with the closing is the writing done.
        with H5MDWriter(h5md, made[0].numbers) as writer:
            for frame in made:
                writer.append(frame.step or 0, frame.time_ps or 0.0, frame.positions, frame.cell)
        writing = (time.perf_counter() - start) / n_frames * 1e3
        del made
        write_extxyz(extxyz, frames())
        write_dump(dump, frames())
        for path in (extxyz, dump):  # compile before the clock starts
            open_trajectory(path, elements=ELEMENTS)[0]
        rows = [
            ("H5MD", "mofglass", h5md, lambda: open_trajectory(h5md)),
            ("extxyz", "mofglass", extxyz, lambda: open_trajectory(extxyz)),
            ("extxyz", "ASE", extxyz, lambda: iread(extxyz, index=":", format="extxyz")),
            ("LAMMPS dump", "mofglass", dump, lambda: open_trajectory(dump, elements=ELEMENTS)),
            ("LAMMPS dump", "MDAnalysis", dump, lambda: mdanalysis(dump)),
            ("LAMMPS dump", "ASE", dump, lambda: iread(dump, index=":", format="lammps-dump-text")),
        ]
        print(f"{options.atoms} atoms, {n_frames} frames; writing H5MD: {writing:.2f} ms a frame")
        print(f"{'file':12} {'reader':12} {'bytes/atom':>10} {'ms a frame':>10} {'x mofglass':>10}")
        own = 1.0
        for kind, reader, path, read in rows:
            taken = milliseconds_a_frame(read, n_frames)
            own = taken if reader == "mofglass" else own
            size = path.stat().st_size / n_frames / options.atoms
            print(f"{kind:12} {reader:12} {size:10.1f} {taken:10.3f} {taken / own:10.1f}")


if __name__ == "__main__":
    main()
