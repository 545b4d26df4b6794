"""``mofglass melt-quench``, ``run`` and ``resume`` as a user types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ase.build import bulk
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.errors import SimulationError
from mofglass.simulate import Run, create_run, hold, in_turn

BRIEF = ["--prepare", 0.05, "--rate", 24000, "--plateau", 0.1, "--equilibrate", 0.1, "--quiet"]
MOFGLASS = Path(sys.prefix) / "bin" / "mofglass"


def call(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")


def test_a_glass_from_one_command_and_again(tmp_path):
    words = [
        "melt-quench",
        "ZIF-4",
        *BRIEF,
        "--seed",
        3,
        "--frame-interval",
        0.05,
        "-o",
        tmp_path / "a glass",
    ]
    answer = call(*words)
    assert answer.exit_code == 0, answer.output
    run = Run(tmp_path / "a glass")
    assert run.state == "done"
    assert run.info["seed"] == 3
    assert run.info["title"] == "ZIF-4, castel2024"
    assert f"next:  mofglass analyse '{tmp_path}/a glass' -o analysis" in answer.output
    again = call(*words)
    assert again.exit_code == 0
    other = call(*words, "--seed", 4)
    assert other.exit_code == 2
    assert "with seed 3 and not 4: choose another -o" in other.output.replace("\n", " ")
    assert {stage.get("slow_forces_every") for stage in run.info["stages"][1:]} == {2}
    other = call(*words, "--slow-forces-every", 1)
    assert other.exit_code == 2
    assert "slow_forces_every 2 and not 1" in other.output


def test_stopped_by_the_clock_and_resumed(tmp_path):
    words = ["melt-quench", "ZIF-4", *BRIEF, "-p", "nb-zif-ff", "--threads", 1]
    words += ["--walltime", "0", "-o", tmp_path / "glass"]
    nothing = call(*words)
    assert nothing.exit_code == 0
    assert not (tmp_path / "glass").exists()
    words[words.index("--walltime") + 1] = "0.1s"
    stopped = call(*words)
    assert stopped.exit_code == 0, stopped.output
    assert Run(tmp_path / "glass").state == "stopped: walltime reached"
    assert "go on with  mofglass resume" in stopped.output
    assert call("resume", tmp_path / "glass", "--threads", 1, "--quiet").output.strip().endswith("done")


def test_a_glass_that_failed_is_told_beside_the_others(tmp_path, monkeypatch):
    def execute(run: Run, **_options: object) -> None:
        failed = run.path.name == "01"
        run.set_state("failed" if failed else "done", "too hot" if failed else "")
        if failed:
            raise SimulationError(f"{run.path} stopped: too hot")

    monkeypatch.setattr(in_turn, "execute", execute)
    words = ["melt-quench", "ZIF-4", *BRIEF, "-p", "nb-zif-ff", "--n-glasses", 2, "-o", tmp_path / "two"]
    answer = call(*words)
    assert answer.exit_code == 2
    assert "02: done" in answer.stdout
    assert "01: failed: too hot" in answer.stdout
    assert "01 stopped: too hot" in answer.stderr
    assert "mofglass report" not in answer.stdout


def test_the_walltime_is_for_all_runs(tmp_path):
    argon = bulk("Ar", cubic=True, a=5.4).repeat(3)
    stage = (hold("warm", duration_ps=20, temperature_K=40),)
    runs = [create_run(tmp_path / name, argon, "lj", stage).path for name in ("a", "b")]
    answer = call("resume", *runs, "--walltime", "0.2", "--quiet")
    assert answer.exit_code == 0, answer.output
    assert Run(runs[0]).state.startswith("stopped")
    assert Run(runs[1]).state == "new"


def test_dry_run_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = call("melt-quench", "ZIF-4", "--n-glasses", 2, "--dry-run", "-o", tmp_path / "two")
    assert answer.exit_code == 0, answer.output
    assert "02: ZIF-4, castel2024, glass 2 of 2" in answer.output
    assert "ms a step" in answer.output
    assert "slow forces every 2 steps" in answer.output
    heavy = tmp_path.parent / "heavy.yaml"
    heavy.write_text("hydrogen-mass: 3\ntime-step: 0.75\n")
    answer = call("melt-quench", "ZIF-4", "--dry-run", "--config", heavy, "-o", tmp_path / "one")
    assert "in steps of 0.75 fs, slow forces every 2 steps" in answer.output
    refused = call("melt-quench", "ZIF-4", "--dry-run", "--hydrogen-mass", 1, "-o", tmp_path / "one")
    assert refused.exit_code == 2
    assert "--hydrogen-mass" in refused.output
    words = ["bulk-modulus", "ZIF-4", "--dry-run", "-o", tmp_path / "K"]
    refused = call(*words, "-p", "nb-zif-ff", "--slow-forces-every", 2)
    assert refused.exit_code == 2
    assert "this potential has no forces that can be computed less often" in refused.output.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


def test_run_takes_stages_from_yaml(tmp_path):
    protocol = tmp_path / "warm.yaml"
    protocol.write_text("stages:\n  - {name: warm, duration_ps: 0.05, temperature_K: 300}\n")
    answer = call("run", "ZIF-4", protocol, "--quiet", "-o", tmp_path / "run")
    assert answer.exit_code == 0, answer.output
    assert Run(tmp_path / "run").thermo()["time_ps"].iloc[-1] == pytest.approx(0.05)
    protocol.write_text("stages:\n  - {name: warm, temperature_K: 300}\n")
    wrong = call("run", "ZIF-4", protocol, "-o", tmp_path / "other")
    assert wrong.exit_code == 2
    assert "stage 1" in wrong.output
    assert not (tmp_path / "other").exists()


def test_a_failing_run_exits_with_2_and_one_sentence(tmp_path):
    """A time step of 3.3 fs breaks at once; the installed command says so without a traceback."""
    protocol = tmp_path / "wild.yaml"
    protocol.write_text(
        "stages:\n  - {name: wild, duration_ps: 30, temperature_K: 300, ensemble: nve, time_step_fs: 3.3}\n"
    )
    answer = subprocess.run(
        [MOFGLASS, "run", "ZIF-4", protocol, "--quiet", "--threads", "1", "-o", tmp_path / "run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "stopped:" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert Run(tmp_path / "run").state.startswith("failed: ")
    assert "choose a smaller --time-step (time_step_fs) or relax the structure" in answer.stderr
    assert "resume" not in answer.stdout + answer.stderr
    again = call("resume", tmp_path / "run", "--quiet", "--threads", 1)
    assert again.exit_code == 2
    assert "go on with" not in again.output
