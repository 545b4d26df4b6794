"""The state of a training directory: what is being fitted there, and how far it is."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import yaml

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig, load_config
from mofglass.training.contents import contents
from mofglass.trajectory.atomic_write import written_whole

STATE_FILE = "state.json"
CONFIG_FILE = "config.yaml"
LOCK_FILE = ".lock"
ENDED = "ended_after"
"""Column of tables of trainings: `TrainingState.reached` of those that their time limit ended."""


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
    contents : list of str
        Hashes of `TrainingConfig.files` when the training began: other ones are another training.
    model : str
        The finished model, relative to the directory; empty before.
    potential : str
        What follows ``--potential``; empty before.
    reached : str
        How far a finished one came where the time limit ended it (`mofglass.training.base.Fit`).
    time_limit_s : float or None
        That limit, s.
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
    contents: list[str] = field(default_factory=list)
    model: str = ""
    potential: str = ""
    reached: str = ""
    time_limit_s: float | None = None
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
    except TypeError as error:
        raise InputError(
            f"{path} is of another version of mofglass: give another directory (the model there can be used)"
        ) from error
    except (OSError, ValueError) as error:
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

    One that failed before anything of it was kept gives way to another.

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
    now = contents(config.files)
    if state is None and directory.exists() and any(directory.iterdir()):
        raise InputError(f"{directory} is not empty and holds no training: give another directory")
    other = "" if state is None else _what_is_other(directory, state, config, now)
    if state is not None and other and not _has_kept_nothing(directory, state):
        raise InputError(other)
    if state is None or other:
        directory.mkdir(parents=True, exist_ok=True)
        state = TrainingState(
            state="running",
            trainer=config.trainer,
            identity=config.identity,
            mofglass=version("mofglass"),
            contents=now,
        )
    else:
        # A file that is gone by now may come back.
        known = [new or old for new, old in zip(now, state.contents, strict=True)]
        state = replace(state, identity=config.identity, contents=known)
        if state.state != "done":
            state = replace(state, state="running", problem="")
    with written_whole(directory / CONFIG_FILE) as temporary:
        temporary.write_text(yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=True))
    write_state(directory, state)
    return state


def _what_is_other(directory: Path, state: TrainingState, config: TrainingConfig, now: list[str]) -> str:
    """Say in which way a directory's training is another one; empty where it is the same."""
    if state.identity != config.identity:
        return (
            f"{directory} holds a training with other settings ({_difference(directory, config)}): "
            "give another directory, or the settings of before"
        )
    for path, old, new in zip(config.files, state.contents, now, strict=True):
        if old and new and old != new:
            return f"{path} is not what it was when the training in {directory} began: give another directory"
    return ""


def _has_kept_nothing(directory: Path, state: TrainingState) -> bool:
    """Tell whether a training failed before it wrote anything, as one whose frames cannot be read."""
    files = {path.name for path in directory.rglob("*") if path.is_file()}
    return state.state == "failed" and files <= {STATE_FILE, CONFIG_FILE, LOCK_FILE}


def _difference(directory: Path, config: TrainingConfig) -> str:
    """Name the first setting in which a directory's training differs."""
    try:
        before = load_config(directory / CONFIG_FILE).decisive
    except InputError:
        return "its config.yaml cannot be read"
    for key, value in config.decisive.items():
        if before.get(key) != value:
            if isinstance(value, dict) and isinstance(before.get(key), dict):
                inner = next((k for k in value if before[key].get(k) != value[k]), "")
                return f"{key}: {inner} was {before[key].get(inner)!r}, is {value.get(inner)!r}"
            return f"{key} was {before.get(key)!r}, is {value!r}"
    return "a setting was removed"
