"""`mofglass potentials`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from mofglass.cli import main


def _run(*arguments: str):
    return CliRunner().invoke(main, ["potentials", *arguments])


def test_list_names_every_potential() -> None:
    result = _run("list", "--json")
    assert result.exit_code == 0
    listed = {entry["name"]: entry for entry in json.loads(result.output)["potentials"]}
    assert {"nb-zif-ff", "reaxff", "nequip-archived", "lj"} <= set(listed)
    assert listed["reaxff"]["usage"] == "reaxff:FFIELD"
    assert listed["nequip-archived"]["extra"] == "torch"
    assert "nb-zif-ff" in _run("list").output


def test_show_prints_parameters_and_known_limits() -> None:
    result = _run("show", "nb-zif-ff")
    assert result.exit_code == 0
    for words in ("10.1063/5.0128656", "61.348", "2.735", "does not reproduce", "Mendez"):
        assert words in result.output


def test_show_json_has_units_in_its_keys() -> None:
    shown = json.loads(_run("show", "nb-zif-ff", "--json").output)
    assert shown["morse"]["D_eV"] == 0.040101265347783056
    zinc = next(row for row in shown["particles"] if row["type"] == "Zn")
    assert zinc["charge_e"] == 0.3536
    assert zinc["mass_u"] == 61.348
    columns = {"quantity", "this_set", "this_set_default", "published"}
    assert set(shown["compared_with_published"][0]) == columns
    assert shown["angles"][0]["theta0_deg"] == 109.5


def test_show_reads_a_users_file(shared: Path) -> None:
    path = shared / "potentials" / "ffield_ZnN_2016"
    shown = json.loads(_run("show", f"reaxff:{path}", "--json").output)
    assert "Zn" in shown["elements"]
    assert len(shown["sha256"]) == 64


def test_an_unknown_name_is_one_sentence_and_exit_code_2() -> None:
    result = _run("show", "nb-zif")
    assert result.exit_code == 2
    assert "did you mean nb-zif-ff or zif4?" in result.output
