"""`mofglass analyse elastic` from the shell: JSON, files, glasses against a crystal, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.cli import main

from ..analysis.test_strain_fluctuation import cells_of, drawn_strains


def write_cells(path: Path, bulk_GPa: float, shear_GPa: float, seed: int, n: int = 4000) -> Path:
    stiffness = ElasticTensor.isotropic(bulk_GPa, shear_GPa).stiffness_GPa
    cells = cells_of(drawn_strains(stiffness, n, np.random.default_rng(seed)))
    rows = np.column_stack([np.arange(n), np.arange(n) * 2.0, cells.reshape(n, 9), np.linalg.det(cells)])
    np.savetxt(path, rows, fmt=["%d", *["%.10f"] * 11])
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["analyse", "elastic", *map(str, words)])


def test_json_has_every_number_with_its_error(tmp_path: Path) -> None:
    result = run(write_cells(tmp_path / "a.cell", 3.0, 1.2, 1), "--temperature", 300, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert np.shape(summary["stiffness_GPa"]) == np.shape(summary["stiffness_GPa_error"]) == (6, 6)
    exact = ElasticTensor.isotropic(3.0, 1.2).hill
    for name, value in (
        ("bulk_modulus_GPa", 3.0),
        ("shear_modulus_GPa", 1.2),
        ("young_modulus_GPa", exact.young_GPa),
        ("poisson_ratio", exact.poisson),
    ):
        assert summary[name] == pytest.approx(value, rel=0.08)
        assert 0 < summary[f"{name}_error"] < 0.1 * value
    assert summary["mechanically_stable"] is True
    assert summary["length_ps"] == pytest.approx(7.998)


def test_files_of_an_analysis(tmp_path: Path) -> None:
    output = tmp_path / "elastic"
    result = run(write_cells(tmp_path / "a.cell", 3.0, 1.2, 1), "--temperature", 300, "-o", output)
    assert result.exit_code == 0, result.output
    names = {path.name for path in output.iterdir()}
    assert {
        "elasticity.csv",
        "elasticity.png",
        "elasticity_stiffness.csv",
        "elasticity_convergence.csv",
        "elasticity_directions.html",
        "summary.json",
    } <= names
    page = (output / "elasticity_directions.html").read_text()
    assert page.count('id="surface') == 4
    assert "Plotly.newPlot" in page
    assert 'src="http' not in page


def test_glasses_against_a_crystal(tmp_path: Path) -> None:
    glasses = [write_cells(tmp_path / f"g{k}.cell", 3.0 + 0.2 * k, 1.2, k) for k in range(3)]
    crystal = write_cells(tmp_path / "crystal.cell", 1.7, 1.0, 9)
    result = run(*glasses, "--against", crystal, "--temperature", 300, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["n_glasses"] == 3
    assert summary["bulk_modulus_GPa_spread"] == pytest.approx(0.2, rel=0.5)
    test = summary["against"]["bulk_modulus_GPa"]
    assert test["difference"] == pytest.approx(1.5, rel=0.15)
    assert test["p_value"] < 0.01
    assert summary["against"]["test"].startswith("Welch")


def test_a_range_of_times(tmp_path: Path) -> None:
    path = write_cells(tmp_path / "a.cell", 3.0, 1.2, 1)
    result = run(path, "--temperature", 300, "--from-ps", 1, "--to-ps", 2, "--json")
    assert json.loads(result.stdout)["n_cells"] == 501
    result = run(path, "--temperature", 300, "--last-ps", 1, "--stride", 2, "--json")
    assert json.loads(result.stdout)["n_cells"] == 251
    assert run(path, "--temperature", 300, "--from-ps", 100).exit_code == 2


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path = write_cells(tmp_path / "a.cell", 3.0, 1.2, 1, n=100)
    result = run(path)
    assert result.exit_code == 2
    assert "--temperature" in result.output
    result = run(tmp_path / "none.cell", "--temperature", 300)
    assert result.exit_code == 2
    assert "does not exist" in result.output
