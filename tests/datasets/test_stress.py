"""One place converts stress: units by hand, the sign of every program."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.datasets.stress import stress_from_compression, stress_from_kbar


@pytest.mark.parametrize(
    ("unit", "value"), [("GPa", 160.2176634), ("bar", 1602176.634), ("kbar", 1602.176634)]
)
def test_units(unit: str, value: float) -> None:
    np.testing.assert_allclose(stress_from_compression(np.eye(3) * value, unit), -np.eye(3))


def test_a_compressed_crystal_has_negative_stress_here_and_positive_kbar_in_vasp() -> None:
    stress = stress_from_kbar(np.array([[10.0, 1.0, 0], [3.0, 10.0, 0], [0, 0, 10.0]]))
    assert np.trace(stress) < 0
    np.testing.assert_allclose(stress[0, 1], -2 / 1602.176634)
    np.testing.assert_array_equal(stress, stress.T)
