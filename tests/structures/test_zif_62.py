"""ZIF-62: imidazolate and benzimidazolate in any ratio, by seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.neighborlist import neighbor_list

from mofglass import structures
from mofglass.errors import InputError


def linkers(atoms: Atoms) -> Counter[str]:
    """Number of linkers of each name."""
    return Counter(linker.name for linker in structures.find_linkers(atoms))


@pytest.mark.parametrize(
    ("fraction", "n_bim"), [(None, 4), (0.0, 0), (0.0625, 2), (0.175, 6), (0.25, 8), (0.435, 14), (0.5, 16)]
)
def test_ratio(fraction: float | None, n_bim: int) -> None:
    atoms = structures.build("ZIF-62", fraction_bim=fraction, seed=2)
    assert linkers(atoms) == Counter(imidazolate=32 - n_bim, benzimidazolate=n_bim)
    assert len(atoms) == 272 + 6 * n_bim
    zinc = neighbor_list("i", atoms, {("Zn", "N"): 2.5})
    assert set(np.bincount(zinc, minlength=len(atoms))[atoms.numbers == 30]) == {4}
    structures.check_structure(atoms, "ZIF-62")


def test_seed_chooses_and_repeats() -> None:
    first, again = (structures.build("ZIF-62", seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.positions, again.positions)
    different = {structures.build("ZIF-62", seed=seed).positions[-1].round(3).tobytes() for seed in range(10)}
    assert len(different) > 3


def test_benzimidazolate_sits_where_it_does_in_the_published_model() -> None:
    """All four of the ordered model stand on one eightfold site of Pbca, and so do those of any seed."""
    crystal = structures.load("ZIF-62-ordered")
    published = np.array(
        [
            linker.positions.mean(axis=0)
            for linker in structures.find_linkers(crystal)
            if "benz" in linker.name
        ]
    )
    for seed in range(4):
        atoms = structures.build("ZIF-62", seed=seed)
        found = structures.find_linkers(atoms)
        bearing = np.array([linker.positions.mean(axis=0) for linker in found if "benz" in linker.name])
        rotations, translations = pbca()
        fractional = published @ np.linalg.inv(atoms.cell.array)
        orbit = np.concatenate([fractional @ w.T + t for w, t in zip(rotations, translations, strict=True)])
        gap = (bearing @ np.linalg.inv(atoms.cell.array))[:, None, :] - orbit[None, :, :]
        gap -= np.round(gap)
        assert np.linalg.norm(gap @ atoms.cell.array, axis=2).min(axis=1).max() < 0.5


def pbca() -> tuple[np.ndarray, np.ndarray]:
    """The operations of Pbca."""
    operations = spglib.get_symmetry_from_database(290)
    assert operations is not None
    return operations["rotations"], operations["translations"]


def test_supercell_is_random_throughout() -> None:
    atoms = structures.build("ZIF-62", repeats=(1, 1, 2), seed=1)
    assert linkers(atoms) == Counter(imidazolate=56, benzimidazolate=8)


def test_too_much_is_refused_naming_the_clash() -> None:
    with pytest.raises(
        InputError, match=r"only \d+ of 32 bIm groups fit: on linker \d+, \w+ would come within"
    ):
        structures.build("ZIF-62", fraction_bim=1.0)


def test_fraction_only_where_linkers_are_mixed() -> None:
    with pytest.raises(InputError, match="ZIF-4 has no mixed linkers"):
        structures.build("ZIF-4", fraction_bim=0.1)
