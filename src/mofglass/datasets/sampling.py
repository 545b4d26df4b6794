"""Which frames to keep of many: at random, flat in energy, or far apart in a descriptor."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from ase.formula import Formula

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError


class TrainTest(NamedTuple):
    """Row numbers of a training set, a test set, and what neither took; each ascending."""

    train: np.ndarray
    test: np.ndarray
    rest: np.ndarray


def random_sample(n_frames: int, n_samples: int, *, seed: int = 1) -> np.ndarray:
    """Choose frames at random, without replacement.

    Parameters
    ----------
    n_frames : int
        Frames there are.
    n_samples : int
        Frames to choose.
    seed : int
        Seed.

    Returns
    -------
    ndarray of int, shape (n_samples,)
        Their numbers, ascending.

    Raises
    ------
    InputError
        When more are asked for than there are.
    """
    _check_count(n_samples, n_frames)
    return np.sort(np.random.default_rng(seed).choice(n_frames, n_samples, replace=False))


def flat_histogram_sample(values: np.ndarray, n_samples: int, *, seed: int = 1) -> np.ndarray:
    """Choose frames so that their energies are spread evenly from the lowest to the highest.

    The range of the energies is cut into as many equal bins as samples are asked for, and one frame is drawn
    at random from every bin that has any: empty bins make it fewer samples than asked for.

    Parameters
    ----------
    values : ndarray, shape (n_frames,)
        Energies of frames that can be compared: of one composition, per atom or formula unit.
    n_samples : int
        Number of bins.
    seed : int
        Seed.

    Returns
    -------
    ndarray of int, shape (at most n_samples,)
        Numbers of the frames, ascending.

    Raises
    ------
    InputError
        When more are asked for than there are, or an energy is not finite.

    References
    ----------
    Castel 2024, section 'Flat histogram sampling' (2500 bins gave 2357 frames).
    """
    values = np.asarray(values, dtype=float)
    _check_count(n_samples, len(values))
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(f"the energy of frame {bad} is not finite: leave the frame out")
    low, high = values.min(), values.max()
    # The highest energy belongs to the last bin; of equal energies all are in the first.
    width = (high - low) / n_samples or 1.0
    bins = np.minimum(((values - low) / width).astype(np.int64), n_samples - 1)
    # Of a random order the first of every bin is a draw at random.
    order = np.random.default_rng(seed).permutation(len(values))
    _, first = np.unique(bins[order], return_index=True)
    return np.sort(order[first])


def flat_histogram_train_test(values: np.ndarray, n_train: int, n_test: int, *, seed: int = 1) -> TrainTest:
    """Draw a training set flat in energy, and from what is left a test set with bins of its own.

    Parameters
    ----------
    values : ndarray, shape (n_frames,)
        Energies, as for `flat_histogram_sample`.
    n_train, n_test : int
        Numbers of bins.
    seed : int
        Seed.

    Returns
    -------
    TrainTest
        Row numbers; the rest is what the paper calls its validation set.

    Raises
    ------
    InputError
        As `flat_histogram_sample` does.
    """
    values = np.asarray(values, dtype=float)
    return _train_test(
        len(values),
        n_test,
        flat_histogram_sample(values, n_train, seed=seed),
        lambda left: flat_histogram_sample(values[left], n_test, seed=seed + 1),
    )


def random_train_test(n_frames: int, n_train: int, n_test: int, *, seed: int = 1) -> TrainTest:
    """Draw a training set at random, and a test set from what is left.

    Parameters
    ----------
    n_frames : int
        Frames there are.
    n_train, n_test : int
        Frames to draw.
    seed : int
        Seed.

    Returns
    -------
    TrainTest
        Row numbers.

    Raises
    ------
    InputError
        When more are asked for than there are.
    """
    return _train_test(
        n_frames,
        n_test,
        random_sample(n_frames, n_train, seed=seed),
        lambda left: random_sample(len(left), n_test, seed=seed + 1),
    )


def _train_test(
    n_frames: int, n_test: int, train: np.ndarray, draw: Callable[[np.ndarray], np.ndarray]
) -> TrainTest:
    left = np.setdiff1d(np.arange(n_frames), train, assume_unique=True)
    test = left[draw(left)] if n_test else np.empty(0, dtype=np.int64)
    return TrainTest(train, test, np.setdiff1d(left, test, assume_unique=True))


def farthest_point_sample(
    descriptors: np.ndarray, n_samples: int, *, progress: Callable[[int], None] | None = None
) -> np.ndarray:
    """Choose frames far apart: each next one is the farthest from all chosen before.

    The first is the one farthest from the mean.  Memory is one number a frame beside the descriptors, time
    grows as the number of frames times that of samples.

    Parameters
    ----------
    descriptors : ndarray, shape (n_frames, n_components)
        One row a frame; distances are Euclidean.
    n_samples : int
        Frames to choose; fewer where the others equal one that is chosen.
    progress : callable, optional
        Called with the number chosen so far.

    Returns
    -------
    ndarray of int
        Row numbers in the order chosen: the first m of them are the sample of size m.

    Raises
    ------
    InputError
        When more are asked for than there are.

    References
    ----------
    T. F. Gonzalez, Theor. Comput. Sci. 38, 293 (1985): the largest distance of any frame to the nearest
    chosen one is at most twice the smallest possible.
    """
    descriptors = np.asarray(descriptors)
    _check_count(n_samples, len(descriptors))
    chosen = [int(_squared_distances(descriptors, descriptors.mean(axis=0)).argmax())]
    nearest = _squared_distances(descriptors, descriptors[chosen[0]])
    while len(chosen) < n_samples:
        farthest = int(nearest.argmax())
        if nearest[farthest] <= 0.0:
            break
        chosen.append(farthest)
        np.minimum(nearest, _squared_distances(descriptors, descriptors[farthest]), out=nearest)
        if progress is not None:
            progress(len(chosen))
    return np.array(chosen, dtype=np.int64)


def _squared_distances(descriptors: np.ndarray, point: np.ndarray) -> np.ndarray:
    # By blocks of rows, so that the differences never take as much memory as the descriptors.
    squares = np.empty(len(descriptors))
    for start in range(0, len(descriptors), 4096):
        difference = descriptors[start : start + 4096] - point
        squares[start : start + 4096] = np.einsum("ij,ij->i", difference, difference)
    return squares


def comparable_energies(dataset: Dataset) -> np.ndarray:
    """Return energies per atom of frames that have one composition.

    Parameters
    ----------
    dataset : Dataset
        Frames of any size.

    Returns
    -------
    ndarray, shape (n_frames,)
        eV/atom.

    Raises
    ------
    InputError
        When compositions differ: their energies cannot stand on one axis.
    """
    table = dataset.table
    formulas = {
        str(Formula(table.labels("formula")[code]).reduce()[0]) for code in np.unique(table.codes("formula"))
    }
    if len(formulas) > 1:
        raise InputError(
            f"frames of {', '.join(sorted(formulas))} have no common energy axis: sample each composition by "
            "itself (mofglass dataset sample --source), or by another method"
        )
    return table.energy_eV / table.n_atoms


def _check_count(n_samples: int, n_frames: int) -> None:
    if n_samples < 1:
        raise InputError(f"{n_samples} samples cannot be drawn: ask for 1 or more")
    if n_samples > n_frames:
        raise InputError(f"{n_samples} samples are asked for of {n_frames} frames: ask for fewer")
