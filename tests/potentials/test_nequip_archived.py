"""The archived NequIP model of Castel 2024 against its own labels and against mechanics."""

from __future__ import annotations

import gzip
from io import StringIO
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from mofglass.errors import InputError

torch = pytest.importorskip("torch", reason="mofglass[torch] is not installed")
pytest.importorskip("vesin", reason="mofglass[torch] is not installed")

from mofglass.potentials.nequip_archived import ArchivedNequIP, DeployedNequIP  # noqa: E402


@pytest.fixture(scope="module")
def model_path(shared: Path) -> Path:
    return shared / "potentials" / "nequip_castel2024.pth"


@pytest.fixture(scope="module")
def calculator(model_path: Path) -> DeployedNequIP:
    return DeployedNequIP(model_path)


@pytest.fixture(scope="module")
def labelled(shared: Path) -> Atoms:
    with gzip.open(shared / "labels" / "rattled.extxyz.gz", "rt") as file:
        n_lines = int(file.readline()) + 2
        second = list(islice(file, n_lines - 1, 2 * n_lines - 1))
    return read(StringIO("".join(second)), format="extxyz")


@pytest.fixture
def small() -> Atoms:
    """One imidazole-like molecule and a zinc in a triclinic box, quick to evaluate."""
    positions = [
        [0.00, 1.10, 0.00], [-1.10, 0.30, 0.00], [-0.70, -0.98, 0.05], [0.70, -0.98, 0.00],
        [1.10, 0.30, 0.00], [0.00, 2.18, 0.10], [-1.32, -1.85, 0.00], [1.32, -1.85, 0.00], [2.95, 0.9, 0.2],
    ]  # fmt: skip
    cell = [[8.0, 0.0, 0.0], [1.0, 8.5, 0.0], [-0.7, 0.9, 7.5]]
    return Atoms("CNCCNHHHZn", positions=positions, cell=cell, pbc=True)


def test_metadata_are_read_from_the_model(calculator: DeployedNequIP) -> None:
    assert calculator.cutoff_A == 6.0
    assert calculator.type_names == ("H", "C", "N", "Zn")
    assert calculator.nequip_version == "0.5.6"


def test_a_labelled_frame_is_reproduced(calculator: DeployedNequIP, labelled: Atoms) -> None:
    atoms = labelled.copy()
    atoms.calc = calculator
    # The labels' energy is a single-precision total, so known to 4 meV.
    assert atoms.get_potential_energy() == pytest.approx(labelled.get_potential_energy(), abs=8e-3)
    np.testing.assert_allclose(atoms.get_forces(), labelled.get_forces(), atol=2e-4)
    np.testing.assert_allclose(atoms.get_stress(), labelled.get_stress(), atol=1e-6)


def test_forces_are_the_gradient_of_the_energy(calculator: DeployedNequIP, small: Atoms) -> None:
    small.calc = calculator
    forces = small.get_forces()
    direction = forces / np.linalg.norm(forces)
    step = 0.005
    energies = []
    for factor in (1, -1):
        moved = small.copy()
        moved.positions += factor * step * direction
        moved.calc = calculator
        energies.append(moved.get_potential_energy())
    slope = (energies[0] - energies[1]) / (2 * step)
    assert -np.sum(forces * direction) == pytest.approx(slope, rel=5e-3)


@pytest.mark.parametrize("component", [0, 3, 5])
def test_stress_is_the_strain_derivative_of_the_energy(
    calculator: DeployedNequIP, small: Atoms, component: int
) -> None:
    small.calc = calculator
    stress = small.get_stress()[component]
    i, j = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)][component]
    step = 2e-3
    energies = []
    for sign in (1, -1):
        strain = np.zeros((3, 3))
        strain[i, j] += sign * step / 2
        strain[j, i] += sign * step / 2
        strained = small.copy()
        strained.set_cell(np.array(small.cell) @ (np.eye(3) + strain), scale_atoms=True)
        strained.calc = calculator
        energies.append(strained.get_potential_energy())
    slope = (energies[0] - energies[1]) / (2 * step) / small.get_volume()
    assert stress == pytest.approx(slope, rel=2e-2, abs=2e-5)


def test_energy_knows_no_origin_no_order_and_no_image(calculator: DeployedNequIP, small: Atoms) -> None:
    small.calc = calculator
    reference, forces = small.get_potential_energy(), small.get_forces()
    order = np.array([3, 0, 8, 1, 7, 2, 6, 4, 5])
    other = small[order]
    other.translate([0.3, 5.0, -2.0])
    other.positions[2] += other.cell[0] - 2 * other.cell[2]
    other.calc = calculator
    assert other.get_potential_energy() == pytest.approx(reference, abs=1e-3)
    np.testing.assert_allclose(other.get_forces(), forces[order], atol=1e-3)


def test_potential_records_file_and_hash(model_path: Path, small: Atoms) -> None:
    potential = ArchivedNequIP(model_path)
    assert potential.elements == {"H", "C", "N", "Zn"}
    assert len(potential.describe()["sha256"]) == 64
    model = potential.lammps(small)
    assert isinstance(model.calculator(), DeployedNequIP)


def test_an_unknown_element_names_its_atom(calculator: DeployedNequIP, small: Atoms) -> None:
    small.symbols[3] = "Cl"
    small.calc = calculator
    with pytest.raises(InputError, match="atom 3, counted from 0, is Cl"):
        small.get_potential_energy()


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_text("not a model")
    with pytest.raises(InputError, match="no deployed NequIP model"):
        DeployedNequIP(path)


def test_a_model_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    with pytest.raises(InputError, match="lacks NequIP's r_max"):
        DeployedNequIP(path)
