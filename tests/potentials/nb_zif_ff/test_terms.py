"""How many bonded terms a ring and a cage have, and which."""

from __future__ import annotations

from collections import Counter

import pytest

from mofglass.potentials.nb_zif_ff import NbZifFF, load_parameters
from mofglass.structures import load

N_ZN, N_IM = 16, 32


@pytest.fixture(scope="module")
def counts() -> dict[str, Counter]:
    """Terms of ZIF-4 by section of its data file, counted by the types of their atoms."""
    model = NbZifFF().lammps(load("ZIF-4"))
    lines = model.data.splitlines()
    names = {}
    for line in lines[lines.index("Masses") + 2 :]:
        if not line:
            break
        number, _, _, name = line.split()
        names[number] = name
    start = lines.index("Atoms # full") + 2
    particle = {}
    for line in lines[start : lines.index("Bonds") - 1]:
        ident, _molecule, kind, *_ = line.split()
        particle[ident] = names[kind]
    sections = {}
    for section in ("Bonds", "Angles", "Dihedrals", "Impropers"):
        found: Counter = Counter()
        for line in lines[lines.index(section) + 2 :]:
            if not line:
                break
            found[tuple(particle[ident] for ident in line.split()[2:])] += 1
        sections[section] = found
    return sections


@pytest.mark.parametrize(
    ("section", "per_ring", "per_zinc"), [("Bonds", 10, 10), ("Angles", 15, 30), ("Dihedrals", 20, 0)]
)
def test_terms_per_ring_and_per_zinc(counts, section: str, per_ring: int, per_zinc: int) -> None:
    of_zinc = sum(n for key, n in counts[section].items() if {"Zn", "He"} & set(key))
    assert of_zinc == per_zinc * N_ZN
    assert sum(counts[section].values()) - of_zinc == per_ring * N_IM


def test_impropers_hold_ring_and_dummy_planar(counts) -> None:
    assert counts["Impropers"] == {("C4", "N1", "N1", "H4"): N_IM, ("N1", "C4", "C2", "Ne"): 2 * N_IM}


def test_cage_angles(counts) -> None:
    angles = counts["Angles"]
    assert angles["He", "Zn", "He"] == 6 * N_ZN
    assert angles["Zn", "He", "He"] == 12 * N_ZN
    assert angles["He", "He", "He"] == 12 * N_ZN


def test_every_term_of_the_table_is_used_by_some_linker(counts) -> None:
    parameters = load_parameters()
    methyl = {"C1", "C3", "H3"}
    for section, table in (
        ("Bonds", parameters.bonds),
        ("Angles", parameters.angles),
        ("Dihedrals", parameters.dihedrals),
    ):
        present = set(counts[section]) | {key[::-1] for key in counts[section]}
        assert {key for key in table if not methyl & set(key)} <= present
