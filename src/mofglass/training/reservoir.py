"""A bounded random sample of rows, the same however the work was shared out."""

from __future__ import annotations

import numpy as np


class Reservoir:
    """Keeps a random sample of rows that arrive one batch after another.

    Every row draws a number, and those with the smallest stay: each row has the same chance, and the sample
    depends on the seed and on the labels of the batches only.

    Parameters
    ----------
    size : int
        Rows kept at most.
    columns : int
        Numbers a row.
    seed : int
        Random seed.
    """

    def __init__(self, size: int, columns: int, *, seed: int = 0) -> None:
        self.size = size
        self._seed = seed
        self._keys = np.empty(0)
        self._rows = np.empty((0, columns))

    def add(self, rows: np.ndarray, *, batch: int) -> None:
        """Offer rows.

        Parameters
        ----------
        rows : ndarray, shape (n, columns)
            Numbers.
        batch : int
            Label of the batch, such as the number of the frame.
        """
        keys = np.random.default_rng((self._seed, batch)).random(len(rows))
        if len(self._keys) == self.size:
            chosen = keys < self._keys[-1]
            keys, rows = keys[chosen], rows[chosen]
        if not len(keys):
            return
        keys, rows = np.append(self._keys, keys), np.concatenate([self._rows, rows])
        order = np.argsort(keys)[: self.size]
        self._keys, self._rows = keys[order], rows[order]

    @property
    def rows(self) -> np.ndarray:
        """The sample, shape (n, columns)."""
        return self._rows
