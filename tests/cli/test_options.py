"""Options that commands share."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.cli.options import DURATION, POSITIVE, UserPath
from mofglass.yaml_file import read_yaml


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


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("samples: .inf", "'samples: inf': 'inf' is not a valid integer"),
        ("samples: 5.7", "'samples: 5.7': '5.7' is not a valid integer"),
        ("samples: true", "'samples: True': must be one value"),
        ("samples: {a: 1}", "must be one value"),
        ("output: [a, b]", "must be one value"),
        ("quiet: 3", "'quiet: 3': must be true or false"),
        ("source: {a: 1}", "must be a list of values"),
        ("seed: 1\nseed: 2", "line 2, column 1: 'seed' is given twice"),
    ],
)
def test_a_configuration_is_as_strict_as_the_command_line(tmp_path, lines, told):
    config = tmp_path / "options.yaml"
    config.write_text(lines + "\n")
    result = CliRunner().invoke(main, ["dataset", "sample", __file__, "--config", str(config)])
    assert result.exit_code == 2
    assert f"{config}" in result.output
    assert told in result.output
    assert "Traceback" not in result.output


def test_times_and_ranges_in_a_configuration_are_what_they_look_like(tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text("frames: 10:20\nwalltime: 1:30:00\nt-max: 1.5e+3\nsource: one\n")
    assert read_yaml(path) == {"frames": "10:20", "walltime": "1:30:00", "t-max": 1500.0, "source": "one"}


def test_what_the_system_refuses_is_one_sentence(tmp_path):
    """A limit on the size of files stands for a full disk."""
    rattled = bulk("Ar", "fcc", a=5.3, cubic=True).repeat(3)
    rattled.calc = SinglePointCalculator(rattled, energy=-1.0, forces=np.zeros((108, 3)))
    write(tmp_path / "a.xyz", [rattled] * 3)
    command = [sys.executable, "-m", "mofglass", "dataset", "export", str(tmp_path / "a.xyz")]
    told = subprocess.run(
        [*command, "-o", str(tmp_path / "b.xyz")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
    )
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert told.stderr.splitlines()[-1] == "Error: File too large: make room, and run the same command again"
    assert [path.name for path in tmp_path.iterdir()] == ["a.xyz"]


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
