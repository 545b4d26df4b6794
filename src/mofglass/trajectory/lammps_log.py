"""Cells from the thermodynamic output in a LAMMPS log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mofglass.errors import InputError
from mofglass.trajectory.text_source import TextSource

_TIME_UNIT_PS = {b"metal": 1.0, b"real": 1e-3}
_DEFAULT_STEP = {b"metal": 1e-3, b"real": 1.0}
_EDGES, _TILTS = ("Lx", "Ly", "Lz"), ("Xy", "Xz", "Yz")
_CORNERS = ("Xlo", "Xhi", "Ylo", "Yhi", "Zlo", "Zhi")
_LENGTHS = ("Cella", "Cellb", "Cellc", "CellAlpha", "CellBeta", "CellGamma")
_COMMAND = re.compile(rb"^\s*(units|timestep|minimize|run)\s+(\S+)")

Rows = Iterator[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]]


def lammps_log_cells(path: Path, chunk: int) -> tuple[bool, Callable[[], Rows]]:
    """Find the cells in a LAMMPS log.

    Rows of minimisations are left out, and a first row of a run that repeats the last of the one before.
    Times come from the column Time, or from the steps and the time step that the log echoes.

    Parameters
    ----------
    path : Path
        The log.
    chunk : int
        Rows at a time.

    Returns
    -------
    volume_only : bool
        Whether it holds volumes but no edges.
    read : callable
        Begins to read: cells (Å), steps, times (ps).

    Raises
    ------
    InputError
        When the log is in other units than metal and real, or no table holds a cell or volume.
    """
    layout = next(filter(None, (_layout(header) for header, *_ in _tables(path, chunk))), "")
    if layout:
        return layout == "volume", lambda: _cells(path, chunk, layout)
    raise InputError(
        f"{path} has no table of thermodynamic output with lx ly lz xy xz yz, cella ... cellgamma, or vol: "
        "give them in  thermo_style custom step lx ly lz xy xz yz"
    )


def _layout(header: list[str]) -> str:
    names = set(header)
    for layout, wanted in (("edges", _EDGES), ("lengths", _LENGTHS), ("corners", _CORNERS)):
        if set(wanted) <= names:
            return layout
    return "volume" if "Volume" in names else ""


def _cells(path: Path, chunk: int, layout: str) -> Rows:
    last_step = None
    for header, rows, step_ps, clock_ps in _tables(path, chunk):
        if _layout(header) != layout or not len(rows):
            continue
        column = {name: rows[:, place] for place, name in enumerate(header)}
        steps = column.get("Step")
        if steps is not None and steps[0] == last_step:
            rows = rows[1:]
            column = {name: values[1:] for name, values in column.items()}
            steps = column["Step"]
        if not len(rows):
            continue
        times = None
        if "Time" in column and clock_ps is not None:
            times = column["Time"] * clock_ps
        elif steps is not None and step_ps is not None:
            times = steps * step_ps
        last_step = None if steps is None else steps[-1]
        yield _shapes(column, layout, len(rows)), steps, times


def _shapes(column: dict[str, np.ndarray], layout: str, n_rows: int) -> np.ndarray:
    if layout == "lengths":
        from mofglass.trajectory.cell_series import cells_from_lengths_and_angles

        return cells_from_lengths_and_angles(np.column_stack([column[name] for name in _LENGTHS]))
    if layout == "volume":
        return np.cbrt(column["Volume"])[:, None, None] * np.eye(3)
    cells = np.zeros((n_rows, 3, 3))
    for axis in range(3):
        if layout == "edges":
            cells[:, axis, axis] = column[_EDGES[axis]]
        else:
            cells[:, axis, axis] = column[_CORNERS[2 * axis + 1]] - column[_CORNERS[2 * axis]]
    for name, (row, col) in zip(_TILTS, ((1, 0), (2, 0), (2, 1)), strict=True):
        if name in column:
            cells[:, row, col] = column[name]
    return cells


def _tables(path: Path, chunk: int) -> Iterator[tuple[list[str], np.ndarray, float | None, float | None]]:
    """Yield column names, rows, ps a step and ps a unit of time, at most `chunk` rows at a time."""
    units, step, minimising = None, None, False
    header: list[str] | None = None
    lines: list[bytes] = []

    def table() -> tuple[list[str], np.ndarray, float | None, float | None]:
        assert header is not None
        numbers = np.fromstring(b"".join(lines), sep=" ")
        clock = None if units is None else _TIME_UNIT_PS[units]
        own = step if step is not None else None if units is None else _DEFAULT_STEP[units]
        if len(numbers) != len(lines) * len(header):
            raise InputError(f"{path}: a row under '{' '.join(header)[:60]}' does not fit its columns")
        lines.clear()
        return header, numbers.reshape(-1, len(header)), None if clock is None else own * clock, clock

    for line in _lines(path):
        if header is not None:
            words = line.split(None, 1)
            number = bool(words) and (words[0].isdigit() or words[0][:1] == b"-")
            if number and len(line.split()) == len(header):
                lines.append(line)
                if len(lines) >= chunk:
                    yield table()
                continue
            if line.startswith(b"WARNING"):
                continue
            if lines and not minimising:
                yield table()
            lines.clear()
            header = None
        stripped = line.split()
        if stripped[:1] == [b"Step"]:
            header = [word.decode("latin-1") for word in stripped]
            continue
        command = _COMMAND.match(line)
        if command is None:
            continue
        name, value = command.groups()
        if name == b"units":
            if value not in _TIME_UNIT_PS and not value.startswith(b"$"):
                raise InputError(
                    f"{path} is in LAMMPS units '{value.decode('latin-1')}': mofglass reads metal and real"
                )
            units = value if value in _TIME_UNIT_PS else units
        elif name == b"timestep":
            try:
                step = float(value)
            except ValueError:  # a variable; the next line is the same with its value
                continue
        else:
            minimising = name == b"minimize"
    if header is not None and lines and not minimising:
        # The run may still be going on: its last line may be cut.
        if not lines[-1].endswith(b"\n"):
            lines.pop()
        if lines:
            yield table()


def _lines(path: Path) -> Iterator[bytes]:
    rest = b""
    with TextSource(path) as source:
        for block in source.blocks():
            lines = (rest + block).splitlines(keepends=True)
            rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
            yield from lines
    if rest:
        yield rest
