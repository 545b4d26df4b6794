"""Guards stop a run with the reason, the last good frame kept; each one is made to fire."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mofglass.errors import InputError, SimulationError
from mofglass.frame import Frame
from mofglass.simulate import Guards, RunSettings, create_run, execute, hold
from mofglass.simulate.guards import where_forces_are_largest
from mofglass.structures import load

ROW = {
    "temperature_K": 300.0,
    "pressure_bar": 1.0,
    "volume_A3": 1000.0,
    "max_force_eV_per_A": 3.0,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"temperature_K": 751.0}, "temperature 751 K is above the limit of 750 K"),
        ({"max_force_eV_per_A": 400.0}, "a force of 400 eV/Å"),
        ({"volume_A3": 2100.0}, "2.10 times"),
        ({"volume_A3": 480.0}, "0.48 times"),
        ({"pressure_bar": float("nan")}, "pressure_bar is not a number"),
    ],
)
def test_thermo_limits(change, words):
    verdict = Guards().judge_thermo(ROW | change, highest_target_K=300.0, initial_volume_A3=1000.0)
    assert verdict is None if words is None else words in verdict


def test_limits_can_be_switched_off():
    off = Guards(max_temperature_factor=None, max_force_eV_per_A=None, max_volume_factor=None)
    wild = ROW | {"temperature_K": 1e6, "max_force_eV_per_A": 1e6, "volume_A3": 1.0}
    assert off.judge_thermo(wild, highest_target_K=300.0, initial_volume_A3=1000.0) is None
    with pytest.raises(InputError, match="min_distance_A must be positive"):
        Guards(min_distance_A=-1)


def test_where_it_broke_is_named():
    atoms = load("ZIF-4")
    forces = np.zeros((len(atoms), 3))
    carbon = int(np.flatnonzero(atoms.numbers == 6)[3])
    forces[carbon] = [30.0, 0.0, -40.0]
    words = where_forces_are_largest(Frame.from_atoms(atoms), forces)
    bonded = np.argsort(atoms.get_distances(carbon, range(len(atoms)), mic=True))[1:4]
    assert f"the largest force, 50 eV/Å, is on C {carbon}, counted from 0" in words
    assert all(f"{atoms[j].symbol} {j} at 1." in words for j in bonded)
    row = ROW | {"max_force_eV_per_A": 300.0}
    verdict = Guards().judge_thermo(
        row, highest_target_K=300.0, initial_volume_A3=1000.0, where=lambda: words
    )
    assert verdict == f"a force of 300 eV/Å is above the limit of 200 eV/Å{words}"
    alone = Frame(np.array([18]), np.zeros((1, 3)), 20.0 * np.eye(3))
    assert where_forces_are_largest(alone, np.ones((1, 3))).endswith("is on Ar 0, counted from 0)")
    assert where_forces_are_largest(alone, np.full((1, 3), np.nan)) == ""


def test_frame_limits():
    atoms = load("ZIF-4")
    frame = Frame.from_atoms(atoms)
    assert Guards().judge_frame(frame) is None

    close = frame.positions.copy()
    close[5] = close[9] + [0.2, 0.0, 0.0]
    assert "atoms 5 and 9 are 0.20 Å apart" in Guards().judge_frame(Frame(frame.numbers, close, frame.cell))

    lost = frame.positions.copy()
    lost[7, 1] = np.nan
    assert "atom 7" in Guards().judge_frame(Frame(frame.numbers, lost, frame.cell))

    torn = frame.positions.copy()
    hydrogens = np.flatnonzero(frame.numbers == 1)[:12]
    torn[hydrogens] = np.random.default_rng(1).uniform(0, 15, (12, 3))
    verdict = Guards(min_distance_A=None).judge_frame(Frame(frame.numbers, torn, frame.cell))
    assert "of 32 linkers are broken" in verdict


def test_an_exploding_run_stops_and_keeps_its_good_frames(tmp_path, argon):
    """A time step ten times too long blows the crystal up; the run says why and the frames so far stay."""
    stages = (
        hold("good", duration_ps=0.5, temperature_K=40, ensemble="nve"),
        hold("bad", duration_ps=20, temperature_K=40, ensemble="nve", time_step_fs=120.0),
    )
    run = create_run(tmp_path / "run", argon, "lj", stages, settings=RunSettings(frame_interval_ps=0.1))
    with pytest.raises(SimulationError, match="resume"):
        execute(run, threads=1, progress=False)
    where = r"is on Ar \d+, counted from 0; nearest to it Ar \d+ at \d\.\d\d Å"
    assert re.match(rf"failed: at .* is above the limit of .* \(the largest force, .* {where}", run.state)
    frames = run.trajectory()
    assert len(frames) >= 6
    assert frames.time_ps[:6] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert all(np.isfinite(frame.positions).all() for frame in frames)
    assert run.checkpoint().stage == 1
