"""MACE: its command line from the configuration, and a real training, interrupted and resumed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError
from mofglass.training.config import parse_config
from mofglass.training.data import usable_data
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.mace import drop_broken_checkpoints, finished_epochs, mace_arguments
from mofglass.units import GPA_PER_EV_PER_A3


def arguments(has_stress: bool = True, **section) -> dict[str, str]:
    config = parse_config(
        {"trainer": "mace", "train": "a.extxyz", **section}, where="t.yaml", folder=Path("/data")
    )
    made = mace_arguments(config, ("H", "Zn"), has_stress=has_stress, epochs=7)
    return dict(zip(made[:-3:2], made[1:-3:2], strict=True))


def test_command_line():
    made = arguments(weights={"energy": 3})
    assert made["--atomic_numbers"] == "[1, 30]"
    assert made["--hidden_irreps"] == "16x0e"
    assert (made["--loss"], made["--energy_weight"], made["--stress_weight"]) == ("stress", "3.0", "100.0")
    assert made["--max_num_epochs"] == "7"
    # From the first epoch to the last the learning rate falls to a hundredth.
    falling = arguments(mace={"epochs": 11})
    assert falling["--scheduler"] == "ExponentialLR"
    assert float(falling["--lr_scheduler_gamma"]) ** 10 == pytest.approx(0.01)
    assert arguments(mace={"schedule": "plateau"})["--scheduler"] == "ReduceLROnPlateau"
    without = arguments(has_stress=False)
    assert (without["--loss"], without["--compute_stress"]) == ("weighted", "False")
    with pytest.raises(InputError, match="are not irreps"):
        arguments(mace={"hidden_irreps": "16"})


def test_epochs_are_read_from_maces_record():
    rows = [
        {"mode": "eval", "epoch": None, "loss": 9.0},
        {"mode": "opt", "epoch": 0, "loss": 2.0},
        {"mode": "opt", "epoch": 0, "loss": 4.0},
        {"mode": "eval", "epoch": 0, "loss": 1.5, "mae_e_per_atom": 2e-3, "mae_f": 0.1, "mae_stress": 1e-3},
        {"mode": "opt", "epoch": 1, "loss": 1.0},
    ]
    text = "\n".join(map(json.dumps, rows)) + '\n{"mode": "ev'
    (point,) = finished_epochs(text, 5.0)
    assert (point.epoch, point.train_loss, point.validation_loss) == (1, 3.0, 1.5)
    assert point.validation_energy_mae_meV_per_atom == pytest.approx(2.0)
    assert point.validation_force_mae_meV_per_A == pytest.approx(100.0)
    assert point.validation_stress_mae_MPa == pytest.approx(GPA_PER_EV_PER_A3)


def test_a_checkpoint_cut_short_is_not_gone_on_from(tmp_path):
    torch = pytest.importorskip("torch")
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    torch.save({"model": torch.zeros(1000)}, folder / "mace_run-1_epoch-0.pt")
    whole = (folder / "mace_run-1_epoch-0.pt").read_bytes()
    (folder / "mace_run-1_epoch-1.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "mace_run-1_epoch-2.pt").touch()
    drop_broken_checkpoints(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["mace_run-1_epoch-0.pt"]


def test_an_interrupted_training_goes_on(mace_training):
    model, watcher = mace_training
    assert model.name == "model-lammps.pt"
    assert [point.epoch for point in watcher.points][-1] == 2
    curve = read_learning_curve(model.parent)
    assert [point.epoch for point in curve] == [1, 2]
    assert all(0 < point.validation_force_mae_meV_per_A < 1e5 for point in curve)
    assert all(0 < point.validation_stress_mae_MPa < 1e5 for point in curve)


def test_a_training_out_of_time_has_a_model_and_goes_on(mace_config, real_frames, in_two_sessions, tmp_path):
    from mofglass.training.mace import MACETrainer

    config = replace(mace_config, settings=replace(mace_config.settings, epochs=8))
    data = usable_data(config, Dataset.from_frames(real_frames[:4]), Dataset.from_frames(real_frames[4:]))
    short, whole = in_two_sessions(MACETrainer(), config, data, tmp_path)
    assert re.fullmatch(r"epoch [1-7] of 8, its best", short.reached)
    assert whole.reached == ""
    assert whole.model.read_bytes() != short.model.read_bytes()
    assert read_learning_curve(tmp_path)[-1].epoch == 8
    # Eight epochs, each better than the one before: the last two stay, one for a kill amid the other.
    assert len(list((tmp_path / "checkpoints").glob("*.pt"))) == 2
