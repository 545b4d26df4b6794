"""A disk that fills up stops a run with one sentence; with room again, it goes on and nothing is missing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mofglass.simulate import Run, RunSettings, create_run, execute, hold

SESSION = """
import sys
from mofglass.simulate import execute
from mofglass.errors import SimulationError
try:
    execute(sys.argv[1], threads=1, progress=False)
except SimulationError as error:
    print(error)
    sys.exit(3)
"""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB; needs the right to mount one."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield mount
    subprocess.run(["umount", str(mount)], check=False)


def test_full_disk(tmp_path, small_disk, argon):
    stages = (hold("warm", duration_ps=10.0, temperature_K=40),)
    settings = RunSettings(frame_interval_ps=0.01, checkpoint_interval_s=0.1)
    whole = create_run(tmp_path / "whole", argon, "lj", stages, settings=settings)
    execute(whole, threads=1, progress=False)

    run = create_run(small_disk / "run", argon, "lj", stages, settings=settings)
    session = subprocess.run(
        [sys.executable, "-c", SESSION, str(run.path)], capture_output=True, text=True, check=False
    )
    assert session.returncode == 3, session.stdout + session.stderr
    assert "disk" in session.stdout or "space" in session.stdout
    assert 0 < run.checkpoint().step < 20_000
    assert not run.state.startswith(("done", "running"))

    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    execute(run, threads=1, progress=False)
    assert Run(run.path).state == "done"
    np.testing.assert_array_equal(run.trajectory().time_ps, whole.trajectory().time_ps)
    assert list(run.thermo()["step"]) == list(whole.thermo()["step"])
