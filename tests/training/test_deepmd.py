"""DeePMD: its input from the configuration, and a real training, interrupted and resumed."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError
from mofglass.training.base import Silent
from mofglass.training.config import parse_config
from mofglass.training.data import usable_data
from mofglass.training.deepmd import read_lcurve
from mofglass.training.deepmd_input import deepmd_input
from mofglass.training.learning_curve import read_learning_curve

ELEMENTS = ("H", "C", "N", "Zn")


def content(has_stress: bool = True, **section):
    config = parse_config(
        {"trainer": "deepmd", "train": "a.extxyz", **section}, where="t.yaml", folder=Path("/data")
    )
    return deepmd_input(
        config, ELEMENTS, [Path("data/train/a")], [Path("data/v")], n_validation=3, has_stress=has_stress
    )


def test_defaults_are_those_of_shi_2023():
    made = content()
    descriptor, fitting, loss = made["model"]["descriptor"], made["model"]["fitting_net"], made["loss"]
    assert (descriptor["type"], descriptor["neuron"]) == ("se_e2_a", [25, 50, 100])
    assert (descriptor["rcut"], descriptor["rcut_smth"]) == (6.0, 0.5)
    assert fitting["neuron"] == [240, 240, 240]
    assert (loss["start_pref_e"], loss["limit_pref_e"]) == (0.02, 1.0)
    assert (loss["start_pref_f"], loss["limit_pref_f"]) == (1000.0, 1.0)
    assert made["training"]["numb_steps"] == 1_000_000
    assert descriptor["sel"] == "auto:1.1"


def test_neighbours_weights_and_missing_stress():
    made = content(deepmd={"sel": {"H": 96, "C": 96, "N": 64, "Zn": 16}}, weights={"energy": 2, "forces": 0})
    assert made["model"]["descriptor"]["sel"] == [96, 96, 64, 16]
    assert made["loss"]["start_pref_e"] == 0.04
    assert made["loss"]["start_pref_f"] == made["loss"]["limit_pref_f"] == 0.0
    assert made["loss"]["start_pref_v"] == 0.02
    assert content(has_stress=False)["loss"]["limit_pref_v"] == 0.0
    with pytest.raises(InputError, match="no number for N, Zn"):
        content(deepmd={"sel": {"H": 96, "C": 96}})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"rcut_smooth_A": 7}, "rcut_smooth_A"),
        ({"steps": 0}, "steps must be 1"),
        ({"stop_learning_rate": 1.0}, "learning rates must fall"),
        ({"rcut": 5}, "there is no 'rcut'"),
    ],
)
def test_what_is_refused(section, message):
    with pytest.raises(InputError, match=message):
        content(deepmd=section)


def test_a_learning_curve_cut_short(tmp_path):
    path = tmp_path / "lcurve.out"
    path.write_text(
        "# step rmse_val rmse_trn rmse_e_val rmse_e_trn rmse_f_val rmse_f_trn rmse_v_val rmse_v_trn lr\n"
        "# If there is no available reference data, rmse_*_{val,trn} will print nan\n"
        "  5 1 1 0.3 0.1 0.4 0.2 1.2 2.0 1e-3\n  10 1 1 0.3 0.1 0."
    )
    (point,) = read_lcurve(path, has_stress=False, wall_s=3.0)
    assert (point.epoch, point.wall_s) == (5, 3.0)
    assert point.train_loss == pytest.approx(0.05)
    assert point.validation_loss == pytest.approx(0.25)
    (point,) = read_lcurve(path, has_stress=True, wall_s=3.0)
    assert point.validation_loss == pytest.approx(1.69)
    assert read_lcurve(tmp_path / "none", has_stress=True, wall_s=0.0) == []


def test_an_interrupted_training_goes_on(deepmd_training):
    model, watcher = deepmd_training
    directory = model.parent
    assert (model.name, (directory / "model-frozen.pb").exists()) == ("model.pb", True)
    first, second = (np.atleast_2d(np.loadtxt(directory / f"lcurve-{k}.out")) for k in (1, 2))
    assert first[0, 0] == 0
    assert first[-1, 0] < 60
    # The second session began at a checkpoint of the first.
    assert second[0, 0] >= 5
    assert second[-1, 0] == 60
    assert len(json.loads((directory / "input.json").read_text())["model"]["type_map"]) == 4

    curve = read_learning_curve(directory)
    steps = [point.epoch for point in curve]
    assert steps == sorted(set(steps))
    assert curve[-1].wall_s > curve[0].wall_s
    last = curve[-1]
    assert 0 < last.validation_force_mae_meV_per_A < 5000
    assert last.train_energy_mae_meV_per_atom > 0
    assert "freezing" in watcher.stages


def test_a_training_killed_while_it_wrote_a_checkpoint_goes_on_from_the_one_before(
    deepmd_training, deepmd_config, real_frames, tmp_path
):
    """TensorFlow names a checkpoint as the last one before it has written its graph."""
    from mofglass.training.deepmd import DeePMDTrainer

    directory = shutil.copytree(deepmd_training[0].parent, tmp_path / "killed")
    assert 'model_checkpoint_path: "model.ckpt-60"' in (directory / "checkpoint").read_text()
    (directory / "model.ckpt-60.meta").unlink()
    (directory / "model.pb").unlink()
    data = usable_data(
        deepmd_config, Dataset.from_frames(real_frames[:4]), Dataset.from_frames(real_frames[4:])
    )
    fit = DeePMDTrainer().fit(deepmd_config, data, directory, Silent())
    assert fit.model.exists()
    assert fit.reached == ""
    last = np.atleast_2d(np.loadtxt(directory / "lcurve-3.out"))
    assert 0 < last[0, 0] <= last[-1, 0] == 60


def test_a_training_out_of_time_has_a_model_and_goes_on(
    deepmd_config, real_frames, in_two_sessions, tmp_path
):
    from mofglass.training.deepmd import DeePMDTrainer

    config = replace(deepmd_config, settings=replace(deepmd_config.settings, steps=200, compress=False))
    data = usable_data(config, Dataset.from_frames(real_frames[:4]), Dataset.from_frames(real_frames[4:]))
    short, whole = in_two_sessions(DeePMDTrainer(), config, data, tmp_path)
    assert re.fullmatch(r"\d+ of 200 steps", short.reached)
    assert whole.reached == ""
    assert whole.model.read_bytes() != short.model.read_bytes()
    steps = [point.epoch for point in read_learning_curve(tmp_path)]
    assert steps == sorted(set(steps))
    assert steps[-1] >= 200
