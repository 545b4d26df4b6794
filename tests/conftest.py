"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The papers' data beside the checkout (`../shared/data`, or $MOFGLASS_SHARED); skips where absent."""
    path = Path(os.environ.get("MOFGLASS_SHARED", Path(__file__).parents[2] / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"the papers' data are not at {path}")
    return path


@pytest.fixture(scope="session")
def real_frames(shared):
    """Six frames of crystal and glass, labelled at near-DFT quality."""
    from ase.io import read

    from mofglass.datasets.labelled import LabelledFrame

    frames = read(shared / "labels" / "rattled.extxyz.gz", ":60:10")
    return [LabelledFrame.from_atoms(atoms) for atoms in frames]


class InterruptedOnce:
    """Watches a training and interrupts it once, at a point of its learning curve."""

    def __init__(self, at):
        self.at = at
        self.points = []
        self.stages = []

    def stage(self, text, total=None):
        self.stages.append(text)

    def advance(self, steps=1):
        pass

    def point(self, point):
        self.points.append(point)
        if len(self.points) == self.at:
            raise KeyboardInterrupt


def _trained_after_an_interruption(trainer, config, frames, directory, *, at):
    """Train, be interrupted, go on to the end; return the model and who watched."""
    from mofglass.datasets.dataset import Dataset
    from mofglass.training.data import usable_data

    data = usable_data(config, Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:]))
    watcher = InterruptedOnce(at)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(config, data, directory, watcher)
    return trainer.fit(config, data, directory, watcher).model, watcher


@pytest.fixture(scope="session")
def deepmd_config():
    """Configuration of a tiny DeePMD model."""
    pytest.importorskip("deepmd", reason="needs the extra deepmd: make test-deepmd")
    from mofglass.training.config import parse_config

    content = {
        "trainer": "deepmd",
        "train": "unused",
        "deepmd": {
            "embedding": [4, 8],
            "axis_neurons": 2,
            "fitting": [16, 16],
            "steps": 60,
            "curve_steps": 5,
            "checkpoint_steps": 5,
        },
    }
    return parse_config(content, where="test", folder=Path("/data"))


@pytest.fixture(scope="session")
def deepmd_training(deepmd_config, real_frames, tmp_path_factory):
    """A tiny DeePMD model of real frames, its training interrupted once: (model, watcher)."""
    from mofglass.training.deepmd import DeePMDTrainer

    directory = tmp_path_factory.mktemp("deepmd")
    # The second row comes after the first checkpoint.
    return _trained_after_an_interruption(DeePMDTrainer(), deepmd_config, real_frames, directory, at=2)


@pytest.fixture(scope="session")
def mace_config():
    """Configuration of a tiny MACE model."""
    pytest.importorskip("mace", reason="needs the extra mace: make test-mace")
    from mofglass.training.config import parse_config

    section = {"hidden_irreps": "4x0e", "radial_mlp": [8], "epochs": 2, "precision": "float64"}
    section |= {"r_max_A": 3.5, "correlation": 1, "max_ell": 1}
    content = {"trainer": "mace", "train": "unused", "mace": section}
    return parse_config(content, where="test", folder=Path("/data"))


@pytest.fixture(scope="session")
def mace_training(mace_config, real_frames, tmp_path_factory):
    """A tiny MACE model of real frames, its training interrupted once: (model, watcher)."""
    from mofglass.training.mace import MACETrainer

    directory = tmp_path_factory.mktemp("mace")
    return _trained_after_an_interruption(MACETrainer(), mace_config, real_frames, directory, at=1)
