"""Bins hold every atom once, and the half stencil meets every pair of bins once."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.topology.binning import bin_atoms, bin_counts, cell_heights, half_stencil, neighbour_bin, wrap


def random_cell(random: np.random.Generator, length_A: float) -> np.ndarray:
    while True:
        cell = random.normal(size=(3, 3)) * length_A
        if abs(np.linalg.det(cell)) > 0.2 * length_A**3:
            return cell


@pytest.mark.parametrize("seed", range(5))
def test_wrap_takes_off_whole_cells(seed: int) -> None:
    random = np.random.default_rng(seed)
    cell = random_cell(random, 8.0)
    positions = random.normal(size=(50, 3)) * 60.0
    fractional, wraps = wrap(positions, cell)
    assert fractional.min() >= 0.0
    assert fractional.max() < 1.0
    np.testing.assert_allclose((fractional + wraps) @ cell, positions, atol=1e-10)


def test_a_hair_below_zero_wraps_into_the_cell() -> None:
    fractional, wraps = wrap(np.array([[-1e-18, 0.0, 0.0]]), np.eye(3))
    assert fractional[0, 0] == 0.0
    assert wraps[0, 0] == 0


def test_heights_of_a_sheared_cell() -> None:
    cell = np.array([[4.0, 0, 0], [3.0, 5.0, 0], [1.0, -2.0, 6.0]])
    volume = 4.0 * 5.0 * 6.0
    expected = [volume / np.linalg.norm(np.cross(cell[k - 2], cell[k - 1])) for k in range(3)]
    np.testing.assert_allclose(cell_heights(cell), expected)
    np.testing.assert_allclose(cell_heights(-cell), expected)


@pytest.mark.parametrize("seed", range(5))
def test_every_atom_lies_in_its_bin(seed: int) -> None:
    random = np.random.default_rng(seed)
    cell = random_cell(random, 12.0)
    fractional = random.random((200, 3))
    order, first, n_bins, reach = bin_atoms(fractional, cell, 3.0, 1 + seed % 2)
    assert sorted(order) == list(range(200))
    assert first[0] == 0
    assert first[-1] == 200
    assert len(first) == n_bins.prod() + 1
    for b in range(n_bins.prod()):
        place = np.array(np.unravel_index(b, n_bins))
        inside = fractional[order[first[b] : first[b + 1]]]
        assert ((inside * n_bins >= place) & (inside * n_bins < place + 1)).all()
    assert (reach * cell_heights(cell) / n_bins >= 3.0 - 1e-12).all()


def test_bins_of_a_sparse_box_do_not_fill_the_memory() -> None:
    assert bin_counts(np.eye(3) * 1e9, 2.0, 1, 2).prod() <= 27


def test_half_stencil_meets_each_pair_of_bins_once() -> None:
    reach, n_bins = np.array([1, 2, 1]), np.array([4, 3, 1])
    stencil = half_stencil(reach)
    assert stencil[0].tolist() == [0, 0, 0]
    met = set()
    for b in range(n_bins.prod()):
        for displacement in stencil[1:]:
            other, *image = neighbour_bin(b, n_bins, displacement)
            for pair in ((b, other, *image), (other, b, *(-k for k in image))):
                assert pair not in met
                met.add(pair)
    block = (2 * reach + 1).prod() - 1
    assert len(met) == n_bins.prod() * block
