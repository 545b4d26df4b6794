"""Forces along the rigid motions of linkers."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.potentials.linker_topology import linker_places
from mofglass.structures import load
from mofglass.training.rigid_motion import rigid_forces


@pytest.fixture(scope="module")
def zif4():
    atoms = load("ZIF-4")
    atoms.positions += [3.1, 4.2, 5.3]
    atoms.wrap()  # some linkers lie across the border of the cell
    return atoms


def offsets_of(atoms, places: np.ndarray) -> np.ndarray:
    return atoms.get_distances(places[0], places, mic=True, vector=True)


def test_all_of_a_rigid_force_is_kept(zif4) -> None:
    places = linker_places(zif4)
    rng = np.random.default_rng(1)
    forces = rng.normal(size=(len(zif4), 3))
    for linker in places:
        turned = np.cross(rng.normal(size=3), offsets_of(zif4, linker))
        forces[linker] = rng.normal(size=3) + turned
    along, members = rigid_forces(zif4, forces[:, :, None])
    assert along.shape == (32 * 6 + 16 * 3, 1)
    assert (along**2).sum() == pytest.approx((forces**2).sum())
    assert (along[:6] ** 2).sum() == pytest.approx((forces[places[0]] ** 2).sum())
    assert set(members[0]) == set(places[0])
    assert set(zif4.numbers[members[-1]]) == {30}


def test_nothing_of_a_bonded_force_is_kept(zif4) -> None:
    linker = linker_places(zif4)[0]
    offsets = offsets_of(zif4, linker)
    forces = np.zeros((len(zif4), 3))
    along_bond = offsets[1] - offsets[0]
    forces[linker[0]], forces[linker[1]] = along_bond, -along_bond
    along, _ = rigid_forces(zif4, forces[:, :, None])
    assert np.abs(along).max() < 1e-12


def test_columns_are_apart(zif4) -> None:
    forces = np.random.default_rng(2).normal(size=(len(zif4), 3, 4))
    both, _ = rigid_forces(zif4, forces)
    for column in range(4):
        one, _ = rigid_forces(zif4, forces[:, :, column : column + 1])
        np.testing.assert_allclose(both[:, column], one[:, 0], atol=1e-12)
