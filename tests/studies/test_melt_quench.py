"""Melt and quench, for real but briefly: plan, execute, continue, refuse."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
from ase.build import bulk

from mofglass.errors import InputError, SimulationError
from mofglass.simulate import Guards, Run, RunSettings, create_run
from mofglass.structures import load
from mofglass.studies.melt_quench import (
    execute_plan,
    for_potential,
    plan,
)
from mofglass.studies.recipes import get_recipe

BRIEF = get_recipe("castel2024").override(
    prepare_ps=0.05,
    rate_K_per_ps=12000.0,
    plateau_ps=0.1,
    equilibrate_ps=0.1,
    plateau_step_ps=0.05,
)


def test_a_plan_of_several_glasses(tmp_path):
    planned = plan(load("ZIF-4"), get_recipe("castel2024"), tmp_path / "ten", n_glasses=10, title="ZIF-4")
    assert [item.directory.name for item in planned] == [f"{i:02d}" for i in range(1, 11)]
    assert len({item.settings.seed for item in planned}) == 10
    assert planned[0].duration_ps == pytest.approx(100 + 60 + 70 + 60 + 100)
    assert planned[0].glass_from_ps == pytest.approx(290)
    assert planned[9].n_steps == pytest.approx((100 + 60 + 250 + 60 + 100) * 2000)
    (one,) = plan(load("ZIF-4"), get_recipe("castel2024"), tmp_path / "one")
    assert one.directory == tmp_path / "one"
    assert one.glass_from_ps == pytest.approx(270)
    with pytest.raises(InputError, match="n-glasses"):
        plan(load("ZIF-4"), BRIEF, tmp_path, n_glasses=0)


def test_two_glasses_differ_and_are_not_made_twice(tmp_path):
    planned = plan(
        load("ZIF-4"),
        BRIEF,
        tmp_path / "two",
        n_glasses=2,
        settings=RunSettings(frame_interval_ps=0.05),
    )
    runs = execute_plan(planned, "nb-zif-ff", recipe=BRIEF, progress=False)
    assert [run.state for run in runs] == ["done", "done"]
    thermo = [run.thermo() for run in runs]
    assert thermo[0]["temperature_K"].max() > 400
    assert list(thermo[0]["stage"].unique()) == ["prepare", "melt", "plateau", "quench", "equilibrate"]
    assert thermo[0]["potential_energy_eV"].iloc[-1] != thermo[1]["potential_energy_eV"].iloc[-1]
    assert thermo[0]["volume_A3"].nunique() == 1
    assert runs[0].info["analysis"]["from_ps"] == pytest.approx(planned[0].glass_from_ps)
    before = [(run.path / "trajectory.h5").stat().st_mtime_ns for run in runs]
    again = execute_plan(planned, "nb-zif-ff", recipe=BRIEF, progress=False)
    assert [(run.path / "trajectory.h5").stat().st_mtime_ns for run in again] == before


def test_another_plan_in_the_same_place_is_refused(tmp_path):
    (item,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run")
    execute_plan([item], "nb-zif-ff", recipe=BRIEF, progress=False)
    for t_max_K, words in (
        (
            1300.0,
            "with stage 'melt' of duration_ps 0.1 and not 0.08.*, end_temperature_K 1500.0 and not 1300.0: ",
        ),
        (1800.0, r"with stage 'plateau' where 'melt \(fine\)' is asked for: "),
    ):
        (other,) = plan(load("ZIF-4"), BRIEF.override(t_max_K=t_max_K), tmp_path / "run")
        with pytest.raises(InputError, match=words):
            execute_plan([other], "nb-zif-ff", recipe=BRIEF, progress=False)
    (heavier,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run", settings=RunSettings(hydrogen_mass_u=3.0))
    with pytest.raises(InputError, match="with mass of hydrogen the default and not 3: "):
        execute_plan([heavier], "nb-zif-ff", recipe=BRIEF, progress=False)
    for other, words in (
        (RunSettings(frame_interval_ps=0.05), "with --frame-interval 0.1 and not 0.05: "),
        (RunSettings(thermo_interval_ps=0.1), "with --thermo-interval 0.05 and not 0.1: "),
        (
            RunSettings(guards=Guards(max_force_eV_per_A=100.0)),
            "with guard max_force_eV_per_A 200 and not 100: ",
        ),
    ):
        (item,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run", settings=other)
        with pytest.raises(InputError, match=words):
            execute_plan([item], "nb-zif-ff", recipe=BRIEF, progress=False)
    # How often it is committed changes nothing that is kept.
    (seldom,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run", settings=RunSettings(checkpoint_interval_s=600))
    execute_plan([seldom], "nb-zif-ff", recipe=BRIEF, progress=False)
    # Another glass of the same crystal has its cell; other images of the same atoms are no other glass.
    for shift, refused in ((1.0, True), (0.0, False)):
        other = load("ZIF-4")
        other.positions[5] += other.cell[0] + [0.0, shift, 0.0]
        (item,) = plan(other, BRIEF, tmp_path / "run")
        with (
            pytest.raises(InputError, match="with another structure of C96H96N64Zn16, with other positions")
            if refused
            else nullcontext()
        ):
            execute_plan([item], "nb-zif-ff", recipe=BRIEF, progress=False)


def test_a_potential_is_known_by_its_file_however_it_is_typed(tmp_path, monkeypatch, shared):
    for name, more in (("first", ""), ("copy", ""), ("second", " ")):
        (tmp_path / name).write_text((shared / "potentials" / "ffield_ZnN_2016").read_text() + more)
    monkeypatch.chdir(tmp_path)
    (item,) = for_potential(plan(load("ZIF-4"), BRIEF, tmp_path / "run"), "reaxff:first")
    create_run(item.directory, item.atoms, "reaxff:first", item.protocol, settings=item.settings)
    for typed in ("reaxff:first", f"reaxff:{tmp_path}/first", "reaxff:./copy"):
        assert execute_plan([item], typed, recipe=BRIEF, walltime_s=0) == []
    with pytest.raises(InputError, match=r"with potential reaxff.*, sha256 .* and not reaxff.*, sha256 "):
        execute_plan([item], "reaxff:second", recipe=BRIEF, walltime_s=0)


def test_a_glass_that_fails_keeps_none_of_the_others_from_being_made(tmp_path):
    argon = bulk("Ar", cubic=True, a=5.3).repeat(3)
    cold = BRIEF.override(t_low_K=30.0, t_max_K=60.0, minimise=False)
    planned = plan(argon, cold, tmp_path / "three", n_glasses=3)
    tight = replace(planned[1].settings, guards=Guards(max_force_eV_per_A=1e-6))
    planned[1] = replace(planned[1], settings=tight)
    with pytest.raises(SimulationError, match=r"three/02 stopped: .* a force of"):
        execute_plan(planned, "lj", recipe=cold, threads=1, progress=False)
    assert [Run(item.directory).state.partition(":")[0] for item in planned] == ["done", "failed", "done"]


def test_time_steps_that_no_hydrogen_bears_are_refused(tmp_path):
    longer = BRIEF.override(time_step_fs=50.0, prepare_ps=1.0, plateau_ps=1.0, equilibrate_ps=1.0)
    (item,) = plan(load("ZIF-4"), longer.override(rate_K_per_ps=100.0), tmp_path / "run")
    with pytest.raises(InputError, match=r"'prepare': with a time step of 50 fs .* bears up to 3\.4 fs"):
        for_potential([item], "nb-zif-ff")


def test_runs_are_planned_as_the_potential_bears_them(tmp_path):
    for time_step_fs, every in ((0.5, 2), (1.0, 1)):
        planned = plan(load("ZIF-4"), BRIEF.override(time_step_fs=time_step_fs), tmp_path / "run")
        (item,) = for_potential(planned, "zif4")
        assert {stage.slow_forces_every for stage in item.dynamics} == {every}
    longer, heavier = BRIEF.override(time_step_fs=0.75), RunSettings(hydrogen_mass_u=3.0)
    (item,) = for_potential(plan(load("ZIF-4"), longer, tmp_path / "run", settings=heavier), "zif4")
    assert {stage.slow_forces_every for stage in item.dynamics} == {2}
    (asked,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run", settings=RunSettings(slow_forces_every=1))
    assert {stage.slow_forces_every for stage in for_potential([asked], "zif4")[0].dynamics} == {1}
