"""Choose the frames that real DFT labels, to know a potential's error against it and not only its teacher's.

    python tools/make_dft_frames.py ../shared/data dft-frames.extxyz melt-1 melt-2
    mofglass dataset label dft-frames.extxyz --cp2k -o ../cp2k-labels/run

The same frames each time, the most telling first: a crystal other than ZIF-4, a glass kept out of
training, a liquid, a hot crystal; then another of each. The liquids are of an early student, and rings
are open in them; runs named on the command line give their last frames, as liquids of whole linkers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ase.io
from ase import Atoms

from mofglass import structures
from mofglass.cli.structure_argument import open_structure


def bare(atoms: Atoms, source: str, how: str, temperature_K: float | None = None) -> Atoms:
    """Keep positions and cell alone, and say where they come from."""
    kept = Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    kept.info = {"source": source, "how": how}
    if temperature_K is not None:
        kept.info["temperature_K"] = float(temperature_K)
    return kept


def rattled(name: str, sigma_A: float, seed: int) -> Atoms:
    """Displace every atom of a catalogue crystal's primitive cell."""
    atoms = structures.load(name)
    atoms.rattle(sigma_A, seed=seed)
    how = f"catalogue's primitive cell, every atom displaced by {sigma_A} A (seed {seed})"
    return bare(atoms, f"{name}-rattled", how)


def glass(data: Path, number: int) -> Atoms:
    """Take an ab initio glass of Gaillac 2020 as published."""
    name = f"ZIF4_15glass{number:02d}"
    return bare(ase.io.read(data / "glasses" / f"{name}.cif"), name, "ab initio glass as published")


def explored(frames: list[Atoms], number: int, source: str) -> Atoms:
    """Take a frame of the first student's MD."""
    info = frames[number].info
    how = (
        f"explored.extxyz.gz frame {number}: student MD from {info['source']}, {info['target_T']:g} K, "
        f"volume {info['vol_scale']:g}"
    )
    return bare(frames[number], source, how, info["target_T"])


def melt(run: Path) -> Atoms:
    """Take the last frame of a run of one stage at 1500 K."""
    return bare(
        open_structure(f"{run}@-1"), "melt-1500K", f"last frame of {run.name}: 100 ps of zif4 at 1500 K", 1500
    )


def main(data: Path, output: Path, runs: list[Path]) -> None:
    """Write the frames."""
    early = ase.io.read(data / "labels" / "explored.extxyz.gz", index=":")
    frames = [
        rattled("SALEM-2", 0.03, 1),
        glass(data, 4),
        explored(early, 315, "liquid-1500K"),
        explored(early, 424, "crystal-450K"),
        rattled("ZIF-1", 0.03, 1),
        glass(data, 5),
        explored(early, 451, "liquid-1500K"),
        explored(early, 211, "crystal-450K"),
        rattled("SALEM-2", 0.06, 2),
        rattled("ZIF-6", 0.03, 1),
        *map(melt, runs),
    ]
    ase.io.write(output, frames, format="extxyz")
    for number, frame in enumerate(frames):
        print(number, len(frame), frame.info["source"], "-", frame.info["how"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
