"""Errors against series whose true error is known."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.analysis import BlockSums, block_average, mean_over_glasses


def correlated(n: int, phi: float, seed: int) -> np.ndarray:
    """An autoregressive series; its mean has the error sqrt((1 + phi) / (1 - phi) / n) (unit variance)."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=n) * np.sqrt(1 - phi**2)
    series = np.empty(n)
    series[0] = random.normal()
    for k in range(1, n):
        series[k] = phi * series[k - 1] + noise[k]
    return series


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.9])
def test_block_error_of_a_correlated_series(phi: float) -> None:
    n = 4000
    estimates = [block_average(correlated(n, phi, seed)) for seed in range(12)]
    truth = np.sqrt((1 + phi) / (1 - phi) / n)
    errors = np.array([estimate.error for estimate in estimates])
    assert 0.8 < np.sqrt(np.mean(errors**2)) / truth < 1.2
    assert all(estimate.converged for estimate in estimates)
    pulls = np.array([estimate.mean for estimate in estimates]) / truth
    assert 0.4 < pulls.std() < 1.8


def test_a_drifting_series_is_called_unconverged() -> None:
    estimate = block_average(np.linspace(0, 1, 200))
    assert not estimate.converged
    assert estimate.error > 0.1


def test_constant_single_and_no_samples() -> None:
    assert block_average(np.full(9, 4.0)).error == 0.0
    assert np.isnan(block_average([4.0]).error)
    assert np.isnan(block_average([]).mean)


def test_mean_over_glasses() -> None:
    mean, error = mean_over_glasses([np.array([1.0, 5.0]), np.array([3.0, np.nan]), np.array([5.0, np.nan])])
    np.testing.assert_allclose(mean, [3.0, 5.0])
    np.testing.assert_allclose(error[0], 2.0 / np.sqrt(3))
    assert np.isnan(error[1])


@pytest.mark.parametrize("n_frames", [1, 5, 16, 17, 100, 1000])
def test_block_sums_hold_all_frames_in_few_blocks(n_frames: int) -> None:
    blocks = BlockSums(2)
    for k in range(n_frames):
        blocks.add(np.array([1.0, k]))
    assert blocks.n_frames == n_frames
    assert min(n_frames, 8) <= blocks.n_blocks <= 16
    np.testing.assert_allclose(blocks.total(), [n_frames, n_frames * (n_frames - 1) / 2])


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    random = np.random.default_rng(0)
    ratios = []
    for _ in range(50):
        blocks = BlockSums(2)
        for value in random.normal(size=1600):
            blocks.add(np.array([1.0, value]))
        _, error = blocks.jackknife(lambda total: total[1:] / total[:1])
        ratios.append(error[0] * np.sqrt(1600))
    assert 0.9 < np.sqrt(np.mean(np.square(ratios))) < 1.1


def test_merged_sums_equal_the_whole() -> None:
    random = np.random.default_rng(1)
    whole, first, second = BlockSums(1), BlockSums(1), BlockSums(1)
    for k, value in enumerate(random.normal(size=(700, 1))):
        whole.add(value)
        (first if k < 123 else second).add(value)
    first.merge(second)
    assert first.n_frames == 700
    assert first.n_blocks <= 16
    np.testing.assert_allclose(first.total(), whole.total())


def test_replicates_that_differ_by_rounding_have_no_error() -> None:
    blocks = BlockSums(2)
    for k in range(61):
        blocks.add(np.array([32.0 / 3.0, 1.0]) * (1 + 1e-3 * k))
    mean, error = blocks.jackknife(lambda total: total[:1] / total[1:])
    np.testing.assert_allclose(mean, 32 / 3)
    assert error[0] == 0.0
