"""Where the dummy atoms go: four He around each Zn, one Ne on each N.

The rule is that of the force field's authors (their `pdb2cif.f90`): He on the line from Zn to each of
its nearest nitrogens, vacant vertices completed to a tetrahedron; Ne on the line from N to its Zn, or
along the outward bisector of the ring where there is none.

In a glass two nitrogens of one Zn can stand so close together that He on their lines would strain the
stiff cage by many eV. There, and only there, the cage is the regular tetrahedron that fits the lines best.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from ase import Atoms

from mofglass.potentials.nb_zif_ff.atom_types import TypedStructure

Floats = npt.NDArray[np.float64]

N_VERTICES = 4
TETRAHEDRON = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
# Below this angle between two He the cage is made regular; crystals and ordinary glasses stay above it.
MIN_ANGLE_DEG = 80.0
# Directions closer than this to collinear or planar leave no side to choose.
DEGENERATE = 1e-3


def complete_tetrahedron(directions: Floats) -> Floats:
    """Add the missing directions of a tetrahedron.

    Parameters
    ----------
    directions : ndarray (k, 3)
        Unit vectors, k <= 4, kept as they are.

    Returns
    -------
    ndarray (4, 3)
        Unit vectors, the given ones first.
    """
    k = len(directions)
    if k == 0:
        return TETRAHEDRON.copy()
    if k == 1:
        return np.vstack([directions, _cone(-directions[0])])
    if k == 2:
        return np.vstack([directions, _opposite_pair(*directions)])
    if k == 3:
        outward = -directions.sum(axis=0)
        if np.linalg.norm(outward) < DEGENERATE:
            outward = np.cross(directions[0], directions[1])
        return np.vstack([directions, outward / np.linalg.norm(outward)])
    return directions


def regular_cage(directions: Floats) -> Floats:
    """Turn a regular tetrahedron onto four directions where two of them are too close.

    Parameters
    ----------
    directions : ndarray (4, 3)
        Unit vectors.

    Returns
    -------
    ndarray (4, 3)
        The directions themselves, or the best-fitting regular tetrahedron where two of them make an
        angle below `MIN_ANGLE_DEG`.
    """
    cosines = directions @ directions.T
    if cosines[np.triu_indices(N_VERTICES, 1)].max() < np.cos(np.radians(MIN_ANGLE_DEG)):
        return directions
    # The two ways to number a tetrahedron that no rotation turns into each other.
    fits = [_fit(TETRAHEDRON[order], directions) for order in ([0, 1, 2, 3], [1, 0, 2, 3])]
    return max(fits, key=lambda turned: float(np.sum(turned * directions)))


def _fit(vertices: Floats, directions: Floats) -> Floats:
    """Turn vertices onto directions, least squares (Kabsch)."""
    u, _, vt = np.linalg.svd(vertices.T @ directions)
    sign = np.sign(np.linalg.det(u @ vt)) or 1.0
    return vertices @ (u * np.array([1.0, 1.0, sign])) @ vt


def _perpendicular(direction: Floats) -> Floats:
    """Return a unit vector perpendicular to one, the same for the same direction."""
    axis = np.eye(3)[np.argmin(np.abs(direction))]
    side = np.cross(direction, axis)
    return side / np.linalg.norm(side)


def _cone(axis: Floats) -> Floats:
    """Three directions around an axis, at the tetrahedral angle to its negative."""
    side = _perpendicular(axis)
    other = np.cross(axis, side)
    angles = np.arange(3) * 2 * np.pi / 3
    ring = np.cos(angles)[:, None] * side + np.sin(angles)[:, None] * other
    return axis / 3.0 + ring * np.sqrt(8.0) / 3.0


def _opposite_pair(first: Floats, second: Floats) -> Floats:
    """Two directions in the plane across two given ones."""
    normal = np.cross(first, second)
    outward = -(first + second)
    if np.linalg.norm(normal) < DEGENERATE:
        normal = _perpendicular(first)
        if np.linalg.norm(outward) < DEGENERATE:
            outward = np.cross(first, normal)
    normal, outward = normal / np.linalg.norm(normal), outward / np.linalg.norm(outward)
    return outward / np.sqrt(3.0) + np.array([[1.0], [-1.0]]) * normal * np.sqrt(2.0 / 3.0)


def place_dummies(
    atoms: Atoms, typed: TypedStructure, *, he_A: float, ne_A: float
) -> tuple[Floats, npt.NDArray[np.intp], list[str]]:
    """Place the dummy atoms of a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure of real atoms, Å.
    typed : TypedStructure
        Its types and contacts.
    he_A, ne_A : float
        Distances Zn-He and N-Ne, Å.

    Returns
    -------
    positions_A : ndarray (m, 3)
        He of each Zn (four after each other, in the order of the Zn), then Ne of each N, Å.
    hosts : ndarray of int (m,)
        The atom each stands on.
    names : list of str
        ``He`` or ``Ne``.
    """
    zn, nitrogen, vectors = typed.zn_n
    lengths = np.linalg.norm(vectors, axis=1)
    nearest_first = np.argsort(lengths, kind="stable")
    directions: dict[int, list[Floats]] = {}
    to_zn: dict[int, Floats] = {}
    for contact in nearest_first:
        unit = vectors[contact] / lengths[contact]
        around = directions.setdefault(int(zn[contact]), [])
        if len(around) < N_VERTICES:
            around.append(unit)
        to_zn.setdefault(int(nitrogen[contact]), -unit)

    positions, hosts, names = [], [], []
    origin = atoms.positions
    for k, name in enumerate(typed.types):
        if name == "Zn":
            cage = complete_tetrahedron(np.reshape(directions.get(k, []), (-1, 3)))
            for unit in regular_cage(cage):
                positions.append(origin[k] + he_A * unit)
                hosts.append(k)
                names.append("He")
    for k, name in enumerate(typed.types):
        if name == "N1":
            unit = to_zn[k] if k in to_zn else _outward_bisector(k, typed)
            positions.append(origin[k] + ne_A * unit)
            hosts.append(k)
            names.append("Ne")
    return np.array(positions), np.array(hosts, dtype=np.intp), names


def _outward_bisector(nitrogen: int, typed: TypedStructure) -> Floats:
    """Away from the ring, between the continuations of the two N-C bonds."""
    first, second = (typed.bond_vectors_A[nitrogen, int(m)] for m in typed.neighbours[nitrogen])
    outward = -(first / np.linalg.norm(first) + second / np.linalg.norm(second))
    if np.linalg.norm(outward) < DEGENERATE:
        outward = _perpendicular(first / np.linalg.norm(first))
    return outward / np.linalg.norm(outward)
