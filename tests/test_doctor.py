"""The doctor finds what is broken, and is well where all is installed."""

from __future__ import annotations

import json

from click.testing import CliRunner

from mofglass import doctor
from mofglass.cli import main
from mofglass.errors import MofglassError


def test_everything_required_works_here():
    found = {item.name: item for item in doctor.diagnose()}
    assert len(found) >= 9
    broken = {name: item.found for name, item in found.items() if item.state == "broken"}
    assert not broken
    assert "-82." in found["nb-ZIF-FF, 0-step run"].found
    for item in found.values():
        assert item.state == "ok" or item.remedy


def test_a_broken_part_is_named_with_its_remedy(monkeypatch):
    def fails() -> str:
        raise MofglassError("no such luck")

    monkeypatch.setattr(
        doctor,
        "CHECKS",
        (("luck", fails, "", "pip install luck"), ("magic", fails, "no_such_package", "pip install magic")),
    )
    answer = CliRunner().invoke(main, ["doctor", "--json"])
    assert answer.exit_code == 1
    luck, magic = json.loads(answer.output)["checks"][-2:]
    assert (luck["state"], luck["remedy"]) == ("broken", "pip install luck")
    assert "no such luck" in luck["found"]
    assert (magic["state"], magic["remedy"]) == ("missing", "pip install magic")
