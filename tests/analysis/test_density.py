"""Density and cell over time."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.analysis import Density, DensityResult
from mofglass.frame import Frame


def test_one_molecule_in_a_cube() -> None:
    water = Atoms("OH2", positions=np.zeros((3, 3)), cell=[3.1061] * 3, pbc=True)
    result = Density().compute(water).result
    assert result.mean == pytest.approx(18.015 / 6.02214076e23 / 3.1061e-8**3, rel=1e-6)
    assert np.isnan(result.mean_error)


def test_over_time_with_error() -> None:
    random = np.random.default_rng(0)
    edges = 10 * (1 + 0.01 * random.normal(size=400))
    frames = [Frame(np.array([30]), np.zeros((1, 3)), np.eye(3) * e, index=k) for k, e in enumerate(edges)]
    result = Density().compute(frames).result
    expected = np.mean(65.38 / edges**3) / 0.602214076
    assert result.mean == pytest.approx(expected, rel=1e-9)
    assert result.mean_error == pytest.approx(0.03 * expected / 20, rel=0.3)
    table = result.to_dataframe()
    np.testing.assert_allclose(table.a_A, edges)
    np.testing.assert_allclose(table.gamma_deg, 90.0)


def test_glasses() -> None:
    parts = [Density().compute(Atoms("Zn", cell=[edge] * 3, pbc=True)).result for edge in (4.0, 4.1, 4.3)]
    both = DensityResult.combine(parts)
    values = [part.mean for part in parts]
    assert both.mean == pytest.approx(np.mean(values))
    assert both.mean_error == pytest.approx(np.std(values, ddof=1) / np.sqrt(3))
    assert list(both.to_dataframe().glass) == [0, 1, 2]
