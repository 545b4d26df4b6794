"""Bonded terms of imidazolate: against their equations, their file, and where they may not stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.io import read

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.linker_terms import (
    BLOCKS,
    CRYSTAL_ANGLES_DEG,
    CRYSTAL_LENGTHS_A,
    FREE_COLUMN,
    N_COEFFICIENTS,
    N_FREE,
    PLACES,
    STYLES,
    TERMS,
    LinkerTerms,
    read_linker_terms,
    symmetrised,
    type_of,
)
from mofglass.potentials.linker_topology import data_with_terms, linker_places

SPECIES = ("H", "C", "N", "Zn")


class TermsAlone:
    """The linker terms without anything else."""

    name = "terms"

    def __init__(self, terms: LinkerTerms) -> None:
        self.terms = terms

    def lammps(self, atoms: Atoms) -> LammpsModel:
        return LammpsModel(
            units="metal",
            atom_style="full",
            data=data_with_terms(atoms, SPECIES),
            before_data=STYLES,
            after_data=("pair_style zero 5.0 nocoeff", "pair_coeff * *", *self.terms.commands()),
            n_atoms=len(atoms),
        )


def random_terms(seed: int = 0) -> LinkerTerms:
    return LinkerTerms.from_free(np.random.default_rng(seed).normal(size=N_FREE))


def one_linker() -> Atoms:
    """A distorted imidazolate on a zinc atom, across the faces of an oblique cell."""
    ring = [(0.0, 0.0, 0.0), (0.73, 1.13, 0.05), (2.07, 0.93, -0.06), (2.27, -0.44, 0.04), (0.94, -1.02, 0.0)]
    hydrogens = [(0.16, 2.06, 0.1), (3.2, -1.0, -0.12), (0.63, -2.05, 0.15)]
    atoms = Atoms("NCNCCHHHZn", [*ring, *hydrogens, (-1.9, 0.2, 0.3)], cell=[[9, 0, 0], [1, 9, 0], [2, 1, 9]])
    atoms.pbc = True
    atoms.wrap()
    return atoms


def class2_energy(x: np.ndarray, terms: LinkerTerms) -> float:
    """Energy of one linker (places x) from the equations of LAMMPS' manual."""

    def length(i, j):
        return np.linalg.norm(x[i] - x[j])

    def angle(i, j, k):
        a, b = x[i] - x[j], x[k] - x[j]
        return np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    def dihedral(i, j, k, m):
        axis = x[k] - x[j]
        one, two = np.cross(x[i] - x[j], axis), np.cross(x[m] - x[k], axis)
        return np.arccos(np.clip(one @ two / np.linalg.norm(one) / np.linalg.norm(two), -1, 1))

    def out_of_plane(i, j, k, m):
        """Angle of bond jm with the plane of ijk."""
        normal = np.cross(x[i] - x[j], x[k] - x[j])
        bond = x[m] - x[j]
        return np.arcsin(normal @ bond / np.linalg.norm(normal) / np.linalg.norm(bond))

    energy = 0.0
    for block in BLOCKS:
        c = terms.values[block.first : block.first + block.size]
        for places in TERMS[block.kind][block.name]:
            i = [PLACES.index(place) for place in places]

            def stretch(a, b, i=i, places=places):
                return length(i[a], i[b]) - CRYSTAL_LENGTHS_A[type_of("bonds", (places[a], places[b]))]

            def bend(a, b, c, i=i, places=places):
                rest = CRYSTAL_ANGLES_DEG[type_of("angles", (places[a], places[b], places[c]))]
                return angle(i[a], i[b], i[c]) - np.radians(rest)

            if block.kind == "dihedrals":
                cosines = np.cos(np.arange(1, 4) * dihedral(*i))
            match block.kind, block.contribution:
                case "bonds", "K":
                    energy += c @ stretch(0, 1) ** np.arange(2, 5)
                case "angles", "K":
                    energy += c @ bend(0, 1, 2) ** np.arange(2, 5)
                case "angles", "bb":
                    energy += c[0] * stretch(0, 1) * stretch(1, 2)
                case "angles", "ba":
                    energy += bend(0, 1, 2) * (c[0] * stretch(0, 1) + c[1] * stretch(1, 2))
                case "dihedrals", "K":
                    energy += c @ (1 - cosines)
                case "dihedrals", "mbt":
                    energy += stretch(1, 2) * (c @ cosines)
                case "dihedrals", "ebt":
                    energy += stretch(0, 1) * (c[:3] @ cosines) + stretch(2, 3) * (c[3:] @ cosines)
                case "dihedrals", "at":
                    energy += bend(0, 1, 2) * (c[:3] @ cosines) + bend(1, 2, 3) * (c[3:] @ cosines)
                case "dihedrals", "aat":
                    energy += c[0] * bend(0, 1, 2) * bend(1, 2, 3) * cosines[0]
                case "dihedrals", "bb13":
                    energy += c[0] * stretch(0, 1) * stretch(2, 3)
                case "impropers", "K":
                    a, j, k, m = i
                    # Each bond with the plane of the other two, the sense of rotation kept.
                    chi = out_of_plane(a, j, k, m) + out_of_plane(k, j, m, a) + out_of_plane(m, j, a, k)
                    energy += c[0] * (chi / 3) ** 2
                case "impropers", "aa":
                    one, two, three = bend(0, 1, 2), bend(0, 1, 3), bend(2, 1, 3)
                    energy += c[0] * one * three + c[1] * one * two + c[2] * two * three
    return energy


def whole(atoms: Atoms) -> np.ndarray:
    places = linker_places(atoms)[0]
    return atoms.positions[places[0]] + atoms.get_distances(places[0], places, mic=True, vector=True)


def test_lammps_computes_the_equations_of_class2() -> None:
    atoms, terms = one_linker(), random_terms()
    atoms.calc = LammpsCalculator(TermsAlone(terms))
    assert atoms.get_potential_energy() == pytest.approx(class2_energy(whole(atoms), terms), abs=1e-9)


def test_forces_and_stress_are_derivatives() -> None:
    atoms = one_linker()
    atoms.calc = calculator = LammpsCalculator(TermsAlone(random_terms(1)))
    forces, stress = atoms.get_forces(), atoms.get_stress()
    for atom, axis in ((0, 0), (1, 2), (4, 1), (6, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * 1e-4
            moved.calc = calculator
            energies.append(moved.get_potential_energy())
        assert forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / 2e-4, abs=1e-6)
    assert np.abs(forces[8]).max() == 0.0
    for component, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[a, b] += sign * 0.5e-4
            strain[b, a] += sign * 0.5e-4
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            strained.calc = calculator
            energies.append(strained.get_potential_energy())
        slope = (energies[0] - energies[1]) / 2e-4 / atoms.get_volume()
        assert stress[component] == pytest.approx(slope, abs=1e-8)


def test_order_of_atoms_and_turning_do_not_matter() -> None:
    atoms = one_linker()
    atoms.calc = calculator = LammpsCalculator(TermsAlone(random_terms(2)))
    forces = atoms.get_forces()
    generator = np.random.default_rng(4)
    numberings = set()
    for _ in range(6):
        order = generator.permutation(len(atoms))
        other = atoms[order]
        other.rotate(70, (1, 2, 3), rotate_cell=True)
        other.calc = calculator
        assert other.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), abs=1e-10)
        np.testing.assert_allclose(
            np.linalg.norm(other.get_forces(), axis=1), np.linalg.norm(forces, axis=1)[order], atol=1e-9
        )
        numberings.add(int(order[linker_places(other)[0, 0]]))
    assert numberings == {0, 2}  # both nitrogen atoms have been N1


def test_symmetry_ties_fourteen_coefficients() -> None:
    assert N_COEFFICIENTS == 199
    assert N_FREE == 185
    values = np.random.default_rng(0).normal(size=N_COEFFICIENTS)
    free = symmetrised(values)
    terms = LinkerTerms.from_free(free)
    np.testing.assert_array_equal(terms.free, free)
    once = np.bincount(FREE_COLUMN)[FREE_COLUMN] == 1
    np.testing.assert_array_equal(terms.values[once], values[once])
    with pytest.raises(InputError, match="N-C2-N, ba: coefficients of the two ends must be equal"):
        LinkerTerms(values=values, lengths_A=CRYSTAL_LENGTHS_A, angles_deg=CRYSTAL_ANGLES_DEG)


def test_file_holds_every_digit() -> None:
    terms = random_terms(3)
    again = read_linker_terms(terms.text, "here")
    np.testing.assert_array_equal(again.values, terms.values)
    assert again.commands() == terms.commands()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format="other"), "does not hold linker terms"),
        (lambda c: c.update(linker="benzimidazolate"), "is for the linker 'benzimidazolate'"),
        (lambda c: c["bonds"].pop("C2-H"), "'bonds' must hold N-C2, N-C4"),
        (lambda c: c["angles"]["N-C2-H"].update(b=1), "angles, N-C2-H must hold"),
        (lambda c: c["dihedrals"]["N-C4-C5-N"]["at"].pop(), "N-C4-C5-N, at must be a list of 6 numbers"),
        (lambda c: c["bonds"]["N-C2"].update(K=[1.0, "x", 2.0]), "N-C2, K must be a list of 3 numbers"),
        (lambda c: c["impropers"]["N-C2-N-H"].update(aa=[1.0, 2.0, 3.0]), "two ends must be equal"),
        (lambda c: c["bonds"]["N-C2"].update(length_A=-1.0), "outside 0 to 3"),
        (lambda c: c["bonds"]["N-C2"].update(K=[float("nan")] * 3), "not finite"),
    ],
)
def test_wrong_files_are_refused(change, message: str) -> None:
    content = yaml.safe_load(random_terms().text)
    change(content)
    with pytest.raises(InputError, match=message):
        read_linker_terms(yaml.safe_dump(content), "terms.yaml")


def test_broken_and_other_linkers_are_refused(shared: Path) -> None:
    broken = one_linker()
    del broken[5]
    with pytest.raises(InputError, match=r"^lost hydrogen: .* counted from 0: add the hydrogen"):
        linker_places(broken)
    zif8 = read(shared / "structures" / "ZIF8_CH3-pbe-durholt2019.cif")
    with pytest.raises(InputError, match="belongs to a 2-methylimidazolate"):
        linker_places(zif8)
    with pytest.raises(InputError, match="holds no linker"):
        linker_places(Atoms("Zn", [(0, 0, 0)], cell=[5, 5, 5], pbc=True))


def test_equilibrium_values_are_the_crystals(shared: Path) -> None:
    atoms = read(shared / "structures" / "ZIF4-RelaxedCell.cif")
    places = linker_places(atoms)
    assert len(places) == 32
    for kind, expected in (("bonds", CRYSTAL_LENGTHS_A), ("angles", CRYSTAL_ANGLES_DEG)):
        for name, terms in TERMS[kind].items():
            columns = [[PLACES.index(place) for place in term] for term in terms]
            rows = np.concatenate([places[:, column] for column in columns])
            if kind == "bonds":
                mean = np.mean([atoms.get_distance(*row, mic=True) for row in rows])
                assert mean == pytest.approx(expected[name], abs=6e-4)
            else:
                assert np.mean(atoms.get_angles(rows, mic=True)) == pytest.approx(expected[name], abs=0.06)
