"""Earlier frames to compare with, at lags that grow by octaves: memory grows with the logarithm of time.

The order-n scheme of Frenkel and Smit, Understanding Molecular Simulation, 2nd ed., section 4.4.2: lags of 1
to 16 frames from every frame, 18 to 32 from every second one, and so on. Nothing is averaged before it is
compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_LAGS = 16
"""Lags of the first level; each further level adds half as many."""

_LEVELS = 24
"""Enough for 10⁸ frames."""


class EarlierFrames:
    """Keeps an array a frame, as many and as far apart as the lags need.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.n_frames = 0
        self._levels: list[np.ndarray] = []

    @property
    def lags(self) -> np.ndarray:
        """All lags in frames, rising, shape (n_lags,); places in it are what `compare` yields."""
        lags = list(range(1, _LAGS + 1))
        for level in range(1, _LEVELS):
            lags += [k * 2**level for k in range(_LAGS // 2 + 1, _LAGS + 1)]
        return np.array(lags)

    def compare(self, values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Take the next frame's array and yield the earlier ones it is to be compared with.

        Parameters
        ----------
        values : ndarray, shape `shape`
            The array of this frame; copied.

        Yields
        ------
        places : ndarray of int, shape (k,)
            Places in `lags`.
        earlier : ndarray, shape (k, *shape)
            The arrays of that long ago.
        """
        place = self.n_frames
        first_lag = 0
        for level in range(_LEVELS):
            if place % 2**level:
                break
            if level == len(self._levels):
                self._levels.append(np.empty((_LAGS, *self.shape)))
                if level > 0:
                    # Frame 0 is still the first of the level below, two of whose frames have passed.
                    self._levels[level][0] = self._levels[level - 1][0]
            ring, seen = self._levels[level], place // 2**level
            nearest = 1 if level == 0 else _LAGS // 2 + 1
            steps = np.arange(nearest, min(_LAGS, seen) + 1)
            if len(steps):
                yield first_lag + steps - nearest, ring[(seen - steps) % _LAGS]
            ring[seen % _LAGS] = values
            first_lag += _LAGS + 1 - nearest
            if place == 0:
                break
        self.n_frames += 1
