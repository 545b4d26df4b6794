"""VASP molecular dynamics in an OUTCAR: positions and cell of every ionic step."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import Trajectory
from mofglass.trajectory.cells import as_cell
from mofglass.trajectory.columns import NUMBER, read_columns
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.timing import frame_times_ps
from mofglass.units import FS_PER_PS

_LANDMARK = re.compile(
    rb"VRHFIN *=(?P<symbol>[^:\n]*):"
    rb"|ions per type =(?P<counts>[^\n]*)\n"
    rb"|POTIM  *= *(?P<potim>[\d.]+)[^\n]*\n"
    rb"|IBRION *= *(?P<ibrion>-?\d+)[^\n]*\n"
    rb"|Iteration +(?P<step>\d+)\("
    rb"|direct lattice vectors[^\n]*\n(?P<cell>(?:[^\n]*\n){3})"
    rb"|(?P<positions>POSITION +TOTAL-FORCE[^\n]*\n[^\n]*\n)"
)
_NUMBER = re.compile(rb"-?\d+\.\d+")


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
        self._symbols: list[str] = []
        self._counts: list[int] = []
        self._potim_fs: float | None = None
        self._dynamics = False
        all_steps = self._index_frames()
        if not self._counts or len(self._symbols) != len(self._counts):
            raise InputError(
                f"{path} names {len(self._symbols)} elements (VRHFIN) for {len(self._counts)} 'ions per "
                "type': its head is missing"
            )
        super().__init__(path, np.repeat(numbers_of_symbols(self._symbols, path), self._counts))
        self._leave_out_cut_frame()
        steps = np.array(all_steps[: len(self)], dtype=np.int64)
        if np.all(np.diff(steps) > 0):
            self.steps = steps
        known = self.steps is not None and self._dynamics and self._potim_fs is not None
        self.time_ps = frame_times_ps(
            len(self),
            path,
            steps=self.steps,
            time_ps=(steps - 1) * (self._potim_fs or 0.0) / FS_PER_PS if known else None,
            time_step_fs=time_step_fs,
            frame_interval_ps=frame_interval_ps,
        )

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def _index_frames(self) -> list[int]:
        """Note where positions begin, and which cell and step are theirs; return the steps."""
        offsets: list[int] = []
        steps: list[int] = []
        cells: list[np.ndarray] = []
        cell_of_frame: list[int] = []
        step = 0
        for offset, match in self._source.find(_LANDMARK, 1024):
            text = match.group(match.lastgroup or 0)
            if match.lastgroup == "positions":
                offsets.append(offset + len(text))
                steps.append(step)
                cell_of_frame.append(len(cells) - 1)
            elif match.lastgroup == "cell":
                cell = self._cell(text, len(offsets))
                if not cells or not np.array_equal(cell, cells[-1]):
                    cells.append(cell)
            elif match.lastgroup == "step":
                step = int(text)
            elif match.lastgroup == "symbol":
                self._symbols.append(text.decode("latin-1").strip())
            elif match.lastgroup == "counts":
                self._counts = [int(word) for word in text.split()]
            elif match.lastgroup == "potim":
                self._potim_fs = float(text)
            else:
                self._dynamics = int(text) == 0
        if not offsets:
            raise InputError(
                f"{self._source.path} holds no 'POSITION ... TOTAL-FORCE': it is no OUTCAR of a run"
            )
        if cell_of_frame[0] < 0 and self._given_cell is None:
            raise InputError(
                f"{self._source.path} has no lattice before its first positions: give the cell in Å"
            )
        self._offsets = np.array([*offsets, self._source.size], dtype=np.int64)
        self._cells = np.array(cells).reshape(-1, 3, 3)
        self._cell_of_frame = np.array(cell_of_frame, dtype=np.int64)
        return steps

    def _cell(self, text: bytes, index: int) -> np.ndarray:
        rows = [_NUMBER.findall(line)[:3] for line in text.splitlines()]
        if any(len(row) < 3 for row in rows):
            raise InputError(
                f"{self._source.path}, frame {index}: its 'direct lattice vectors' are not numbers"
            )
        return np.array(rows, dtype=float)

    def _text(self, index: int) -> bytes:
        # Rows are shorter than 128 bytes, while the next frame may lie megabytes away.
        start, stop = self._offsets[index : index + 2]
        return self._source.read(int(start), min(int(stop - start), 128 * self.n_atoms))

    def _leave_out_cut_frame(self) -> None:
        if self._text(len(self) - 1).count(b"\n") >= self.n_atoms:
            return
        last = len(self) - 1
        if last == 0:
            raise InputError(f"{self.path} holds no whole frame: it was cut short, write it again")
        warnings.warn(
            f"{self.path}: frame {last} is incomplete and is left out (the run that wrote it was stopped)",
            stacklevel=3,
        )
        self._offsets = self._offsets[:-1]

    def _read(self, index: int) -> Frame:
        text = self._text(index)
        positions, _ = read_columns(text, 0, self.n_atoms, (NUMBER,) * 3, self.path, index)
        cell = self._given_cell if self._given_cell is not None else self._cells[self._cell_of_frame[index]]
        return self._frame(index, positions, cell)
