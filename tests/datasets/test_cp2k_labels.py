"""CP2K's input, its output read and judged, and the program itself where it is installed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.units import Bohr, Hartree

from mofglass import structures
from mofglass.datasets import open_dataset
from mofglass.datasets.cp2k_input import Cp2kLevel, OrbitalTransformation, cp2k_guess_input, cp2k_input
from mofglass.datasets.cp2k_labels import PROGRAMS, Cp2kLabeller, read_cp2k_output
from mofglass.datasets.label import label_frames
from mofglass.datasets.labels import LabellingError
from mofglass.errors import InputError

# As CP2K 2023.1 prints them for H2 in a box of 4 x 4.4 x 4.8 Å.
OUTPUT = """\
 CP2K| version string:                                       CP2K version 2023.1
  outer SCF iter =    1 RMS gradient =   0.66E-06 energy =         -1.1648061603
  outer SCF loop converged in   1 iterations or    7 steps

 ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:               -1.164806160276684

 ATOMIC FORCES in [a.u.]

 # Atom   Kind   Element          X              Y              Z
      1      1      H           0.00000000     0.00000000     0.00309465
      2      1      H           0.00000000     0.00000000     0.02739961
 SUM OF ATOMIC FORCES           0.00000000     0.00000000     0.03049427     0.03049427

 STRESS| Analytical stress tensor [GPa]
 STRESS|                        x                   y                   z
 STRESS|      x       -2.83208153821E+00  -7.67714319518E-07  -3.39236350247E-06
 STRESS|      y       -7.67714319518E-07  -1.20415073302E+00  -8.66189663189E-07
 STRESS|      z       -3.39236350247E-06  -8.66189663189E-07  -1.96552825832E+00
 STRESS| 1/3 Trace                                            -2.00058679E+00
"""
# As CP2K 2025.1 prints energy and forces (https://github.com/deepmodeling/dpdata/issues/850), and in bar.
OUTPUT_2025 = """\
 CP2K| version string:                                       CP2K version 2025.1
  outer SCF loop converged in   1 iterations or    7 steps

 ENERGY| Total FORCE_EVAL ( QS ) energy [hartree]             -1.164806160276684

 FORCES| Atomic forces [hartree/bohr]
 FORCES|   Atom     x               y               z               |f|
 FORCES|      1  0.00000000E+00  0.00000000E+00  3.09465000E-03  3.09465000E-03
 FORCES|      2  0.00000000E+00  0.00000000E+00  2.73996100E-02  2.73996100E-02
 FORCES|    Sum  0.00000000E+00  0.00000000E+00  3.04942700E-02  3.04942700E-02

 STRESS| Analytical stress tensor [bar]
 STRESS|                        x                   y                   z
 STRESS|      x       -2.83208153821E+04  -7.67714319518E-03  -3.39236350247E-02
 STRESS|      y       -7.67714319518E-03  -1.20415073302E+04  -8.66189663189E-03
 STRESS|      z       -3.39236350247E-02  -8.66189663189E-03  -1.96552825832E+04
 STRESS| 1/3 Trace                                            -2.00058679E+04
"""
UNCONVERGED = """\
  outer SCF iter =    2 RMS gradient =   0.15E-02 energy =         -1.1648035314
  outer SCF loop FAILED to converge after    2 iterations or    4 steps

 *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***
"""
ABORT = """\
 *******************************************************************************
 *   ___                                                                       *
 *  /   \\                                                                      *
 * [ABORT]                                                                     *
 *  \\___/      The requested basis set <NONE> for element <H> was not found    *
 *    |                                                                        *
 *  O/|                                                                        *
 * /| |                                                                        *
 * / \\                                                         cp_parser.F:100 *
 *******************************************************************************
"""


def test_input_states_the_level_of_the_paper():
    text = cp2k_input(structures.load("SALEM-2"))
    kinds = {part.split()[0]: part.split() for part in text.split("&KIND ")[1:]}
    assert {name: words[2] for name, words in kinds.items()} == {
        "H": "DZVP-GTH-PBE",
        "C": "DZVP-GTH-PBE",
        "N": "DZVP-GTH-PBE",
        "Zn": "DZVP-MOLOPT-SR-GTH",
    }
    for wanted in (
        "CUTOFF [Ry] 600",
        "&XC_FUNCTIONAL PBE",
        "TYPE DFTD3\n",
        "EPS_SCF 1.0E-06",
        "&OT",
        "&OUTER_SCF",
        "STRESS_TENSOR ANALYTICAL",
        "&FORCES",
    ):
        assert wanted in text
    assert text.count("&END") == text.count("&") / 2


def test_input_holds_cell_and_atoms_to_the_last_digit():
    atoms = structures.load("SALEM-2")
    lines = cp2k_input(atoms).splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip() == "&COORD") + 1
    rows = [line.split() for line in lines[start : start + len(atoms)]]
    assert [row[0] for row in rows] == atoms.get_chemical_symbols()
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), atoms.positions, atol=1e-12)
    vectors = [line.split()[1:] for line in lines if line.split()[0] in ("A", "B", "C")][:3]
    np.testing.assert_allclose(np.array(vectors, float), atoms.cell.array, atol=1e-12)


def test_dispersion_restart_and_guess():
    atoms = molecule("H2", cell=[4, 4, 4], pbc=True)
    assert "VDW_POTENTIAL" not in cp2k_input(atoms, Cp2kLevel(dispersion="none"))
    assert "DFTD3(BJ)" in cp2k_input(atoms, Cp2kLevel(dispersion="D3BJ"))
    assert "SCF_GUESS RESTART" in cp2k_input(atoms, restart=True)
    guess = cp2k_guess_input(atoms)
    assert "&DIAGONALIZATION" in guess
    assert "&OT" not in guess


def test_structure_without_a_cell_is_refused():
    with pytest.raises(InputError, match="not periodic in three directions"):
        cp2k_input(molecule("H2"))


def test_output_is_converted_and_the_sign_of_stress_turned():
    labels = read_cp2k_output(OUTPUT, 2)
    assert labels.energy_eV == pytest.approx(-1.164806160276684 * Hartree)
    np.testing.assert_allclose(
        labels.forces_eV_per_A[:, 2], np.array([0.00309465, 0.02739961]) * Hartree / Bohr
    )
    assert labels.stress_eV_per_A3 is not None
    assert labels.stress_eV_per_A3[0, 0] == pytest.approx(2.83208153821 / 160.21766)
    assert labels.info == {"program": "CP2K 2023.1", "scf_steps": 7}


def test_output_of_version_2025_has_the_same_labels():
    labels, older = read_cp2k_output(OUTPUT_2025, 2), read_cp2k_output(OUTPUT, 2)
    assert labels.energy_eV == older.energy_eV
    np.testing.assert_allclose(labels.forces_eV_per_A, older.forces_eV_per_A, rtol=1e-12)
    np.testing.assert_allclose(labels.stress_eV_per_A3, older.stress_eV_per_A3, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (OUTPUT_2025.replace("hartree/bohr", "eV/angstrom"), "forces"),
        (OUTPUT.partition(" ATOMIC FORCES")[0], "forces, stress"),
        ("", "energy, forces, stress"),
    ],
)
def test_what_a_program_that_ended_well_did_not_print_is_named(text, missing):
    with pytest.raises(LabellingError, match=f"code 0, but its output labels.out has no {missing} that"):
        read_cp2k_output(text, 2)


def test_stress_in_a_unit_that_is_not_known():
    with pytest.raises(LabellingError, match=r"labels.out: its stress tensor in furlong .* print it in GPa"):
        read_cp2k_output(OUTPUT.replace("[GPa]", "[furlong]"), 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (UNCONVERGED, r"self-consistent field did not converge \(gradient 0.15E-02\)"),
        (OUTPUT + UNCONVERGED, "did not converge"),
        (ABORT, "code 1: The requested basis set <NONE> for element <H> was not found"),
        ("", "code 1: it wrote nothing"),
        (OUTPUT.replace("     0.02739961", " *************"), "CP2K ended"),
        (OUTPUT.split("STRESS| ")[0], "CP2K ended"),
    ],
)
def test_output_that_must_not_become_labels(text, reason):
    with pytest.raises(LabellingError, match=reason):
        read_cp2k_output(text, 2, 1)


def test_forces_of_another_number_of_atoms_are_refused():
    with pytest.raises(LabellingError):
        read_cp2k_output(OUTPUT, 3)


def test_absent_program_is_told_before_any_frame(tmp_path):
    atoms = molecule("H2", cell=[4, 4, 4], pbc=True)
    with pytest.raises(InputError, match="CP2K is not installed here"):
        label_frames([atoms], Cp2kLabeller(command="no-such-cp2k"), tmp_path / "a")


needs_cp2k = pytest.mark.skipif(not any(map(shutil.which, PROGRAMS)), reason="CP2K is not installed")
SMALL = Cp2kLevel(cutoff_Ry=150.0)


def hydrogen(bond_A: float = 0.74, scale: float = 1.0) -> Atoms:
    atoms = Atoms("H2", [[0.2, 0.1, 0.0], [0.2, 0.1, bond_A]], cell=[4.0, 4.4, 4.8], pbc=True)
    atoms.set_cell(atoms.cell * scale, scale_atoms=True)
    return atoms


@needs_cp2k
def test_real_cp2k_labels_resumes_and_keeps_unconverged_frames(tmp_path):
    frames = [hydrogen(0.70), hydrogen(0.80)]
    standing = label_frames(frames, Cp2kLabeller(SMALL), tmp_path / "a")
    assert (standing.n_labelled, standing.n_failed) == (2, 0)
    short, long = open_dataset(tmp_path / "a" / "labelled.extxyz")
    # The bond of H2 is 0.75 Å in PBE: shorter ones push, longer ones pull; -1.17 Ha.
    assert short.forces_eV_per_A[1, 2] - short.forces_eV_per_A[0, 2] > 2.0
    assert long.forces_eV_per_A[1, 2] - long.forces_eV_per_A[0, 2] < -1.0
    assert short.energy_eV == pytest.approx(-31.7, abs=1.0)
    assert short.info["program"].startswith("CP2K 2")
    hopeless = Cp2kLabeller(SMALL, OrbitalTransformation(guess_steps=0, inner_steps=1, outer_steps=1))
    standing = label_frames([hydrogen(0.9)], hopeless, tmp_path / "b")
    assert standing.n_labelled == 0
    ((reason, count),) = standing.reasons.items()
    assert count == 1
    assert reason.startswith("the self-consistent field did not converge")
    # The wavefunction stays, and a second try goes on from it.
    assert (tmp_path / "b" / "work" / "000000" / "frame-RESTART.wfn").is_file()
    patient = Cp2kLabeller(SMALL)
    label_frames([hydrogen(0.9)], hopeless, tmp_path / "b")
    labels = patient.label(hydrogen(0.9), tmp_path / "b" / "work" / "000000")
    assert "SCF_GUESS RESTART" in (tmp_path / "b" / "work" / "000000" / "labels.inp").read_text()
    assert np.isfinite(labels.energy_eV)


@needs_cp2k
@pytest.mark.slow
def test_real_stress_and_forces_are_derivatives_of_the_energy(tmp_path):
    labeller = Cp2kLabeller(Cp2kLevel(cutoff_Ry=600.0, eps_scf=1e-7))

    def label(name: str, atoms: Atoms):
        return labeller.label(atoms, tmp_path / name)

    middle = label("m", hydrogen())
    step = 0.005
    longer, shorter = label("l", hydrogen(0.74 + step)), label("s", hydrogen(0.74 - step))
    force = -(longer.energy_eV - shorter.energy_eV) / (2 * step)
    assert middle.forces_eV_per_A[1, 2] == pytest.approx(force, abs=0.02)
    strain = 0.004
    larger, smaller = label("g", hydrogen(scale=1 + strain)), label("k", hydrogen(scale=1 - strain))
    volume = hydrogen().cell.volume
    trace = (larger.energy_eV - smaller.energy_eV) / (2 * strain) / volume
    assert middle.stress_eV_per_A3 is not None
    assert np.trace(middle.stress_eV_per_A3) == pytest.approx(trace, abs=5e-4)
