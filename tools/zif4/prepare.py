"""Write train.extxyz and held.extxyz: the frames that `zif4` is fitted to, and those it never sees.

    python tools/zif4/prepare.py ../shared/data/labels/*.extxyz.gz learned/*.extxyz -o DIRECTORY

Held out: ab initio glasses 04 and 05, 850-950 K, volumes 1.090-1.105 of the crystal's.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import iread, write

HELD_OUT_GLASSES = ("glass04", "glass05")
HELD_OUT_K = (850.0, 950.0)
HELD_OUT_VOLUME = (1.090, 1.105)
MAX_FORCE_EV_PER_A = 30.0


def held_out(atoms: Atoms) -> bool:
    """Return whether a frame may not be trained on."""
    temperature, volume = atoms.info.get("target_T", 0.0), atoms.info.get("vol_scale", 0.0)
    return (
        any(glass in str(atoms.info.get("source", "")) for glass in HELD_OUT_GLASSES)
        or HELD_OUT_K[0] < temperature < HELD_OUT_K[1]
        or HELD_OUT_VOLUME[0] <= volume <= HELD_OUT_VOLUME[1]
    )


def main() -> None:
    """Sort the frames of all files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    kinds: dict[str, list[Atoms]] = {"train": [], "held": []}
    counts: Counter[str] = Counter()
    for path in arguments.files:
        for atoms in iread(path, ":"):
            if np.abs(atoms.get_forces()).max() > MAX_FORCE_EV_PER_A:
                counts[f"left out for a force above {MAX_FORCE_EV_PER_A:g} eV/Å"] += 1
                continue
            kind = "held" if held_out(atoms) else "train"
            info = {"source": f"{path.name.split('.')[0]} {atoms.info.get('source', '')}"}
            if "target_T" in atoms.info:
                info["temperature_K"] = float(atoms.info["target_T"])
            atoms.info = info
            kinds[kind].append(atoms)
            counts[f"{kind}, {path.name}"] += 1
    arguments.output.mkdir(parents=True, exist_ok=True)
    for kind, frames in kinds.items():
        # Shuffled, so that blocks of the fit are alike and validation is drawn from every kind.
        order = np.random.default_rng(1).permutation(len(frames))
        write(arguments.output / f"{kind}.extxyz", [frames[k] for k in order], format="extxyz")
    for name, count in counts.items():
        print(f"{count:5d}  {name}")


if __name__ == "__main__":
    main()
