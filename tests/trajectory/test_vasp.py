"""VASP: XDATCAR with fixed, changing and rewritten headers; OUTCAR; the same as ASE reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from ase.io.vasp import write_vasp_xdatcar

from mofglass.errors import InputError
from mofglass.trajectory import open_trajectory
from mofglass.trajectory.vasp_outcar import OUTCAR
from mofglass.trajectory.vasp_xdatcar import XDATCAR

SYMBOLS, COUNTS = ("Zn", "N", "C"), (1, 2, 3)
NUMBERS = np.repeat([30, 7, 6], COUNTS)


def header(scale: float, edge: float, *, symbols: bool = True) -> str:
    vectors = (
        f" {edge:.6f} 0.000000 0.000000\n 1.000000 {edge:.6f} 0.000000\n 0.000000 -2.000000 {edge:.6f}\n"
    )
    names = "  Zn   N    C\n" if symbols else ""
    return f"ZIF cut out\n  {scale}\n{vectors}{names}   1   2   3\n"


def scaled(index: int) -> np.ndarray:
    return np.random.default_rng(index).random((6, 3)).round(8)


def body(index: int, number: int | None = None) -> str:
    rows = "".join(f"  {a:.8f}  {b:.8f}  {c:.8f}\n" for a, b, c in scaled(index))
    return f"Direct configuration= {index + 1 if number is None else number:5d}\n{rows}"


def cell(edge: float) -> np.ndarray:
    return np.array([[edge, 0, 0], [1, edge, 0], [0, -2, edge]])


def check(trajectory, edges: list[float]) -> None:
    assert len(trajectory) == len(edges)
    np.testing.assert_array_equal(trajectory.numbers, NUMBERS)
    for index, edge in enumerate(edges):
        frame = trajectory[index]
        np.testing.assert_allclose(frame.cell, cell(edge), atol=1e-12)
        np.testing.assert_allclose(frame.positions, scaled(index) @ cell(edge), atol=1e-12)


def test_fixed_cell(tmp_path: Path) -> None:
    (tmp_path / "XDATCAR").write_text(header(1.0, 9) + "".join(body(k) for k in range(4)))
    trajectory = open_trajectory(tmp_path / "XDATCAR", time_step_fs=0.5)
    assert isinstance(trajectory, XDATCAR)
    check(trajectory, [9] * 4)
    np.testing.assert_allclose(trajectory.time_ps, np.arange(1, 5) * 0.0005)
    assert open_trajectory(tmp_path / "XDATCAR").time_ps is None


def test_changing_cell_with_a_header_before_every_frame(tmp_path: Path) -> None:
    edges = [9, 9.1, 9.2]
    text = "".join(header(1.0, edge) + body(k) for k, edge in enumerate(edges))
    (tmp_path / "XDATCAR_npt").write_text(text)
    check(open_trajectory(tmp_path / "XDATCAR_npt"), edges)
    for frame, atoms in zip(
        open_trajectory(tmp_path / "XDATCAR_npt"),
        read(tmp_path / "XDATCAR_npt", index=":", format="vasp-xdatcar"),
        strict=True,
    ):
        np.testing.assert_allclose(frame.positions, atoms.positions, atol=1e-10)
        np.testing.assert_allclose(frame.cell, atoms.cell.array, atol=1e-10)


def test_a_continued_run_rewrites_its_header(tmp_path: Path) -> None:
    text = header(1.0, 9) + body(0) + body(1) + header(1.0, 9.5) + body(2, 1) + body(3, 2)
    (tmp_path / "XDATCAR").write_text(text)
    trajectory = open_trajectory(tmp_path / "XDATCAR", frame_interval_ps=0.1)
    check(trajectory, [9, 9, 9.5, 9.5])
    assert trajectory.steps is None  # the numbers go back to 1: they are no steps
    with pytest.raises(InputError, match="does not say its steps"):
        open_trajectory(tmp_path / "XDATCAR", time_step_fs=0.5)


def test_scale_is_a_factor_or_minus_the_volume(tmp_path: Path) -> None:
    (tmp_path / "XDATCAR").write_text(header(2.0, 9) + body(0))
    np.testing.assert_allclose(open_trajectory(tmp_path / "XDATCAR")[0].cell, 2 * cell(9))
    (tmp_path / "XDATCAR").write_text(header(-1000.0, 9) + body(0))
    assert open_trajectory(tmp_path / "XDATCAR")[0].volume_A3 == pytest.approx(1000)


def test_missing_header_or_symbols(tmp_path: Path) -> None:
    (tmp_path / "XDATCAR").write_text("".join(body(k) for k in range(2)))
    with pytest.raises(InputError, match="give both"):
        open_trajectory(tmp_path / "XDATCAR")
    atoms = [symbol for symbol, count in zip(SYMBOLS, COUNTS, strict=True) for _ in range(count)]
    check(open_trajectory(tmp_path / "XDATCAR", cell=cell(9), elements=atoms), [9, 9])
    (tmp_path / "XDATCAR").write_text(header(1.0, 9, symbols=False) + body(0) + body(1))
    with pytest.raises(InputError, match="3 species and names 0"):
        open_trajectory(tmp_path / "XDATCAR")
    check(open_trajectory(tmp_path / "XDATCAR", elements=SYMBOLS), [9, 9])


def test_other_atoms_in_a_later_header(tmp_path: Path) -> None:
    other = header(1.0, 9).replace("1   2   3", "1   3   2")
    (tmp_path / "XDATCAR").write_text(header(1.0, 9) + body(0) + other + body(1))
    with pytest.raises(InputError, match="frame 1: its header names other atoms"):
        open_trajectory(tmp_path / "XDATCAR")


@pytest.mark.parametrize("cut", [3, 20, 40, 170])
def test_stopped_xdatcar(tmp_path: Path, cut: int) -> None:
    text = header(1.0, 9) + "".join(body(k) for k in range(3))
    (tmp_path / "XDATCAR").write_text(text[:-cut])
    with pytest.warns(UserWarning, match="frame 2 is incomplete"):
        check(open_trajectory(tmp_path / "XDATCAR"), [9, 9])


def test_xdatcar_written_by_ase(tmp_path: Path) -> None:
    made = [Atoms(NUMBERS, scaled_positions=scaled(k), cell=cell(9), pbc=True) for k in range(3)]
    with (tmp_path / "XDATCAR").open("w") as file:
        write_vasp_xdatcar(file, made)
    check_against = open_trajectory(tmp_path / "XDATCAR")
    for frame, atoms in zip(check_against, made, strict=True):
        np.testing.assert_array_equal(frame.numbers, atoms.numbers)
        np.testing.assert_allclose(frame.positions, atoms.positions, atol=1e-6)


def outcar_step(index: int, edge: float) -> str:
    rows = "".join(
        f" {x:12.5f} {y:12.5f} {z:12.5f}    {0.1:13.6f} {-0.2:13.6f} {0.3:13.6f}\n"
        for x, y, z in scaled(index) * 9
    )
    vectors = "".join(
        "  " + "".join(f"{c:13.9f}" for c in row) + "  " + "".join(f"{c:13.9f}" for c in inverse) + "\n"
        for row, inverse in zip(cell(edge), np.linalg.inv(cell(edge)).T, strict=True)
    )
    rule = " " + "-" * 83 + "\n"
    return (
        f"--------------------------------------- Iteration {index + 1:6d}(   1)  ---------------\n"
        f"--------------------------------------- Iteration {index + 1:6d}(   2)  ---------------\n"
        " VOLUME and BASIS-vectors are now :\n"
        f" -----------------------------------------------------------------------------\n"
        f"  volume of cell :      {abs(np.linalg.det(cell(edge))):.2f}\n"
        f"      direct lattice vectors                 reciprocal lattice vectors\n{vectors}\n"
        f" POSITION                                       TOTAL-FORCE (eV/Angst)\n{rule}{rows}{rule}"
        "    total drift:                                0.000000      0.000000      0.000000\n"
        "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n"
        "  ---------------------------------------------------\n"
        f"  free  energy   TOTEN  =       {-40.0 - index:.8f} eV\n\n"
        f"  energy  without entropy=      {-40.0 - index:.8f}  energy(sigma->0) =      {-40.0 - index:.8f}\n"
    )


def outcar(edges: list[float], ibrion: int = 0) -> str:
    return (
        " vasp.6.3.0 20Jan22 (build May 01 2022) complex\n"
        + "".join(f" POTCAR:    PAW_PBE {symbol} 01Jan2001\n" for symbol in SYMBOLS) * 2
        + "".join(f"   VRHFIN ={symbol}: outer electrons\n" for symbol in SYMBOLS)
        + "   ions per type =               1   2   3\n"
        f"   NSW    =      3    number of steps for IOM\n"
        f"   IBRION =     {ibrion:2d}    ionic relax: 0-MD 1-quasi-New\n"
        "   POTIM  = 0.5000    time-step for ionic-motion\n"
        f"   NIONS =      6\n" + "".join(outcar_step(k, edge) for k, edge in enumerate(edges))
    )


def test_outcar(tmp_path: Path) -> None:
    edges = [9, 9, 9.25]
    (tmp_path / "OUTCAR").write_text(outcar(edges))
    trajectory = open_trajectory(tmp_path / "OUTCAR")
    assert isinstance(trajectory, OUTCAR)
    np.testing.assert_array_equal(trajectory.numbers, NUMBERS)
    np.testing.assert_allclose(trajectory.time_ps, [0, 0.0005, 0.001])
    for index, frame in enumerate(trajectory):
        np.testing.assert_allclose(frame.cell, cell(edges[index]), atol=1e-9)
        np.testing.assert_allclose(frame.positions, scaled(index) * 9, atol=6e-6)
    np.testing.assert_allclose(trajectory[-1].positions, scaled(2) * 9, atol=6e-6)


def test_outcar_of_a_relaxation_has_no_time(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar([9, 9], ibrion=2))
    assert open_trajectory(tmp_path / "OUTCAR").time_ps is None


def test_stopped_outcar(tmp_path: Path) -> None:
    text = outcar([9, 9, 9])
    at = text.rindex("TOTAL-FORCE")
    (tmp_path / "OUTCAR").write_text(text[: at + 400])
    with pytest.warns(UserWarning, match="frame 2 is incomplete"):
        assert len(list(open_trajectory(tmp_path / "OUTCAR"))) == 2


def test_outcar_agrees_with_ase(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar([9, 9.1, 9.25]))
    reference = read(tmp_path / "OUTCAR", index=":", format="vasp-out")
    assert len(reference) == 3
    for frame, atoms in zip(open_trajectory(tmp_path / "OUTCAR"), reference, strict=True):
        np.testing.assert_allclose(frame.positions, atoms.positions, atol=1e-9)
        np.testing.assert_allclose(frame.cell, atoms.cell.array, atol=1e-9)
