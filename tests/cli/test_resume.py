"""``mofglass resume`` as a user types it."""

from __future__ import annotations

import os
import threading
import time

from ase.build import bulk
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.simulate import Guards, Run, RunSettings, create_run, hold


def call(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")


def test_a_run_that_fails_does_not_keep_the_others_waiting(tmp_path):
    argon = bulk("Ar", cubic=True, a=5.4).repeat(3)
    stages = (hold("warm", duration_ps=0.05, temperature_K=40),)
    strict = RunSettings(guards=Guards(max_force_eV_per_A=1e-9, min_distance_A=None))
    paths = [tmp_path / name for name in ("fails", "busy", "fine")]
    for path, settings in zip(paths, (strict, None, None), strict=True):
        create_run(path, argon, "lj", stages, settings=settings)
    with Run(paths[1]).lock():
        answer = call("resume", *paths, "--quiet", "--threads", 1)
    assert answer.exit_code == 2
    assert "fine: done" in answer.output
    assert "a force of" in answer.output
    assert f"process {os.getpid()}" in answer.output
    assert Run(paths[1]).state == "new"


def test_a_run_that_is_stopped_ends_the_series(tmp_path):
    """As Ctrl-C does, which under mpiexec becomes the file."""
    argon = bulk("Ar", cubic=True, a=5.4).repeat(3)
    stages = (hold("warm", duration_ps=5000, temperature_K=40),)
    first, second = (create_run(tmp_path / name, argon, "lj", stages) for name in ("a", "b"))

    def stop_when_running():
        while first.state != "running":
            time.sleep(0.02)
        (first.path / "stop").touch()

    watcher = threading.Thread(target=stop_when_running)
    watcher.start()
    answer = call("resume", first.path, second.path, "--quiet", "--threads", 1)
    watcher.join()
    assert answer.exit_code == 0, answer.output
    assert first.state == "stopped: stop file found"
    assert f"{second.path}: new" in answer.output
