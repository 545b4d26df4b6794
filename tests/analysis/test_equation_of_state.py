"""Equations of state give back the constants that made the points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from mofglass.analysis.equation_of_state import (
    FORMS,
    energy_eV,
    fit_energies,
    fit_pressures,
    pressure_GPa,
)
from mofglass.errors import InputError
from mofglass.units import GPA_PER_EV_PER_A3

V0, K0 = 4400.0, 1.7
VOLUMES = V0 * np.array([0.94, 0.96, 0.98, 1.0, 1.02, 1.04])


@pytest.mark.parametrize("form", FORMS)
def test_energy_is_the_integral_of_the_pressure(form) -> None:
    for volume in (0.9 * V0, 1.1 * V0):
        work, _ = quad(lambda v: float(pressure_GPa(v, V0, K0, 5.5, form=form)), V0, volume)
        energy = float(energy_eV(volume, -3.0, V0, K0, 5.5, form=form))
        assert energy == pytest.approx(-3.0 - work / GPA_PER_EV_PER_A3, rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_slope_at_zero_pressure_is_the_bulk_modulus(form) -> None:
    step = 1e-5 * V0
    around = pressure_GPa(np.array([V0 - step, V0 + step]), V0, K0, 5.5, form=form)
    assert -V0 * np.diff(around)[0] / (2 * step) == pytest.approx(K0, rel=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_exact_points_give_the_constants_back(form) -> None:
    k_prime = 4.0 if form == "birch-murnaghan-2" else 6.0
    pressures = pressure_GPa(VOLUMES, V0, K0, k_prime, form=form)
    fitted = fit_pressures(VOLUMES, pressures, form=form)
    assert (fitted.v0_A3, fitted.k0_GPa, fitted.k_prime) == pytest.approx((V0, K0, k_prime), rel=1e-5)
    assert fitted.brackets_zero
    energies = energy_eV(VOLUMES, -60093.0, V0, K0, k_prime, form=form)
    fitted = fit_energies(VOLUMES, energies, form=form)
    # Energies near -6e4 eV leave some seven digits for their differences.
    assert (fitted.v0_A3, fitted.k0_GPa, fitted.k_prime) == pytest.approx((V0, K0, k_prime), rel=1e-3)


def test_covariance_covers_the_scatter() -> None:
    random = np.random.default_rng(0)
    errors = np.array([0.01, 0.02, 0.01, 0.01, 0.03, 0.01])
    exact = pressure_GPa(VOLUMES, V0, K0, form="birch-murnaghan-2")
    fits = [fit_pressures(VOLUMES, exact + random.normal(scale=errors), errors) for _ in range(200)]
    k0 = np.array([fit.k0_GPa for fit in fits])
    # Errors enlarged where a fit scatters by more than they say are 1.1 times the true ones on average.
    assert np.mean([fit.errors[1] for fit in fits]) == pytest.approx(k0.std(), rel=0.25)
    inside = [fit.interval_95()["k0_GPa"][0] < K0 < fit.interval_95()["k0_GPa"][1] for fit in fits]
    assert np.mean(inside) > 0.92
    assert np.mean([fit.chi2_per_freedom for fit in fits]) == pytest.approx(1.0, abs=0.2)


def test_density_at_zero_pressure() -> None:
    fitted = fit_pressures(VOLUMES, pressure_GPa(VOLUMES, V0, K0, form="birch-murnaghan-2"))
    density, _ = fitted.density_g_per_cm3(3192.0)
    assert density == pytest.approx(3192.0 * 1.66053907 / V0)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(InputError, match="3 parameters"):
        fit_pressures(VOLUMES[:2], np.array([0.1, 0.0]), form="vinet")
