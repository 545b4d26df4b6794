"""VASP molecular dynamics in an XDATCAR, with a fixed or changing cell."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import Trajectory
from mofglass.trajectory.cells import as_cell
from mofglass.trajectory.columns import NUMBER, read_columns
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.text_source import TextSource, last_line_is_whole
from mofglass.trajectory.timing import frame_times_ps

_CONFIGURATION = re.compile(rb"configuration=[ \t]*([\d*]*)[^\n]*\n")
_LONGEST_HEADER = 4096


@dataclass(frozen=True)
class _Header:
    """What stands before a frame: its cell (rows, Å) and its atoms."""

    cell: np.ndarray
    counts: tuple[int, ...]
    symbols: tuple[str, ...] | None


class XDATCAR(Trajectory):
    """Frames of a VASP XDATCAR, read by byte offset.

    A header (comment, scale, three vectors, symbols, counts) may stand at the start only, before every
    frame (changing cell), or again where a continued run was appended; the last one seen holds. The
    number after ``Direct configuration=`` is the step where it grows all along. Positions come as stored,
    wrapped into the cell.

    Parameters
    ----------
    path : Path or str
        The file, plain or gzipped.
    elements : sequence of str, optional
        Element of every species in order, for old files without symbols, or of every atom, for files
        without any header.
    cell : array_like, optional
        Cell in Å (see `mofglass.trajectory.cells.as_cell`); wins over the file's own.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`; the file itself does not tell times.

    Raises
    ------
    InputError
        When it is no XDATCAR, or its atoms change.

    Warns
    -----
    UserWarning
        When the last frame was cut short and is left out.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        elements: Sequence[str] | None = None,
        cell: Any = None,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        path = Path(path)
        self._source = TextSource(path)
        self._elements = elements
        self._given_cell = None if cell is None else as_cell(cell)
        self._cartesian = False
        counted = self._index_frames()
        super().__init__(path, self._atoms_of_first_frame())
        self._leave_out_cut_frame()
        steps = np.array(counted[: len(self)], dtype=np.int64)
        if np.all(np.diff(steps) > 0):
            self.steps = steps
        self.time_ps = frame_times_ps(
            len(self),
            path,
            steps=self.steps,
            time_step_fs=time_step_fs,
            frame_interval_ps=frame_interval_ps,
        )

    def __len__(self) -> int:
        return len(self._bodies) - 1

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def _index_frames(self) -> list[int]:
        """Find where the positions of every frame begin, and which cell is theirs; return their numbers."""
        bodies: list[int] = []
        counted: list[int] = []
        cells: list[np.ndarray] = []
        cell_of_frame: list[int] = []
        self._first_header: _Header | None = None
        for offset, match in self._source.find(_CONFIGURATION, _LONGEST_HEADER):
            before = match.string[max(0, match.start() - _LONGEST_HEADER) : match.start()]
            line_at = before.rfind(b"\n") + 1
            self._note_kind(before[line_at:].strip(), len(bodies))
            header = _header(before[:line_at].splitlines()[-7:])
            if header is not None:
                first = self._first_header = self._first_header or header
                if header.counts != first.counts or header.symbols != first.symbols:
                    raise InputError(
                        f"{self._source.path}, frame {len(bodies)}: its header names other atoms than the "
                        "first: split the file there"
                    )
                if not cells or not np.array_equal(header.cell, cells[-1]):
                    cells.append(header.cell)
            bodies.append(offset + len(match.group(0)))
            cell_of_frame.append(len(cells) - 1)
            counted.append(int(match.group(1)) if match.group(1).isdigit() else 0)
        if not bodies:
            raise InputError(
                f"{self._source.path} holds no 'Direct configuration=': it is no XDATCAR of VASP 5"
            )
        self._bodies = np.array([*bodies, self._source.size], dtype=np.int64)
        self._cells = np.array(cells).reshape(-1, 3, 3)
        self._cell_of_frame = np.array(cell_of_frame, dtype=np.int64)
        return counted

    def _note_kind(self, word: bytes, index: int) -> None:
        cartesian = word.lower() == b"cartesian"
        if (not cartesian and word.lower() != b"direct") or (index and cartesian != self._cartesian):
            raise InputError(
                f"{self._source.path}, frame {index} begins with '{word[:40].decode('latin-1')} "
                "configuration': all frames must be 'Direct', or all 'Cartesian'"
            )
        self._cartesian = cartesian

    def _atoms_of_first_frame(self) -> np.ndarray:
        path, header = self._source.path, self._first_header
        if header is None or self._cell_of_frame[0] < 0:
            if self._elements is None or self._given_cell is None:
                raise InputError(
                    f"{path} does not begin with a cell and elements: give both (--cell, and "
                    "--elements of every atom)"
                )
            return numbers_of_symbols(self._elements, path)
        symbols = self._elements if header.symbols is None else header.symbols
        if symbols is None or len(symbols) != len(header.counts):
            raise InputError(
                f"{path} has {len(header.counts)} species and names {len(symbols or ())}: give the element "
                "of every species in order, as in --elements 'C H N Zn'"
            )
        return np.repeat(numbers_of_symbols(symbols, path), header.counts)

    def _leave_out_cut_frame(self) -> None:
        start, stop = self._bodies[-2:]
        rows = self._source.read(int(start), int(stop - start)).splitlines(keepends=True)[: self.n_atoms]
        rows = [row for row in rows if row.strip()]
        whole = len(rows) == self.n_atoms
        if whole and not rows[-1].endswith(b"\n"):
            whole = self.n_atoms == 1 or last_line_is_whole(rows[-1], rows[-2])
        if whole:
            return
        last = len(self) - 1
        if last == 0:
            raise InputError(f"{self.path} holds no whole frame: it was cut short, write it again")
        warnings.warn(
            f"{self.path}: frame {last} is incomplete and is left out (the run that wrote it was stopped)",
            stacklevel=3,
        )
        self._bodies = self._bodies[:-1]

    def _read(self, index: int) -> Frame:
        start, stop = (int(offset) for offset in self._bodies[index : index + 2])
        text = self._source.read(start, stop - start)
        positions, _ = read_columns(text, 0, self.n_atoms, (NUMBER,) * 3, self.path, index)
        cell = self._given_cell if self._given_cell is not None else self._cells[self._cell_of_frame[index]]
        return self._frame(index, positions if self._cartesian else positions @ cell, cell)


def _header(lines: Sequence[bytes]) -> _Header | None:
    """Understand the lines before a frame as a header; None when they are the frame before's positions."""
    if len(lines) < 5:
        return None
    try:
        counts = tuple(int(word) for word in lines[-1].split())
    except ValueError:
        return None
    words = lines[-2].decode("latin-1").split()
    symbols = tuple(words) if words and words[0][0].isalpha() else None
    box = lines[-6:-2] if symbols else lines[-5:-1]
    try:
        scale = float(box[0])
        vectors = np.array([[float(word) for word in line.split()] for line in box[1:]])
    except (ValueError, IndexError):
        return None
    if vectors.shape != (3, 3) or not counts or min(counts) < 1:
        return None
    # A negative scale is the volume of the cell, Å³ (VASP wiki, POSCAR).
    factor = scale if scale > 0 else (-scale / abs(np.linalg.det(vectors))) ** (1 / 3)
    return _Header(cell=vectors * factor, counts=counts, symbols=symbols)
