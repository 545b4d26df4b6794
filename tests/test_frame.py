"""Frames and what they keep."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.frame import Configuration, Frame
from mofglass.structures import load


def test_atoms_and_back():
    atoms = load("ZIF-4")
    atoms.info |= {"step": 5, "time_ps": 2.5, "source": "test"}
    frame = Frame.from_atoms(atoms, index=3)
    assert (frame.index, frame.step, frame.time_ps, frame.info["source"]) == (3, 5, 2.5, "test")
    assert isinstance(frame, Configuration)
    assert frame.n_atoms == 272
    assert frame.volume_A3 == pytest.approx(atoms.get_volume())
    assert frame.mass_u == pytest.approx(atoms.get_masses().sum())
    back = frame.to_atoms()
    np.testing.assert_array_equal(back.positions, atoms.positions)
    assert back.info["time_ps"] == 2.5
    assert back.pbc.all()
