"""`mofglass report`."""

from __future__ import annotations

from pathlib import Path

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
