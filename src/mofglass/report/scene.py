"""What the 3-D viewer shows: atoms, bonds, coordination of the metals and broken linkers, packed small.

A scene of 2176 atoms and 50 frames is about 1 MB of base64 text. Positions are fractional coordinates in
16 bits (cell / 16384: 0.002 Å in a 30 Å box). Bonds stand as one list of all pairs that are ever bonded
and, for each frame, one bit a pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.report.packing import base64_of
from mofglass.topology import BROKEN_LINKER_KINDS, Network, find_bonds, perceive

MAX_FRAMES = 50
"""Frames shown at most."""

MAX_ATOMS_TIMES_FRAMES = 200_000
"""Positions shown at most in one scene, so that a large model does not make a large file."""

FRACTION_STEPS = 16384
"""Steps of a fractional coordinate per cell; 16 signed bits reach from -2 to 2."""


def frames_to_show(n_frames: int, n_atoms: int) -> list[int]:
    """Choose evenly spread frames, the first and the last among them.

    Parameters
    ----------
    n_frames : int
        Frames at hand.
    n_atoms : int
        Atoms in each.

    Returns
    -------
    list of int
        At most `MAX_FRAMES`, fewer for large systems; always the last.
    """
    allowed = max(1, min(MAX_FRAMES, MAX_ATOMS_TIMES_FRAMES // max(1, n_atoms)))
    if n_frames <= allowed:
        return list(range(n_frames))
    if allowed == 1:
        return [n_frames - 1]
    return np.unique(np.linspace(0, n_frames - 1, allowed).round().astype(int)).tolist()


def pack_scene(label: str, frames: Iterable[Configuration], captions: Sequence[str]) -> dict[str, Any]:
    """Pack frames of the same atoms for the viewer.

    Parameters
    ----------
    label : str
        Name of the scene.
    frames : iterable of Frame or ase.Atoms
        Frames of the same atoms in the same order.
    captions : sequence of str
        One a frame, e.g. ``12.5 ps, melt``.

    Returns
    -------
    dict
        Plain data that ``viewer.js`` unpacks.

    Raises
    ------
    InputError
        When there is no frame, or not one caption a frame.
    """
    numbers: np.ndarray | None = None
    metals = np.empty(0, dtype=np.int64)
    fractions, cells, pair_codes, coordination, broken = [], [], [], [], []
    for frame in frames:
        network = perceive(frame)
        if numbers is None:
            numbers, metals = np.asarray(network.numbers), network.metal_atoms
        fractions.append(_steps(network))
        cells.append(network.cell)
        pair_codes.append(_bonded_pairs(frame, len(numbers)))
        coordination.append(np.minimum(network.coordination, 255))
        broken.append(
            [list(defect.atoms) for defect in network.integrity.defects if defect.kind in BROKEN_LINKER_KINDS]
        )
    if numbers is None or len(captions) != len(cells):
        raise InputError(
            f"scene '{label}' has {len(cells)} frames and {len(captions)} captions: give one each"
        )
    all_pairs = np.unique(np.concatenate(pair_codes))
    bits = np.stack([np.isin(all_pairs, codes, assume_unique=True) for codes in pair_codes])
    pairs = np.stack(np.divmod(all_pairs, max(1, len(numbers))), axis=1)
    return {
        "label": label,
        "n_atoms": len(numbers),
        "n_frames": len(cells),
        "n_pairs": len(all_pairs),
        "numbers": base64_of(numbers.astype(np.uint8)),
        "fractions": base64_of(np.stack(fractions)),
        "cells": base64_of(np.stack(cells).astype(np.float32)),
        "pairs": base64_of(pairs.astype(np.uint32)),
        "bonded": base64_of(np.packbits(bits, axis=1, bitorder="little")),
        "metals": base64_of(metals.astype(np.uint32)),
        "coordination": base64_of(np.stack(coordination).astype(np.uint8)),
        "broken": broken,
        "captions": list(captions),
    }


def _steps(network: Network) -> np.ndarray:
    """Fractional positions in integer steps: linkers whole, their centres and all other atoms in the cell."""
    inverse = np.linalg.inv(network.cell)
    linkers = network.linkers
    fraction = (network.positions + linkers.offset @ network.cell) @ inverse
    alone = linkers.linker_of < 0
    fraction[alone] -= np.floor(fraction[alone])
    if len(linkers):
        shift = np.floor(linkers.centre_A @ inverse)
        fraction[~alone] -= shift[linkers.linker_of[~alone]]
    return np.clip(np.rint(fraction * FRACTION_STEPS), -32768, 32767).astype(np.int16)


def _bonded_pairs(frame: Configuration, n_atoms: int) -> np.ndarray:
    """Bonded pairs as sorted numbers ``low * n_atoms + high``; several images of a pair count once."""
    bonds = find_bonds(frame)
    i = np.concatenate((bonds.covalent.i, bonds.metal.i)).astype(np.int64)
    j = np.concatenate((bonds.covalent.j, bonds.metal.j)).astype(np.int64)
    return np.unique(np.minimum(i, j)[i != j] * n_atoms + np.maximum(i, j)[i != j])
