"""The command line as a whole: help that teaches, config files, one sentence and exit code 2."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from mofglass.cli import COMMANDS, main


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")


def all_commands() -> list[list[str]]:
    import click

    found = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None, name
        found.append([name])
        if isinstance(command, click.Group):
            found += [[name, child] for child in command.list_commands(click.Context(command))]
    return found


def test_help_lists_every_command():
    answer = run("--help")
    assert answer.exit_code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}  ", answer.output, re.MULTILINE)


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_command_has_help_that_shows_units(words):
    """Each option that takes a bare number of something physical names its unit."""
    import click

    answer = run(*words, "--help")
    assert answer.exit_code == 0, answer.output
    command: click.Command | None = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    assert command.help
    if not isinstance(command, click.Group):
        assert "config" in [parameter.name for parameter in command.params]
    units = (
        r"(Å|ps|fs|\bK\b|K/ps|bar|\bs\b|eV|\bRy\b|\bHa\b|wall time|kJ/mol|deg|°|g/cm³|frames?|"
        r"[Ff]raction|no unit|in units of|share|%)"
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option) and isinstance(
            parameter.type, click.FloatRange | click.types.FloatParamType
        ):
            assert re.search(units, parameter.help or ""), f"{' '.join(words)} {parameter.opts}: no unit"


def test_unknown_command_exits_with_2():
    answer = run("boil")
    assert answer.exit_code == 2
    assert "boil" in answer.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["melt-quench", "ZIF-99", "-o", "x"], "ZIF-99"),
        (["melt-quench", "ZIF-4", "--t-max", "100", "-o", "x"], "--t-max"),
        (["melt-quench", "ZIF-4", "--potential", "magic", "-o", "x"], "magic"),
        (["melt-quench", "ZIF-4"], "-o runs/glass1"),
        (["resume", "nowhere"], "not a mofglass run"),
        (["analyse", "nowhere.xyz"], "nowhere.xyz"),
        (["report", "nowhere", "-o", "r.html"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = run(*words)
    assert answer.exit_code == 2, answer.output
    assert sentence in answer.output
    assert "Traceback" not in answer.output
    assert list(tmp_path.iterdir()) == []


def plan(*words: object) -> str:
    answer = run("melt-quench", "ZIF-4", "--dry-run", *words)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_command_line_beats_file_beats_default(tmp_path):
    config = tmp_path / "glass.yaml"
    config.write_text("t-max: 1400\nplateau: 30\nsupercell: [1, 1, 1]\n")
    default, filed, both = plan(), plan("--config", config), plan("--config", config, "--t-max", "1300")
    assert "300 -> 1500 K" in default
    assert "50 ps in steps" in default
    assert "300 -> 1400 K" in filed
    assert "30 ps in steps" in filed
    assert "300 -> 1300 K" in both
    assert "30 ps in steps" in both


@pytest.mark.parametrize(
    ("text", "words"),
    [("t-maximum: 3", "t-maximum"), ("- a list", "option: value"), ("a: [", "YAML"), ("rate: fast", "fast")],
)
def test_bad_config_files(tmp_path, text, words):
    config = tmp_path / "bad.yaml"
    config.write_text(text)
    answer = run("melt-quench", "ZIF-4", "--dry-run", "--config", config)
    assert answer.exit_code == 2
    assert words in answer.output
