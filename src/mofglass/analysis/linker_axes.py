"""The orientation of imidazolate rings: two-fold axis, line between the nitrogens, and normal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_RING_BOND_MAX_A = 2.2
"""A ring with a longer bond than this has come apart."""


class LinkerAxes(NamedTuple):
    """Three unit vectors of each ring, at right angles to one another."""

    axis: np.ndarray
    """C2: from the middle of C4 and C5 to carbon C2, shape (n, 3)."""

    across: np.ndarray
    """From nitrogen N1 to nitrogen N3, shape (n, 3)."""

    normal: np.ndarray
    """Across the plane, `across` x `axis`, shape (n, 3); its sign depends on which nitrogen is N1."""

    whole: np.ndarray
    """Whether the ring's bonds are all there, bool, shape (n,)."""


def whole_rings(positions: np.ndarray, cell: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Return the atoms of each ring in one piece.

    Parameters
    ----------
    positions : ndarray, shape (n_atoms, 3)
        Positions, Å, wrapped or not.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    ring : ndarray of int, shape (n, 5)
        Atoms N1, C2, N3, C4, C5 of each ring.

    Returns
    -------
    ndarray, shape (n, 5, 3)
        Positions nearest to the ring's N1, Å.
    """
    atoms = np.asarray(positions)[ring]
    apart = atoms - atoms[:, :1]
    images = np.round(np.linalg.solve(np.asarray(cell).T, apart.reshape(-1, 3).T).T)
    # Across less than half a cell the nearest image by fractions is the nearest one.
    return atoms - (images @ cell).reshape(atoms.shape)


def linker_axes(rings_A: np.ndarray) -> LinkerAxes:
    """Return the axes of each ring.

    Parameters
    ----------
    rings_A : ndarray, shape (n, 5, 3)
        Atoms N1, C2, N3, C4, C5 of each ring, in one piece, Å: `whole_rings` or `Network.ring_positions_A`.

    Returns
    -------
    LinkerAxes
        Unit vectors.
    """
    n1, c2, n3, c4, c5 = np.moveaxis(rings_A, 1, 0)
    normal = _unit(np.cross(n3 - n1, c2 - (c4 + c5) / 2))
    axis = c2 - (c4 + c5) / 2
    axis = _unit(axis - (axis * normal).sum(axis=1, keepdims=True) * normal)
    bonds = np.stack((c2 - n1, n3 - c2, c4 - n3, c5 - c4, n1 - c5))
    whole = (np.linalg.norm(bonds, axis=2) < _RING_BOND_MAX_A).all(axis=0)
    return LinkerAxes(axis, np.cross(axis, normal), normal, whole)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
