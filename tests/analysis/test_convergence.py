"""Series with a known statistical inefficiency; the rule for time, glasses and box."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.analysis.convergence import (
    half_box_A,
    outlook,
    ring_diameter_A,
    sampling,
    spread_between,
)
from mofglass.errors import InputError


def correlated(rho: float, n: int, seed: int) -> np.ndarray:
    """A stationary first-order autoregressive series of unit variance: inefficiency (1 + rho)/(1 - rho)."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=n) * np.sqrt(1 - rho**2)
    series = np.empty(n)
    series[0] = random.normal()
    for k in range(1, n):
        series[k] = rho * series[k - 1] + noise[k]
    return series


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8, 0.95])
def test_the_inefficiency_of_a_planted_correlation_is_found(rho: float) -> None:
    expected = (1 + rho) / (1 - rho)
    found = [sampling(correlated(rho, 20_000, seed)) for seed in range(12)]
    assert np.mean([s.inefficiency for s in found]) == pytest.approx(expected, rel=0.15)
    assert np.mean([s.n_independent for s in found]) == pytest.approx(20_000 / expected, rel=0.15)
    assert all(s.settled for s in found)


def test_the_error_is_that_of_many_repeats() -> None:
    found = [sampling(correlated(0.8, 4000, seed)) for seed in range(60)]
    between = np.std([s.mean for s in found], ddof=1)
    assert np.mean([s.error for s in found]) == pytest.approx(between, rel=0.2)
    assert np.std([s.drift_sigma for s in found]) == pytest.approx(1.0, abs=0.3)


def test_a_drift_is_seen_and_the_run_is_not_settled() -> None:
    series = correlated(0.5, 2000, 1) * 0.1 + np.linspace(0, 1, 2000)
    assert not sampling(series).settled
    step = np.where(np.arange(400) < 200, 0.0, 1.0) + correlated(0.0, 400, 2) * 0.01
    assert not sampling(step).settled


def test_a_constant_is_settled() -> None:
    found = sampling(np.full(50, 1.25))
    assert (found.error, found.inefficiency, found.drift_sigma, found.settled) == (0.0, 1.0, 0.0, True)


@pytest.mark.parametrize("series", [[1.0], [1.0, np.nan, 2.0]])
def test_too_little_is_refused(series: list[float]) -> None:
    with pytest.raises(InputError, match="two or more finite"):
        sampling(series)


@pytest.mark.parametrize(
    ("time_error", "spread", "remedy"),
    [
        (0.004, 0.03, "glasses"),
        (0.03, 0.004, "time"),
        (0.02, 0.03, "either"),
        (0.01, 0.02, "glasses"),
        (0.02, 0.01, "time"),
        (0.01, None, "unknown"),
        (0.0, 0.0, "none"),
        (0.0, 0.02, "glasses"),
    ],
)
def test_the_rule(time_error: float, spread: float | None, remedy: str) -> None:
    assert outlook(time_error, spread).remedy == remedy


def test_what_has_not_settled_needs_time_whatever_the_spread() -> None:
    assert outlook(0.004, 0.03, settled=False).remedy == "time"


def test_the_errors_to_come_are_those_of_planted_glasses() -> None:
    """Glasses of spread 3 and error in time 1: the mean's scatter over many ensembles, as said."""
    random = np.random.default_rng(3)

    def scatter(n_glasses: int, longer: float) -> float:
        glass = random.normal(scale=3.0, size=(20_000, n_glasses))
        time = random.normal(scale=1.0 / np.sqrt(longer), size=(20_000, n_glasses))
        return float((glass + time).mean(axis=1).std())

    said = outlook(1.0, 3.0, n_glasses=2)
    assert said.error == pytest.approx(scatter(2, 1), rel=0.03)
    assert said.error_ten_times_longer == pytest.approx(scatter(2, 10), rel=0.03)
    assert said.error_ten_times_glasses == pytest.approx(scatter(20, 1), rel=0.03)


def test_where_glasses_rule_time_gains_at_most_a_tenth() -> None:
    said = outlook(1.0, 2.0)
    assert 1 - 2.0 / said.error < 0.11


def test_the_error_in_time_is_taken_out_of_the_spread() -> None:
    random = np.random.default_rng(4)
    spreads = []
    for _ in range(400):
        values = random.normal(scale=0.3, size=10) + random.normal(scale=0.4, size=10)
        spreads.append(spread_between(values, [0.4] * 10) ** 2)
    assert np.sqrt(np.mean(spreads)) == pytest.approx(0.3, rel=0.15)
    assert spread_between([1.0, 1.1], [0.5, 0.5]) == 0.0
    with pytest.raises(InputError, match="two glasses"):
        spread_between([1.0], [0.1])


def test_half_the_box_is_half_its_least_height() -> None:
    assert half_box_A(np.diag([10.0, 14.0, 20.0])) == pytest.approx(5.0)
    sheared = np.array([[10.0, 0, 0], [5.0, np.sqrt(75.0), 0], [0, 0, 20.0]])
    assert half_box_A(sheared) == pytest.approx(np.sqrt(75.0) / 2)


def test_six_metals_around_a_circle() -> None:
    assert ring_diameter_A(6, 6.0) == pytest.approx(36.0 / np.pi)
