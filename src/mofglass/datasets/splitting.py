"""Training, validation and test frames, divided by stretches of trajectory and not by frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError

SPLITS = ("train", "validation", "test")
DEFAULT_FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}
SHI_FRACTIONS = {"train": 0.7, "validation": 0.3}
"""Shi 2023: of every set 70 % to train, 30 % to validate."""

BLOCKS_A_SOURCE = 20


def split_by_blocks(
    dataset: Dataset,
    fractions: Mapping[str, float] | None = None,
    *,
    block_frames: int | None = None,
    gap_frames: int | None = None,
    together: Sequence[str] = (),
    hold_out: Sequence[str] = (),
    seed: int = 1,
) -> Dataset:
    """Divide every source by blocks of consecutive frames, so that neighbours in time stay together.

    Frames next to each other in a trajectory are almost the same: with one of them in training and the other
    in test, the test error says nothing.  So blocks of consecutive frames of a file, and not frames, are
    dealt to the splits at random, source by source, always to the split that lacks most.  Where a block of
    another split ended not long before, frames are given to none.

    Parameters
    ----------
    dataset : Dataset
        The frames, whose number in their file tells what is consecutive.
    fractions : mapping of str to float, optional
        Fraction of the frames by split (``train``, ``validation``, ``test``), of sum 1;
        `DEFAULT_FRACTIONS` by default.
    block_frames : int, optional
        Frames a block, counted in the file; by default a twentieth of what the source spans in each file.
        1 for frames that are independent of each other.
    gap_frames : int, optional
        Frames of different splits are more than this apart in their file; a tenth of a block by default.
    together : sequence of {'temperature_K', 'volume_A3'}
        For files in which the frames of many runs are mixed: frames of a source that agree in these are one
        block, whatever their place in the file, and there are no gaps.
    hold_out : sequence of str
        Sources that are for testing only, names or patterns (``*glass04*``).
    seed : int
        Seed.

    Returns
    -------
    Dataset
        The same frames, with ``block`` and ``split`` filled in; ``split`` is empty for frames in a gap.

    Raises
    ------
    InputError
        When fractions do not add up, a pattern matches no source, a source has fewer blocks than there are
        splits, or it does not know what its frames are to be put together by.
    """
    fractions = _checked(DEFAULT_FRACTIONS if fractions is None else fractions)
    table = dataset.table
    sources = table.codes("source")
    held = _held_out(dataset, hold_out)
    split = np.full(len(dataset), -1, dtype=np.int64)
    blocks = np.full(len(dataset), -1, dtype=np.int64)
    random = np.random.default_rng(seed)
    n_blocks = 0
    for code in np.unique(sources):
        label = table.labels("source")[code]
        rows = np.flatnonzero(sources == code)
        # In the order of the files, so that a shuffled dataset has the same blocks.
        rows = rows[np.lexsort((table.frame[rows], table.file[rows]))]
        if together:
            values = [table[column][rows] for column in together]
            if label not in held:
                _require_known(values, together, label)
            length, own = 0, _alike(values)
        else:
            length = block_frames or _block_length(table.file[rows], table.frame[rows])
            own = _blocks(table.file[rows], table.frame[rows], length)
        if label in held:
            dealt = np.full(own.max() + 1, SPLITS.index("test"))
        else:
            dealt = _deal(np.bincount(own), fractions, random, label)
        gap = length // 10 if gap_frames is None or together else gap_frames
        kept = _with_gaps(table.file[rows], table.frame[rows], dealt[own], gap)
        lost = np.setdiff1d(dealt, kept)
        if len(lost):
            raise InputError(
                f"gaps of {gap} frames leave no {SPLITS[lost[0]]} frame of the source '{label}': ask for "
                "shorter gaps (--gap-frames) or longer blocks (--block-frames)"
            )
        split[rows] = kept
        blocks[rows] = own + n_blocks
        n_blocks += int(own.max()) + 1
    names = np.array([*SPLITS, ""], dtype=object)
    return dataset.with_columns(block=blocks, split=names[split])


def training_rows(dataset: Dataset) -> np.ndarray:
    """Tell which frames may be trained on: of files with splits those in ``train``, of others all.

    Parameters
    ----------
    dataset : Dataset
        The frames.

    Returns
    -------
    ndarray of bool, shape (n_frames,)
        At least one is true.

    Raises
    ------
    InputError
        When there are splits and no frame is in ``train``.
    """
    table = dataset.table
    split = table.split
    has_splits = np.isin(table.file, table.file[split != ""])
    rows = ~has_splits | (split == "train")
    if not rows.any():
        raise InputError(
            "the frames have splits and none is in the split 'train': take other frames, or divide them anew "
            "with  mofglass dataset split"
        )
    return np.asarray(rows)


def _checked(fractions: Mapping[str, float]) -> dict[str, float]:
    unknown = sorted(set(fractions) - set(SPLITS))
    if unknown:
        raise InputError(f"there is no split '{unknown[0]}': choose of {', '.join(SPLITS)}")
    if min(fractions.values(), default=0.0) < 0 or abs(sum(fractions.values()) - 1.0) > 1e-6:
        raise InputError(
            f"fractions {', '.join(f'{name} {value:g}' for name, value in fractions.items())} "
            "do not add up to 1: change one"
        )
    return {name: fractions[name] for name in SPLITS if fractions.get(name, 0.0) > 0}


def _held_out(dataset: Dataset, patterns: Sequence[str]) -> set[str]:
    held: set[str] = set()
    for pattern in patterns:
        found = {source for source in dataset.sources if fnmatchcase(source, pattern)}
        if not found:
            raise InputError(f"no source is named '{pattern}': there are {', '.join(dataset.sources)}")
        held |= found
    return held


def _block_length(file: np.ndarray, frame: np.ndarray) -> int:
    spans = [int(np.ptp(frame[file == number])) + 1 for number in np.unique(file)]
    return max(1, round(sum(spans) / BLOCKS_A_SOURCE))


def _blocks(file: np.ndarray, frame: np.ndarray, length: int) -> np.ndarray:
    """Number the blocks of one source, from 0, in the order of files and frames."""
    keys = np.stack([file.astype(np.int64), frame // length])
    _, own = np.unique(keys, axis=1, return_inverse=True)
    return own.ravel()


def _deal(
    sizes: np.ndarray, fractions: Mapping[str, float], random: np.random.Generator, source: str
) -> np.ndarray:
    """Give each block to the split that lacks most; every split gets one at least."""
    if len(sizes) < len(fractions):
        raise InputError(
            f"the source '{source}' has {len(sizes)} blocks for {len(fractions)} splits: ask for shorter "
            "blocks (--block-frames), or hold the source out (--hold-out)"
        )
    codes = np.array([SPLITS.index(name) for name in fractions])
    wanted = np.array(list(fractions.values())) * sizes.sum()
    dealt = np.empty(len(sizes), dtype=np.int64)
    order = random.permutation(len(sizes))
    for place, block in enumerate(order):
        lacking = wanted.copy()
        empty = ~np.isin(codes, dealt[order[:place]])
        # The last blocks are for splits that have none yet.
        if len(order) - place <= empty.sum():
            lacking[~empty] = -np.inf
        choice = int(lacking.argmax())
        dealt[block] = codes[choice]
        wanted[choice] -= sizes[block]
    return dealt


def _require_known(values: Sequence[np.ndarray], together: Sequence[str], source: str) -> None:
    for column, value in zip(together, values, strict=True):
        n_unknown = int(np.isnan(value).sum())
        if n_unknown:
            raise InputError(
                f"the source '{source}' has {n_unknown} frames of unknown {column}, so that which belong "
                "together is unknown too: state it (mofglass dataset import --temperature), or split without "
                "--together temperature"
            )


def _alike(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Number the sets of frames that agree in all columns to a tenth of their unit, from 0."""
    _, own = np.unique(np.stack([np.round(column, 1) for column in columns]), axis=1, return_inverse=True)
    return own.ravel()


def _with_gaps(file: np.ndarray, frame: np.ndarray, split: np.ndarray, gap: int) -> np.ndarray:
    """Take frames out that are `gap` frames or less after one of another split."""
    if gap <= 0:
        return split
    kept = split.copy()
    last = dict.fromkeys(range(len(SPLITS)), -np.inf)
    for row in range(len(split)):
        if row and file[row] != file[row - 1]:
            last = dict.fromkeys(last, -np.inf)
        own = int(split[row])
        if any(frame[row] - seen <= gap for other, seen in last.items() if other != own):
            kept[row] = -1
        else:
            last[own] = frame[row]
    return kept
