"""The same cells in every format read back alike, with their times."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.geometry import cell_to_cellpar

from mofglass.errors import InputError
from mofglass.trajectory import H5MDWriter
from mofglass.trajectory.cell_series import cells_from_lengths_and_angles, open_cells

N, STEP_FS, EVERY = 20, 0.5, 10


@pytest.fixture
def cells() -> np.ndarray:
    """Lower-triangular cells, as LAMMPS has them, Å."""
    random = np.random.default_rng(0)
    cell = np.array([[15.0, 0, 0], [1.0, 16.0, 0], [0.5, -1.0, 18.0]])
    return cell + np.tril(random.normal(scale=0.05, size=(N, 3, 3)))


def read(path: Path, **options) -> tuple[np.ndarray, np.ndarray]:
    chunks = list(open_cells(path, **options).chunks())
    return np.concatenate([c.cells_A for c in chunks]), np.concatenate([c.time_ps for c in chunks])


def times_ps() -> np.ndarray:
    return np.arange(N) * EVERY * STEP_FS * 1e-3


def cp2k_text(cells: np.ndarray) -> str:
    lines = ["#   Step   Time [fs]       Ax [Angstrom] ...   Volume [Angstrom^3]"]
    for k, cell in enumerate(cells):
        numbers = " ".join(f"{x:16.10f}" for x in cell.ravel())
        lines.append(f"{k * EVERY:8d} {k * EVERY * STEP_FS:12.3f} {numbers} {np.linalg.det(cell):18.10f}")
    return "\n".join(lines) + "\n"


def test_cp2k_cell_file_with_a_cut_line_and_a_restart(cells: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "zif-1.cell"
    text = cp2k_text(cells)
    lines = text.splitlines(keepends=True)
    # A restart writes two steps again; the run was killed in the midst of a line.
    path.write_text("".join(lines[:11] + lines[9:]) + lines[-1][:60])
    got, time = read(path)
    assert open_cells(path).kind == "CP2K cell file"
    assert got == pytest.approx(cells, abs=1e-9)
    assert time == pytest.approx(times_ps())


def lammps_log(cells: np.ndarray, *, units: str = "metal", columns: str = "lx") -> str:
    step = STEP_FS * (1e-3 if units == "metal" else 1.0)
    lines = ["LAMMPS (22 Jul 2025)", f"units {units}", "timestep ${dt}", f"timestep {step:g}"]
    header = {
        "lx": "   Step          Temp           Lx Ly Lz Xy Xz Yz",
        "cella": "   Step Cella Cellb Cellc CellAlpha CellBeta CellGamma Temp",
        "vol": "   Step Temp Volume",
    }[columns]
    minimisation = header.split()
    lines += ["minimize 0.0 1e-3 100 1000", header, " ".join(["7"] * len(minimisation)), "Loop time of 1"]

    def row(k: int) -> str:
        cell, number = cells[k], str(k * EVERY)
        if columns == "lx":
            shape = [cell[0, 0], cell[1, 1], cell[2, 2], cell[1, 0], cell[2, 0], cell[2, 1]]
            return " ".join([number, "300.1", *(f"{x:.12g}" for x in shape)])
        if columns == "cella":
            return " ".join([number, *(f"{x:.12g}" for x in cell_to_cellpar(cell)), "300.1"])
        return f"{number} 300.1 {np.linalg.det(cell):.12g}"

    lines += ["run 100", header, *(row(k) for k in range(11)), "Loop time of 2 on 1 procs"]
    lines += ["Total # of neighbors = 123", "run 90", header, *(row(k) for k in range(10, 15))]
    lines += ["WARNING: something", *(row(k) for k in range(15, N)), "Loop time of 2 on 1 procs", ""]
    return "\n".join(lines)


@pytest.mark.parametrize(("units", "columns"), [("metal", "lx"), ("real", "cella")])
def test_lammps_log_leaves_out_minimisation_and_repeats(
    cells: np.ndarray, tmp_path: Path, units: str, columns: str
) -> None:
    path = tmp_path / "log.lammps"
    path.write_text(lammps_log(cells, units=units, columns=columns))
    got, time = read(path)
    assert got == pytest.approx(cells, abs=1e-6)
    assert time == pytest.approx(times_ps())


def test_lammps_log_with_volumes_alone(cells: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "log.lammps"
    path.write_text(lammps_log(cells, columns="vol"))
    assert open_cells(path).volume_only
    got, _ = read(path)
    assert np.linalg.det(got) == pytest.approx(np.linalg.det(cells))


def test_lammps_log_without_cells_or_in_other_units(tmp_path: Path) -> None:
    path = tmp_path / "log.lammps"
    path.write_text("LAMMPS (2025)\nunits metal\nrun 1\n  Step Temp\n 0 300\nLoop time of 1\n")
    with pytest.raises(InputError, match="thermo_style custom"):
        open_cells(path)
    path.write_text("LAMMPS (2025)\nunits lj\nrun 1\n  Step Volume\n 0 300\nLoop time of 1\n")
    with pytest.raises(InputError, match="units 'lj'"):
        open_cells(path)


def test_lammps_dump(cells: np.ndarray, tmp_path: Path) -> None:
    text = ""
    for k, cell in enumerate(cells):
        xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
        low = [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
        high = [cell[0, 0] + max(0.0, xy, xz, xy + xz), cell[1, 1] + max(0.0, yz), cell[2, 2]]
        rows = zip(low, high, (xy, xz, yz), strict=True)
        box = "".join(f"{a:.10f} {b:.10f} {tilt:.10f}\n" for a, b, tilt in rows)
        text += f"ITEM: TIMESTEP\n{k * EVERY}\nITEM: NUMBER OF ATOMS\n1\n"
        text += f"ITEM: BOX BOUNDS xy xz yz pp pp pp\n{box}ITEM: ATOMS id type x y z\n1 1 0 0 0\n"
    path = tmp_path / "dump.lammpstrj"
    path.write_text(text)
    got, time = read(path, time_step_fs=STEP_FS)
    assert got == pytest.approx(cells, abs=1e-8)
    assert time == pytest.approx(times_ps())


def test_extended_xyz_also_compressed(cells: np.ndarray, tmp_path: Path) -> None:
    text = "".join(
        f'1\nLattice="{" ".join(f"{x:.10f}" for x in cell.ravel())}" '
        "Properties=species:S:1:pos:R:3\nAr 0 0 0\n"
        for cell in cells
    )
    path = tmp_path / "run.extxyz.gz"
    path.write_bytes(gzip.compress(text.encode()))
    got, time = read(path, frame_interval_ps=0.005)
    assert got == pytest.approx(cells, abs=1e-9)
    assert time == pytest.approx(times_ps())


def test_h5md(cells: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "trajectory.h5"
    with H5MDWriter(path, np.array([18])) as writer:
        for k, cell in enumerate(cells):
            writer.append(k * EVERY, float(times_ps()[k]), np.zeros((1, 3)), cell)
    got, time = read(path)
    assert got == pytest.approx(cells, rel=1e-6, abs=1e-6)
    assert time == pytest.approx(times_ps())


def test_thermo_table_of_a_run_only_as_far_as_committed(cells: np.ndarray, tmp_path: Path) -> None:
    names = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
    table = pd.DataFrame([cell_to_cellpar(cell) for cell in cells], columns=list(names))
    table.insert(0, "step", np.arange(N) * EVERY)
    table.insert(1, "time_ps", times_ps())
    table["volume_A3"] = np.linalg.det(cells)
    table["density_g_per_cm3"] = 3192.0 * 1.6605390666 / table["volume_A3"]
    table.to_csv(tmp_path / "thermo.csv", index=False)
    (tmp_path / "checkpoint.json").write_text('{"step": 150}')
    got, time = read(tmp_path)
    assert got == pytest.approx(cells[:16], abs=1e-9)
    assert time == pytest.approx(times_ps()[:16])
    assert open_cells(tmp_path).mass_u == pytest.approx(3192.0, rel=1e-6)


def test_right_angles_stay_right() -> None:
    cells = cells_from_lengths_and_angles(np.array([[3.0, 4, 5, 90, 90, 90]]))
    assert (cells[0] == np.diag([3.0, 4, 5])).all()


def test_a_cell_without_volume_is_named(tmp_path: Path) -> None:
    path = tmp_path / "thermo.csv"
    path.write_text("step,volume_A3\n0,100\n10,0\n")
    with pytest.raises(InputError, match="frame 1"):
        read(path)
    with pytest.raises(InputError, match="does not exist"):
        open_cells(tmp_path / "nothing.cell")
