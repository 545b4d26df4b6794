"""Presses: springs against their energy, which atoms are drawn, and dynamics that ends where it was to."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.fd import calculate_numerical_forces

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.structures import load
from mofglass.studies.pressing import Press, Pressing, Springs, Task, drawn_pairs
from mofglass.topology.linkers import find_linkers

PRESS = Press("zif4", max_force_eV_per_A=60.0, min_distance_A=0.7)


def a_task(atoms, elements, distance_A, *, temperature_K=300.0, seed=1):
    atoms.info = {"source": "here", "run": "run-001"}
    pressing = Pressing(atoms=elements, distance_A=distance_A, temperature_K=temperature_K)
    return Task(0, pressing, atoms, seed)


def test_forces_of_the_springs_are_the_derivative_of_their_energy():
    atoms = Atoms("H4", [[0, 0, 0], [1.1, 0.3, 0], [5.8, 0.2, 0.4], [3, 3, 3]], cell=[6, 6, 6], pbc=True)
    springs = Springs([(0, 1), (0, 2)])
    springs.lengths_A = np.array([0.9, 1.3])
    atoms.calc = springs
    assert atoms.get_forces() == pytest.approx(calculate_numerical_forces(atoms, 1e-4), abs=1e-5)
    assert atoms.get_forces().sum(axis=0) == pytest.approx([0, 0, 0], abs=1e-12)


@pytest.mark.parametrize(
    "elements", [("H", "H"), ("Zn", "N"), ("Zn", "H", "H"), ("N", "Zn", "Zn"), ("C", "C", "N")]
)
def test_atoms_are_drawn_to_one_of_another_linker(elements):
    atoms = load("ZIF-4")
    linker_of = find_linkers(atoms).linker_of
    drawn = set()
    for seed in range(20):
        pairs = drawn_pairs(atoms, elements, np.random.default_rng(seed))
        together = [pairs[0][0], *(other for _, other in pairs)]
        assert [atoms[place].symbol for place in together] == list(elements)
        assert len(set(together)) == len(elements)
        mine = linker_of[together[0]]
        assert mine < 0 or mine not in linker_of[together[1:]]
        drawn.add(tuple(together))
    assert len(drawn) > 2
    assert drawn_pairs(atoms, ("Cu", "N"), np.random.default_rng(1)) == []


def test_a_press_ends_at_its_distance_and_is_the_same_again():
    """Zinc atoms of neighbouring nodes, 5.9 Å apart in the crystal."""
    task = a_task(load("ZIF-4"), "Zn-Zn", (3.6, 3.6))
    pressed = PRESS(task)
    ((first, second),) = drawn_pairs(task.atoms, ("Zn", "Zn"), np.random.default_rng(1))
    assert task.atoms.get_distance(first, second, mic=True) > 5
    # The spring holds against some 10 eV/Å of the network.
    assert pressed.get_distance(first, second, mic=True) == pytest.approx(3.6, abs=0.15)
    assert find_linkers(pressed).intact.all()
    assert pressed.info == {"source": "here, pressed Zn-Zn", "temperature_K": 300.0, "run": "run-001"}
    assert (PRESS(task).positions == pressed.positions).all()


def test_of_a_press_that_breaks_down_the_last_good_frame_stays():
    task = a_task(bulk("Ar", cubic=True, a=5.3).repeat(3), "Ar-Ar", (1.0, 1.0), temperature_K=30.0)
    press = Press("lj", max_force_eV_per_A=1.0, min_distance_A=0.7)
    pressed = press(task)
    ((first, second),) = drawn_pairs(task.atoms, ("Ar", "Ar"), np.random.default_rng(1))
    assert 2.0 < pressed.get_distance(first, second, mic=True) < 3.4
    pressed.calc = make_calculator(get_potential("lj"))
    assert 0.05 < np.abs(pressed.get_forces()).max() < 1.0
    # One that a spring cannot even begin leaves nothing.
    assert Press("lj", max_force_eV_per_A=1e-6, min_distance_A=0.7)(task) is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"atoms": "Zn"}, "'Zn' are not elements of two to six atoms"),
        ({"atoms": "Zn-Q"}, "'Zn-Q' are not elements"),
        ({"distance_A": (3.0, 2.4)}, "distance_A is a range in Å"),
        ({"frames": 0}, "frames 1 or more"),
    ],
)
def test_a_wrong_setting_is_named(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        Pressing(**{"atoms": "Zn-Zn", "distance_A": (2.4, 3.0)} | settings)
