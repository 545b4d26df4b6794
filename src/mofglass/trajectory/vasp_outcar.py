"""VASP molecular dynamics in an OUTCAR: positions and cell of every ionic step."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import Trajectory
from mofglass.trajectory.cells import as_cell
from mofglass.trajectory.columns import NUMBER, read_columns
from mofglass.trajectory.outcar_index import ABSENT, index_outcar, position_rows, read_cell
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.timing import frame_times_ps
from mofglass.units import FS_PER_PS


class OUTCAR(Trajectory):
    """Frames of a VASP OUTCAR, read by byte offset; positions as VASP prints them, wrapped.

    In molecular dynamics (IBRION = 0) the time of an ionic step is POTIM (fs) times the steps before it.

    Parameters
    ----------
    path : Path or str
        The file, plain or gzipped.
    cell : array_like, optional
        Cell in Å (see `mofglass.trajectory.cells.as_cell`); wins over the file's own.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`.

    Raises
    ------
    InputError
        When it is no OUTCAR with positions.

    Warns
    -----
    UserWarning
        When the last frame was cut short and is left out.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        cell: Any = None,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        path = Path(path)
        self._source = TextSource(path)
        self._given_cell = None if cell is None else as_cell(cell)
        self._index = index_outcar(self._source)
        if self._given_cell is None and self._index.cell_at[0] == ABSENT:
            raise InputError(f"{path} has no lattice before its first positions: give the cell (--cell, Å)")
        super().__init__(path, self._index.numbers)
        self._n_frames = self._whole_frames()
        steps = self._index.steps[: self._n_frames]
        if np.all(np.diff(steps) > 0):
            self.steps = steps
        potim_fs = self._index.potim_fs
        known = self.steps is not None and self._index.dynamics and potim_fs is not None
        self.time_ps = frame_times_ps(
            len(self),
            path,
            steps=self.steps,
            time_ps=(steps - 1) * (potim_fs or 0.0) / FS_PER_PS if known else None,
            time_step_fs=time_step_fs,
            frame_interval_ps=frame_interval_ps,
        )

    def __len__(self) -> int:
        return self._n_frames

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def _whole_frames(self) -> int:
        """Return how many frames are whole: all, or all but the last."""
        last = len(self._index) - 1
        at = int(self._index.positions_at[last])
        if position_rows(self._source, at, self.n_atoms).count(b"\n") >= self.n_atoms:
            return last + 1
        if last == 0:
            raise InputError(f"{self.path} holds no whole frame: it was cut short, write it again")
        warnings.warn(
            f"{self.path}: frame {last} is incomplete and is left out (the run that wrote it was stopped)",
            stacklevel=3,
        )
        return last

    def _read(self, index: int) -> Frame:
        text = position_rows(self._source, int(self._index.positions_at[index]), self.n_atoms)
        positions, _ = read_columns(text, 0, self.n_atoms, (NUMBER,) * 3, self.path, index)
        cell = self._given_cell
        if cell is None:
            cell = read_cell(self._source, int(self._index.cell_at[index]), self.path, index)
        return self._frame(index, positions, cell)
