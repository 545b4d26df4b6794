"""The elastic tensor against known bodies: isotropic ones, copper, hexagonal zinc; and in turned axes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mofglass.analysis.elastic_tensor import (
    ElasticTensor,
    Moduli,
    strain_to_voigt,
    stress_to_voigt,
    voigt_to_strain,
)
from mofglass.errors import InputError

# C11, C12, C44 of copper, GPa (Simmons and Wang 1971).
COPPER = (168.4, 121.4, 75.4)


def cubic(c11: float, c12: float, c44: float) -> np.ndarray:
    stiffness = np.diag([c11 - c12] * 3 + [c44] * 3)
    stiffness[:3, :3] += c12
    return stiffness


def any_stable(seed: int) -> np.ndarray:
    """A triclinic stiffness with eigenvalues between 1 and 12 GPa."""
    random = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(random.normal(size=(6, 6)))
    kelvin = np.diag([1.0, 1, 1, 2**0.5, 2**0.5, 2**0.5])
    return np.linalg.inv(kelvin) @ (axes * random.uniform(1, 12, 6)) @ axes.T @ np.linalg.inv(kelvin)


def test_isotropic_body_has_equal_bounds_and_no_anisotropy() -> None:
    tensor = ElasticTensor.isotropic(2.0, 1.0)
    for average in (tensor.voigt, tensor.reuss, tensor.hill):
        assert average.bulk_GPa == pytest.approx(2.0)
        assert average.shear_GPa == pytest.approx(1.0)
        assert average.young_GPa == pytest.approx(18 / 7)
        assert average.poisson == pytest.approx(2 / 7)
    assert tensor.universal_anisotropy == pytest.approx(0.0, abs=1e-12)
    assert tensor.kelvin_moduli_GPa == pytest.approx([2, 2, 2, 2, 2, 6])


def test_castel_table_3_is_consistent() -> None:
    # Of the paper's crystal: K 1.58 and G 1.01 give its E 2.49 and nu 0.24.
    crystal = Moduli.of(1.58, 1.01)
    assert crystal.young_GPa == pytest.approx(2.49, abs=0.01)
    assert crystal.poisson == pytest.approx(0.24, abs=0.01)


def test_copper_has_its_textbook_averages() -> None:
    tensor = ElasticTensor(cubic(*COPPER))
    assert tensor.hill.bulk_GPa == pytest.approx(137.1, abs=0.1)
    assert tensor.voigt.shear_GPa == pytest.approx((168.4 - 121.4 + 3 * 75.4) / 5)
    assert tensor.reuss.shear_GPa == pytest.approx(5 * 47.0 * 75.4 / (4 * 75.4 + 3 * 47.0))
    # Zener's ratio A gives A_U = 6/5 (sqrt(A) - 1/sqrt(A))^2 for a cubic body.
    zener = 2 * 75.4 / 47.0
    assert tensor.universal_anisotropy == pytest.approx(1.2 * (zener**0.5 - zener**-0.5) ** 2)


@pytest.mark.parametrize("seed", range(5))
def test_no_invariant_changes_with_the_axes(seed: int) -> None:
    tensor = ElasticTensor(any_stable(seed))
    rotation = Rotation.random(random_state=seed).as_matrix()
    turned = tensor.rotated(rotation)
    assert np.abs(turned.stiffness_GPa - tensor.stiffness_GPa).max() > 0.1
    for name in ("voigt", "reuss", "hill"):
        assert vars(getattr(turned, name)) == pytest.approx(vars(getattr(tensor, name)))
    assert turned.universal_anisotropy == pytest.approx(tensor.universal_anisotropy)
    assert turned.kelvin_moduli_GPa == pytest.approx(tensor.kelvin_moduli_GPa)
    assert turned.rotated(rotation.T).stiffness_GPa == pytest.approx(tensor.stiffness_GPa)


def test_stress_of_a_turned_strain_is_the_turned_stress() -> None:
    # Guards Voigt's factors of two: the matrix in turned axes has to obey Hooke's law there.
    tensor = ElasticTensor(any_stable(1))
    rotation = Rotation.random(random_state=3).as_matrix()
    strain = np.array([[1.0, 0.3, -0.2], [0.3, 0.5, 0.7], [-0.2, 0.7, -0.4]])
    stress = tensor.stiffness_GPa @ strain_to_voigt(strain)
    there = tensor.rotated(rotation).stiffness_GPa @ strain_to_voigt(rotation @ strain @ rotation.T)
    full = voigt_to_strain(stress * [1, 1, 1, 2, 2, 2])
    assert there == pytest.approx(stress_to_voigt(rotation @ full @ rotation.T))
    assert voigt_to_strain(strain_to_voigt(strain)) == pytest.approx(strain)


def test_compliance_inverts_stiffness_and_back() -> None:
    tensor = ElasticTensor(any_stable(2))
    assert tensor.compliance_per_GPa @ tensor.stiffness_GPa == pytest.approx(np.eye(6), abs=1e-12)
    again = ElasticTensor.from_compliance(tensor.compliance_per_GPa)
    assert again.stiffness_GPa == pytest.approx(tensor.stiffness_GPa)


def test_stability_is_told_by_the_eigenvalues() -> None:
    assert ElasticTensor(cubic(10, 4, 3)).is_stable
    # C11 < C12: unstable to a tetragonal strain though every diagonal component is positive.
    broken = ElasticTensor(cubic(4, 5, 3))
    assert not broken.is_stable
    assert broken.kelvin_moduli_GPa[:2] == pytest.approx([-1, -1])


def test_units_are_guarded() -> None:
    from ase.units import GPa

    tensor = ElasticTensor.from_eV_per_A3(cubic(*COPPER) * GPa)
    assert tensor.hill.bulk_GPa == pytest.approx(137.1, abs=0.1)
    with pytest.raises(InputError, match="more than any solid"):
        ElasticTensor(cubic(*COPPER) * 1e9)


@pytest.mark.parametrize(
    ("stiffness", "message"),
    [
        (np.eye(3), "6 x 6"),
        (np.full((6, 6), np.nan), "finite"),
        (np.diag([1.0, 1, 1, 1, 1, 0]), "no inverse"),
        (np.eye(6) + np.eye(6, k=1), "not symmetric"),
    ],
)
def test_what_is_no_elastic_tensor_is_refused(stiffness: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ElasticTensor(stiffness)
