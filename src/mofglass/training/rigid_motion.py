"""Motions of linkers as rigid bodies: the soft modes of a framework, which force errors hardly show."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from mofglass.potentials.linker_topology import linker_places


def rigid_forces(atoms: Atoms, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return forces along the rigid motions: of linkers, and of atoms that belong to none.

    A linker's six motions (three translations, three rotations) are orthogonal unit vectors in the space of
    its atoms' coordinates, so that the squares of these forces are the rigid part of the squared forces.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure with whole, unsubstituted imidazolates, Å.
    rows : ndarray (n_atoms, 3, n)
        Forces, eV/Å, in n columns (one, or those of a linear model).

    Returns
    -------
    forces : ndarray (n_motions, n)
        Six of each linker, then three of each further atom, eV/Å.
    members : ndarray of int (n_motions, 8)
        The atoms that each motion moves; a single atom eight times.
    """
    places = linker_places(atoms)
    n_linkers = len(places)
    vectors = (atoms.positions[places] - atoms.positions[places[:, :1]]) @ np.linalg.inv(atoms.cell.array)
    # A ring is much smaller than half a cell, so the nearest image is the bonded one.
    offsets = (vectors - np.round(vectors)) @ atoms.cell.array
    offsets -= offsets.mean(axis=1, keepdims=True)
    motions = np.zeros((n_linkers, *places.shape[1:], 3, 6))
    motions[..., :3] = np.eye(3)
    for axis, direction in enumerate(np.eye(3)):
        motions[..., 3 + axis] = np.cross(direction, offsets)
    basis, _ = np.linalg.qr(motions.reshape(n_linkers, -1, 6))
    on_linkers = rows[places].reshape(n_linkers, basis.shape[1], -1)
    linked = np.swapaxes(basis, 1, 2) @ on_linkers
    single = np.setdiff1d(np.arange(len(atoms)), places)
    forces = np.concatenate([linked.reshape(6 * n_linkers, -1), rows[single].reshape(3 * len(single), -1)])
    members = np.concatenate(
        [np.repeat(places, 6, axis=0), np.repeat(single, 3)[:, None] * np.ones(places.shape[1], dtype=int)]
    )
    return forces, members
