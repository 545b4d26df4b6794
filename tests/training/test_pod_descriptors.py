"""Descriptors from LAMMPS: rows times coefficients are what pair_style pod computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError, SimulationError
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.pod import POD, PODModel
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.training.pod_descriptors import NO_STRAIN, PODDescriptors

SMALL = PODParameters(
    species=("Cu", "Au"),
    rcut=4.0,
    bessel_polynomial_degree=3,
    inverse_polynomial_degree=4,
    twobody_number_radial_basis_functions=4,
    threebody_number_radial_basis_functions=3,
    threebody_angular_degree=2,
    fourbody_number_radial_basis_functions=2,
    fourbody_angular_degree=1,
)
ALL_ORDERS = replace(
    SMALL,
    fivebody_number_radial_basis_functions=1,
    fivebody_angular_degree=1,
    sixbody_number_radial_basis_functions=1,
    sixbody_angular_degree=1,
    sevenbody_number_radial_basis_functions=1,
    sevenbody_angular_degree=1,
)


@pytest.fixture
def descriptors() -> Iterator[PODDescriptors]:
    made = PODDescriptors(SMALL)
    yield made
    made.close()


def rotated(atoms: Atoms) -> Atoms:
    atoms = atoms.copy()
    atoms.rotate(25, (1, 2, 3), rotate_cell=True)
    return atoms


@pytest.mark.parametrize("parameters", [SMALL, ALL_ORDERS], ids=["four-body", "seven-body"])
def test_rows_times_coefficients_are_what_lammps_computes(alloy, parameters: PODParameters) -> None:
    descriptors = PODDescriptors(parameters)
    calculator = None
    for atoms in (alloy[0].to_atoms(), rotated(alloy[1].to_atoms())):
        rows = descriptors.rows(atoms)
        if calculator is None:
            coefficients = np.random.default_rng(3).normal(size=len(rows.energy))
            model = PODModel(parameters=parameters, coefficients=PODCoefficients.linear(coefficients))
            calculator = LammpsCalculator(POD.from_model(model, Path("m")))
        atoms.calc = calculator
        forces = atoms.get_forces()
        assert rows.energy @ coefficients == pytest.approx(atoms.get_potential_energy(), rel=1e-12)
        np.testing.assert_allclose(rows.forces @ coefficients, forces, atol=1e-10 * np.abs(forces).max())
        stress = atoms.get_stress()
        np.testing.assert_allclose(rows.stress @ coefficients, stress, atol=1e-6 * np.abs(stress).max())
    descriptors.close()


def test_force_rows_are_derivatives_of_the_energy_row(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[2].to_atoms()
    forces = descriptors.rows(atoms, strains=NO_STRAIN).forces
    direction = np.random.default_rng(1).normal(size=atoms.positions.shape)
    direction /= np.linalg.norm(direction)
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions += sign * 1e-3 * direction
        energies.append(descriptors.rows(moved, strains=NO_STRAIN).energy)
    expected = -(energies[0] - energies[1]) / 2e-3
    projected = np.einsum("nak,na->k", forces, direction)
    np.testing.assert_allclose(projected, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_a_strain_direction_is_a_sum_of_components(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[1].to_atoms()
    direction = np.array([[0.3, -0.2, 0.5, 0.7, -0.1, 0.4]])
    along = descriptors.rows(atoms, strains=direction).stress
    expected = direction @ descriptors.rows(atoms).stress
    np.testing.assert_allclose(along, expected, atol=1e-6 * np.abs(expected).max())


def test_descriptors_do_not_depend_on_orientation_or_order(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[3].to_atoms()
    shuffle = np.random.default_rng(2).permutation(len(atoms))
    energy, forces = (lambda rows: (rows.energy, rows.forces))(descriptors.rows(atoms, strains=NO_STRAIN))
    other = descriptors.rows(atoms[shuffle], strains=NO_STRAIN)
    np.testing.assert_allclose(other.energy, energy, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.forces, forces[shuffle], atol=1e-9)
    np.testing.assert_allclose(
        descriptors.rows(rotated(atoms), strains=NO_STRAIN).energy, energy, rtol=1e-7, atol=1e-7
    )


def test_per_atom_descriptors_sum_to_the_row(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[0].to_atoms()
    values = descriptors.per_atom(atoms)
    energy = descriptors.rows(atoms, strains=NO_STRAIN).energy.reshape(2, -1)
    for symbol, row in zip(SMALL.species, energy, strict=True):
        mask = np.array(atoms.get_chemical_symbols()) == symbol
        assert row[0] == mask.sum()
        np.testing.assert_allclose(values[mask].sum(axis=0), row[1:], rtol=1e-10, atol=1e-10)


def test_an_absent_element_leaves_the_others_in_place(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[0].to_atoms()
    atoms.symbols[:] = "Au"
    energy = descriptors.rows(atoms, strains=NO_STRAIN).energy.reshape(2, -1)
    assert energy[0, 0] == 0
    assert not energy[0].any()
    assert energy[1, 0] == len(atoms)


def test_another_element_is_named(alloy, descriptors: PODDescriptors) -> None:
    atoms = alloy[0].to_atoms()
    atoms.symbols[5] = "Ag"
    with pytest.raises(InputError, match="atom 5, counted from 0, is Ag"):
        descriptors.rows(atoms)


def test_what_lammps_cannot_compute_is_one_sentence(alloy) -> None:
    far = PODDescriptors(replace(SMALL, rcut=50.0))
    with pytest.raises(SimulationError, match=r"within rcut = 50 Å: .*Neighbor list overflow"):
        far.rows(alloy[0].to_atoms(), strains=NO_STRAIN)
    far.close()
