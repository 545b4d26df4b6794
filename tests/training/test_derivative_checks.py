"""Finite differences tell right derivatives from wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.training.derivative_checks import check_derivatives

Alter = Callable[[Callable[[dict[str, Any]], None]], ASEPotential]


@pytest.fixture
def atoms(metal_frames: list[LabelledFrame]) -> Atoms:
    return metal_frames[0].to_atoms()


def test_a_right_potential_passes(emt: ASEPotential, atoms: Atoms) -> None:
    checks = check_derivatives(emt, atoms, frame="frame 0")
    assert checks.forces_agree
    assert checks.stress_agrees
    assert checks.force_error < 1e-4
    assert checks.stress_error_MPa < 1.0
    assert "forces are the derivative of the energy" in checks.verdict


def test_a_native_potential_passes(argon_frames: list[LabelledFrame]) -> None:
    checks = check_derivatives("lj", argon_frames[0].to_atoms())
    assert checks.forces_agree
    assert checks.stress_agrees


def test_a_wrong_sign_of_the_stress_is_caught(altered: Alter, atoms: Atoms) -> None:
    def flip(results: dict[str, Any]) -> None:
        results["stress"] = -results["stress"]

    checks = check_derivatives(altered(flip), atoms)
    assert checks.forces_agree
    assert checks.stress_agrees is False
    assert "the stress is NOT that by strain" in checks.verdict
    assert "wrong sign" in checks.verdict


def test_two_shear_components_in_the_wrong_order_are_caught(altered: Alter, atoms: Atoms) -> None:
    def swap(results: dict[str, Any]) -> None:
        results["stress"] = results["stress"][[0, 1, 2, 5, 4, 3]]

    checks = check_derivatives(altered(swap), atoms)
    assert checks.stress_agrees is False
    assert "wrong sign" not in checks.verdict


def test_forces_that_are_five_percent_off_are_caught(altered: Alter, atoms: Atoms) -> None:
    def enlarge(results: dict[str, Any]) -> None:
        results["forces"] = 1.05 * results["forces"]

    checks = check_derivatives(altered(enlarge), atoms)
    assert not checks.forces_agree
    assert checks.stress_agrees
    assert "forces are NOT the derivative" in checks.verdict


def test_a_relaxed_crystal_is_disturbed_first(altered: Alter) -> None:
    from ase.build import bulk

    def flip(results: dict[str, Any]) -> None:
        results["forces"] = -results["forces"]
        results["stress"] = -results["stress"]

    checks = check_derivatives(altered(flip), bulk("Cu", cubic=True))
    assert not checks.forces_agree
    assert checks.stress_agrees is False


def test_without_a_stress_only_forces_are_judged(altered: Alter, atoms: Atoms) -> None:
    def remove(results: dict[str, Any]) -> None:
        del results["stress"]

    checks = check_derivatives(altered(remove), atoms)
    assert checks.forces_agree
    assert checks.stress_agrees is None
    assert "gives no stress" in checks.verdict
    assert np.isnan(checks.stress_error_MPa)
