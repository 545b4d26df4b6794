"""`mofglass report`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.structures import load


def test_a_structure_becomes_a_report(tmp_path: Path) -> None:
    load("ZIF-4").write(tmp_path / "zif4.extxyz")
    output = tmp_path / "out.html"
    result = CliRunner().invoke(
        main,
        [
            "report",
            str(tmp_path / "zif4.extxyz"),
            "-o",
            str(output),
            "--system",
            "crystal",
            "--title",
            "My ZIF",
        ],
    )
    assert result.exit_code == 0, result.output
    assert "out.html (" in result.output
    assert " MB" in result.output
    html = output.read_text(encoding="utf-8")
    assert "<h1>My ZIF</h1>" in html
    assert "Castel 2024, Table S5" in html
    assert hashlib.sha256((tmp_path / "zif4.extxyz").read_bytes()).hexdigest() in html


def lammps_dump(path: Path) -> Path:
    """Four frames of ZIF-4, shaken, as LAMMPS writes them without elements: types in the order C H N Zn."""
    crystal, random = load("ZIF-4"), np.random.default_rng(1)
    types = np.searchsorted([1, 6, 7, 30], crystal.numbers)
    types = np.array([2, 1, 3, 4])[types]
    lines = []
    for step in range(0, 400, 100):
        lines += ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(crystal))]
        lines += ["ITEM: BOX BOUNDS pp pp pp", *(f"0 {edge}" for edge in crystal.cell.lengths())]
        lines.append("ITEM: ATOMS id type x y z")
        moved = crystal.positions + random.normal(scale=0.02, size=crystal.positions.shape)
        lines += [
            f"{k} {t} {x} {y} {z}" for k, (t, (x, y, z)) in enumerate(zip(types, moved, strict=True), 1)
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_trajectory_is_read_as_analyse_reads_it(tmp_path: Path) -> None:
    dump, output = lammps_dump(tmp_path / "md.lammpstrj"), tmp_path / "out.html"
    words = ["report", str(dump), "-o", str(output), "--pore-frames", "0", "--start", "1"]
    bare = CliRunner().invoke(main, words)
    assert bare.exit_code == 2
    assert "--elements" in bare.output or "elements" in bare.output
    assert not output.exists()
    result = CliRunner().invoke(main, [*words, "--elements", "C H N Zn", "--time-step", "0.5"])
    assert result.exit_code == 0, result.output
    html = output.read_text(encoding="utf-8")
    assert "A trajectory of 272 atoms in 3 frames" in html
    assert "3 frames from 0.05 to 0.15 ps analysed" in html
    assert "Mean square displacement" in html


@pytest.mark.parametrize("option", [("--elements", "C H N Zn"), ("--from-ps", "1"), ("--cell", "9 9 9")])
def test_options_of_files_are_refused_for_a_run(tmp_path: Path, option: tuple[str, str]) -> None:
    (tmp_path / "run").mkdir()
    result = CliRunner().invoke(main, ["report", str(tmp_path / "run"), *option])
    assert result.exit_code == 2
    assert f"{option[0]} means nothing for" in " ".join(result.output.split())


def test_options_come_from_a_config_file(tmp_path: Path) -> None:
    load("ZIF-4").write(tmp_path / "zif4.extxyz")
    (tmp_path / "c.yaml").write_text(f"output: {tmp_path / 'from-config.html'}\ntemperature: 350\n")
    result = CliRunner().invoke(
        main, ["report", str(tmp_path / "zif4.extxyz"), "--config", str(tmp_path / "c.yaml")]
    )
    assert result.exit_code == 0, result.output
    assert "at 350 K" in (tmp_path / "from-config.html").read_text(encoding="utf-8")


def test_a_missing_run_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(tmp_path / "absent"), "-o", str(tmp_path / "r.html")])
    assert result.exit_code == 2
    assert "absent does not exist" in result.output
    assert not (tmp_path / "r.html").exists()
