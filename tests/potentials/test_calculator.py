"""The ASE calculator of LAMMPS potentials: derivatives, rotated boxes, dummy atoms."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from mofglass.errors import InputError
from mofglass.potentials import ASEPotential, get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.structures import load


@pytest.fixture(scope="module")
def argon():
    """A sheared, rattled cell that lies in LAMMPS' orientation in none of its vectors."""
    atoms = bulk("Ar", "fcc", 5.4, cubic=True).repeat(4)
    atoms.rattle(0.1, seed=1)
    atoms.set_cell(atoms.cell @ [[1, 0.05, 0.02], [0, 1, 0.03], [0.1, 0, 1]], scale_atoms=True)
    atoms.calc = make_calculator(get_potential("lj"))
    return atoms


def test_forces_and_stress_are_derivatives_of_the_energy(argon):
    numerical = calculate_numerical_forces(argon, 1e-4, [3])
    assert argon.get_forces()[3] == pytest.approx(numerical[0], abs=1e-6)
    assert argon.get_stress() == pytest.approx(calculate_numerical_stress(argon, eps=1e-5), abs=1e-7)


def test_one_calculator_serves_structures_of_different_size(argon):
    small = bulk("Ar", "fcc", 5.4, cubic=True).repeat(4)
    small.calc = argon.calc
    large = small.repeat((2, 1, 1))
    large.calc = argon.calc
    assert large.get_potential_energy() == pytest.approx(2 * small.get_potential_energy(), rel=1e-9)
    assert np.abs(large.get_forces()).max() < 1e-9


def test_a_potential_with_dummy_atoms_has_no_such_forces():
    atoms = load("ZIF-4")
    atoms.calc = make_calculator(get_potential("nb-zif-ff"))
    with pytest.raises(InputError, match="dummy atoms"):
        atoms.get_forces()


def test_an_ase_potential_gives_its_own_calculator():
    from ase.calculators.emt import EMT

    assert isinstance(make_calculator(ASEPotential(EMT)), EMT)
