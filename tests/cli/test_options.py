"""Options that commands share."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.cli.options import DURATION, POSITIVE, UserPath


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("00:10:00", 600),
        ("1-12:00:00", 129600),
        ("10:00", 600),
        ("1-12", 129600),
        ("1-12:00", 129600),
        ("0-00:30", 1800),
        (45, 45),
    ],
)
def test_wall_times(text, seconds):
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["soon", "", "3x", "1:b", "nan", "inf", "-5", "-1-2", "1-2:3:4:5", -5])
def test_wrong_wall_times(text):
    with pytest.raises(click.BadParameter, match="is not a time"):
        DURATION.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "0", "-1", "1e999"])
def test_positive_numbers_are_finite(text):
    assert POSITIVE.convert("0.5", None, None) == 0.5
    with pytest.raises(click.BadParameter):
        POSITIVE.convert(text, None, None)


def test_home_is_expanded_where_the_shell_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert UserPath().convert("~/run", None, None) == tmp_path / "home" / "run"
    assert UserPath().convert("run~", None, None) == Path("run~")
    # What is called ~ itself.
    assert UserPath().convert("./~/run", None, None) == tmp_path / "~" / "run"
    config = tmp_path / "home" / "options.yaml"
    config.parent.mkdir()
    config.write_text("output: ~/written\n")
    told = CliRunner().invoke(main, ["analyse", "density", "ZIF-4", "--config", "~/options.yaml"])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "home" / "written" / "summary.json").is_file()


def commands(group: click.Group, context: click.Context) -> list[click.Command]:
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += commands(command, context) if isinstance(command, click.Group) else [command]
    return found


def test_every_path_of_every_command_knows_home():
    all_commands = commands(main, click.Context(main))
    paths = [
        (command.name, parameter.name, parameter.type)
        for command in all_commands
        for parameter in command.params
        if isinstance(parameter.type, click.Path)
    ]
    assert len(paths) > 40
    assert [place[:2] for place in paths if not isinstance(place[2], UserPath)] == []


def test_wrong_yaml_is_told_by_line_and_column(tmp_path):
    config = tmp_path / "options.yaml"
    config.write_text("cutoff: 2.5\njobs: @two\n")
    for words in (
        ["analyse", "density", "ZIF-4", "--config"],
        ["run", "ZIF-4", "-o", "x"],
        ["train", "-o", "x"],
    ):
        told = CliRunner().invoke(main, [*words, str(config)])
        assert told.exit_code == 2
        assert "is not valid YAML at line 2, column 7: found character" in " ".join(told.stderr.split())
