"""Crystals of the catalogue, and a single linker in a box to cut and change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms

from mofglass.structures import load

CRYSTALS = {"ZIF-4": 16, "ZIF-zni": 32, "ZIF-8": None, "SALEM-2": None, "ZIF-1": 8, "ZIF-3": 16, "ZIF-6": 8}
"""Catalogue names and the zinc atoms of the cell, where the cell is not a matter of choice."""


@pytest.fixture(scope="session")
def zif4() -> Atoms:
    """The catalogue's ZIF-4: 272 atoms, 16 Zn, 32 linkers."""
    return load("ZIF-4")


@pytest.fixture(scope="session", params=sorted(CRYSTALS))
def crystal(request: pytest.FixtureRequest) -> Atoms:
    """Each crystal of the catalogue."""
    return load(request.param)


@pytest.fixture
def imidazolate() -> Atoms:
    """One flat imidazolate in a box: N1, C2, N3, C4, C5, then hydrogens on C2, C4, C5."""
    angles = np.deg2rad([18, 90, 162, 234, 306])
    directions = np.stack((np.cos(angles), np.sin(angles), np.zeros(5)), axis=1)
    radius = 1.17  # a regular pentagon of edge 1.375 Å
    positions = np.concatenate((radius * directions, (radius + 1.08) * directions[[1, 3, 4]]))
    return Atoms("NCNC2H3", positions + 10.0, cell=[20.0, 20.0, 20.0], pbc=True)


@pytest.fixture(scope="session")
def attach() -> Callable[[Atoms, int, str], Atoms]:
    """Function that puts a group in a hydrogen's place."""
    return _attach


@pytest.fixture(scope="session")
def open_ring() -> Callable[[Atoms, int, int, int, float], Atoms]:
    """Function that cuts one bond of a ring."""
    return _open_ring


def _attach(atoms: Atoms, hydrogen: int, group: str) -> Atoms:
    """Put a group in a hydrogen's place, along its bond to the nearest carbon atom, in the plane z."""
    carbons = np.flatnonzero(atoms.numbers == 6)
    anchor = carbons[np.argmin(atoms.get_distances(hydrogen, carbons, mic=True))]
    out = atoms.get_distance(anchor, hydrogen, mic=True, vector=True)
    out /= np.linalg.norm(out)
    side = np.cross([0.0, 0.0, 1.0], out)
    up = np.array([0.0, 0.0, 1.0])
    start = atoms.positions[anchor]
    shapes = {
        "F": [("F", 1.35 * out)],
        "Cl": [("Cl", 1.73 * out)],
        "Br": [("Br", 1.88 * out)],
        "I": [("I", 2.08 * out)],
        "CH3": [
            ("C", 1.50 * out),
            ("H", 1.87 * out + 1.02 * side),
            ("H", 1.87 * out - 0.51 * side + 0.89 * up),
            ("H", 1.87 * out - 0.51 * side - 0.89 * up),
        ],
        "NO2": [("N", 1.45 * out), ("O", 2.06 * out + 1.06 * side), ("O", 2.06 * out - 1.06 * side)],
        "CHO": [("C", 1.45 * out), ("O", 2.06 * out + 1.05 * side), ("H", 2.0 * out - 0.95 * side)],
        "CN": [("C", 1.42 * out), ("N", 2.58 * out)],
    }
    changed = atoms.copy()
    del changed[hydrogen]
    for symbol, vector in shapes[group]:
        changed += Atoms(symbol, [start + vector])
    return changed


def _open_ring(atoms: Atoms, n1: int, c2: int, c5: int, angle_deg: float) -> Atoms:
    """Swing N1 about C5 within the ring's plane, away from C2: one bond is cut, no other changed."""
    changed = atoms.copy()
    arm = atoms.get_distance(c5, n1, mic=True, vector=True)
    toward = atoms.get_distance(n1, c2, mic=True, vector=True)
    axis = np.cross(arm, toward)
    axis /= np.linalg.norm(axis)
    a = -np.deg2rad(angle_deg)
    turned = arm * np.cos(a) + np.cross(axis, arm) * np.sin(a)
    changed.positions[n1] += turned - arm
    return changed
