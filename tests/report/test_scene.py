"""The packed scene holds the atoms, bonds, coordination and broken linkers of its frames."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError
from mofglass.report.scene import MAX_FRAMES, frames_to_show, pack_scene
from mofglass.structures import load
from mofglass.topology import find_bonds, perceive


def unpacked(scene: dict[str, Any], key: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(scene[key]), dtype=kind)


def positions_A(scene: dict[str, Any]) -> np.ndarray:
    fractions = unpacked(scene, "fractions", "<i2").reshape(scene["n_frames"], scene["n_atoms"], 3) / 16384
    cells = unpacked(scene, "cells", "<f4").reshape(-1, 3, 3)
    return np.einsum("fai,fij->faj", fractions, cells)


def bonds_of(scene: dict[str, Any], frame: int) -> set[tuple[int, int]]:
    pairs = unpacked(scene, "pairs", "<u4").reshape(-1, 2)
    rows = unpacked(scene, "bonded", "u1").reshape(scene["n_frames"], -1)
    bonded = np.unpackbits(rows[frame], bitorder="little")[: scene["n_pairs"]].astype(bool)
    return {(int(a), int(b)) for a, b in pairs[bonded]}


@pytest.fixture(scope="module")
def crystal() -> Atoms:
    return load("ZIF-4")


@pytest.fixture(scope="module")
def broken(crystal: Atoms) -> Atoms:
    """The crystal with one ring carbon pulled out and one Zn pulled off its nitrogens."""
    atoms = crystal.copy()
    atoms.positions[np.flatnonzero(atoms.numbers == 6)[0]] += [0, 0, 1.4]
    atoms.positions[np.flatnonzero(atoms.numbers == 30)[3]] += [1.3, 0.6, 0.2]
    return atoms


def test_positions_are_those_of_the_frame_up_to_whole_cells(crystal: Atoms) -> None:
    scene = pack_scene("crystal", [crystal], ["0 ps"])
    cell = np.asarray(crystal.cell)
    difference = (positions_A(scene)[0] - crystal.positions) @ np.linalg.inv(cell)
    difference -= np.rint(difference)
    assert np.abs(difference @ cell).max() < 0.6 * cell.max() / 16384


def test_unwrapped_atoms_far_away_come_back_into_the_cell(crystal: Atoms) -> None:
    far = crystal.copy()
    far.positions += np.array([7, -5, 3]) @ np.asarray(crystal.cell)
    np.testing.assert_allclose(
        positions_A(pack_scene("far", [far], ["x"])),
        positions_A(pack_scene("near", [crystal], ["x"])),
        atol=0.01,
    )


def test_linkers_stand_whole(crystal: Atoms) -> None:
    scene = pack_scene("crystal", [crystal], ["0 ps"])
    positions = positions_A(scene)[0]
    bonds = find_bonds(crystal).covalent
    lengths = np.linalg.norm(positions[bonds.j] - positions[bonds.i], axis=1)
    np.testing.assert_allclose(lengths, bonds.distance, atol=0.01)


def test_bonds_of_each_frame_are_those_found_there(crystal: Atoms, broken: Atoms) -> None:
    scene = pack_scene("two", [crystal, broken], ["a", "b"])
    for frame, atoms in enumerate((crystal, broken)):
        found = find_bonds(atoms)
        i = np.concatenate((found.covalent.i, found.metal.i))
        j = np.concatenate((found.covalent.j, found.metal.j))
        assert bonds_of(scene, frame) == {(int(min(a, b)), int(max(a, b))) for a, b in zip(i, j, strict=True)}
    assert len(bonds_of(scene, 0)) == 64 + 32 * 8  # Zn-N; ring and C-H


def test_coordination_and_broken_linkers_of_each_frame(crystal: Atoms, broken: Atoms) -> None:
    scene = pack_scene("two", [crystal, broken], ["a", "b"])
    coordination = unpacked(scene, "coordination", "u1").reshape(2, 16)
    assert (coordination[0] == 4).all()
    np.testing.assert_array_equal(coordination[1], perceive(broken).coordination)
    assert coordination[1].min() < 4
    assert [len(linkers) for linkers in scene["broken"]] == [0, 1]
    assert int(np.flatnonzero(crystal.numbers == 6)[0]) in scene["broken"][1][0]


def test_argon_has_a_scene_too() -> None:
    argon = Atoms("Ar4", positions=np.eye(4, 3) * 3, cell=[8, 8, 8], pbc=True)
    scene = pack_scene("argon", [argon], ["0"])
    assert (scene["n_pairs"], scene["broken"], scene["metals"]) == (0, [[]], "")
    np.testing.assert_allclose(positions_A(scene)[0], argon.positions, atol=1e-3)


def test_a_frame_without_caption_is_refused(crystal: Atoms) -> None:
    with pytest.raises(InputError, match="1 frames and 0 captions"):
        pack_scene("x", [crystal], [])


@pytest.mark.parametrize(
    ("n_frames", "n_atoms"), [(1, 272), (50, 272), (51, 272), (10_000, 2176), (500, 29_376)]
)
def test_frames_shown_are_few_and_hold_first_and_last(n_frames: int, n_atoms: int) -> None:
    chosen = frames_to_show(n_frames, n_atoms)
    assert len(chosen) == len(set(chosen)) <= min(n_frames, MAX_FRAMES)
    assert (chosen[0], chosen[-1]) == (0, n_frames - 1)
    assert len(chosen) * n_atoms <= 200_000


def test_of_a_huge_model_one_frame_is_shown() -> None:
    assert frames_to_show(100, 300_000) == [99]
