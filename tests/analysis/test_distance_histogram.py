"""The histogram kernel against every pair counted the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.analysis import distance_histogram
from mofglass.errors import InputError

CUBE = np.diag([9.0, 9.0, 9.0])
TRICLINIC = np.array([[9.0, 0.0, 0.0], [4.1, 8.0, 0.0], [-3.0, 2.5, 7.0]])
FLAT = np.array([[3.0, 0.2, 0.0], [1.0, 14.0, 0.3], [0.0, 0.5, 5.0]])


def slowly(atoms: Atoms, r_max: float, n_bins: int) -> np.ndarray:
    """Every image of every atom, by brute force."""
    cell = np.asarray(atoms.cell)
    heights = abs(np.linalg.det(cell)) / np.linalg.norm(
        np.cross(np.roll(cell, -1, axis=0), np.roll(cell, -2, axis=0)), axis=1
    )
    scaled = atoms.get_scaled_positions(wrap=True)
    reach = np.ceil(r_max / heights).astype(int) + 1
    grid = np.stack(np.meshgrid(*[np.arange(-k, k + 1) for k in reach], indexing="ij"), -1).reshape(-1, 3)
    elements, kinds = np.unique(atoms.numbers, return_inverse=True)
    counts = np.zeros((len(elements), len(elements), n_bins), dtype=np.int64)
    for image in grid:
        vectors = (scaled[None, :] + image - scaled[:, None]) @ cell
        distances = np.linalg.norm(vectors, axis=2)
        if not image.any():
            np.fill_diagonal(distances, np.inf)
        i, j = np.nonzero(distances < r_max)
        np.add.at(counts, (kinds[i], kinds[j], (distances[i, j] * (n_bins / r_max)).astype(int)), 1)
    return counts


@pytest.mark.parametrize("cell", [CUBE, TRICLINIC, FLAT, TRICLINIC @ np.diag([1, 1, -1])])
@pytest.mark.parametrize("r_max", [2.0, 4.3, 11.0])
def test_counts_every_pair_and_image_once(cell: np.ndarray, r_max: float) -> None:
    random = np.random.default_rng(1)
    atoms = Atoms(
        random.choice([1, 7, 30], 40), positions=random.normal(scale=9.0, size=(40, 3)), cell=cell, pbc=True
    )
    _, counts = distance_histogram(atoms, r_max_A=r_max, n_bins=37)
    np.testing.assert_array_equal(counts, slowly(atoms, r_max, 37))


def test_lattice_with_ties_in_x() -> None:
    # Many atoms share x, and many lie on walls: the half count must still be a half.
    atoms = Atoms("Ar", cell=[1.7] * 3, pbc=True) * (4, 3, 5)
    _, counts = distance_histogram(atoms, r_max_A=4.0, n_bins=83)
    np.testing.assert_array_equal(counts, slowly(atoms, 4.0, 83))


def test_one_atom_sees_its_images() -> None:
    _, counts = distance_histogram(Atoms("Zn", cell=[3.0] * 3, pbc=True), r_max_A=4.5, n_bins=45)
    assert counts[0, 0, 30] == 6
    assert counts[0, 0, 42] == 12
    assert counts.sum() == 18


def test_threads_count_the_same() -> None:
    random = np.random.default_rng(2)
    atoms = Atoms("C500", positions=random.uniform(0, 20, (500, 3)), cell=TRICLINIC * 2.4, pbc=True)
    _, one = distance_histogram(atoms, r_max_A=7.0, n_bins=100)
    _, three = distance_histogram(atoms, r_max_A=7.0, n_bins=100, n_threads=3)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("r_max", [0.0, -1.0, np.nan, np.inf])
def test_range_without_meaning(r_max: float) -> None:
    with pytest.raises(InputError, match="r_max"):
        distance_histogram(Atoms("Zn", cell=[3.0] * 3, pbc=True), r_max_A=r_max, n_bins=4)
