"""Linker substitution: counts, geometry, clashes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from mofglass import structures
from mofglass.errors import InputError
from mofglass.structures.linkers import covalent_bonds
from mofglass.structures.substitution import CLEARANCE

BOND_TO_RING_A = {"CH3": 1.503, "Cl": 1.720, "Br": 1.885, "NO2": 1.426}  # Dürholt 2019, PBE
END = {"CH3": "C", "Cl": "Cl", "Br": "Br", "NO2": "N"}
NAME = {"CH3": "2-methyl", "Cl": "2-chloro", "Br": "2-bromo", "NO2": "2-nitro"}


def linkers(atoms: Atoms) -> Counter[str]:
    """Number of linkers of each name."""
    return Counter(linker.name for linker in structures.find_linkers(atoms))


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two vectors, °."""
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


@pytest.mark.parametrize("name", ["ZIF-4", "SALEM-2", "ZIF-6"])
@pytest.mark.parametrize("group", list(BOND_TO_RING_A))
def test_count_name_and_geometry(name: str, group: str) -> None:
    host = structures.load(name)
    n_linkers = len(structures.find_linkers(host))
    done = structures.substitute(host, group, fraction=0.25, seed=3)
    assert len(done.linkers) == round(0.25 * n_linkers)
    assert done.n_linkers == n_linkers
    assert linkers(done.atoms) == {
        "imidazolate": n_linkers - len(done.linkers),
        f"{NAME[group]}imidazolate": len(done.linkers),
    }
    bonds = covalent_bonds(done.atoms)
    for linker in structures.find_linkers(done.atoms):
        if linker.name == "imidazolate":
            continue
        c2, (n1, n3) = linker.ring[1], (linker.ring[0], linker.ring[2])
        (out,) = (atom for atom in bonds[c2] if atom not in (n1, n3))
        assert done.atoms.symbols[out] == END[group]
        assert np.linalg.norm(bonds[c2][out]) == pytest.approx(BOND_TO_RING_A[group], abs=1e-6)
        # on the bisector of the ring's outer angle, in the ring's plane
        left, right = (angle_deg(bonds[c2][out], bonds[c2][n]) for n in (n1, n3))
        assert left == pytest.approx(right, abs=1e-4)
        assert left + right + angle_deg(bonds[c2][n1], bonds[c2][n3]) == pytest.approx(360.0, abs=1e-3)
        arms = [bonds[out][atom] for atom in bonds[out] if atom != c2]
        lengths = [float(np.linalg.norm(arm)) for arm in arms]
        if group == "CH3":
            assert lengths == pytest.approx([1.109] * 3, abs=1e-6)
            assert [angle_deg(arm, bonds[out][c2]) for arm in arms] == pytest.approx([110.9] * 3, abs=1e-3)
        if group == "NO2":
            assert lengths == pytest.approx([1.262] * 2, abs=1e-6)
            assert [angle_deg(arm, bonds[out][c2]) for arm in arms] == pytest.approx([118.1] * 2, abs=1e-3)


def test_framework_is_not_disturbed() -> None:
    host = structures.load("SALEM-2")
    done = structures.substitute(host, "Cl", fraction=0.5, seed=1)
    assert done.swung == {}
    lost = len(host) - 6  # six hydrogens leave, six chlorines come last
    kept = done.atoms.positions[:lost]
    gap = np.linalg.norm(kept[:, None] - host.positions[None], axis=2).min(axis=1)
    np.testing.assert_allclose(gap, 0.0, atol=1e-12)
    assert done.atoms.get_chemical_symbols()[lost:] == ["Cl"] * 6


def test_methyl_on_every_linker_of_salem_2_is_zif_8() -> None:
    methylated = structures.substitute(structures.load("SALEM-2"), "CH3").atoms
    zif_8 = structures.load("ZIF-8")
    assert methylated.get_chemical_formula() == zif_8.get_chemical_formula()
    assert linkers(methylated) == linkers(zif_8)
    # the cells differ by 0.3 % and SALEM-2's linkers tilt: distances from the methyl carbons agree to 0.15 Å
    for symbol, cutoff_A in (("Zn", 4.2), ("N", 2.7)):
        ours, theirs = (from_methyl_A(atoms, symbol, cutoff_A) for atoms in (methylated, zif_8))
        assert len(ours) == len(theirs) == 24
        np.testing.assert_allclose(ours, theirs, atol=0.15)


def from_methyl_A(atoms: Atoms, symbol: str, cutoff_A: float) -> np.ndarray:
    """Sorted distances from methyl carbons to an element."""
    bonds = covalent_bonds(atoms)
    methyl = np.array([atoms.numbers[list(near)].tolist().count(1) == 3 for near in bonds]) & (
        atoms.numbers == 6
    )
    i, j, d = neighbor_list("ijd", atoms, cutoff_A)
    return np.sort(d[methyl[i] & (np.array(atoms.get_chemical_symbols())[j] == symbol)])


def test_methyl_put_back_on_zif_8() -> None:
    """Taking ZIF-8's methyls off and putting them on again restores their carbons to 0.1 Å.

    ZIF-8's methyls lean out of the ring's plane by 2.6°, which moves the carbon by 0.07 Å.
    """
    zif_8 = structures.load("ZIF-8")
    bare = structures.unsubstitute(zif_8)
    assert bare.get_chemical_formula() == "C36H36N24Zn6"
    assert linkers(bare) == {"imidazolate": 12}
    assert methyl_shift_A(structures.substitute(bare, "CH3").atoms, zif_8) < 0.1


def methyl_carbons(atoms: Atoms) -> np.ndarray:
    """Fractional positions of the carbons with three hydrogens."""
    bonds = covalent_bonds(atoms)
    found = [
        k
        for k in range(len(atoms))
        if atoms.numbers[k] == 6 and sum(atoms.numbers[j] == 1 for j in bonds[k]) == 3
    ]
    return atoms.get_scaled_positions()[found]


def methyl_shift_A(found: Atoms, wanted: Atoms) -> float:
    """Largest distance from a methyl carbon to the nearest one of another structure."""
    gap = methyl_carbons(found)[:, None] - methyl_carbons(wanted)[None]
    gap -= np.round(gap)
    return float(np.linalg.norm(gap @ wanted.cell.array, axis=2).min(axis=1).max())


def test_benzimidazolate_is_planar_and_closed() -> None:
    """The fused ring has the bond lengths of ZIF-62's own benzimidazolates (Widmer 2019) to 0.02 Å."""
    done = structures.substitute(structures.load("ZIF-6"), "bIm", fraction=0.25, seed=1)
    assert linkers(done.atoms)["benzimidazolate"] == 4
    bonds = covalent_bonds(done.atoms)
    reference = structures.load("ZIF-62-ordered")
    wanted = fused_lengths_A(reference, covalent_bonds(reference))
    np.testing.assert_allclose(fused_lengths_A(done.atoms, bonds), wanted, atol=0.02)
    for linker in structures.find_linkers(done.atoms):
        if linker.name == "benzimidazolate":
            normal = np.cross(
                linker.positions[0] - linker.positions[1], linker.positions[2] - linker.positions[1]
            )
            for atom in linker.substituents["4"]:
                out_of_plane = (
                    done.atoms.positions[atom] - linker.positions[1]
                ) @ done.atoms.cell.reciprocal().T
                vector = (out_of_plane - np.round(out_of_plane)) @ done.atoms.cell.array
                assert abs(vector @ normal / np.linalg.norm(normal)) < 0.15


def fused_lengths_A(atoms: Atoms, bonds: list[dict[int, np.ndarray]]) -> np.ndarray:
    """Mean C-C lengths by the number of nitrogens two bonds away: ring to benzene, and within benzene."""
    found: dict[str, list[float]] = {"ring": [], "inner": [], "outer": []}
    for linker in structures.find_linkers(atoms):
        if linker.name != "benzimidazolate":
            continue
        carbons = {atom for atom in linker.substituents["4"] if atoms.numbers[atom] == 6}
        near = {atom for atom in carbons if any(c in bonds[atom] for c in linker.ring[3:])}
        for atom in carbons:
            for other, vector in bonds[atom].items():
                if other in linker.ring:
                    found["ring"].append(float(np.linalg.norm(vector)))
                elif other in carbons:
                    kind = "inner" if (atom in near) != (other in near) else "outer"
                    found[kind].append(float(np.linalg.norm(vector)))
    return np.array([np.mean(lengths) for lengths in found.values()])


def test_positions_4_and_5() -> None:
    one = structures.substitute(structures.load("SALEM-2"), "Cl", position="4", fraction=0.5, seed=1)
    assert Counter(linkers(one.atoms)).total() == 12
    assert (
        sum(
            n
            for name, n in linkers(one.atoms).items()
            if name in ("4-chloroimidazolate", "5-chloroimidazolate")
        )
        == 6
    )
    both = structures.substitute(structures.load("ZIF-6"), "Cl", position="4,5")
    assert linkers(both.atoms) == {"4,5-dichloroimidazolate": 16}


def test_two_groups_one_after_the_other() -> None:
    first = structures.substitute(structures.load("ZIF-6"), "Cl", position="4,5", fraction=0.5, seed=1).atoms
    second = structures.substitute(first, "CH3", position="2", linkers=[0]).atoms
    assert linkers(second).total() == 16
    assert any("methyl" in name for name in linkers(second))


def test_chosen_linkers_and_seed() -> None:
    host = structures.load("ZIF-4")
    assert structures.substitute(host, "Cl", linkers=[3, 17]).linkers == (3, 17)
    first, again, other = (structures.substitute(host, "Cl", fraction=0.25, seed=seed) for seed in (7, 7, 8))
    assert first.linkers == again.linkers
    assert first.linkers != other.linkers


@pytest.mark.parametrize(("fraction", "count"), [(0.0, 0), (0.02, 1), (0.25, 8), (0.328, 10), (0.5, 16)])
def test_fraction_rounds_to_linkers(fraction: float, count: int) -> None:
    assert len(structures.substitute(structures.load("ZIF-4"), "Cl", fraction=fraction).linkers) == count


def test_reported_contact_is_the_real_one() -> None:
    """The contact reported is found again by a neighbour list over all atoms of other linkers."""
    host = structures.load("SALEM-2")
    done = structures.substitute(host, "Br", fraction=0.25, seed=2)
    assert done.contact is not None
    bromine = done.atoms.numbers == 35
    own = {}
    for linker in structures.find_linkers(done.atoms):
        atoms = {*linker.ring, *set().union(*linker.substituents.values())}
        own.update(dict.fromkeys(atoms, atoms))
    i, j, d = neighbor_list("ijd", done.atoms, 4.5)
    between = [x for a, b, x in zip(i, j, d, strict=True) if bromine[a] and b not in own[a]]
    assert min(between) <= done.contact.distance_A + 1e-9
    assert (
        done.contact.distance_A in np.round(between, 12) or np.isclose(between, done.contact.distance_A).any()
    )
    assert done.contact.ratio >= CLEARANCE


def test_swing_keeps_the_metal_bonds() -> None:
    """Where there is no room a linker swings about its metal-metal axis; its Zn-N lengths stay."""
    host = structures.load("SALEM-2")
    done = structures.substitute(host, "bIm", fraction=0.5, seed=1)
    assert done.swung
    assert max(abs(angle) for angle in done.swung.values()) <= 30
    before, after = (np.sort(neighbor_list("d", atoms, {("Zn", "N"): 2.5})) for atoms in (host, done.atoms))
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_clash_is_refused_naming_it() -> None:
    with pytest.raises(
        InputError, match=r"only \d+ of 64 bIm .* linker \d+, \w+ would come within \d\.\d\d Å of"
    ):
        structures.substitute(structures.load("ZIF-zni"), "bIm")


def test_clearance_is_obeyed() -> None:
    host = structures.load("ZIF-4")
    tight = structures.substitute(host, "CH3", fraction=0.5, seed=1)
    assert tight.contact is not None
    assert tight.contact.ratio >= CLEARANCE
    with pytest.raises(InputError, match="only"):
        structures.substitute(host, "CH3", fraction=0.5, seed=1, clearance=0.95)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "OH"}, "no substituent 'OH'; choose one of"),
        ({"group": "CH3", "position": "3"}, "position '3' is not on the imidazolate ring"),
        ({"group": "bIm", "position": "2"}, "fused at positions 4,5"),
        ({"group": "CH3", "fraction": 1.5}, "between 0 and 1"),
        ({"group": "CH3", "fraction": 0.001}, "less than one of 12 linkers"),
        ({"group": "CH3", "linkers": [12]}, "no linker 12; they count from 0 to 11"),
        ({"group": "CH3", "linkers": [1, 1]}, "named twice"),
        ({"group": "CH3", "linkers": [1], "fraction": 0.5}, "not both"),
    ],
)
def test_bad_requests(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        structures.substitute(structures.load("SALEM-2"), **options)


def test_no_hydrogen_left_to_replace() -> None:
    zif_8 = structures.load("ZIF-8")
    with pytest.raises(InputError, match="12 of 12 linkers were asked for and 0 bear a hydrogen on C2"):
        structures.substitute(zif_8, "Cl")
    with pytest.raises(InputError, match=r"linker 4 \(2-methylimidazolate\) bears no hydrogen on C2"):
        structures.substitute(zif_8, "Cl", linkers=[4])


def test_no_linker_at_all() -> None:
    with pytest.raises(InputError, match="no imidazolate ring"):
        structures.substitute(Atoms("Ar", cell=[10, 10, 10], pbc=True), "CH3")
