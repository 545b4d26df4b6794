"""The points that are fitted are chosen by the rule, and pressures at rest are tested by their energies."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.analysis.equation_of_state import energy_eV, pressure_GPa
from mofglass.analysis.well_behaved_region import disagreement_GPa, region_at_rest, well_behaved_region
from mofglass.errors import InputError
from mofglass.units import GPA_PER_EV_PER_A3

V0, K0 = 4400.0, 1.7


def test_region_leaves_out_where_the_material_gives_way() -> None:
    volumes = V0 * np.arange(0.88, 1.05, 0.015)
    pressures = pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2")
    # Beyond some compression the framework folds and the pressure stays.
    pressures = np.minimum(pressures, 0.09)
    region = well_behaved_region(volumes, pressures, np.full(len(volumes), 0.005))
    assert region.well_behaved
    assert region.equation.brackets_zero
    assert len(region.points) == 5
    assert region.equation.k0_GPa == pytest.approx(K0, rel=0.05)
    assert np.all(np.diff(volumes[region.points]) > 0)


def test_region_takes_fewer_points_where_five_do_not_fit() -> None:
    volumes = V0 * np.array([0.97, 0.985, 1.0, 1.015, 1.03])
    pressures = pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2")
    pressures[0] += 0.05
    region = well_behaved_region(volumes, pressures, np.full(5, 0.003))
    assert region.well_behaved
    assert list(region.points) == [1, 2, 3, 4]
    assert region.equation.k0_GPa == pytest.approx(K0, rel=0.01)


def test_region_nearest_to_zero_where_all_are_under_pressure() -> None:
    volumes = V0 * np.linspace(0.85, 0.97, 8)
    pressures = pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2")
    region = well_behaved_region(volumes, pressures)
    assert list(region.points) == [3, 4, 5, 6, 7]
    assert not region.equation.brackets_zero
    assert "nearest to" in region.reason


def test_region_keeps_five_precise_points_of_another_curvature() -> None:
    # Argon's K' is near 9: second order misses the points by hundreds of errors, and by 1 % of their range.
    volumes = V0 * np.array([0.97, 0.985, 1.0, 1.015, 1.03])
    pressures = pressure_GPa(volumes, V0, K0, 9.0, form="vinet")
    region = well_behaved_region(volumes, pressures, np.full(5, 1e-5))
    assert region.well_behaved
    assert len(region.points) == 5
    assert region.equation.chi2_per_freedom > 100
    # The error is enlarged by the misfit.
    assert abs(region.equation.k0_GPa - K0) < 5 * region.equation.errors[1]


def test_a_pressure_that_never_falls_is_told() -> None:
    region = well_behaved_region(V0 * np.array([0.98, 1.0, 1.02, 1.04]), np.array([0.0, 0.1, 0.2, 0.3]))
    assert not region.well_behaved
    assert "does not fall" in region.reason


def test_too_few_points_are_refused() -> None:
    with pytest.raises(InputError, match="at least 3"):
        well_behaved_region(np.array([V0, 1.02 * V0]), np.zeros(2))
    with pytest.raises(InputError, match="at least 3"):
        region_at_rest(np.array([V0, 1.02 * V0]), np.zeros(2), np.zeros(2))


def test_energies_that_are_the_integral_of_the_pressures_agree_with_them() -> None:
    volumes = V0 * np.array([1.03, 0.94, 0.97, 1.0])
    pressures = pressure_GPa(volumes, V0, K0, 9.0, form="vinet")
    energies = energy_eV(volumes, -3.0, V0, K0, 9.0, form="vinet")
    assert disagreement_GPa(volumes, pressures, energies) < 2e-3 * np.ptp(pressures)


def test_a_fall_into_another_minimum_is_a_disagreement() -> None:
    step = 0.015 * V0
    volumes = V0 + step * np.arange(-3, 4)
    pressures = pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2")
    energies = energy_eV(volumes, -3.0, V0, K0, form="birch-murnaghan-2")
    energies[4:] -= 0.02
    # One step of six is off by 0.02 eV.
    expected = np.sqrt(2 / 6) * 0.02 / step * GPA_PER_EV_PER_A3
    assert disagreement_GPa(volumes, pressures, energies) == pytest.approx(expected, rel=0.02)


def test_the_disagreement_is_the_error_of_a_pressure() -> None:
    random = np.random.default_rng(3)
    volumes = V0 * np.arange(0.94, 1.06, 0.015)
    found = [
        disagreement_GPa(
            volumes,
            pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2") + random.normal(0, 0.01, len(volumes)),
            energy_eV(volumes, -3.0, V0, K0, form="birch-murnaghan-2"),
        )
        for _ in range(400)
    ]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(0.01, rel=0.25)


def test_of_two_minima_the_lower_is_fitted() -> None:
    volumes = V0 * np.arange(0.895, 1.08, 0.015)
    dense = volumes < 0.965 * V0
    pressures = np.where(
        dense,
        pressure_GPa(volumes, 0.925 * V0, 5.0, form="birch-murnaghan-2"),
        pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2"),
    )
    for depth, v0, k0 in ((0.1, V0, K0), (-0.1, 0.925 * V0, 5.0)):
        energies = np.where(
            dense,
            energy_eV(volumes, depth, 0.925 * V0, 5.0, form="birch-murnaghan-2"),
            energy_eV(volumes, 0.0, V0, K0, form="birch-murnaghan-2"),
        )
        equation = region_at_rest(volumes, pressures, energies).equation
        assert equation.v0_A3 == pytest.approx(v0, rel=1e-5)
        assert equation.k0_GPa == pytest.approx(k0, rel=1e-3)
        assert disagreement_GPa(volumes, pressures, energies) > 0.01


def test_rough_pressures_are_fitted_over_a_long_run_smooth_ones_over_a_short_one() -> None:
    volumes = V0 * np.arange(0.94, 1.07, 0.015)
    pressures = pressure_GPa(volumes, V0, K0, 9.0, form="vinet")
    energies = energy_eV(volumes, 0.0, V0, K0, 9.0, form="vinet")
    smooth = region_at_rest(volumes, pressures, energies)
    assert len(smooth.points) == 5
    assert smooth.equation.k0_GPa == pytest.approx(K0, rel=0.01)
    bumps = 0.02 * np.array([1, -1, -1, 1, 1, -1, 1, -1, -1])
    rough = region_at_rest(volumes, pressures + bumps, energies)
    assert len(rough.points) >= 8
    assert abs(rough.equation.k0_GPa - K0) < 2 * rough.equation.errors[1]


def test_pressures_that_never_fall_at_rest_are_refused() -> None:
    with pytest.raises(InputError, match="does not fall"):
        region_at_rest(V0 * np.array([0.98, 1.0, 1.02]), np.array([-0.2, 0.0, 0.2]), np.zeros(3))


def test_volumes_given_twice_and_energies_that_are_not_finite_are_refused() -> None:
    volumes = V0 * np.array([0.98, 1.0, 1.02, 1.04])
    pressures = pressure_GPa(volumes, V0, K0, form="birch-murnaghan-2")
    for bad in (np.nan, np.inf):
        with pytest.raises(InputError, match="finite"):
            region_at_rest(volumes, pressures, np.array([0.1, 0.0, bad, 0.2]))
    with pytest.raises(InputError, match="must differ"):
        region_at_rest(volumes[[0, 1, 1, 2]], pressures[[0, 1, 1, 2]], np.zeros(4))
