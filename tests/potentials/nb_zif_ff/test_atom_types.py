"""Particle types, and the sentences about structures that cannot have them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.nb_zif_ff.atom_types import assign_types
from mofglass.structures import load


@pytest.fixture
def zif4() -> Atoms:
    return load("ZIF-4")


def test_zif4_has_eight_types_in_their_proportion(zif4) -> None:
    typed = assign_types(zif4, zn_n_max_A=3.0)
    assert Counter(typed.types) == {
        "Zn": 16, "N1": 64, "C4": 32, "C2": 64, "H4": 32, "H2": 64
    }  # fmt: skip
    assert Counter(np.bincount(typed.linker[typed.linker >= 0])) == {8: 32}
    assert len(typed.bonds) == 32 * 8
    assert np.bincount(typed.zn_n[0])[np.flatnonzero(zif4.numbers == 30)].tolist() == [4] * 16


def test_methyl_linkers_have_their_own_types() -> None:
    zif8 = load("ZIF-8")
    counts = Counter(assign_types(zif8, zn_n_max_A=3.0).types)
    n_linkers = 2 * counts["Zn"]
    assert counts["C1"] == counts["C3"] == n_linkers
    assert counts["H3"] == 3 * n_linkers
    assert counts["H2"] == counts["C2"] == 2 * n_linkers
    assert counts["C4"] == counts["H4"] == 0


def test_types_do_not_depend_on_the_order_of_atoms(zif4) -> None:
    order = np.random.default_rng(0).permutation(len(zif4))
    types = np.array(assign_types(zif4, zn_n_max_A=3.0).types)
    assert assign_types(zif4[order], zn_n_max_A=3.0).types == types[order].tolist()


def _first(atoms: Atoms, symbol: str) -> int:
    return atoms.get_chemical_symbols().index(symbol)


def test_an_unknown_element_is_named(zif4) -> None:
    hydrogen = _first(zif4, "H")
    zif4.symbols[hydrogen] = "Cl"
    with pytest.raises(InputError, match=rf"atom {hydrogen}, counted from 0, is Cl"):
        assign_types(zif4, zn_n_max_A=3.0)


def test_a_lost_hydrogen_names_its_carbon(zif4) -> None:
    typed = assign_types(zif4, zn_n_max_A=3.0)
    hydrogen = _first(zif4, "H")
    carbon = int(typed.neighbours[hydrogen][0])
    zif4.positions[hydrogen] += 2.0 * typed.bond_vectors_A[carbon, hydrogen]
    sentence = rf"atom {carbon} \(C\), counted from 0, is bonded to .* broken or unknown"
    with pytest.raises(InputError, match=sentence):
        assign_types(zif4, zn_n_max_A=3.0)


def test_a_broken_ring_names_an_atom_of_it(zif4) -> None:
    typed = assign_types(zif4, zn_n_max_A=3.0)
    nitrogen = _first(zif4, "N")
    carbon = int(typed.neighbours[nitrogen][0])
    zif4.positions[nitrogen] -= 0.9 * typed.bond_vectors_A[nitrogen, carbon]
    with pytest.raises(InputError, match=r"atom \d+ \((C|N)\)"):
        assign_types(zif4, zn_n_max_A=3.0)


def test_a_missing_zinc_is_a_wrong_composition(zif4) -> None:
    del zif4[_first(zif4, "Zn")]
    with pytest.raises(InputError, match="15 Zn and 32 linkers"):
        assign_types(zif4, zn_n_max_A=3.0)


def test_another_linker_is_refused() -> None:
    """A benzene ring is no linker, whatever else is in the cell."""
    from ase.build import molecule

    benzene = molecule("C6H6", cell=[12, 12, 12], pbc=True)
    with pytest.raises(InputError, match=r"atom 0 \(C\), counted from 0, is bonded to C, C, H"):
        assign_types(benzene, zn_n_max_A=3.0)
