"""A finished run where a command takes a structure."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write
from click.testing import CliRunner, Result

from mofglass.cli import main
from mofglass.cli.structure_argument import frame_of_run, open_structure
from mofglass.errors import InputError
from mofglass.trajectory import open_trajectory

STAGES = "stages:\n  - {name: warm, duration_ps: 1.0, temperature_K: 30, time_step_fs: 5}\n"


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("argon")
    write(folder / "argon.extxyz", bulk("Ar", cubic=True, a=5.3).repeat(3))
    (folder / "warm.yaml").write_text(STAGES)
    words = ["run", folder / "argon.extxyz", folder / "warm.yaml", "-p", "lj", "--frame-interval", 0.25]
    answer = call(*words, "--quiet", "-o", folder / "run")
    assert answer.exit_code == 0, answer.output
    return folder / "run"


def test_a_run_is_its_last_frame_and_any_other_by_place(finished: Path) -> None:
    with open_trajectory(finished) as frames:
        assert len(frames) == 5
        for name, place in (("", -1), ("@-1", -1), ("@0", 0), ("@2", 2), ("@-4", 1)):
            atoms = open_structure(f"{finished}{name}")
            np.testing.assert_array_equal(atoms.positions, frames[place].positions)
            np.testing.assert_array_equal(atoms.cell.array, frames[place].cell)
            assert atoms.pbc.all()
        np.testing.assert_array_equal(
            open_structure(str(finished / "trajectory.h5")).positions, frames[-1].positions
        )
    with pytest.raises(InputError, match=r"has 5 frames, there is no frame 5, counted from 0"):
        open_structure(f"{finished}@5")


def test_what_is_no_run_is_a_structure(finished: Path, tmp_path: Path, monkeypatch) -> None:
    assert frame_of_run("ZIF-4") is None
    assert frame_of_run(str(finished.parent / "argon.extxyz")) is None
    monkeypatch.chdir(tmp_path)
    # Somebody calls a run as its crystal: `melt-quench ZIF-4 -o ZIF-4` must go on with the crystal.
    shutil.copytree(finished, tmp_path / "ZIF-4")
    assert len(open_structure("ZIF-4")) == 272
    assert len(open_structure("./ZIF-4")) == 108


def test_every_command_that_simulates_takes_a_run(finished: Path, tmp_path: Path) -> None:
    again = ["run", finished, finished.parent / "warm.yaml", "-p", "lj", "--quiet", "-o", tmp_path / "again"]
    assert call(*again).exit_code == 0
    with open_trajectory(finished) as before, open_trajectory(tmp_path / "again") as after:
        np.testing.assert_allclose(after[0].positions, before[-1].positions, atol=1e-6)
    for words in (["bulk-modulus"], ["elastic-constants", "--temperature", 30]):
        answer = call(*words, finished, "-p", "lj", "--dry-run")
        assert answer.exit_code == 0, answer.output
        assert "run" in answer.output
        assert "108 atoms" in answer.output
    assert call("melt-quench", finished, "-p", "lj", "--dry-run").exit_code == 0


def test_a_glass_is_written_as_a_file(finished: Path, tmp_path: Path) -> None:
    answer = call("structures", "build", finished, "--supercell", 2, 1, 1, "-o", tmp_path / "glass.cif")
    assert answer.exit_code == 0, answer.output
    assert len(read(tmp_path / "glass.cif")) == 216
    refused = call("structures", "build", finished, "--cell", "cubic", "-o", tmp_path / "other.cif")
    assert refused.exit_code == 2
    assert "--cell is not for it" in refused.output
    assert not (tmp_path / "other.cif").exists()


def test_an_unfinished_run_is_refused_and_told_how(finished: Path, tmp_path: Path) -> None:
    words = ["run", finished, finished.parent / "warm.yaml", "-p", "lj", "--quiet", "-o", tmp_path / "part"]
    assert call(*words, "--walltime", "0.001s").exit_code == 0
    answer = call("bulk-modulus", tmp_path / "part", "-p", "lj", "--dry-run")
    assert answer.exit_code == 2
    assert "not done" in answer.output
    assert "mofglass resume" in answer.output
    assert len(open_structure(f"{tmp_path / 'part'}@0")) == 108
