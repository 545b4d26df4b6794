"""Close contacts between linkers and metals, set by hand into hot frames, for a teacher to label.

    python tools/zif4/make_contacts.py hot.extxyz --frames 160 --seed 1 -o contacts.extxyz
    mofglass dataset label contacts.extxyz -p nequip-archived:MODEL.pth -o contacts --jobs 2

Dynamics of a fitted potential breaks where two atoms of different linkers fall onto each other, at distances
that no trajectory visits. Whole linkers (or single zinc atoms) are shifted along the line between two atoms
until these are as close as drawn; up to three such contacts a frame, which must keep all other pairs apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from mofglass.topology import perceive

CONTACTS_A = {
    "H-H": (0.85, 1.6),
    "H-N": (1.1, 2.0),
    "C-H": (1.3, 2.1),
    "H-Zn": (1.35, 2.2),
    "N-N": (1.9, 2.7),
    "C-N": (1.8, 2.7),
    "C-C": (1.8, 2.8),
    "C-Zn": (1.6, 2.4),
    "Zn-Zn": (2.4, 4.2),
}
"""Ranges of distance, Å, for atoms that share no linker."""
REACH_A, LONGEST_SHIFT_A, CLOSEST_A = 4.0, 1.5, 0.8


def with_contacts(atoms: Atoms, pair: str, random: np.random.Generator) -> Atoms | None:
    """Return a copy with up to three contacts of a pair of elements, or None where there is no room."""
    network = perceive(atoms)
    if not network.linkers.intact.all():
        return None
    linker_of = network.linkers.linker_of
    first, second = pair.split("-")
    symbols = np.array(atoms.get_chemical_symbols())
    vectors = atoms.get_all_distances(mic=True, vector=True)
    distances = np.linalg.norm(vectors, axis=2)
    reach = REACH_A if pair != "Zn-Zn" else 6.5
    low, high = CONTACTS_A[pair]
    moved: set[int] = set()
    copy = atoms.copy()
    for i in random.permutation(np.flatnonzero(symbols == first)):
        apart = (linker_of != linker_of[i]) | (linker_of < 0)
        near = np.flatnonzero((symbols == second) & apart & (distances[i] > 0.1) & (distances[i] < reach))
        near = [j for j in near if j not in moved]
        if i in moved or not near:
            continue
        j = near[int(np.argmin(distances[i, near]))]
        shift = vectors[i, j] / distances[i, j] * (distances[i, j] - random.uniform(low, high))
        if np.linalg.norm(shift) > LONGEST_SHIFT_A:
            continue
        body = np.flatnonzero(linker_of == linker_of[i]) if linker_of[i] >= 0 else np.array([i])
        partner = np.flatnonzero(linker_of == linker_of[j]) if linker_of[j] >= 0 else np.array([j])
        copy.positions[body] += shift
        moved |= {*body.tolist(), *partner.tolist()}
        if len(moved) >= 3 * (len(body) + len(partner)):
            break
    closest = copy.get_all_distances(mic=True) + 9.0 * np.eye(len(copy))
    return copy if moved and closest.min() > CLOSEST_A else None


def main() -> None:
    """Make frames until there are enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hot", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    hot = [atoms for path in arguments.hot for atoms in read(path, ":") if len(atoms) <= 300]
    random = np.random.default_rng(arguments.seed)
    made: list[Atoms] = []
    while len(made) < arguments.frames:
        pair = list(CONTACTS_A)[len(made) % len(CONTACTS_A)]
        atoms = hot[random.integers(len(hot))]
        frame = with_contacts(atoms, pair, random)
        if frame is not None:
            frame.calc = None
            frame.info = {"source": f"contacts {pair}", "temperature_K": 1500.0}
            made.append(frame)
    write(arguments.output, made, format="extxyz")


if __name__ == "__main__":
    main()
