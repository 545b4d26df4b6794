"""Directional moduli against closed formulas for cubic bodies and against brute force for a triclinic one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mofglass.analysis.elastic_directions import (
    QUANTITIES,
    extremes,
    linear_compressibility_per_TPa,
    poisson_ratio_range,
    shear_modulus_range_GPa,
    unit_vectors,
    young_modulus_GPa,
)
from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.errors import InputError

from .test_elastic_tensor import COPPER, any_stable, cubic


def test_an_isotropic_body_is_the_same_in_every_direction() -> None:
    tensor = ElasticTensor.isotropic(2.0, 1.0)
    n = unit_vectors(50)
    assert young_modulus_GPa(tensor, n) == pytest.approx(18 / 7)
    assert linear_compressibility_per_TPa(tensor, n) == pytest.approx(1e3 / 6)
    assert shear_modulus_range_GPa(tensor, n) == pytest.approx(1.0)
    assert poisson_ratio_range(tensor, n) == pytest.approx(2 / 7)
    for extreme in extremes(tensor).values():
        assert extreme.anisotropy == pytest.approx(1.0)


def test_copper_is_stiffest_along_the_body_diagonal() -> None:
    c11, c12, c44 = COPPER
    found = extremes(ElasticTensor(cubic(*COPPER)))
    bulk, tetragonal = (c11 + 2 * c12) / 3, (c11 - c12) / 2
    young = found["young_modulus_GPa"]
    assert young.minimum == pytest.approx(9 * bulk * tetragonal / (3 * bulk + tetragonal))
    assert young.maximum == pytest.approx(9 * bulk * c44 / (3 * bulk + c44))
    assert np.abs(young.maximum_direction) == pytest.approx(np.full(3, 3**-0.5), abs=1e-4)
    assert np.sort(np.abs(young.minimum_direction)) == pytest.approx([0, 0, 1], abs=1e-4)
    shear = found["shear_modulus_GPa"]
    assert (shear.minimum, shear.maximum) == pytest.approx((tetragonal, c44))
    # Tension along [110]: copper's well known negative ratio along [1-10].
    assert found["poisson_ratio"].minimum == pytest.approx(-0.14, abs=0.01)
    assert found["poisson_ratio"].maximum == pytest.approx(0.82, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_extremes_over_m_agree_with_brute_force(seed: int) -> None:
    tensor = ElasticTensor(any_stable(seed))
    s = tensor.compliance_tensor_per_GPa
    n = unit_vectors(7)
    for axis, shear, poisson in zip(
        n, shear_modulus_range_GPa(tensor, n), poisson_ratio_range(tensor, n), strict=True
    ):
        u = np.linalg.svd(axis[None])[2][1:]
        angles = np.linspace(0, np.pi, 2001)
        m = np.cos(angles)[:, None] * u[0] + np.sin(angles)[:, None] * u[1]
        all_shear = 1 / (4 * np.einsum("ijkl,i,aj,k,al->a", s, axis, m, axis, m))
        all_poisson = -np.einsum("ijkl,i,j,ak,al->a", s, axis, axis, m, m)
        all_poisson /= np.einsum("ijkl,i,j,k,l->", s, axis, axis, axis, axis)
        assert shear == pytest.approx([all_shear.min(), all_shear.max()], rel=1e-4)
        assert poisson == pytest.approx([all_poisson.min(), all_poisson.max()], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_extremes_do_not_change_with_the_axes(seed: int) -> None:
    tensor = ElasticTensor(any_stable(seed))
    turned = tensor.rotated(Rotation.random(random_state=seed).as_matrix())
    before, after = extremes(tensor), extremes(turned)
    for name in QUANTITIES:
        assert after[name].minimum == pytest.approx(before[name].minimum, rel=1e-5)
        assert after[name].maximum == pytest.approx(before[name].maximum, rel=1e-5)


def test_extremes_are_at_least_those_of_a_fine_grid() -> None:
    tensor = ElasticTensor(any_stable(4))
    found = extremes(tensor)
    grid = unit_vectors(100_000)
    for name, (_, function) in QUANTITIES.items():
        values = function(tensor, grid)
        spread = values.max() - values.min()
        assert found[name].minimum <= values.min() + 1e-9 * spread
        assert found[name].maximum >= values.max() - 1e-9 * spread
        assert found[name].maximum - found[name].minimum == pytest.approx(spread, rel=1e-3)


def test_a_body_that_is_not_stable_has_no_directional_moduli() -> None:
    with pytest.raises(InputError, match="mechanically stable"):
        extremes(ElasticTensor(cubic(4, 5, 3)))
