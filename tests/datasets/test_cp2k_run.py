"""A real CP2K run: units, signs, pairing of files; forces and stress are derivatives of the energy."""

from __future__ import annotations

import gzip
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.datasets import open_dataset
from mofglass.errors import InputError

REAL = Path(__file__).parent / "data" / "cp2k"
HARTREE_EV, BOHR_A = 27.211386, 0.5291772109
N_ATOMS, LINES_A_FRAME = 17, 19


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of the run; returns its position file."""
    for file in REAL.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / "znim2-pos-1.xyz"


def frames_of(path: Path) -> list[list[str]]:
    lines = path.read_text().splitlines(keepends=True)
    return [lines[k : k + LINES_A_FRAME] for k in range(0, len(lines), LINES_A_FRAME)]


def test_energy_forces_and_stress_are_those_of_the_main_output(run: Path) -> None:
    """Taken from the main output by hand: step 0, in atomic units and GPa."""
    dataset = open_dataset(run)
    assert len(dataset) == 7
    frame = dataset[0]
    assert frame.energy_eV == pytest.approx(-137.528015627808685 * HARTREE_EV, abs=1e-4)
    # "2 2 N -0.13907249 0.00781122 0.00137020" under ATOMIC FORCES in [a.u.]
    np.testing.assert_allclose(
        frame.forces_eV_per_A[1] / (HARTREE_EV / BOHR_A), [-0.13907249, 0.00781122, 0.00137020], atol=1e-8
    )
    # "STRESS| x 6.33011550866 0.129678258012 -0.151624709898" GPa, positive in compression
    assert frame.stress_eV_per_A3 is not None
    np.testing.assert_allclose(
        -frame.stress_eV_per_A3[0] * 160.21766, [6.33011550866, 0.129678258012, -0.151624709898], rtol=1e-6
    )
    np.testing.assert_allclose(frame.cell, [[11.2, 0, 0], [0.6, 7.6, 0], [0.4, -0.5, 7.2]])
    assert dataset.elements == ("H", "C", "N", "Zn")
    assert frame.numbers[0] == 30
    np.testing.assert_allclose(frame.positions[0], [6.1, 3.55, 3.6])
    np.testing.assert_array_equal(dataset.table.temperature_K, 500)
    assert dataset.sources == ("znim2",)
    # the .ener file, hartree
    potential = np.loadtxt(REAL / "znim2-1.ener")[:, 4]
    np.testing.assert_allclose(dataset.table.energy_eV, potential * HARTREE_EV, atol=1e-4)


def test_energy_changes_by_the_work_of_forces_and_stress(run: Path) -> None:
    """From step to step dE = -F du + V sigma:strain by the trapezoidal rule, atoms moving with the cell."""
    frames = list(open_dataset(run))
    works = []
    for before, after in pairwise(frames):
        moved = after.positions @ np.linalg.inv(after.cell) - before.positions @ np.linalg.inv(before.cell)
        forces = before.forces_eV_per_A + after.forces_eV_per_A
        of_forces = -0.5 * np.sum(forces * (moved @ (before.cell + after.cell) / 2))
        deformation = np.linalg.solve(before.cell, after.cell)
        strain = (deformation + deformation.T) / 2 - np.eye(3)
        stress = (before.stress_eV_per_A3 + after.stress_eV_per_A3) / 2
        of_stress = (before.volume_A3 + after.volume_A3) / 2 * np.sum(stress * strain)
        works.append((after.energy_eV - before.energy_eV, of_forces + of_stress, of_stress))
    change, work, of_stress = np.array(works).T
    np.testing.assert_allclose(work, change, atol=2e-4)
    # that says something: the stress alone does 0.03 to 0.05 eV a step, and with the wrong sign twice that
    assert np.all(of_stress < -0.03)


def test_the_stress_file_is_freed_of_its_kinetic_part(run: Path) -> None:
    from_output = [frame.stress_eV_per_A3 for frame in open_dataset(run)]
    (run.parent / "znim2.out").unlink()
    dataset = open_dataset(run)
    from_file = [frame.stress_eV_per_A3 for frame in dataset]
    np.testing.assert_allclose(from_file, from_output, atol=1e-7)
    total = np.loadtxt(REAL / "znim2-1.stress")[0, 2] / 1602176.6
    assert abs(total + from_output[0][0, 0]) > 1e-3  # the kinetic part of xx is 1875 bar
    assert np.isnan(dataset.table.temperature_K).all()


def test_a_stress_file_without_velocities_is_not_used(run: Path) -> None:
    (run.parent / "znim2.out").unlink()
    (run.parent / "znim2-vel-1.xyz").unlink()
    with pytest.warns(UserWarning, match="kinetic part"):
        dataset = open_dataset(run)
    assert not dataset.table.has_stress.any()
    assert dataset[2].stress_eV_per_A3 is None


def test_pairing_by_step(run: Path) -> None:
    """Forces of every other step, the last ones first seen in a restart that wrote step 4 again."""
    whole = list(open_dataset(run))
    forces = run.with_name("znim2-frc-1.xyz")
    parts = frames_of(forces)
    wrong = [line.replace(" -0.", "  9.") for line in parts[4]]
    forces.write_text("".join("".join(part) for part in (parts[0], parts[2], wrong, parts[4], parts[6])))
    positions = frames_of(run)
    run.write_text("".join("".join(part) for part in positions[1:]))
    dataset = open_dataset(run)
    assert [frame.info["step"] for frame in dataset] == [2, 4, 6]
    for frame in dataset:
        expected = whole[frame.info["step"]]
        np.testing.assert_array_equal(frame.forces_eV_per_A, expected.forces_eV_per_A)
        np.testing.assert_array_equal(frame.positions, expected.positions)
        np.testing.assert_array_equal(frame.cell, expected.cell)
        np.testing.assert_array_equal(frame.stress_eV_per_A3, expected.stress_eV_per_A3)
        assert frame.energy_eV == expected.energy_eV


def test_constant_volume_by_what_cp2k_writes_by_default(tmp_path: Path) -> None:
    """No cell file: the cell stands in the restart file; alpha, beta 90, gamma 80 degrees."""
    for file in (REAL.parent / "cp2k_nvt").iterdir():
        shutil.copy(file, tmp_path)
    dataset = open_dataset(tmp_path / "h2-pos-1.xyz")
    assert [frame.info["step"] for frame in dataset] == [0, 1, 2]
    gamma = np.radians(80)
    expected = [[4.5, 0, 0], [5 * np.cos(gamma), 5 * np.sin(gamma), 0], [0, 0, 5.5]]
    for frame in dataset:
        np.testing.assert_allclose(frame.cell, expected, atol=1e-12)
    assert not dataset.table.has_stress.any()
    restart = tmp_path / "h2-1.restart"
    restart.write_text(restart.read_text().replace("ENSEMBLE  NVT", "ENSEMBLE  NPT_I"))
    with pytest.raises(InputError, match=r"put h2-1\.cell beside it .*or of a run at constant volume"):
        open_dataset(tmp_path / "h2-pos-1.xyz")


def test_gzipped(run: Path) -> None:
    expected = open_dataset(run)[5]
    for kind in ("pos", "frc"):
        file = run.with_name(f"znim2-{kind}-1.xyz")
        with gzip.open(f"{file}.gz", "wb") as packed:
            packed.write(file.read_bytes())
        file.unlink()
    frame = open_dataset(run.with_name(run.name + ".gz"))[5]
    np.testing.assert_array_equal(frame.forces_eV_per_A, expected.forces_eV_per_A)


def test_frames_whose_scf_did_not_converge_are_left_out(run: Path) -> None:
    output = run.with_name("znim2.out")
    text = output.read_text()
    ends = [match.start() for match in re.finditer(r"outer SCF loop converged", text)]
    output.write_text(text[: ends[2]] + "outer SCF loop FAILED to converge" + text[ends[2] + 24 :])
    with pytest.warns(UserWarning, match="SCF of 1 of 7 frames"):
        dataset = open_dataset(run)
    assert [frame.info["step"] for frame in dataset] == [0, 1, 3, 4, 5, 6]
    np.testing.assert_allclose(dataset[2].cell[0, 0], 11.2516455086)


def test_stress_of_versions_before_8(run: Path) -> None:
    """The older title, in another unit: same numbers."""
    expected = [full_3x3_to_voigt_6_stress(frame.stress_eV_per_A3) for frame in open_dataset(run)]
    output = run.with_name("znim2.out")

    def older(match: re.Match[str]) -> str:
        rows = [line.split()[1:] for line in match.group(1).splitlines()]
        shown = "".join(
            f"  {r[0].upper()} " + "".join(f"{float(x):20.12f}" for x in r[1:]) + "\n" for r in rows
        )
        return f" STRESS TENSOR [GPa]\n\n            X               Y               Z\n{shown}"

    pattern = r" STRESS\| Analytical stress tensor \[GPa\]\n STRESS\|\s+x +y +z\n((?: STRESS\| .*\n){3})"
    text, count = re.subn(pattern, older, output.read_text())
    assert count == 7
    output.write_text(text)
    found = [full_3x3_to_voigt_6_stress(frame.stress_eV_per_A3) for frame in open_dataset(run)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("znim2-frc-1.xyz", "without its forces: put znim2-frc-1.xyz beside it"),
        ("znim2-1.cell", "put znim2-1.cell beside it"),
    ],
)
def test_missing_files(run: Path, missing: str, sentence: str) -> None:
    (run.parent / missing).unlink()
    with pytest.raises(InputError, match=sentence):
        open_dataset(run)


def test_cells_of_other_steps_and_forces_of_another_run(run: Path) -> None:
    cell = run.with_name("znim2-1.cell")
    lines = cell.read_text().splitlines(keepends=True)
    cell.write_text("".join(lines[:-2]))
    with pytest.raises(InputError, match="no cell for step 5 and 1 others"):
        open_dataset(run)
    # The last alone is what a kill leaves.
    cell.write_text("".join(lines)[:-20])
    with pytest.warns(UserWarning, match=r"znim2-1.cell ends before step 6, the last: it is left out"):
        assert len(open_dataset(run)) == 6
    cell.write_text("".join(lines))
    forces = run.with_name("znim2-frc-1.xyz")
    text = forces.read_text()
    forces.write_text(text.replace("E =      -137.5281482566", "E =      -137.5281482966"))
    with pytest.raises(InputError, match="different energies for step 1: use the files of one run"):
        open_dataset(run)
    forces.write_text(text.replace(" Zn ", " Cd "))
    with pytest.raises(InputError, match="atoms are not those of znim2-frc-1"):
        open_dataset(run)


def test_kept_and_opened_again(run: Path, tmp_path: Path) -> None:
    dataset = open_dataset(run)
    dataset[::2].save(tmp_path / "half.dataset.h5")
    again = open_dataset(tmp_path / "half.dataset.h5")
    assert len(again) == 4
    np.testing.assert_array_equal(again[3].stress_eV_per_A3, dataset[6].stress_eV_per_A3)
    np.testing.assert_array_equal(again[1].forces_eV_per_A, dataset[2].forces_eV_per_A)
    np.testing.assert_array_equal(again[1].cell, dataset[2].cell)
