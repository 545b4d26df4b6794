"""Every command line on every page names commands, options and arguments that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from mofglass.cli import main
from mofglass.training.config import parse_config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = re.compile(r"^ *```(?:bash|console|sh|)\n(.*?)^ *```", re.M | re.S)
YAML = re.compile(r"^ *```yaml\n(.*?)^ *```", re.M | re.S)


def command_lines(text: str) -> Iterator[str]:
    """The lines of shell blocks that run mofglass, continued ones joined."""
    for block in SHELL.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("mofglass "):
                yield line


def check(line: str) -> None:
    """Parse a command line as click does, without opening what it names."""
    words = shlex.split(line, comments=True)[1:]
    # What the shell keeps for itself.
    words = words[: next((k for k, word in enumerate(words) if word in ("|", ">", "&&", ";", "2>")), None)]
    command: click.Command = main
    context = click.Context(main, info_name="mofglass")
    while isinstance(command, click.Group):
        name = next((word for word in words if not word.startswith("-")), None)
        if name is None:
            return  # mofglass --help
        if name not in command.commands and "all" in command.commands:
            name, words = "all", ["all", *words]  # as 'mofglass analyse' does
        found = command.get_command(context, name)
        assert found is not None, f"{line}: there is no command '{name}'"
        words = words[words.index(name) + 1 :]
        command, context = found, click.Context(found, info_name=name, parent=context)
    if "--help" in words:
        return
    values, rest, _ = command.make_parser(context).parse_args(words)
    assert not rest, f"{line}: {rest} are more than it takes"
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.required:
            assert values.get(parameter.name), f"{line}: {parameter.human_readable_name} is missing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for line in command_lines(page.read_text()):
        check(line)


def test_what_does_not_exist_is_found() -> None:
    with pytest.raises(click.NoSuchOption):
        check("mofglass melt-quench ZIF-4 --ratee 5")
    with pytest.raises(AssertionError, match="no command"):
        check("mofglass meltquench ZIF-4")
    with pytest.raises(AssertionError, match="more than it takes"):
        check("mofglass train a.yaml b.yaml")
    assert sum(len(list(command_lines(page.read_text()))) for page in PAGES) > 60


def test_the_trainings_of_the_pages_are_valid() -> None:
    trainings = 0
    for page in PAGES:
        for block in YAML.findall(page.read_text()):
            content = yaml.safe_load(block)
            if isinstance(content, dict) and "trainer" in content and "train" in content:
                parse_config(content, where=page.name, folder=Path("/data"))
                trainings += 1
    assert trainings >= 4
