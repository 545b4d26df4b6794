"""A training from configuration to potential, and its command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.io import write
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.datasets import LabelledFrame
from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.training.config import load_config, parse_config
from mofglass.training.data import load_data, usable_data, validation_rows
from mofglass.training.state import read_state
from mofglass.training.training import train

TINY = {
    "rcut": 3.0,
    "bessel_polynomial_degree": 2,
    "inverse_polynomial_degree": 2,
    "twobody_number_radial_basis_functions": 3,
    "threebody_number_radial_basis_functions": 1,
    "threebody_angular_degree": 1,
    "fourbody_number_radial_basis_functions": 0,
    "fourbody_angular_degree": 0,
}


@pytest.fixture
def configuration(tmp_path: Path, alloy: list[LabelledFrame]) -> Path:
    """A configuration file beside its data."""
    write(tmp_path / "a.extxyz", [frame.to_atoms() for frame in alloy[:3]])
    write(tmp_path / "b.extxyz", [frame.to_atoms() for frame in alloy[3:5]])
    content = {
        "trainer": "pod",
        "train": ["a.extxyz"],
        "validation": ["b.extxyz"],
        "weights": {"stress": 0},
        "description": "CuAu by EMT",
        "pod": {"descriptors": TINY},
    }
    path = tmp_path / "pod.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_training_leaves_a_potential(configuration: Path, tmp_path: Path) -> None:
    trained = train(load_config(configuration), tmp_path / "out")
    assert trained.potential == f"pod:{tmp_path}/out/model"
    assert (trained.n_train, trained.n_validation) == (3, 2)
    assert get_potential(trained.potential).fitted_to == "CuAu by EMT"
    state = read_state(tmp_path / "out")
    assert state is not None
    assert state.state == "done"


def test_a_finished_training_is_left_as_it_is(configuration: Path, tmp_path: Path) -> None:
    config = load_config(configuration)
    first = train(config, tmp_path / "out")
    before = (tmp_path / "out" / "model" / "coefficients.pod").stat().st_mtime_ns
    assert train(config, tmp_path / "out") == first
    assert (tmp_path / "out" / "model" / "coefficients.pod").stat().st_mtime_ns == before


def test_one_that_its_time_limit_ended_goes_on_under_a_larger(
    configuration: Path, tmp_path: Path, alloy: list[LabelledFrame]
) -> None:
    content = yaml.safe_load(configuration.read_text())
    content["pod"] |= {"block": 1, "cache": "cache"}
    write(tmp_path / "early.extxyz", [frame.to_atoms() for frame in alloy[:2]])
    config = parse_config({**content, "train": ["early.extxyz"]}, where="t", folder=tmp_path)
    train(config, tmp_path / "early")
    # What two of the three frames contribute is there, and no time for the third.
    config = parse_config({**content, "time_limit": 1e-9}, where="t", folder=tmp_path)
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump({**content, "time_limit": 1e-9}))
    told = CliRunner().invoke(main, ["train", str(path), "-o", str(tmp_path / "out")])
    assert "its time limit of 1e-09 s ended it after 2 of 3 frames: with a larger one, or" in told.output
    assert "ended by its time limit after 2 of 3 frames" in (tmp_path / "out" / "training.html").read_text()
    short = train(config, tmp_path / "out")
    assert (short.reached, short.point.epoch) == ("2 of 3 frames", 2)
    longer = replace(config, time_limit_s=60.0)
    for left in (train(config, tmp_path / "out", further=True), train(longer, tmp_path / "out")):
        assert left == short
    hidden = (tmp_path / "b.extxyz").rename(tmp_path / "hidden")
    with pytest.raises(InputError):
        train(longer, tmp_path / "out", further=True)
    assert read_state(tmp_path / "out").state == "done"
    hidden.rename(tmp_path / "b.extxyz")
    whole = train(longer, tmp_path / "out", further=True)
    assert (whole.reached, whole.point.epoch, whole.potential) == ("", 3, short.potential)
    assert train(config, tmp_path / "out", further=True) == whole


def test_a_failed_training_says_why_and_can_go_on(configuration: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "b.extxyz"
    kept = hidden.read_bytes()
    hidden.unlink()
    with pytest.raises(InputError):
        train(load_config(configuration), tmp_path / "out")
    state = read_state(tmp_path / "out")
    assert state is not None
    assert state.state == "failed"
    assert "b.extxyz" in state.problem
    hidden.write_bytes(kept)
    assert train(load_config(configuration), tmp_path / "out").n_validation == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_training_goes_on_with_its_blocks(
    tmp_path: Path, alloy: list[LabelledFrame], processes: int
) -> None:
    write(tmp_path / "a.extxyz", [frame.to_atoms() for frame in alloy[:10]])
    write(tmp_path / "b.extxyz", [frame.to_atoms() for frame in alloy[10:]])
    content = {
        "trainer": "pod",
        "train": "a.extxyz",
        "validation": ["b.extxyz"],
        "processes": processes,
        "pod": {"descriptors": TINY, "block": 1},
    }
    path = tmp_path / "pod.yaml"
    path.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "mofglass", "train", str(path), "-o", str(tmp_path / "out"), "--quiet"]
    process = subprocess.Popen(command)
    blocks = tmp_path / "out" / "blocks"
    while process.poll() is None and len(list(blocks.glob("*.npz"))) < 3:
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    assert len(children) >= (processes if processes > 1 else 0)
    until = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    state = read_state(tmp_path / "out")
    assert state is not None
    assert state.state == "running"
    kept = {block: block.stat().st_mtime_ns for block in blocks.glob("*.npz")}
    assert 3 <= len(kept) < 12
    subprocess.run(command, check=True)
    assert all(block.stat().st_mtime_ns == when for block, when in kept.items())
    assert len(list(blocks.glob("*.npz"))) == 12
    whole = train(load_config(path), tmp_path / "at once")
    assert whole.point is not None
    for name in ("coefficients.pod", "param.pod"):
        again = (tmp_path / "out" / "model" / name).read_text()
        assert again == (tmp_path / "at once" / "model" / name).read_text()


def test_the_command_prints_the_errors_and_how_to_use_it(configuration: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["train", str(configuration), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert f"--potential pod:{tmp_path}/out/model" in result.output
    assert "validation, 2 frames" in result.stdout
    again = CliRunner().invoke(main, ["train", str(configuration), "-o", str(tmp_path / "out"), "--json"])
    numbers = json.loads(again.stdout)
    assert numbers["potential"] == f"pod:{tmp_path}/out/model"
    assert numbers["validation_force_mae_meV_per_A"] > 0
    assert numbers["epoch"] == 3


def test_ctrl_c_says_how_to_go_on(
    configuration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mofglass.training.pod.PODTrainer.fit", interrupted)
    result = CliRunner().invoke(main, ["train", str(configuration), "-o", str(tmp_path / "out"), "--quiet"])
    assert result.exit_code == 1
    assert "stopped; the same command goes on where it was" in result.output
    monkeypatch.undo()
    assert train(load_config(configuration), tmp_path / "out").n_train == 3


def test_a_bad_configuration_is_one_sentence_and_exit_code_2(configuration: Path, tmp_path: Path) -> None:
    configuration.write_text(configuration.read_text().replace("trainer: pod", "trainer: podd"))
    result = CliRunner().invoke(main, ["train", str(configuration), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "there is no trainer 'podd': did you mean pod" in result.output
    assert not (tmp_path / "out").exists()


def frames(alloy: list[LabelledFrame], n: int) -> Dataset:
    return Dataset.from_frames([alloy[k % len(alloy)] for k in range(n)])


def test_validation_frames_come_in_blocks(alloy: list[LabelledFrame]) -> None:
    chosen = validation_rows(frames(alloy, 80), 0.2, seed=1)
    assert chosen.sum() == 16
    assert set(chosen.reshape(10, 8).sum(axis=1)) == {0, 8}
    assert (validation_rows(frames(alloy, 80), 0.2, seed=2) != chosen).any()


def test_a_further_file_leaves_the_draw_of_the_others(alloy: list[LabelledFrame]) -> None:
    alone = frames(alloy, 40)
    joined = Dataset.joined([frames(alloy, 40), frames(alloy, 24)])
    assert (validation_rows(joined, 0.2, seed=1)[:40] == validation_rows(alone, 0.2, seed=1)).all()


def test_the_splits_of_a_dataset_are_taken(
    alloy: list[LabelledFrame], tmp_path: Path, configuration: Path
) -> None:
    names = ["train", "train", "test"]
    split = open_dataset(tmp_path / "a.extxyz").with_columns(split=names)
    later = open_dataset(tmp_path / "b.extxyz").with_columns(split=["validation", "train"])
    Dataset.joined([split, later]).save(tmp_path / "all.dataset.h5")
    content = yaml.safe_load(configuration.read_text())
    configuration.write_text(yaml.safe_dump({**content, "train": "all.dataset.h5", "validation": "split"}))
    data = load_data(load_config(configuration))
    assert [frame.energy_eV for frame in data.train] == pytest.approx(
        [alloy[k].energy_eV for k in (0, 1, 4)], abs=1e-6
    )
    assert [frame.energy_eV for frame in data.validation] == pytest.approx([alloy[3].energy_eV], abs=1e-6)


def test_a_fraction_is_taken_off_the_frames(alloy: list[LabelledFrame], tmp_path: Path) -> None:
    write(tmp_path / "all.extxyz", [frame.to_atoms() for frame in (*alloy, *alloy)])
    config = parse_config(
        {"trainer": "pod", "train": "all.extxyz", "validation": 0.3}, where="t", folder=tmp_path
    )
    data = load_data(config)
    assert (len(data.train), len(data.validation)) == (16, 8)
    assert data.left_out == {}


@pytest.mark.parametrize("validation", [0.5, ["b.extxyz"]])
def test_test_frames_are_never_trained_on(
    alloy: list[LabelledFrame], tmp_path: Path, configuration: Path, validation: object
) -> None:
    names = [("train", "test", "validation", "")[k // 8] for k in range(32)]
    write(tmp_path / "c.extxyz", [alloy[k % len(alloy)].to_atoms() for k in range(32)])
    open_dataset(tmp_path / "c.extxyz").with_columns(split=names).save(tmp_path / "split.dataset.h5")
    write(tmp_path / "whole.extxyz", [frame.to_atoms() for frame in (*alloy, *alloy)][:16])
    content = yaml.safe_load(configuration.read_text())
    content |= {"train": ["split.dataset.h5", "whole.extxyz"], "validation": validation}
    configuration.write_text(yaml.safe_dump(content))
    data = load_data(load_config(configuration))
    assert data.left_out == {"left_out_for_split": 24}
    assert len(data.train) + (len(data.validation) if validation == 0.5 else 0) == 24
    of_split = np.asarray(data.train.table.file) == 0
    splits = np.asarray(data.train.table.labels("split"))[data.train.table.codes("split")]
    assert set(splits[of_split]) <= {"train"}


def test_copies_of_a_frame_stay_together(alloy: list[LabelledFrame], tmp_path: Path) -> None:
    write(tmp_path / "few.extxyz", [frame.to_atoms() for frame in (*alloy, *alloy, *alloy)][:30])
    content = {"trainer": "pod", "train": [{"file": "few.extxyz", "times": 10}], "validation": 0.2}
    data = load_data(parse_config(content, where="t", folder=tmp_path))
    fitted, judging = (set(np.asarray(part.table.frame).tolist()) for part in (data.train, data.validation))
    assert len(data.validation) == 10 * len(judging) > 0
    assert not fitted & judging
    assert len(fitted | judging) == 30


def test_a_training_is_of_the_frames_that_it_began_with(configuration: Path, tmp_path: Path) -> None:
    train(load_config(configuration), tmp_path / "out")
    data = tmp_path / "a.extxyz"
    data.write_text(data.read_text() * 2)
    with pytest.raises(InputError, match=r"a\.extxyz is not what it was when the training"):
        train(load_config(configuration), tmp_path / "out")
    data.unlink()
    assert train(load_config(configuration), tmp_path / "out").n_train == 3


def test_frames_left_out_are_told(configuration: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(configuration.read_text())
    forces = np.asarray(open_dataset([tmp_path / "a.extxyz"]).table.max_force_eV_per_A)
    limit = float(np.sort(forces)[-2:].mean())
    content["pod"] |= {"max_force_eV_per_A": limit}
    configuration.write_text(yaml.safe_dump(content))
    result = CliRunner().invoke(main, ["train", str(configuration), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    state = read_state(tmp_path / "out")
    assert state is not None
    n_left = state.left_out["left_out_for_forces"]
    assert state.n_train + state.n_validation + n_left == 5
    assert f"frames left out: {n_left} for forces above max_force_eV_per_A" in result.output
    assert f"{state.n_train} frames fitted" in (tmp_path / "out" / "training.html").read_text()


def test_blocks_of_a_file_are_alike_in_size(alloy: list[LabelledFrame]) -> None:
    assert validation_rows(frames(alloy, 17), 0.3, seed=1).sum() in (5, 6)


def test_one_block_is_too_few_to_split(alloy: list[LabelledFrame]) -> None:
    assert validation_rows(frames(alloy, 12), 0.01, seed=1).sum() == 1
    assert validation_rows(frames(alloy, 12), 0.2, seed=1).sum() == 2
    with pytest.raises(InputError, match="8 frames are too few"):
        validation_rows(frames(alloy, 8), 0.1, seed=1)


@pytest.mark.parametrize(
    ("sizes", "fraction", "n_chosen"),
    [([1] * 30, 0.3, 9), ([4] * 10, 0.4, 16), ([4] * 10, 0.6, 24), ([16] * 10, 0.1, 16), ([1, 1], 0.9, 1)],
)
def test_a_fraction_holds_for_many_short_files(
    alloy: list[LabelledFrame], sizes: list[int], fraction: float, n_chosen: int
) -> None:
    dataset = Dataset.joined([frames(alloy, size) for size in sizes])
    chosen = validation_rows(dataset, fraction, seed=1)
    assert chosen.sum() == n_chosen
    assert (validation_rows(dataset, fraction, seed=1) == chosen).all()
    files = np.asarray(dataset.table.file)
    blocks = [chosen[files == number][k : k + 8] for number in np.unique(files) for k in (0, 8)]
    assert all(block.all() or not block.any() for block in blocks)


def test_short_files_are_drawn_by_the_seed_and_leave_long_ones_alone(alloy: list[LabelledFrame]) -> None:
    short = Dataset.joined([frames(alloy, 1) for _ in range(30)])
    assert (validation_rows(short, 0.3, seed=1) != validation_rows(short, 0.3, seed=2)).any()
    # What mofglass has chosen of long files ever since: stored blocks and trainings rely on it.
    long = Dataset.joined([frames(alloy, n) for n in (80, 36, 44)])
    expected = [*range(32, 40), *range(64, 72), *range(88, 95), *range(146, 153)]
    assert np.flatnonzero(validation_rows(long, 0.2, seed=1)).tolist() == expected
    mixed = Dataset.joined([long, *[frames(alloy, 4) for _ in range(10)]])
    assert np.flatnonzero(validation_rows(mixed, 0.2, seed=1)[:160]).tolist() == expected
    assert validation_rows(mixed, 0.2, seed=1)[160:].sum() == 8


def test_no_frame_at_all_has_a_sentence_of_its_own(alloy: list[LabelledFrame], configuration: Path) -> None:
    dataset = frames(alloy, 8)
    with pytest.raises(InputError, match="there is no frame to validate with"):
        usable_data(load_config(configuration), dataset, dataset[np.zeros(8, dtype=bool)])


def test_files_without_splits_are_fitted_beside_those_with(
    alloy: list[LabelledFrame], tmp_path: Path, configuration: Path
) -> None:
    split = open_dataset(tmp_path / "a.extxyz").with_columns(split=["train", "validation", "test"])
    split.save(tmp_path / "split.dataset.h5")
    content = yaml.safe_load(configuration.read_text())
    content |= {"train": ["split.dataset.h5", "b.extxyz"], "validation": "split"}
    configuration.write_text(yaml.safe_dump(content))
    data = load_data(load_config(configuration))
    energies = [frame.energy_eV for frame in data.train]
    assert energies == pytest.approx([alloy[k].energy_eV for k in (0, 3, 4)], abs=1e-6)
    assert len(data.validation) == 1
    assert data.left_out == {"left_out_for_split": 1}


def test_a_typo_does_not_cost_the_directory(configuration: Path, tmp_path: Path) -> None:
    right = configuration.read_text()
    configuration.write_text(right.replace("a.extxyz", "A.extxyz"))
    with pytest.raises(InputError, match=r"A\.extxyz"):
        train(load_config(configuration), tmp_path / "out")
    configuration.write_text(right)
    assert train(load_config(configuration), tmp_path / "out").n_train == 3
    configuration.write_text(right.replace("a.extxyz", "A.extxyz"))
    with pytest.raises(InputError, match="holds a training with other settings"):
        train(load_config(configuration), tmp_path / "out")


def test_a_training_is_known_again_elsewhere(configuration: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in ("a.extxyz", "b.extxyz", "pod.yaml"):
        shutil.move(tmp_path / name, project / name)
    train(load_config(project / "pod.yaml"), project / "out")
    moved = tmp_path / "elsewhere" / "of another name"
    moved.parent.mkdir()
    project.rename(moved)
    model = moved / "out" / "model" / "coefficients.pod"
    before = model.stat().st_mtime_ns
    again = train(load_config(moved / "pod.yaml"), moved / "out")
    assert again.potential == f"pod:{moved}/out/model"
    assert model.stat().st_mtime_ns == before
    # Another content of the same size is noticed there too.
    data = moved / "a.extxyz"
    data.write_text(data.read_text().replace("1", "2"))
    with pytest.raises(InputError, match=r"a\.extxyz is not what it was when the training"):
        train(load_config(moved / "pod.yaml"), moved / "out")
