"""Bonds of crystals, and how far they may stretch."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError
from mofglass.topology import bond_cutoffs, find_bonds, neighbour_list


def test_zif4_has_the_bonds_of_its_formula(zif4: Atoms) -> None:
    """Zn(C3H3N2)2: each linker has five ring bonds and three C-H; each zinc four nitrogens."""
    bonds = find_bonds(zif4)
    assert len(bonds.covalent.i) == 32 * 8
    assert len(bonds.metal.i) == 16 * 4
    assert (zif4.numbers[bonds.metal.i] == 30).all()
    assert (zif4.numbers[bonds.metal.j] == 7).all()
    assert (bonds.covalent.i < bonds.covalent.j).all()
    assert (np.diff(bonds.metal.i) >= 0).all()
    for part in bonds:
        vector = zif4.positions[part.j] + part.offset @ zif4.cell.array - zif4.positions[part.i]
        np.testing.assert_allclose(np.linalg.norm(vector, axis=1), part.distance, atol=1e-9)


def test_a_hydrogen_keeps_its_nearest_atom_alone() -> None:
    atoms = Atoms("CHC", [[5, 5, 5], [6.2, 5, 5], [7.5, 5, 5]], cell=[12, 12, 12], pbc=True)
    bonds = find_bonds(atoms)
    assert (bonds.covalent.i.tolist(), bonds.covalent.j.tolist()) == ([0], [1])
    atoms.positions[1, 0] = 6.3
    bonds = find_bonds(atoms)
    assert (bonds.covalent.i.tolist(), bonds.covalent.j.tolist()) == ([1], [2])


def test_hydrogens_and_metals_are_not_bonded_to_one_another() -> None:
    atoms = Atoms(
        "H2Zn2C", [[1, 1, 1], [1.7, 1, 1], [5, 5, 5], [7, 5, 5], [5, 6.5, 5]], cell=[12] * 3, pbc=True
    )
    bonds = find_bonds(atoms)
    assert len(bonds.covalent.i) == len(bonds.metal.i) == 0


def test_own_cutoffs_stand_instead_of_the_tables(zif4: Atoms) -> None:
    assert bond_cutoffs(["Zn", "N"])["N", "Zn"] == 2.5
    assert bond_cutoffs(["Zn", "N"], {("Zn", "N"): 2.2})["N", "Zn"] == 2.2
    assert len(find_bonds(zif4, cutoffs={("Zn", "N"): 1.5}).metal.i) == 0
    assert len(find_bonds(zif4, cutoffs={("N", "Zn"): 1.5}).metal.i) == 0


def test_elements_without_an_entry_go_by_their_radii() -> None:
    table = bond_cutoffs(["C", "S", "Ni", "N"])
    assert 1.8 < table["C", "S"] < 2.4  # C-S is 1.75 Å in thiophene
    assert 2.2 < table["N", "Ni"] < 2.7
    assert ("C", "Ni") not in table


@pytest.mark.parametrize("pair", [("Zn", "Zn"), ("Zn", "C"), ("H", "H")])
def test_a_cutoff_that_would_do_nothing_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InputError, match=r"leave it out"):
        bond_cutoffs(["Zn", "C", "H"], {pair: 2.0})


def test_a_cutoff_must_be_positive_and_of_elements() -> None:
    with pytest.raises(InputError, match="positive"):
        bond_cutoffs(["Zn", "N"], {("Zn", "N"): float("nan")})
    with pytest.raises(InputError, match="'Xx'"):
        bond_cutoffs(["Zn", "N"], {("Xx", "N"): 2.0})


def test_vibration_of_a_hot_liquid_neither_cuts_nor_makes_bonds(zif4: Atoms) -> None:
    """Ring bonds six standard deviations long (0.07 Å at 1500-2000 K) are bonds still; second
    neighbours within a ring three standard deviations near (0.08 Å) are not."""
    bonds = find_bonds(zif4)
    ring = (zif4.numbers[bonds.covalent.i] > 1) & (zif4.numbers[bonds.covalent.j] > 1)
    table = bond_cutoffs(["C", "N"])
    limits = table["C", "C"], table["C", "N"]
    assert bonds.covalent.distance[ring].mean() + 6 * 0.07 < min(limits)
    inner = neighbour_list(zif4, {("C", "N"): 2.5, ("C", "C"): 2.5})
    second = inner.distance[inner.distance > 1.8]
    assert second.min() - 3 * 0.08 > max(limits)
