"""The frames of a training: what is fitted, and what judges the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.datasets.equal_frames import warn_of_fitted_frames
from mofglass.datasets.splitting import training_rows
from mofglass.errors import InputError
from mofglass.potentials.linker_topology import linker_places
from mofglass.training.base import Progress, Silent
from mofglass.training.config import TrainingConfig

BLOCK = 8
"""Neighbouring frames that go together into training or validation where the dataset names no blocks."""
FEW_BLOCKS = 3
"""Files of so many blocks or fewer are drawn from together: of one alone a fraction means little."""


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The frames of a training.

    Parameters
    ----------
    train, validation : Dataset
        Frames to fit, and frames to judge by.
    left_out : mapping
        How many frames of the files are in neither, by reason; only reasons that were met:
        ``left_out_for_split`` (those of files with splits that are neither in ``train`` nor, where that
        validates, in ``validation``),
        ``left_out_for_forces`` (a force above the trainer's ``max_force_eV_per_A``) and
        ``left_out_for_linkers`` (linkers that the linker terms cannot hold).
    """

    train: Dataset
    validation: Dataset
    left_out: Mapping[str, int] = field(default_factory=dict)


LEFT_OUT_WORDS = {
    "left_out_for_split": "of other splits",
    "left_out_for_forces": "for forces above max_force_eV_per_A",
    "left_out_for_linkers": "for linkers that the linker terms cannot hold",
}
"""What the reasons of `TrainingData.left_out` mean, for people."""


def load_data(config: TrainingConfig, progress: Progress | None = None) -> TrainingData:
    """Open the frames of a training, and leave out those that it cannot use.

    Where `mofglass dataset split` has been over a file, only its training frames are fitted, however
    validation frames are chosen: its test frames are never seen. Files without splits are fitted whole, but
    for what a fraction takes of them to validate with.

    Parameters
    ----------
    config : TrainingConfig
        Names the files and how to validate.
    progress : Progress, optional
        Who watches.

    Returns
    -------
    TrainingData
        The frames.

    Raises
    ------
    InputError
        When a file cannot be read, or too few frames are left for either.
    """
    progress = progress or Silent()
    progress.stage("reading frames")
    dataset = open_dataset(config.train, progress=lambda _count: progress.advance())
    train = dataset[training_rows(dataset)]
    not_used = len(dataset) - len(train)
    if config.validation == "split":
        validation = dataset.split("validation")
        not_used -= len(validation)
    elif isinstance(config.validation, tuple):
        validation = open_dataset(config.validation)
        warn_of_fitted_frames(validation, train, "validation")
    else:
        chosen = validation_rows(train, config.validation, config.seed)
        train, validation = train[~chosen], train[chosen]
    data = usable_data(config, train, validation, progress)
    if not not_used:
        return data
    return replace(data, left_out={"left_out_for_split": not_used, **data.left_out})


def training_frames(files: Sequence[Path]) -> Dataset:
    """Open the frames of files that may be fitted: of those with splits, the ones of training.

    Parameters
    ----------
    files : sequence of Path
        As in `train` of a configuration.

    Returns
    -------
    Dataset
        The frames.
    """
    dataset = open_dataset(files)
    return dataset[training_rows(dataset)]


def usable_data(
    config: TrainingConfig, train: Dataset, validation: Dataset, progress: Progress | None = None
) -> TrainingData:
    """Leave out frames that a trainer cannot use: too large forces, linkers that its terms cannot hold.

    Parameters
    ----------
    config : TrainingConfig
        Whose settings say what can be used.
    train, validation : Dataset
        Labelled frames.
    progress : Progress, optional
        Who watches.

    Returns
    -------
    TrainingData
        The others.

    Raises
    ------
    InputError
        When one of the two has no frame left.
    """
    progress = progress or Silent()
    for part, purpose in ((train, "fit"), (validation, "validate with")):
        if not len(part):
            raise InputError(f"there is no frame to {purpose}: give more frames, or another 'validation'")
    _require_elements(getattr(config.settings, "elements", ()), train, validation)
    left_out = {}
    n_frames = len(train) + len(validation)
    limit = config.settings.max_force_eV_per_A
    train, validation = (_below_force(part, limit) for part in (train, validation))
    left_out["left_out_for_forces"] = n_frames - len(train) - len(validation)
    if getattr(config.settings, "linker_terms", None):
        n_frames = len(train) + len(validation)
        progress.stage("linkers", n_frames)
        train, validation = (_whole_linkers(part, progress) for part in (train, validation))
        left_out["left_out_for_linkers"] = n_frames - len(train) - len(validation)
    met = {reason: number for reason, number in left_out.items() if number}
    return TrainingData(train=train, validation=validation, left_out=met)


def validation_rows(dataset: Dataset, fraction: float, seed: int) -> np.ndarray:
    """Choose validation frames in whole blocks.

    Neighbours in time are alike: a frame beside a fitted one judges nothing. Each file is drawn from with
    a random state of its own, so that adding a file changes nothing in the others. Files of few blocks are
    put together, one after the other, until the fraction of them is a block; what rounding leaves over is
    carried on.

    Parameters
    ----------
    dataset : Dataset
        Labelled frames.
    fraction : float
        Of the frames, between 0 and 1.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of bool (n_frames,)
        Which frames are for validation: at least one, and not all.

    Raises
    ------
    InputError
        When there is only one block.
    """
    chosen = np.zeros(len(dataset), dtype=bool)
    files = np.asarray(dataset.table.file)
    all_blocks: list[np.ndarray] = []
    n_frames = 0
    together: list[np.ndarray] = []
    due = 0.0
    for number in np.unique(files):
        rows = np.flatnonzero(files == number)
        # A frame that stands there several times goes into one of the two with all its copies.
        frames = np.unique(np.asarray(dataset.table.frame)[rows])
        n_frames += len(frames)
        blocks = [
            rows[np.isin(np.asarray(dataset.table.frame)[rows], block)]
            for block in np.array_split(frames, -(-len(frames) // BLOCK))
        ]
        all_blocks += blocks
        n_chosen = round(fraction * len(blocks))
        if len(blocks) <= FEW_BLOCKS:
            due += fraction * len(blocks)
            together += blocks
            blocks, n_chosen = together, max(0, round(due))
        order = np.random.default_rng([seed, int(number)]).permutation(len(blocks))
        for k in order[:n_chosen]:
            chosen[blocks[k]] = True
        if blocks is together and n_chosen:
            due -= n_chosen
            together = []
    if len(all_blocks) < 2:
        raise InputError(
            f"{len(dataset)} frames are too few to take validation frames from in blocks of {BLOCK}: "
            "give files of their own as 'validation'"
        )
    one = all_blocks[int(np.random.default_rng(seed).integers(len(all_blocks)))]
    if chosen.all():
        chosen[one] = False
    elif not chosen.any():
        # Of few frames a block would be too many.
        frame = np.asarray(dataset.table.frame)[one]
        first = np.unique(frame)[: max(1, round(fraction * n_frames))]
        chosen[one[np.isin(frame, first)]] = True
    return chosen


def _below_force(dataset: Dataset, max_force_eV_per_A: float | None) -> Dataset:
    if max_force_eV_per_A is None:
        return dataset
    kept = np.asarray(dataset.table.max_force_eV_per_A) <= max_force_eV_per_A
    if not kept.any():
        raise InputError(
            f"every frame has a force above {max_force_eV_per_A:g} eV/Å: raise max_force_eV_per_A"
        )
    return dataset if kept.all() else dataset[kept]


def _require_elements(given: Sequence[str], train: Dataset, validation: Dataset) -> None:
    missing = sorted({*train.elements, *validation.elements} - set(given)) if given else []
    if missing:
        raise InputError(
            f"frames hold {', '.join(missing)}, and 'elements' is [{', '.join(given)}]: all must be in it"
        )


def elements_of(given: Sequence[str], train: Dataset, validation: Dataset) -> tuple[str, ...]:
    """Return the elements of a model, in the order of its types.

    Parameters
    ----------
    given : sequence of str
        Those of the settings; empty for those of the data.
    train, validation : Dataset
        Labelled frames.

    Returns
    -------
    tuple of str
        Chemical symbols; those of the data by atomic number.
    """
    return tuple(given) or tuple(
        sorted({*train.elements, *validation.elements}, key=atomic_numbers.__getitem__)
    )


def _whole_linkers(dataset: Dataset, progress: Progress) -> Dataset:
    rows = []
    problem: InputError | None = None
    for row in range(len(dataset)):
        try:
            linker_places(dataset[row].to_atoms())
            rows.append(row)
        except InputError as error:
            problem = problem or error
        progress.advance()
    if not rows:
        raise InputError(f"no frame suits the linker terms; the first: {problem}")
    return dataset if len(rows) == len(dataset) else dataset[np.array(rows)]
