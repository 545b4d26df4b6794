"""Largest spheres that hold a point: lattices of spheres, and a crystal by another search."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from scipy.optimize import minimize

from mofglass import structures
from mofglass.analysis.pore_sizes import PoreSizes
from mofglass.frame import Frame

A, RADIUS = 10.0, 2.0
ORIGIN = np.array([1.0, 2.0, 3.0])
RADII_A = {"C": 1.7, "H": 1.09, "N": 1.55, "Zn": 1.39}


def lattice(shear: float = 0.0) -> PoreSizes:
    cell = np.diag([A, A, A])
    cell[1] += shear * cell[0]
    atoms = Atoms("C", positions=[ORIGIN], cell=cell, pbc=True)
    return PoreSizes(Frame.from_atoms(atoms), np.array([RADIUS]))


@pytest.mark.parametrize("shear", [0.0, 1.0])
def test_places_in_a_simple_cubic_lattice(shear: float) -> None:
    sizes = lattice(shear)
    middle = A * 3**0.5 - 2 * RADIUS
    # A sphere that holds the middle of an edge, R from its centre c: |c| = R along the square's diagonal, and
    # sqrt((a/2)^2 + R^2) - r = R, so that R = ((a/2)^2 - r^2) / 2r.
    edge = 2 * ((A / 2) ** 2 - RADIUS**2) / (2 * RADIUS)
    places = ORIGIN + A * np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.1]])
    found = sizes.diameters_A(places)
    assert found[:2] == pytest.approx(middle, abs=0.01)
    assert found[2] == pytest.approx(edge, abs=0.01)
    assert found[3] == 0.0


def test_volume_of_the_widest_pore_of_a_lattice() -> None:
    random = np.random.default_rng(0)
    found = lattice().diameters_A(random.random((3000, 3)) * A)
    width = A * 3**0.5 - 2 * RADIUS
    from_middle = np.linalg.norm((random.random((400_000, 3)) - 0.5) * A, axis=1)
    expected = (from_middle < width / 2).mean()
    error = np.sqrt(expected * (1 - expected) / 3000)
    assert (found > width - 0.1).mean() == pytest.approx(expected, abs=3 * error)
    assert found.max() == pytest.approx(width, abs=0.01)
    solid = 4 / 3 * np.pi * RADIUS**3 / A**3
    assert (found == 0).mean() == pytest.approx(solid, abs=3 * np.sqrt(solid / 3000))


def test_a_crystal_of_unlike_atoms() -> None:
    crystal = structures.load("ZIF-4")
    radii = np.array([RADII_A[symbol] for symbol in crystal.get_chemical_symbols()])
    sizes = PoreSizes(Frame.from_atoms(crystal), radii)
    cell = np.asarray(crystal.cell)
    random = np.random.default_rng(0)
    points = random.random((1500, 3)) @ cell
    found = sizes.diameters_A(points)

    # By another search: climb from random places, distances to all atoms by nearest images.
    def gap(place: np.ndarray) -> float:
        apart = (crystal.positions - place) @ np.linalg.inv(cell)
        return float((np.linalg.norm((apart - np.round(apart)) @ cell, axis=1) - radii).min())

    best = 0.0
    for place in sorted(points, key=gap)[-60:]:
        climbed = minimize(lambda x: -gap(x), place, method="Nelder-Mead", options={"xatol": 1e-4})
        best = max(best, -climbed.fun)
    assert found.max() == pytest.approx(2 * best, abs=0.01)
    # No sphere is smaller than the one around the point itself, none larger than the largest.
    own = np.array([gap(place) for place in points])
    assert (found >= 2 * own - 1e-9).all()
    assert ((found > 0) == (own > 0)).all()
