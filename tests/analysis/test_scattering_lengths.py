"""The tables hold what the literature holds."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.analysis.scattering_lengths import neutron_lengths_fm, xray_form_factors
from mofglass.errors import InputError


def test_neutron_lengths_are_the_published() -> None:
    """V. F. Sears, Neutron News 3, 26 (1992)."""
    lengths = neutron_lengths_fm(["H", "C", "N", "Zn"])
    assert lengths == pytest.approx({"H": -3.739, "C": 6.646, "N": 9.36, "Zn": 5.680}, abs=0.003)
    assert neutron_lengths_fm(["H"], deuterium_fraction=1.0)["H"] == pytest.approx(6.671, abs=0.005)


def test_a_mixture_can_be_null() -> None:
    light, heavy = (neutron_lengths_fm(["H"], deuterium_fraction=x)["H"] for x in (0.0, 1.0))
    fraction = -light / (heavy - light)
    assert fraction == pytest.approx(0.359, abs=0.002)
    assert neutron_lengths_fm(["H"], deuterium_fraction=fraction)["H"] == pytest.approx(0, abs=1e-12)


def test_form_factors_begin_at_the_atomic_number_and_fall() -> None:
    q = np.linspace(0, 50, 200)
    for symbol, number in (("H", 1), ("C", 6), ("N", 7), ("Zn", 30)):
        factor = xray_form_factors([symbol], q)[symbol]
        assert factor[0] == pytest.approx(number, abs=0.02)
        assert factor[-1] < 0.06 * number


def test_hydrogen_has_the_form_factor_of_its_orbital() -> None:
    """The 1s orbital gives f = [1 + (Q a0 / 2)²]⁻² exactly."""
    q = np.linspace(0, 4, 50)
    exact = (1 + (q * 0.529177 / 2) ** 2) ** -2
    # The table is that of bonded hydrogen or a fit to the free atom, either within a few hundredths.
    np.testing.assert_allclose(xray_form_factors(["H"], q)["H"], exact, atol=0.07)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, np.nan])
def test_fraction_must_be_one(fraction: float) -> None:
    with pytest.raises(InputError, match="deuterium"):
        neutron_lengths_fm(["H"], deuterium_fraction=fraction)


def test_unknown_is_said() -> None:
    with pytest.raises(InputError, match="use X-rays"):
        neutron_lengths_fm(["Po"])
    with pytest.raises(InputError, match="symbol"):
        neutron_lengths_fm(["Xx"])
    with pytest.raises(InputError, match="lower q_max"):
        xray_form_factors(["C"], np.array([100.0]))
