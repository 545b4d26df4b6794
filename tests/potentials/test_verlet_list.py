"""A neighbour list with a skin gives what a list made anew gives, and is made anew when it must be."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("vesin", reason="mofglass[nequip] is not installed")

from mofglass.potentials.verlet_list import Pairs, VerletList

CELL = np.array([[9.0, 0.0, 0.0], [1.5, 8.0, 0.0], [-1.0, 0.8, 7.0]])
CUTOFFS = np.array([[2.5, 3.0], [3.0, 4.2]])


@pytest.fixture
def types() -> np.ndarray:
    return np.arange(30) % 2


@pytest.fixture
def positions() -> np.ndarray:
    return np.random.default_rng(1).random((30, 3)) @ CELL


def described(pairs: Pairs, cell: np.ndarray) -> set[tuple[int, int, float, float, float]]:
    """Pairs by their atoms and vectors, which no choice of periodic image changes."""
    i, j = pairs.index
    vectors = pairs.positions[j] - pairs.positions[i] + pairs.shifts @ cell
    return {(int(a), int(b), *(np.round(v, 6) + 0.0)) for a, b, v in zip(i, j, vectors, strict=True)}


def brute_force(positions: np.ndarray, cell: np.ndarray, types: np.ndarray) -> set[tuple[int, int, float]]:
    """All pairs of all near images."""
    span = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), axis=-1).reshape(-1, 3) @ cell
    found = set()
    for i in range(len(positions)):
        for j in range(len(positions)):
            d = np.linalg.norm(positions[j] - positions[i] + span, axis=1)
            for value in d[(d > 1e-9) & (d < CUTOFFS[types[i], types[j]])]:
                found.add((i, j, round(float(value), 6)))
    return found


def test_pairs_are_those_of_a_search_over_all_images(positions: np.ndarray, types: np.ndarray) -> None:
    pairs = VerletList(CUTOFFS).pairs(positions, CELL, types)
    i, j = pairs.index
    distances = np.linalg.norm(pairs.positions[j] - pairs.positions[i] + pairs.shifts @ CELL, axis=1)
    found = {(int(a), int(b), round(float(d), 6)) for a, b, d in zip(i, j, distances, strict=True)}
    assert found == brute_force(positions, CELL, types)
    assert pairs.index.shape[1] == len(pairs.shifts)


def test_cut_offs_may_depend_on_which_atom_comes_first(positions: np.ndarray, types: np.ndarray) -> None:
    directed = VerletList([[2.5, 3.5], [1.0, 2.5]]).pairs(positions, CELL, types)
    i, j = directed.index
    assert ((types[i] == 0) & (types[j] == 1)).sum() > ((types[i] == 1) & (types[j] == 0)).sum()


@pytest.mark.parametrize("seed", range(4))
def test_a_kept_list_gives_what_a_new_one_gives_while_atoms_cell_and_wrapping_change(
    positions: np.ndarray, types: np.ndarray, seed: int
) -> None:
    random = np.random.default_rng(seed)
    kept, cell, steps = VerletList(CUTOFFS, skin_A=1.0), CELL.copy(), 40
    velocity = 0.03 * random.normal(size=positions.shape)
    for _ in range(steps):
        deformation = np.eye(3) + 0.001 * random.normal(size=(3, 3))
        cell = cell @ deformation
        positions = positions @ deformation + velocity
        wrapped = (positions @ np.linalg.inv(cell) % 1.0) @ cell
        fresh = VerletList(CUTOFFS).pairs(wrapped, cell, types)
        assert described(kept.pairs(wrapped, cell, types), cell) == described(fresh, cell)
    assert 1 < kept.n_builds < steps / 2


def test_a_strong_strain_or_other_types_make_a_new_list(positions: np.ndarray, types: np.ndarray) -> None:
    kept = VerletList(CUTOFFS)
    kept.pairs(positions, CELL, types)
    kept.pairs(positions, CELL, types)
    assert kept.n_builds == 1
    kept.pairs(0.7 * positions, 0.7 * CELL, types)
    assert kept.n_builds == 2
    kept.pairs(0.7 * positions, 0.7 * CELL, 1 - types)
    assert kept.n_builds == 3
    kept.pairs(0.7 * positions[:-1], 0.7 * CELL, 1 - types[:-1])
    assert kept.n_builds == 4
