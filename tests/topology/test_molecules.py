"""Molecules are whole wherever the box's faces cut them."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.topology.bonds import find_bonds, is_metal
from mofglass.topology.molecules import bond_table, find_molecules


def molecules_of(atoms: Atoms):  # type: ignore[no-untyped-def]
    table = bond_table(len(atoms), find_bonds(atoms).covalent)
    return table, find_molecules(~is_metal()[atoms.numbers], table)


@pytest.mark.parametrize("seed", range(4))
def test_a_linker_cut_by_the_faces_is_made_whole(seed: int, imidazolate: Atoms) -> None:
    random = np.random.default_rng(seed)
    atoms = imidazolate.copy()
    atoms.positions += random.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array + random.random(3) * 20
    if seed % 2:
        atoms.wrap()
    _, molecules = molecules_of(atoms)
    assert len(molecules.endless) == 1
    whole = atoms.positions + molecules.offset @ atoms.cell.array
    distances = np.linalg.norm(whole[:, None] - whole, axis=-1)
    expected = np.linalg.norm(imidazolate.positions[:, None] - imidazolate.positions, axis=-1)
    np.testing.assert_allclose(distances, expected, atol=1e-9)
    assert not molecules.offset[0].any()


def test_metals_part_the_linkers(zif4: Atoms) -> None:
    _, molecules = molecules_of(zif4)
    assert len(molecules.endless) == 32
    assert set(np.diff(molecules.first)) == {8}
    assert (molecules.molecule_of[zif4.numbers == 30] == -1).all()
    for m in range(32):
        atoms = molecules.atoms[molecules.first[m] : molecules.first[m + 1]]
        assert (np.diff(atoms) > 0).all()
        assert (molecules.molecule_of[atoms] == m).all()


def test_neighbours_stand_in_order(zif4: Atoms) -> None:
    table, _ = molecules_of(zif4)
    for atom, z in enumerate(zif4.numbers):
        bonded = table.of(atom)
        assert bonded == sorted(bonded)
        assert len(bonded) == {1: 1, 6: 3, 7: 2, 30: 0}[z]


def test_a_chain_bonded_to_its_own_image_is_endless() -> None:
    chain = Atoms("C4", [[1.4 * k, 5, 5] for k in range(4)], cell=[5.6, 10, 10], pbc=True)
    assert molecules_of(chain)[1].endless.tolist() == [True]
    chain.set_cell([9.0, 10, 10])
    assert molecules_of(chain)[1].endless.tolist() == [False]
