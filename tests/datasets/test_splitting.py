"""Splitting: whole blocks, gaps between splits, fractions by source, held-out sources."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.splitting import SHI_FRACTIONS, split_by_blocks
from mofglass.errors import InputError


def trajectory(
    source: str, n_frames: int, *, temperature_K: float = 300.0, side: float = 5.0
) -> list[LabelledFrame]:
    return [
        LabelledFrame(
            np.array([30]),
            np.zeros((1, 3)),
            side * np.eye(3),
            float(k),
            np.zeros((1, 3)),
            None,
            source,
            temperature_K,
        )
        for k in range(n_frames)
    ]


@pytest.fixture
def dataset() -> Dataset:
    # Two files' worth of trajectories, so that blocks must not run from one into the other.
    return Dataset.joined(
        [Dataset.from_frames(trajectory("crystal", 400)), Dataset.from_frames(trajectory("glass", 600))]
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_block_is_never_in_two_splits(dataset, seed):
    table = split_by_blocks(dataset, block_frames=25, seed=seed).table
    for block in np.unique(table.block):
        rows = table.block == block
        assert len(set(table.split[rows]) - {""}) <= 1
        assert len(set(table.source[rows])) == 1
        assert np.ptp(table.frame[rows]) < 25


@pytest.mark.parametrize("seed", range(5))
def test_frames_of_different_splits_are_more_than_the_gap_apart(dataset, seed):
    table = split_by_blocks(dataset, block_frames=20, gap_frames=4, seed=seed).table
    for file in np.unique(table.file):
        rows = np.flatnonzero((table.file == file) & (table.split != ""))
        frame, split = table.frame[rows].astype(int), table.split[rows]
        differ = split[:, None] != split[None, :]
        apart = np.abs(frame[:, None] - frame[None, :])
        assert apart[differ].min() > 4


def test_gaps_that_leave_a_split_empty_are_refused():
    with pytest.raises(
        InputError, match=r"gaps of 25 frames leave no (validation|test) frame of the source 'a'"
    ):
        split_by_blocks(Dataset.from_frames(trajectory("a", 300)), block_frames=10, gap_frames=25)


def test_every_source_has_the_fractions(dataset):
    table = split_by_blocks(dataset, SHI_FRACTIONS, block_frames=10, gap_frames=0, seed=3).table
    for source in ("crystal", "glass"):
        own = table.split[table.source == source]
        assert np.mean(own == "train") == pytest.approx(0.7, abs=0.02)
        assert np.mean(own == "validation") == pytest.approx(0.3, abs=0.02)


def test_every_split_has_a_block_of_every_source_even_of_few(dataset):
    table = split_by_blocks(
        dataset, {"train": 0.96, "validation": 0.02, "test": 0.02}, block_frames=100
    ).table
    for source in ("crystal", "glass"):
        assert set(table.split[table.source == source]) - {""} == {"train", "validation", "test"}


def test_same_seed_same_split_whatever_the_order_of_rows(dataset):
    order = np.random.default_rng(0).permutation(len(dataset))
    one = split_by_blocks(dataset, seed=7).table
    other = split_by_blocks(dataset[order], seed=7).table
    np.testing.assert_array_equal(one.split[order], other.split)
    assert (one.split != split_by_blocks(dataset, seed=8).table.split).any()


def test_held_out_sources_are_for_testing_alone(dataset):
    table = split_by_blocks(dataset, SHI_FRACTIONS, hold_out=["gla*"]).table
    assert set(table.split[table.source == "glass"]) == {"test"}
    assert "test" not in set(table.split[table.source == "crystal"])


def test_runs_mixed_in_a_file_are_told_by_temperature_and_volume():
    runs = [
        trajectory("a", 12, temperature_K=temperature, side=side)
        for temperature in (300.0, 600.0, 900.0, 1500.0)
        for side in (5.0, 5.1)
    ]
    frames = [frame for run in runs for frame in run]
    order = np.random.default_rng(1).permutation(len(frames))
    table = split_by_blocks(
        Dataset.from_frames([frames[k] for k in order]),
        {"train": 0.75, "test": 0.25},
        together=["temperature_K", "volume_A3"],
    ).table
    assert len(np.unique(table.block)) == 8
    assert "" not in set(table.split)
    for temperature in np.unique(table.temperature_K):
        for volume in np.unique(table.volume_A3):
            rows = (table.temperature_K == temperature) & (table.volume_A3 == volume)
            assert len(set(table.split[rows])) == 1
    assert np.mean(table.split == "train") == pytest.approx(0.75)


def test_unknown_temperatures_put_nothing_together():
    frames = trajectory("a", 9, temperature_K=300.0) + trajectory("b", 9, temperature_K=float("nan"))
    dataset = Dataset.from_frames(frames)
    with pytest.raises(InputError, match=r"source 'b' has 9 frames of unknown temperature_K.*--temperature"):
        split_by_blocks(dataset, {"train": 1.0}, together=["temperature_K"])
    table = split_by_blocks(dataset, {"train": 1.0}, together=["temperature_K"], hold_out=["b"]).table
    assert set(table.split[table.source == "b"]) == {"test"}


def test_too_few_blocks_says_which_source():
    with pytest.raises(InputError, match="source 'short' has 2 blocks for 3 splits"):
        split_by_blocks(Dataset.from_frames(trajectory("short", 2)))


@pytest.mark.parametrize(
    ("fractions", "message"),
    [({"train": 0.8, "test": 0.3}, "do not add up"), ({"training": 1.0}, "no split 'training'")],
)
def test_fractions_that_make_no_sense(dataset, fractions, message):
    with pytest.raises(InputError, match=message):
        split_by_blocks(dataset, fractions)


def test_unknown_source_to_hold_out(dataset):
    with pytest.raises(InputError, match="no source is named 'liquid'"):
        split_by_blocks(dataset, hold_out=["liquid"])
