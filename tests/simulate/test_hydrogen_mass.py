"""Hydrogen made heavier at the cost of its carbon: same structure and weight, longer time steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.lj import LennardJones

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_data import element_data, masses_and_types
from mofglass.simulate import RunSettings, create_run, execute, hold, with_slow_forces
from mofglass.simulate.hydrogen_mass import stretch_period_ratio, with_hydrogen_mass
from mofglass.structures import load


def plain_model(atoms: Atoms) -> LammpsModel:
    """Types are elements, and there is no potential."""
    data, _ = element_data(atoms)
    return LammpsModel(
        units="metal", atom_style="atomic", data=data, after_data=("pair_style none",), n_atoms=len(atoms)
    )


def run_zif4(directory, hydrogen_mass_u, *, duration_ps):
    stage = hold("hold", duration_ps=duration_ps, temperature_K=600, ensemble="nve", time_step_fs=0.75)
    settings = RunSettings(
        seed=4, frame_interval_ps=0.03, thermo_interval_ps=0.003, hydrogen_mass_u=hydrogen_mass_u
    )
    return create_run(directory, load("ZIF-4"), "zif4", (stage,), settings=settings)


def masses(model: LammpsModel) -> np.ndarray:
    """Mass of each real atom, u, as LAMMPS has it."""
    by_type, types = masses_and_types(model.data)
    for command in model.after_data:
        if command.startswith("mass "):
            _, kind, mass_u = command.split()
            by_type[int(kind) - 1] = float(mass_u)
    return by_type[types - 1][: model.n_atoms]


@pytest.mark.parametrize("name", ["zif4", "nb-zif-ff"])
def test_hydrogen_takes_its_mass_from_carbon(name):
    atoms = load("ZIF-4")
    model = get_potential(name).lammps(atoms)
    gain = masses(with_hydrogen_mass(model, atoms, 3.0)) - masses(model)
    assert gain[atoms.numbers == 1] == pytest.approx(3.0 - 1.008)
    # Every carbon of imidazolate binds one hydrogen.
    assert gain[atoms.numbers == 6] == pytest.approx(1.008 - 3.0)
    assert not gain[atoms.numbers > 6].any()


def test_it_takes_from_the_atom_it_is_bonded_to_across_the_cell_boundary():
    water = molecule("H2O", cell=[9, 9, 9], pbc=True)
    water.positions -= water.positions[1]
    water.wrap()
    heavy = masses(with_hydrogen_mass(plain_model(water), water, 2.014))
    assert heavy == pytest.approx([15.999 - 2 * 1.006, 2.014, 2.014])


def test_what_has_no_such_masses_is_told():
    ethanol = molecule("CH3CH2OH", cell=[9, 9, 9], pbc=True)
    with pytest.raises(InputError, match="C atoms of one type bind different numbers of hydrogen"):
        with_hydrogen_mass(plain_model(ethanol), ethanol, 3.0)
    methane = molecule("CH4", cell=[9, 9, 9], pbc=True)
    with pytest.raises(InputError, match=r"C would weigh 0\.043 u, less than its hydrogen"):
        with_hydrogen_mass(plain_model(methane), methane, 4.0)
    alone = Atoms("HC", positions=[[0, 0, 0], [2.0, 0, 0]], cell=[9, 9, 9], pbc=True)
    with pytest.raises(InputError, match=r"atom 0, hydrogen, has no atom of another element within 1\.4 Å"):
        with_hydrogen_mass(plain_model(alone), alone, 3.0)
    with pytest.raises(InputError, match="no sections Masses"):
        with_hydrogen_mass(replace(plain_model(methane), data="not mofglass'"), methane, 3.0)
    for mass_u in (0.9, 1.008, 4.5):
        with pytest.raises(InputError, match=f"above 1.008 u, up to 4 u, and is {mass_u:g}"):
            RunSettings(hydrogen_mass_u=mass_u)


def test_a_stretch_is_as_much_slower_as_reduced_masses_say(tmp_path):
    """A bound pair, 1.122 Å apart at rest, begins stretched by 0.01 Å: r(t) is a cosine."""
    bound = ASEPotential(lambda: LennardJones(sigma=1.0, epsilon=5.0, rc=4.0))
    atoms = Atoms("CH", positions=[[2, 2, 2], [2 ** (1 / 6) + 2.01, 2, 2]], cell=[9, 9, 9], pbc=True)
    stage = hold("swing", duration_ps=0.08, temperature_K=0.0, ensemble="nve", time_step_fs=0.05)
    periods_fs = []
    for mass_u in (None, 3.0):
        settings = RunSettings(frame_interval_ps=0.1, thermo_interval_ps=5e-5, hydrogen_mass_u=mass_u)
        run = create_run(tmp_path / f"{mass_u}", atoms, bound, (stage,), settings=settings)
        thermo = execute(run, potential=bound, threads=1, progress=False).thermo()
        kinetic, time_fs = thermo["kinetic_energy_eV"].to_numpy(), 1e3 * thermo["time_ps"].to_numpy()
        turns = 1 + np.flatnonzero((np.diff(kinetic[:-1]) < 0) & (np.diff(kinetic[1:]) >= 0))
        periods_fs.append(2 * (time_fs[turns[-1]] - time_fs[turns[0]]) / (len(turns) - 1))
    assert periods_fs[1] / periods_fs[0] == pytest.approx(stretch_period_ratio(3.0), rel=3e-3)


def test_energies_and_weight_are_those_of_real_hydrogen(tmp_path):
    rows = []
    for mass_u in (None, 3.0):
        run = run_zif4(tmp_path / f"{mass_u}", mass_u, duration_ps=0.03)
        rows.append(execute(run, threads=1, progress=False).thermo().iloc[0])
    for column in ("potential_energy_eV", "kinetic_energy_eV", "density_g_per_cm3", "pressure_bar"):
        assert rows[1][column] == pytest.approx(rows[0][column], rel=1e-9)


def test_a_stopped_run_goes_on_with_the_same_masses(tmp_path):
    whole = execute(run_zif4(tmp_path / "whole", 3.0, duration_ps=0.06), threads=1, progress=False)
    run = run_zif4(tmp_path / "stopped", 3.0, duration_ps=0.06)
    for _ in range(40):
        if execute(run, threads=1, progress=False, walltime_s=0.01).state == "done":
            break
    assert len(run.info["sessions"]) > 2
    np.testing.assert_array_equal(run.trajectory()[-1].positions, whole.trajectory()[-1].positions)
    np.testing.assert_array_equal(run.thermo()["total_energy_eV"], whole.thermo()["total_energy_eV"])


def test_two_processes_go_on_with_the_same_masses(tmp_path):
    run = run_zif4(tmp_path / "one", 3.0, duration_ps=0.06)
    whole = execute(run, threads=1, progress=False).thermo()
    run = run_zif4(tmp_path / "two", 3.0, duration_ps=0.06)
    assert execute(run, processes=2, progress=False, walltime_s=0.01).state != "done"
    resumed = execute(run, processes=2, progress=False).thermo()
    for column in ("kinetic_energy_eV", "total_energy_eV"):
        np.testing.assert_allclose(resumed[column], whole[column], rtol=1e-6)


def test_slow_forces_stay_slow_while_the_stretch_of_the_hydrogens_is_followed():
    zif4 = get_potential("zif4")
    # Reduced masses of 0.930 and 2.308 u.
    assert stretch_period_ratio(3.0) == pytest.approx(1.5755, abs=1e-3)
    stages = [hold("a", duration_ps=1, temperature_K=300, time_step_fs=step) for step in (0.5, 0.75, 0.8)]
    assert [stage.slow_forces_every for stage in with_slow_forces(stages, zif4)] == [2, 1, 1]
    heavy = with_slow_forces(stages, zif4, hydrogen_mass_u=3.0)
    assert [stage.slow_forces_every for stage in heavy] == [2, 2, 1]
