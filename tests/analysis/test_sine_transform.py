"""Sine transforms of total scattering against integrals known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.analysis.sine_transform import (
    differential_correlation_kernel,
    partial_structure_factor_kernel,
    termination,
)
from mofglass.errors import InputError

DENSITY = 0.06
Q = np.arange(0.02, 40.0, 0.02)


def test_hard_core_step_is_that_of_the_closed_form() -> None:
    """g = 0 below d and 1 beyond: S(Q) - 1 = -4πρ [sin Qd - Qd cos Qd] / Q³."""
    kernel = partial_structure_factor_kernel(20.0, 200, Q, DENSITY, "none")
    d = 3.0
    g = np.where((np.arange(200) + 0.5) * 0.1 < d, 0.0, 1.0)
    expected = -4 * np.pi * DENSITY * (np.sin(Q * d) - Q * d * np.cos(Q * d)) / Q**3
    np.testing.assert_allclose(kernel @ (g - 1), expected, atol=1e-12)


def peak(r: np.ndarray, r_0: float = 4.0, sigma: float = 0.12) -> np.ndarray:
    return np.exp(-((r - r_0) ** 2) / (2 * sigma**2)) / r


def test_gaussian_peak_is_a_damped_sine() -> None:
    """r (g - 1) a Gaussian at r0: 4πρ/Q σ√(2π) exp(-Q²σ²/2) sin(Q r0)."""
    r_max, n_bins = 10.0, 2000
    kernel = partial_structure_factor_kernel(r_max, n_bins, Q, DENSITY, "none")
    r = (np.arange(n_bins) + 0.5) * r_max / n_bins
    expected = 4 * np.pi * DENSITY / Q * 0.12 * np.sqrt(2 * np.pi) * np.exp(-((Q * 0.12) ** 2) / 2)
    np.testing.assert_allclose(kernel @ peak(r), expected * np.sin(Q * 4.0), atol=2e-5)


def test_coarse_bins_do_not_damp_high_q() -> None:
    """A step at the edge of two 0.5 Å bins is as exact at Q = 40 Å⁻¹ as at Q = 1."""
    kernel = partial_structure_factor_kernel(5.0, 10, Q, DENSITY, "none")
    g = np.r_[np.zeros(4), np.ones(6)]
    expected = -4 * np.pi * DENSITY * (np.sin(2 * Q) - 2 * Q * np.cos(2 * Q)) / Q**3
    np.testing.assert_allclose((kernel @ (g - 1))[-500:], expected[-500:], rtol=1e-8, atol=1e-14)


def test_there_and_back_again() -> None:
    """A(Q) - 1 transformed to D(r) is 4πrρ (g - 1) once Q_max is beyond the damping."""
    r_max, n_bins = 10.0, 2000
    r = (np.arange(n_bins) + 0.5) * r_max / n_bins
    structure = partial_structure_factor_kernel(r_max, n_bins, Q, DENSITY, "none") @ peak(r)
    d = differential_correlation_kernel(Q, r, "none") @ structure
    np.testing.assert_allclose(d, 4 * np.pi * r * DENSITY * peak(r), atol=1e-3)


def test_lorch_widens_a_sharp_distance_to_its_known_width() -> None:
    """Lorch's window turns a single distance into a peak 5.44/Q_max wide and takes its ripples."""
    q = np.arange(0.01, 20.005, 0.01)
    r = np.arange(3.0, 5.0, 0.001)
    structure = np.sin(q * 4.0) / q
    lorch = differential_correlation_kernel(q, r, "lorch") @ structure
    plain = differential_correlation_kernel(q, r, "none") @ structure
    above = r[lorch > lorch.max() / 2]
    assert r[lorch.argmax()] == pytest.approx(4.0, abs=2e-3)
    assert (above[-1] - above[0]) * 20.0 == pytest.approx(5.44, abs=0.05)
    assert -plain.min() / plain.max() > 0.2
    assert -lorch.min() / lorch.max() < 0.06
    # The window is 1 at Q = 0, so that the area, the coordination number, is kept.
    assert lorch.sum() == pytest.approx(plain.sum(), rel=0.02)


def test_window_ends() -> None:
    np.testing.assert_allclose(
        termination(np.array([0.0, 2.5, 5.0, 5.1]), 5.0, "lorch"), [1, 2 / np.pi, 0, 0], atol=1e-15
    )
    np.testing.assert_array_equal(termination(np.array([0.0, 5.0, 5.1]), 5.0, "none"), [1, 1, 0])
    with pytest.raises(InputError, match="lorch or none"):
        termination(np.zeros(1), 5.0, "hann")  # type: ignore[arg-type]
