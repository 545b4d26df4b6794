"""Many trainings that differ in some settings, each evaluated on the same frames: one table in the end."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.datasets.equal_frames import warn_of_fitted_frames
from mofglass.errors import InputError, MofglassError
from mofglass.training.base import Progress, Silent
from mofglass.training.config import TrainingConfig, parse_config
from mofglass.training.contents import contents
from mofglass.training.data import training_frames
from mofglass.training.energy_alignment import Alignment
from mofglass.training.evaluate import evaluate
from mofglass.training.evaluation import Evaluation
from mofglass.training.evaluation_output import write_evaluation, write_together
from mofglass.training.pareto import pareto_panels, pareto_table, table_row
from mofglass.training.sections import read_section
from mofglass.training.state import ENDED
from mofglass.training.training import goes_further, train
from mofglass.yaml_file import read_yaml

TRAINING = "training"
EVALUATION = "evaluation"
TABLE = "scan"


@dataclass(frozen=True, kw_only=True)
class ScanConfig:
    """What to train, in which settings the trainings differ, and on what to evaluate them.

    Parameters
    ----------
    training : mapping
        The training that all have in common, as its own YAML file holds it; or the path of that file.
    scan : mapping or list
        Settings by dotted name, such as ``weights.stress`` or ``nequip.l_max``, with a list of values each:
        every combination is trained. Or a list of mappings of settings to values: each is trained.
    test : tuple of Path or "split"
        Frames to evaluate on: files, or the test split of the training's own files.
    align : {"none", "per-atom", "per-element"}
        Rule for energies.
    timing : {"cell", "both"}
        Cost on the first frame only, or on its 2x2x2 supercell too.
    checks : bool
        Compare forces and stress with finite differences.
    """

    training: Any
    scan: Any
    test: Literal["split"] | tuple[Path, ...] = "split"
    align: Alignment = "none"
    timing: Literal["cell", "both"] = "both"
    checks: bool = True


@dataclass(frozen=True)
class Combination:
    """One training of a scan.

    Parameters
    ----------
    name : str
        Name of its directory.
    settings : dict
        Values by dotted name.
    config : TrainingConfig
        The training.
    """

    name: str
    settings: dict[str, Any]
    config: TrainingConfig


@dataclass(frozen=True)
class Scan:
    """All trainings of a scan.

    Parameters
    ----------
    config : ScanConfig
        As in the file.
    combinations : tuple of Combination
        In the order of the file, the last setting varying fastest.
    """

    config: ScanConfig
    combinations: tuple[Combination, ...]


def load_scan(path: Path) -> Scan:
    """Read a scan.

    Parameters
    ----------
    path : Path
        YAML file; relative paths in it start at its folder.

    Returns
    -------
    Scan
        Every training, checked.

    Raises
    ------
    InputError
        When the file is not readable, or a setting is not one of the training's.
    """
    path = Path(path)
    folder = path.resolve().parent
    config = read_section(ScanConfig, read_yaml(path), str(path), folder)
    base = config.training
    if isinstance(base, str):
        base_path = (folder / base).resolve()
        base, folder = read_yaml(base_path), base_path.parent
    if not isinstance(base, Mapping):
        raise InputError(
            f"{path}: 'training' must be a file, or the lines of a training: trainer, train, ..."
        )
    combinations = []
    for settings in _settings(config.scan, path):
        content = copy.deepcopy(dict(base))
        for key, value in settings.items():
            _put(content, key, value, path)
        where = f"{path} with {_words(settings)}"
        combinations.append(
            Combination(directory_name(settings), settings, parse_config(content, where=where, folder=folder))
        )
    names = [combination.name for combination in combinations]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: two combinations would both be kept in '{name}'")
    if config.test == "split" and len({combination.config.train for combination in combinations}) > 1:
        raise InputError(
            f"{path}: 'test: split' is the test split of one training's files, and the scan varies 'train': "
            "give files of test frames"
        )
    return Scan(config, tuple(combinations))


def _settings(scan: Any, path: Path) -> list[dict[str, Any]]:
    """Every combination, as values by dotted name."""
    if isinstance(scan, Mapping) and scan:
        for key, values in scan.items():
            if not isinstance(values, list) or not values:
                raise InputError(f"{path}: '{key}' needs a list of values, as in  {key}: [0, 1, 100]")
        keys = [str(key) for key in scan]
        return [dict(zip(keys, values, strict=True)) for values in itertools.product(*scan.values())]
    if isinstance(scan, list) and scan and all(isinstance(item, Mapping) and item for item in scan):
        return [{str(key): value for key, value in item.items()} for item in scan]
    raise InputError(
        f"{path}: 'scan' must hold settings with lists of values (every combination is trained), or be a "
        "list of combinations"
    )


def _put(content: dict[str, Any], key: str, value: Any, path: Path) -> None:
    """Set a value by its dotted name."""
    *parents, last = key.split(".")
    place: Any = content
    for parent in parents:
        if place.get(parent) is None:
            place[parent] = {}
        place = place[parent]
        if not isinstance(place, dict):
            raise InputError(f"{path}: '{key}' cannot be set, since '{parent}' is a value and no section")
    place[last] = copy.deepcopy(value)


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())


def directory_name(settings: Mapping[str, Any]) -> str:
    """Return the name of a combination's directory.

    Parameters
    ----------
    settings : mapping
        Values by dotted name.

    Returns
    -------
    str
        E.g. ``stress-100_rcut-5.0``; long ones end in a hash.
    """
    words = []
    lasts = [key.rsplit(".", 1)[-1] for key in settings]
    for key, last in zip(settings, lasts, strict=True):
        short = last if lasts.count(last) == 1 else key
        value = str(settings[key]).strip("[](){}'\"./ ")
        words.append(re.sub(r"[^A-Za-z0-9.+-]+", "-", f"{short}-{value}"))
    name = "_".join(words)
    if len(name) > 100:
        name = (
            f"{name[:80]}_{hashlib.sha256(json.dumps(dict(settings), default=str).encode()).hexdigest()[:8]}"
        )
    return name


def run_scan(
    scan: Scan,
    directory: Path,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    evaluated: Callable[[Combination, Evaluation, Path], None] | None = None,
    told: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Train and evaluate every combination, going on from what the directory holds already.

    A combination's directory has ``training`` and ``evaluation``; the table and the figures of all that are
    finished are written anew after each. A training that fails is kept with its reason, and the rest go on;
    one that its time limit ended goes on, and is evaluated anew, where the limit is larger now.

    Parameters
    ----------
    scan : Scan
        What to train.
    directory : Path
        Where to; made if need be.
    threads : int, optional
        Threads of trainings and evaluations; by default those of each training's configuration.
    progress : Progress, optional
        Who watches the trainings.
    evaluated : callable, optional
        Called with each combination just evaluated, its evaluation and the directory of that.
    told : callable, optional
        Called with a line on what begins or was found done.

    Returns
    -------
    pandas.DataFrame
        One row a combination; also ``scan.csv``. Where a time limit ended a training, ``ended_after`` says
        how far it came.

    Raises
    ------
    InputError
        When the test frames cannot be read; nothing is trained before they are.
    MofglassError
        When no combination could be trained and evaluated.
    """
    directory = Path(directory)
    tell = told or (lambda line: None)
    watching: Progress = progress or Silent()
    test = _test_frames(scan.config, scan.combinations[0].config)
    rows, problems = [], {}
    compared: set[tuple[Path, ...]] = set()
    for number, combination in enumerate(scan.combinations, start=1):
        place = directory / combination.name
        heading = f"{number} of {len(scan.combinations)}: {_words(combination.settings)}"
        config = combination.config if threads is None else replace(combination.config, threads=threads)
        identity = _identity(scan.config, config)
        summary = _finished(place / EVALUATION, identity)
        if summary is None or goes_further(config, place / TRAINING):
            tell(heading)
            try:
                trained = train(config, place / TRAINING, watching, further=True)
                if scan.config.test != "split" and config.train not in compared:
                    compared.add(config.train)
                    warn_of_fitted_frames(test, training_frames(config.train), "test")
                watching.stage("evaluation", len(test))
                evaluation = evaluate(
                    trained.potential,
                    test,
                    align=scan.config.align,
                    timing=scan.config.timing,
                    checks=scan.config.checks,
                    threads=config.threads,
                    progress=lambda done: watching.advance(),
                )
            except MofglassError as error:
                problems[combination.name] = str(error)
                tell(f"{heading}: failed: {error}")
                continue
            provenance = {"scan": identity, "reached": trained.reached}
            write_evaluation(evaluation, place / EVALUATION, provenance=provenance)
            if evaluated is not None:
                evaluated(combination, evaluation, place / EVALUATION)
            summary = {**evaluation.summary(), "provenance": provenance}
        else:
            tell(f"{heading}: done before")
        row = table_row(combination.name, summary, **combination.settings)
        reached = summary["provenance"].get("reached")
        rows.append(row | ({ENDED: reached} if reached else {}))
        _write_table(directory, pareto_table(rows), problems)
    if not rows:
        name, problem = next(iter(problems.items()))
        raise MofglassError(f"no combination could be trained and evaluated; {name}: {problem}")
    table = pareto_table(rows)
    _write_table(directory, table, problems)
    return table


def _test_frames(config: ScanConfig, training: TrainingConfig) -> Dataset:
    if config.test == "split":
        return open_dataset(training.train).split("test")
    return open_dataset(config.test)


def _identity(config: ScanConfig, training: TrainingConfig) -> str:
    """Hash of all that decides an evaluation: one made with the same is not made again."""
    decisive = [
        training.identity,
        contents(training.files),
        config.test if config.test == "split" else contents(config.test),
        config.align,
        config.timing,
        config.checks,
        training.threads,
    ]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _finished(directory: Path, identity: str) -> dict[str, Any] | None:
    """Return the summary of an evaluation that was made with the same settings."""
    path = directory / "summary.json"
    try:
        summary: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    same = (summary.get("provenance") or {}).get("scan") == identity
    return summary if same else None


def _write_table(directory: Path, table: pd.DataFrame, problems: Mapping[str, str]) -> None:
    failed = pd.DataFrame([{"name": name, "problem": problem} for name, problem in problems.items()])
    written = pd.concat([table, failed], ignore_index=True) if len(failed) else table
    summary = {"rows": table.astype(object).to_dict("records"), "failed": dict(problems)}
    write_together(directory, {TABLE: written}, pareto_panels(table), {TABLE: summary})
