"""Running sums of errors against the plain formulas."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.training.error_sums import ErrorSums, statistics_of_frames


def test_sums_over_frames_are_those_of_all_values_together() -> None:
    random = np.random.default_rng(1)
    errors = [random.normal(size=(n, 3)) for n in (5, 9, 2)]
    references = [2.0 * random.normal(size=(n, 3)) for n in (5, 9, 2)]
    sums = ErrorSums()
    for error, reference in zip(errors, references, strict=True):
        sums.add(error, reference)
    together, all_references = np.concatenate(errors), np.concatenate(references)
    found = sums.statistics(1e3)
    assert found.n_values == 48
    assert found.n_frames == 3
    assert found.mae == pytest.approx(1e3 * np.abs(together).mean())
    assert found.rmse == pytest.approx(1e3 * np.sqrt((together**2).mean()))
    assert found.largest == pytest.approx(1e3 * np.abs(together).max())
    assert found.mean == pytest.approx(1e3 * together.mean())
    relative = np.sqrt((together**2).mean() / (all_references**2).mean())
    assert found.relative_percent == pytest.approx(100 * relative)
    means = [np.abs(error).mean() for error in errors]
    assert found.mae_error == pytest.approx(1e3 * np.std(means, ddof=1) / np.sqrt(3))


def test_the_spread_between_frames_survives_a_large_mean() -> None:
    sums = ErrorSums()
    for value in (1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0):
        sums.add(np.array([value]), np.array([1.0]))
    assert sums.statistics().mae_error == pytest.approx(1.0 / np.sqrt(3), rel=1e-6)


def test_one_value_a_frame_agrees_with_the_sums() -> None:
    random = np.random.default_rng(2)
    errors, references = random.normal(size=20), random.normal(size=20)
    sums = ErrorSums()
    for error, reference in zip(errors, references, strict=True):
        sums.add(error[None], reference[None])
    one, other = sums.statistics(2.0), statistics_of_frames(errors, references, 2.0)
    for name in ("mae", "mae_error", "rmse", "largest", "mean", "relative_percent"):
        assert getattr(one, name) == pytest.approx(getattr(other, name)), name


def test_nothing_added_is_not_zero_error() -> None:
    assert np.isnan(ErrorSums().statistics().mae)
    assert np.isnan(statistics_of_frames(np.empty(0), np.empty(0)).mae)
