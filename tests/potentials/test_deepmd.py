"""A DeePMD model: forces and stress are derivatives of the energy, and LAMMPS' style gives the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mofglass.errors import InputError, MissingPackageError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import LammpsCalculator, make_calculator
from mofglass.potentials.deepmd import lammps_plugin
from mofglass.simulate import RunSettings, create_run, execute, hold


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        get_potential(f"deepmd:{tmp_path / 'a.pb'}")
    with pytest.raises(InputError, match="dp freeze"):
        get_potential(f"deepmd:{tmp_path / 'checkpoint.pt'}")


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.pb").touch()
    for module in ("deepmd", "deepmd.infer"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=r"mofglass\[deepmd\]"):
        get_potential(f"deepmd:{tmp_path / 'a.pb'}")


@pytest.mark.parametrize(
    ("asks", "fits"), [("~=2025.7.22.2.0", False), ("==2025.7.22.4.0", True), (">=2030", False)]
)
def test_the_plugin_is_used_with_its_own_lammps_only(monkeypatch, tmp_path, asks, fits):
    """With another update of LAMMPS the plugin loads, and fails when the first pair is computed."""
    from mofglass.potentials import deepmd

    (tmp_path / "lib").mkdir()
    library = tmp_path / "lib" / "libdeepmd_lmpplugin.so"
    library.touch()
    monkeypatch.setattr(deepmd, "requires", lambda _name: [f"lammps[mpi]{asks}; extra == 'lmp'", "numpy"])
    monkeypatch.setattr(deepmd, "version", lambda _name: "2025.7.22.4.0")
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(deepmd, "find_spec", lambda _name: spec)
    assert lammps_plugin() == (library if fits else None)


@pytest.fixture(scope="module")
def potential(deepmd_training):
    return get_potential(f"deepmd:{deepmd_training[0]}")


@pytest.fixture
def atoms(real_frames):
    return real_frames[0].to_atoms()


def test_forces_and_stress_are_derivatives_of_the_energy(potential, atoms):
    calculator = make_calculator(potential)
    atoms.calc = calculator
    forces, stress, volume = atoms.get_forces(), atoms.get_stress(voigt=False), atoms.get_volume()
    step = 1e-3
    for atom, axis in ((0, 0), (100, 1), (271, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(calculator.get_potential_energy(moved))
        assert forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=1e-4)
    for i, j in ((0, 0), (0, 1)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * 1e-4
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ strain.T, scale_atoms=True)
            energies.append(calculator.get_potential_energy(strained))
        assert stress[i, j] == pytest.approx((energies[0] - energies[1]) / (2e-4 * volume), abs=1e-6)


def test_the_style_of_lammps_gives_the_same(potential, atoms):
    if lammps_plugin() is None:
        pytest.skip("this LAMMPS is not the one that DeePMD-kit's plugin is built for")
    native, through_ase = LammpsCalculator(potential), make_calculator(potential)
    atoms.positions += [3.0, -2.0, 8.0]
    assert native.get_potential_energy(atoms) == pytest.approx(through_ase.get_potential_energy(atoms))
    np.testing.assert_allclose(native.get_forces(atoms), through_ase.get_forces(atoms), atol=1e-8)
    np.testing.assert_allclose(native.get_stress(atoms), through_ase.get_stress(atoms), atol=1e-8)
    native.close()


def test_an_unknown_element_is_named(potential, atoms):
    atoms.symbols[3] = "Au"
    with pytest.raises(InputError, match="atom 3, counted from 0, is Au"):
        potential.lammps(atoms)


def test_a_run_can_be_resumed(potential, deepmd_training, atoms, tmp_path):
    """Two stages, so that the second begins from a restart file."""
    atoms.calc = None
    stages = tuple(hold(name, duration_ps=0.002, temperature_K=300, ensemble="nve") for name in ("a", "b"))
    settings = RunSettings(frame_interval_ps=0.001, thermo_interval_ps=0.001)
    run = create_run(tmp_path / "run", atoms, f"deepmd:{deepmd_training[0]}", stages, settings=settings)
    assert run.info["potential"]["sha256"] == potential.sha256
    execute(run, threads=1, progress=False, walltime_s=1e-9)
    assert run.state.startswith("stopped")
    execute(run, threads=1, progress=False)
    assert run.state == "done"
    assert list(run.trajectory().steps) == [0, 2, 4, 6, 8]
