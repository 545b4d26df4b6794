"""Stages as LAMMPS commands: the numbers LAMMPS gets, in both of its unit systems."""

from __future__ import annotations

import pytest

from mofglass.errors import InputError
from mofglass.potentials import LammpsModel, get_potential
from mofglass.simulate import Minimise, hold, ramp
from mofglass.simulate.deck import MAX_SEED, compile_protocol, compile_stage, setup_commands
from mofglass.structures import load

METAL = LammpsModel(units="metal", atom_style="atomic", data="", after_data=("pair_style x",), n_atoms=8)
REAL = LammpsModel(units="real", atom_style="charge", data="", after_data=("pair_style x",), n_atoms=8)


def setup(stage, model=METAL, *, tilted=False):
    return compile_stage(stage, model, tilted=tilted, seed=7).setup


def test_nose_hoover_damping_is_100_steps_in_both_units():
    stage = hold("a", duration_ps=1, temperature_K=300, end_temperature_K=400)
    assert setup(stage) == ("timestep 0.0005", "fix mofglass_integrate all nvt temp 300 400 0.05")
    assert setup(stage, REAL) == ("timestep 0.5", "fix mofglass_integrate all nvt temp 300 400 50")


def test_pressure_is_bar_in_metal_and_atm_in_real():
    stage = hold("a", duration_ps=1, temperature_K=300, ensemble="npt", pressure_bar=1013.25)
    assert setup(stage)[1] == "fix mofglass_integrate all npt temp 300 300 0.05 iso 1013.25 1013.25 0.5"
    assert setup(stage, REAL)[1] == "fix mofglass_integrate all npt temp 300 300 50 iso 1000 1000 500"


@pytest.mark.parametrize(
    ("thermostat", "ensemble", "expected"),
    [
        ("csvr", "nvt", ["nve", "temp/csvr 300 300 0.05 7"]),
        ("langevin", "nvt", ["nve", "langevin 300 300 0.05 7 zero yes"]),
        ("csvr", "npt", ["nph iso 0 0 0.5", "temp/csvr 300 300 0.05 7"]),
        ("langevin", "npt", ["nph iso 0 0 0.5", "langevin 300 300 0.05 7 zero yes"]),
        ("langevin", "nve", ["nve"]),
    ],
)
def test_other_thermostats(thermostat, ensemble, expected):
    stage = hold("a", duration_ps=1, temperature_K=300, thermostat=thermostat, ensemble=ensemble)
    assert [line.split(" all ")[1] for line in setup(stage)[1:]] == expected


def test_what_is_set_up_is_taken_down():
    stage = hold("a", duration_ps=1, temperature_K=300, thermostat="csvr", volume_factor=0.9)
    compiled = compile_stage(stage, METAL, tilted=False, seed=1)
    names = [line.split()[1] for line in compiled.setup if line.startswith("fix")]
    assert [line.split()[1] for line in compiled.teardown] == names[::-1]


def test_deformation_scales_edges_and_tilts():
    stage = hold("a", duration_ps=1, temperature_K=300, volume_factor=0.729)
    assert setup(stage)[-1].endswith("deform 1 x scale 0.9 y scale 0.9 z scale 0.9")
    compiled = compile_stage(stage, METAL, tilted=True, seed=1)
    assert compiled.variables["mofglass_xy"] == "xy*-0.1"
    assert "yz delta ${mofglass_yz}" in compiled.setup[-1]
    with pytest.raises(InputError, match="orthogonal"):
        setup(hold("a", duration_ps=1, temperature_K=300, cubic=True), tilted=True)


def test_minimisation_in_real_units():
    compiled = compile_stage(Minimise(cell="aniso", pressure_bar=1013.25), REAL, tilted=False, seed=1)
    assert "fix mofglass_cell all box/relax aniso 1000 vmax 0.002" in compiled.setup
    assert compiled.minimise.startswith("minimize 0.0 0.02306")


def test_each_stage_has_its_own_seed():
    stages = ramp("r", from_K=10, to_K=20, rate_K_per_ps=1, fine_above_K=15, thermostat="langevin")
    lines = [item.setup[-1] for item in compile_protocol(stages, METAL, tilted=False, seed=40)]
    assert [line.split()[-3] for line in lines] == ["41", "42"]


def test_a_resumed_stage_does_not_repeat_its_noise():
    """LAMMPS keeps no state of Langevin's generator: the seed itself must tell where the stage stands."""
    stages = tuple(hold(name, duration_ps=1, temperature_K=10, thermostat="langevin") for name in "abc")

    def seeds(*resumed):
        compiled = compile_protocol(stages, METAL, tilted=False, seed=MAX_SEED, resumed=resumed)
        return [int(item.setup[-1].split()[-3]) for item in compiled]

    begun, once, twice = seeds(1, 0), seeds(1, 500), seeds(1, 700)
    assert begun == [MAX_SEED + 1, MAX_SEED + 2, MAX_SEED + 3]
    assert once == seeds(1, 500)
    assert once[::2] == twice[::2] == begun[::2]
    assert len({begun[1], once[1], twice[1]}) == 3
    assert 1 <= min(once[1], twice[1]) <= max(once[1], twice[1]) <= MAX_SEED


def test_a_restart_defines_no_atoms_again():
    model = get_potential("nb-zif-ff").lammps(load("ZIF-4"))
    fresh, again = (setup_commands(model, data_file=name) for name in ("system.data", None))
    assert any(line.startswith("read_data") for line in fresh)
    assert not any(line.startswith(("read_data", "units", "atom_style", "bond_style")) for line in again)
    assert set(again) < set(fresh)
