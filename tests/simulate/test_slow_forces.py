"""Slow forces every few steps (r-RESPA): the same dynamics at half the cost, and resumed as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml

from mofglass.errors import InputError, SimulationError
from mofglass.potentials import get_potential
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.lennard_jones import LennardJonesArgon, argon_through_ase
from mofglass.simulate import (
    Dynamics,
    Guards,
    Minimise,
    RunSettings,
    create_run,
    execute,
    hold,
    to_yaml_list,
    with_slow_forces,
)
from mofglass.simulate.deck import compile_stage
from mofglass.structures import load


def run_zif4(directory, *, every, time_step_fs=0.5, duration_ps=0.06, interval_ps=0.006):
    stage = hold(
        "hold", duration_ps=duration_ps, temperature_K=600, ensemble="nve", time_step_fs=time_step_fs
    )
    settings = RunSettings(
        seed=4, frame_interval_ps=interval_ps, thermo_interval_ps=interval_ps, slow_forces_every=every
    )
    run = create_run(directory, load("ZIF-4"), "zif4", (stage,), settings=settings)
    return execute(run, threads=1, progress=False)


def positions(run):
    return np.array([frame.positions for frame in run.trajectory()])


def test_learned_forces_are_slow_and_linkers_terms_and_walls_fast():
    model = get_potential("zif4").lammps(load("ZIF-4"))
    pair_style = next(line for line in model.after_data if line.startswith("pair_style"))
    n_others = pair_style.count("zbl") + pair_style.count("harmonic/cut")
    assert model.respa_levels == "bond 1 hybrid 2" + n_others * " 1"
    stage = hold("a", duration_ps=1, temperature_K=300, slow_forces_every=2)
    compiled = compile_stage(stage, model, tilted=False, seed=1)
    assert compiled.setup[:2] == ("timestep 0.001", f"run_style respa 2 2 {model.respa_levels}")
    assert compiled.teardown[-1] == "run_style verlet"
    assert (compiled.n_steps, compiled.time_step_fs) == (1000, 1.0)
    # Relaxation times stay those of the stage's own steps.
    assert " 300 300 0.05" in compiled.setup[2]


def test_trajectory_is_that_of_the_short_step_not_of_the_long_one(tmp_path):
    reference = positions(run_zif4(tmp_path / "quarter", every=1, time_step_fs=0.25))
    error = {
        name: np.abs(positions(run_zif4(tmp_path / name, **options)) - reference).max()
        for name, options in {
            "short": {"every": 1},
            "respa": {"every": 2},
            "long": {"every": 1, "time_step_fs": 1.0},
        }.items()
    }
    assert error["respa"] < 0.7 * error["long"]
    assert error["short"] < error["respa"] < 0.03


def test_energy_is_conserved(tmp_path):
    def swing_meV(run):
        return 1e3 * float(run.thermo()["total_energy_eV"].std()) / 272

    respa = swing_meV(run_zif4(tmp_path / "respa", every=2, duration_ps=0.3))
    long = swing_meV(run_zif4(tmp_path / "long", every=1, time_step_fs=1.0, duration_ps=0.3))
    assert respa < 0.15
    assert respa < 0.8 * long


def test_pressure_and_energy_at_a_step_are_those_of_all_forces(tmp_path):
    """In a cell so small that walls and repulsion act too."""
    small = load("ZIF-4")
    small.set_cell(0.84 * small.cell.array, scale_atoms=True)
    stage = hold("hold", duration_ps=0.002, temperature_K=600, ensemble="nve", time_step_fs=0.1)
    free = Guards(max_temperature_factor=None, max_force_eV_per_A=None, max_broken_linkers=None)
    settings = RunSettings(frame_interval_ps=0.001, slow_forces_every=2, guards=free)
    run = create_run(tmp_path / "respa", small, "zif4", (stage,), settings=settings)
    execute(run, threads=1, progress=False)
    again = run.initial
    last = list(run.trajectory())[-1]
    again.set_positions(last.positions)
    stage = hold("same", duration_ps=0.0001, temperature_K=0, ensemble="nve", time_step_fs=0.1)
    verlet = create_run(
        tmp_path / "verlet", again, "zif4", (stage,), settings=RunSettings(slow_forces_every=1, guards=free)
    )
    row, same = run.thermo().iloc[-1], execute(verlet, threads=1, progress=False).thermo().iloc[0]
    assert row["potential_energy_eV"] == pytest.approx(same["potential_energy_eV"], abs=1e-4)
    kinetic_bar = 2 / 3 * row["kinetic_energy_eV"] / row["volume_A3"] * 1.602176634e6
    assert row["pressure_bar"] - kinetic_bar == pytest.approx(same["pressure_bar"], abs=1.0)


def test_every_kind_of_stage_runs(tmp_path):
    common = {"duration_ps": 0.01, "temperature_K": 300}
    thermostats = ("nose-hoover", "csvr", "langevin")
    stages = (
        *(hold(f"nvt {kind}", thermostat=kind, **common) for kind in thermostats),
        Minimise(max_iterations=2),
        *(hold(f"npt {kind}", ensemble="npt", thermostat=kind, **common) for kind in thermostats),
        hold("squeezed", volume_factor=0.99, **common),
        hold("cubic", cubic=True, **common),
        hold("tri", ensemble="npt", cell="tri", **common),
    )
    settings = RunSettings(frame_interval_ps=0.01, thermo_interval_ps=0.01)
    run = create_run(tmp_path / "run", load("ZIF-4"), "zif4", stages, settings=settings)
    execute(run, threads=1, progress=False)
    thermo = run.thermo()
    assert list(thermo["stage"][1:]) == [stage.name for stage in stages if isinstance(stage, Dynamics)]
    assert thermo["step"].iloc[-1] == 7 * 10 + 2 * 20  # Langevin at each step
    assert thermo["time_ps"].iloc[-1] == pytest.approx(0.09)
    squeezed = thermo.set_index("stage")["volume_A3"]
    assert squeezed["squeezed"] == pytest.approx(0.99 * squeezed["npt langevin"], rel=1e-6)


def test_stopped_run_goes_on_as_it_was(tmp_path):
    stage = hold("hold", duration_ps=0.1, temperature_K=300, thermostat="csvr")
    settings = RunSettings(frame_interval_ps=0.01, thermo_interval_ps=0.01, checkpoint_interval_s=0.0)
    runs = [create_run(tmp_path / name, load("ZIF-4"), "zif4", (stage,), settings=settings) for name in "ab"]
    assert runs[0].info["stages"][0]["slow_forces_every"] == 2
    execute(runs[0], threads=1, progress=False)
    sessions = 0
    while runs[1].state != "done":
        execute(runs[1], threads=1, walltime_s=0.01, progress=False)
        sessions += 1
    assert sessions > 3
    assert np.array_equal(positions(runs[0]), positions(runs[1]))
    assert runs[0].thermo().equals(runs[1].thermo())


def test_run_of_before_goes_on_with_all_forces_at_each_step(tmp_path):
    stage = hold("hold", duration_ps=0.01, temperature_K=300)
    run = create_run(tmp_path / "old", load("ZIF-4"), "zif4", (stage,), settings=RunSettings())
    info = run.info
    del info["output"]["slow_forces_every"], info["stages"][0]["slow_forces_every"]
    (run.path / "run.yaml").write_text(yaml.safe_dump(info))
    execute(run, threads=1, progress=False)
    assert run.thermo()["step"].iloc[-1] == 20


def test_what_cannot_be_split_is_refused(tmp_path, argon):
    stage = hold("hold", duration_ps=0.01, temperature_K=30)
    with pytest.raises(InputError, match="leave slow_forces_every out"):
        create_run(tmp_path / "argon", argon, "lj", (stage,), settings=RunSettings(slow_forces_every=2))
    with pytest.raises(InputError, match="must be 1 or more"):
        RunSettings(slow_forces_every=0)
    with pytest.raises(InputError, match="must be 1, 2 or more"):
        replace(stage, slow_forces_every=0)
    langevin = replace(stage, thermostat="langevin", slow_forces_every=2)
    with pytest.raises(InputError, match="a Langevin thermostat needs all forces at each step"):
        create_run(tmp_path / "langevin", load("ZIF-4"), "zif4", (langevin,))


def test_default_is_for_short_steps_without_new_noise():
    stage = hold("a", duration_ps=1, temperature_K=300)
    kinds = (
        stage,
        replace(stage, time_step_fs=0.25),
        replace(stage, time_step_fs=1.0),
        replace(stage, thermostat="langevin"),
        replace(stage, slow_forces_every=3),
    )
    zif4 = get_potential("zif4")
    assert [kind.slow_forces_every for kind in with_slow_forces(kinds, zif4)] == [2, 2, 1, 1, 3]
    assert [kind.slow_forces_every for kind in with_slow_forces(kinds, zif4, 1)] == [1, 1, 1, 1, 3]
    assert with_slow_forces((Minimise(),), zif4) == (Minimise(),)
    assert "slow_forces_every" not in to_yaml_list(with_slow_forces((stage,), zif4, 1))[0]


def test_odd_numbers_of_steps_are_made_up_to_whole_ones(tmp_path):
    run = run_zif4(tmp_path / "odd", every=2, duration_ps=0.0025, interval_ps=1.0)
    assert run.thermo()["time_ps"].iloc[-1] == pytest.approx(0.003)


@pytest.mark.parametrize("thermostat", ["csvr", "langevin", "nose-hoover"])
def test_thermostats_keep_their_temperature_whatever_is_recorded(tmp_path, thermostat):
    """Short pieces: what LAMMPS sets up anew at each must not take heat out."""
    stage = hold(
        "hold", duration_ps=0.4, temperature_K=600, thermostat=thermostat, temperature_damping_steps=20
    )
    settings = RunSettings(seed=2, frame_interval_ps=0.1, thermo_interval_ps=0.002)
    run = create_run(tmp_path / "run", load("ZIF-4"), "zif4", (stage,), settings=settings)
    execute(run, threads=1, progress=False)
    assert run.thermo()["temperature_K"][100:].mean() == pytest.approx(600, rel=0.06)


class SlowArgon(ASEPotential):
    """Argon through ASE, all of it slow: nothing acts between its impulses."""

    def __init__(self):
        self.__dict__ |= argon_through_ase().__dict__

    def lammps(self, atoms):
        return replace(super().lammps(atoms), calculator_is_slow=True)


def run_argon(directory, atoms, potential, *stages, every=1, **guards):
    settings = RunSettings(
        frame_interval_ps=0.02, thermo_interval_ps=0.01, slow_forces_every=every, guards=Guards(**guards)
    )
    run = create_run(directory, atoms, potential, stages, settings=settings)
    return execute(run, potential=potential, threads=1, progress=False)


def test_impulses_with_nothing_between_are_verlet_with_the_long_step(tmp_path, argon):
    argon.rattle(0.05, seed=3)
    stage = hold("free", duration_ps=0.198, temperature_K=40, ensemble="nve", time_step_fs=6)
    plain = run_argon(tmp_path / "plain", argon, LennardJonesArgon(), stage)
    slow = run_argon(tmp_path / "slow", argon, SlowArgon(), replace(stage, time_step_fs=2), every=3)
    np.testing.assert_allclose(positions(slow), positions(plain), atol=1e-9)
    ours, theirs = slow.thermo(), plain.thermo()
    np.testing.assert_array_equal(ours["step"], 3 * theirs["step"])
    for column in ("time_ps", "temperature_K", "potential_energy_eV", "total_energy_eV", "pressure_bar"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-7, err_msg=column)


def test_impulses_count_from_the_start_of_their_stage(tmp_path, argon):
    """After a stage of 4 steps, not of 3 or 6: rows and frames still fall on steps with all forces."""
    argon.rattle(0.05, seed=3)
    start = hold("start", duration_ps=0.008, temperature_K=40, ensemble="nve", time_step_fs=2)
    stages = (replace(start, slow_forces_every=1), replace(start, name="slow", duration_ps=0.06))
    run = run_argon(tmp_path / "run", argon, SlowArgon(), *stages, every=3)
    assert run.thermo()["step"].iloc[-1] == 4 + 30
    calculator, energies = make_calculator(LennardJonesArgon()), run.thermo().set_index("step")
    compared = [frame for frame in run.trajectory() if frame.step in energies.index]
    assert [frame.step for frame in compared] == [0, 4, 22, 34]
    for frame in compared:
        argon.set_positions(frame.positions)
        recorded = energies.loc[frame.step, "potential_energy_eV"]
        assert calculator.get_potential_energy(argon) == pytest.approx(recorded, abs=1e-5), frame.step


def test_barostat_knows_the_pressure_between_impulses(tmp_path, argon):
    stages = (
        Minimise(max_iterations=5),
        hold("squeeze", duration_ps=2, temperature_K=40, ensemble="npt", pressure_bar=2000, time_step_fs=2),
    )
    volume = [
        run_argon(tmp_path / f"{every}", argon, potential, *stages, every=every).thermo()["volume_A3"]
        for potential, every in ((LennardJonesArgon(), 1), (SlowArgon(), 3))
    ]
    assert volume[0].iloc[-1] < 0.97 * volume[0].iloc[0]
    assert volume[1].iloc[-1] == pytest.approx(volume[0].iloc[-1], rel=5e-3)


def test_forces_are_judged_not_their_impulses(tmp_path, argon):
    argon.rattle(0.05, seed=3)
    stage = hold("free", duration_ps=0.006, temperature_K=40, ensemble="nve", time_step_fs=2)
    largest = float(np.abs(make_calculator(LennardJonesArgon()).get_forces(argon)).max())
    run_argon(tmp_path / "run", argon, SlowArgon(), stage, every=3, max_force_eV_per_A=1.5 * largest)
    with pytest.raises(SimulationError, match="a force of"):
        run_argon(tmp_path / "less", argon, SlowArgon(), stage, every=3, max_force_eV_per_A=0.5 * largest)
