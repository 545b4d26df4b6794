"""Substituents of the imidazolate ring and their geometry.

The bond lengths and angles are those of DFT-relaxed frameworks at the level of the catalogue's cells:
-CH3 from ZIF-8, -Cl from ZIF-8-Cl, -Br from ZIF-8-Br, -NO2 from ZIF-77, all PBE (J. P. Dürholt et al.,
J. Chem. Theory Comput. 15, 2420 (2019), 10.1021/acs.jctc.8b01041), and the fused ring from the
benzimidazolates of ZIF-62, PBE-D3 (R. N. Widmer et al., Nature Mater. 18, 370 (2019),
10.1038/s41563-019-0317-4); each is the mean over the linkers of that structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

C_H_RING_A = 1.09  # mean ring C-H of the catalogue's cells, whose range is 1.08 to 1.10 Å


@dataclass(frozen=True)
class PlacedGroup:
    """A substituent put on a ring.

    Parameters
    ----------
    symbols : tuple of str
        Elements of the new atoms.
    positions : ndarray, shape (n, 3)
        Where they are, Å.
    torsion_deg : float
        Rotation about the bond to the ring; 0 in the ring's plane.
    """

    symbols: tuple[str, ...]
    positions: np.ndarray
    torsion_deg: float = 0.0


@dataclass(frozen=True)
class Site:
    """A ring carbon seen from outside: where a substituent goes, and its frame of three unit vectors.

    Parameters
    ----------
    carbon : ndarray, shape (3,)
        Position of the ring carbon, Å.
    outward : ndarray, shape (3,)
        In the ring's plane, along the bisector of its outer angle.
    sideways : ndarray, shape (3,)
        In the ring's plane, across `outward`.
    normal : ndarray, shape (3,)
        Across the ring's plane.
    """

    carbon: np.ndarray
    outward: np.ndarray
    sideways: np.ndarray
    normal: np.ndarray


def _unit(vector: np.ndarray) -> np.ndarray:
    length: np.ndarray = vector / np.linalg.norm(vector)
    return length


def site(carbon: np.ndarray, left: np.ndarray, right: np.ndarray) -> Site:
    """Make the frame of a ring carbon from its two ring neighbours.

    Parameters
    ----------
    carbon, left, right : ndarray, shape (3,)
        Positions, Å.

    Returns
    -------
    Site
        The frame.
    """
    outward = _unit(-_unit(left - carbon) - _unit(right - carbon))
    normal = _unit(np.cross(left - carbon, right - carbon))
    return Site(carbon, outward, np.cross(normal, outward), normal)


def _rotor(
    place: Site,
    bond_A: float,
    end: str,
    arms: int,
    arm: str,
    arm_A: float,
    angle_deg: float,
    torsion_deg: float,
) -> PlacedGroup:
    """Put an atom on the ring carbon with `arms` atoms around it, turned by a torsion."""
    centre = place.carbon + bond_A * place.outward
    opening = np.radians(180.0 - angle_deg)
    positions = [centre]
    for k in range(arms):
        turn = np.radians(torsion_deg + k * 360.0 / arms)
        across = np.cos(turn) * place.sideways + np.sin(turn) * place.normal
        positions.append(centre + arm_A * (np.cos(opening) * place.outward + np.sin(opening) * across))
    return PlacedGroup((end, *(arm,) * arms), np.array(positions), torsion_deg)


def _hydrogen(place: Site) -> Iterator[PlacedGroup]:
    yield PlacedGroup(("H",), (place.carbon + C_H_RING_A * place.outward)[None])


def _chlorine(place: Site) -> Iterator[PlacedGroup]:
    yield PlacedGroup(("Cl",), (place.carbon + 1.720 * place.outward)[None])


def _bromine(place: Site) -> Iterator[PlacedGroup]:
    yield PlacedGroup(("Br",), (place.carbon + 1.885 * place.outward)[None])


def _methyl(place: Site) -> Iterator[PlacedGroup]:
    for torsion_deg in np.arange(0.0, 120.0, 10.0):
        yield _rotor(place, 1.503, "C", 3, "H", 1.109, 110.9, float(torsion_deg))


def _nitro(place: Site) -> Iterator[PlacedGroup]:
    # in the plane of the ring first, as in ZIF-77 (3° from it)
    for torsion_deg in (0, 10, -10, 20, -20, 30, -30, 40, -40, 50, -50, 60, -60, 70, -70, 80, -80, 90):
        yield _rotor(place, 1.426, "N", 2, "O", 1.262, 118.1, float(torsion_deg))


SUBSTITUENTS: dict[str, Callable[[Site], Iterator[PlacedGroup]]] = {
    "H": _hydrogen,
    "CH3": _methyl,
    "Cl": _chlorine,
    "Br": _bromine,
    "NO2": _nitro,
}
"""Groups on one ring carbon: each gives its orientations, the preferred one first."""

BENZIMIDAZOLATE = "bIm"
GROUPS = (*SUBSTITUENTS, BENZIMIDAZOLATE)


def fused_ring(c4: np.ndarray, c5: np.ndarray, ring_centre: np.ndarray) -> PlacedGroup:
    """Fuse a benzene ring on the bond C4-C5, in the ring's plane.

    Parameters
    ----------
    c4, c5 : ndarray, shape (3,)
        Positions of the two ring carbons, Å.
    ring_centre : ndarray, shape (3,)
        Centre of the imidazolate ring, Å.

    Returns
    -------
    PlacedGroup
        Four C, then their four H.
    """
    to_c4_A, inner_deg, side_A, far_A, c_h_A = 1.414, 121.2, 1.408, 1.425, 1.102
    middle = (c4 + c5) / 2
    along = _unit(c5 - c4)
    outward = middle - ring_centre
    outward = _unit(outward - (outward @ along) * along)
    half = np.linalg.norm(c5 - c4) / 2
    near_x = half - to_c4_A * np.cos(np.radians(inner_deg))
    near_y = to_c4_A * np.sin(np.radians(inner_deg))
    far_x = far_A / 2
    far_y = near_y + np.sqrt(side_A**2 - (near_x - far_x) ** 2)
    flat = np.array([[-near_x, near_y], [-far_x, far_y], [far_x, far_y], [near_x, near_y]])
    closed = np.array([[-half, 0.0], *flat, [half, 0.0]])
    hydrogens = []
    for k in range(1, 5):
        away = -_unit(closed[k - 1] - closed[k]) - _unit(closed[k + 1] - closed[k])
        hydrogens.append(closed[k] + c_h_A * _unit(away))
    plane = np.vstack([flat, hydrogens])
    return PlacedGroup(("C",) * 4 + ("H",) * 4, middle + plane[:, :1] * along + plane[:, 1:] * outward)
