"""Stress in thermo.csv: its trace, its sign, its order, and runs begun without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk

from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.lennard_jones import EPSILON_EV, SIGMA_A
from mofglass.simulate import Minimise, RunSettings, create_run, execute, hold
from mofglass.simulate.run import STRESS_COLUMNS, THERMO_COLUMNS
from mofglass.units import BOLTZMANN_EV_PER_K, GPA_PER_EV_PER_A3

STRESS = list(STRESS_COLUMNS)


def test_columns_are_in_ases_order():
    assert list(STRESS_COLUMNS) == [f"stress_{pair}_GPa" for pair in ("xx", "yy", "zz", "yz", "xz", "xy")]
    assert set(STRESS) < set(THERMO_COLUMNS)


def test_trace_is_minus_three_pressures(tmp_path, triclinic_argon):
    stage = hold("npt", duration_ps=1, temperature_K=40, ensemble="npt", cell="tri", time_step_fs=2)
    run = create_run(tmp_path / "run", triclinic_argon, "lj", (stage,))
    thermo = execute(run, threads=1, progress=False).thermo()
    trace = thermo[STRESS[:3]].sum(axis=1).to_numpy()
    assert trace == pytest.approx(-3e-4 * thermo["pressure_bar"].to_numpy(), rel=1e-8)
    assert np.ptp(trace) > 0.01


def test_a_crystal_pulled_along_one_axis_is_in_tension_there(tmp_path):
    """The sum over pairs, sigma = sum of phi'(r) r_i r_j / r over pairs / V, less the momenta."""
    edge, pull = 5.26, 1.02
    atoms = bulk("Ar", "fcc", a=edge, cubic=True).repeat(4)
    atoms.set_cell(atoms.cell.array * [pull, 1, 1], scale_atoms=True)
    n = np.arange(-8, 9)
    r = np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    r = r[r.sum(axis=1) % 2 == 0] * edge / 2 * [pull, 1, 1]
    d = np.linalg.norm(r, axis=1)
    near = (d > 0) & (d < 2.5 * SIGMA_A)
    r, d = r[near], d[near]
    x6 = (SIGMA_A / d) ** 6
    slope = 4 * EPSILON_EV * (6 * x6 - 12 * x6**2) / d
    per_atom = ((slope / d)[:, None] * r**2).sum(axis=0) / 2
    expected = per_atom * len(atoms) / atoms.get_volume() * GPA_PER_EV_PER_A3

    run = create_run(tmp_path / "run", atoms, "lj", (hold("a", duration_ps=0.01, temperature_K=1),))
    first = execute(run, threads=1, progress=False).thermo().iloc[0]
    momenta = first["temperature_K"] * BOLTZMANN_EV_PER_K * (len(atoms) - 1) / atoms.get_volume()
    measured = first[STRESS].to_numpy(dtype=float)
    assert measured[:3].mean() + momenta * GPA_PER_EV_PER_A3 == pytest.approx(expected.mean(), abs=1e-6)
    # Of 256 atoms the momenta are not quite alike along x, y and z.
    assert measured[:3] == pytest.approx(expected - momenta * GPA_PER_EV_PER_A3, abs=2e-4)
    assert measured[3:] == pytest.approx(0, abs=2e-4)
    assert measured[0] > measured[1] + 0.02


def test_stress_is_that_of_the_calculator_component_by_component(tmp_path, triclinic_argon):
    run = create_run(tmp_path / "run", triclinic_argon, "lj", (hold("a", duration_ps=0.01, temperature_K=1),))
    first = execute(run, threads=1, progress=False).thermo().iloc[0]
    triclinic_argon.calc = make_calculator(get_potential("lj"))
    expected = triclinic_argon.get_stress() * GPA_PER_EV_PER_A3
    assert len(set(np.round(expected, 3))) == 6
    assert first[STRESS].to_numpy(dtype=float) == pytest.approx(expected, abs=1e-3)


def test_a_run_begun_without_stress_goes_on_without(tmp_path, argon):
    stages = (Minimise(max_iterations=3), hold("a", duration_ps=0.3, temperature_K=40))
    settings = RunSettings(checkpoint_interval_s=0.0)
    run = create_run(tmp_path / "run", argon, "lj", stages, settings=settings)
    for _ in range(3):
        execute(run, threads=1, progress=False, walltime_s=0.0)
    assert run.state.startswith("stopped")
    path = run.path / "thermo.csv"
    begun = pd.read_csv(path).drop(columns=STRESS)
    begun.to_csv(path, index=False)
    run.write_checkpoint(replace(run.checkpoint(), thermo_bytes=path.stat().st_size))
    execute(run, threads=1, progress=False)
    thermo = run.thermo()
    assert list(thermo.columns) == list(begun.columns)
    assert thermo["time_ps"].to_numpy() == pytest.approx(np.arange(7) * 0.05)
    assert thermo.notna().all().all()
