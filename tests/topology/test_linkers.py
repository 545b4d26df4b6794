"""Linkers of crystals, glasses and substituted frameworks, by name."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

from mofglass.topology import find_linkers
from mofglass.topology.imidazolate import Group
from mofglass.topology.linkers import linker_name

H, ME, CL, NO2, FUSED, AZA, OTHER, NONE = (
    Group.HYDROGEN,
    Group.METHYL,
    Group.CHLORO,
    Group.NITRO,
    Group.FUSED,
    Group.AZA,
    Group.OTHER,
    Group.NONE,
)


@pytest.mark.parametrize(
    ("groups", "name"),
    [
        ((H, H, H), "imidazolate"),
        ((ME, H, H), "2-methylimidazolate"),
        ((H, CL, CL), "4,5-dichloroimidazolate"),
        ((H, H, NO2), "4-nitroimidazolate"),
        ((ME, H, CL), "4-chloro-2-methylimidazolate"),
        ((H, FUSED, FUSED, H, H, H, H), "benzimidazolate"),
        ((H, FUSED, FUSED, H, H, CL, H), "5-chlorobenzimidazolate"),
        ((ME, FUSED, FUSED, H, ME, ME, H), "2,5,6-trimethylbenzimidazolate"),
        ((H, FUSED, FUSED, AZA, H, H, H), "4-azabenzimidazolate"),
        ((H, FUSED, FUSED, H, H, H, AZA), "4-azabenzimidazolate"),
    ],
)
def test_names_take_the_lowest_numbers(groups: tuple[int, ...], name: str) -> None:
    assert linker_name(tuple(groups) + (NONE,) * (7 - len(groups))) == name


def test_a_group_without_a_name_stands_by_its_formula() -> None:
    assert linker_name((OTHER, H, H, NONE, NONE, NONE, NONE), ("CHO",)) == "2-(CHO)imidazolate"


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("CH3", "2-methylimidazolate"),
        ("Cl", "2-chloroimidazolate"),
        ("Br", "2-bromoimidazolate"),
        ("NO2", "2-nitroimidazolate"),
        ("CHO", "2-(CHO)imidazolate"),
        ("CN", "2-(CN)imidazolate"),
    ],
)
def test_substituted_linkers_are_intact_and_named(group: str, name: str, imidazolate: Atoms, attach) -> None:  # type: ignore[no-untyped-def]
    linkers = find_linkers(attach(imidazolate, 5, group))
    assert linkers.intact.tolist() == [True]
    assert linkers.count_by_name() == {name: 1}


@pytest.mark.parametrize("group", ["CH3", "CHO"])
def test_a_group_that_lost_a_hydrogen_is_not_whole(group: str, imidazolate: Atoms, attach) -> None:  # type: ignore[no-untyped-def]
    atoms = attach(imidazolate, 5, group)
    del atoms[[len(atoms) - 1]]
    assert atoms.numbers[-1] != 6
    assert find_linkers(atoms).intact.tolist() == [False]


def test_crystals_have_two_linkers_a_zinc(crystal: Atoms) -> None:
    linkers = find_linkers(crystal)
    assert linkers.intact.all()
    assert len(linkers) == 2 * (crystal.numbers == 30).sum()
    assert len(linkers.names) == 1
    for linker in range(len(linkers)):
        members = linkers.atoms_of(linker)
        assert (linkers.linker_of[members] == linker).all()
        assert set(linkers.ring[linker]) <= set(members)
    assert (linkers.linker_of[crystal.numbers == 30] == -1).all()
    assert (linkers.linker_of[crystal.numbers != 30] >= 0).all()


def test_zif8_is_methylimidazolate(shared: Path) -> None:
    for file in ("structures/ZIF8_CH3-pbe-durholt2019.cif", "glasses/ZIF8_15glass01.cif"):
        assert find_linkers(ase.io.read(shared / file)).names == ("2-methylimidazolate",)


def test_zif62_holds_both_its_linkers(shared: Path) -> None:
    """28 imidazolates and 4 benzimidazolates; the file holds no cell: one with room for a neighbour
    image at Zn-N distance was found by hand from the ends of its linkers."""
    atoms = ase.io.read(shared / "structures" / "ZIF-62-optimized.xyz")
    atoms.set_cell([15.6, 15.7, 18.1])
    atoms.pbc = True
    linkers = find_linkers(atoms)
    assert linkers.count_by_name() == {"benzimidazolate": 4, "imidazolate": 28}
    aza = atoms.copy()
    benzo = linkers.atoms_of(int(np.flatnonzero(linkers.name == 0)[0]))
    six = [a for a in benzo if atoms.numbers[a] == 6 and a not in linkers.ring]
    carbon = six[0]
    hydrogens = benzo[atoms.numbers[benzo] == 1]
    hydrogen = hydrogens[np.argmin(atoms.get_distances(carbon, hydrogens, mic=True))]
    aza.numbers[carbon] = 7
    del aza[[hydrogen]]
    assert sum("azabenz" in name for name in find_linkers(aza).names) == 1
    bare = atoms.copy()
    del bare[[hydrogen]]
    assert find_linkers(bare).count_by_name() == {"benzimidazolate": 3, "imidazolate": 28, "broken": 1}


def test_centres_lie_within_their_rings(zif4: Atoms) -> None:
    linkers = find_linkers(zif4)
    whole = zif4.positions + linkers.offset @ zif4.cell.array
    distance = np.linalg.norm(whole[linkers.ring] - linkers.centre_A[:, None], axis=-1)
    assert distance.min() > 1.05
    assert distance.max() < 1.3


def test_no_linkers_in_a_metal() -> None:
    linkers = find_linkers(Atoms("Zn2", [[0, 0, 0], [2, 2, 2]], cell=[5] * 3, pbc=True))
    assert len(linkers) == 0
    assert linkers.count_by_name() == {}
