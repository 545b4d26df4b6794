"""A session under mpiexec ends as one in a single process does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from mofglass.simulate import create_run, execute, hold

SESSION = """
import sys
from mofglass.simulate import execute
execute(sys.argv[1], threads=1, processes=2, progress=False)
"""


@pytest.fixture
def long_run(tmp_path, argon):
    return create_run(tmp_path / "run", argon, "lj", (hold("warm", duration_ps=5000.0, temperature_K=40),))


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_asked_before_it_has_started_it_stops_all_the_same(long_run):
    (long_run.path / "stop").touch()  # of an earlier session
    session = subprocess.Popen([sys.executable, "-c", SESSION, str(long_run.path)])
    wait_for(lambda: not (long_run.path / "stop").exists())
    time.sleep(0.1)
    assert long_run.state == "new"
    session.send_signal(signal.SIGINT)
    assert session.wait(60) == 0
    assert long_run.state == "stopped: stop file found"


def test_asked_twice_it_ends_at_once(long_run):
    """The first process hangs, and looks for no file; it is gone all the same."""
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(long_run.path)], stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: long_run.state == "running")
    first_process = int((long_run.path / "lock").read_text().split()[1])
    assert first_process != session.pid
    os.kill(first_process, signal.SIGSTOP)
    session.send_signal(signal.SIGINT)
    wait_for(lambda: (long_run.path / "stop").exists())
    assert session.poll() is None
    session.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in session.communicate(timeout=10)[1]
    wait_for(lambda: not long_run.locked)
    assert long_run.state == "interrupted"


def test_a_finished_run_is_not_begun_again(tmp_path, argon):
    run = create_run(tmp_path / "run", argon, "lj", (hold("warm", duration_ps=0.1, temperature_K=40),))
    execute(run, threads=1, progress=False)
    before = (run.path / "run.yaml").read_text(), (run.path / "state.json").stat().st_mtime_ns
    execute(run, threads=1, processes=2, progress=False)
    assert ((run.path / "run.yaml").read_text(), (run.path / "state.json").stat().st_mtime_ns) == before
    worker = [sys.executable, "-m", "mofglass.simulate.worker", str(run.path)]
    assert subprocess.run(worker, check=False).returncode == 0
    assert ((run.path / "run.yaml").read_text(), (run.path / "state.json").stat().st_mtime_ns) == before
