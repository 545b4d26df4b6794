"""The command line of the analyses: grammar, JSON keys, files, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from click.testing import CliRunner, Result

from mofglass import structures
from mofglass.cli import main
from mofglass.trajectory import H5MDWriter


def run(*words: Any) -> Result:
    return CliRunner().invoke(main, ["analyse", *map(str, words)], catch_exceptions=False)


def json_of(*words: Any) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def crystal() -> Atoms:
    return structures.load("ZIF-4")


@pytest.fixture(scope="module")
def run_directory(crystal: Atoms, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames in which from frame 10 (1.0 ps) on one zinc stands off its nitrogens."""
    directory = tmp_path_factory.mktemp("runs") / "glass1"
    directory.mkdir()
    random = np.random.default_rng(0)
    away = crystal.positions.copy()

    zinc = int(np.flatnonzero(crystal.numbers == 30)[0])
    away[zinc] += [0.0, 0.0, 1.2]
    with H5MDWriter(directory / "trajectory.h5", crystal.numbers) as writer:
        for k in range(20):
            at = (away if k >= 10 else crystal.positions) + random.normal(scale=0.01, size=away.shape)
            writer.append(k * 200, k * 0.1, at, np.asarray(crystal.cell))
    (directory / "run.yaml").write_text("analysis: {from_ps: 1.0, temperature_K: 350.0}\n")
    return directory


def test_coordination_keys() -> None:
    summary = json_of("coordination", "ZIF-4", "--pair", "Zn", "N", "--cutoff", "2.5")
    assert summary["mean_coordination"] == 4.0
    assert summary["mean_coordination_error"] is None
    assert summary["fraction_by_number"] == {"4": 1.0}
    assert summary["n_frames"] == 1


def test_linkers_keys() -> None:
    summary = json_of("linkers", "ZIF-4")
    assert {key: summary[key] for key in ("n_linkers", "n_intact", "n_broken", "fraction_intact")} == {
        "n_linkers": 32, "n_intact": 32, "n_broken": 0, "fraction_intact": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize("words", [["ZIF-4"], ["all", "ZIF-4"], ["--temperature", "300", "ZIF-4"]])
def test_a_trajectory_alone_is_the_whole_set(words: list[str]) -> None:
    summary = json_of(*words)
    assert {"rdf", "bond_angle", "coordination", "linkers", "density"} <= set(summary)
    assert ("pmf" in summary) == ("--temperature" in words)
    assert "msd" in summary["skipped"]


def test_one_property(tmp_path: Path) -> None:
    result = run("rdf", "ZIF-4", "--pair", "Zn", "N", "--r-max", "10", "-o", tmp_path)
    assert result.exit_code == 0
    assert "coordination_number" in result.stdout
    names = {path.name for path in tmp_path.iterdir()}
    assert {"rdf.csv", "rdf.png", "rdf.svg", "summary.json"} <= names
    header = (tmp_path / "rdf.csv").read_text().split("\n", 1)[0]
    assert header.startswith("r_A,r_upper_A,g_Zn-N,g_Zn-N_error,n_N_around_Zn")


def test_every_property_prints_one_object(run_directory: Path) -> None:
    for name in ("rdf", "pmf", "bond-angle", "coordination", "linkers", "msd", "density", "all"):
        summary = json_of(name, run_directory)
        assert summary, name


def test_a_run_is_analysed_as_it_advises(run_directory: Path) -> None:
    advised = json_of("coordination", run_directory)
    assert advised["n_frames"] == 10
    assert advised["mean_coordination"] < 4.0
    assert json_of("coordination", run_directory, "--from-ps", "0")["n_frames"] == 20
    assert json_of("coordination", run_directory, "--stop", "5")["mean_coordination"] == 4.0
    assert json_of("pmf", run_directory)["temperature_K"] == 350.0
    assert json_of("pmf", run_directory, "--temperature", "500")["temperature_K"] == 500.0
    told = run("coordination", run_directory)
    assert "from 1 ps on, as its run.yaml says" in told.stderr


def test_the_temperature_is_that_of_the_stages(run_directory: Path, tmp_path: Path) -> None:
    """0.5 ps at 900 K, 0.9 ps of quench to 300 K, and 0.5 ps there."""
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "trajectory.h5").symlink_to(run_directory / "trajectory.h5")
    (staged / "run.yaml").write_text(
        "stages:\n"
        "- {name: plateau, duration_ps: 0.5, temperature_K: 900}\n"
        "- {name: quench, duration_ps: 0.9, temperature_K: 900, end_temperature_K: 300}\n"
        "- {name: glass, duration_ps: 0.5, temperature_K: 300}\n"
        "analysis: {from_ps: 1.4, temperature_K: 300.0}\n"
    )
    assert json_of("pmf", staged)["temperature_K"] == 300.0
    assert json_of("pmf", staged, "--to-ps", "0.5")["temperature_K"] == 900.0
    assert json_of("bond-angle", staged, "--to-ps", "0.5")["temperature_K"] == 900.0
    mixed = run("pmf", staged, "--last-ps", "50")
    assert mixed.exit_code == 2
    says = " ".join(mixed.stderr.split())
    assert "from 0 to 1.9 ps are of 'plateau' (900 K), 'quench' (900 to 300 K), 'glass' (300 K): " in says
    assert "give --temperature (K)" in says
    assert json_of("pmf", staged, "--last-ps", "50", "--temperature", "600")["temperature_K"] == 600.0
    told = run("coordination", staged, "--last-ps", "50")
    assert "is 1.9 ps long: all of it is taken, not 50 ps" in told.stderr
    assert " K" not in told.stderr
    told = run("bond-angle", staged, "--from-ps", "0")
    assert told.exit_code == 0
    assert "no potential of mean force: " in told.stderr
    series = run("temperature-series", staged, "--from-ps", "0")
    assert "--window for a heating run" in " ".join(series.stderr.split())


def test_a_run_that_is_not_there_yet(run_directory: Path, tmp_path: Path) -> None:
    early = tmp_path / "early"
    early.mkdir()
    (early / "trajectory.h5").symlink_to(run_directory / "trajectory.h5")
    (early / "run.yaml").write_text("analysis: {from_ps: 50.0, temperature_K: 300.0}\n")
    result = run("density", early)
    assert result.exit_code == 2
    assert "--from-ps 0" in result.stderr


def test_several_trajectories_are_glasses(run_directory: Path, tmp_path: Path) -> None:
    summary = json_of("density", run_directory, run_directory, "-o", tmp_path)
    assert summary["n_glasses"] == 2
    assert len(json.loads((tmp_path / "summary.json").read_text())["provenance"]["glasses"]) == 2


def test_msd_and_its_options(run_directory: Path) -> None:
    summary = json_of("msd", run_directory, "--from-ps", "0", "--stop", "10", "--element", "Zn")
    assert list(summary["elements"]) == ["Zn"]
    # Ten frames of noise of 0.01 Å: 2 · 3 σ², and no diffusion to speak of.
    assert summary["elements"]["Zn"]["msd_at_longest_lag_A2"] == pytest.approx(6e-4, rel=0.4)
    assert not summary["elements"]["Zn"]["diffusive"]


def test_options_from_a_file(tmp_path: Path) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("cutoff: 1.0\npair: [Zn, C]\n")
    summary = json_of("coordination", "ZIF-4", "--config", config)
    assert (summary["pair"], summary["cutoff_A"], summary["mean_coordination"]) == ("Zn-C", 1.0, 0.0)
    assert json_of("coordination", "ZIF-4", "--config", config, "--cutoff", "3.2")["cutoff_A"] == 3.2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no-such-file.xyz"], "no-such-file.xyz"),
        (["coordination", "ZIF-4", "--pair", "Co", "N"], "--pair"),
        (["coordination", "ZIF-4", "--pair", "Qq", "N"], "not an element"),
        (["pmf", "ZIF-4"], "--temperature"),
        (["msd", "ZIF-4"], "three frames"),
        (["rdf", "ZIF-4", "--r-max", "-3"], "r-max"),
        (["density", "ZIF-4", "--from-ps", "5"], "no times"),
        (["density", "ZIF-4", "--cell", "big"], "--cell"),
        (["density", "ZIF-4", "--cell", "15", "18", "15"], "put quotes about --cell '15 18 15'"),
        (["density", "ZIF-4", "--elements", "C", "Zn"], "put quotes about --elements 'C Zn'"),
        (["local-density", "ZIF-4", "--edge", "0.01"], "give a larger edge (--edge"),
        (["msd", "ZIF-4", "--fit", "0.3", "0.2"], "--fit"),
        (["bond-angle", "ZIF-4", "--cutoff", "2.5", "--cutoff", "2.0"], "one cut-off"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(words: list[str], says: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_help_without_arguments_and_with() -> None:
    assert "coordination" in run().output
    assert "bond-angle" in run("--help").output
    assert "Å" in run("coordination", "--help").output


def test_threads_give_the_same_numbers() -> None:
    assert json_of("rdf", "ZIF-4", "--threads", "2") == json_of("rdf", "ZIF-4")


def test_a_cell_that_is_not_of_these_atoms_is_refused(tmp_path: Path, crystal: Atoms) -> None:
    squeezed = crystal.copy()
    squeezed.set_cell([7.0, 7.0, 7.0])
    squeezed.write(tmp_path / "nm.extxyz")
    result = run("density", tmp_path / "nm.extxyz")
    assert result.exit_code == 2
    assert "apart in its cell of 7, 7, 7 Å" in result.stderr
    assert "--cell" in result.stderr
