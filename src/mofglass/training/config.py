"""What to fit, to what, and how: the one YAML file that every trainer reads."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from mofglass.errors import InputError
from mofglass.training.base import TRAINERS, get_trainer
from mofglass.training.sections import near_miss, read_section
from mofglass.yaml_file import read_yaml

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

# Changing these continues a training instead of making another one.
FREE_TO_CHANGE = ("threads", "processes", "time_limit_s")
# Where POD keeps its blocks: a setting of the trainer that is as free.
CACHE = "cache"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of the mean squared errors in the loss.

    The loss is energy·<(ΔE/N)²> + forces·<|ΔF|²/3> + stress·<|Δσ|²/9>, with energies per atom in eV,
    forces in eV/Å and stresses in eV/Å³, averaged over frames, over force and over stress components.

    Parameters
    ----------
    energy, forces, stress : float or None
        Weights; None for what the trainer takes by default. Zero leaves that label out.
    """

    energy: float | None = None
    forces: float | None = None
    stress: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not 0 <= value < math.inf:
                raise InputError(f"the weight of {name} must be zero or a number above it, and is {value:g}")
        if not any(value is None or value > 0 for value in asdict(self).values()):
            raise InputError(
                "the weights are zero throughout, so there is nothing to fit: give one above zero"
            )

    def or_default(self, default: Weights) -> Weights:
        """Return the weights with what is None taken from others.

        Parameters
        ----------
        default : Weights
            The trainer's own.

        Returns
        -------
        Weights
            Numbers only, where `default` has numbers only.
        """
        return replace(default, **{key: value for key, value in asdict(self).items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One training: the trainer, its data, its weights and its own settings.

    Parameters
    ----------
    trainer : str
        A name of `mofglass.training.TRAINERS`: pod, nequip, allegro, deepmd, mace.
    train : tuple of Path
        Labelled frames to fit: any files that `mofglass.datasets.open_dataset` reads. A file that stands
        there three times counts three times.
    validation : float, "split", or tuple of Path
        Frames that choose what the fit leaves open (ridge, best epoch); they are not fitted. A fraction of
        the training frames, taken in whole blocks of trajectory; ``split`` for what `mofglass dataset split`
        has called so (its test frames are not touched); or files of their own.
    weights : Weights
        Weights of energy, forces and stress.
    seed : int
        Of the validation split, of initial parameters, of shuffling and of committees.
    threads : int
        Threads of the training process.
    processes : int
        Processes that compute descriptors side by side; trainers that work in one process ignore it.
    time_limit_s : float or None
        Stop after this wall time (s) with the best model so far; None for no limit.
    description : str
        What the model is for, in one sentence; it travels with the model.
    settings : object
        The trainer's own settings: the section of the file under its name.
    """

    trainer: str
    train: tuple[Path, ...]
    validation: float | Literal["split"] | tuple[Path, ...] = 0.1
    weights: Weights = field(default_factory=Weights)
    seed: int = 1
    threads: int = 1
    processes: int = 1
    time_limit_s: float | None = None
    description: str = ""
    settings: Any = None

    def __post_init__(self) -> None:
        if self.trainer not in TRAINERS:
            raise InputError(f"there is no trainer '{self.trainer}': {near_miss(self.trainer, TRAINERS)}")
        if not self.train:
            raise InputError("'train' names no file")
        if self.validation == ():
            raise InputError("'validation' names no file")
        if isinstance(self.validation, float) and not 0 < self.validation < 1:
            raise InputError(
                f"validation is a fraction between 0 and 1 or files of its own, and is {self.validation:g}"
            )
        for name in ("threads", "processes", "seed"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be 1 or more, and is {getattr(self, name)}")
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise InputError(f"time_limit must be above zero, and is {self.time_limit_s:g} s")

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain data, which `parse_config` reads back.

        Returns
        -------
        dict
            Keys as in the YAML file, every default written out, paths absolute.
        """
        return self._written(str)

    def _written(self, path: Callable[[Path], str]) -> dict[str, Any]:
        """Return plain data with paths written so."""
        plain = _plain(asdict(replace(self, settings=None)), path)
        plain.pop("settings")
        plain["time_limit"] = plain.pop("time_limit_s")
        plain["weights"] = {key: value for key, value in plain["weights"].items() if value is not None}
        if self.settings is not None:
            plain[self.trainer] = _plain(asdict(self.settings), path)
        return plain

    @property
    def decisive(self) -> dict[str, Any]:
        """All that decides the result, but for the content of `files`, which stand here by their names."""
        decisive = self._written(lambda path: path.name)
        for key in FREE_TO_CHANGE:
            decisive.pop(key.removesuffix("_s"), None)
        decisive.get(self.trainer, {}).pop(CACHE, None)
        return decisive

    @property
    def files(self) -> tuple[Path, ...]:
        """Files and directories that decide the result, in order."""
        settings = {} if self.settings is None else asdict(self.settings)
        settings.pop(CACHE, None)
        return tuple(_paths([self.train, self.validation, settings]))

    @property
    def identity(self) -> str:
        """Hash of `decisive`: a training is only resumed with the same, and the same content of `files`."""
        return hashlib.sha256(json.dumps(self.decisive, sort_keys=True).encode()).hexdigest()


def _plain(value: Any, path: Callable[[Path], str]) -> Any:
    """Return a value as YAML and JSON hold it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, path) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, path) for item in value]
    return path(value) if isinstance(value, Path) else value


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _paths(item)


def seconds(value: Any, where: str) -> float | None:
    """Return a wall time in seconds.

    Parameters
    ----------
    value : object
        A number of seconds, a text such as ``90s``, ``30m``, ``2h`` or ``1d``, or None.
    where : str
        How to call it in a message.

    Returns
    -------
    float or None
        Wall time, s.

    Raises
    ------
    InputError
        When it is no time.
    """
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    match = re.fullmatch(r"\s*([0-9.]+)\s*([smhd])\s*", str(value))
    try:
        if match is not None:
            return float(match[1]) * SECONDS[match[2]]
    except ValueError:
        pass
    raise InputError(f"{where}: {value!r} is not a time: write 90 (s), 30m, 2h or 1d")


def parse_config(content: Any, *, where: str, folder: Path) -> TrainingConfig:
    """Make a configuration from plain data.

    Parameters
    ----------
    content : mapping
        Keys as in the YAML file.
    where : str
        How to call it in a message: the file's name.
    folder : Path
        Where relative paths start.

    Returns
    -------
    TrainingConfig
        With the trainer's settings.

    Raises
    ------
    InputError
        For a name or a value that is not allowed, with what may have been meant.
    """
    if not isinstance(content, Mapping) or "trainer" not in content:
        raise InputError(f"{where} must hold 'trainer:' (one of {', '.join(TRAINERS)}) and 'train:' lines")
    values = {str(key).replace("-", "_"): value for key, value in content.items()}
    name = str(values["trainer"])
    if name not in TRAINERS:
        raise InputError(f"{where}: there is no trainer '{name}': {near_miss(name, TRAINERS)}")
    known = {field.name for field in fields(TrainingConfig)} - {"settings", "time_limit_s"}
    known |= {"time_limit", name}
    for key in values:
        if key in TRAINERS and key != name:
            raise InputError(f"{where}: section '{key}' does not belong to the trainer '{name}'")
        if key not in known:
            raise InputError(f"{where}: there is no '{key}': {near_miss(key, sorted(known))}")
    section = values.pop(name, None)
    if "train" in values:
        values["train"] = _repeated(values["train"], where)
    values["time_limit_s"] = seconds(values.pop("time_limit", None), f"{where}, time_limit")
    config = read_section(TrainingConfig, values, where, folder)
    settings = read_section(get_trainer(name).settings, section, f"{where}, {name}", folder)
    return replace(config, settings=settings)


def _repeated(files: Any, where: str) -> Any:
    """Write out entries of `train` such as ``{file: soft.extxyz, times: 10}``."""
    names: list[Any] = []
    for entry in files if isinstance(files, list) else [files]:
        if not isinstance(entry, Mapping):
            names.append(entry)
            continue
        times = entry.get("times")
        if (
            set(entry) != {"file", "times"}
            or isinstance(times, bool)
            or not isinstance(times, int)
            or times < 1
        ):
            raise InputError(
                f"{where}, train: write {{file: NAME, times: 10}} with a whole number, not {dict(entry)}"
            )
        names += [entry["file"]] * times
    return names


def load_config(path: Path) -> TrainingConfig:
    """Read a configuration.

    Parameters
    ----------
    path : Path
        YAML file; relative paths in it start at its folder.

    Returns
    -------
    TrainingConfig
        With the trainer's settings.

    Raises
    ------
    InputError
        When it is not readable, or holds a name or a value that is not allowed.
    """
    path = Path(path)
    return parse_config(read_yaml(path), where=str(path), folder=path.resolve().parent)
