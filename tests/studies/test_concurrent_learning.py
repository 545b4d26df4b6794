"""Concurrent learning, for real and small: POD learns SALEM-2, and the shipped `zif4` is the teacher."""

from __future__ import annotations

import json

import ase.io
import numpy as np
import pytest
import yaml
from ase.build import bulk

from mofglass.datasets import open_dataset
from mofglass.datasets.label import label_frames
from mofglass.datasets.labels import PotentialLabeller
from mofglass.errors import InputError, SimulationError
from mofglass.simulate import create_run, hold
from mofglass.structures import load
from mofglass.studies import exploration
from mofglass.studies.concurrent_learning import learn
from mofglass.studies.learning_config import load_learning
from mofglass.training.base import Silent

SETTINGS = {
    "training": "pod.yaml",
    "labeller": "zif4",
    "iterations": 2,
    "committee": 2,
    "trust_eV_per_A": [0.02, 20.0],
    "select": 4,
    "before_break": 2,
    "looked_at": 5,
    "held_out": ["held.extxyz"],
    "explore": [
        {
            "structures": ["SALEM-2"],
            "temperature_K": [600, 900],
            "volume": [0.98, 1.02],
            "runs": 2,
            "duration_ps": 0.03,
        }
    ],
    "press": [{"atoms": "Zn-N", "distance_A": [1.85, 1.9], "temperature_K": 300, "frames": 1}],
}
POD = {
    "trainer": "pod",
    "train": "train.extxyz",
    "validation": 0.3,
    "pod": {
        "linker_terms": True,
        "block": 4,
        "curve_points": 1,
        "stress_directions": 1,
        "descriptors": {
            "rin": 0.8,
            "rcut": 4.0,
            "bessel_polynomial_degree": 3,
            "inverse_polynomial_degree": 6,
            "twobody_number_radial_basis_functions": 5,
            "threebody_number_radial_basis_functions": 3,
            "threebody_angular_degree": 2,
            "fourbody_number_radial_basis_functions": 0,
            "fourbody_angular_degree": 0,
        },
    },
}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Frames of SALEM-2, rattled by 0.05 Å, labelled by `zif4`."""
    folder = tmp_path_factory.mktemp("labelled")
    generator = np.random.default_rng(3)
    frames = []
    for _ in range(20):
        atoms = load("SALEM-2")
        atoms.positions += generator.normal(scale=0.05, size=atoms.positions.shape)
        frames.append(atoms)
    label_frames(frames, PotentialLabeller("zif4"), folder)
    return ase.io.read(folder / "labelled.extxyz", ":")


@pytest.fixture
def config_file(tmp_path, labelled):
    """A configuration beside its data."""
    ase.io.write(tmp_path / "train.extxyz", labelled[:16])
    ase.io.write(tmp_path / "held.extxyz", labelled[16:])
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    path = tmp_path / "learn.yaml"
    path.write_text(yaml.safe_dump(SETTINGS))
    return path


class StopsAt(Silent):
    """Presses Ctrl-C when a part of the work begins."""

    def __init__(self, text: str, time: int = 1) -> None:
        self.text, self.left = text, time

    def stage(self, text: str, total: int | None = None) -> None:
        self.left -= text == self.text
        if text == self.text and self.left == 0:
            raise KeyboardInterrupt


def test_learns_and_a_stopped_learning_ends_like_an_uninterrupted_one(config_file, tmp_path):
    config = load_learning(config_file)
    whole = learn(config, tmp_path / "whole")

    for text, time in (("pressing", 1), ("spread of forces", 1), ("labels", 1), ("exploring", 2), ("fit", 1)):
        with pytest.raises(KeyboardInterrupt):
            learn(config, tmp_path / "stopped", StopsAt(text, time))
    explored = tmp_path / "stopped" / "iteration-001" / "explore" / "run-001" / "trajectory.h5"
    before = explored.stat().st_mtime_ns
    stopped = learn(config, tmp_path / "stopped")

    assert explored.stat().st_mtime_ns == before
    assert stopped.table.equals(whole.table)
    first = whole.table.iloc[0]
    assert first["iteration"] == "1"
    assert first["pressed"] == 1
    assert first["learned"] == first["chosen"] == 4 + 1
    assert first["found_after_force_mae_meV_per_A"] < first["found_force_mae_meV_per_A"]
    assert list(whole.table["iteration"]) == ["1", "2", "final"]
    # What was learned says where it comes from, and was labelled by the teacher.
    frame = open_dataset(tmp_path / "whole" / "iteration-001" / "learned.extxyz")[0]
    assert frame.source == "SALEM-2"
    assert frame.temperature_K in (600, 900)
    pressed = open_dataset(tmp_path / "whole" / "iteration-001" / "learned.extxyz")[4]
    assert pressed.source == "SALEM-2, pressed Zn-N"
    # All of it is in the last training, and nothing twice.
    state = json.loads((tmp_path / "whole" / "final" / "training" / "state.json").read_text())
    assert state["n_train"] + state["n_validation"] == 16 + whole.table["learned"].sum()
    assert (tmp_path / "whole" / "force_error.png").exists()

    config_file.write_text(yaml.safe_dump(SETTINGS | {"iterations": 3}))
    further = learn(load_learning(config_file), tmp_path / "whole")
    assert list(further.table["iteration"]) == ["1", "2", "3", "final"]


def test_an_iteration_goes_on_only_with_its_own_settings(config_file, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        learn(load_learning(config_file), tmp_path / "learned", StopsAt("exploring"))
    config_file.write_text(yaml.safe_dump(SETTINGS | {"select": 5}))
    with pytest.raises(InputError, match="iteration-001 was begun with other settings"):
        learn(load_learning(config_file), tmp_path / "learned")


def test_held_out_frames_that_are_fitted_are_told(config_file, tmp_path):
    config_file.write_text(yaml.safe_dump(SETTINGS | {"held_out": ["held.extxyz", "train.extxyz"]}))
    told = pytest.warns(UserWarning, match="16 of 20 held-out frames are frames of the training too")
    with told, pytest.raises(KeyboardInterrupt):
        learn(load_learning(config_file), tmp_path / "learned", StopsAt("reading frames"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"comittee": 3}, "there is no 'comittee': did you mean committee"),
        ({"trust_eV_per_A": [2.0, 0.2]}, "a lower and a higher spread"),
        ({"committee": 1}, "committee must be 2 or more"),
        ({"explore": []}, "'explore' names no runs"),
        ({"press": [{"atoms": "Zn-N-", "distance_A": [2, 3]}]}, "press: atoms 'Zn-N-' are not elements"),
        ({"explore": [{"structures": ["ZIF-4"]}]}, "'temperature_K' is missing"),
    ],
)
def test_a_wrong_setting_is_named(config_file, change, sentence):
    config_file.write_text(yaml.safe_dump(SETTINGS | change))
    with pytest.raises(InputError, match=sentence):
        load_learning(config_file)


def test_runs_that_were_stopped_are_not_chosen_from(tmp_path, monkeypatch):
    """Ctrl-C and a queue's SIGTERM end runs at checkpoints and leave the learning where it is."""
    argon = bulk("Ar", cubic=True, a=5.3).repeat(3)
    run = create_run(tmp_path / "run", argon, "lj", (hold("explore", duration_ps=1, temperature_K=30),))

    def stopped(runs, *_arguments, **_options):
        runs[0].set_state("stopped", "SIGTERM received")

    monkeypatch.setattr(exploration, "execute_side_by_side", stopped)
    with pytest.raises(SimulationError, match="run stopped: SIGTERM received; the same command goes on"):
        exploration.execute_runs([run], "lj", 1)
