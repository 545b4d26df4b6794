"""What is broken is told by kind, atoms, frame and time; what is not, is not."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

from mofglass.frame import Frame
from mofglass.topology import (
    BINDING_KINDS,
    BROKEN_LINKER_KINDS,
    LOOSE_KINDS,
    Integrity,
    find_linkers,
    perceive,
)


def integrity(atoms: Atoms) -> Integrity:
    return perceive(atoms).integrity


def kinds(found: Integrity) -> list[str]:
    return sorted(defect.kind for defect in found.defects)


def test_crystals_are_intact(crystal: Atoms) -> None:
    found = integrity(crystal)
    assert found.n_linkers == found.n_intact == (crystal.numbers == 7).sum() // 2
    assert (found.n_broken, found.n_dangling, found.n_unbound) == (0, 0, 0)
    assert found.fraction_intact == 1.0
    assert found.defects == ()


@pytest.mark.parametrize("linker", [0, 11, 31])
@pytest.mark.parametrize("repeats", [1, 2])
def test_one_cut_bond_is_one_broken_linker(linker: int, repeats: int, zif4: Atoms, open_ring) -> None:  # type: ignore[no-untyped-def]
    atoms = zif4 * (repeats, 1, 1)
    n1, c2, _, _, c5 = find_linkers(atoms).ring[linker].tolist()
    cut = open_ring(atoms, n1, c2, c5, 28.0)
    assert cut.get_distance(n1, c2, mic=True) > 1.9
    found = integrity(cut)
    assert (found.n_linkers, found.n_broken) == (32 * repeats, 1)
    assert found.fraction_intact == 1 - 1 / (32 * repeats)
    broken = [defect for defect in found.defects if defect.kind in BROKEN_LINKER_KINDS]
    assert [defect.kind for defect in broken] == ["broken ring"]
    assert {n1, c2} <= set(broken[0].atoms)
    ends = sorted([(n1, f"N {n1}"), (c2, f"C {c2}")])
    assert f"open between {ends[0][1]} and {ends[1][1]}" in broken[0].message
    assert not [defect for defect in found.defects if defect.kind in LOOSE_KINDS]


def test_a_bond_stretched_by_heat_is_not_cut(zif4: Atoms, open_ring) -> None:  # type: ignore[no-untyped-def]
    n1, c2, _, _, c5 = find_linkers(zif4).ring[5].tolist()
    bent = open_ring(zif4, n1, c2, c5, 15.0)
    assert 1.55 < bent.get_distance(n1, c2, mic=True) < 1.8
    assert integrity(bent).n_broken == 0


def test_a_linker_torn_in_two_is_one_broken_linker(zif4: Atoms) -> None:
    """Both nitrogens and C2 leave: what is left are two pieces, with and without nitrogen."""
    network = perceive(zif4)
    n1, c2, n3, c4, c5 = network.linkers.ring[3]
    atoms = zif4.copy()
    piece = network.linkers.atoms_of(3)
    hydrogens = [a for a in piece if zif4.numbers[a] == 1]
    second = [c4, c5] + [h for h in hydrogens if min(zif4.get_distances(h, [c4, c5], mic=True)) < 1.2]
    away = zif4.get_distance(c2, c5, mic=True, vector=True) + zif4.get_distance(c2, c4, mic=True, vector=True)
    atoms.positions[second] += away / np.linalg.norm(away) * 0.8
    found = integrity(atoms)
    assert (found.n_linkers, found.n_broken) == (32, 1)
    assert kinds(found) == ["broken ring", "fragment"]
    assert {n1, c2, n3} <= set(found.defects[0].atoms)
    assert set(found.defects[1].atoms) == {int(a) for a in second}


def test_nitrogen_in_both_halves_is_still_one_linker(imidazolate: Atoms) -> None:
    atoms = imidazolate.copy()
    atoms.positions[[0, 4, 7]] += [3.0, 0.0, 0.0]
    found = integrity(atoms)
    assert (found.n_linkers, found.n_intact, found.n_broken) == (1, 0, 1)
    assert kinds(found) == ["broken ring", "broken ring"]


def test_a_deleted_hydrogen_is_lost(zif4: Atoms) -> None:
    atoms = zif4.copy()
    hydrogen = int(np.flatnonzero(atoms.numbers == 1)[7])
    del atoms[hydrogen]
    found = integrity(atoms)
    assert (found.n_linkers, found.n_broken) == (32, 1)
    assert kinds(found) == ["lost hydrogen"]
    assert "has lost a hydrogen" in found.defects[0].message


def test_a_hydrogen_out_in_the_pore_is_free(imidazolate: Atoms) -> None:
    atoms = imidazolate.copy()
    atoms.positions[5] += [0.0, 4.0, 0.0]
    found = integrity(atoms)
    assert kinds(found) == ["free hydrogen", "lost hydrogen"]
    assert next(d for d in found.defects if d.kind == "free hydrogen").atoms == (5,)
    lost = next(d for d in found.defects if d.kind == "lost hydrogen")
    assert "C 1 has lost a hydrogen" in lost.message


def test_a_hydrogen_that_moved_to_nitrogen(zif4: Atoms) -> None:
    """The linker that lost it and the one that has it are both no imidazolate any more."""
    network = perceive(zif4)
    hydrogen = int(network.linkers.atoms_of(0)[zif4.numbers[network.linkers.atoms_of(0)] == 1][0])
    nitrogen = int(network.linkers.ring[9, 0])
    carbons = network.linkers.ring[9, [1, 4]]
    atoms = zif4.copy()
    out = -sum(zif4.get_distances(nitrogen, carbons, mic=True, vector=True))
    up = np.cross(out, zif4.get_distance(nitrogen, carbons[0], mic=True, vector=True))
    site = 0.5 * out / np.linalg.norm(out) + 0.9 * up / np.linalg.norm(up)
    atoms.positions[hydrogen] = zif4.positions[nitrogen] + site
    found = integrity(atoms)
    assert (found.n_linkers, found.n_broken) == (32, 2)
    assert kinds(found) == ["lost hydrogen", "migrated hydrogen"]
    gained = next(d for d in found.defects if d.kind == "migrated hydrogen")
    assert f"hydrogen {hydrogen} sits on N {nitrogen}" in gained.message


def test_two_hydrogens_on_one_carbon(imidazolate: Atoms) -> None:
    atoms = imidazolate + Atoms("H", [imidazolate.positions[1] + [0.3, 0.3, 0.9]])
    found = integrity(atoms)
    assert (found.n_broken, kinds(found)) == (1, ["migrated hydrogen"])


def test_two_linkers_grown_together(imidazolate: Atoms) -> None:
    """A biimidazole: both are broken, in one piece, and the bond between them is named."""
    other = imidazolate.copy()
    other.rotate(180, "z", center=imidazolate.positions[1] + [0.0, 0.75, 0.0])
    both = imidazolate + other
    del both[[5, 13]]
    found = integrity(both)
    assert (found.n_linkers, found.n_intact, found.n_broken) == (2, 0, 2)
    assert kinds(found) == ["fused linkers"]
    assert "joined by the bond C 1 - C 8 (1.50 Å)" in found.defects[0].message


def test_a_linker_that_grew_onto_an_opened_one(imidazolate: Atoms, open_ring) -> None:  # type: ignore[no-untyped-def]
    other = imidazolate.copy()
    other.rotate(180, "z", center=imidazolate.positions[1] + [0.0, 0.75, 0.0])
    both = imidazolate + other
    del both[[5, 13]]
    cut = open_ring(both, 9, 10, 8, 60.0)
    found = integrity(cut)
    assert (found.n_linkers, found.n_broken) == (2, 2)
    assert "fused linkers" in kinds(found)


def test_a_ring_squeezed_across_is_broken_not_fused(imidazolate: Atoms) -> None:
    atoms = imidazolate.copy()
    atoms.positions[[0, 7]] += [-0.75, 0.0, 0.0]
    found = integrity(atoms)
    assert (found.n_linkers, found.n_broken) == (1, 1)
    assert kinds(found) == ["broken ring"]


def test_without_a_zinc_its_linkers_dangle_but_are_whole(zif4: Atoms) -> None:
    atoms = zif4.copy()
    del atoms[int(np.flatnonzero(atoms.numbers == 30)[0])]
    found = integrity(atoms)
    assert (found.n_intact, found.n_broken) == (32, 0)
    assert (found.n_dangling, found.n_unbound) == (4, 0)
    assert kinds(found) == ["dangling linker"] * 4
    assert all(defect.kind in BINDING_KINDS for defect in found.defects)


def test_without_any_zinc_all_are_unbound(zif4: Atoms) -> None:
    atoms = zif4[zif4.numbers != 30]
    found = integrity(atoms)
    assert (found.n_intact, found.n_unbound, found.n_dangling) == (32, 32, 0)


def test_frame_and_time_are_told(zif4: Atoms) -> None:
    atoms = zif4.copy()
    del atoms[int(np.flatnonzero(atoms.numbers == 1)[0])]
    frame = Frame(atoms.numbers, atoms.positions, atoms.cell.array, index=12, time_ps=3.4)
    found = perceive(frame).integrity
    assert (found.frame, found.time_ps) == (12, 3.4)
    assert (found.defects[0].frame, found.defects[0].time_ps) == (12, 3.4)
    assert str(found.defects[0]).startswith("frame 12 (3.4 ps): lost hydrogen: ")
    atoms.info["time_ps"] = 1.5
    assert integrity(atoms).time_ps == 1.5


def test_nitro_groups_do_not_count_as_linkers(imidazolate: Atoms, attach) -> None:  # type: ignore[no-untyped-def]
    found = integrity(attach(imidazolate, 5, "NO2"))
    assert (found.n_linkers, found.n_intact) == (1, 1)
    atoms = attach(imidazolate, 5, "NO2")
    del atoms[[5]]
    found = integrity(atoms)
    assert (found.n_linkers, found.n_broken) == (1, 1)


def test_nothing_at_all() -> None:
    found = integrity(Atoms(cell=[5] * 3, pbc=True))
    assert (found.n_linkers, found.fraction_intact) == (0, 1.0)


def test_hot_runs_that_broke(shared: Path) -> None:
    """Frames of runs at up to 2000 K, some after they broke: the linkers are counted in all of them,
    and none breaks at 600 K and below."""
    text = gzip.decompress((shared / "labels" / "explored.extxyz.gz").read_bytes()).decode()
    frames = ase.io.read(io.StringIO(text), index="::6", format="extxyz")
    broken_at: dict[float, list[int]] = {}
    for atoms in frames:
        found = integrity(atoms)
        assert found.n_linkers == (atoms.numbers == 7).sum() // 2
        assert found.n_intact + found.n_broken == found.n_linkers
        broken_at.setdefault(atoms.info["target_T"], []).append(found.n_broken)
    assert max(max(n) for temperature, n in broken_at.items() if temperature <= 600) == 0
    assert np.mean(broken_at[1500.0]) > 1
