"""Dummy atoms: on the Zn-N lines, tetrahedra completed, strained cages made regular."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mofglass.potentials.nb_zif_ff.atom_types import assign_types
from mofglass.potentials.nb_zif_ff.dummies import (
    MIN_ANGLE_DEG,
    TETRAHEDRON,
    complete_tetrahedron,
    place_dummies,
    regular_cage,
)
from mofglass.structures import load

TETRAHEDRAL_COSINE = -1.0 / 3.0


def _cosines(directions: np.ndarray) -> np.ndarray:
    return (directions @ directions.T)[np.triu_indices(len(directions), 1)]


@pytest.mark.parametrize("known", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_a_part_of_a_tetrahedron_is_completed_to_it(known: int, seed: int) -> None:
    turned = Rotation.random(random_state=seed).apply(TETRAHEDRON)
    cage = complete_tetrahedron(turned[:known])
    np.testing.assert_allclose(_cosines(cage), TETRAHEDRAL_COSINE, atol=1e-12)
    np.testing.assert_allclose(cage[:known], turned[:known])


@pytest.mark.parametrize(
    "directions",
    [
        [[1.0, 0, 0], [-1.0, 0, 0]],
        [[0, 0, 1.0], [0, 0, 1.0]],
        [[1.0, 0, 0], [-0.5, np.sqrt(0.75), 0], [-0.5, -np.sqrt(0.75), 0]],
    ],
    ids=["opposite", "equal", "planar"],
)
def test_degenerate_directions_still_give_unit_vectors(directions) -> None:
    cage = regular_cage(complete_tetrahedron(np.array(directions)))
    assert cage.shape == (4, 3)
    np.testing.assert_allclose(np.linalg.norm(cage, axis=1), 1.0)
    assert _cosines(cage).max() < np.cos(np.radians(MIN_ANGLE_DEG))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_strained_cage_becomes_the_best_fitting_tetrahedron(mirrored: bool) -> None:
    turned = Rotation.random(random_state=3).apply(TETRAHEDRON * ([1, 1, -1] if mirrored else 1))
    strained = turned.copy()
    strained[1] = (0.3 * turned[1] + 0.7 * turned[0]) / np.linalg.norm(0.3 * turned[1] + 0.7 * turned[0])
    cage = regular_cage(strained)
    np.testing.assert_allclose(_cosines(cage), TETRAHEDRAL_COSINE, atol=1e-12)
    # Each vertex stays nearest to the direction it came from.
    assert np.argmax(cage @ strained.T, axis=1)[[0, 2, 3]].tolist() in ([0, 2, 3], [1, 2, 3])
    np.testing.assert_allclose(regular_cage(turned), turned)


def test_crystal_dummies_lie_on_the_zinc_nitrogen_lines() -> None:
    atoms = load("ZIF-4")
    typed = assign_types(atoms, zn_n_max_A=3.0)
    positions, hosts, names = place_dummies(atoms, typed, he_A=0.9, ne_A=0.5)
    assert names.count("He") == 4 * 16
    assert names.count("Ne") == 64
    to_host = positions - atoms.positions[hosts]
    lengths = np.linalg.norm(to_host, axis=1)
    is_he = np.array([name == "He" for name in names])
    np.testing.assert_allclose(lengths[is_he], 0.9)
    np.testing.assert_allclose(lengths[~is_he], 0.5)
    for zn, nitrogen, vector in zip(*typed.zn_n, strict=True):
        unit = vector / np.linalg.norm(vector)
        he = to_host[(hosts == zn) & is_he] / 0.9
        ne = to_host[(hosts == nitrogen) & ~is_he] / 0.5
        assert (he @ unit).max() == pytest.approx(1.0)
        assert (ne @ unit).min() == pytest.approx(-1.0)


def test_a_nitrogen_without_zinc_points_out_of_its_ring() -> None:
    atoms = load("ZIF-4")
    typed = assign_types(atoms, zn_n_max_A=3.0)
    nitrogen = int(typed.zn_n[1][0])
    keep = typed.zn_n[1] != nitrogen
    lonely = type(typed)(**{**vars(typed), "zn_n": tuple(part[keep] for part in typed.zn_n)})
    positions, hosts, _ = place_dummies(atoms, lonely, he_A=0.9, ne_A=0.5)
    (ne,) = positions[hosts == nitrogen] - atoms.positions[nitrogen]
    for carbon in typed.neighbours[nitrogen]:
        bond = typed.bond_vectors_A[nitrogen, int(carbon)]
        angle = np.degrees(np.arccos(ne @ bond / (0.5 * np.linalg.norm(bond))))
        assert angle == pytest.approx(126.9, abs=1.5)
    zinc = int(typed.zn_n[0][0])
    cage = positions[hosts == zinc] - atoms.positions[zinc]
    assert len(cage) == 4
    assert _cosines(cage / 0.9).max() < 0
