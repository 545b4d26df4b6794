"""Which bonds there are over time, short-lived changes left out: a stream of bond breaks and formations.

A bond counts as broken, or as formed, from the frame in which it is first seen so, provided that it then
stays so for the residence time; shorter excursions are recrossings. This is the stable-state picture of
reactions: only a state that lasts is a state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BondChanges:
    """Breaks and formations between the first frame of a trajectory and its last.

    Parameters
    ----------
    initial : ndarray of int64, shape (n_initial,)
        Keys of the bonds there are at the start, rising.
    frame : ndarray of int64, shape (n_changes,)
        First frame, from 0, of the new state; rising.
    key : ndarray of int64, shape (n_changes,)
        Key of the bond.
    formed : ndarray of bool, shape (n_changes,)
        Whether the bond forms; else it breaks.
    first_frame, last_frame : int
        Between these frames every change could be decided: within a residence time of either end none can,
        since it is not seen whether the old or the new state lasts.
    """

    initial: np.ndarray
    frame: np.ndarray
    key: np.ndarray
    formed: np.ndarray
    first_frame: int
    last_frame: int

    @property
    def n_intervals(self) -> int:
        """Frame intervals in which a change could be decided."""
        return self.last_frame - self.first_frame


class BondTracker:
    """Follows bonds frame by frame; memory grows with the bonds of a frame and the changes found.

    Parameters
    ----------
    n_residence : int
        Frames a state must last to count, at least 1 (every change seen counts).
    """

    def __init__(self, n_residence: int) -> None:
        self.n_residence = n_residence
        self.n_frames = 0
        self._keys = np.empty(0, dtype=np.int64)
        self._settled = np.empty(0, dtype=np.int8)  # 1 bonded, 0 not, -1 not known yet
        self._raw = np.empty(0, dtype=bool)
        self._since = np.empty(0, dtype=np.int64)
        self._initial: list[np.ndarray] = []
        self._changes: list[tuple[int, np.ndarray, np.ndarray]] = []

    def update(self, bonded: np.ndarray) -> None:
        """Add the bonds of the next frame.

        Parameters
        ----------
        bonded : ndarray of int64
            Keys of its bonds, each once, in any order.
        """
        frame = self.n_frames
        new = np.setdiff1d(bonded, self._keys)
        if len(new):
            # Never seen, or left out below: not bonded for long enough, if there were frames enough.
            self._insert(new, settled=0 if frame >= self.n_residence else -1)
        raw = np.isin(self._keys, bonded)
        self._since[raw != self._raw] = frame
        self._raw = raw
        lasting = (frame - self._since + 1 >= self.n_residence) & (raw != self._settled)
        at_start = lasting & (self._settled < 0)
        self._initial.append(self._keys[at_start & raw])
        changed = lasting & ~at_start
        if changed.any():
            # All that is decided now began in one and the same frame.
            self._changes.append((frame - self.n_residence + 1, self._keys[changed], raw[changed]))
        self._settled[lasting] = raw[lasting]
        self.n_frames += 1
        forget = (self._settled == 0) & ~raw
        if forget.any():
            kept = ~forget
            self._keys, self._settled = self._keys[kept], self._settled[kept]
            self._raw, self._since = self._raw[kept], self._since[kept]

    def _insert(self, new: np.ndarray, *, settled: int) -> None:
        keys = np.concatenate((self._keys, new))
        order = np.argsort(keys)
        self._keys = keys[order]
        self._settled = np.concatenate((self._settled, np.full(len(new), settled, np.int8)))[order]
        self._raw = np.concatenate((self._raw, np.zeros(len(new), bool)))[order]
        self._since = np.concatenate((self._since, np.zeros(len(new), np.int64)))[order]

    @property
    def changes(self) -> BondChanges:
        """All changes decided so far; needs at least twice the residence time of frames to hold any."""
        initial = np.concatenate([*self._initial, np.empty(0, np.int64)])
        frames = [np.full(len(keys), frame) for frame, keys, _ in self._changes]
        return BondChanges(
            initial=np.sort(initial),
            frame=np.concatenate([*frames, np.empty(0, np.int64)]).astype(np.int64),
            key=np.concatenate([*(keys for _, keys, _ in self._changes), np.empty(0, np.int64)]),
            formed=np.concatenate([*(formed for _, _, formed in self._changes), np.empty(0, bool)]),
            first_frame=self.n_residence - 1,
            last_frame=self.n_frames - self.n_residence,
        )
