"""Which frames are chosen, from planted spreads and from a run that breaks down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import SimulationError
from mofglass.simulate import Dynamics, Guards, RunSettings, create_run, execute
from mofglass.structures import load
from mofglass.studies.frame_choice import Look, Looked, choose

RUN = Path("run-001")


def planted(spreads, before_break=()):
    return [Looked(RUN, k, spread, k in before_break) for k, spread in enumerate(spreads, start=1)]


def test_frames_between_the_levels_are_chosen():
    choice = choose(
        planted([0.1, 0.3, 0.5, 5.0, 0.2, float("nan")]), (0.2, 2.0), 10, np.random.default_rng(1)
    )
    assert [item.frame for item in choice.chosen] == [2, 3, 5]
    assert (choice.known, choice.candidates, choice.nonsense) == (1, 3, 2)


def test_frames_before_a_break_come_first_whatever_their_spread():
    looked = planted([0.5] * 20 + [0.01, 30.0], before_break=(21, 22))
    choice = choose(looked, (0.2, 2.0), 5, np.random.default_rng(1))
    frames = [item.frame for item in choice.chosen]
    assert frames[-2:] == [21, 22]
    assert len(frames) == 5
    assert choice.candidates == 20


def test_a_run_that_breaks_down_is_looked_at_up_to_its_end(tmp_path):
    stage = Dynamics(
        name="hotter and hotter",
        duration_ps=0.1,
        temperature_K=100,
        end_temperature_K=9000,
        time_step_fs=0.5,
        temperature_damping_steps=10,
    )
    settings = RunSettings(
        frame_interval_ps=0.002, thermo_interval_ps=0.002, guards=Guards(max_force_eV_per_A=14.0)
    )
    run = create_run(tmp_path / "run", load("SALEM-2"), "zif4", (stage,), settings=settings)
    with pytest.raises(SimulationError, match=r"above the limit|are broken"):
        execute(run, threads=1, progress=False)
    last = len(run.trajectory()) - 1
    look = Look(committee=("zif4", "nb-zif-ff"), looked_at=3, before_break=3, min_distance_A=0.7)
    looked = look(run.path)
    assert [item.frame for item in looked if item.before_break] == [last - 3, last - 1, last]
    # Where linkers are torn apart, `zif4` computes nothing.
    assert not any(item.spread_eV_per_A <= 0.1 for item in looked)
