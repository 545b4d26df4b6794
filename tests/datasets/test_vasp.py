"""VASP's OUTCAR and vasprun.xml: hand-made in the documented format, values by hand and as ASE reads them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from mofglass.datasets import open_dataset
from mofglass.errors import InputError

SYMBOLS, COUNTS = ("Zn", "N", "C"), (1, 2, 3)
KBAR_PER_EV_A3 = 1602.176634
FORCES = np.arange(18).reshape(6, 3) * 0.25 - 2.125
KBAR = (10.5, -20.25, 30.0, 1.5, -2.5, 3.5)  # XX YY ZZ XY YZ ZX
STRESS = -np.array([[10.5, 1.5, 3.5], [1.5, -20.25, -2.5], [3.5, -2.5, 30.0]]) / KBAR_PER_EV_A3


def cell(edge: float) -> np.ndarray:
    return np.array([[edge, 0, 0], [1, edge, 0], [0, -2, edge]])


def scaled(index: int) -> np.ndarray:
    return np.random.default_rng(index).random((6, 3)).round(5)


def rows(array: np.ndarray, form: str) -> str:
    return "".join(" " + "".join(form.format(value) for value in row) + "\n" for row in array)


def ionic_step(
    index: int, edge: float, *, loop: str = "because EDIFF is reached", learned: str = "", stress: bool = True
) -> str:
    """One ionic step in the order in which VASP 6 prints it."""
    matrix = cell(edge)
    lattice = rows(np.hstack([matrix, np.linalg.inv(matrix).T]), "{:13.9f}")
    atoms = rows(np.hstack([scaled(index) @ matrix, FORCES + index]), "{:13.5f}")
    rule = " " + "-" * 83 + "\n"
    pressure = (
        "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
        "  Direction    XX          YY          ZZ          XY          YZ          ZX\n"
        "  Total       3.8         -7.4        10.9         0.5        -0.9         1.3\n"
        "  in kB  " + "".join(f"{value + index:12.5f}" for value in KBAR) + "\n"
        f"  external pressure =        6.75 kB  Pullay stress =        0.00 kB{learned}\n\n"
    )
    ending = (
        f"------------------------ aborting loop {loop} ----------------------------------------\n"
        if loop
        else ""
    )
    title = "ML " if learned else ""
    return (
        f"--------------------------------------- Iteration {index + 1:6d}(   1)  ---------------\n"
        "  free energy    TOTEN  =       999.99999999 eV\n"
        f"--------------------------------------- Iteration {index + 1:6d}(   2)  ---------------\n"
        f"  free energy    TOTEN  =       {-40.0 - index:.8f} eV\n{ending}{pressure if stress else ''}"
        " VOLUME and BASIS-vectors are now :\n"
        f"  volume of cell :      {abs(np.linalg.det(matrix)):.2f}\n"
        f"      direct lattice vectors                 reciprocal lattice vectors\n{lattice}\n"
        f" POSITION                                       TOTAL-FORCE (eV/Angst){learned}\n"
        f"{rule}{atoms}{rule}"
        "    total drift:                                0.000000      0.000000      0.000000\n"
        "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n"
        "  ---------------------------------------------------\n"
        f"  free  energy {title}  TOTEN  =       {-40.125 - index:.8f} eV\n\n"
        f"  energy  without entropy=      {-40.0 - index:.8f}  energy(sigma->0) =      {-40.05 - index:.8f}\n"
        "  kinetic energy EKIN   =         0.232222\n"
    )


def outcar(*steps: str, ibrion: int = 0, teend: float = 600.0) -> str:
    return (
        " vasp.6.3.0 20Jan22 (build May 01 2022) complex\n"
        + "".join(f" POTCAR:    PAW_PBE {symbol} 01Jan2001\n" for symbol in SYMBOLS) * 2
        + "".join(f"   VRHFIN ={symbol}: outer electrons\n" for symbol in SYMBOLS)
        + "   ions per type =               1   2   3\n"
        f"   NSW    =      {len(steps)}    number of steps for IOM\n"
        f"   IBRION =     {ibrion:2d}    ionic relax: 0-MD 1-quasi-New\n"
        "   POTIM  = 0.5000    time-step for ionic-motion\n"
        f"   TEBEG  =  600.0;   TEEND  = {teend:5.1f} temperature during run\n"
        "   NIONS =      6\n" + "".join(steps)
    )


def check(dataset, edges: list[float], indices: list[int]) -> None:
    assert len(dataset) == len(edges)
    for frame, edge, index in zip(dataset, edges, indices, strict=True):
        np.testing.assert_array_equal(frame.numbers, np.repeat([30, 7, 6], COUNTS))
        np.testing.assert_allclose(frame.cell, cell(edge), atol=1e-9)
        np.testing.assert_allclose(frame.positions, scaled(index) @ cell(edge), atol=6e-6)
        np.testing.assert_allclose(frame.forces_eV_per_A, FORCES + index, atol=1e-12)
        np.testing.assert_allclose(
            frame.stress_eV_per_A3, STRESS - index / KBAR_PER_EV_A3, rtol=1e-9, atol=1e-15
        )
        assert frame.energy_eV == -40.125 - index
        assert frame.info["step"] == index + 1


def test_outcar(tmp_path: Path) -> None:
    folder = tmp_path / "ZIF-4-600K"
    folder.mkdir()
    edges = [9, 9, 9.25]
    (folder / "OUTCAR").write_text(outcar(*(ionic_step(k, edge) for k, edge in enumerate(edges))))
    dataset = open_dataset(folder / "OUTCAR")
    check(dataset, edges, [0, 1, 2])
    assert dataset.sources == ("ZIF-4-600K",)
    np.testing.assert_array_equal(dataset.table.temperature_K, 600)
    assert dataset[0].stress_eV_per_A3[0, 0] < 0 < KBAR[0]  # compressed: VASP's +, ASE's -
    for frame, atoms in zip(dataset, read(folder / "OUTCAR", index=":", format="vasp-out"), strict=True):
        np.testing.assert_allclose(frame.forces_eV_per_A, atoms.get_forces())
        np.testing.assert_allclose(frame.stress_eV_per_A3, atoms.get_stress(voigt=False), rtol=1e-6)
        assert frame.energy_eV == pytest.approx(atoms.get_potential_energy(force_consistent=True))
    dataset[1:].save(tmp_path / "d.h5")
    check(open_dataset(tmp_path / "d.h5"), edges[1:], [1, 2])
    with gzip.open(tmp_path / "OUTCAR.gz", "wt") as file:
        file.write((folder / "OUTCAR").read_text())
    check(open_dataset(tmp_path / "OUTCAR.gz"), edges, [0, 1, 2])


def test_outcar_temperature_of_a_ramp_and_of_a_relaxation(tmp_path: Path) -> None:
    for text in (outcar(ionic_step(0, 9), teend=300.0), outcar(ionic_step(0, 9), ibrion=2)):
        (tmp_path / "OUTCAR").write_text(text)
        assert np.isnan(open_dataset(tmp_path / "OUTCAR").table.temperature_K[0])


def test_outcar_steps_that_are_no_labels(tmp_path: Path) -> None:
    steps = [
        ionic_step(0, 9),
        ionic_step(1, 9, loop="EDIFF was not reached (unconverged)"),
        ionic_step(2, 9, learned=" (ML)", loop=""),
        ionic_step(3, 9),
        ionic_step(4, 9).partition("FREE ENERGIE")[0],
    ]
    (tmp_path / "OUTCAR").write_text(outcar(*steps))
    with pytest.warns(UserWarning, match="left out") as warned:
        dataset = open_dataset(tmp_path / "OUTCAR")
    check(dataset, [9, 9], [0, 3])
    told = [str(warning.message) for warning in warned]
    assert [any(word in line for line in told) for word in ("machine-learned", "incomplete", "EDIFF")] == [
        True
    ] * 3
    (tmp_path / "OUTCAR").write_text(outcar(steps[2]))
    with pytest.warns(UserWarning, match="(ML|learned)"), pytest.raises(InputError, match="no ionic step"):
        open_dataset(tmp_path / "OUTCAR")


def test_outcar_is_taken_on_trust_only_where_it_says_nothing_of_convergence(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar(ionic_step(0, 9, loop=""), ionic_step(1, 9, loop="")))
    check(open_dataset(tmp_path / "OUTCAR"), [9, 9], [0, 1])
    (tmp_path / "OUTCAR").write_text(outcar(ionic_step(0, 9, loop="EDIFF was not reached (unconverged)")))
    with (
        pytest.warns(UserWarning, match="1 of 1 ionic steps did not reach EDIFF"),
        pytest.raises(InputError, match="no ionic step"),
    ):
        open_dataset(tmp_path / "OUTCAR")


def test_outcar_without_stress_or_numbers(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar(ionic_step(0, 9, stress=False), ionic_step(1, 9)))
    dataset = open_dataset(tmp_path / "OUTCAR")
    assert dataset.table.has_stress.tolist() == [False, True]
    text = outcar(ionic_step(0, 9), ionic_step(1, 9))
    at = text.rindex("-1.12500")
    (tmp_path / "OUTCAR").write_text(text[:at] + "********" + text[at + 8 :])
    with pytest.raises(InputError, match=r"frame 1: the line of atom 0.*no number in column 4"):
        open_dataset(tmp_path / "OUTCAR")


def varray(name: str, array: np.ndarray) -> str:
    return (
        f'<varray name="{name}" >\n'
        + "".join(f"<v>{rows(r[None], '{:16.8f}')}</v>\n" for r in array)
        + "</varray>\n"
    )


def calculation(index: int, edge: float, n_loops: int = 3) -> str:
    xx, yy, zz, xy, yz, zx = (value + index for value in KBAR)
    stress = np.array([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]])
    loops = (
        '<scstep><energy><i name="e_fr_energy"> -1.0 </i><i name="e_0_energy"> -0.9 </i></energy></scstep>\n'
        * n_loops
    )
    return (
        f"<calculation>\n{loops}<structure>\n<crystal>\n{varray('basis', cell(edge))}"
        f'<i name="volume"> {abs(np.linalg.det(cell(edge))):.8f} </i>\n</crystal>\n'
        f"{varray('positions', scaled(index))}</structure>\n{varray('forces', FORCES + index)}"
        f"{varray('stress', stress)}"
        f'<energy><i name="e_fr_energy"> {-40.125 - index:.8f} </i>'
        f'<i name="e_wo_entrp"> -40.0 </i><i name="e_0_energy"> -40.05 </i></energy>\n</calculation>\n'
    )


def vasprun(*steps: str, nelm: int = 60, pstress: float = 0.0) -> str:
    atoms = "".join(
        f"<rc><c>{symbol:2s}</c><c>{kind:4d}</c></rc>\n"
        for kind, (symbol, count) in enumerate(zip(SYMBOLS, COUNTS, strict=True), 1)
        for _ in range(count)
    )
    kinds = "".join(
        f"<rc><c>{count}</c><c>{symbol}</c><c>1.0</c><c>4.0</c><c>PAW_PBE</c></rc>"
        for symbol, count in zip(SYMBOLS, COUNTS, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n<generator>\n'
        '<i name="version" type="string">6.3.0 </i>\n</generator>\n<incar></incar>\n<kpoints>\n'
        '<varray name="kpointlist" ><v> 0.0 0.0 0.0 </v></varray>\n'
        '<varray name="weights" ><v> 1.0 </v></varray>\n</kpoints>\n<parameters>\n'
        f'<i type="int" name="NELM"> {nelm:5d}</i>\n<i type="int" name="IBRION">     0</i>\n'
        f'<i name="PSTRESS"> {pstress:16.8f}</i>\n'
        '<i name="TEBEG">    600.00000000</i>\n<i name="TEEND">    600.00000000</i>\n</parameters>\n'
        "<atominfo>\n<atoms>       6 </atoms>\n<types>       3 </types>\n"
        '<array name="atoms" >\n<dimension dim="1">ion</dimension>\n<field type="string">element</field>\n'
        f'<field type="int">atomtype</field>\n<set>\n{atoms}</set>\n</array>\n'
        f'<array name="atomtypes" >\n<set>{kinds}</set>\n</array>\n</atominfo>\n'
        '<structure name="initialpos" >\n<crystal>\n'
        + varray("basis", cell(9))
        + "</crystal>\n"
        + varray("positions", scaled(0))
        + "</structure>\n"
        + "".join(steps)
        + "</modeling>\n"
    )


def test_vasprun(tmp_path: Path) -> None:
    edges = [9, 9.1, 9.25]
    file = tmp_path / "vasprun.xml"
    file.write_text(vasprun(*(calculation(k, edge) for k, edge in enumerate(edges))))
    dataset = open_dataset(file)
    check(dataset, edges, [0, 1, 2])
    np.testing.assert_array_equal(dataset.table.temperature_K, 600)
    for frame, atoms in zip(dataset, read(file, index=":"), strict=True):
        np.testing.assert_allclose(frame.positions, atoms.positions, atol=1e-7)
        np.testing.assert_allclose(frame.forces_eV_per_A, atoms.get_forces(apply_constraint=False))
        np.testing.assert_allclose(frame.stress_eV_per_A3, atoms.get_stress(voigt=False), rtol=1e-6)
        assert frame.energy_eV == pytest.approx(atoms.get_potential_energy(force_consistent=True))
    dataset[1:].save(tmp_path / "d.h5")
    check(open_dataset(tmp_path / "d.h5"), edges[1:], [1, 2])


def test_vasprun_under_pressure_holds_enthalpies(tmp_path: Path) -> None:
    file = tmp_path / "vasprun.xml"
    file.write_text(vasprun(calculation(0, 9), pstress=10.0))
    volume = abs(np.linalg.det(cell(9)))
    assert open_dataset(file)[0].energy_eV == pytest.approx(-40.125 - 10.0 / KBAR_PER_EV_A3 * volume)
    reference = read(file).get_potential_energy(force_consistent=True)
    assert open_dataset(file)[0].energy_eV == pytest.approx(reference, abs=1e-5)


def test_vasprun_steps_that_are_no_labels(tmp_path: Path) -> None:
    file = tmp_path / "vasprun.xml"
    steps = [calculation(0, 9), calculation(1, 9, n_loops=60), calculation(2, 9)]
    text = vasprun(*steps)
    file.write_text(text[: text.rindex("e_fr_energy")])
    with pytest.warns(UserWarning, match="left out") as warned:
        dataset = open_dataset(file)
    check(dataset, [9], [0])
    told = [str(warning.message) for warning in warned]
    assert any("last ionic step is incomplete" in line for line in told)
    assert any("1 of 2 ionic steps took all of NELM" in line for line in told)
    file.write_text(vasprun(steps[1]))
    with pytest.warns(UserWarning, match="NELM"), pytest.raises(InputError, match="no converged"):
        open_dataset(file)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('<varray name="forces" >', '<varray name="other" >', "frame 0 has no forces"),
        ('<i name="e_fr_energy"> -40', '<i name="e_none"> -40', "frame 0 has no energy"),
        ("-2.12500000", "*****", "in its forces is not a number"),
        ("<v>      -2.12", "<v><v>      -2.12", "broken XML"),
        ("<calculation>", "<calculations>", "no vasprun.xml with a whole"),
    ],
)
def test_vasprun_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = vasprun(calculation(0, 9))
    assert old in text
    (tmp_path / "vasprun.xml").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=sentence):
        open_dataset(tmp_path / "vasprun.xml")
