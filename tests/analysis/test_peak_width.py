"""Widths of peaks whose width is known: Gaussians, and atoms shaken by a known amount."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import PeakWidth, PeakWidthResult
from mofglass.analysis.peak_width import first_peak, smoothed
from mofglass.cli import main
from mofglass.errors import InputError

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))


def gaussian(r: np.ndarray, sigma: float, centre: float = 2.003) -> np.ndarray:
    return 30 * np.exp(-((r - centre) ** 2) / (2 * sigma**2)) + np.where(r > 4, 1.0, 0.0)


@pytest.mark.parametrize("bin_width", [0.005, 0.01, 0.02])
@pytest.mark.parametrize("sigma", [0.05, 0.08, 0.2])
def test_a_gaussian_has_its_width(sigma: float, bin_width: float) -> None:
    r = np.arange(bin_width / 2, 8, bin_width)
    position, width = first_peak(gaussian(r, sigma), r, bin_width)
    assert position == pytest.approx(2.003, abs=0.002)
    assert width == pytest.approx(FWHM_PER_SIGMA * sigma, rel=0.02)


def test_a_lopsided_peak_has_the_sum_of_its_halves() -> None:
    r = np.arange(0.005, 8, 0.01)
    g = np.where(r < 2, gaussian(r, 0.06, 2.0), gaussian(r, 0.12, 2.0))
    assert first_peak(g, r, 0.01)[1] == pytest.approx(FWHM_PER_SIGMA * 0.09, rel=0.02)


def test_the_first_peak_is_measured_not_the_highest() -> None:
    r = np.arange(0.01, 10, 0.02)
    g = gaussian(r, 0.1, 2.0) + 3 * gaussian(r, 0.3, 6.0)
    position, width = first_peak(g, r, 0.02)
    assert position == pytest.approx(2.0, abs=0.01)
    assert width == pytest.approx(FWHM_PER_SIGMA * 0.1, rel=0.02)


def test_noise_before_a_broad_peak_is_not_a_peak() -> None:
    """Few pairs: single bins of the rise exceed 1 by chance, well before the peak at 6 Å."""
    r = np.arange(0.01, 10, 0.02)
    g = 4 * np.exp(-((r - 6.0) ** 2) / (2 * 0.2**2)) + np.where(r > 6.5, 1.0, 0.0)
    g[[226, 247]] = 6.0
    position, width = first_peak(g, r, 0.02)
    assert position == pytest.approx(6.0, abs=0.01)
    assert width == pytest.approx(FWHM_PER_SIGMA * 0.2, rel=0.02)


def test_no_peak_no_width() -> None:
    r = np.arange(0.01, 10, 0.02)
    assert np.isnan(first_peak(np.zeros(500), r, 0.02)).all()
    # A step: falls to half its height on one side only.
    assert np.isnan(first_peak(np.where(r > 3, 1.5, 0.0), r, 0.02)[1])


def test_smoothing_keeps_wide_bins_as_they_are() -> None:
    g = np.random.default_rng(0).random(50)
    np.testing.assert_array_equal(smoothed(g, 0.05), g)
    assert np.abs(smoothed(g, 0.02) - g).max() > 0.05


@pytest.fixture(scope="module")
def einstein() -> list[Atoms]:
    """Copper atoms shaken independently by 0.06 Å: neighbours' distances spread by √2 of that."""
    crystal = bulk("Cu", cubic=True) * (4, 4, 4)
    frames = []
    for seed in range(24):
        frames.append(crystal.copy())
        frames[-1].rattle(0.06, seed=seed)
    return frames


def test_einstein_crystal(einstein: list[Atoms]) -> None:
    result = PeakWidth(pairs=[("Cu", "Cu")], r_max_A=5.0).compute(einstein).result
    peak, distance = result.peaks["Cu-Cu"], 3.61 / np.sqrt(2)
    expected = FWHM_PER_SIGMA * np.sqrt(2) * 0.06
    assert peak.fwhm_A == pytest.approx(expected, rel=0.02)
    assert abs(peak.fwhm_A - expected) < 5 * peak.fwhm_error_A < 0.03
    assert peak.position_A == pytest.approx(distance, abs=0.01)
    assert peak.lindemann == pytest.approx(peak.fwhm_A / peak.position_A)
    assert peak.lindemann_error == pytest.approx(peak.fwhm_error_A / distance, rel=0.2)


def test_error_is_the_spread_between_repetitions() -> None:
    """The jackknife of one trajectory is as wide as widths of independent trajectories differ."""
    crystal = bulk("Cu", cubic=True) * (3, 3, 3)
    widths, errors = [], []
    for trajectory in range(12):
        analysis = PeakWidth(pairs=[("Cu", "Cu")], r_max_A=4.0)
        for k in range(16):
            atoms = crystal.copy()
            atoms.rattle(0.1, seed=100 * trajectory + k)
            analysis.update(atoms)
        widths.append(analysis.result.peaks["Cu-Cu"].fwhm_A)
        errors.append(analysis.result.peaks["Cu-Cu"].fwhm_error_A)
    assert 0.5 < np.mean(errors) / np.std(widths, ddof=1) < 2.0


def test_parts_merge_and_glasses_combine(einstein: list[Atoms]) -> None:
    def new() -> PeakWidth:
        return PeakWidth(pairs=[("Cu", "Cu")], r_max_A=5.0)

    whole = new().compute(einstein).result
    merged = new().compute(einstein[:9]).merge(new().compute(einstein[9:])).result
    assert merged.peaks["Cu-Cu"].fwhm_A == pytest.approx(whole.peaks["Cu-Cu"].fwhm_A)
    glasses = [new().compute(einstein[k::4]).result for k in range(4)]
    mean = PeakWidthResult.combine(glasses)
    assert (mean.n_glasses, mean.n_frames) == (4, 24)
    assert mean.peaks["Cu-Cu"].fwhm_A == pytest.approx(whole.peaks["Cu-Cu"].fwhm_A, abs=1e-9)
    assert 0 < mean.peaks["Cu-Cu"].fwhm_error_A < 0.01
    assert PeakWidthResult.combine(glasses[:1]) is glasses[0]


def test_too_few_pairs_give_no_width() -> None:
    """16 Zn of one frame: some 30 neighbours over half an ångström; their highest bin says nothing."""
    crystal = structures.load("ZIF-4")
    crystal.rattle(0.15, seed=4)
    one = PeakWidth().compute(crystal).result.peaks
    assert one["Zn-Zn"].n_pairs < 100
    assert np.isnan(one["Zn-Zn"].fwhm_A)
    assert np.isnan(one["Zn-Zn"].lindemann)
    assert one["Zn-Zn"].position_A > 5
    # A supercell has the same g(r) from eight times the pairs.
    eight = PeakWidth().compute(crystal * 2).result.peaks
    assert eight["Zn-Zn"].n_pairs == 8 * one["Zn-Zn"].n_pairs


def test_order_of_the_pair_does_not_matter() -> None:
    crystal = structures.load("ZIF-4") * (2, 2, 2)
    crystal.rattle(0.05, seed=0)
    result = PeakWidth(pairs=[("Zn", "N"), ("N", "Zn")]).compute(crystal).result
    assert result.peaks["Zn-N"].fwhm_A == result.peaks["N-Zn"].fwhm_A


def test_zif_4_keeps_its_distances() -> None:
    crystal = structures.load("ZIF-4")
    frames = []
    for seed in range(40):
        frames.append(crystal.copy())
        frames[-1].rattle(0.05, seed=seed)
    result = PeakWidth().compute(frames).result
    assert result.peaks["Zn-N"].position_A == pytest.approx(2.0, abs=0.05)
    assert result.peaks["Zn-Zn"].position_A == pytest.approx(5.95, abs=0.15)
    assert result.peaks["Zn-N"].lindemann > result.peaks["Zn-Zn"].lindemann
    panels = result.panels()
    assert [panel.title for panel in panels] == ["First Zn-N peak", "First Zn-Zn peak"]
    width = panels[0].curves[1]
    assert width.x[1] - width.x[0] == pytest.approx(result.peaks["Zn-N"].fwhm_A, rel=0.05)
    assert list(result.to_dataframe()["pair"]) == ["Zn-N", "Zn-Zn"]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="too wide"):
        PeakWidth(bin_width_A=0.1)
    with pytest.raises(InputError, match="no pair"):
        PeakWidth(pairs=[])
    with pytest.raises(InputError, match="symbol"):
        PeakWidth(pairs=[("Zn", "Q")])
    with pytest.raises(InputError, match="holds no Zn"):
        PeakWidth().compute(bulk("Cu", cubic=True))


def test_command(tmp_path: Path) -> None:
    words = ["analyse", "peak-width", "ZIF-4", "--pair", "Zn", "N", "--json", "-o", str(tmp_path)]
    summary = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert list(summary["pairs"]) == ["Zn-N"]
    assert summary["pairs"]["Zn-N"]["first_peak_A"] == pytest.approx(2.0, abs=0.05)
    assert summary["pairs"]["Zn-N"]["fwhm_A_error"] is None
    assert (tmp_path / "peak_width.csv").is_file()
