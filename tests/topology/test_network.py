"""The quotient graph: the same net however its atoms are wrapped, moved and repeated."""

from __future__ import annotations

import gzip
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.io.lammpsdata import read_lammps_data

from mofglass.frame import Frame
from mofglass.topology import Network, perceive


def edges(network: Network) -> set[tuple[int, ...]]:
    columns = (network.edge_metal_atom, network.edge_nitrogen, network.edge_linker, *network.edge_offset.T)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def four_rings(network: Network) -> tuple[int, int]:
    """Closed walks metal-linker-metal of length four over distinct linkers: with no net shift, and any."""
    first, second, offset, linker = network.metal_pairs()
    steps: dict[int, list[tuple[int, tuple[int, ...], int]]] = {}
    for a, b, o, m in zip(first.tolist(), second.tolist(), offset.tolist(), linker.tolist(), strict=True):
        steps.setdefault(a, []).append((b, tuple(o), m))
        steps.setdefault(b, []).append((a, tuple(-k for k in o), m))
    closed, any_shift = 0, 0
    for start in steps:
        walks = [(start, np.zeros(3, dtype=int), (), ((start, 0, 0, 0),))]
        for _ in range(4):
            walks = [
                (b, shift + o, (*used, m), (*seen, (b, *(shift + o).tolist())))
                for a, shift, used, seen in walks
                for b, o, m in steps[a]
                if m not in used
            ]
        for a, shift, _, seen in walks:
            if a == start:
                any_shift += 1
                closed += not shift.any() and len(set(seen[1:])) == 4
    return closed // 8, any_shift


def test_crystals_are_four_and_two_coordinate(crystal: Atoms) -> None:
    network = perceive(crystal)
    assert (network.coordination == 4).all()
    assert (network.linker_degree == 2).all()
    assert network.n_edges == 4 * network.n_metals == 2 * len(network.linkers)
    assert network.n_nodes == network.n_metals + len(network.linkers)
    assert (network.edge_distance_A > 1.8).all()
    assert (network.edge_distance_A < 2.2).all()


def test_edges_join_a_metal_to_the_image_of_the_linker_that_holds_the_nitrogen(crystal: Atoms) -> None:
    atoms = crystal.copy()
    random = np.random.default_rng(3)
    atoms.positions += random.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    network = perceive(atoms)
    start = network.node_positions_A[network.edge_metal]
    end = (
        network.node_positions_A[network.n_metals + network.edge_linker] + network.edge_offset @ network.cell
    )
    length = np.linalg.norm(end - start, axis=1)
    assert length.min() > 2.8  # Zn-N of 2.0 Å and N to the ring's centre of 1.2 Å, nearly in a line
    assert length.max() < 3.4
    rings = network.ring_positions_A()
    which = np.argmax(network.linkers.ring[network.edge_linker] == network.edge_nitrogen[:, None], axis=1)
    nitrogen = rings[network.edge_linker, which] + network.edge_offset @ network.cell
    np.testing.assert_allclose(np.linalg.norm(nitrogen - start, axis=1), network.edge_distance_A, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_moving_atoms_by_whole_cells_changes_offsets_as_documented(seed: int, zif4: Atoms) -> None:
    random = np.random.default_rng(seed)
    moved = zif4.copy()
    cells = random.integers(-3, 4, (len(zif4), 3))
    moved.positions += cells @ zif4.cell.array
    before, after = perceive(zif4), perceive(moved)
    lowest = after.linkers.atoms[after.linkers.first[:-1]]
    expected = before.edge_offset + cells[before.edge_metal_atom] - cells[lowest[before.edge_linker]]
    for name in ("metal_atoms", "edge_metal", "edge_linker", "edge_nitrogen"):
        assert (getattr(before, name) == getattr(after, name)).all()
    assert (after.edge_offset == expected).all()
    np.testing.assert_allclose(before.edge_distance_A, after.edge_distance_A, atol=1e-9)
    assert four_rings(after)[0] == four_rings(before)[0]


@pytest.mark.parametrize("seed", range(4))
def test_the_origin_does_not_matter(seed: int, zif4: Atoms) -> None:
    random = np.random.default_rng(seed)
    moved = zif4.copy()
    moved.positions += random.normal(size=3) * 20
    assert edges(perceive(moved)) == edges(perceive(zif4))
    moved.wrap()
    wrapped = perceive(moved)
    assert {edge[:3] for edge in edges(wrapped)} == {edge[:3] for edge in edges(perceive(zif4))}
    assert four_rings(wrapped)[0] == four_rings(perceive(zif4))[0]


def test_another_choice_of_cell_vectors_is_the_same_net(zif4: Atoms) -> None:
    """A sheared and a left-handed cell of the same lattice."""
    expected = perceive(zif4)
    for matrix in (np.array([[1, 1, 0], [0, 1, -1], [0, 0, 1]]), np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])):
        frame = Frame(zif4.numbers, zif4.positions, matrix @ zif4.cell.array)
        network = perceive(frame)
        assert network.n_edges == expected.n_edges
        assert (network.edge_nitrogen == expected.edge_nitrogen).all()
        np.testing.assert_array_equal(network.edge_offset @ matrix, expected.edge_offset)
        assert four_rings(network)[0] == four_rings(expected)[0]


@pytest.mark.parametrize("repeats", [(2, 1, 1), (2, 2, 2)])
def test_a_supercell_has_the_same_net_per_zinc(repeats: tuple[int, int, int], zif4: Atoms) -> None:
    n = int(np.prod(repeats))
    one, many = perceive(zif4), perceive(zif4 * repeats)
    assert many.n_metals == n * one.n_metals
    assert len(many.linkers) == n * len(one.linkers)
    assert many.n_edges == n * one.n_edges
    assert many.integrity.n_intact == n * one.integrity.n_intact
    assert four_rings(many)[0] == n * four_rings(one)[0]
    assert four_rings(one)[0] > 0


def test_sodalite_has_half_a_four_ring_a_zinc(shared: Path) -> None:
    """Each vertex of sodalite's cage belongs to two squares of four, in the 6-zinc cell, where
    closed walks with a net shift abound and are none."""
    network = perceive(ase.io.read(shared / "structures" / "ZIF8_H-pbe-durholt2019.cif"))
    rings, any_shift = four_rings(network)
    assert (network.n_metals, rings) == (6, 3)
    assert any_shift > 8 * rings


def test_adjacency_goes_both_ways(zif4: Atoms) -> None:
    network = perceive(zif4)
    first, neighbour, offset = network.adjacency()
    assert np.diff(first).tolist() == [4] * 16 + [2] * 32
    steps = {
        (a, b, *o)
        for a in range(network.n_nodes)
        for b, o in zip(
            neighbour[first[a] : first[a + 1]].tolist(), offset[first[a] : first[a + 1]].tolist(), strict=True
        )
    }
    assert len(steps) == 2 * network.n_edges
    assert {(b, a, -x, -y, -z) for a, b, x, y, z in steps} == steps


def test_metal_pairs_are_six_angstrom_apart(crystal: Atoms) -> None:
    network = perceive(crystal)
    first, second, offset, linker = network.metal_pairs()
    assert sorted(linker.tolist()) == list(range(len(network.linkers)))
    metals = network.positions[network.metal_atoms]
    distance = np.linalg.norm(metals[second] + offset @ network.cell - metals[first], axis=1)
    assert distance.min() > 5.5
    assert distance.max() < 6.4


def test_a_nitrogen_shared_by_two_metals_joins_no_pair() -> None:
    """In an exchange one nitrogen is near two metals; a linker with three edges makes two pairs."""
    atoms = Atoms("Zn3NCNC2H3", np.zeros((11, 3)), cell=[25] * 3, pbc=True)
    angles = np.deg2rad([18, 90, 162, 234, 306])
    ring = np.stack((np.cos(angles), np.sin(angles), np.zeros(5)), axis=1)
    atoms.positions[3:8] = 1.17 * ring
    atoms.positions[8:] = 2.25 * ring[[1, 3, 4]]
    atoms.positions[0] = atoms.positions[3] + [1.6, 0.8, 1.2]
    atoms.positions[1] = atoms.positions[3] + [1.6, 0.8, -1.2]
    atoms.positions[2] = atoms.positions[5] + [-1.9, 0.6, 0.0]
    network = perceive(atoms)
    assert network.coordination.tolist() == [1, 1, 1]
    assert network.linker_degree.tolist() == [3]
    first, second, _, _ = network.metal_pairs()
    assert {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)} == {
        frozenset({0, 2}),
        frozenset({1, 2}),
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_chain_with_one_zinc_in_a_box_below_twice_the_cutoff(seed: int, imidazolate: Atoms) -> None:
    """Zn-Im-Zn-Im-... along x: the one zinc holds the one linker twice, a cell apart; y and z are
    4.8 and 3.6 Å, in a sheared cell, atoms scattered over cells."""
    atoms = imidazolate.copy()
    across = atoms.positions[2, 0] - atoms.positions[0, 0]
    middle = 0.5 * (atoms.positions[0] + atoms.positions[2])
    length = abs(across) + 2 * 1.95
    zinc = middle + np.array([0.5 * length, -0.6, 0.0])
    atoms += Atoms("Zn", [zinc])
    atoms.set_cell([[length, 0, 0], [1.1, 5.6, 0], [-0.7, 1.2, 3.6]])
    cells = np.random.default_rng(seed).integers(-2, 3, (len(atoms), 3))
    atoms.positions += cells @ atoms.cell.array
    network = perceive(atoms)
    assert network.linkers.intact.tolist() == [True]
    assert network.coordination.tolist() == network.linker_degree.tolist() == [2]
    step = network.edge_offset[0] - network.edge_offset[1]
    assert np.abs(step).tolist() == [1, 0, 0]
    _, _, offset, _ = network.metal_pairs()
    assert np.abs(offset).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("metal", ["Co", "Cd", "Fe", "Cu", "Mg", "Mn", "Ni"])
def test_other_metals_make_the_same_net(metal: str, zif4: Atoms) -> None:
    atoms = zif4.copy()
    atoms.symbols[atoms.numbers == 30] = metal
    assert edges(perceive(atoms)) == edges(perceive(zif4))


def test_dummy_sites_are_no_atoms(zif4: Atoms) -> None:
    sites = zif4.positions[zif4.numbers == 30] + np.array([0.6, 0.4, 0.4])
    network = perceive(zif4 + Atoms("X16", sites))
    assert edges(network) == edges(perceive(zif4))
    assert network.integrity.defects == ()


def test_own_cutoffs(zif4: Atoms) -> None:
    assert perceive(zif4, cutoffs={("Zn", "N"): 1.0}).n_edges == 0
    assert perceive(zif4, cutoffs={("C", "N"): 1.2}).integrity.n_intact == 0


def test_broken_linkers_stay_in_the_network(zif4: Atoms) -> None:
    """Coordination counts every nitrogen, whatever became of its linker."""
    atoms = zif4.copy()
    del atoms[int(np.flatnonzero(atoms.numbers == 1)[0])]
    network = perceive(atoms)
    assert (network.coordination == 4).all()
    assert network.integrity.n_broken == 1
    assert np.isnan(network.ring_positions_A()).all(axis=(1, 2)).sum() == 1
    assert np.isfinite(network.linkers.centre_A).all()


@pytest.mark.parametrize(
    ("file", "mean_coordination", "n_dangling"),
    [
        ("ZIF4_15glass01", 4.0, 0),
        ("ZIF4_15glass02", 3.9375, 1),
        ("ZIF4_15glass03", 3.9375, 1),
        ("ZIF4_15glass04", 3.9375, 1),
        ("ZIF4_15glass05", 3.9375, 1),
        ("SALEM2_glass01", 4.0, 0),
        ("SALEM2_glass02", 4.0, 0),
        ("ZIF8_15glass01", 4.0, 0),
        ("ZIF8_15glass02", 4.0, 0),
    ],
)
def test_ab_initio_glasses(file: str, mean_coordination: float, n_dangling: int, shared: Path) -> None:
    """Relaxed models: all linkers intact, at most one dangling and one zinc short of a nitrogen."""
    network = perceive(ase.io.read(shared / "glasses" / f"{file}.cif"))
    assert network.coordination.mean() == mean_coordination
    assert network.integrity.n_broken == 0
    assert network.integrity.n_dangling == n_dangling
    assert network.n_edges == 2 * len(network.linkers) - n_dangling


def test_shared_crystals(shared: Path) -> None:
    files = sorted((shared / "structures").glob("*.cif"))
    assert len(files) >= 15
    for file in files:
        network = perceive(ase.io.read(file))
        assert (network.coordination == 4).all(), file.name
        assert (network.linker_degree == 2).all(), file.name
        assert network.integrity.defects == (), file.name


def test_reverse_monte_carlo_model(shared: Path) -> None:
    """Fitted to scattering, not to chemistry: linkers touch at bond lengths and hydrogens stray."""
    network = perceive(ase.io.read(shared / "glasses" / "rmc-mqgzif4.xyz"))
    found = network.integrity
    assert (found.n_linkers, found.n_intact) == (1024, 956)
    assert {d.kind for d in found.defects} >= {"fused linkers", "lost hydrogen", "migrated hydrogen"}
    assert 3.9 < network.coordination.mean() < 4.0


def test_large_model(shared: Path) -> None:
    """29,376 atoms annealed with an ACE potential: every linker whole, 0.7 % dangling."""
    with gzip.open(shared / "azif" / "m1-zif_ace_24.data.gz", "rt") as handle:
        atoms = read_lammps_data(handle, atom_style="full", units="metal")
    network = perceive(atoms)
    assert (network.n_metals, len(network.linkers)) == (1728, 3456)
    assert network.integrity.n_broken == 0
    assert network.integrity.n_dangling == 25
    assert np.bincount(network.coordination).tolist() == [0, 0, 0, 24, 1696, 8]
