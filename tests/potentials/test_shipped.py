"""Potentials that come with mofglass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.potentials import REGISTRY, get_potential
from mofglass.potentials.pod import PODModel
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.potentials.shipped import MODELS, load_shipped, shipped_models


def put_model(directory: Path, **info: str) -> None:
    directory.mkdir()
    parameters = PODParameters(species=("Cu",))
    coefficients = PODCoefficients.linear(np.ones(1 + parameters.n_descriptors_through_fourbody))
    model = PODModel(
        parameters=parameters, coefficients=coefficients, description="copper, for a test", info=info
    )
    for name, text in model.files().items():
        (directory / name).write_text(text)


def test_a_directory_is_a_potential_of_its_name(tmp_path: Path) -> None:
    put_model(tmp_path / "copper")
    put_model(tmp_path / "copper-2", summary="copper again")
    (tmp_path / "notes").mkdir()
    assert shipped_models(tmp_path) == {
        "copper": ("copper, for a test", ""),
        "copper-2": ("copper again", ""),
    }
    potential = load_shipped("copper", tmp_path)
    assert potential.describe()["name"] == "copper"
    assert potential.elements == {"Cu"}


def test_a_damaged_one_is_listed_and_says_so_when_used(tmp_path: Path) -> None:
    (tmp_path / "copper").mkdir()
    (tmp_path / "copper" / "model.yaml").write_text("a: [")
    assert list(shipped_models(tmp_path)) == ["copper"]
    with pytest.raises(InputError, match=r"model\.yaml is not valid YAML"):
        load_shipped("copper", tmp_path)


@pytest.mark.filterwarnings("ignore:.*without compilation")
def test_every_shipped_model_is_in_the_registry_and_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-compiler")  # compiling takes a minute, and other tests do it
    for name, model in shipped_models(MODELS).items():
        assert name == name.lower().replace("_", "-")
        assert (REGISTRY[name].summary, REGISTRY[name].extra) == model
        if model.extra:
            pytest.importorskip(model.extra, reason=f"mofglass[{model.extra}] is not installed")
        potential = get_potential(name)
        assert potential.name == name
        assert potential.fitted_to
        assert potential.known_limits


def test_the_files_of_zif4_are_what_mofglass_writes() -> None:
    """So the commands for plain LAMMPS, a comment, are those of the model."""
    for name, text in load_shipped("zif4", MODELS).model.files().items():
        assert (MODELS / "zif4" / name).read_text() == text
