"""Castel's training data are 1,189,836 frames of 272 atoms: opened, sampled and read in constant memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mofglass.datasets import Dataset, LabelledFrame, open_dataset
from mofglass.datasets.deepmd import DeePMDSystems, write_deepmd
from mofglass.datasets.table import Table, TableBuilder

N_FRAMES, N_ATOMS, N_DIFFERENT = 1_189_836, 272, 20
MB = 1e6


@pytest.fixture(scope="module")
def few() -> list[LabelledFrame]:
    random = np.random.default_rng(1)
    sites = np.stack(np.meshgrid(*[np.arange(7) * 2.2] * 3), axis=-1).reshape(-1, 3)[:N_ATOMS]
    return [
        LabelledFrame(
            numbers=np.repeat([1, 6, 7, 30], [96, 96, 64, 16]),
            positions=(sites + random.uniform(0, 1, (N_ATOMS, 3))).round(8),
            cell=np.diag([15.4, 15.5, 18.4]),
            energy_eV=-60000.0 - k,
            forces_eV_per_A=random.normal(0, 1, (N_ATOMS, 3)).round(8),
            stress_eV_per_A3=np.eye(3) * 1e-3,
            source="300K",
        )
        for k in range(N_DIFFERENT)
    ]


@pytest.fixture(scope="module")
def folder(few: list[LabelledFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames, to which a dataset of Castel's size points again and again."""
    folder = tmp_path_factory.mktemp("castel")
    small = Dataset.from_frames(few)
    write_deepmd(small, folder / "few")
    places = np.zeros((N_FRAMES, 2), dtype=np.int32)
    places[:, 1] = np.arange(N_FRAMES) % N_DIFFERENT
    table = small.table.take(places[:, 1]).replaced(frame=np.arange(N_FRAMES))
    Dataset([DeePMDSystems(folder / "few", places)], table).save(folder / "castel.dataset.h5")
    return folder


def measured_MB(action) -> tuple[float, object]:
    tracemalloc.start()
    try:
        result = action()
        return tracemalloc.get_traced_memory()[1] / MB, result
    finally:
        tracemalloc.stop()


def test_opening_takes_no_memory_by_frame(folder: Path) -> None:
    peak, dataset = measured_MB(lambda: open_dataset(folder / "castel.dataset.h5"))
    assert len(dataset) == N_FRAMES
    assert peak < 1  # the columns are mapped from disk
    assert (folder / "castel.dataset.h5").stat().st_size < 62 * N_FRAMES


def test_sampling_and_reading(folder: Path, few: list[LabelledFrame]) -> None:
    dataset = open_dataset(folder / "castel.dataset.h5")

    def sample_and_read() -> tuple[Dataset, list[float]]:
        # 2500 frames drawn, one in 20 kept as a test set, 100 of the others read
        chosen = np.sort(np.random.default_rng(2).choice(len(dataset), 2500, replace=False))
        sample = dataset[chosen].with_columns(split=np.where(np.arange(2500) % 20 == 0, "test", "train"))
        return sample, [frame.forces_eV_per_A[0, 0] for frame in sample.split("train")[:100]]

    peak, (sample, forces) = measured_MB(sample_and_read)
    assert len(sample.split("test")) == 125
    rows = sample.split("train").table["frame"][:100]
    assert rows.max() > 10_000
    expected = [few[row % N_DIFFERENT].forces_eV_per_A[0, 0] for row in rows]
    np.testing.assert_array_equal(forces, expected)
    assert peak < 3  # no frame stays


def test_choosing_by_a_column(folder: Path) -> None:
    dataset = open_dataset(folder / "castel.dataset.h5")
    peak, low = measured_MB(lambda: dataset[dataset.table.energy_eV < -60009.5])
    assert len(low) == N_FRAMES // 2 - 2
    assert peak < 60  # half of 1.2 million rows of 51 bytes, and which they are
    assert low[-1].energy_eV < -60009.5


def test_the_table_grows_at_its_final_size(few: list[LabelledFrame]) -> None:
    """Building an index holds its 51 bytes a frame, doubled for growth and once more to hand it over."""
    n_frames = 5_000

    def build() -> Table:
        builder = TableBuilder()
        for index in range(n_frames):
            builder.add(few[index % N_DIFFERENT], index)
        return builder.table()

    peak, table = measured_MB(build)
    assert len(table) == n_frames
    assert table.nbytes <= 51 * n_frames
    assert peak * MB / n_frames < 200


def test_iterating_keeps_no_frame(folder: Path) -> None:
    dataset = open_dataset(folder / "few")

    def go_through(times: int) -> int:
        return sum(frame.n_atoms for _ in range(times) for frame in dataset)

    once, _ = measured_MB(lambda: go_through(1))
    often, _ = measured_MB(lambda: go_through(10))
    assert often < 1.5 * once + 0.1
