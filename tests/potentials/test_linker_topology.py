"""Which atoms are a linker's: also when a hot liquid presses linkers together, never when one is broken."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.potentials.linker_topology import linker_places
from mofglass.structures import load


def pressed_together(first, second, distance_A):
    """ZIF-4 with one linker shifted until two atoms of different linkers are this close."""
    atoms = load("ZIF-4")
    places = linker_places(atoms)
    linker_of = np.full(len(atoms), -1)
    linker_of[places] = np.arange(len(places))[:, None]
    symbols = np.array(atoms.get_chemical_symbols())
    distances = atoms.get_all_distances(mic=True)
    apart = (linker_of[:, None] != linker_of) & (symbols[:, None] == first) & (symbols[None, :] == second)
    i, j = np.unravel_index(np.where(apart, distances, np.inf).argmin(), distances.shape)
    line = atoms.get_distance(i, j, mic=True, vector=True)
    atoms.positions[places[linker_of[i]]] += line * (1.0 - distance_A / distances[i, j])
    assert atoms.get_distance(i, j, mic=True) == pytest.approx(distance_A)
    return atoms


@pytest.mark.parametrize(
    ("first", "second", "distance_A"),
    [("H", "N", 1.15), ("C", "N", 1.6), ("C", "C", 1.7), ("N", "N", 1.6), ("H", "C", 1.25), ("H", "H", 0.8)],
)
def test_linkers_pressed_together_stay_apart(first, second, distance_A):
    expected = linker_places(load("ZIF-4"))
    found = linker_places(pressed_together(first, second, distance_A))
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


def test_a_stretched_hydrogen_stays_with_its_carbon():
    atoms = load("ZIF-4")
    expected = linker_places(atoms)
    carbon, hydrogen = expected[0][1], expected[0][5]
    bond = atoms.get_distance(carbon, hydrogen, mic=True, vector=True)
    atoms.positions[hydrogen] += bond * (1.8 / np.linalg.norm(bond) - 1.0)
    assert (np.sort(linker_places(atoms)) == np.sort(expected)).all()


@pytest.mark.parametrize("distance_A", [1.05, 2.6])
def test_a_linker_that_lost_its_hydrogen_is_refused(distance_A):
    """Torn off into the pore, or, as in imidazole, on the nitrogen."""
    atoms = load("ZIF-4")
    places = linker_places(atoms)
    on = places[0][0] if distance_A < 2 else places[0][1]
    hydrogen = places[0][5]
    centre = atoms.positions[on] + atoms.get_distances(on, places[0][:5], mic=True, vector=True).mean(axis=0)
    out = atoms.positions[on] - centre
    atoms.positions[hydrogen] = atoms.positions[on] + out / np.linalg.norm(out) * distance_A
    with pytest.raises(InputError, match="atom"):
        linker_places(atoms)


@pytest.mark.parametrize(
    ("name", "linker", "remedy"),
    [
        ("ZIF-8", "2-methylimidazolate", "use nb-zif-ff or a potential trained on 2-methylimidazolate"),
        ("ZIF-62", "benzimidazolate", "only: use a potential trained on benzimidazolate"),
    ],
)
def test_another_linker_is_named_with_a_potential_that_knows_it(name, linker, remedy):
    with pytest.raises(InputError, match=rf"\(counted from 0\) belongs to a {linker}, .*{remedy}"):
        linker_places(load(name))


def test_the_remedy_is_that_of_the_fault():
    crystal = load("ZIF-4")
    torn, opened, bohr = crystal.copy(), crystal.copy(), crystal.copy()
    del torn[int(np.flatnonzero(crystal.numbers == 1)[0])]
    opened.positions[linker_places(crystal)[0, 3]] += [0, 0, 3]
    bohr.set_cell(crystal.cell / 0.529, scale_atoms=False)
    for atoms, words in (
        (torn, "lost hydrogen: .*: add the hydrogen, or leave .*--skip-failures"),
        (opened, "broken ring: .*: mend the ring in the structure, .*--skip-failures"),
        (bohr, "broken ring: .* whose cell and positions are in Å"),
    ):
        with pytest.raises(InputError, match=words) as raised:
            linker_places(atoms)
        assert "nb-zif-ff" not in str(raised.value)


def test_a_ring_that_opens_is_still_a_ring_to_its_potential():
    atoms = load("ZIF-4")
    expected = linker_places(atoms)
    c4, c5, h5 = expected[0][[3, 4, 7]]
    bond = atoms.get_distance(c4, c5, mic=True, vector=True)
    atoms.positions[[c5, h5]] += bond * (2.1 / np.linalg.norm(bond) - 1.0)
    assert (np.sort(linker_places(atoms)) == np.sort(expected)).all()
