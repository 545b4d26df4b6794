"""Extended and plain XYZ: the same as ASE reads, whole or gzipped, cut short or not."""

from __future__ import annotations

import gzip
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import iread, write

from mofglass.errors import InputError
from mofglass.trajectory import FrameSequence, open_trajectory, write_extxyz
from mofglass.trajectory.xyz import XYZTrajectory


def make_atoms(n_frames: int = 5, n_atoms: int = 7) -> list[Atoms]:
    generator = np.random.default_rng(2)
    symbols = generator.choice(["Zn", "N", "C", "H"], n_atoms)
    made = []
    for index in range(n_frames):
        cell = np.diag([11.0, 12.0, 13.0]) + generator.normal(0, 0.5, (3, 3))
        atoms = Atoms(symbols, positions=generator.normal(0, 20, (n_atoms, 3)), cell=cell, pbc=True)
        atoms.info = {"step": 50 * index, "time_ps": 0.025 * index, "energy": -1.5 * index, "source": "a b"}
        made.append(atoms)
    return made


def same(frame, atoms: Atoms, atol: float = 1e-8) -> None:
    np.testing.assert_array_equal(frame.numbers, atoms.numbers)
    np.testing.assert_allclose(frame.positions, atoms.positions, atol=atol)
    np.testing.assert_allclose(frame.cell, atoms.cell.array, atol=atol)


@pytest.mark.parametrize("name", ["t.extxyz", "t.xyz.gz"])
def test_reads_what_ase_writes(tmp_path: Path, name: str) -> None:
    made = make_atoms()
    for atoms in made:
        atoms.arrays["forces"] = atoms.positions * 2
    write(tmp_path / name, made, format="extxyz")
    with open_trajectory(tmp_path / name) as trajectory:
        assert isinstance(trajectory, XYZTrajectory)
        assert len(trajectory) == 5
        for frame, atoms in zip(trajectory, iread(tmp_path / name, format="extxyz"), strict=True):
            same(frame, atoms)
        same(trajectory[-2], made[3])
        same(trajectory[0], made[0])
        np.testing.assert_array_equal(trajectory.steps, np.arange(5) * 50)
        np.testing.assert_allclose(trajectory.time_ps, np.arange(5) * 0.025)
        assert trajectory[2].info["source"] == "a b"


@pytest.mark.parametrize("name", ["t.extxyz", "t.extxyz.gz"])
def test_writes_what_ase_reads(tmp_path: Path, name: str) -> None:
    made = make_atoms()
    assert write_extxyz(tmp_path / name, made) == 5
    for found, atoms in zip(iread(tmp_path / name, format="extxyz"), made, strict=True):
        same(found, atoms)
        assert found.info["step"] == atoms.info["step"]
        assert found.info["time_ps"] == pytest.approx(atoms.info["time_ps"])
    again = open_trajectory(tmp_path / name)
    assert write_extxyz(tmp_path / "second.extxyz", again[1::2]) == 2
    same(open_trajectory(tmp_path / "second.extxyz")[1], made[3])


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    made = make_atoms(3)
    made[2].positions[4, 0] = np.nan
    with pytest.raises(InputError, match="frame 2: the position of atom 4"):
        write_extxyz(tmp_path / "a.extxyz", made)
    assert list(tmp_path.iterdir()) == []


def test_the_index_does_not_depend_on_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mofglass.trajectory.text_source import TextSource

    made = make_atoms(9)
    write_extxyz(tmp_path / "a.extxyz", made)
    blocks = TextSource.blocks
    for size in (1, 3, 17, 64, 500, 1201):
        monkeypatch.setattr(TextSource, "blocks", lambda self, _=0, size=size: blocks(self, size))
        monkeypatch.setattr(TextSource, "head", lambda self: (tmp_path / "a.extxyz").read_bytes()[:16384])
        trajectory = XYZTrajectory(tmp_path / "a.extxyz")
        assert len(trajectory) == 9
        same(trajectory[8], made[8])


def test_species_may_be_numbers_and_columns_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text(
        '2\nLattice="5 0 0 0 5 0 0 0 5" Properties=id:I:1:pos:R:3:Z:I:1:mask:L:1\n'
        "1 0.1 0.2 0.3 30 T\n2 1.1 1.2 1.3 7 F\n"
    )
    frame = open_trajectory(tmp_path / "a.xyz")[0]
    np.testing.assert_array_equal(frame.numbers, [30, 7])
    np.testing.assert_allclose(frame.positions, [[0.1, 0.2, 0.3], [1.1, 1.2, 1.3]])


def test_odd_properties_name_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5" Properties=kind:S:1:r:R:3\nC 0 0 0\n')
    with pytest.raises(InputError, match="Properties must name species"):
        open_trajectory(tmp_path / "a.xyz")


def test_plain_xyz_needs_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("2\nmade by hand\nZn 0 0 0\nN 0 0 2.0\n" * 2)
    with pytest.raises(InputError, match="give the cell"):
        open_trajectory(tmp_path / "a.xyz")[0]
    trajectory = open_trajectory(tmp_path / "a.xyz", cell=(8, 9, 10), frame_interval_ps=0.5)
    np.testing.assert_array_equal(trajectory[1].cell, np.diag([8, 9, 10]))
    np.testing.assert_array_equal(trajectory.time_ps, [0, 0.5])
    assert trajectory.steps is None


def test_time_without_unit_is_not_taken_silently(tmp_path: Path) -> None:
    line = '1\nLattice="5 0 0 0 5 0 0 0 5" Timestep={} Time={}\nC 0 0 0\n'
    (tmp_path / "a.xyz").write_text("".join(line.format(k * 10, k * 5.0) for k in range(3)))
    with pytest.warns(UserWarning, match="without saying their unit"):
        assert open_trajectory(tmp_path / "a.xyz").time_ps is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trajectory = open_trajectory(tmp_path / "a.xyz", time_step_fs=0.5)
    np.testing.assert_allclose(trajectory.time_ps, [0, 0.005, 0.01])


@pytest.mark.parametrize("name", ["a.extxyz", "a.extxyz.gz"])
def test_every_cut_is_survived(tmp_path: Path, name: str) -> None:
    """A killed run may stop at any byte: whole frames are read, the rest is named in a warning."""
    made = make_atoms(3, 4)
    write_extxyz(tmp_path / name, made)
    whole = (tmp_path / name).read_bytes()
    text = gzip.decompress(whole) if name.endswith("gz") else whole
    starts = [k for k in range(len(text)) if text.startswith(b"4\nLattice", k)] + [len(text)]
    for kept in range(starts[1], len(text), 7):
        path = tmp_path / f"cut.{name}"
        if name.endswith("gz"):
            path.write_bytes(gzip.compress(text[:kept])[:-8])
        else:
            path.write_bytes(text[:kept])
        n_whole = max(k for k in range(4) if starts[k] <= kept)
        # Only the final end of line is missing: nothing is lost.
        n_whole += kept == starts[n_whole + 1] - 1 and not name.endswith("gz") if n_whole < 3 else 0
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            trajectory = XYZTrajectory(path)
        assert len(trajectory) == n_whole, kept
        warned = [str(one.message) for one in caught]
        clean = kept in starts or kept + 1 in starts
        if not clean or name.endswith("gz"):
            assert len(warned) == 1
            assert f"frame {n_whole} is incomplete" in warned[0]
        for index in range(n_whole):
            same(trajectory[index], made[index])


def test_cut_before_the_first_frame_ends(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "a.extxyz", make_atoms(1))
    text = (tmp_path / "a.extxyz").read_text()
    (tmp_path / "a.extxyz").write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match="holds no whole frame"):
        XYZTrajectory(tmp_path / "a.extxyz")


def test_a_number_cut_in_its_digits_is_not_believed(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "a.extxyz", make_atoms(2))
    text = (tmp_path / "a.extxyz").read_text()
    (tmp_path / "a.extxyz").write_text(text[:-4])  # the last z has 5 decimals where all others have 8
    with pytest.warns(UserWarning, match="frame 1 is incomplete"):
        assert len(open_trajectory(tmp_path / "a.extxyz")) == 1


def test_nan_names_frame_and_atom(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "a.extxyz", make_atoms(2))
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    lines[9 + 2 + 3] = "Zn nan 0 0".replace("Zn", lines[9 + 2 + 3].split()[0])
    (tmp_path / "a.extxyz").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"a\.extxyz, frame 1: the position of atom 3"):
        list(open_trajectory(tmp_path / "a.extxyz"))


def test_other_atoms_name_the_frame(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "a.extxyz", [*make_atoms(2, 4), *make_atoms(1, 5)])
    with pytest.raises(InputError, match="frame 2: 5 atoms, but frame 0 has 4"):
        open_trajectory(tmp_path / "a.extxyz")
    swapped = make_atoms(2)
    swapped[1].numbers = np.roll(swapped[1].numbers, 1)
    write_extxyz(tmp_path / "b.extxyz", swapped)
    with pytest.raises(InputError, match="frame 1: atom"):
        list(open_trajectory(tmp_path / "b.extxyz"))


def test_a_lost_line_in_the_middle_is_named(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "a.extxyz", make_atoms(3))
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    (tmp_path / "a.extxyz").write_text("\n".join(lines[:4] + lines[5:]) + "\n")
    with pytest.raises(InputError, match="frame 1 begins with 'Lattice"):
        open_trajectory(tmp_path / "a.extxyz")


def test_a_set_of_different_structures_is_no_trajectory(shared: Path) -> None:
    path = shared / "labels" / "explored.extxyz.gz"
    with pytest.raises(InputError, match="frame 12: 544 atoms"):
        open_trajectory(path)


def test_the_labelled_frames_agree_with_ase(shared: Path, tmp_path: Path) -> None:
    with gzip.open(shared / "labels" / "explored.extxyz.gz", "rb") as source:
        (tmp_path / "part.extxyz").write_bytes(b"".join(islice(source, 274 * 12)))
    expected = list(iread(tmp_path / "part.extxyz", format="extxyz"))
    trajectory = open_trajectory(tmp_path / "part.extxyz")
    assert len(trajectory) == 12
    for frame, atoms in zip(trajectory, expected, strict=True):
        same(frame, atoms, atol=1e-12)
    assert trajectory[3].info["source"] == expected[3].info["source"]


def test_the_reverse_monte_carlo_glass(shared: Path) -> None:
    frame = open_trajectory(shared / "glasses" / "rmc-mqgzif4.xyz")[0]
    assert frame.n_atoms == 8704
    assert (frame.numbers == 30).sum() == 8704 / 17
    assert frame.cell[0, 0] == 47.5225


def test_single_structures_are_one_frame(shared: Path) -> None:
    glass = open_trajectory(shared / "glasses" / "ZIF4_15glass01.cif")
    assert isinstance(glass, FrameSequence)
    assert (len(glass), glass.n_atoms) == (1, 272)
    annealed = open_trajectory(shared / "azif" / "m1-zif_ace_24.data.gz")
    assert annealed.n_atoms == 29376
    assert (annealed[0].numbers == 30).sum() == 29376 / 17
    assert open_trajectory("ZIF-4").n_atoms == 272


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    import tracemalloc

    one = make_atoms(1, 500)
    peaks = []
    for n_frames in (20, 400):
        path = tmp_path / f"{n_frames}.extxyz"
        write_extxyz(path, (one[0] for _ in range(n_frames)))
        open_trajectory(path)[0]
        tracemalloc.start()
        seen = sum(1 for _ in XYZTrajectory(path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == n_frames
    # 11 MB of text: a reader that kept it, or its frames, would need that much.
    assert (tmp_path / "400.extxyz").stat().st_size > 10e6
    assert peaks[1] < 6e6


@pytest.mark.parametrize("name", ["a.traj", "a.pkl"])
def test_unsafe_formats_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"- of Ulm")
    with pytest.raises(InputError, match="not opened"):
        open_trajectory(tmp_path / name)


def test_unknown_files_and_formats(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    for path, options in ((tmp_path / "notes.txt", {}), (tmp_path / "none.xyz", {}), ("x", {"fmt": "gro"})):
        with pytest.raises(InputError):
            open_trajectory(path, **options)


def test_an_atom_far_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5"\nC 0 0 1e12\n')
    with pytest.raises(InputError, match=r"a\.xyz, frame 0: atom 0, counted from 0, lies 1e\+12 Å out"):
        open_trajectory(tmp_path / "a.xyz")[0]


def test_an_open_box_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5" pbc="T T F"\nC 0 0 0\n')
    with pytest.warns(UserWarning, match="its pbc is 'T T F', not periodic in every direction"):
        open_trajectory(tmp_path / "a.xyz")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.extxyz", b"", "is empty"),
        ("a.extxyz", b"\x00\x93\xff", "binary file, no text: .* ase convert"),
        ("a.pdb", b"CRYST1 5 5 5\n", "neither a trajectory nor a structure .* extended XYZ, .* ase convert"),
    ],
)
def test_what_is_not_read_says_what_is(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says):
        open_trajectory(tmp_path / name)
