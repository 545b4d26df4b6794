"""A labelled frame to `ase.Atoms` and back."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms

from mofglass.datasets import LabelledFrame

STRESS = np.array([[1.0, 6, 5], [6, 2, 4], [5, 4, 3]]) * 1e-3


def frame(**changes) -> LabelledFrame:
    given = {
        "numbers": np.array([30, 7]),
        "positions": np.array([[0.0, 0, 0], [1, 1, 1]]),
        "cell": np.diag([8.0, 9, 10]),
        "energy_eV": -1.5,
        "forces_eV_per_A": np.array([[0.0, 0, 1], [0, 0, -1]]),
        "stress_eV_per_A3": STRESS,
        "source": "glass",
        "temperature_K": 300.0,
        "info": {"k": 3},
    }
    return LabelledFrame(**(given | changes))


def test_to_atoms_and_back() -> None:
    atoms = frame().to_atoms()
    assert atoms.pbc.all()
    np.testing.assert_array_equal(atoms.get_stress(), STRESS[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])
    again = LabelledFrame.from_atoms(atoms)
    for name in (
        "numbers",
        "positions",
        "cell",
        "energy_eV",
        "forces_eV_per_A",
        "stress_eV_per_A3",
        "source",
    ):
        np.testing.assert_array_equal(getattr(again, name), getattr(frame(), name))
    assert again.temperature_K == 300
    assert again.info == {"k": 3}
    assert frame().volume_A3 == pytest.approx(720)


def test_without_stress_and_temperature() -> None:
    again = LabelledFrame.from_atoms(frame(stress_eV_per_A3=None, temperature_K=float("nan")).to_atoms())
    assert again.stress_eV_per_A3 is None
    assert np.isnan(again.temperature_K)


def test_constraints_do_not_silence_forces_and_labels_given_win() -> None:
    atoms = Atoms("ZnN", cell=np.eye(3) * 8, pbc=True, positions=[[0, 0, 0], [1, 1, 1]])
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0, forces=np.ones((2, 3)))
    atoms.set_constraint(FixAtoms([0]))
    atoms.info["source"] = "old"
    made = LabelledFrame.from_atoms(atoms, source="new", temperature_K=5)
    np.testing.assert_array_equal(made.forces_eV_per_A, np.ones((2, 3)))
    assert (made.source, made.temperature_K) == ("new", 5)
