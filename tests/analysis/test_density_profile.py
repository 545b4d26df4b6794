"""Density profiles of what was planted: a slab, a wave, a crystal's layers, nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import DensityProfile, DensityProfileResult
from mofglass.cli import main
from mofglass.errors import InputError

SHEARED = np.array([[20.0, 0, 0], [6.0, 18.0, 0], [-4.0, 5.0, 22.0]])


def scattered(seed: int, cell: np.ndarray = SHEARED, n: int = 400) -> Atoms:
    positions = np.random.default_rng(seed).random((n, 3)) @ cell
    return Atoms("N" * (n // 2) + "Zn" * (n // 2), positions, cell=cell, pbc=True)


def test_profiles_average_to_the_density() -> None:
    atoms = scattered(0)
    result = DensityProfile(n_slabs=10).compute(atoms).result
    expected = atoms.get_masses().sum() / atoms.get_volume() * 1.66053907
    np.testing.assert_allclose(result.density_g_per_cm3.mean(axis=1), expected, rtol=1e-6)
    for symbol in ("N", "Zn"):
        number = result.number_density_per_A3[symbol].mean(axis=1)
        np.testing.assert_allclose(number, 200 / atoms.get_volume())


def test_slabs_of_a_sheared_cell_are_counted_by_fractions() -> None:
    atoms = scattered(1)
    result = DensityProfile(n_slabs=8).compute(atoms).result
    for k in range(3):
        counts = np.histogram(atoms.get_scaled_positions()[:, k], 8, (0, 1))[0]
        number = sum(result.number_density_per_A3.values())[k] * atoms.get_volume() / 8
        np.testing.assert_allclose(number, counts)
    # The c direction is z: its slabs are 22/8 Å thick.
    np.testing.assert_allclose(result.position_A[2], (np.arange(8) + 0.5) * 22 / 8)


def test_a_planted_slab_is_found_where_it_is() -> None:
    random = np.random.default_rng(0)
    points = random.random((300, 3)) * [20, 20, 5] + [0, 0, 10]
    result = DensityProfile(n_slabs=20).compute(Atoms("Zn300", points, cell=[20, 20, 40], pbc=True)).result
    filled = (result.position_A[2] > 10) & (result.position_A[2] < 15)
    assert filled.sum() in (2, 3)
    assert (result.density_g_per_cm3[2][(result.position_A[2] < 9) | (result.position_A[2] > 16)] == 0).all()
    assert result.relative_deviation[2] > 5 * result.relative_deviation[0]


def test_a_wave_comes_back_with_its_amplitude() -> None:
    """Density 1 + 0.5 cos(2πx/L): deviation 0.5/√2, along x only, within the errors."""
    frames = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        points = random.random((4000, 3)) * 20
        keep = random.random(4000) * 1.5 < 1 + 0.5 * np.cos(2 * np.pi * points[:, 0] / 20)
        frames.append(Atoms("Zn2000", points[keep][:2000], cell=[20] * 3, pbc=True))
    result = DensityProfile(n_slabs=20).compute(frames).result
    wave = 1 + 0.5 * np.cos(2 * np.pi * result.position_A[0] / 20)
    expected = wave * result.density_g_per_cm3[0].mean()
    deviation = (result.density_g_per_cm3[0] - expected) / result.density_error_g_per_cm3[0]
    assert 0.5 < np.sqrt((deviation**2).mean()) < 1.8
    assert result.relative_deviation[0] == pytest.approx(0.5 / np.sqrt(2), abs=0.01)
    assert result.relative_deviation[1:].max() < 0.03


def test_zif_4_by_a_count_of_its_own() -> None:
    crystal = structures.load("ZIF-4")
    crystal.positions += [0.11, 0.07, 0.05]
    result = DensityProfile(n_slabs=15).compute(crystal).result
    edges = np.linspace(0, 1, 16)
    mass = np.histogram(crystal.get_scaled_positions()[:, 1], edges, weights=crystal.get_masses())[0]
    expected = mass / (crystal.get_volume() / 15) * 1.66053907
    np.testing.assert_allclose(result.density_g_per_cm3[1], expected, rtol=1e-6)


def test_slabs_breathe_with_the_cell() -> None:
    """The same atoms in a cell scaled by 1.1: the profile keeps its form."""
    small, large = scattered(3), scattered(3, SHEARED * 1.1)
    both = DensityProfile(n_slabs=10).compute([small, large]).result
    one = DensityProfile(n_slabs=10).compute(small).result
    np.testing.assert_allclose(both.density_g_per_cm3, one.density_g_per_cm3 * (1 + 1.1**-3) / 2)
    np.testing.assert_allclose(both.position_A, one.position_A * 1.05)
    np.testing.assert_allclose(both.relative_deviation, one.relative_deviation)


def test_parts_merge_and_glasses_combine() -> None:
    frames = [scattered(seed) for seed in range(6)]
    whole = DensityProfile().compute(frames).result
    merged = DensityProfile().compute(frames[:4]).merge(DensityProfile().compute(frames[4:])).result
    np.testing.assert_allclose(merged.density_g_per_cm3, whole.density_g_per_cm3)
    np.testing.assert_allclose(merged.density_error_g_per_cm3, whole.density_error_g_per_cm3)
    glasses = [DensityProfile().compute(frame).result for frame in frames]
    mean = DensityProfileResult.combine(glasses)
    np.testing.assert_allclose(mean.density_g_per_cm3, whole.density_g_per_cm3)
    np.testing.assert_allclose(mean.density_error_g_per_cm3, whole.density_error_g_per_cm3, atol=1e-12)
    assert (mean.n_frames, mean.n_glasses) == (6, 6)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        DensityProfile(n_slabs=1)


def test_command(tmp_path: Path) -> None:
    words = ["analyse", "density-profile", "ZIF-4", "--slabs", "30", "--json", "-o", str(tmp_path)]
    summary = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert summary["n_slabs"] == 30
    table = (tmp_path / "density_profile.csv").read_text().splitlines()
    assert table[0].startswith("direction,position_A,density_g_per_cm3,density_g_per_cm3_error,n_Zn_per_A3")
    assert len(table) == 91
