"""Potentials by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mofglass.errors import InputError
from mofglass.potentials import REGISTRY, get_potential
from mofglass.potentials.nb_zif_ff import NbZifFF


@pytest.mark.parametrize("spec", ["nb-zif-ff", "NB-ZIF-FF", "nb_zif_ff"])
def test_a_name_makes_its_potential(spec: str) -> None:
    assert isinstance(get_potential(spec), NbZifFF)


def test_a_file_is_taken_from_after_the_colon(shared: Path) -> None:
    path = shared / "potentials" / "ffield_ZnN_2016"
    assert get_potential(f"reaxff:{path}").describe()["file"] == str(path.resolve())


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("nb-zif", "did you mean nb-zif-ff"),
        ("nonsense", "known are .*nb-zif-ff, reaxff:FFIELD"),
        ("reaxff", "write reaxff:FFIELD"),
        ("nb-zif-ff:x", "takes nothing after a colon"),
        ("reaxff:/nowhere/ffield", "/nowhere/ffield cannot be read"),
        ("nequip-archived:/nowhere/model.pth", "/nowhere/model.pth is not there"),
        ("ase:os:getcwd", "from Python"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_sentence(spec: str, sentence: str) -> None:
    if spec.startswith("nequip"):
        pytest.importorskip("torch")
    with pytest.raises(InputError, match=sentence):
        get_potential(spec)


def test_a_name_imports_no_module_a_file_could_name(tmp_path: Path, monkeypatch) -> None:
    """A run.yaml from a stranger must not make mofglass import a module beside it."""
    (tmp_path / "intruder.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError):
        get_potential("ase:intruder:Calculator")
    assert "intruder" not in sys.modules


def test_every_entry_names_what_it_needs() -> None:
    for name, entry in REGISTRY.items():
        assert entry.usage.startswith(name)
        assert entry.summary
