"""`mofglass dataset import` and `export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mofglass.cli import main

CP2K = Path(__file__).parents[1] / "datasets" / "data" / "cp2k" / "znim2-pos-1.xyz"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")


def test_a_cp2k_run_to_every_format_and_back(tmp_path: Path) -> None:
    answer = run("dataset", "import", CP2K, "-o", tmp_path / "zn.dataset.h5", "--source", "liquid", "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["n_frames"] == told["with_stress"] == 7
    assert told["elements"] == ["H", "C", "N", "Zn"]
    assert told["sources"] == {"liquid": 7}
    assert told["energy_eV_per_atom"][0] == pytest.approx(-137.545206799 * 27.211386 / 17, abs=1e-4)
    for name, fmt in (("a.extxyz", "extxyz"), ("a.db", "ase-db"), ("a", "deepmd")):
        answer = run("dataset", "export", tmp_path / "zn.dataset.h5", "-o", tmp_path / name)
        assert answer.exit_code == 0, answer.output
        assert answer.output == f"{tmp_path / name}: 7 frames ({fmt})\n"
        again = run("dataset", "import", tmp_path / name, "-o", tmp_path / "again.h5", "--json")
        found = json.loads(again.stdout)
        for key in ("n_frames", "n_atoms", "elements", "with_stress", "sources"):
            assert found[key] == told[key]
        assert found["energy_eV_per_atom"] == pytest.approx(told["energy_eV_per_atom"], abs=1e-9)


def test_import_says_what_it_found(tmp_path: Path) -> None:
    answer = run("dataset", "import", CP2K, "-o", tmp_path / "zn.dataset.h5", "--temperature", 450)
    assert answer.exit_code == 0, answer.output
    assert "7 frames of 1 files" in answer.output
    assert "elements            H C N Zn" in answer.output
    assert "atoms a frame       17\n" in answer.output
    assert "znim2: 7 frames" in answer.output


def test_files_without_forces_are_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text('1\nLattice="8 0 0 0 8 0 0 0 8" energy=-1\nZn 0 0 0\n')
    answer = run("dataset", "import", tmp_path / "a.xyz", "-o", tmp_path / "d.h5")
    assert answer.exit_code == 2
    assert "a.xyz, frame 0 has no forces" in answer.output
    assert "mofglass dataset label" in answer.output
    assert not (tmp_path / "d.h5").exists()


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    run("dataset", "import", CP2K, "-o", tmp_path / "d.h5")
    answer = run("dataset", "export", tmp_path / "d.h5", "--split", "train", "-o", tmp_path / "a.extxyz")
    assert answer.exit_code == 2
    assert "mofglass dataset split" in answer.output
