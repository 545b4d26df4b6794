"""A committee's spread of forces in thermo.csv and in the trajectory, and as a reason to stop."""

from __future__ import annotations

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from mofglass.errors import InputError, SimulationError
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.committee import Committee
from mofglass.potentials.lennard_jones import (
    CUTOFF_A,
    EPSILON_EV,
    SIGMA_A,
    LennardJonesArgon,
    argon_calculator,
)
from mofglass.simulate import Guards, RunSettings, create_run, execute, hold
from mofglass.simulate.run import SPREAD_COLUMNS, THERMO_COLUMNS


@pytest.fixture
def committee() -> Committee:
    """Two argons whose wells differ by a fifth: the spread is a tenth of half the sum of their forces."""

    def deeper() -> LennardJones:
        return LennardJones(epsilon=1.2 * EPSILON_EV, sigma=SIGMA_A, rc=CUTOFF_A, smooth=False)

    return Committee([LennardJonesArgon(), ASEPotential(deeper, name="deeper", elements={"Ar"})])


PROTOCOL = (hold("a", duration_ps=0.2, temperature_K=40, ensemble="nvt", time_step_fs=4.0),)


def test_the_spread_is_written_with_every_row_and_frame(tmp_path, argon, committee):
    settings = RunSettings(frame_interval_ps=0.04, thermo_interval_ps=0.04)
    short = (hold("a", duration_ps=0.08, temperature_K=40, ensemble="nvt", time_step_fs=4.0),)
    run = create_run(tmp_path / "run", argon[:64], committee, short, settings=settings)
    execute(run, potential=committee, threads=1, progress=False)
    thermo, trajectory = run.thermo(), run.trajectory()
    assert tuple(thermo.columns) == (*THERMO_COLUMNS, *SPREAD_COLUMNS)
    observables = trajectory.observables()
    assert {name: item.unit for name, item in observables.items()} == dict.fromkeys(
        SPREAD_COLUMNS, "eV Angstrom-1"
    )
    for name in SPREAD_COLUMNS:
        np.testing.assert_allclose(observables[name].values, thermo[name], rtol=1e-9)
    assert len(trajectory) == 3
    for frame in trajectory:
        atoms = frame.to_atoms()
        atoms.calc = argon_calculator()
        # Positions are kept in single precision.
        lengths = 0.1 * np.linalg.norm(atoms.get_forces(), axis=1)
        values = [observables[name].values[frame.index] for name in SPREAD_COLUMNS]
        np.testing.assert_allclose(values, [lengths.max(), lengths.mean()], atol=2e-6)


def test_the_guard_stops_the_run_at_its_limit(tmp_path, argon, committee):
    """The crystal begins with hardly any force; warming up takes the spread over the limit."""
    limit = 0.002
    settings = RunSettings(
        frame_interval_ps=0.02,
        thermo_interval_ps=0.02,
        guards=Guards(max_force_spread_eV_per_A=limit),
    )
    run = create_run(tmp_path / "run", argon, committee, PROTOCOL, settings=settings)
    with pytest.raises(SimulationError, match="forces spread by"):
        execute(run, potential=committee, threads=1, progress=False)
    spread = run.trajectory().observables()["force_spread_eV_per_A"].values
    assert 1 <= len(spread) < 11
    assert spread.max() <= limit


def test_the_guard_needs_a_potential_that_knows_its_spread(tmp_path, argon):
    settings = RunSettings(guards=Guards(max_force_spread_eV_per_A=0.1))
    with pytest.raises(InputError, match="give a committee"):
        create_run(tmp_path / "run", argon, "lj", PROTOCOL, settings=settings)
