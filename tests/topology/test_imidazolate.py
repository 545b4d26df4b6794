"""Rings are found by their pattern, and places are numbered as chemists do."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.topology.bonds import find_bonds
from mofglass.topology.imidazolate import Group, recognise
from mofglass.topology.molecules import bond_table, find_molecules


def look(atoms: Atoms):  # type: ignore[no-untyped-def]
    table = bond_table(len(atoms), find_bonds(atoms).covalent)
    return recognise(atoms.numbers, find_molecules(atoms.numbers != 30, table), table)


def test_ring_atoms_come_in_order(imidazolate: Atoms) -> None:
    n_rings, ring, groups = look(imidazolate)
    assert n_rings.tolist() == [1]
    assert ring.tolist() == [[0, 1, 2, 3, 4]]
    assert groups[0, :3].tolist() == [Group.HYDROGEN] * 3
    assert groups[0, 3:].tolist() == [Group.NONE] * 4


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_atoms_does_not_matter(seed: int, imidazolate: Atoms) -> None:
    order = np.random.default_rng(seed).permutation(8)
    _, ring, _ = look(imidazolate[order])
    found = order[ring[0]].tolist()
    assert found in ([0, 1, 2, 3, 4], [2, 1, 0, 4, 3])
    assert ring[0, 0] < ring[0, 2]


@pytest.mark.parametrize("symbols", ["CNNC2", "C2NC2", "N2CNC", "C5", "N5"])
def test_other_five_rings_are_none(symbols: str, imidazolate: Atoms) -> None:
    """Pyrazolate (N-N), pyrrolide, triazolate and the rest are not N-C-N-C-C."""
    atoms = imidazolate.copy()
    atoms.symbols[:5] = symbols
    assert look(atoms)[0].tolist() == [0]


@pytest.mark.parametrize(("place", "hydrogen"), [(0, 5), (1, 6), (2, 7)])
@pytest.mark.parametrize(
    ("group", "code"),
    [
        ("F", Group.FLUORO),
        ("Cl", Group.CHLORO),
        ("Br", Group.BROMO),
        ("I", Group.IODO),
        ("CH3", Group.METHYL),
        ("NO2", Group.NITRO),
        ("CHO", Group.OTHER),
    ],
)
def test_groups_are_told_at_their_places(
    place: int, hydrogen: int, group: str, code: Group, imidazolate: Atoms, attach
) -> None:
    _, _, groups = look(attach(imidazolate, hydrogen, group))
    expected = [Group.HYDROGEN] * 3
    expected[place] = code
    assert groups[0, :3].tolist() == expected


def test_a_carbon_without_its_hydrogen_and_one_with_two(imidazolate: Atoms) -> None:
    bare = imidazolate.copy()
    del bare[5]
    assert look(bare)[2][0, 0] == Group.MISSING
    crowded = imidazolate + Atoms("H", [imidazolate.positions[1] + [0.3, 0.3, 0.9]])
    assert look(crowded)[2][0, 0] == Group.CROWDED


def test_two_rings_in_one_molecule(imidazolate: Atoms) -> None:
    other = imidazolate.copy()
    other.rotate(180, "z", center=imidazolate.positions[1] + [0.0, 0.75, 0.0])
    both = imidazolate + other
    del both[[5, 13]]
    assert look(both)[0].tolist() == [2]
