"""The catalogue's files are what the tool derives from the published cells today."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import yaml

from mofglass import structures

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.mark.parametrize("name", list(structures.catalogue()))
def test_catalogue_is_derived(shared: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    specification = importlib.util.spec_from_file_location("make_catalogue", TOOLS / "make_catalogue.py")
    assert specification is not None
    assert specification.loader is not None
    tool = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, specification.name, tool)  # dataclasses look their module up
    specification.loader.exec_module(tool)
    tool.PUBLISHED = shared / "structures"
    told = yaml.safe_load((TOOLS / "catalogue_sources.yaml").read_text())
    derived = tool.derive(name, told[name])
    kept = yaml.safe_load((tool.CATALOGUE / f"{name}.yaml").read_text())
    fixed = [key for key in derived if key not in ("cell", "asymmetric_unit", "settings")]
    assert {key: derived[key] for key in fixed} == {key: kept[key] for key in fixed}
    assert derived["cell"] == pytest.approx(kept["cell"], abs=2e-5)
    for ours, theirs in zip(derived["asymmetric_unit"], kept["asymmetric_unit"], strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3:] == pytest.approx(theirs[3:], abs=2e-6)
