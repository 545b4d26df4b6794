"""A learning gone on with: more iterations, other settings, another path; POD learns argon from `lj`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import ase.io
import numpy as np
import pytest
import yaml
from ase.build import bulk

from mofglass.datasets.label import label_frames
from mofglass.datasets.labelling_directory import LabellingDirectory
from mofglass.datasets.labels import Labels, PotentialLabeller
from mofglass.errors import InputError, SimulationError
from mofglass.report.training import write_learning_page
from mofglass.simulate import create_run, hold
from mofglass.studies import exploration
from mofglass.studies.concurrent_learning import learn
from mofglass.studies.learning_config import load_learning
from mofglass.studies.learning_table import learning_table, line_of
from mofglass.training.base import Silent
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.state import ENDED, read_state, write_state

LEARNING = {
    "training": "pod.yaml",
    "labeller": "lj",
    "iterations": 1,
    "committee": 2,
    "trust_eV_per_A": [1e-9, 1e3],
    "select": 2,
    "before_break": 0,
    "looked_at": 2,
    "frame_interval_fs": 10,
    "explore": [{"structures": ["argon.extxyz"], "temperature_K": [30], "runs": 1, "duration_ps": 0.05}],
}
TRAINING = {
    "trainer": "pod",
    "train": "train.extxyz",
    "validation": 0.4,
    "pod": {
        "block": 2,
        "curve_points": 1,
        "stress_directions": 1,
        "descriptors": {
            "rcut": 4.5,
            "bessel_polynomial_degree": 2,
            "inverse_polynomial_degree": 3,
            "twobody_number_radial_basis_functions": 4,
            "threebody_number_radial_basis_functions": 0,
            "threebody_angular_degree": 0,
            "fourbody_number_radial_basis_functions": 0,
            "fourbody_angular_degree": 0,
        },
    },
}


class StopsAt(Silent):
    """Presses Ctrl-C when a part of the work begins."""

    def __init__(self, text: str) -> None:
        self.text = text

    def stage(self, text: str, total: int | None = None) -> None:
        if text == self.text:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Argon crystals with rattled atoms, labelled by `lj`, and one to start from."""
    folder = tmp_path_factory.mktemp("argon")
    generator = np.random.default_rng(2)
    frames = []
    for _ in range(16):
        atoms = bulk("Ar", cubic=True, a=5.3).repeat(2)
        atoms.positions += generator.normal(scale=0.1, size=atoms.positions.shape)
        frames.append(atoms)
    label_frames(frames, PotentialLabeller("lj"), folder / "labels")
    shutil.copy(folder / "labels" / "labelled.extxyz", folder / "train.extxyz")
    shutil.rmtree(folder / "labels")
    ase.io.write(folder / "argon.extxyz", frames[0])
    return folder


@pytest.fixture(scope="module")
def configure(data):
    """Return what writes a configuration beside the data and reads it."""

    def write(training=None, **changes):
        (data / "pod.yaml").write_text(yaml.safe_dump(TRAINING | (training or {})))
        (data / "learn.yaml").write_text(yaml.safe_dump(LEARNING | changes))
        return load_learning(data / "learn.yaml")

    return write


@pytest.fixture(scope="module")
def once(configure, tmp_path_factory):
    """A learning of one iteration, which is only to be copied."""
    return learn(configure(), tmp_path_factory.mktemp("once")).directory


NEQUIP = {
    "trainer": "nequip",
    "train": "train.extxyz",
    "validation": 0.4,
    "nequip": {
        "layers": 1,
        "features": [4],
        "r_max_A": 4.5,
        "bessels": 4,
        "radial_mlp_width": 8,
        "epochs": 2,
    },
}


def _n_trained(directory):
    state = json.loads((directory / "final" / "training" / "state.json").read_text())
    return state["n_train"] + state["n_validation"]


def _killed(*_arguments, **_options):
    raise KeyboardInterrupt


def test_further_iterations_that_learn_replace_the_final_model(once, configure, tmp_path, monkeypatch):
    directory = tmp_path / "learned"
    shutil.copytree(once, directory)
    assert _n_trained(directory) == 18
    config = configure(iterations=2)

    # Killed while the final model of one iteration is being removed, and again when the second has begun.
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", _killed)
        with pytest.raises(KeyboardInterrupt):
            learn(config, directory)
    assert not (directory / "final").exists()
    with pytest.raises(KeyboardInterrupt):
        learn(config, directory, StopsAt("labels"))

    lines = []
    second = learn(config, directory, told=lines.append)
    assert [line.split(" runs")[0] for line in lines] == ["iteration 2: 0 of 1"]
    assert list(second.table["iteration"]) == ["1", "2", "final"]
    assert list(second.table["learned"][:2]) == [2, 2]
    assert _n_trained(directory) == 20
    assert {path.name for path in directory.glob("final*")} == {"final"}
    final = json.loads((directory / "final" / "errors.json").read_text())
    found_after = second.table["found_after_force_mae_meV_per_A"]
    assert found_after[1] == final["found_before"]["force_mae_meV_per_A"] != found_after[0]

    # Asked for fewer, and by another path: all is there already.
    monkeypatch.chdir(directory)
    assert learn(configure(), ".").table.equals(second.table)


def test_a_training_that_its_time_limit_ended_is_told(once, tmp_path):
    assert ENDED not in learning_table(once)
    shutil.copytree(once, tmp_path / "learned")
    training = tmp_path / "learned" / "iteration-001" / "training"
    write_state(training, replace(read_state(training), reached="8 of 10 frames", time_limit_s=60.0))
    table = learning_table(tmp_path / "learned")
    assert table[ENDED].fillna("").tolist() == ["8 of 10 frames", ""]
    assert line_of(table.iloc[0]).endswith("; its training ended by its time limit after 8 of 10 frames")
    assert "time limit" not in line_of(learning_table(once).iloc[0])
    page = write_learning_page(table, tmp_path / "learning.html", title="Learned", lede="Argon.")
    assert "Training ended by its time limit after" in page.read_text()


def test_an_iteration_that_learned_nothing_has_no_error_on_it(once, configure, tmp_path):
    shutil.copytree(once, tmp_path / "learned")
    table = learn(configure(iterations=2, trust_eV_per_A=[1e3, 1e4]), tmp_path / "learned").table
    assert list(table["learned"][:2]) == [2, 0]
    assert table["found_after_force_mae_meV_per_A"].notna().tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labeller": "zif5"}, "there is no potential 'zif5'"),
        ({"labeller": "pod:nosuch/model"}, "nosuch/model"),
        ({"labeller": "zif4"}, "knows .* and not Ar"),
        ({"explore": [{"structures": ["ZIF-44"], "temperature_K": [30]}]}, "ZIF-44"),
        ({"training": {"train": "nosuch.extxyz"}}, "nosuch.extxyz"),
        ({"further_epochs": 5}, "trainers nequip and allegro; pod fits anew: leave it out"),
        ({"further_epochs": 0}, "further_epochs must be 1 or more"),
        ({"training": {"validation": ["nosuch.extxyz"]}}, "nosuch.extxyz"),
    ],
)
def test_what_cannot_be_used_is_told_before_the_work(configure, tmp_path, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        learn(configure(**changes), tmp_path / "learned")
    assert not list((tmp_path / "learned").glob("iteration-*"))


def test_what_may_change_until_there_are_labels(configure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        learn(configure(), "learned", StopsAt("labels"))
    directory = tmp_path / "learned"
    model = f"pod:{directory}/iteration-001/training/model"
    free = {"threads": 2, "processes": 2, "time_limit": "1h"}
    with pytest.raises(KeyboardInterrupt):
        learn(configure(free, labeller=model, jobs=2), directory, StopsAt("labels"))

    labels = directory / "iteration-001" / "labels"
    frames = ase.io.read(directory / "iteration-001" / "chosen.extxyz", ":")
    foreign = LabellingDirectory.create(labels, frames, PotentialLabeller(model))
    foreign.commit(0, Labels(0.0, np.zeros((len(frames[0]), 3))), 1.0)
    with pytest.raises(
        InputError, match="labels holds labels of another labeller: go on with that, or remove"
    ):
        learn(configure(), directory)
    # Where it failed on every frame there are none.
    foreign.commit(0, "it was not installed", 1.0)
    with pytest.raises(KeyboardInterrupt):
        learn(configure(), directory, StopsAt("labels"))
    assert not labels.exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_vanishes_is_named(tmp_path, jobs):
    argon = bulk("Ar", cubic=True, a=5.3).repeat(3)
    stage = hold("explore", duration_ps=0.01, temperature_K=30)
    runs = [create_run(tmp_path / f"run-{k}", argon, "lj", (stage,)) for k in (1, 2)]
    shutil.rmtree(tmp_path / "run-2")
    with pytest.raises(SimulationError, match="run-2 has vanished: the same command makes it anew"):
        exploration.execute_runs(runs, "lj", jobs)


def test_structures_are_seen_from_the_folder_of_the_configuration(configure, data):
    """A frame of a file too: a relative name with ``@k`` was looked for where the command was typed."""
    config = configure(explore=[LEARNING["explore"][0] | {"structures": ["argon.extxyz@0", "ZIF-4"]}])
    assert config.explore[0].structures == (f"{data.resolve()}/argon.extxyz@0", "ZIF-4")


def test_a_contact_that_no_structure_has_is_told_before_the_work(configure, tmp_path):
    config = configure(press=[{"atoms": "Ar-Xe", "distance_A": [2.5, 3.0]}])
    with pytest.raises(InputError, match="press, atoms Ar-Xe: no structure of 'explore' holds Xe"):
        learn(config, tmp_path / "learned")
    assert not list((tmp_path / "learned").glob("iteration-*"))


@pytest.mark.slow
def test_networks_go_on_from_the_iteration_before(data, tmp_path):
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    (data / "nequip.yaml").write_text(yaml.safe_dump(NEQUIP))
    further = {"training": "nequip.yaml", "further_epochs": 1, "iterations": 2}
    (data / "networks.yaml").write_text(yaml.safe_dump(LEARNING | further))
    learned = learn(load_learning(data / "networks.yaml"), tmp_path / "learned")
    assert learned.table["iteration"].tolist() == ["1", "2", "final"]
    for before, after in (("iteration-001", "iteration-002"), ("iteration-002", "final")):
        for member in ("", "member-2"):
            trainings = [learned.directory / place / "training" / member for place in (before, after)]
            said = yaml.safe_load((trainings[1] / "config.yaml").read_text())["nequip"]
            assert said["epochs"] == 1
            assert said["start_from"] == str(trainings[0] / "model.nequip.zip")
            begun_from = (trainings[1] / "start.nequip.zip").read_bytes()
            assert begun_from == (trainings[0] / "model.nequip.zip").read_bytes()
    curves = [read_learning_curve(learned.directory / f"iteration-00{k}" / "training") for k in (1, 2)]
    assert [len(curve) for curve in curves] == [2, 1]
