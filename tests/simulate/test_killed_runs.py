"""A run killed at any moment goes on with no frame lost or doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.simulate import Guards, Minimise, Run, RunSettings, create_run, execute, hold, ramp

N_KILLS = 20

SESSION = """
import sys
from mofglass.simulate import execute
execute(sys.argv[1], threads=1, progress=False)
"""


def protocol(duration_ps: float):
    return (
        Minimise(max_iterations=20),
        hold("warm", duration_ps=duration_ps, temperature_K=40),
        *ramp("melt", from_K=40, to_K=80, rate_K_per_ps=40 / duration_ps, fine_above_K=60),
        hold("squeeze", duration_ps=duration_ps, temperature_K=80, volume_factor=0.98),
        hold("relax", duration_ps=duration_ps, temperature_K=80, ensemble="npt", thermostat="csvr"),
    )


def settings() -> RunSettings:
    # Checkpoints so close together that many kills fall into the middle of one.
    # Without the guards on distances and linkers, whose compiled code takes a second to load in each session.
    guards = Guards(min_distance_A=None, max_broken_linkers=None)
    return RunSettings(
        frame_interval_ps=0.05, thermo_interval_ps=0.025, checkpoint_interval_s=0.02, guards=guards
    )


def at_work(run: Run, pid: int) -> bool:
    """Whether this process has loaded everything and is about to start or continue the run."""
    state = run.path / "state.json"
    return state.exists() and json.loads(state.read_text())["pid"] == pid


def assert_whole(run: Run, reference: Run) -> None:
    assert run.state == "done"
    ours, theirs = run.trajectory(), reference.trajectory()
    np.testing.assert_array_equal(ours.time_ps, theirs.time_ps)
    np.testing.assert_array_equal(ours.steps, theirs.steps)
    assert np.all(np.diff(ours.steps) > 0)
    assert list(run.thermo()["step"]) == list(reference.thermo()["step"])
    assert list(run.thermo()["stage"]) == list(reference.thermo()["stage"])
    assert all(np.isfinite(frame.positions).all() for frame in ours)


def test_twenty_kills_at_random_moments(tmp_path, argon):
    """SIGKILL at random moments: the time stamps are those of an uninterrupted run."""
    duration_ps = 6.0
    reference = create_run(tmp_path / "whole", argon, "lj", protocol(duration_ps), settings=settings())
    execute(reference, threads=1, progress=False)

    run = create_run(tmp_path / "killed", argon, "lj", protocol(duration_ps), settings=settings())
    moments, kills, steps = random.Random(7), 0, [0]
    for _ in range(10 * N_KILLS):
        session = subprocess.Popen([sys.executable, "-c", SESSION, str(run.path)])
        while session.poll() is None and not at_work(run, session.pid):
            time.sleep(0.01)
        # Early kills hit the set-up, later ones the dynamics; once enough are done, let it end.
        try:
            session.wait(None if kills >= N_KILLS else moments.uniform(0.0, 0.8))
        except subprocess.TimeoutExpired:
            session.send_signal(signal.SIGKILL)
            session.wait()
            kills += 1
            steps.append(run.checkpoint().step)
            assert run.state == "interrupted"
        if session.returncode == 0:
            break
    assert kills >= N_KILLS, f"the run ended after {kills} kills: make it longer"
    assert steps == sorted(steps)
    assert len(set(steps)) > N_KILLS // 4, f"the kills did not fall into the dynamics: {steps}"
    assert_whole(run, reference)
    assert not (run.path / "parts").exists()


def test_a_resumed_run_repeats_the_uninterrupted_one(tmp_path, argon):
    """With a deterministic thermostat, even the positions after a kill are those of a run left alone."""
    stages = (hold("warm", duration_ps=1.0, temperature_K=40),)
    every = RunSettings(frame_interval_ps=0.1, checkpoint_interval_s=0.0)
    whole = execute(
        create_run(tmp_path / "a", argon, "lj", stages, settings=every), threads=1, progress=False
    )
    run = create_run(tmp_path / "b", argon, "lj", stages, settings=every)
    stopped = execute(run, threads=1, progress=False, walltime_s=0.0)
    assert stopped.state == "stopped: walltime reached"
    assert 0 < run.checkpoint().step < 2000
    execute(run, threads=1, progress=False)
    assert_whole(run, whole)
    np.testing.assert_allclose(run.trajectory()[-1].positions, whole.trajectory()[-1].positions, atol=1e-3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_queue_stop_at_a_checkpoint(tmp_path, argon, number):
    stages = (hold("warm", duration_ps=500.0, temperature_K=40),)
    run = create_run(tmp_path / "run", argon, "lj", stages)
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    while run.state != "running" or not (run.path / "log.lammps").exists():
        time.sleep(0.05)
    time.sleep(1.0)
    with pytest.raises(InputError, match="another process"):
        execute(run, progress=False)
    session.send_signal(number)
    assert session.wait(30) == 0
    assert run.state == f"stopped: {signal.Signals(number).name} received"
    checkpoint = run.checkpoint()
    assert checkpoint.step > 0
    assert len(run.trajectory()) == checkpoint.n_frames


def test_a_finished_run_is_left_alone(tmp_path, argon):
    run = create_run(tmp_path / "run", argon, "lj", (hold("warm", duration_ps=0.1, temperature_K=40),))
    execute(run, progress=False)
    before = {path.name: os.stat(path).st_mtime_ns for path in run.path.iterdir() if path.name != "lock"}
    execute(run, progress=False)
    after = {path.name: os.stat(path).st_mtime_ns for path in run.path.iterdir() if path.name != "lock"}
    assert before == after


def test_a_kill_while_the_parts_are_joined_loses_nothing(tmp_path, argon):
    """The last moment of a run: trajectory.h5 is there, the checkpoint says so or not, parts half deleted."""
    run = create_run(
        tmp_path / "run",
        argon,
        "lj",
        (hold("warm", duration_ps=0.5, temperature_K=40),),
        settings=RunSettings(frame_interval_ps=0.05, checkpoint_interval_s=0.0),
    )
    execute(run, threads=1, progress=False)
    times = run.trajectory().time_ps
    run.set_state("running")
    (run.path / "parts").mkdir()
    (run.path / "parts" / "000003.h5").touch()
    assert run.state == "interrupted"
    execute(run, threads=1, progress=False)
    assert run.state == "done"
    assert not (run.path / "parts").exists()
    np.testing.assert_array_equal(run.trajectory().time_ps, times)
