"""A training program in a process of its own: followed, ended in time, and never left behind."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from mofglass.errors import MofglassError
from mofglass.training.child_process import run_module


def test_it_runs_in_its_directory_with_its_environment(tmp_path):
    looks = []
    code = "import os; open('written', 'w').write(os.environ['COLOUR'])"
    done = run_module(
        "timeit",
        ["-n", "1", "-r", "1", code],
        directory=tmp_path,
        log=tmp_path / "log",
        environment={"COLOUR": "green"},
        look=lambda: looks.append((tmp_path / "written").exists()),
    )
    assert done
    assert (tmp_path / "written").read_text() == "green"
    assert looks[-1]
    assert "1 loop" in (tmp_path / "log").read_text()


def test_a_failure_carries_its_last_lines(tmp_path):
    with pytest.raises(MofglassError, match=r"json\.tool failed: .*nothing\.json"):
        run_module("json.tool", ["nothing.json"], directory=tmp_path, log=tmp_path / "log", environment={})


def test_the_time_limit_ends_it(tmp_path):
    began = time.monotonic()
    done = run_module(
        "timeit",
        ["-n", "1", "-r", "1", "import time; time.sleep(300)"],
        directory=tmp_path,
        log=tmp_path / "log",
        environment={},
        time_limit_s=0.1,
    )
    assert not done
    assert time.monotonic() - began < 120


def test_a_child_whose_parent_is_gone_does_not_begin(tmp_path):
    code = f"open({str(tmp_path / 'written')!r}, 'w')"
    command = [sys.executable, "-m", "mofglass.training.child_process", "1", "timeit", "-n", "1", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "is gone" in ended.stderr
    assert not (tmp_path / "written").exists()
