"""Hot frames distorted by hand, where no trajectory goes and a fit falls into holes, for a teacher to label.

    python tools/zif4/make_distorted.py contacts hot.extxyz --frames 144 --seed 1 -o contacts.extxyz
    python tools/zif4/make_distorted.py stretched hot.extxyz --frames 72 --seed 1 -o stretched.extxyz
    python tools/zif4/make_distorted.py bent hot.extxyz --frames 90 --seed 1 -o bent.extxyz
    mofglass dataset label contacts.extxyz -p nequip-archived:MODEL.pth -o contacts --jobs 2

contacts: whole linkers, or single zinc atoms, are shifted along the line between two atoms of different
linkers until these are as close as drawn; up to three such contacts a frame. Without them dynamics ends with
two atoms falling onto each other.

stretched: a fifth of the linkers have one ring bond stretched or squeezed and hydrogens bent out of the
plane. Without them a fit knows nothing of a ring bond beyond 1.65 Å, and rings open in hot runs within 20 fs.

bent: a hydrogen of a third of the linkers is bent, each its own way, in the plane of its ring or out of it.
Without them a network over linker terms puts minima where a hydrogen lies across a bond of its ring.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from mofglass.errors import InputError
from mofglass.potentials.linker_topology import linker_places
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
REACH_A, LONGEST_SHIFT_A, CLOSEST_A = 4.0, 1.5, 0.75
RING_BONDS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0))
"""N1-C2, C2-N3, N3-C4, C4-C5, C5-N1 by their places."""
HYDROGEN_OF = {1: 5, 3: 6, 4: 7}
STRETCH_A, BEND_DEG = (-0.25, 0.8), 80.0
SHARE_OF_LINKERS = 0.2
BENT_DEG, SHARE_OF_BENT_LINKERS = (15.0, 75.0), 0.4
LARGEST_ANGLE_DEG = 160.0
"""Of a hydrogen with its ring: at 180° the torsions of the linker terms are not defined."""


def with_contacts(atoms: Atoms, random: np.random.Generator) -> Atoms | None:
    """Return a copy with up to three contacts of a pair of elements, or None where there is no room."""
    pair = list(CONTACTS_A)[random.integers(len(CONTACTS_A))]
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
    copy.info = {"source": f"contacts {pair}"}
    return copy if moved else None


def stretched(atoms: Atoms, random: np.random.Generator) -> Atoms | None:
    """Return a copy in which a fifth of the linkers is distorted, or None where a linker is broken."""
    copy = atoms.copy()
    copy.info = {"source": "stretched linkers"}
    try:
        linkers = linker_places(atoms)
    except InputError:
        return None
    for places in linkers:
        if random.random() > SHARE_OF_LINKERS:
            continue
        centre = atoms.positions[places[0]]
        shape = atoms.get_distances(places[0], places, mic=True, vector=True)
        start = shape.copy()
        bond = RING_BONDS[random.integers(len(RING_BONDS))]
        line = shape[bond[1]] - shape[bond[0]]
        shift = line / np.linalg.norm(line) * random.uniform(*STRETCH_A) / 2
        for place, sign in zip(bond, (-1.0, 1.0), strict=True):
            shape[place] += sign * shift
            if place in HYDROGEN_OF:
                shape[HYDROGEN_OF[place]] += sign * shift
        normal = np.linalg.svd(start[:5] - start[:5].mean(axis=0))[2][2]
        for carbon, hydrogen in HYDROGEN_OF.items():
            if random.random() < 0.5:
                arm = shape[hydrogen] - shape[carbon]
                angle = np.radians(random.uniform(-BEND_DEG, BEND_DEG))
                shape[hydrogen] = (
                    shape[carbon] + np.cos(angle) * arm + np.sin(angle) * np.linalg.norm(arm) * normal
                )
        copy.positions[places] = centre + shape
    return copy


def bent(atoms: Atoms, random: np.random.Generator) -> Atoms | None:
    """Return a copy with bent hydrogens, or None where a linker is broken, before or after."""
    copy = atoms.copy()
    copy.info = {"source": "bent hydrogens"}
    try:
        linkers = linker_places(atoms)
        for places in linkers[random.random(len(linkers)) < SHARE_OF_BENT_LINKERS]:
            carbon, hydrogen = list(HYDROGEN_OF.items())[random.integers(len(HYDROGEN_OF))]
            arm = atoms.get_distance(places[carbon], places[hydrogen], mic=True, vector=True)
            across = np.cross(arm, random.normal(size=3))
            across *= np.linalg.norm(arm) / np.linalg.norm(across)
            angle = np.radians(random.uniform(*BENT_DEG))
            moved = np.cos(angle) * arm + np.sin(angle) * across
            ring = [places[end] for bond in RING_BONDS if carbon in bond for end in bond if end != carbon]
            sides = atoms.get_distances(places[carbon], ring, mic=True, vector=True)
            cosines = sides @ moved / np.linalg.norm(sides, axis=1) / np.linalg.norm(moved)
            if np.degrees(np.arccos(cosines.min())) < LARGEST_ANGLE_DEG:
                copy.positions[places[hydrogen]] = copy.positions[places[carbon]] + moved
        linker_places(copy)
    except InputError:
        return None
    return copy


KINDS: dict[str, Callable[[Atoms, np.random.Generator], Atoms | None]] = {
    "contacts": with_contacts,
    "stretched": stretched,
    "bent": bent,
}


def main() -> None:
    """Make frames until there are enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("hot", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    hot = [atoms for path in arguments.hot for atoms in read(path, ":") if len(atoms) <= 300]
    random = np.random.default_rng(arguments.seed)
    made: list[Atoms] = []
    while len(made) < arguments.frames:
        frame = KINDS[arguments.kind](hot[random.integers(len(hot))], random)
        if frame is None:
            continue
        closest = frame.get_all_distances(mic=True) + 9.0 * np.eye(len(frame))
        if closest.min() > CLOSEST_A:
            frame.calc = None
            frame.info["temperature_K"] = 1500.0
            made.append(frame)
    write(arguments.output, made, format="extxyz")


if __name__ == "__main__":
    main()
