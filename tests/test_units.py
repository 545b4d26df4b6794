"""Conversions against numbers known from elsewhere."""

from __future__ import annotations

import ase.units
import pytest

from mofglass import units


def test_against_ase():
    assert pytest.approx(ase.units.kB, rel=1e-6) == units.BOLTZMANN_EV_PER_K
    assert pytest.approx(ase.units.GPa, rel=1e-6) == 1 / units.GPA_PER_EV_PER_A3
    assert pytest.approx(ase.units.mol / ase.units.kJ, rel=1e-6) == units.KJ_PER_MOL_PER_EV
    assert pytest.approx(23.0605, abs=1e-4) == units.KCAL_PER_MOL_PER_EV


def test_density_of_water():
    """A cube of 1000 water molecules at 0.997 g/cm³ has an edge of 31.08 Å."""
    assert units.density_g_per_cm3(18015.0, 31.08**3) == pytest.approx(0.997, abs=1e-3)
