"""The neighbour list against every pair looked at, in boxes of all shapes and sizes."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list as ase_neighbour_list

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology import neighbour_list


def brute_force(positions: np.ndarray, cell: np.ndarray, cutoff_A: float) -> dict[tuple[int, ...], float]:
    """All pairs and images within a cut-off, by looking at every one."""
    reciprocal = np.linalg.inv(cell)
    n_images = np.ceil(cutoff_A * np.linalg.norm(reciprocal, axis=0)).astype(int) + 1
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in n_images), indexing="ij"), axis=-1)
    grid = grid.reshape(-1, 3)
    pairs = {}
    for i in range(len(positions)):
        for j in range(len(positions)):
            vector = positions[j] - positions[i]
            images = grid - np.round(vector @ reciprocal).astype(int)
            distance = np.linalg.norm(vector + images @ cell, axis=1)
            for image, d in zip(images[distance <= cutoff_A], distance[distance <= cutoff_A], strict=True):
                if i != j or image.any():
                    pairs[(i, j, *image.tolist())] = d
    return pairs


def as_pairs(found: tuple) -> dict[tuple[int, ...], float]:
    i, j, offset, distance = found
    keys = [(a, b, *o) for a, b, o in zip(i.tolist(), j.tolist(), offset.tolist(), strict=True)]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, distance.tolist(), strict=True))


def agree(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for key, distance in expected.items():
        assert found[key] == pytest.approx(distance, abs=1e-9)


@pytest.mark.parametrize("seed", range(24))
def test_random_triclinic_boxes_of_any_size(seed: int) -> None:
    """Skewed, left-handed and tiny boxes; positions up to three cells out."""
    random = np.random.default_rng(seed)
    cell = random.normal(size=(3, 3)) * random.choice([1.5, 4.0, 9.0])
    while abs(np.linalg.det(cell)) < 0.1 * np.linalg.norm(cell, axis=1).prod():
        cell = random.normal(size=(3, 3)) * 4.0
    n_atoms = int(random.integers(1, 12 if np.linalg.det(cell) ** 2 < 200**2 else 60))
    positions = (random.random((n_atoms, 3)) * 6 - 3) @ cell
    cutoff = float(random.uniform(1.0, 4.5))
    frame = Frame(np.full(n_atoms, 6), positions, cell)
    expected = brute_force(positions, cell, cutoff)
    full = neighbour_list(frame, cutoff)
    agree(as_pairs(full), expected)
    assert (np.diff(full.i) >= 0).all()
    vectors = positions[full.j] + full.offset @ cell - positions[full.i]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), full.distance, atol=1e-9)

    half = as_pairs(neighbour_list(frame, cutoff, half=True))
    mirrored = {(j, i, -x, -y, -z): d for (i, j, x, y, z), d in half.items()}
    assert not half.keys() & mirrored.keys()
    agree(half | mirrored, expected)


def test_both_handednesses_occur_above() -> None:
    signs = {np.sign(np.linalg.det(np.random.default_rng(s).normal(size=(3, 3)))) for s in range(24)}
    assert signs == {-1.0, 1.0}


@pytest.mark.parametrize("seed", range(4))
def test_cutoffs_by_pair_of_elements(seed: int) -> None:
    random = np.random.default_rng(seed)
    atoms = Atoms(random.choice(["Zn", "N", "H"], 40), random.random((40, 3)) * 9, cell=[9, 9, 9], pbc=True)
    atoms.set_cell([[9, 0, 0], [2, 8, 0], [-1, 1, 9]], scale_atoms=True)
    cutoffs = {("Zn", "N"): 3.0, ("H", "H"): 1.5, ("H", "N"): 2.0}
    expected = {}
    for key, distance in brute_force(atoms.positions, atoms.cell.array, 3.0).items():
        pair = (atoms.symbols[key[0]], atoms.symbols[key[1]])
        limit = cutoffs.get(pair, cutoffs.get(pair[::-1], -1.0))
        if distance <= limit:
            expected[key] = distance
    agree(as_pairs(neighbour_list(atoms, cutoffs)), expected)


def test_as_ase_on_a_crystal(zif4: Atoms) -> None:
    atoms = zif4.copy()
    atoms.positions += np.random.default_rng(0).integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    i, j, offset, distance = ase_neighbour_list("ijSd", atoms, 5.0)
    expected = as_pairs((i, j, offset, distance))
    agree(as_pairs(neighbour_list(atoms, 5.0)), expected)


def test_one_atom_sees_its_own_images() -> None:
    found = neighbour_list(bulk("Cu", "fcc", a=3.6), 3.6 * 1.0001)
    assert len(found.i) == 12 + 6
    assert (found.i == 0).all()
    assert np.isclose(found.distance, 3.6 / np.sqrt(2)).sum() == 12


def test_two_atoms_across_a_face() -> None:
    atoms = Atoms("H2", [[0.1, 5, 5], [9.9, 5, 5]], cell=[10, 10, 10], pbc=True)
    i, j, offset, distance = neighbour_list(atoms, 0.5)
    assert (i.tolist(), j.tolist(), offset.tolist()) == ([0, 1], [1, 0], [[-1, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(distance, 0.2)


def test_ideal_gas_has_the_expected_number_of_pairs() -> None:
    random = np.random.default_rng(7)
    n_atoms, length, cutoff = 5000, 30.0, 4.0
    frame = Frame(np.ones(n_atoms, dtype=int), random.random((n_atoms, 3)) * length, np.eye(3) * length)
    pairs = len(neighbour_list(frame, cutoff, half=True).i)
    expected = n_atoms * (n_atoms - 1) / 2 * 4 / 3 * np.pi * cutoff**3 / length**3
    assert abs(pairs - expected) < 5 * np.sqrt(expected)


def test_no_atoms_no_pairs() -> None:
    found = neighbour_list(Atoms(cell=[5, 5, 5], pbc=True), 2.0)
    assert found.offset.shape == (0, 3)
    assert len(found.i) == len(found.j) == len(found.distance) == 0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda p, c: (np.where(np.arange(6)[:, None] == 4, np.nan, p), c),
            "frame 3: the position of atom 4",
        ),
        (lambda p, c: (p, np.zeros((3, 3))), "frame 3: the cell .* has no volume"),
        (lambda p, c: (p, c[[0, 1, 1]]), "frame 3: the cell .* has no volume"),
        (lambda p, c: (p, c + np.inf), "frame 3: the cell .* has no volume"),
        (lambda p, c: (p + 1e12 * (np.arange(6) == 2)[:, None], c), "frame 3: atom 2 lies"),
    ],
)
def test_what_has_no_meaning_is_refused_by_frame(spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    positions, cell = spoil(np.random.default_rng(0).random((6, 3)), np.eye(3) * 8.0)
    with pytest.raises(InputError, match=words):
        neighbour_list(Frame(np.full(6, 6), positions, cell, index=3), 2.0)


@pytest.mark.parametrize(
    ("cutoffs", "words"),
    [
        (0.0, "positive"),
        (float("nan"), "positive"),
        ({("Zn", "N"): -1.0}, "Zn-N is -1.0 Å"),
        ({("Qq", "N"): 2.0}, "'Qq'"),
        ({("Zn", "N"): 2.0, ("N", "Zn"): 2.5}, "two different"),
    ],
)
def test_cutoffs_without_meaning_are_refused(cutoffs, words: str, zif4: Atoms) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=words):
        neighbour_list(zif4, cutoffs)
