"""nb-ZIF-FF against the energies of its authors' own files, and against mechanics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from mofglass.errors import InputError
from mofglass.potentials.nb_zif_ff import NbZifFF, load_parameters
from mofglass.potentials.nb_zif_ff.lammps_commands import PUBLISHED, STYLES, nonbonded_commands
from mofglass.structures import load

AUTHORS_TYPES = ("Zn", "C4", "N1", "C2", "H4", "H2", "He", "Ne")
AUTHORS_ENERGY_EV = 10.372256
TERMS = ("ebond", "eangle", "edihed", "eimp", "evdwl", "ecoul", "elong", "etail")


@pytest.fixture
def authors_terms(session, authors_zni) -> dict[str, float]:
    """Energies (eV) of the authors' own file with our pair section."""
    opened = session()
    (opened.folder / "authors.data").write_text(authors_zni.text)
    opened.commands("units metal", "atom_style full", *STYLES, "read_data authors.data")
    opened.commands(*nonbonded_commands(AUTHORS_TYPES, load_parameters(), PUBLISHED))
    opened.commands("thermo_style custom step pe ebond eangle edihed eimp evdwl ecoul elong etail press")
    return opened.energies()


def test_authors_topology_gives_the_authors_energy(authors_terms) -> None:
    assert authors_terms["pe"] == pytest.approx(AUTHORS_ENERGY_EV, abs=1e-4)


def test_own_builder_gives_the_authors_energy(session, authors_zni, authors_terms) -> None:
    own = session(NbZifFF(published=True).lammps(authors_zni.atoms)).energies()
    print(f"\n{'term':8s} {'authors':>12s} {'own':>12s} {'own - authors':>14s}   eV")
    for term in ("pe", *TERMS):
        print(
            f"{term:8s} {authors_terms[term]:12.6f} {own[term]:12.6f} {own[term] - authors_terms[term]:14.6f}"
        )
    assert own["pe"] == pytest.approx(AUTHORS_ENERGY_EV, abs=0.05)
    # The rest is in the terms that dummies enter; the atoms' own Lennard-Jones and Morse agree.
    assert own["evdwl"] == pytest.approx(authors_terms["evdwl"], abs=1e-3)
    assert own["etail"] == pytest.approx(authors_terms["etail"], abs=1e-6)


def test_difference_to_the_authors_is_where_they_put_the_dummies(session, authors_zni, authors_terms) -> None:
    """Our topology with each dummy moved onto the authors' nearest one gives their energy, term by term."""
    model = NbZifFF(published=True).lammps(authors_zni.atoms)
    opened = session(model)
    positions = opened.gathered("x")
    box = np.array(authors_zni.atoms.cell.lengths())
    names = np.array(["He"] * 4 * 64 + ["Ne"] * 256)
    for k, name in enumerate(names, start=model.n_atoms):
        candidates = authors_zni.dummy_positions_A[authors_zni.dummy_types == name]
        shift = candidates - positions[k]
        shift -= box * np.round(shift / box)
        nearest = np.argmin(np.linalg.norm(shift, axis=1))
        assert np.linalg.norm(shift[nearest]) < 3e-4
        positions[k] += shift[nearest]
    opened.lammps.scatter_atoms("x", 1, 3, np.ascontiguousarray(positions).ctypes)
    moved = opened.energies()
    for term in ("pe", *TERMS):
        assert moved[term] == pytest.approx(authors_terms[term], abs=1e-4), term


def test_real_masses_and_neutral_charge(session) -> None:
    for name in ("ZIF-4", "ZIF-8"):
        atoms = load(name)
        lammps = session(NbZifFF().lammps(atoms)).lammps
        masses = lammps.numpy.extract_atom("mass")
        types = lammps.numpy.extract_atom("type")[: lammps.get_natoms()]
        assert masses[types].sum() == pytest.approx(atoms.get_masses().sum(), abs=1e-3)
        assert lammps.numpy.extract_atom("q")[: lammps.get_natoms()].sum() == pytest.approx(0.0, abs=1e-9)


def test_published_masses_are_heavier_by_three_hydrogens_a_formula_unit(session) -> None:
    atoms = load("ZIF-4")
    lammps = session(NbZifFF(published=True).lammps(atoms)).lammps
    total = lammps.numpy.extract_atom("mass")[lammps.numpy.extract_atom("type")[: lammps.get_natoms()]].sum()
    assert (total - atoms.get_masses().sum()) / 16 == pytest.approx(3.02, abs=0.01)


@pytest.mark.parametrize("name", ["ZIF-4", "ZIF-zni", "ZIF-8", "SALEM-2", "ZIF-1", "ZIF-3", "ZIF-6"])
def test_crystals_build_and_run(session, name: str) -> None:
    atoms = load(name)
    model = NbZifFF().lammps(atoms)
    opened = session(model)
    n_zn = atoms.get_chemical_symbols().count("Zn")
    n_n = atoms.get_chemical_symbols().count("N")
    assert opened.lammps.get_natoms() == len(atoms) + 4 * n_zn + n_n
    before = opened.energies()
    assert before["pe"] / n_zn < -3.0
    # A step short enough that the integrator's own error, second order in it, is below the tolerance.
    opened.commands("minimize 0 1e-2 50 500", "velocity all create 300 1", "timestep 0.0001", "fix 1 all nve")
    opened.commands("run 0")
    start = opened.lammps.get_thermo("etotal")
    opened.commands("run 150")
    assert opened.lammps.get_thermo("etotal") == pytest.approx(start, abs=5e-4 * n_zn)


@pytest.mark.parametrize("glass", ["ZIF4_15glass03", "ZIF4_15glass05", "SALEM2_glass01", "ZIF8_15glass02"])
def test_glasses_with_strained_zinc_build_and_run(session, shared: Path, glass: str) -> None:
    atoms = read(shared / "glasses" / f"{glass}.cif")
    opened = session(NbZifFF().lammps(atoms))
    n_zn = atoms.get_chemical_symbols().count("Zn")
    start = opened.energies()["pe"]
    # A cage strained by two nitrogens close together would cost tens of eV.
    assert start / n_zn < -2.0
    opened.commands("minimize 0 1e-2 50 500")
    assert opened.lammps.get_thermo("pe") < start


def _distorted(seed: int = 3) -> Atoms:
    atoms = load("ZIF-6")
    atoms.rattle(0.05, seed=seed)
    return atoms


def test_forces_are_the_gradient_of_the_energy(session) -> None:
    opened = session(NbZifFF(published=True).lammps(_distorted()))
    opened.energies()
    forces, positions = opened.gathered("f"), opened.gathered("x")
    rng = np.random.default_rng(5)
    step = 1e-4
    for _ in range(4):
        direction = rng.normal(size=positions.shape)
        direction /= np.linalg.norm(direction)
        energies = []
        for sign in (1, -1):
            moved = np.ascontiguousarray(positions + sign * step * direction)
            opened.lammps.scatter_atoms("x", 1, 3, moved.ctypes)
            energies.append(opened.energies()["pe"])
        slope = (energies[0] - energies[1]) / (2 * step)
        assert -np.sum(forces * direction) == pytest.approx(slope, abs=2e-4)


def test_energy_knows_no_origin_and_no_order_of_atoms(session) -> None:
    atoms = _distorted()
    reference = session(NbZifFF(published=True).lammps(atoms)).energies()["pe"]
    moved = atoms.copy()
    moved.translate([1.7, -3.1, 20.4])
    shuffled = atoms[np.random.default_rng(1).permutation(len(atoms))]
    inverted = atoms.copy()
    inverted.set_cell(-np.array(atoms.cell))
    for other in (moved, shuffled, inverted):
        assert session(NbZifFF(published=True).lammps(other)).energies()["pe"] == pytest.approx(
            reference, abs=1e-6
        )


def test_ids_are_the_atoms_in_order(session) -> None:
    atoms = _distorted()[::-1]
    opened = session(NbZifFF().lammps(atoms))
    positions = opened.gathered("x")[: len(atoms)]
    rotated = atoms.copy()
    rotated.set_cell(_lammps_cell(opened), scale_atoms=True)
    difference = rotated.cell.scaled_positions(positions - rotated.positions)
    assert np.abs(difference - np.round(difference)).max() < 1e-6


def _lammps_cell(opened) -> np.ndarray:
    low, high, xy, yz, xz, *_ = opened.lammps.extract_box()
    lx, ly, lz = np.subtract(high, low)
    return np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])


def test_restart_and_the_same_commands_give_the_same_energy(session) -> None:
    model = NbZifFF().lammps(_distorted())
    opened = session(model)
    first = opened.energies()
    opened.commands("write_restart system.restart")
    again = session()
    again.commands(f"read_restart {opened.folder}/system.restart", *model.after_data)
    again.commands("thermo_style custom step pe ebond eangle edihed eimp evdwl ecoul elong etail press")
    second = again.energies()
    for term in ("pe", *TERMS):
        assert second[term] == pytest.approx(first[term], abs=1e-9), term


@pytest.mark.parametrize("name", ["ZIF-4", "ZIF-6", "ZIF-8"])
def test_fast_settings_keep_the_published_energy_and_forces(session, name: str) -> None:
    atoms = load(name)
    exact = session(NbZifFF(settings=PUBLISHED).lammps(atoms))
    fast = session(NbZifFF().lammps(atoms))
    difference_eV = fast.energies()["pe"] - exact.energies()["pe"]
    assert abs(difference_eV) / len(atoms) < 1e-5
    assert np.abs(fast.gathered("f") - exact.gathered("f")).max() < 1e-3


def test_two_threads_give_the_energy_of_one(session) -> None:
    model = NbZifFF().lammps(load("ZIF-4"))
    energies = []
    for threads in (1, 2):
        # One after the other: LAMMPS cannot close an instance once the process has another thread count.
        opened = session(model, threads=threads)
        energies.append(opened.energies()["pe"])
        opened.lammps.close()
    assert energies[1] == pytest.approx(energies[0], abs=1e-8)


def test_ne_improper_is_an_option(session) -> None:
    atoms = _distorted()
    stiff, soft = (
        session(NbZifFF(ne_improper_kcal=k).lammps(atoms)).energies()["eimp"] for k in (3.5, 0.056)
    )
    assert stiff > soft > 0
    with pytest.raises(InputError, match="improper"):
        NbZifFF(ne_improper_kcal=-1.0)


def test_settings_and_masses_are_recorded() -> None:
    described = NbZifFF().describe()
    assert "1.008" in described["masses"]
    assert described["settings"] == "default"
    assert "too heavy" in NbZifFF(published=True).describe()["masses"]
