"""The directory of a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig, load_config, parse_config
from mofglass.training.state import (
    CONFIG_FILE,
    STATE_FILE,
    locked,
    open_directory,
    read_state,
    write_state,
)


def config(**content: object) -> TrainingConfig:
    return parse_config({"trainer": "pod", "train": "a.xyz", **content}, where="t", folder=Path("/data"))


def test_a_new_directory_holds_the_whole_configuration(tmp_path: Path) -> None:
    state = open_directory(tmp_path / "new", config())
    assert state.state == "running"
    assert load_config(tmp_path / "new" / CONFIG_FILE) == config()


def test_a_stopped_training_is_gone_on_with(tmp_path: Path) -> None:
    state = open_directory(tmp_path, config())
    write_state(tmp_path, replace(state, state="failed", problem="no disk", n_train=3))
    again = open_directory(tmp_path, config(threads=2))
    assert (again.state, again.problem, again.n_train) == ("running", "", 3)


def test_a_finished_one_stays_finished(tmp_path: Path) -> None:
    state = open_directory(tmp_path, config())
    write_state(tmp_path, replace(state, state="done", model="model"))
    assert open_directory(tmp_path, config()).state == "done"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 2}, "seed was 1, is 2"),
        ({"pod": {"block": 4}}, "pod: block was 8, is 4"),
    ],
)
def test_other_settings_are_refused_and_named(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    open_directory(tmp_path, config())
    with pytest.raises(InputError) as caught:
        open_directory(tmp_path, config(**changed))
    assert message in str(caught.value)
    assert load_config(tmp_path / CONFIG_FILE) == config()


def test_a_directory_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="is not empty and holds no training"):
        open_directory(tmp_path, config())


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_text("{")
    with pytest.raises(InputError, match="is not the state of a training"):
        read_state(tmp_path)


def test_a_state_of_another_version_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    open_directory(tmp_path, config())
    path = tmp_path / STATE_FILE
    path.write_text(path.read_text().replace('"reached"', '"data_bytes"'))
    with pytest.raises(InputError, match="is of another version of mofglass: give another directory"):
        open_directory(tmp_path, config())


def test_one_process_at_a_time(tmp_path: Path) -> None:
    taken = pytest.raises(InputError, match="is being trained by another process")
    with locked(tmp_path), taken, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
