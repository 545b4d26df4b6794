"""Potentials of mean force of a known g(r)."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.analysis import PMF, RDF
from mofglass.analysis.pmf import _result
from mofglass.errors import InputError
from mofglass.units import GAS_CONSTANT_KJ_PER_MOL_K

R_A = (np.arange(400) + 0.5) * 0.02
KT = GAS_CONSTANT_KJ_PER_MOL_K * 300


def double_well() -> np.ndarray:
    """F in kJ/mol: well at 2.0 Å (0), top of 12 at 3.0 Å, second well of 5 at 4.2 Å."""
    nodes_r = [1.0, 1.6, 2.0, 2.5, 3.0, 3.6, 4.2, 5.0, 8.0]
    nodes_f = [60.0, 20.0, 0.0, 8.0, 12.0, 8.0, 5.0, 7.0, 7.0]
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(nodes_r, nodes_f, extrapolate=True)(R_A)


def test_known_landscape() -> None:
    energy = double_well()
    g = 40 * np.exp(-energy / KT)
    expected = np.full(len(R_A), 1e6)
    result = _result(("Zn", "N"), 300.0, R_A, g, np.empty((0, len(g))), expected, 1, 1)
    np.testing.assert_allclose(result.free_energy_kJ_per_mol, energy - energy.min(), atol=1e-9)
    assert abs(result.first_well_A - 2.0) < 0.05
    assert abs(result.second_well_A - 4.2) < 0.05
    assert abs(result.barrier_A - 3.0) < 0.05
    # The window of 0.1 Å rounds well and top by the curvature there.
    assert abs(result.barrier_kJ_per_mol - 12.0) < 0.4
    assert abs(result.second_well_kJ_per_mol - 5.0) < 0.4
    assert np.isnan(result.barrier_lower_bound_kJ_per_mol)


@pytest.mark.parametrize("n_pairs", [20, 10_000])
def test_the_second_well_does_not_depend_on_what_few_frames_leave_unvisited(n_pairs: int) -> None:
    """A bin at r near 0 has no room: half a pair there would be denser than the shell itself."""
    g = 40 * np.exp(-double_well() / KT)
    g[R_A < 1.6] = 0.0
    expected = n_pairs * R_A**2 / (R_A**2).sum()
    result = _result(("Zn", "N"), 300.0, R_A, g, np.empty((0, len(g))), expected, 1, 1)
    assert abs(result.second_well_kJ_per_mol - 5.0) < 0.4


def test_a_top_nobody_visited_gives_a_bound() -> None:
    g = 40 * np.exp(-double_well() / KT)
    g[(R_A > 2.6) & (R_A < 3.4)] = 0.0
    expected = np.full(len(R_A), 100.0)
    result = _result(("Zn", "N"), 300.0, R_A, g, np.empty((0, len(g))), expected, 1, 1)
    assert np.isnan(result.barrier_kJ_per_mol)
    # One pair among the 500 that five bins at g = 1 would hold.
    peak = np.convolve(g, np.ones(5) / 5, mode="same").max()
    assert abs(result.barrier_lower_bound_kJ_per_mol - KT * np.log(peak * 500)) < 1e-9
    assert np.isinf(result.free_energy_kJ_per_mol).any()


def sampled(n_frames: int, seed: int) -> list[Atoms]:
    """Zn-N pairs whose distances follow 4πr² g(r) of the known landscape, one pair a cell."""
    random = np.random.default_rng(seed)
    inside = R_A < 6.0
    weight = R_A[inside] ** 2 * np.exp(-double_well()[inside] / KT)
    r = random.choice(R_A[inside], size=(n_frames, 200), p=weight / weight.sum())
    r = r + random.uniform(-0.01, 0.01, r.shape)
    frames = []
    for row in r:
        # Two hundred cells far apart in one box, each with its pair.
        corner = np.stack(np.meshgrid(*[np.arange(6) * 20.0] * 3), -1).reshape(-1, 3)[:200]
        direction = random.normal(size=(200, 3))
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        positions = np.concatenate((corner, corner + row[:, None] * direction))
        frames.append(Atoms(["Zn"] * 200 + ["N"] * 200, positions=positions, cell=[120.0] * 3, pbc=True))
    return frames


def test_error_bars_cover_the_truth() -> None:
    result = PMF(temperature_K=300.0, r_max_A=5.8).compute(sampled(80, 0)).result
    energy = double_well()[: len(result.r_A)]
    energy = energy - energy.min()
    region = (result.r_A > 1.9) & (result.r_A < 2.2) & (result.free_energy_kJ_per_mol > 0)
    # Zero is at the highest bin, which is high by chance too: what counts is the shape.
    difference = (result.free_energy_kJ_per_mol - energy)[region]
    pulls = (difference - np.median(difference)) / result.free_energy_error_kJ_per_mol[region]
    assert 0.3 < np.sqrt(np.mean(pulls**2)) < 1.7
    assert abs(result.barrier_kJ_per_mol - 12.0) < max(4 * result.barrier_error_kJ_per_mol, 0.5)
    assert result.barrier_error_kJ_per_mol > 0


def test_same_g_as_the_rdf() -> None:
    frames = sampled(3, 1)
    pmf = PMF(temperature_K=300.0, r_max_A=5.0).compute(frames).result
    rdf = RDF(r_max_A=5.0).compute(frames).result
    np.testing.assert_allclose(pmf.g, rdf.g["Zn-N"], rtol=1e-12)


def test_glasses_are_combined_through_g() -> None:
    parts = [PMF(temperature_K=300.0, r_max_A=5.0).compute(sampled(4, seed)).result for seed in range(3)]
    mean = type(parts[0]).combine(parts)
    np.testing.assert_allclose(mean.g, np.mean([part.g for part in parts], axis=0))
    assert mean.n_glasses == 3
    assert np.isfinite(mean.free_energy_error_kJ_per_mol[np.argmax(mean.g)])


@pytest.mark.parametrize("temperature", [0.0, -5.0, np.nan])
def test_temperature_without_meaning(temperature: float) -> None:
    with pytest.raises(InputError, match="temperature"):
        PMF(temperature_K=temperature)
