"""A MACE model in TorchScript: forces and stress are derivatives of the energy; pickles are refused."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator

torch = pytest.importorskip("torch", reason="needs the extra torch")


class Payload:
    """Unpickled, it writes a file: what a model from the internet could do."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_pickle_is_refused_and_not_run(tmp_path):
    model, witness = tmp_path / "a.model", tmp_path / "witness"
    torch.save(Payload(str(witness)), model)
    with pytest.raises(InputError, match="is a pickle"):
        get_potential(f"mace:{model}")
    assert not witness.exists()


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        get_potential(f"mace:{tmp_path / 'a.pt'}")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "linear.pt"))
    with pytest.raises(InputError, match="no MACE model"):
        get_potential(f"mace:{tmp_path / 'linear.pt'}")


@pytest.fixture(scope="module")
def potential(mace_training):
    return get_potential(f"mace:{mace_training[0]}")


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


def test_the_same_as_maces_own_calculator(potential, mace_training, atoms):
    from mace.calculators import MACECalculator

    theirs = MACECalculator(model_paths=str(mace_training[0].parent / "mace.model"), device="cpu")
    ours = make_calculator(potential)
    assert ours.get_potential_energy(atoms) == pytest.approx(theirs.get_potential_energy(atoms))
    np.testing.assert_allclose(ours.get_forces(atoms), theirs.get_forces(atoms), atol=1e-8)
    np.testing.assert_allclose(ours.get_stress(atoms), theirs.get_stress(atoms), atol=1e-8)


def test_an_unknown_element_is_named(potential, atoms):
    atoms.symbols[3] = "Au"
    with pytest.raises(InputError, match="atom 3, counted from 0, is Au"):
        potential.lammps(atoms)
