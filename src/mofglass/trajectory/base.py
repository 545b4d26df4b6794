"""A trajectory: frames of the same atoms, read one at a time and never all held in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame


class Trajectory(ABC):
    """Frames of the same atoms in order, each read from its file when asked for.

    Iterating yields `Frame` after `Frame` in constant memory; ``traj[k]`` is one frame (negative `k`
    counts from the end); ``traj[start:stop:step]`` is a lazy view. A frame's `index` is always its
    place in the whole trajectory, also through a view.

    Parameters
    ----------
    path : Path
        The file or run directory.
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers, the same in every frame.
    steps : ndarray of int, shape (n_frames,), optional
        MD step of every frame, where the file holds it.
    time_ps : ndarray, shape (n_frames,), optional
        Time of every frame, ps, where it is known.
    """

    def __init__(
        self,
        path: Path,
        numbers: np.ndarray,
        *,
        steps: np.ndarray | None = None,
        time_ps: np.ndarray | None = None,
    ) -> None:
        self.path = Path(path)
        self.numbers = np.array(numbers, dtype=np.int64)
        self.numbers.flags.writeable = False
        self.steps = None if steps is None else np.asarray(steps, dtype=np.int64)
        self.time_ps = None if time_ps is None else np.asarray(time_ps, dtype=float)

    @property
    def n_atoms(self) -> int:
        """Number of atoms, the same in every frame."""
        return len(self.numbers)

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _read(self, index: int) -> Frame:
        """Read frame `index`, which lies between 0 and the number of frames."""

    def _read_many(self, indices: range) -> Iterator[Frame]:
        """Read several frames in order; formats that gain by it read ahead here."""
        for index in indices:
            yield self._read(index)

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        return self._checked_many(range(len(self)))

    @overload
    def __getitem__(self, key: int) -> Frame: ...

    @overload
    def __getitem__(self, key: slice) -> Trajectory: ...

    def __getitem__(self, key: int | slice) -> Frame | Trajectory:
        if isinstance(key, slice):
            return TrajectoryView(self, range(*key.indices(len(self))))
        n_frames = len(self)
        index = int(key)
        if not -n_frames <= index < n_frames:
            raise IndexError(f"{self.path} has {n_frames} frames, there is no frame {index}")
        return self._checked(self._read(index % n_frames))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, n_frames={len(self)}, n_atoms={self.n_atoms})"

    def _frame(
        self, index: int, positions: np.ndarray, cell: np.ndarray, info: dict[str, Any] | None = None
    ) -> Frame:
        """Assemble a frame with its step and time."""
        return Frame(
            numbers=self.numbers,
            positions=positions,
            cell=cell,
            index=index,
            step=None if self.steps is None else int(self.steps[index]),
            time_ps=None if self.time_ps is None else float(self.time_ps[index]),
            info={} if info is None else info,
        )

    def _checked_many(self, indices: range) -> Iterator[Frame]:
        return (self._checked(frame) for frame in self._read_many(indices))

    def _checked(self, frame: Frame) -> Frame:
        # One sum tells whether any number is not finite; only then is the atom looked for.
        with np.errstate(invalid="ignore", over="ignore"):
            total = frame.positions.sum()
        if not np.isfinite(total):
            atoms = np.flatnonzero(~np.isfinite(frame.positions).all(axis=1))
            if len(atoms):
                raise InputError(
                    f"{self.path}, frame {frame.index}: the position of atom {atoms[0]}, counted from 0, is "
                    f"not a finite number ({len(atoms)} such atoms): leave this frame and all after it out"
                )
        if not np.isfinite(frame.cell).all() or abs(np.linalg.det(frame.cell)) < 1e-6:
            raise InputError(
                f"{self.path}, frame {frame.index}: its cell has no volume: mofglass reads periodic boxes "
                "only, give the cell (--cell, Å)"
            )
        # Any place in an unwrapped trajectory is nearer than that; beyond it nothing is left of the digits.
        if np.abs(frame.positions).max(initial=0.0) > 1e8 * np.linalg.norm(frame.cell, axis=1).min():
            atom = int(np.abs(frame.positions).max(axis=1).argmax())
            raise InputError(
                f"{self.path}, frame {frame.index}: atom {atom}, counted from 0, lies "
                f"{np.abs(frame.positions[atom]).max():.3g} Å out, more than 1e8 cells: leave this frame and "
                "all after it out (--stop)"
            )
        return frame


class TrajectoryView(Trajectory):
    """Some of another trajectory's frames, chosen by a slice and read only when asked for.

    Parameters
    ----------
    source : Trajectory
        The whole trajectory.
    indices : range
        Which of its frames.
    """

    def __init__(self, source: Trajectory, indices: range) -> None:
        chosen = (
            slice(None) if len(indices) == len(source) and indices.step == 1 else np.asarray(indices, int)
        )
        super().__init__(
            source.path,
            source.numbers,
            steps=None if source.steps is None else source.steps[chosen],
            time_ps=None if source.time_ps is None else source.time_ps[chosen],
        )
        self._source = source
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def _read(self, index: int) -> Frame:
        return self._source._read(self._indices[index])

    def _read_many(self, indices: range) -> Iterator[Frame]:
        chosen = self._indices[indices.start : indices.stop : indices.step] if len(indices) else range(0)
        return self._source._read_many(chosen)

    @overload
    def __getitem__(self, key: int) -> Frame: ...

    @overload
    def __getitem__(self, key: slice) -> Trajectory: ...

    def __getitem__(self, key: int | slice) -> Frame | Trajectory:
        if isinstance(key, slice):
            return TrajectoryView(self._source, self._indices[key])
        return super().__getitem__(key)

    def close(self) -> None:
        """Close the trajectory this is a view of."""
        self._source.close()


class FrameSequence(Trajectory):
    """Frames already in memory, as a trajectory: a single structure, or a few frames made in Python.

    Parameters
    ----------
    frames : sequence of Frame
        At least one, all of the same atoms in the same order.
    path : Path
        What errors call it.

    Raises
    ------
    InputError
        When there is no frame, or two frames differ in their atoms.
    """

    def __init__(self, frames: Sequence[Frame], path: Path | str = "frames in memory") -> None:
        if not frames:
            raise InputError(f"{path} holds no frame: give at least one")
        first = frames[0]
        for index, frame in enumerate(frames):
            require_same_atoms(first.numbers, frame.numbers, path, index)
        steps = [frame.step for frame in frames]
        times = [frame.time_ps for frame in frames]
        super().__init__(
            Path(path),
            first.numbers,
            steps=None if None in steps else np.array(steps),
            time_ps=None if None in times else np.array(times),
        )
        self._frames = tuple(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def _read(self, index: int) -> Frame:
        frame = self._frames[index]
        return self._frame(
            index, np.asarray(frame.positions, float), np.asarray(frame.cell, float), dict(frame.info)
        )


def require_same_atoms(expected: np.ndarray, found: np.ndarray, path: Path | str, index: int) -> None:
    """Make sure that a frame holds the same elements in the same order as the first.

    Parameters
    ----------
    expected, found : ndarray of int, shape (n_atoms,)
        Atomic numbers of the first frame and of this one.
    path : Path or str
        The file, for the error.
    index : int
        The frame, for the error.

    Raises
    ------
    InputError
        When the number of atoms or an atom's element differs.
    """
    if len(expected) != len(found):
        raise InputError(
            f"{path}, frame {index}: {len(found)} atoms, but frame 0 has {len(expected)}: a trajectory keeps "
            "its atoms, split the file where they change"
        )
    different = np.flatnonzero(expected != found)
    if len(different):
        raise InputError(
            f"{path}, frame {index}: atom {different[0]}, counted from 0, is not of the element it has "
            "in frame 0: a trajectory keeps the order of its atoms, sort them or open the frames one by one"
        )
