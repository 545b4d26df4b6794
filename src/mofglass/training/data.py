"""The frames of a training: what is fitted, and what judges the fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ase.data import atomic_numbers

from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.errors import InputError
from mofglass.potentials.linker_topology import linker_places
from mofglass.training.base import Progress
from mofglass.training.config import TrainingConfig

BLOCK = 8
"""Neighbouring frames that go together into training or validation where the dataset names no blocks."""


def load_data(
    config: TrainingConfig, *, progress: Callable[[int], None] | None = None
) -> tuple[Dataset, Dataset]:
    """Open the frames of a training.

    Parameters
    ----------
    config : TrainingConfig
        Names the files and how to validate.
    progress : callable, optional
        Called with the number of frames read so far.

    Returns
    -------
    train, validation : Dataset
        Frames to fit, and frames to judge by.

    Raises
    ------
    InputError
        When a file cannot be read, or too few frames are left for either.
    """
    dataset = open_dataset(config.train, progress=progress)
    if config.validation == "split":
        return dataset.split("train"), dataset.split("validation")
    if isinstance(config.validation, tuple):
        return dataset, open_dataset(config.validation)
    assert isinstance(config.validation, float)
    chosen = validation_rows(dataset, config.validation, config.seed)
    return dataset[~chosen], dataset[chosen]


def validation_rows(dataset: Dataset, fraction: float, seed: int) -> np.ndarray:
    """Choose validation frames in whole blocks, each file by itself.

    Neighbours in time are alike: a frame beside a fitted one judges nothing. Each file is drawn from with
    a random state of its own, so that adding a file changes nothing in the others.

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
        Which frames are for validation: at least one block.

    Raises
    ------
    InputError
        When there is only one block.
    """
    chosen = np.zeros(len(dataset), dtype=bool)
    files = np.asarray(dataset.table.file)
    all_blocks: list[np.ndarray] = []
    for number in np.unique(files):
        rows = np.flatnonzero(files == number)
        blocks = np.array_split(rows, -(-len(rows) // BLOCK))
        all_blocks += blocks
        order = np.random.default_rng([seed, int(number)]).permutation(len(blocks))
        for k in order[: round(fraction * len(blocks))]:
            chosen[blocks[k]] = True
    if len(all_blocks) < 2:
        raise InputError(
            f"{len(dataset)} frames are too few to take validation frames from in blocks of {BLOCK}: "
            "give files of their own as 'validation'"
        )
    if not chosen.any():
        chosen[all_blocks[int(np.random.default_rng(seed).integers(len(all_blocks)))]] = True
    return chosen


def below_force(dataset: Dataset, max_force_eV_per_A: float | None) -> Dataset:
    """Leave out frames with large forces.

    Parameters
    ----------
    dataset : Dataset
        Labelled frames.
    max_force_eV_per_A : float or None
        Largest force on an atom that a frame may have, eV/Å; None for any.

    Returns
    -------
    Dataset
        The others.

    Raises
    ------
    InputError
        When there are none.
    """
    if max_force_eV_per_A is None:
        return dataset
    kept = np.asarray(dataset.table.max_force_eV_per_A) <= max_force_eV_per_A
    if not kept.any():
        raise InputError(
            f"every frame has a force above {max_force_eV_per_A:g} eV/Å: raise max_force_eV_per_A"
        )
    return dataset if kept.all() else dataset[kept]


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


def with_linkers(
    train: Dataset, validation: Dataset, progress: Progress
) -> tuple[Dataset, Dataset, dict[str, int]]:
    """Leave out frames on which the linker terms are not defined.

    Parameters
    ----------
    train, validation : Dataset
        Labelled frames.
    progress : Progress
        Who watches; advanced by every frame.

    Returns
    -------
    train, validation : Dataset
        Those whose linkers are all whole imidazolate.
    left_out : dict
        How many others there were, under ``left_out_for_linkers``, for a model's record.

    Raises
    ------
    InputError
        When one of the two has no frame left.
    """
    n_frames = len(train) + len(validation)
    progress.stage("linkers", n_frames)
    train, validation = (_whole_linkers(part, progress) for part in (train, validation))
    return train, validation, {"left_out_for_linkers": n_frames - len(train) - len(validation)}


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
