"""`mofglass scan`."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write
from click.testing import CliRunner

from mofglass.cli import main


def scan_file(folder: Path) -> Path:
    frames = []
    for seed in range(8):
        atoms = bulk("Cu", cubic=True).repeat(2)
        atoms.rattle(0.1, seed=seed)
        atoms.calc = EMT()
        atoms.get_potential_energy()
        atoms.get_stress()
        frames.append(atoms)
    write(folder / "train.extxyz", frames[:6])
    write(folder / "test.extxyz", frames[6:])
    descriptors = {
        "rcut": 3.4,
        "bessel_polynomial_degree": 2,
        "inverse_polynomial_degree": 3,
        "twobody_number_radial_basis_functions": 3,
        "threebody_number_radial_basis_functions": 0,
        "threebody_angular_degree": 0,
        "fourbody_number_radial_basis_functions": 0,
        "fourbody_angular_degree": 0,
    }
    content = {
        "training": {
            "trainer": "pod",
            "train": ["train.extxyz"],
            "validation": ["test.extxyz"],
            "pod": {"descriptors": descriptors, "block": 2, "curve_points": 1},
        },
        "scan": {"weights.energy": [1, 100]},
        "test": ["test.extxyz"],
        "timing": "cell",
        "checks": False,
    }
    path = folder / "scan.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def test_a_dry_run_lists_the_combinations(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scan", str(scan_file(tmp_path)), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == ["energy-1", "energy-100"]


def test_it_prints_one_json_object_and_writes_table_plots_and_pages(tmp_path: Path) -> None:
    path = scan_file(tmp_path)
    result = CliRunner().invoke(main, ["scan", str(path), "-o", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["combinations"]
    assert {row["name"] for row in rows} == {"energy-1", "energy-100"}
    assert all(row["microseconds_per_atom"] > 0 for row in rows)
    page = (tmp_path / "out" / "scan.html").read_text(encoding="utf-8")
    assert "2 of 2 trainings" in page
    assert f"<pre><code>{path.read_text()}</code></pre>" in page
    assert "energy-100" in page
    assert (tmp_path / "out" / "energy-100" / "evaluation" / "evaluation.html").is_file()
    assert (tmp_path / "out" / "pareto_forces.png").is_file()


def test_without_a_directory_it_says_what_to_add(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scan", str(scan_file(tmp_path))])
    assert result.exit_code == 2
    assert "-o scan" in result.output
