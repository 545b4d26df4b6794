"""Data files: any cell in LAMMPS' orientation, positions and images kept."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials import LammpsModel
from mofglass.potentials.lammps_data import LammpsBox, check_elements, element_data

TRICLINIC = np.array([[9.0, 1.0, -0.5], [2.0, 10.0, 0.7], [-1.5, 2.5, 11.0]])


def _model(atoms: Atoms) -> LammpsModel:
    data, _ = element_data(atoms)
    commands = ("pair_style zero 2.0 nocoeff", "pair_coeff * *")
    return LammpsModel(units="metal", atom_style="atomic", data=data, after_data=commands, n_atoms=len(atoms))


@pytest.mark.parametrize("cell", [np.diag([8.0, 9.0, 10.0]), TRICLINIC, -TRICLINIC, TRICLINIC[[1, 0, 2]]])
def test_distances_survive_the_turn(session, cell: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    atoms = Atoms("C4H4", positions=rng.uniform(-15, 25, (8, 3)), cell=cell, pbc=True)
    opened = session(_model(atoms))
    positions = opened.gathered("x")
    low, high, xy, yz, xz, *_ = opened.lammps.extract_box()
    lx, ly, lz = np.subtract(high, low)
    box = np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])
    folded = Atoms("C4H4", positions=positions, cell=box, pbc=True)
    np.testing.assert_allclose(
        folded.get_all_distances(mic=True), atoms.get_all_distances(mic=True), atol=1e-8
    )
    assert folded.get_volume() == pytest.approx(atoms.get_volume())


def test_images_give_back_positions_outside_the_box(session) -> None:
    atoms = Atoms("C2", positions=[[-1.0, 3.0, 21.5], [4.0, 4.0, 4.0]], cell=[8.0, 9.0, 10.0], pbc=True)
    opened = session(_model(atoms))
    images = np.array(opened.lammps.gather_atoms("image", 0, 3)).reshape(-1, 3)
    unwrapped = opened.gathered("x") + images * np.array([8.0, 9.0, 10.0])
    np.testing.assert_allclose(unwrapped, atoms.positions, atol=1e-9)


def test_right_angles_give_an_orthogonal_box() -> None:
    assert LammpsBox.of(Atoms(cell=[5, 6, 7, 90, 90, 90], pbc=True)).is_orthogonal
    turned = Atoms(cell=[[0, 5, 0], [0, 0, 6], [7, 0, 0]], pbc=True)
    assert LammpsBox.of(turned).is_orthogonal
    assert not LammpsBox.of(Atoms(cell=[5, 6, 7, 90, 91, 90], pbc=True)).is_orthogonal


@pytest.mark.parametrize(
    "atoms",
    [Atoms("C", cell=[5, 5, 5], pbc=[True, True, False]), Atoms("C", cell=[5, 5, 0], pbc=True)],
    ids=["slab", "flat"],
)
def test_a_structure_without_a_cell_is_refused(atoms: Atoms) -> None:
    with pytest.raises(InputError, match="periodic"):
        LammpsBox.of(atoms)


def test_an_unknown_element_names_its_atom() -> None:
    words = "atom 1, counted from 0, is O, and the test knows C, H only: use a potential trained on O"
    with pytest.raises(InputError, match=words):
        check_elements(Atoms("COH"), {"C", "H"}, "the test")
