"""The random sample is fair, bounded, and does not depend on the order of batches."""

from __future__ import annotations

import numpy as np

from mofglass.training.reservoir import Reservoir


def test_it_keeps_all_rows_while_there_is_room() -> None:
    reservoir = Reservoir(10, 2)
    reservoir.add(np.arange(8.0).reshape(4, 2), batch=0)
    assert sorted(reservoir.rows[:, 0]) == [0.0, 2.0, 4.0, 6.0]


def test_every_row_has_the_same_chance() -> None:
    counts = np.zeros(60)
    for seed in range(400):
        reservoir = Reservoir(15, 1, seed=seed)
        for batch in range(6):
            reservoir.add(np.arange(10.0 * batch, 10.0 * batch + 10)[:, None], batch=batch)
        assert len(reservoir.rows) == 15
        counts[reservoir.rows[:, 0].astype(int)] += 1
    # 100 of 400 expected, standard deviation 8.7.
    assert counts.min() > 60
    assert counts.max() < 140


def test_the_sample_is_the_same_in_any_order_of_batches() -> None:
    def sample(order: list[int]) -> list[float]:
        reservoir = Reservoir(7, 1, seed=3)
        for batch in order:
            reservoir.add(np.arange(10.0 * batch, 10.0 * batch + 10)[:, None], batch=batch)
        return sorted(reservoir.rows[:, 0])

    assert sample([0, 1, 2, 3]) == sample([3, 1, 0, 2])
