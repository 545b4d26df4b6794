"""The ASE calculator of LAMMPS potentials: derivatives, rotated boxes, dummy atoms."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from mofglass.errors import InputError, SimulationError
from mofglass.potentials import ASEPotential, calculator, get_potential
from mofglass.potentials.calculator import load_into, make_calculator
from mofglass.structures import load
from mofglass.training.predictions import compute


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


@pytest.mark.parametrize("shear", [0.0, 0.02])
def test_a_structure_moved_a_little_is_that_structure_set_anew(monkeypatch, shear):
    start = load("ZIF-4")
    start.set_cell(start.cell @ [[1, 0, shear], [0, 1, 0], [0, 0, 1]], scale_atoms=True)
    potential = get_potential("zif4")
    loads = []
    monkeypatch.setattr(calculator, "load_into", lambda *given: (loads.append(given), load_into(*given)))
    moved = make_calculator(potential)
    for step in range(4):
        atoms = start.copy()
        atoms.rattle(0.02, seed=step)
        # Strains keep a right box right, or a skewed one skewed; atoms leave the box, some by several cells.
        atoms.set_cell(atoms.cell * np.array([1 + 0.003 * step, 1, 1 - 0.002 * step]), scale_atoms=True)
        atoms.positions += [0, 0, 0.03 * step]
        atoms.positions[step] += [-2, 7, 3 * step] @ atoms.cell
        found = [atoms.copy() for _ in range(2)]
        found[0].calc, found[1].calc = moved, make_calculator(potential)
        one, other = ((a.get_potential_energy(), a.get_forces(), a.get_stress()) for a in found)
        assert one[0] == pytest.approx(other[0], abs=1e-7)
        assert one[1] == pytest.approx(other[1], abs=1e-7)
        assert one[2] == pytest.approx(other[2], abs=1e-9)
    assert len(loads) == 1 + 4


def test_frames_that_are_computed_anew_do_not_depend_on_the_one_before():
    start = load("ZIF-4")
    hydrogen = int(np.flatnonzero(start.numbers == 1)[0])
    carbon = int(start.get_distances(hydrogen, range(len(start)), mic=True).argsort()[1])
    shared = make_calculator(get_potential("zif4"))
    stretched = []
    for length in (1.85, 2.0):
        stretched.append(start.copy())
        stretched[-1].set_distance(carbon, hydrogen, length, fix=0, mic=True)
    compute(shared, stretched[0])
    with pytest.raises(InputError, match="hydrogen"):
        compute(shared, stretched[1])
    # In a relaxation the bond is still the bond.
    stretched[0].calc = shared
    before = stretched[0].get_potential_energy()
    stretched[0].positions = stretched[1].positions
    assert stretched[0].get_potential_energy() > before


def test_a_calculator_goes_on_after_a_structure_that_lammps_cannot_compute():
    atoms = load("ZIF-4")
    atoms.calc = make_calculator(get_potential("zif4"))
    energy = atoms.get_potential_energy()
    atoms.positions[0] = np.nan
    with pytest.raises((SimulationError, InputError)):
        atoms.get_potential_energy()
    atoms.positions = load("ZIF-4").positions
    assert atoms.get_potential_energy() == pytest.approx(energy, abs=1e-7)


def test_a_structure_moved_far_or_of_other_elements_is_set_anew():
    moved, potential = make_calculator(get_potential("zif4")), get_potential("zif4")
    start = load("ZIF-4")
    turned = start.copy()
    turned.rotate(90, "x", rotate_cell=True)
    stretched = start.copy()
    stretched.set_cell(start.cell * 1.05, scale_atoms=True)
    sheared = start.copy()
    sheared.set_cell(start.cell @ [[1, 0, 0.01], [0, 1, 0], [0, 0, 1]], scale_atoms=True)
    order = np.random.default_rng(1).permutation(len(start))
    for atoms in (start, stretched, sheared, turned, start[order], start):
        found = [atoms.copy() for _ in range(2)]
        found[0].calc, found[1].calc = moved, make_calculator(potential)
        assert found[0].get_potential_energy() == pytest.approx(found[1].get_potential_energy(), abs=1e-6)
        assert found[0].get_forces() == pytest.approx(found[1].get_forces(), abs=1e-6)


def test_a_potential_with_dummy_atoms_has_no_such_forces():
    atoms = load("ZIF-4")
    atoms.calc = make_calculator(get_potential("nb-zif-ff"))
    for _ in range(2):
        with pytest.raises(InputError, match="dummy atoms"):
            atoms.get_forces()


def test_an_ase_potential_gives_its_own_calculator():
    from ase.calculators.emt import EMT

    assert isinstance(make_calculator(ASEPotential(EMT)), EMT)
