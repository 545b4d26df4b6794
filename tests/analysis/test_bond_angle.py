"""Angles with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass.analysis import BondAngle
from mofglass.errors import InputError
from mofglass.units import GAS_CONSTANT_KJ_PER_MOL_K


def test_perfect_tetrahedron() -> None:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 2.0 / np.sqrt(3)
    # Across the faces of a skewed box.
    cell = np.array([[9.0, 0, 0], [2.0, 9, 0], [-1.0, 1.0, 9]])
    atoms = Atoms("ZnN4", positions=np.vstack((np.zeros(3), corners)), cell=cell, pbc=True)
    atoms.wrap()
    result = BondAngle(bin_width_deg=0.5).compute(atoms).result
    assert result.n_angles == 6
    np.testing.assert_allclose(result.mean_deg, 109.4712206, atol=1e-6)
    np.testing.assert_allclose(result.standard_deviation_deg, 0.0, atol=1e-4)
    np.testing.assert_allclose(result.probability_per_deg.sum() * 0.5, 1.0)


def test_diamond_has_six_tetrahedral_angles_an_atom() -> None:
    atoms = bulk("C", "diamond", a=3.567)
    result = BondAngle(triple=("C", "C", "C"), cutoff_A=1.8).compute(atoms).result
    assert result.n_angles == 12
    np.testing.assert_allclose(result.mean_deg, 109.4712206, atol=1e-5)


def test_two_different_ends() -> None:
    atoms = Atoms("ZnNNO", positions=[[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 1.5]], cell=[12] * 3, pbc=True)
    result = BondAngle(triple=("N", "Zn", "O"), cutoff_A=(2.5, 1.6)).compute(atoms).result
    assert result.n_angles == 2
    np.testing.assert_allclose(result.mean_deg, 90.0)
    none = BondAngle(triple=("N", "Zn", "O"), cutoff_A=(1.9, 1.6)).compute(atoms).result
    assert none.n_angles == 0
    assert none.summary()["most_probable_angle_deg"] is None


def test_random_directions_show_the_jacobian() -> None:
    random = np.random.default_rng(0)
    direction = random.normal(size=(400, 3))
    direction *= 2.0 / np.linalg.norm(direction, axis=1)[:, None]
    atoms = Atoms("Zn" + "N400", positions=np.vstack((np.zeros(3), direction)), cell=[12] * 3, pbc=True)
    result = BondAngle(temperature_K=300.0, bin_width_deg=5.0).compute(atoms).result
    expected = np.sin(np.radians(result.theta_deg)) / 2 * np.pi / 180
    np.testing.assert_allclose(result.probability_per_deg, expected, atol=6e-4)
    kT = GAS_CONSTANT_KJ_PER_MOL_K * 300.0
    inner = slice(4, -4)
    assert np.ptp(result.free_energy_jacobian_kJ_per_mol[inner]) < 0.15 * kT
    np.testing.assert_allclose(
        result.free_energy_kJ_per_mol[inner],
        -kT * np.log(np.sin(np.radians(result.theta_deg[inner]))),
        atol=0.3,
    )


def test_no_temperature_no_potential() -> None:
    atoms = bulk("C", "diamond", a=3.567)
    result = BondAngle(triple=("C", "C", "C"), cutoff_A=1.8).compute(atoms).result
    assert len(result.panels()) == 1
    assert "free_energy_kJ_per_mol" not in result.to_dataframe()


def test_parameters_without_meaning() -> None:
    with pytest.raises(InputError, match="give one cut-off"):
        BondAngle(cutoff_A=(2.5, 2.4))
    with pytest.raises(InputError, match="cut-off"):
        BondAngle(cutoff_A=0.0)
    with pytest.raises(InputError, match="temperature"):
        BondAngle(temperature_K=-1.0)
