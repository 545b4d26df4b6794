"""`mofglass evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.potentials.lennard_jones import argon_calculator

KEYS = {"energy_mae_meV_per_atom", "force_mae_meV_per_A", "stress_mae_MPa", "microseconds_per_atom"}
QUICK = ["--no-checks", "--timing", "cell"]


@pytest.fixture(scope="module")
def argon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Argon whose labelled force components are all 0.01 eV/Å too small."""
    frames = []
    for seed in range(4):
        atoms = bulk("Ar", "fcc", a=5.4, cubic=True).repeat(2)
        atoms.rattle(0.1, seed=seed)
        atoms.calc = argon_calculator()
        energy, forces, stress = (
            atoms.get_potential_energy(),
            atoms.get_forces() - 0.01,
            atoms.get_stress(),
        )
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces, stress=stress)
        atoms.info["temperature_K"] = (80.0, 80.0, 290.0, 1510.0)[seed]
        atoms.info["source"] = ("solid", "warm")[seed % 2]
        frames.append(atoms)
    path = tmp_path_factory.mktemp("data") / "argon.extxyz"
    write(path, frames)
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_has_the_four_numbers_overall_and_by_source(argon: Path) -> None:
    found = json.loads(run("lj", argon, *QUICK, "--json"))
    assert set(found) >= KEYS
    assert set(found["by_source"]) == {"solid", "warm"}
    for numbers in (found, *found["by_source"].values()):
        assert set(numbers) >= KEYS
        assert numbers["force_mae_meV_per_A"] == pytest.approx(10.0, rel=1e-4)
        assert numbers["energy_mae_meV_per_atom"] < 1e-3
        assert numbers["stress_mae_MPa"] < 1e-2
        assert numbers["microseconds_per_atom"] > 0


def test_the_directory_holds_tables_figures_and_the_page(argon: Path, tmp_path: Path) -> None:
    printed = run("lj", argon, "--timing", "none", "-o", tmp_path / "out")
    assert "the derivative of the energy" in " ".join(printed.split())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    figures = ("parity_energy", "parity_force", "parity_stress", "error_against_force")
    assert {f"{name}.{kind}" for name in figures for kind in ("csv", "png", "svg")} <= names
    assert {"errors.csv", "outliers.csv", "castel_table.csv", "shi_table.csv", "summary.json"} <= names
    outliers = pd.read_csv(tmp_path / "out" / "outliers.csv")
    force = outliers[outliers["quantity"] == "force"]
    np.testing.assert_allclose(force["error"], 10 * np.sqrt(3), rtol=1e-3)
    assert force["where"].iloc[0].endswith("argon.extxyz")
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "mofglass evaluate lj" in page
    assert "--timing none" in page
    recorded = json.loads((tmp_path / "out" / "summary.json").read_text())["provenance"]["command"]
    assert recorded.startswith(f"mofglass evaluate lj {argon} --timing none -o ")


def test_frames_of_unknown_temperature_are_called_so(argon: Path, tmp_path: Path) -> None:
    frames = read(argon, ":")
    for atoms in frames:
        del atoms.info["temperature_K"]
    write(tmp_path / "frames.extxyz", frames)
    shown = run("lj", tmp_path / "frames.extxyz", "--no-checks", "--timing", "none")
    lines = [line.partition("│")[2].partition("│")[0].strip() for line in shown.splitlines()]
    assert lines[lines.index("unknown") + 1] == "temperature"


def test_frames_and_sources_can_be_chosen(argon: Path) -> None:
    def n_frames(*options: str) -> int:
        found = json.loads(run("lj", argon, "--no-checks", "--timing", "none", "--json", *options))
        return int(found["n_frames"])

    assert n_frames("--frames", "::3") == 2
    assert n_frames("--frames", "1:4") == 3
    assert n_frames("--source", "warm") == 2
    assert n_frames("--temperature", "100", "--temperature", "1500") == 3


def test_frames_with_large_forces_are_left_out_and_counted(argon: Path) -> None:
    largest = sorted(np.linalg.norm(atoms.get_forces(), axis=1).max() for atoms in read(argon, ":"))
    limit = (largest[2] + largest[3]) / 2
    arguments = ["evaluate", "lj", str(argon), "--no-checks", "--timing", "none", "--json"]
    result = CliRunner().invoke(main, [*arguments, "--max-force", str(limit)])
    assert json.loads(result.stdout)["n_frames"] == 3
    assert "1 of 4 frames left out" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["emt-of-nobody"], "there is no potential 'emt-of-nobody'"),
        (["lj", "--source", "cold"], "no frame is of the source 'cold': there are solid, warm"),
        (["lj", "--frames", "x"], "should be like 0:100"),
        (["lj", "--frames", "2"], "frame 2 is 2:3"),
        (["lj", "--frames", "9:"], "no frame is left"),
        (["lj", "--temperature", "900"], "no frame is left"),
        (["lj", "--max-force", "1e-9"], "every frame has a force above 1e-09 eV/Å"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(argon: Path, arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["evaluate", arguments[0], str(argon), *arguments[1:]])
    assert result.exit_code == 2
    assert words in " ".join(result.output.replace("│", " ").split())


def test_an_unlabelled_frame_is_named(argon: Path, tmp_path: Path) -> None:
    frames = read(argon, ":")
    frames[2].calc = None
    write(tmp_path / "some.extxyz", frames)
    result = CliRunner().invoke(main, ["evaluate", "lj", str(tmp_path / "some.extxyz")])
    assert result.exit_code == 2
    assert "some.extxyz" in result.output
    assert "frame 2" in result.output
    assert "Traceback" not in result.output


def test_options_come_from_a_config_file(argon: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("timing: none\nchecks: false\nframes: '0:1'\n")
    found = json.loads(run("lj", argon, "--config", tmp_path / "c.yaml", "--json"))
    assert found["n_frames"] == 1
    assert found["derivative_checks"] is None
    assert found["microseconds_per_atom"] is None


def test_frames_given_twice_are_refused(argon: Path) -> None:
    result = CliRunner().invoke(main, ["evaluate", "lj", str(argon), str(argon)])
    assert result.exit_code == 2
    assert "is given twice" in " ".join(result.output.split())
