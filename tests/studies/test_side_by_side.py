"""Several runs: one that fails keeps none of the others from its end, a signal ends all at checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ase.build import bulk

from mofglass.errors import SimulationError
from mofglass.simulate import Guards, Run, RunSettings, create_run, hold
from mofglass.studies.side_by_side import execute_side_by_side

ARGON = bulk("Ar", "fcc", a=5.3, cubic=True).repeat(4)


def made(path: Path, *, duration_ps: float = 0.05, guards: Guards | None = None) -> Run:
    stage = hold("hold", duration_ps=duration_ps, temperature_K=30)
    return create_run(path, ARGON, "lj", (stage,), settings=RunSettings(guards=guards or Guards()))


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("at_once", [1, 2])
def test_others_are_taken_to_their_ends(tmp_path, at_once):
    bad = made(tmp_path / "bad", guards=Guards(max_force_eV_per_A=1e-6))
    good = made(tmp_path / "good")
    with pytest.raises(SimulationError, match=r"bad (failed|stopped): .*a force of"):
        execute_side_by_side([bad, good], "lj", at_once=at_once, threads=1, progress=False)
    assert good.state == "done"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_all_at_checkpoints(tmp_path, number):
    runs = [made(tmp_path / name, duration_ps=1e4) for name in ("a", "b", "never")]

    def end() -> None:
        wait_for(lambda: all(run.state == "running" for run in runs[:2]))
        os.kill(os.getpid(), number)

    threading.Thread(target=end).start()
    execute_side_by_side(runs, "lj", at_once=2, threads=1, progress=False)
    assert [run.state.partition(":")[0] for run in runs] == ["stopped", "stopped", "new"]
    assert all(run.checkpoint().restart for run in runs[:2])
    assert not any(run.locked or (run.path / "stop").exists() for run in runs)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_killed_parent_leaves_a_checkpoint_and_no_process(tmp_path):
    run = made(tmp_path / "run", duration_ps=1e4)
    words = "[sys.executable, '-m', 'mofglass.studies.one_run', str(os.getpid()), sys.argv[1]]"
    code = f"import os, subprocess, sys; subprocess.run({words})"
    parent = subprocess.Popen([sys.executable, "-c", code, run.path])
    wait_for(lambda: run.state == "running")
    parent.kill()
    parent.wait()
    wait_for(lambda: not run.locked)
    assert run.state == "stopped: SIGTERM received"
    assert run.checkpoint().restart


def test_a_process_that_dies_is_told_whatever_its_run_said_before(tmp_path):
    lost, good = made(tmp_path / "lost"), made(tmp_path / "good")
    lost.set_state("stopped", "walltime reached")
    record = lost.path / "run.yaml"
    record.write_text(record.read_text().replace("spec: lj", "spec: pod:/nowhere"))
    with pytest.raises(SimulationError, match=r"lost: its process ended with code 2, see .*messages.txt"):
        execute_side_by_side([lost, good], "lj", at_once=2, threads=1, progress=False)
    assert "nowhere" in (lost.path / "messages.txt").read_text()
    assert good.state == "done"
