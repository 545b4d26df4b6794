"""Extended XYZ with labels: keys and units of several programs, changing atoms, gzip, what is refused."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from mofglass.datasets import LabelledFrame, open_dataset
from mofglass.datasets.exporting import export_extxyz
from mofglass.errors import InputError

HEAD = 'Lattice="8 0 0 0 9 0 0 0 10" Properties=species:S:1:pos:R:3:forces:R:3 energy=-10.5'
ROWS = "Zn 0.1 0.2 0.3 1.0 2.0 3.0\nN 2.0 2.1 2.2 -1.0 -2.0 -3.0\n"


def written(path: Path, *frames: tuple[str, str]) -> Path:
    path.write_text("".join(f"{rows.count(chr(10))}\n{comment}\n{rows}" for comment, rows in frames))
    return path


def test_as_ase_writes_it(tmp_path: Path) -> None:
    """Frames of different atoms, with all six components of stress, read as ASE reads them."""
    random = np.random.default_rng(3)
    images = []
    for formula in ("ZnN2C3", "C2H6", "Zn4"):
        atoms = Atoms(formula, cell=np.diag([7.0, 8, 9]) + random.uniform(0, 1, (3, 3)), pbc=True)
        atoms.positions = random.uniform(0, 7, (len(atoms), 3))
        atoms.calc = SinglePointCalculator(
            atoms,
            energy=random.normal(),
            forces=random.normal(size=(len(atoms), 3)),
            stress=random.normal(size=6),
        )
        atoms.info |= {"source": "made", "target_T": 700.0, "k": 4}
        images.append(atoms)
    write(tmp_path / "three.extxyz", images)
    dataset = open_dataset(tmp_path / "three.extxyz")
    assert dataset.table.formula.tolist() == ["C3N2Zn", "C2H6", "Zn4"]
    for frame, atoms in zip(dataset, images, strict=True):
        expected = LabelledFrame.from_atoms(atoms)
        assert frame.info["k"] == 4
        assert (frame.source, frame.temperature_K) == ("made", 700)
        np.testing.assert_array_equal(frame.numbers, expected.numbers)
        np.testing.assert_allclose(frame.positions, expected.positions, atol=1e-8)
        np.testing.assert_allclose(frame.cell, expected.cell, atol=1e-12)
        np.testing.assert_allclose(frame.forces_eV_per_A, expected.forces_eV_per_A, atol=1e-8)
        np.testing.assert_allclose(frame.stress_eV_per_A3, expected.stress_eV_per_A3, atol=1e-12)
        assert frame.energy_eV == pytest.approx(expected.energy_eV, abs=1e-12)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('stress="1 2 3 4 5 6"', [[1, 6, 5], [6, 2, 4], [5, 4, 3]]),
        ('stress="1 6 5 6 2 4 5 4 3"', [[1, 6, 5], [6, 2, 4], [5, 4, 3]]),
        # QUIP's virial, eV, is minus the volume (720 Å³) times the stress
        ('virial="-720 0 0 0 -1440 0 0 0 720"', [[1, 0, 0], [0, 2, 0], [0, 0, -1]]),
        ('virial="7 7 7 7 7 7" stress="1 1 1 0 0 0"', np.eye(3)),
        ('stress = "1 1 1 0 0 0"', np.eye(3)),
        # a stress of another family is of another method
        ('REF_stress="1 1 1 0 0 0"', None),
        ("", None),
    ],
)
def test_stress_and_virial(tmp_path: Path, words: str, expected) -> None:
    frame = open_dataset(written(tmp_path / "a.xyz", (f"{HEAD} {words}", ROWS)))[0]
    if expected is None:
        assert frame.stress_eV_per_A3 is None
    else:
        np.testing.assert_allclose(frame.stress_eV_per_A3, expected)


def test_keys_of_other_programs(tmp_path: Path) -> None:
    """Columns in another order, atomic numbers, MACE's keys; the reference wins over nothing but itself."""
    comment = (
        'Lattice="8 0 0 0 9 0 0 0 10" Properties="REF_forces:R:3:Z:I:1:magmoms:R:1:pos:R:3" REF_energy=-3.5 '
        "free_energy=-9"
    )
    file = written(tmp_path / "a.xyz", (comment, "1 2 3 30 0.5 4 5 6\n-1 -2 -3 7 0.5 7 7.5 8\n"))
    frame = open_dataset(file)[0]
    assert frame.numbers.tolist() == [30, 7]
    assert frame.energy_eV == -3.5
    np.testing.assert_array_equal(frame.forces_eV_per_A, [[1, 2, 3], [-1, -2, -3]])
    np.testing.assert_array_equal(frame.positions, [[4, 5, 6], [7, 7.5, 8]])
    assert frame.source == "a"
    assert frame.info == {"free_energy": -9, "frame": 0, "file": str(file)}


def test_labels_are_of_one_family_the_reference_before_others(tmp_path: Path) -> None:
    comment = (
        'Lattice="8 0 0 0 9 0 0 0 10" Properties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3 energy=-1 '
        'REF_energy=-2 dft_energy=-3 stress="1 1 1 0 0 0" REF_stress="2 2 2 0 0 0"'
    )
    rows = "Zn 0 0 0 1 1 1 2 2 2\n"
    frame = open_dataset(written(tmp_path / "a.xyz", (comment, rows)))[0]
    assert frame.energy_eV == -2
    np.testing.assert_array_equal(frame.forces_eV_per_A, [[2, 2, 2]])
    np.testing.assert_array_equal(frame.stress_eV_per_A3, 2 * np.eye(3))
    assert "energy" not in frame.info
    # a reference energy without its forces is no label, and lends the others nothing
    frame = open_dataset(written(tmp_path / "b.xyz", (comment.replace("REF_forces", "charges"), rows)))[0]
    assert frame.energy_eV == -1
    np.testing.assert_array_equal(frame.forces_eV_per_A, [[1, 1, 1]])
    np.testing.assert_array_equal(frame.stress_eV_per_A3, np.eye(3))


@pytest.mark.parametrize(
    "source", ["001", "1e3", "1 2 3", "T", "a=b", 'say "5\'"', "back\\slash \\", "{x} [y]"]
)
def test_source_comes_back_as_written(tmp_path: Path, source: str) -> None:
    atoms = Atoms("Zn", cell=[8, 8, 8], pbc=True)
    frame = LabelledFrame(
        atoms.numbers, atoms.positions, atoms.cell.array, -1.0, np.zeros((1, 3)), None, source
    )
    export_extxyz([frame], tmp_path / "a.extxyz")
    assert open_dataset(tmp_path / "a.extxyz").sources == (source,)
    unquoted = f'{HEAD} note="source=other" source=007'
    assert open_dataset(written(tmp_path / "b.xyz", (unquoted, ROWS))).sources == ("007",)


def test_gzip_cut_short_and_blank_lines(tmp_path: Path) -> None:
    text = f"2\n{HEAD}\n{ROWS}" + f"1\n{HEAD}\n{ROWS.splitlines()[0]}\n"
    (tmp_path / "blank.xyz").write_text(text + "\n\n\n")
    assert open_dataset(tmp_path / "blank.xyz").table.n_atoms.tolist() == [2, 1]
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write((text * 200).encode())
    (tmp_path / "all.xyz.gz").write_bytes(packed.getvalue())
    dataset = open_dataset(tmp_path / "all.xyz.gz")
    assert dataset.table.n_atoms.tolist() == [2, 1] * 200
    assert dataset[399].n_atoms == 1
    assert dataset[2].n_atoms == 2  # backwards
    (tmp_path / "cut.xyz").write_text((text * 2)[:-40])
    with pytest.warns(UserWarning, match="frame 3 is incomplete and is left out"):
        assert open_dataset(tmp_path / "cut.xyz").table.n_atoms.tolist() == [2, 1, 2]


def test_every_teachers_frame(shared: Path) -> None:
    """The frames the project starts from: atoms change from frame to frame, all labels are there."""
    file = shared / "labels" / "explored.extxyz.gz"
    dataset = open_dataset(file)
    assert set(dataset.table.n_atoms) == {272, 544}
    assert dataset.table.has_stress.all()
    assert set(dataset.table.temperature_K) <= {200, 300, 450, 500, 600, 700, 900, 1200, 1500, 1800, 2000}
    for row, atoms in enumerate(read(file, index="3:6"), 3):
        np.testing.assert_allclose(dataset[row].positions, atoms.positions)
        np.testing.assert_allclose(dataset[row].stress_eV_per_A3, atoms.get_stress(voigt=False))
    assert dataset.elements == ("H", "C", "N", "Zn")


@pytest.mark.parametrize(
    ("comment", "rows", "sentence"),
    [
        (HEAD.replace(":forces:R:3", ""), "Zn 0 0 0\n", "frame 0 has no forces .*mofglass dataset label"),
        (HEAD.replace("energy", "colour"), ROWS, "frame 0 has no energy"),
        (HEAD.replace("Lattice", "Box"), ROWS, "frame 0 has no Lattice"),
        (HEAD.replace("energy", "REF_energy"), ROWS, "energy is called REF_energy and its forces forces"),
        (HEAD.replace("pos:R:3", "pos:R:2"), ROWS, "pos or forces is not of 3 numbers"),
        (HEAD.replace("-10.5", "low"), ROWS, "energy=low is not a number"),
        (HEAD + ' pbc="F F F"', ROWS, "frame 0 is not periodic in three directions: give it a cell"),
        (HEAD + ' pbc="T T F"', ROWS, "frame 0 is not periodic"),
        (HEAD + " pbc=F", ROWS, "frame 0 is not periodic"),
        (HEAD + ' pbc="1 0 1"', ROWS, "frame 0 is not periodic"),
        (HEAD + ' stress="1 2 3"', ROWS, "stress is not 6 or 9 numbers"),
        (HEAD, ROWS.replace("N 2.0", "Q 2.0"), "atom 1, counted from 0, is called 'Q'"),
        (HEAD, ROWS.replace("-2.0", "x"), "the line of atom 1"),
        (HEAD, ROWS.replace("3.0", "nan"), "the force of atom 0"),
    ],
)
def test_refused(tmp_path: Path, comment: str, rows: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_dataset(written(tmp_path / "bad.xyz", (comment, rows)))


def test_a_line_too_many(tmp_path: Path) -> None:
    file = written(tmp_path / "bad.xyz", (HEAD, ROWS))
    file.write_text(file.read_text() + f"Zn 0 0 0 0 0 0\n2\n{HEAD}\n{ROWS}")
    with pytest.raises(InputError, match="frame 1 begins with 'Zn 0 0 0 0 0 0'"):
        open_dataset(file)
