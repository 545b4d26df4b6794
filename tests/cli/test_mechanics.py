"""`mofglass bulk-modulus` and `elastic-constants` from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write
from click.testing import CliRunner, Result

from mofglass.cli import main
from mofglass.cli.mechanics_output import differences, published
from mofglass.errors import InputError

SHORT = ["--time-step", 5, "--temperature", 5, "--thermo-interval", 0.05]


@pytest.fixture
def argon(tmp_path: Path) -> Path:
    path = tmp_path / "argon.extxyz"
    write(path, bulk("Ar", cubic=True, a=5.28).repeat(3))
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def test_static_bulk_modulus_of_argon(argon: Path, tmp_path: Path) -> None:
    words = ["bulk-modulus", argon, "-p", "lj", "--method", "static", "--compress", 2, "--expand", 2]
    result = run(*words, "-o", tmp_path / "static", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    # Argon of these parameters at rest: 75 epsilon / sigma^3, less what the cut-off takes.
    assert summary["bulk_modulus_GPa"] == pytest.approx(75 * 0.01032 / 3.405**3 * 160.2, rel=0.1)
    assert summary["fits"]["energies"]["bulk_modulus_GPa"] == pytest.approx(
        summary["bulk_modulus_GPa"], rel=0.05
    )
    assert summary["published"] == []
    assert {"bulk_modulus.csv", "bulk_modulus.png", "summary.json"} <= {
        path.name for path in (tmp_path / "static" / "analysis").iterdir()
    }


def test_elastic_constants_of_argon_at_rest(argon: Path, tmp_path: Path) -> None:
    words = ["elastic-constants", argon, "-p", "lj", "--strain", 0.2, "-o", tmp_path / "elastic"]
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    c = summary["stiffness_GPa"]
    assert c[0][0] == pytest.approx(c[2][2], rel=1e-4)
    assert summary["mechanically_stable"] is True
    plain = run(*words)
    assert plain.exit_code == 0
    assert "young_modulus_GPa" in plain.output


def test_plans_say_their_cost_and_run_nothing(
    argon: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("bulk-modulus", argon, "-p", "lj", "--dry-run", "--prepare", 1, "--sample", 2, "--deform", 1)
    assert result.exit_code == 0, result.output
    assert "compress" in result.output
    assert "ms a step" in result.output
    result = run("elastic-constants", argon, "-p", "lj", "--dry-run")
    assert "13 structures" in result.output
    result = run("elastic-constants", argon, "-p", "lj", "--dry-run", "--ions", "clamped")
    assert "13 evaluations" in result.output
    assert list(tmp_path.iterdir()) == [argon]


def test_volume_fluctuation_and_its_continuation(argon: Path, tmp_path: Path) -> None:
    words = ["bulk-modulus", argon, "-p", "lj", "--method", "volume-fluctuation", *SHORT]
    words += ["--prepare", 2, "--sample", 10, "--threads", 1, "-o", tmp_path / "npt", "--json"]
    result = run(*words)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["method"] == "volume fluctuation"
    assert summary["bulk_modulus_GPa"] > 0
    assert run(*words).stdout == result.stdout


def test_glasses_are_tested_against_the_crystal(tmp_path: Path) -> None:
    crystal = {"bulk_modulus": {"bulk_modulus_GPa": 1.69, "bulk_modulus_GPa_error": 0.1}}
    crystal["bulk_modulus"] |= {"n_glasses": 1, "fitted_points": 5}
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "summary.json").write_text(json.dumps(crystal))
    # Castel 2024, Table 2: ± is the spread of ten glasses.
    glasses = {"bulk_modulus_GPa": 3.43, "bulk_modulus_GPa_error": 1.23 / 10**0.5, "n_glasses": 10}
    test = differences(glasses, tmp_path, "bulk_modulus")["bulk_modulus_GPa"]
    assert test["difference"] == pytest.approx(1.74)
    assert test["t"] == pytest.approx(1.74 / (0.1**2 + 1.23**2 / 10) ** 0.5)
    assert 9 < test["freedom"] < 12
    assert test["p_value"] < 0.002
    with pytest.raises(InputError, match="finish that study"):
        differences(glasses, tmp_path, "elasticity")


def test_routes_at_rest_stand_side_by_side(argon: Path, tmp_path: Path) -> None:
    bulk_modulus, elastic, both = tmp_path / "eos", tmp_path / "elastic", tmp_path / "routes"
    words = ["bulk-modulus", argon, "-p", "lj", "--method", "static", "--compress", 2, "--expand", 2]
    assert run(*words, "--relax-cell", "-o", bulk_modulus).exit_code == 0
    words = ["elastic-constants", argon, "-p", "lj", "--strain", 0.1, "--relax-cell", "-o", elastic]
    assert run(*words).exit_code == 0
    result = run("compare-moduli", bulk_modulus, elastic, "--equation", "vinet", "-o", both, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    methods = [row["method"] for row in summary["routes"]]
    assert methods == ["static, vinet", "stress-strain, relaxed ions", "stress-strain, clamped ions"]
    moduli = [row["bulk_modulus_voigt_GPa"] for row in summary["routes"]]
    assert moduli == pytest.approx([moduli[0]] * 3, rel=0.05)
    # At rest there is no error of sampling to judge by.
    assert summary["agree"] is None
    assert {"moduli_comparison.csv", "moduli_comparison_pairs.csv", "moduli_comparison.png"} <= {
        path.name for path in both.iterdir()
    }
    plain = run("compare-moduli", bulk_modulus, elastic)
    assert "nothing to test" in plain.output
    assert "--equation vinet" in plain.output
    assert "two routes" in run("compare-moduli", bulk_modulus).output


def test_routes_that_differ_are_named(tmp_path: Path) -> None:
    for name, value in (("a", 2.0), ("b", 3.0), ("c", 2.05)):
        study = {"method": "volume fluctuation", "temperature_K": 300.0, "free_strains": 1, "n_glasses": 1}
        study |= {"bulk_modulus_volume_GPa": value, "bulk_modulus_volume_GPa_error": 0.1, "n_blocks": 16}
        (tmp_path / name).mkdir()
        text = json.dumps({"elasticity": study | {"mechanically_stable": None, "notes": []}})
        (tmp_path / name / "summary.json").write_text(text)
    result = run("compare-moduli", *(tmp_path / name for name in "abc"))
    assert result.exit_code == 0, result.output
    assert "the routes do not agree: 3 tests" in result.output
    assert result.output.count("bulk_modulus_voigt_GPa") == 2
    assert "the routes agree: 1 tests" in run("compare-moduli", tmp_path / "a", tmp_path / "c").output


def test_what_is_missing_is_said(argon: Path, tmp_path: Path) -> None:
    assert "say where the study goes" in run("bulk-modulus", argon, "-p", "lj").output
    result = run("bulk-modulus", argon, "-p", "lj", "--compress", 1, "--expand", 0, "-o", tmp_path / "x")
    assert result.exit_code == 2
    assert "at least two steps" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["bulk-modulus", "--method", "static", "--hydrogen-mass", 3],
        ["bulk-modulus", "--method", "static", "--temperature", 100],
        ["bulk-modulus", "--force-tolerance", 0.01],
        ["bulk-modulus", "--method", "volume-fluctuation", "--deform", 5],
        ["elastic-constants", "--time-step", 0.75],
        ["elastic-constants", "--temperature", 300, "--max-steps", 5],
        ["elastic-constants", "--method", "strain-fluctuation", "--strain", 1],
    ],
)
def test_an_option_that_means_nothing_is_refused(argon: Path, tmp_path: Path, words: list[object]) -> None:
    command, *options = words
    result = run(command, argon, "-p", "lj", *options, "-o", tmp_path / "x")
    assert result.exit_code == 2
    assert f"{options[-2]} means nothing" in result.output
    assert not (tmp_path / "x").exists()


def test_published_values_stand_beside_the_result() -> None:
    values = {(row["quantity"], row["system"], row["value"]) for row in published("ZIF-4")}
    assert {
        ("bulk_modulus", "crystal", 1.69),
        ("bulk_modulus", "glass", 3.43),
        ("bulk_modulus", "glass", 3.24),
        ("young_modulus", "crystal", 2.49),
        ("shear_modulus", "crystal", 1.01),
        ("poisson_ratio", "crystal", 0.24),
        ("density", "crystal", 1.16),
        ("density", "glass", 1.25),
        ("density", "glass", 1.29),
    } <= values
