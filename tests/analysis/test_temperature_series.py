"""Against temperature: crystals shaken by known amounts, and a heating run divided by its thermo.csv."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.io import write
from click.testing import CliRunner

from mofglass.analysis.pipeline import measure
from mofglass.analysis.temperature_series import (
    TemperaturePoint,
    temperature_series,
    temperature_set,
    temperature_windows,
)
from mofglass.cli import main
from mofglass.errors import InputError
from mofglass.frame import Frame

A = 4.6
TEMPERATURES_K = (900.0, 300.0, 600.0)


def sigma_A(temperature_K: float) -> float:
    """Einstein's harmonic solid: the mean square displacement is proportional to the temperature."""
    return 0.045 * np.sqrt(temperature_K / 300.0)


def shaken(temperature_K: float, n_frames: int = 16) -> list[Frame]:
    """Zinc blende of Zn and N, every atom displaced at random and anew in each frame."""
    atoms = bulk("ZnN", "zincblende", a=A, cubic=True) * (5, 5, 5)
    random = np.random.default_rng(int(temperature_K))
    scale = 1 + 1e-5 * temperature_K
    return [
        Frame(
            atoms.numbers,
            atoms.positions * scale + random.normal(scale=sigma_A(temperature_K), size=(len(atoms), 3)),
            np.asarray(atoms.cell) * scale,
            index=k,
            time_ps=0.1 * k,
        )
        for k in range(n_frames)
    ]


@pytest.fixture(scope="module")
def points() -> list[TemperaturePoint]:
    return [
        TemperaturePoint(T, f"at {T:g} K", measure(shaken(T), temperature_set())[0]) for T in TEMPERATURES_K
    ]


def test_planted_widths_displacements_and_densities(points: list[TemperaturePoint]) -> None:
    result = temperature_series(points)
    T = result.temperature_K
    assert T.tolist() == sorted(TEMPERATURES_K)
    # Both ends of a distance move: its standard deviation is sqrt(2) sigma, its FWHM 2.355 times that.
    widths = 2.3548 * np.sqrt(2) * np.array([sigma_A(each) for each in T])
    for pair, distance in (("Zn-N", A * 3**0.5 / 4), ("Zn-Zn", A / 2**0.5)):
        np.testing.assert_allclose(result.values[f"fwhm_{pair}_A"], widths, rtol=0.06)
        assert (result.errors[f"fwhm_{pair}_A"] > 0).all()
        np.testing.assert_allclose(result.values[f"lindemann_{pair}"], widths / distance, rtol=0.07)
    # Three directions, at both times: MSD = 6 sigma^2 at every lag.
    for symbol in ("Zn", "N"):
        moved = np.sqrt(6) * np.array([sigma_A(each) for each in T])
        np.testing.assert_allclose(result.values[f"displacement_{symbol}_A"], moved, rtol=0.02)
    mass_g = 4 * (65.38 + 14.007) * 1.66053906660e-24
    density = mass_g / (A * (1 + 1e-5 * T)) ** 3 * 1e24
    np.testing.assert_allclose(result.values["density_g_per_cm3"], density, rtol=1e-6)
    np.testing.assert_allclose(result.values["coordination_Zn-N"], 4.0)
    # 0.1 of 1.99 Å is passed where 2.355 sqrt(2) sigma = 0.199 Å, at 528 K; 0.15 at 1188 K.
    passes = result.summary()
    assert passes["lindemann_passes_0.10_at_K"]["Zn-N"] == 600.0
    assert passes["lindemann_passes_0.15_at_K"]["Zn-N"] is None
    assert [panel.title for panel in result.panels()] == [
        "Width of the first peaks",
        "Lindemann ratio",
        "Displacement over 0.8 ps",
        "Density",
        "Zn-N coordination",
    ]
    assert len(result.to_dataframe()) == 3


def test_displacements_are_over_one_time(points: list[TemperaturePoint]) -> None:
    short = TemperaturePoint(450.0, "short", measure(shaken(450.0, 6), temperature_set())[0])
    assert temperature_series([*points, short]).lag_ps == pytest.approx(0.3)
    with pytest.raises(InputError, match=r"reach 0\.3 ps"):
        temperature_series([*points, short], lag_ps=0.5)


def test_what_is_unknown_stays_unknown(points: list[TemperaturePoint]) -> None:
    single = TemperaturePoint(
        100.0, "one frame", measure(shaken(100.0, 1), temperature_set(), strict=False)[0]
    )
    result = temperature_series([*points, single])
    assert np.isnan(result.values["displacement_Zn_A"][0])
    assert np.isfinite(result.values["density_g_per_cm3"]).all()
    with pytest.raises(InputError, match="no temperature"):
        temperature_series([])


def thermo(tmp_path: Path) -> Path:
    """A hold of 1 ps, a ramp of 6 ps by 100 K/ps, and another hold, with the noise of a small box."""
    time_ps = np.arange(0.0, 9.0, 0.05)
    temperature = np.interp(time_ps, [0, 1, 7, 9], [300, 300, 900, 900])
    temperature += np.random.default_rng(0).normal(scale=10, size=len(time_ps))
    stage = np.where(time_ps < 1, "hold", np.where(time_ps < 7, "heat", "melt"))
    path = tmp_path / "thermo.csv"
    pd.DataFrame({"time_ps": time_ps, "stage": stage, "temperature_K": temperature}).to_csv(path)
    return path


def test_a_heating_run_in_stretches(tmp_path: Path) -> None:
    windows = temperature_windows(thermo(tmp_path), 100.0)
    assert {window.stage for window in windows} == {"heat"}
    assert [window.temperature_K for window in windows] == pytest.approx(np.arange(350, 900, 100), abs=8)
    assert windows[0].from_ps == pytest.approx(1.0)
    assert windows[-1].to_ps == pytest.approx(6.95)
    held = temperature_windows(thermo(tmp_path), 100.0, stages=["hold", "melt"])
    assert [window.temperature_K for window in held] == pytest.approx([300, 900], abs=8)
    with pytest.raises(InputError, match="no stage of dynamics 'quench': it has hold, heat, melt"):
        temperature_windows(thermo(tmp_path), 100.0, stages=["quench"])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no temperatures by stage"):
        temperature_windows(tmp_path / "other.csv", 100.0)


def test_command_line(tmp_path: Path) -> None:
    words = ["analyse", "temperature-series"]
    for T in (300.0, 600.0):
        path = tmp_path / f"{T:g}.extxyz"
        write(path, [frame.to_atoms() for frame in shaken(T, 6)])
        words.append(str(path))
    answer = CliRunner().invoke(main, [*words, "--json"])
    assert answer.exit_code == 2
    assert "does not say its temperature" in answer.output
    words += ["--temperature", "300", "--temperature", "600", "-o", str(tmp_path / "out"), "--json"]
    answer = CliRunner().invoke(main, words, catch_exceptions=False)
    summary = json.loads(answer.stdout)
    assert summary["temperature_K"] == [300.0, 600.0]
    assert summary["fwhm_Zn-N_A"][0] < summary["fwhm_Zn-N_A"][1]
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"temperature_series.csv", "temperature_series.png", "temperature_series_5.png"} <= written
