"""NequIP and Allegro trained for a few steps by nequip-train itself, killed, resumed, and run."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from dataclasses import asdict, replace
from io import StringIO
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from ase.io import read

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.potentials.repulsion import BENDS_WALL, Walls
from mofglass.training.config import TrainingConfig, Weights, parse_config
from mofglass.training.data import TrainingData, usable_data
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.nequip_config import loss_weights, nequip_config
from mofglass.training.nequip_settings import AllegroSettings, NequIPSettings

SYMBOLS = ("H", "C", "N", "Zn")
SMALL: dict[str, Any] = {"layers": 1, "r_max_A": 3.0, "bessels": 4, "epochs": 2, "batch_size": 2}


@pytest.fixture(scope="module")
def frames(shared: Path) -> list[LabelledFrame]:
    """The first frames of the labels that come with the papers' data."""
    with gzip.open(shared / "labels" / "rattled.extxyz.gz", "rt") as file:
        n_lines = int(file.readline()) + 2
        text = f"{n_lines - 2}\n" + "".join(islice(file, 6 * n_lines - 1))
    return [LabelledFrame.from_atoms(atoms) for atoms in read(StringIO(text), ":", format="extxyz")]


def configured(trainer: str, **settings: Any) -> TrainingConfig:
    content = {"trainer": trainer, "train": ["frames.extxyz"], trainer: SMALL | settings}
    return parse_config(content, where="train.yaml", folder=Path("/data"))


def coefficients(written: dict[str, Any], key: str = "coeff") -> dict[str, Any]:
    return {term["name"]: term[key] for term in written["training_module"]["loss"]["metrics"]}


def test_the_section_is_read_and_wrong_values_are_named() -> None:
    settings = configured("nequip", features=[8, 4], edge_cutoffs_A={"H": {"H": 2.0, "C": 2.5}}).settings
    assert isinstance(settings, NequIPSettings)
    assert settings.features == (8, 4)
    assert settings.edge_cutoffs_A == {"H": {"H": 2.0, "C": 2.5}}
    assert isinstance(configured("allegro").settings, AllegroSettings)
    for wrong, message in (
        ({"features": [8, 4, 2]}, "features"),
        ({"edge_cutoffs_A": {"H": 9.0}}, "between 0 and r_max_A"),
        ({"edge_cutoffs_A": {"Xy": 2.0}}, "Xy"),
        ({"epochs": 0}, "epochs"),
        ({"layer": 2}, "layers"),
        ({"start_from": "best.ckpt"}, "nequip-package build best.ckpt model.nequip.zip"),
    ):
        with pytest.raises(InputError, match=message):
            configured("nequip", **wrong)
    with pytest.raises(InputError, match="energy and forces"):
        loss_weights(replace(configured("nequip"), weights=Weights(energy=0.0)))


def test_cut_offs_by_pair_reach_the_model_and_its_neighbour_list() -> None:
    config = configured("nequip", edge_cutoffs_A={"H": {"H": 2.0}, "Zn": 2.5}, zbl=True)
    written = nequip_config(config, SYMBOLS, stress=True)
    expected = {
        "H": {"H": 2.0, "C": 3.0, "N": 3.0, "Zn": 3.0},
        "C": dict.fromkeys(SYMBOLS, 3.0),
        "N": dict.fromkeys(SYMBOLS, 3.0),
        "Zn": dict.fromkeys(SYMBOLS, 2.5),
    }
    model = written["training_module"]["model"]
    neighbours = written["data"]["transforms"][1]
    assert model["per_edge_type_cutoff"] == neighbours["per_edge_type_cutoff"] == expected
    assert model["num_features"] == [32, 16]
    assert model["pair_potential"]["chemical_species"] == list(SYMBOLS)
    assert coefficients(written) == {"energy_loss": 10.0, "forces_loss": 1.0, "stress_loss": 200.0}
    metrics = coefficients(written, "metric")
    assert {metric["_target_"] for metric in metrics.values()} == {"nequip.train.MeanSquaredError"}


def test_large_errors_count_in_proportion_where_asked() -> None:
    torch = pytest.importorskip("torch", reason="mofglass[nequip] is not installed")
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from hydra.utils import instantiate

    config = configured("nequip", force_huber_eV_per_A=0.1)
    loss = instantiate(nequip_config(config, SYMBOLS, stress=False)["training_module"]["loss"])
    target = {"forces": torch.zeros(2, 3), "total_energy": torch.zeros(1, 1), "num_atoms": torch.tensor([2])}
    given = target | {"forces": torch.tensor([[0.05, 0.0, 0.0], [0.0, 2.0, 0.0]])}
    value = loss(given, target)["weighted_sum"]
    # A square within 0.1 eV/Å, beyond it a line of the same slope; a mean over six components. nequip divides
    # by the sum of coefficients, energy 10 and forces 2.
    assert 12 * float(value) == pytest.approx((0.05**2 + 2 * 0.1 * (2.0 - 0.05)) / 6)

    config = configured("nequip", energy_huber_eV_per_atom=0.001)
    loss = instantiate(nequip_config(config, SYMBOLS, stress=False)["training_module"]["loss"])
    value = loss(target | {"total_energy": torch.tensor([[0.02]])}, target)["weighted_sum"]
    # 10 meV/atom; energy counts 20, forces 1.
    assert 21 * float(value) == pytest.approx(10 * 2 * 0.001 * (0.01 - 0.0005))


def test_without_stresses_none_is_fitted() -> None:
    written = nequip_config(configured("allegro"), SYMBOLS, stress=False)["training_module"]
    assert [term["name"] for term in written["loss"]["metrics"]] == ["energy_loss", "forces_loss"]
    assert "stress_mae" not in written["val_metrics"]["coeffs"]


class Watcher:
    """Collects what a training reports; `at` is called at the first point of the curve."""

    def __init__(self, at: Any = None) -> None:
        self.points: list[Any] = []
        self._at = at

    def stage(self, text: str, total: int | None = None) -> None:
        pass

    def advance(self, steps: int = 1) -> None:
        pass

    def point(self, point: Any) -> None:
        self.points.append(point)
        if self._at is not None:
            self._at()


class Killed(Exception):
    pass


pytestmark = pytest.mark.filterwarnings("ignore:.*without compilation")


def test_a_training_is_killed_resumed_packaged_compiled_and_run(
    frames: list[LabelledFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.potentials.nequip import NequIPPotential
    from mofglass.training.nequip import NequIPTrainer

    # Compiling takes longer than all the rest, and tests/potentials/test_nequip.py does it.
    monkeypatch.setenv("CXX", "no-compiler")
    config = configured("nequip", features=[4], radial_mlp_width=8, epochs=40)
    without_stress = replace(frames[1], stress_eV_per_A3=None)
    train = Dataset.from_frames([frames[0], without_stress, *frames[2:4]])
    validation = Dataset.from_frames(frames[4:6])
    directory = tmp_path / "training"
    directory.mkdir()

    def stop() -> None:
        raise Killed

    with pytest.raises(Killed):
        NequIPTrainer().fit(config, usable_data(config, train, validation), directory, Watcher(stop))
    before = read_learning_curve(directory)
    assert len(before) == 1
    assert (directory / "last.ckpt").exists()

    watcher = Watcher()
    model = NequIPTrainer().fit(config, usable_data(config, train, validation), directory, watcher).model
    curve = read_learning_curve(directory)
    assert [point.epoch for point in curve] == list(range(1, 41))
    assert curve[0] == before[0]
    assert all(later.wall_s >= earlier.wall_s for earlier, later in pairwise(curve))
    assert all(np.isfinite(point.validation_stress_mae_MPa) for point in curve)
    # The session after the kill continued the first one's checkpoint.
    assert watcher.points[0].epoch > 1

    potential = NequIPPotential(model, compiled=False)
    errors = []
    for frame in frames[4:6]:
        atoms = frame.to_atoms()
        atoms.calc = potential.calculator_factory()
        errors.append(np.abs(atoms.get_forces() - frame.forces_eV_per_A))
    # What nequip-train measured of the averaged weights is what the packaged model does.
    measured = [point.validation_force_mae_meV_per_A for point in curve]
    assert np.isclose(1e3 * np.mean(errors), measured, rtol=1e-3).any()


def test_a_training_out_of_time_has_a_model_and_goes_on(
    frames: list[LabelledFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_two_sessions: Any
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.training.nequip import NequIPTrainer

    monkeypatch.setenv("CXX", "no-compiler")
    config = configured("nequip", features=[4], radial_mlp_width=8, epochs=30)
    data = usable_data(config, Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:6]))
    short, whole = in_two_sessions(NequIPTrainer(), config, data, tmp_path)
    assert re.fullmatch(r"\d+ of 30 epochs", short.reached)
    assert whole.reached == ""
    assert whole.model.read_bytes() != short.model.read_bytes()
    assert [point.epoch for point in read_learning_curve(tmp_path)] == list(range(1, 31))


def test_a_training_that_something_else_ends_is_not_taken_for_done(
    frames: list[LabelledFrame], tmp_path: Path
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.errors import MofglassError
    from mofglass.training.nequip import NequIPTrainer

    def end_the_child() -> None:
        if len(watcher.points) == 1:
            command = ["pkill", "-TERM", "-P", str(os.getpid()), "-f", "nequip.scripts.train"]
            subprocess.run(command, check=True)

    config = configured("nequip", features=[4], radial_mlp_width=8, epochs=200)
    train, validation = Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:6])
    watcher = Watcher(end_the_child)
    with pytest.raises(MofglassError, match=r"ended after \d+ of 200 epochs: the same command goes on"):
        NequIPTrainer().fit(config, usable_data(config, train, validation), tmp_path, watcher)
    assert not (tmp_path / "model.nequip.zip").exists()
    assert (tmp_path / "last.ckpt").exists()


def test_a_network_over_linker_terms_is_their_sum(
    frames: list[LabelledFrame], alloy: list[LabelledFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.potentials.calculator import make_calculator
    from mofglass.potentials.nequip_over_prior import NequIPOverPrior
    from mofglass.training.nequip import NequIPTrainer

    monkeypatch.setenv("CXX", "no-compiler")
    settings: dict[str, Any] = {"repulsion": {"inner_A": 0.6, "outer_A": 1.0}}
    walled = settings | {"walls": {"pairs": {"Zn-Zn": [3.4, 3.3]}}}
    types = {"elements": ["Zn", "N", "C", "H"], "edge_cutoffs_A": {"H": {"H": 2.0}}}
    config = configured("nequip", features=[4], radial_mlp_width=8, linker_terms=True, **walled, **types)
    train, validation = Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:6])
    first = tmp_path / "first"
    first.mkdir()
    model = NequIPTrainer().fit(config, usable_data(config, train, validation), first, Watcher()).model
    assert model == first / "model"
    potential = NequIPOverPrior(model, compiled=False)
    assert potential.prior.walls is not None
    calculator = make_calculator(potential)
    forces = []
    for frame in frames[4:6]:
        atoms = frame.to_atoms()
        atoms.calc = calculator
        forces.append(np.abs(atoms.get_forces() - frame.forces_eV_per_A))
    # nequip-train saw only what the linker terms leave, and measured what the sum does.
    curve = read_learning_curve(first)
    assert 1e3 * np.mean(forces) == pytest.approx(curve[-1].validation_force_mae_meV_per_A, rel=1e-2)
    left = read(first / "validation.extxyz", ":")
    labels = [np.sqrt(np.mean(frame.forces_eV_per_A**2)) for frame in frames[4:6]]
    assert np.mean([np.sqrt(np.mean(a.get_forces() ** 2)) for a in left]) < 0.6 * np.mean(labels)

    # The terms of an earlier training can be given; a network that goes on takes those beside it, and walls.
    start = {"start_from": str(model / "model.nequip.zip"), "r_max_A": None}
    for name, more, walls in (
        ("second", {"linker_terms": str(model / "linker_terms.yaml")}, Walls(bends=BENDS_WALL)),
        ("third", {"linker_terms": True, **start}, potential.prior.walls),
    ):
        again = configured("nequip", features=[4], radial_mlp_width=8, **settings | more)
        (tmp_path / name).mkdir()
        data = usable_data(again, Dataset.from_frames(frames[1:4]), validation)
        NequIPTrainer().fit(again, data, tmp_path / name, Watcher())
        written = (tmp_path / name / "model" / "linker_terms.yaml").read_bytes()
        assert written == (model / "linker_terms.yaml").read_bytes()
        assert yaml.safe_load((tmp_path / name / "model" / "model.yaml").read_text())["trained"] == {
            "frames": 3,
            "validation_frames": 2,
        }
        assert NequIPOverPrior(tmp_path / name / "model", compiled=False).prior.walls == walls

    # Atom types and cut-offs are those of the network that it started from.
    written = yaml.safe_load((tmp_path / "third" / "nequip.yaml").read_text())["data"]
    mapper, neighbours = written["transforms"][:2]
    assert mapper["model_type_names"] == written["stats_manager"]["type_names"] == types["elements"]
    assert neighbours["r_max"] == 3.0
    assert neighbours["per_edge_type_cutoff"]["H"] == {"Zn": 3.0, "N": 3.0, "C": 3.0, "H": 2.0}
    for more, message in (
        ({"elements": list(SYMBOLS)}, "are Zn, N, C, H in this order, and 'elements' says H, C, N, Zn"),
        ({"r_max_A": 2.5}, "is 3 Å, and r_max_A says 2.5: leave r_max_A out"),
        ({"edge_cutoffs_A": {"H": 2.0}}, "the cut-off H-Zn of .* is 3 Å, and edge_cutoffs_A says 2"),
        ({}, "lies over other linker terms, or another repulsion"),
    ):
        refused = configured("nequip", **start | more)
        with pytest.raises(InputError, match=message):
            NequIPTrainer().fit(refused, data, tmp_path, Watcher())
    metals = usable_data(configured("nequip"), Dataset.from_frames(alloy), Dataset.from_frames(alloy))
    with pytest.raises(InputError, match=r"the frames hold Cu, Au, which the network .* does not know"):
        NequIPTrainer().fit(configured("nequip", **start), metals, tmp_path, Watcher())
    assert not (tmp_path / "train.extxyz").exists()


def test_what_a_network_over_terms_cannot_be_is_told_before_the_long_work(
    frames: list[LabelledFrame], tmp_path: Path
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.training.nequip import NequIPTrainer

    data = Dataset.from_frames(frames)
    for settings, message in (
        ({"walls": {"pairs": {"Cu-Cu": [3.4, 3.3]}}}, "Cu"),
        ({"walls": {"pairs": {"Zn-Zn": [3.4, 3.3]}, "bends": [162, 80]}}, "set linker_terms"),
        ({"linker_terms": True, "elements": ["H", "C", "N"]}, "the frames hold Zn, which 'elements' lacks"),
        ({"start_from": str(tmp_path / "absent.nequip.zip")}, "absent.nequip.zip is not there"),
    ):
        with pytest.raises(InputError, match=message):
            NequIPTrainer().fit(
                configured("nequip", **settings),
                TrainingData(train=data, validation=data),
                tmp_path,
                Watcher(),
            )
        assert not (tmp_path / "train.extxyz").exists()
    with pytest.raises(InputError, match="zbl and repulsion"):
        configured("nequip", zbl=True, repulsion={"inner_A": 0.6, "outer_A": 1.0})


def test_a_time_limit_before_the_first_epoch_is_told(frames: list[LabelledFrame], tmp_path: Path) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.errors import MofglassError
    from mofglass.training.nequip import NequIPTrainer

    config = replace(configured("nequip", features=[4]), time_limit_s=0.1)
    data = Dataset.from_frames(frames)
    with pytest.raises(MofglassError, match="one epoch"):
        NequIPTrainer().fit(config, TrainingData(train=data, validation=data), tmp_path, Watcher())


def test_an_element_the_settings_leave_out_is_named(frames: list[LabelledFrame], tmp_path: Path) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    from mofglass.training.nequip import NequIPTrainer

    data = Dataset.from_frames(frames)
    with pytest.raises(InputError, match="Zn"):
        NequIPTrainer().fit(
            configured("nequip", elements=["H", "C", "N"]),
            TrainingData(train=data, validation=data),
            tmp_path,
            Watcher(),
        )


def test_allegro_is_trained_on_real_frames(
    frames: list[LabelledFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")
    pytest.importorskip("allegro", reason="mofglass[nequip] is not installed")
    from mofglass.training.nequip import AllegroTrainer

    # Compiling takes longer than all the rest, and tests/potentials/test_nequip.py does it.
    monkeypatch.setenv("CXX", "no-compiler")
    config = configured("allegro", scalar_features=8, tensor_features=4, mlp_width=8)
    train, validation = Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:6])
    model = AllegroTrainer().fit(config, usable_data(config, train, validation), tmp_path, Watcher()).model
    assert model.name == "model.nequip.zip"
    curve = read_learning_curve(tmp_path)
    assert [point.epoch for point in curve] == [1, 2]
    assert curve[1].train_loss < curve[0].train_loss
    written = yaml.safe_load((tmp_path / "nequip.yaml").read_text())
    assert written["training_module"]["model"]["type_names"] == list(SYMBOLS)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["nequip", "allegro"])
def test_compiled_steps_are_the_same(
    trainer: str, frames: list[LabelledFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With products written out for the compiler, which the eager training does not have."""
    pytest.importorskip(trainer, reason="mofglass[nequip] is not installed")
    from mofglass.training.nequip import AllegroTrainer, NequIPTrainer

    # The model at the end is compiled besides, which tests/potentials/test_nequip.py does.
    monkeypatch.setattr("mofglass.potentials.nequip_model.load_model", lambda path: None)
    train, validation = Dataset.from_frames(frames[:4]), Dataset.from_frames(frames[4:6])
    points = []
    for compiled in (False, True):
        config = configured(trainer, epochs=1, learning_rate=0.001, compile_training=compiled)
        directory = tmp_path / str(compiled)
        directory.mkdir()
        fitted = {"nequip": NequIPTrainer, "allegro": AllegroTrainer}[trainer]()
        fitted.fit(config, usable_data(config, train, validation), directory, Watcher())
        points += read_learning_curve(directory)
    eager, steps_compiled = (asdict(point) for point in points)
    for name in eager.keys() - {"epoch", "wall_s"}:
        assert steps_compiled[name] == pytest.approx(eager[name], rel=1e-3), name
