"""`mofglass structures` as users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mofglass import structures
from mofglass.cli import main


def run(*words: str | Path) -> Result:
    """Run `mofglass structures ...` in process."""
    return CliRunner().invoke(main, ["structures", *map(str, words)])


def test_list() -> None:
    result = run("list")
    assert result.exit_code == 0
    for name in structures.catalogue():
        assert name in result.output
    rows = json.loads(run("list", "--json").output)["structures"]
    assert [row["name"] for row in rows] == list(structures.catalogue())
    zif_4 = next(row for row in rows if row["name"] == "ZIF-4")
    assert zif_4["n_atoms"] == 272
    assert zif_4["density_g_per_cm3"] == pytest.approx(1.246, abs=1e-3)


def test_show() -> None:
    result = run("show", "ZIF-4")
    assert result.exit_code == 0
    for part in ("Pbca", "Hall number 290", "16 Zn with 4 N", "32 imidazolate", "g/cm³", "Å", "CC BY 4.0"):
        assert part in result.output
    told = json.loads(run("show", "zif8", "--cell", "cubic", "--json").output)
    assert told["n_atoms"] == 276
    assert told["zn_coordination"] == {"4": 12}
    assert told["linkers"] == {"2-methylimidazolate": 24}


def test_build_as_in_the_help(tmp_path: Path) -> None:
    path = tmp_path / "zif4.extxyz"
    result = run("build", "ZIF-4", "--supercell", "2", "2", "2", "-o", path)
    assert result.exit_code == 0, result.output
    assert "2176 atoms" in result.output
    assert len(structures.load(path)) == 2176
    told = json.loads(run("show", path, "--json").output)
    assert told["density_g_per_cm3"] == pytest.approx(1.246, abs=1e-3)


@pytest.mark.parametrize("ending", ["extxyz", "cif", "vasp", "data"])
def test_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    assert run("build", "ZIF-1", "-o", path).exit_code == 0
    assert structures.load(path).get_chemical_formula() == "C48H48N32Zn8"


def test_zif_62(tmp_path: Path) -> None:
    path = tmp_path / "zif62.cif"
    told = json.loads(
        run("build", "ZIF-62", "--fraction-bim", "0.175", "--seed", "3", "-o", path, "--json").output
    )
    assert told["linkers"] == {"benzimidazolate": 6, "imidazolate": 26}
    assert told["n_atoms"] == len(structures.load(path)) == 308


def test_substitute(tmp_path: Path) -> None:
    path = tmp_path / "out.extxyz"
    words = [
        "substitute",
        "ZIF-4",
        "--group",
        "CH3",
        "--position",
        "2",
        "--fraction",
        "0.25",
        "--seed",
        "1",
        "-o",
        path,
    ]
    assert "8 of 32 linkers bear CH3" in run(*words).output
    told = json.loads(run(*words, "--json").output)
    assert told["n_substituted"] == 8
    assert told["linkers"] == {"2-methylimidazolate": 8, "imidazolate": 24}
    assert told["nearest_contact_over_vdw"] >= 0.65
    chosen = json.loads(
        run(
            "substitute", "ZIF-4", "--group", "cl", "--linker", "2", "--linker", "9", "-o", path, "--json"
        ).output
    )
    assert chosen["substituted_linkers"] == [2, 9]


def test_take_groups_off(tmp_path: Path) -> None:
    path = tmp_path / "bare.cif"
    result = run("substitute", "ZIF-8", "--group", "H", "-o", path)
    assert result.exit_code == 0, result.output
    assert structures.load(path).get_chemical_formula() == "C36H36N24Zn6"


def test_config_and_its_precedence(tmp_path: Path) -> None:
    config, path = tmp_path / "a.yaml", tmp_path / "a.extxyz"
    config.write_text(f"supercell: [1, 1, 2]\noutput: {path}\n")
    assert "272 atoms" in run("build", "ZIF-1", "--config", config).output
    assert "136 atoms" in run("build", "ZIF-1", "--config", config, "--supercell", "1", "1", "1").output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "ZIF-44"], "no structure 'ZIF-44'; did you mean"),
        (["show", "nowhere.cif"], "there is no file nowhere.cif"),
        (["build", "ZIF-4", "-o", "{}/a.foo"], "tells no format to write"),
        (["build", "ZIF-4", "-o", "{}/no/a.cif"], "there is no directory"),
        (["build", "ZIF-4", "--fraction-bim", "0.5", "-o", "{}/a.cif"], "no mixed linkers"),
        (["build", "ZIF-4", "--cell", "cubic", "-o", "{}/a.cif"], "only as published: leave --cell out"),
        (["build", "ZIF-62", "--fraction-bim", "1", "-o", "{}/a.cif"], "bIm groups fit"),
        (["substitute", "ZIF-8", "--group", "Cl", "-o", "{}/a.cif"], "0 bear a hydrogen on C2"),
        (["substitute", "ZIF-4", "--group", "H", "--fraction", "0.5", "-o", "{}/a.cif"], "--group H takes"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path: Path, words: list[str], sentence: str) -> None:
    result = run(*(word.format(tmp_path) for word in words))
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["list", "show", "build", "substitute"])
def test_help(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--config" in result.output
    assert "--json" in result.output


def test_a_hot_frame_has_the_linkers_that_the_analyses_count(tmp_path: Path) -> None:
    """A C-H bond of 1.45 Å, as at 1500 K, is a bond still."""
    hot = structures.load("ZIF-4")
    carbon, hydrogen = int((hot.numbers == 6).argmax()), -1
    distances = hot.get_distances(carbon, range(len(hot)), mic=True)
    hydrogen = min((k for k in range(len(hot)) if hot.numbers[k] == 1), key=lambda k: distances[k])
    hot.set_distance(carbon, hydrogen, 1.45, fix=0, mic=True)
    hot.write(tmp_path / "hot.extxyz")
    told = json.loads(run("show", tmp_path / "hot.extxyz", "--json").output)
    assert told["linkers"] == {"imidazolate": 32}
