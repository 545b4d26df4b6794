"""Physical validation: the same argon by LAMMPS' own style and through ASE, and laws that hold for both."""

from __future__ import annotations

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from mofglass.errors import InputError, SimulationError
from mofglass.potentials import get_potential
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.lennard_jones import LennardJonesArgon, argon_through_ase
from mofglass.simulate import Guards, Run, RunSettings, create_run, execute, hold
from mofglass.structures import load

pytestmark = pytest.mark.physical_validation

ARGON = {"time_step_fs": 2.0}


def simulate(path, atoms, potential, *stages, **settings) -> Run:
    run = create_run(path, atoms, potential, stages, settings=RunSettings(**settings))
    return execute(run, potential=potential, threads=1, progress=False)


@pytest.mark.parametrize("cell", ["argon", "triclinic_argon"])
def test_both_ways_give_one_energy_pressure_and_path(tmp_path, cell, request):
    """20 steps of NPT, so that energy, forces, virial and the moving triclinic cell are all compared."""
    atoms = request.getfixturevalue(cell)
    freedom = "tri" if cell == "triclinic_argon" else "iso"
    stage = hold(
        "npt", duration_ps=0.04, temperature_K=60, ensemble="npt", cell=freedom, pressure_bar=50, **ARGON
    )
    options = {"frame_interval_ps": 0.02, "thermo_interval_ps": 0.01}
    native = simulate(tmp_path / "native", atoms, LennardJonesArgon(), stage, **options)
    through = simulate(tmp_path / "ase", atoms, argon_through_ase(), stage, **options)
    ours, theirs = through.thermo(), native.thermo()
    for column in ("potential_energy_eV", "temperature_K", "pressure_bar", "volume_A3", "alpha_deg"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-6, err_msg=column)
    np.testing.assert_allclose(
        through.trajectory()[-1].positions, native.trajectory()[-1].positions, atol=1e-5
    )


@pytest.mark.slow
def test_both_ways_give_one_npt_density(tmp_path, argon):
    """Liquid argon at 94 K: two independent runs, one density within their block errors."""
    small = argon[: len(argon)]
    densities = []
    for number, potential in enumerate((LennardJonesArgon(), argon_through_ase())):
        stages = (
            hold("melt", duration_ps=6, temperature_K=200, **ARGON),
            hold("cool", duration_ps=30, temperature_K=94, ensemble="npt", pressure_bar=1, **ARGON),
        )
        run = simulate(tmp_path / str(number), small, potential, *stages, seed=number + 1)
        density = run.thermo().query("stage == 'cool' and time_ps > 16")["density_g_per_cm3"].to_numpy()
        blocks = density[: len(density) // 5 * 5].reshape(5, -1).mean(axis=1)
        densities.append((blocks.mean(), blocks.std(ddof=1) / np.sqrt(5)))
    (first, first_error), (second, second_error) = densities
    assert abs(first - second) < 4 * np.hypot(first_error, second_error)
    assert 1.2 < first < 1.45


class NoForces(Calculator):
    """An ideal gas."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3)), "stress": np.zeros(6)}


def test_an_ideal_gas_fills_nkt_over_p(tmp_path):
    """<p> from NVT and <V> from NPT obey pV = NkT (Langevin, as free particles do not mix by themselves)."""
    rng = np.random.default_rng(3)
    from ase import Atoms

    n_atoms, length = 200, 60.0
    gas = Atoms(f"Ar{n_atoms}", positions=rng.uniform(0, length, (n_atoms, 3)), cell=[length] * 3, pbc=True)
    potential = ASEPotential(NoForces, name="ideal gas", elements={"Ar"})
    pressure_bar = 60.0
    stage = hold(
        "npt",
        duration_ps=240,
        temperature_K=100,
        ensemble="npt",
        thermostat="langevin",
        pressure_bar=pressure_bar,
        time_step_fs=20.0,
        temperature_damping_steps=20,
        pressure_damping_steps=100,
    )
    guards = Guards(min_distance_A=None, max_volume_factor=10.0)
    run = simulate(tmp_path / "gas", gas, potential, stage, thermo_interval_ps=0.2, guards=guards)
    volume = run.thermo().query("time_ps > 40")["volume_A3"].to_numpy()
    blocks = volume[: len(volume) // 8 * 8].reshape(8, -1).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(8)
    expected = n_atoms * 1.380649e-23 * 100 / (pressure_bar * 1e5) * 1e30
    assert abs(blocks.mean() - expected) < 4 * error
    assert error / expected < 0.03


def test_nve_conserves_energy(tmp_path, argon):
    """Drift over 5 ps is below 1e-5 of the kinetic energy per step, and shrinks as the square of the step."""
    spreads = []
    for time_step_fs in (8.0, 4.0):
        run = simulate(
            tmp_path / f"{time_step_fs}",
            argon,
            LennardJonesArgon(),
            hold("nve", duration_ps=5, temperature_K=60, ensemble="nve", time_step_fs=time_step_fs),
        )
        thermo = run.thermo().query("time_ps > 0.5")
        energy = thermo["total_energy_eV"].to_numpy()
        slope = np.polyfit(thermo["time_ps"], energy, 1)[0]
        assert abs(slope * 4.5) < 5e-3 * thermo["kinetic_energy_eV"].mean()
        spreads.append(energy.std())
    assert spreads[1] < 0.5 * spreads[0]


@pytest.mark.parametrize("thermostat", ["nose-hoover", "csvr", "langevin"])
def test_each_thermostat_reaches_its_temperature(tmp_path, argon, thermostat):
    run = simulate(
        tmp_path / "run",
        argon,
        LennardJonesArgon(),
        hold("nvt", duration_ps=40, temperature_K=80, thermostat=thermostat, **ARGON),
        seed=5,
    )
    temperature = run.thermo().query("time_ps > 10")["temperature_K"].to_numpy()
    assert temperature.mean() == pytest.approx(80, rel=0.03)
    # The canonical spread of the temperature is T sqrt(2 / 3N).
    expected = 80 * np.sqrt(2 / (3 * len(argon)))
    assert temperature.std() == pytest.approx(expected, rel=0.35)


def test_a_failing_calculator_is_named(tmp_path, argon):
    class Breaks(NoForces):
        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
            raise RuntimeError("the model file is damaged")

    potential = ASEPotential(Breaks, name="breaks")
    with pytest.raises(SimulationError, match="the model file is damaged"):
        simulate(tmp_path / "run", argon, potential, hold("nve", duration_ps=0.1, temperature_K=10))
    assert Run(tmp_path / "run").state.startswith("failed: ")


def test_a_calculator_without_stress_is_refused(tmp_path, argon):
    class NoStress(NoForces):
        implemented_properties = ("energy", "forces")

    potential = ASEPotential(NoStress, name="no stress")
    with pytest.raises(InputError, match="gives no stress"):
        simulate(tmp_path / "run", argon, potential, hold("nve", duration_ps=0.1, temperature_K=10))


def test_a_metal_by_ase_minimises_its_cell(tmp_path):
    """Copper's EMT lattice parameter, 3.59 Å, from a start of 3.7 Å: energy and virial agree there."""
    from ase.build import bulk

    from mofglass.simulate import Minimise

    copper = bulk("Cu", a=3.7, cubic=True).repeat(3)
    potential = ASEPotential(EMT, name="emt")
    run = simulate(tmp_path / "run", copper, potential, Minimise(cell="iso", force_tolerance_eV_per_A=1e-6))
    edge = np.linalg.norm(run.trajectory()[-1].cell[0]) / 3
    energies = []
    for a in (edge - 0.01, edge, edge + 0.01):
        atoms = bulk("Cu", a=a, cubic=True)
        atoms.calc = EMT()
        energies.append(atoms.get_potential_energy())
    assert energies[1] < min(energies[0], energies[2])
    assert edge == pytest.approx(3.59, abs=0.01)


def test_the_archived_nequip_model_runs_zif4(tmp_path, shared):
    """Two steps of the model of Castel 2024: its energy, and that NVE keeps it to 1 meV an atom."""
    pytest.importorskip("torch", reason="the archived model needs torch")
    spec = f"nequip-archived:{shared / 'potentials' / 'nequip_castel2024.pth'}"
    stage = hold("nve", duration_ps=0.001, temperature_K=300, ensemble="nve")
    settings = RunSettings(frame_interval_ps=0.0005, thermo_interval_ps=0.0005)
    run = create_run(tmp_path / "run", load("ZIF-4"), spec, (stage,), settings=settings)
    execute(run, progress=False)
    thermo, crystal = run.thermo(), load("ZIF-4")
    assert list(thermo["step"]) == [0, 1, 2]
    crystal.calc = get_potential(spec).lammps(crystal).calculator()
    assert thermo["potential_energy_eV"][0] == pytest.approx(crystal.get_potential_energy(), abs=0.01)
    assert np.ptp(thermo["total_energy_eV"]) < 0.272
