"""Structures from files: what is read, and what is refused in one sentence."""

from __future__ import annotations

import gzip
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from ase.neighborlist import neighbor_list

from mofglass import structures
from mofglass.errors import InputError
from mofglass.structures.writing import write_structure


def sorted_distances_A(atoms: Atoms) -> np.ndarray:
    """All interatomic distances below 4 Å by element pair: a fingerprint free of orientation and order."""
    i, j, d = neighbor_list("ijd", atoms, 4.0)
    key = atoms.numbers[i] * 100 + atoms.numbers[j]
    return np.column_stack([key, d])[np.lexsort([d, key])]


@pytest.mark.parametrize("name", ["ZIF-4", "ZIF-8", "ZIF-1"])
@pytest.mark.parametrize("ending", ["extxyz", "xyz", "cif", "vasp", "data", "lmp"])
def test_written_and_read_again(tmp_path: Path, name: str, ending: str) -> None:
    atoms = structures.load(name)
    path = tmp_path / f"it.{ending}"
    write_structure(path, atoms)
    again = structures.load(path)
    assert again.get_chemical_formula() == atoms.get_chemical_formula()
    assert again.pbc.all()
    np.testing.assert_allclose(again.cell.cellpar(), atoms.cell.cellpar(), atol=1e-4)
    np.testing.assert_allclose(sorted_distances_A(again), sorted_distances_A(atoms), atol=2e-3)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing left beside it


def test_poscar_by_name_and_gzip(tmp_path: Path) -> None:
    atoms = structures.load("ZIF-8")
    write(tmp_path / "POSCAR_start", atoms, format="vasp", sort=True)
    assert len(structures.load(tmp_path / "POSCAR_start")) == 138
    write_structure(tmp_path / "z.data", atoms)
    for ending in ("data", "extxyz"):
        write_structure(tmp_path / f"z.{ending}", atoms)
        with (
            open(tmp_path / f"z.{ending}", "rb") as plain,
            gzip.open(tmp_path / f"z.{ending}.gz", "wb") as packed,
        ):
            shutil.copyfileobj(plain, packed)
        assert len(structures.load(tmp_path / f"z.{ending}.gz")) == 138


def test_no_calculator_velocity_or_constraint_is_carried(tmp_path: Path) -> None:
    atoms = structures.load("ZIF-8")
    atoms.set_momenta(np.ones((len(atoms), 3)))
    write(tmp_path / "a.extxyz", atoms)
    again = structures.load(tmp_path / "a.extxyz")
    assert set(again.arrays) == {"numbers", "positions"}
    assert again.calc is None


def test_shared_files(shared: Path) -> None:
    assert len(structures.load(shared / "glasses" / "ZIF4_15glass01.cif")) == 272
    azif = structures.load(shared / "azif" / "m1-zif_ace_24.data.gz")
    assert azif.get_chemical_formula() == "C10368H10368N6912Zn1728"


def test_authors_topology_needs_its_elements(shared: Path) -> None:
    """The nb-ZIF-FF authors' file has odd masses and dummy sites: guessed, its Zn would be Cu and its N C."""
    path = shared / "nb-zif-ff" / "zni-authors.data.gz"
    with pytest.raises(InputError, match=r"type 1 weighs 64\.3721 u, which is no element; .*--elements"):
        structures.load(path)
    atoms = structures.load(path, elements=["Zn", "C", "N", "C", "H", "H", "X", "X"])
    assert atoms.get_chemical_formula() == "C384H384N256Zn64"
    with pytest.raises(InputError, match="one element for every type"):
        structures.load(path, elements=["Zn", "C"])
    with pytest.raises(InputError, match="'Q' is not an element"):
        structures.load(path, elements=["Q"])


DATA = """LAMMPS data file

2 atoms
2 atom types

0 10 xlo xhi
0 10 ylo yhi
0 10 zlo zhi
{tilt}
Masses

1 {mass} # {label}
2 14.007

Atoms # {style}

{atoms}
"""


@pytest.mark.parametrize(
    ("style", "rows"),
    [
        ("atomic", ["2 2 3 3 3", "1 1 1 1 1 1 0 0"]),
        ("charge", ["2 2 -0.5 3 3 3", "1 1 0.5 1 1 1"]),
        ("molecular", ["2 1 2 3 3 3", "1 1 1 1 1 1"]),
        ("full", ["2 1 2 -0.5 3 3 3", "1 1 1 0.5 1 1 1"]),
    ],
)
def test_lammps_styles(tmp_path: Path, style: str, rows: list[str]) -> None:
    if style == "atomic":
        rows = ["2 2 3 3 3 0 0 0", rows[1]]
    path = tmp_path / "a.data"
    path.write_text(
        DATA.format(tilt="1 2 3 xy xz yz\n", mass=65.38, label="Zn", style=style, atoms="\n".join(rows))
    )
    atoms = structures.load(path)
    assert atoms.get_chemical_symbols() == ["Zn", "N"]
    np.testing.assert_allclose(atoms.cell.array, [[10, 0, 0], [1, 10, 0], [2, 3, 10]])
    expected = [11.0, 1.0, 1.0] if style == "atomic" else [1.0, 1.0, 1.0]  # the image flag 1 0 0
    np.testing.assert_allclose(atoms.positions, [expected, [3, 3, 3]])


def test_lammps_label_that_contradicts_its_mass(tmp_path: Path) -> None:
    path = tmp_path / "a.data"
    rows = "1 1 1 1 1\n2 2 3 3 3"
    path.write_text(DATA.format(tilt="", mass=1.008, label="He", style="atomic", atoms=rows))
    with pytest.raises(InputError, match=r"weighs 1\.008 u as H does, but is labelled 'He'"):
        structures.load(path)


def test_lammps_without_masses_or_style(tmp_path: Path) -> None:
    rows = "1 1 1 1 1\n2 2 3 3 3"
    text = DATA.format(tilt="", mass=65.38, label="Zn", style="atomic", atoms=rows)
    path = tmp_path / "a.data"
    path.write_text(text.replace("Masses\n\n1 65.38 # Zn\n2 14.007\n", ""))
    with pytest.raises(InputError, match="no Masses section"):
        structures.load(path)
    assert structures.load(path, elements=["Zn", "N"]).get_chemical_formula() == "NZn"
    path.write_text(text.replace("2 2 3 3 3", "2 2 3 3 3 3 3 3 3 3 3"))
    with pytest.raises(InputError, match="cannot be read as a LAMMPS data file"):
        structures.load(path)
    path.write_text(text.rsplit("\n", 2)[0])
    with pytest.raises(InputError, match="cannot be read as a LAMMPS data file"):
        structures.load(path)


def test_one_of_several_structures(tmp_path: Path) -> None:
    frames = [Atoms("Zn", positions=[[k, 0, 0]], cell=[9, 9, 9], pbc=True) for k in range(3)]
    path = tmp_path / "many.extxyz"
    write(path, frames)
    with pytest.raises(InputError, match=r"holds 3 structures where one is wanted; .*many.extxyz@0"):
        structures.load(path)
    assert structures.load(f"{path}@1").positions[0, 0] == 1
    assert structures.load(f"{path}@-1").positions[0, 0] == 2
    with pytest.raises(InputError, match=r"holds 3 structures, .* no .*many\.extxyz@7"):
        structures.load(f"{path}@7")
    write(tmp_path / "many.cif", frames)
    with pytest.raises(InputError, match=r"holds 3 structures, .* no .*many\.cif@-4"):
        structures.load(f"{tmp_path / 'many.cif'}@-4")


def test_plain_xyz_has_no_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nZn 0 0 0\n")
    with pytest.raises(InputError, match=r"a\.xyz has no periodic cell; write it as extended XYZ"):
        structures.load(path)


def test_partial_occupancy(tmp_path: Path) -> None:
    path = tmp_path / "a.cif"
    path.write_text(
        "data_a\n_cell_length_a 9\n_cell_length_b 9\n_cell_length_c 9\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\n_space_group_name_H-M_alt 'P 1'\nloop_\n"
        "_atom_site_label\n_atom_site_type_symbol\n_atom_site_occupancy\n_atom_site_fract_x\n"
        "_atom_site_fract_y\n_atom_site_fract_z\nZn1 Zn 1.0 0 0 0\nO1 O 0.5 0.5 0.5 0.5\n"
    )
    with pytest.raises(InputError, match=r"site 1 is partly occupied \(O 0.5\)"):
        structures.load(path)


def test_atoms_on_one_another(tmp_path: Path) -> None:
    path = tmp_path / "a.extxyz"
    write(path, Atoms("ZnNN", positions=[[0, 0, 0], [4, 4, 4], [8.9, 0, 0.3]], cell=[9, 9, 9], pbc=True))
    with pytest.raises(InputError, match=r"atoms 0 \(Zn\) and 2 \(N\), counted from 0, are 0.32 Å apart"):
        structures.load(path)


def test_positions_that_are_not_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.extxyz"
    path.write_text('1\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3\nZn nan 0 0\n')
    with pytest.raises(InputError, match="not numbers"):
        structures.load(path)


@pytest.mark.parametrize("name", ["a.cif", "a.extxyz", "POSCAR", "a.data", "a.extxyz.gz", "a.data.gz"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe binary", b"not a structure\nat all\n"])
def test_rubbish(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        structures.load(path)


def test_missing_file() -> None:
    with pytest.raises(InputError, match=r"there is no file nowhere/a\.cif"):
        structures.load("nowhere/a.cif")


@pytest.mark.parametrize("ending", ["traj", "pkl", "db", "json", "h5"])
def test_only_text_formats(tmp_path: Path, ending: str) -> None:
    """A file that could run code when read is never opened."""
    path = tmp_path / f"a.{ending}"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(InputError, match="not a structure file by its name; give CIF"):
        structures.load(path)


def test_elements_only_for_lammps(tmp_path: Path) -> None:
    write_structure(tmp_path / "a.cif", structures.load("ZIF-8"))
    with pytest.raises(InputError, match="only for LAMMPS data"):
        structures.load(tmp_path / "a.cif", elements=["Zn"])


def test_cell_and_ratio_are_for_the_catalogue(tmp_path: Path) -> None:
    write_structure(tmp_path / "a.cif", structures.load("ZIF-8"))
    with pytest.raises(InputError, match="is a file; a cell can be chosen only for a catalogue name"):
        structures.build(tmp_path / "a.cif", cell="cubic")
    assert len(structures.build(tmp_path / "a.cif", repeats=(2, 1, 1))) == 276


@pytest.mark.parametrize("name", ["a.foo", "a", "a.cif.gz", "nowhere/a.cif"])
def test_unwritable(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"no format to write|no directory"):
        write_structure(tmp_path / name, structures.load("ZIF-8"))


@pytest.mark.parametrize(("content", "says"), [(b"", "is empty"), (b"\xff\xfe\x00", "binary file, no text")])
def test_no_text(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.extxyz").write_bytes(content)
    with pytest.raises(InputError, match=says):
        structures.load(tmp_path / "a.extxyz")
