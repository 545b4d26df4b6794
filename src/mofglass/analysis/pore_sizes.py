"""Size of the pore at a point: the largest sphere that holds the point and overlaps no atom.

Gelb and Gubbins, Langmuir 15, 305 (1999): of all centres :math:`y` with :math:`|x - y| \\le d(y)`, where
:math:`d(y) = \\min_i |y - r_i| - R_i` is the distance to the nearest atom's surface, the one with the largest
:math:`d` gives the pore's diameter at :math:`x`, :math:`2 d`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from mofglass.frame import Frame
from mofglass.topology.binning import cell_heights

_SPACING_A = 0.4
"""Distance between the centres tried first, Å; each is then moved uphill."""

_STEPS = 240
"""Random steps uphill, their length falling from `_SPACING_A` to a hundredth of it."""


class PoreSizes:
    """Diameters of pores at points of a structure.

    Parameters
    ----------
    frame : Frame
        The structure.
    radii_A : ndarray, shape (n_atoms,)
        Radius of each atom, Å.
    """

    def __init__(self, frame: Frame, radii_A: np.ndarray) -> None:
        self.cell = np.asarray(frame.cell, dtype=float)
        fraction = np.linalg.solve(self.cell.T, np.asarray(frame.positions, dtype=float).T).T
        self._fraction = fraction - np.floor(fraction)
        self._radii_A = np.asarray(radii_A, dtype=float)
        self._margin_A = 8.0
        self._place_images()

    def _place_images(self) -> None:
        """Put atoms and their images around the cell, as far as the margin reaches."""
        heights = cell_heights(self.cell)
        reach = self._margin_A / heights
        shifts = [np.arange(-int(np.ceil(r)), int(np.ceil(r)) + 1) for r in reach]
        offsets = np.stack(np.meshgrid(*shifts, indexing="ij"), axis=-1).reshape(-1, 1, 3)
        images = (self._fraction + offsets).reshape(-1, 3)
        near = ((images > -reach) & (images < 1.0 + reach)).all(axis=1)
        self._positions = images[near] @ self.cell
        self._image_radii_A = np.tile(self._radii_A, len(offsets))[near]
        self._tree = cKDTree(self._positions)
        # One tree a radius: the nearest surface is then that of a nearest centre.
        self._trees = [
            (float(radius), cKDTree(self._positions[self._image_radii_A == radius]))
            for radius in np.unique(self._image_radii_A)
        ]

    def distance_A(self, points: np.ndarray) -> np.ndarray:
        """Return the distance to the nearest atom's surface.

        Parameters
        ----------
        points : ndarray, shape (n, 3)
            Points in the cell, Å.

        Returns
        -------
        ndarray, shape (n,)
            Å; negative inside an atom.
        """
        while True:
            distance = np.min([tree.query(points)[0] - radius for radius, tree in self._trees], axis=0)
            # An atom beyond the margin could be nearer than what was found.
            if len(points) == 0 or distance.max() + self._radii_A.max() <= self._margin_A:
                return distance
            self._margin_A *= 2.0
            self._place_images()

    @cached_property
    def _centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Centres on a grid through the pores with their images, widest first, and their distances."""
        heights = cell_heights(self.cell)
        n_steps = np.ceil(heights / _SPACING_A).astype(int)
        grid = np.stack(np.meshgrid(*(np.arange(n) / n for n in n_steps), indexing="ij"), axis=-1)
        fraction = grid.reshape(-1, 3)
        distance = self.distance_A(fraction @ self.cell)
        fraction, distance = fraction[distance > 0], distance[distance > 0]
        if len(distance) == 0:
            return np.empty((0, 3)), distance
        farthest = np.ceil(distance.max() / heights).astype(int)
        shifts = [np.arange(-n, n + 1) for n in farthest]
        places, distances = [], []
        for offset in np.stack(np.meshgrid(*shifts, indexing="ij"), axis=-1).reshape(-1, 3):
            image = fraction + offset
            holds = (
                (image > -(distance[:, None] / heights)) & (image < 1 + distance[:, None] / heights)
            ).all(1)
            places.append(image[holds])
            distances.append(distance[holds])
        together, widths = np.concatenate(places), np.concatenate(distances)
        order = np.argsort(-widths, kind="stable")
        return together[order] @ self.cell, widths[order]

    def diameters_A(self, points: np.ndarray, *, seed: int = 0) -> np.ndarray:
        """Return the diameter of the pore at each point.

        Parameters
        ----------
        points : ndarray, shape (n, 3)
            Points, Å, wrapped or not.
        seed : int
            Of the random steps.

        Returns
        -------
        ndarray, shape (n,)
            Å; 0 inside atoms.
        """
        fraction = np.linalg.solve(self.cell.T, np.asarray(points, dtype=float).T).T
        inside = (fraction - np.floor(fraction)) @ self.cell
        own = self.distance_A(inside)
        free = np.flatnonzero(own > 0)
        diameters = np.zeros(len(inside))
        if len(free) == 0:
            return diameters
        points = np.ascontiguousarray(inside[free])
        centres, widths = self._centres
        start, width = _widest_around(points, own[free], centres, widths)
        # A sphere may grow by as much as its centre moves.
        around = self._tree.query_ball_point(start, width + 2 * _REACH_A + self._radii_A.max())
        first = np.concatenate(([0], np.cumsum([len(near) for near in around])))
        atoms = np.concatenate([np.asarray(near, dtype=np.int64) for near in around])
        rng = np.random.default_rng(seed)
        steps = rng.normal(size=(_STEPS, 3))
        steps /= np.linalg.norm(steps, axis=1)[:, None]
        steps *= (_SPACING_A * 0.01 ** (np.arange(_STEPS) / _STEPS))[:, None]
        diameters[free] = 2 * _uphill(
            points, start, width, self._positions, self._image_radii_A, first, atoms, steps
        )
        return diameters


_REACH_A = 2 * _SPACING_A
"""Farthest that a centre moves from where it began, Å."""


@njit(cache=True, nogil=True)
def _widest_around(
    points: np.ndarray, own: np.ndarray, centres: np.ndarray, widths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each point the widest sphere that holds it, at first the one around itself."""
    start, width = points.copy(), own.copy()
    for k in range(len(points)):
        for c in range(len(centres)):
            if widths[c] <= own[k]:
                break
            x = centres[c, 0] - points[k, 0]
            y = centres[c, 1] - points[k, 1]
            z = centres[c, 2] - points[k, 2]
            if x * x + y * y + z * z <= widths[c] * widths[c]:
                start[k] = centres[c]
                width[k] = widths[c]
                break
    return start, width


@njit(cache=True, nogil=True)
def _uphill(
    points: np.ndarray,
    start: np.ndarray,
    width: np.ndarray,
    positions: np.ndarray,
    radii: np.ndarray,
    first: np.ndarray,
    atoms: np.ndarray,
    steps: np.ndarray,
) -> np.ndarray:
    """Move each centre where its sphere is larger and still holds its point."""
    best = width.copy()
    for k in range(len(points)):
        centre = start[k].copy()
        for s in range(len(steps)):
            trial = centre + steps[s]
            if ((trial - start[k]) ** 2).sum() > _REACH_A * _REACH_A:
                continue
            least = best[k]
            to_point = np.sqrt(((trial - points[k]) ** 2).sum())
            grown = np.inf
            for a in range(first[k], first[k + 1]):
                x = trial[0] - positions[atoms[a], 0]
                y = trial[1] - positions[atoms[a], 1]
                z = trial[2] - positions[atoms[a], 2]
                reach = np.sqrt(x * x + y * y + z * z) - radii[atoms[a]]
                if reach < grown:
                    grown = reach
                    if grown <= least:
                        break
            if grown > least and to_point <= grown:
                best[k] = grown
                centre = trial
    return best
