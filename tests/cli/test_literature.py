"""`mofglass literature`."""

from __future__ import annotations

import json

from click.testing import CliRunner

from mofglass.cli import main


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["literature", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_quantities_and_papers() -> None:
    output = run("list")
    assert "zn_n_coordination" in output
    assert "10.1039/d3dd00236e" in output
    listed = json.loads(run("list", "--json"))
    assert {paper["source"] for paper in listed["sources"]} == {"castel2024", "mendez2024", "shi2023"}
    assert sum(q["n_values"] for q in listed["quantities"]) == sum(s["n_values"] for s in listed["sources"])


def test_show_prints_one_json_object() -> None:
    values = json.loads(run("show", "--quantity", "zn_n_pmf_barrier", "--json"))["values"]
    assert [(v["value"], v["unit"], v["source"]) for v in values] == [(26.0, "kJ/mol", "Castel 2024")]


def test_show_prints_tables_with_units() -> None:
    output = run("show", "--quantity", "bulk_modulus", "--system", "glass")
    assert "GPa" in output
    assert "3.24 ± 0.72" in output


def test_an_unknown_quantity_is_one_sentence_and_exit_code_2() -> None:
    result = CliRunner().invoke(main, ["literature", "show", "--quantity", "viscosity"])
    assert result.exit_code == 2
    assert "no quantity 'viscosity'" in result.output
