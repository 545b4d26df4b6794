"""The state of a training directory: what is being fitted there, and how far it is."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import yaml

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig
from mofglass.trajectory.atomic_write import written_whole

STATE_FILE = "state.json"
CONFIG_FILE = "config.yaml"
LOCK_FILE = ".lock"


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Where a training stands.

    Parameters
    ----------
    state : {"running", "done", "failed"}
        ``running`` also after a kill: going on is right either way.
    trainer : str
        Name of the trainer.
    identity : str
        `TrainingConfig.identity`.
    mofglass : str
        Version that began it.
    n_train, n_validation : int
        Number of frames.
    left_out : dict
        How many others the files hold, by reason (`mofglass.training.data.TrainingData`).
    data_bytes : dict
        Sizes of the files of frames when the training began, by path: another size is another training.
    model : str
        The finished model, relative to the directory; empty before.
    potential : str
        What follows ``--potential``; empty before.
    problem : str
        Why it failed.
    """

    state: Literal["running", "done", "failed"]
    trainer: str
    identity: str
    mofglass: str = ""
    n_train: int = 0
    n_validation: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    data_bytes: dict[str, int] = field(default_factory=dict)
    model: str = ""
    potential: str = ""
    problem: str = ""


def read_state(directory: Path) -> TrainingState | None:
    """Read the state of a training.

    Parameters
    ----------
    directory : Path
        Directory of the training.

    Returns
    -------
    TrainingState or None
        None where there is no training.

    Raises
    ------
    InputError
        When the file is not what `write_state` wrote.
    """
    path = directory / STATE_FILE
    if not path.exists():
        return None
    try:
        return TrainingState(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is not the state of a training: {error}") from error


def write_state(directory: Path, state: TrainingState) -> None:
    """Write the state of a training, whole.

    Parameters
    ----------
    directory : Path
        Directory of the training.
    state : TrainingState
        Its state.
    """
    with written_whole(directory / STATE_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(state), indent=1) + "\n")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other processes from the directory of a training; a killed holder's lock is gone with it.

    Parameters
    ----------
    directory : Path
        Directory of the training; it exists.

    Yields
    ------
    None
        While it is held.

    Raises
    ------
    InputError
        When another process holds it.
    """
    with (directory / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{directory} is being trained by another process: wait for it, or end it"
            ) from error
        yield


def open_directory(directory: Path, config: TrainingConfig) -> TrainingState:
    """Make the directory of a training, or go on with the training it holds.

    Parameters
    ----------
    directory : Path
        Directory, made where absent.
    config : TrainingConfig
        What is to be fitted; written to ``config.yaml`` with every default.

    Returns
    -------
    TrainingState
        ``running`` for a new one or one that was stopped or failed, ``done`` for a finished one.

    Raises
    ------
    InputError
        When the directory holds something else, or a training with other settings or of other frames.
    """
    state = read_state(directory)
    if state is None:
        if directory.exists() and any(directory.iterdir()):
            raise InputError(f"{directory} is not empty and holds no training: give another directory")
        directory.mkdir(parents=True, exist_ok=True)
        state = TrainingState(
            state="running",
            trainer=config.trainer,
            identity=config.identity,
            mofglass=version("mofglass"),
            data_bytes={str(path): _size(path) for path in _files(config) if path.exists()},
        )
    elif state.identity != config.identity:
        raise InputError(
            f"{directory} holds a training with other settings ({_difference(directory, config)}): "
            "give another directory, or the settings of before"
        )
    elif changed := [path for path in _files(config) if _has_changed(path, state)]:
        raise InputError(
            f"{changed[0]} is not what it was when the training in {directory} began: give another directory"
        )
    elif state.state != "done":
        state = replace(state, state="running", problem="")
    with written_whole(directory / CONFIG_FILE) as temporary:
        temporary.write_text(yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True))
    write_state(directory, state)
    return state


def _files(config: TrainingConfig) -> list[Path]:
    return [*config.train, *(config.validation if isinstance(config.validation, tuple) else ())]


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def _has_changed(path: Path, state: TrainingState) -> bool:
    """Tell whether a file has another size than when the training began; one that is gone has not."""
    before = state.data_bytes.get(str(path))
    return before is not None and path.exists() and _size(path) != before


def _difference(directory: Path, config: TrainingConfig) -> str:
    """Name the first setting in which a directory's training differs."""
    try:
        before: dict[str, Any] = yaml.safe_load((directory / CONFIG_FILE).read_text())
    except (OSError, yaml.YAMLError):
        return "its config.yaml cannot be read"
    for key, value in config.to_dict().items():
        if before.get(key) != value and key not in ("threads", "processes", "time_limit"):
            if isinstance(value, dict) and isinstance(before.get(key), dict):
                inner = next((k for k in value if before[key].get(k) != value[k]), "")
                return f"{key}: {inner} was {before[key].get(inner)!r}, is {value.get(inner)!r}"
            return f"{key} was {before.get(key)!r}, is {value!r}"
    return "a setting was removed"
