"""Small real systems for the engine: Lennard-Jones argon, fast enough to kill twenty times."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk


@pytest.fixture
def argon() -> Atoms:
    """A face-centred cubic crystal of 256 atoms, edges of 21.2 Å."""
    return bulk("Ar", "fcc", a=5.3, cubic=True).repeat(4)


@pytest.fixture
def triclinic_argon() -> Atoms:
    """108 atoms in a sheared box: standard orientation, all three tilt factors."""
    atoms = bulk("Ar", "fcc", a=5.4, cubic=True).repeat(3)
    length = 16.2
    cell = np.array([[length, 0, 0], [1.5, length, 0], [-1.0, 2.0, length]])
    atoms.set_cell(cell, scale_atoms=True)
    return atoms
