"""Rank correlations: known coefficients, intervals that cover, rows matched by index."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mofglass.analysis import rank_correlations
from mofglass.errors import InputError


def test_monotone_unrelated_and_constant() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    fingerprints = pd.DataFrame({"x": x, "constant": 1.0})
    properties = pd.DataFrame({"cube": x**3, "down": -np.exp(x), "noise": random.normal(size=200)})
    table = rank_correlations(fingerprints, properties).set_index(["fingerprint", "property"])
    assert table.spearman["x", "cube"] == pytest.approx(1.0)
    assert table.spearman_low["x", "cube"] == pytest.approx(1.0)
    assert table.spearman["x", "down"] == pytest.approx(-1.0)
    assert table.spearman_low["x", "noise"] < 0 < table.spearman_high["x", "noise"]
    assert table.p_adjusted["x", "noise"] >= table.p_value["x", "noise"] > 0.01
    assert np.isnan(table.spearman["constant", "cube"])


def test_intervals_cover_the_true_coefficient() -> None:
    # Of a bivariate normal distribution Spearman's coefficient is 6/pi arcsin(r/2).
    random, r, n = np.random.default_rng(1), 0.6, 100
    true = 6 / np.pi * np.arcsin(r / 2)
    names = [str(k) for k in range(200)]
    covered = []
    for name in names:
        x, z = random.normal(size=(2, n))
        y = r * x + np.sqrt(1 - r * r) * z
        row = rank_correlations(
            pd.DataFrame({name: x}), pd.DataFrame({"y": y}), n_bootstrap=300, level=0.9, seed=int(name)
        ).iloc[0]
        covered.append(row.spearman_low <= true <= row.spearman_high)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.06)


def test_rows_are_matched_by_index() -> None:
    fingerprints = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, np.nan]}, index=[0, 1, 2, 3, 4, 5])
    properties = pd.DataFrame({"y": [5.0, 4, 3, 2, 9, 7]}, index=[4, 3, 2, 1, 9, 5])
    row = rank_correlations(fingerprints, properties).iloc[0]
    assert row.n_samples == 4
    assert row.spearman == pytest.approx(1.0)
    with pytest.raises(InputError, match="no sample in common"):
        rank_correlations(fingerprints, properties.set_index(properties.index + 100))
    with pytest.raises(InputError, match="same index"):
        rank_correlations(fingerprints, properties.set_index(pd.Index([1] * 6)))
