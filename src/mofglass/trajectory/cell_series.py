"""Cells alone, without the atoms: what elastic constants need, from any file that holds them.

Text is read in one pass and handed out in chunks, so that a million cells take seconds and little memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mofglass.errors import InputError
from mofglass.trajectory.cells import lammps_box
from mofglass.trajectory.lammps_log import lammps_log_cells
from mofglass.trajectory.text_source import TextSource
from mofglass.units import FS_PER_PS, GRAM_PER_CM3_PER_U_PER_A3

CHUNK = 65536
"""Cells at a time."""

_THERMO_CELL = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
_DUMP_BOX = re.compile(
    rb"ITEM: (?:TIMESTEP[^\S\n]*\n\s*(\d+)|BOX BOUNDS([^\n]*)\n([^\n]*\n[^\n]*\n[^\n]*))\n"
)
_LATTICE = re.compile(rb'[Ll]attice="([^"]{1,300})"')


@dataclass(frozen=True)
class CellChunk:
    """Consecutive cells.

    Parameters
    ----------
    cells_A : ndarray, shape (n, 3, 3)
        Cell vectors as rows, Å.
    time_ps : ndarray, shape (n,)
        Times, ps; nan where the file does not tell.
    """

    cells_A: np.ndarray
    time_ps: np.ndarray


Chunks = Iterator[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]]
"""Cells (Å), steps and times (ps), the last two where the file holds them."""


class CellSeries:
    """The cells of a trajectory in order, read chunk by chunk each time they are asked for.

    Parameters
    ----------
    path : Path
        The file or run directory.
    kind : str
        What it was taken for, e.g. ``CP2K cell file``.
    read : callable
        Begins to read.
    mass_u : float, optional
        Mass of the atoms in the cell, u, where the file tells.
    volume_only : bool
        Whether the file holds volumes alone: cells are then cubes.
    time_step_fs, frame_interval_ps : float, optional
        What the user says of times; wins over the file.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        read: Callable[[], Chunks],
        *,
        mass_u: float | None = None,
        volume_only: bool = False,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        self.path = path
        self.kind = kind
        self.mass_u = mass_u
        self.volume_only = volume_only
        self._read = read
        self._time_step_fs = time_step_fs
        self._frame_interval_ps = frame_interval_ps

    def chunks(self) -> Iterator[CellChunk]:
        """Read all cells from the first.

        Yields
        ------
        CellChunk
            The next cells.

        Raises
        ------
        InputError
            When a cell is not finite or has no volume, or there is none.
        """
        n_read = 0
        for cells, steps, times in self._read():
            cells = np.asarray(cells, dtype=float)
            volumes = np.abs(np.linalg.det(cells)) if np.isfinite(cells).all() else np.zeros(1)
            if not (volumes > 1e-6).all():
                bad = ~np.isfinite(cells).all(axis=(1, 2))
                bad = bad if bad.any() else np.abs(np.linalg.det(cells)) <= 1e-6
                raise InputError(
                    f"{self.path}, frame {n_read + int(np.flatnonzero(bad)[0])}: its cell has no volume or "
                    "is not made of numbers: leave this frame and all after it out"
                )
            n = len(cells)
            if self._frame_interval_ps is not None:
                times = (n_read + np.arange(n)) * self._frame_interval_ps
            elif self._time_step_fs is not None and steps is not None:
                times = steps * (self._time_step_fs / FS_PER_PS)
            yield CellChunk(cells, np.full(n, np.nan) if times is None else np.asarray(times, dtype=float))
            n_read += n
        if n_read == 0:
            raise InputError(f"{self.path} holds no cells")


def cells_from_lengths_and_angles(lengths_angles: np.ndarray) -> np.ndarray:
    """Return cells with a along x and b in the xy plane.

    Parameters
    ----------
    lengths_angles : ndarray, shape (n, 6)
        a, b, c (Å), alpha, beta, gamma (°).

    Returns
    -------
    ndarray, shape (n, 3, 3)
        Cell vectors as rows, Å.
    """
    a, b, c = np.asarray(lengths_angles, dtype=float)[:, :3].T
    # Of a right angle the cosine is zero, not 6e-17.
    cosines = np.cos(np.radians(lengths_angles[:, 3:]))
    cos_a, cos_b, cos_g = np.where(lengths_angles[:, 3:] == 90.0, 0.0, cosines).T
    sin_g = np.sqrt(1 - cos_g**2)
    cells = np.zeros((len(a), 3, 3))
    cells[:, 0, 0] = a
    cells[:, 1, 0], cells[:, 1, 1] = b * cos_g, b * sin_g
    cells[:, 2, 0], cells[:, 2, 1] = c * cos_b, c * (cos_a - cos_b * cos_g) / sin_g
    cells[:, 2, 2] = np.sqrt(np.maximum(c**2 - cells[:, 2, 0] ** 2 - cells[:, 2, 1] ** 2, 0.0))
    return cells


def open_cells(
    path: Path | str,
    *,
    elements: Sequence[str] | None = None,
    time_step_fs: float | None = None,
    frame_interval_ps: float | None = None,
) -> CellSeries:
    """Open the cells of a run, a log or a trajectory, told by its content.

    Parameters
    ----------
    path : Path or str
        A run directory or its ``thermo.csv``; a CP2K ``.cell`` file; a LAMMPS log or text dump; extended XYZ;
        H5MD; or anything else that `open_trajectory` reads.
    elements : sequence of str, optional
        For the last kind, where the file does not say its elements.
    time_step_fs : float, optional
        MD time step, fs: times are the steps in the file times this.
    frame_interval_ps : float, optional
        Time between cells, ps: times count from 0.

    Returns
    -------
    CellSeries
        Nothing but the head has been read.

    Raises
    ------
    InputError
        When the file is missing or holds no cells.
    """
    path = Path(path).expanduser()
    times: dict[str, Any] = {"time_step_fs": time_step_fs, "frame_interval_ps": frame_interval_ps}
    if path.is_dir():
        thermo = path / "thermo.csv"
        if thermo.is_file():
            return _thermo(thermo, path, times)
        from mofglass.trajectory.run_directory import trajectory_files

        files = trajectory_files(path)
        return CellSeries(path, "H5MD", lambda: _h5md(files), **times)
    with TextSource(path) as source:
        head = source.head()
    if head.startswith(b"\x89HDF"):
        return CellSeries(path, "H5MD", lambda: _h5md([path]), **times)
    if head.startswith(b"ITEM: "):
        return CellSeries(path, "LAMMPS dump", lambda: _lammps_dump(path), **times)
    first = head.partition(b"\n")[0]
    if b"," in first and (b"a_A" in first or b"volume_A3" in first):
        return _thermo(path, path, times)
    if _is_cp2k(head):
        return CellSeries(path, "CP2K cell file", lambda: _cp2k(path), **times)
    if (
        head.startswith(b"LAMMPS (")
        or re.search(rb"^\s*Step\s+\w", head, re.M)
        or path.name.startswith("log.")
    ):
        volume_only, read = lammps_log_cells(path, CHUNK)
        return CellSeries(path, "LAMMPS log", read, volume_only=volume_only, **times)
    if first.strip().isdigit() and _LATTICE.search(head):
        return CellSeries(path, "extended XYZ", lambda: _extxyz(path), **times)
    return CellSeries(path, "trajectory", lambda: _frames(path, elements, times), **times)


def _thermo(file: Path, path: Path, times: dict[str, Any]) -> CellSeries:
    """Take the cells from a table with columns as thermo.csv has them."""
    columns = pd.read_csv(file, nrows=0).columns
    whole = set(_THERMO_CELL) <= set(columns)
    if not whole and "volume_A3" not in columns:
        raise InputError(f"{file} has neither the columns {', '.join(_THERMO_CELL)} nor volume_A3")
    cell = list(_THERMO_CELL) if whole else ["volume_A3"]
    clock = [name for name in ("step", "time_ps") if name in columns]
    head = pd.read_csv(file, nrows=1)
    mass_u = None
    if len(head) and {"density_g_per_cm3", "volume_A3"} <= set(columns):
        mass_u = float((head["density_g_per_cm3"] * head["volume_A3"] / GRAM_PER_CM3_PER_U_PER_A3).iloc[0])
    last_step = _committed_step(file.parent)

    def read() -> Chunks:
        for table in pd.read_csv(file, usecols=[*clock, *cell], chunksize=CHUNK):
            # A killed process may have left half a line.
            table = table.apply(pd.to_numeric, errors="coerce").dropna(subset=cell)
            if last_step is not None and "step" in table:
                table = table[table["step"] <= last_step]
            if not len(table):
                continue
            values = table[cell].to_numpy(dtype=float)
            cells = cells_from_lengths_and_angles(values) if whole else _cubes(values[:, 0])
            steps = table["step"].to_numpy() if "step" in table else None
            yield cells, steps, table["time_ps"].to_numpy() if "time_ps" in table else None

    return CellSeries(path, "thermo.csv", read, mass_u=mass_u, volume_only=not whole, **times)


def _committed_step(directory: Path) -> int | None:
    """Return the last committed step of a run: what follows it is computed again when the run goes on."""
    checkpoint = directory / "checkpoint.json"
    if not checkpoint.is_file():
        return None
    try:
        return int(json.loads(checkpoint.read_text())["step"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{checkpoint} does not say its step: resume the run, it writes it anew") from error


def _cubes(volumes_A3: np.ndarray) -> np.ndarray:
    return np.cbrt(volumes_A3)[:, None, None] * np.eye(3)


def _is_cp2k(head: bytes) -> bool:
    for line in head.splitlines():
        if line.strip() and not line.lstrip().startswith(b"#"):
            words = line.split()
            try:
                return len(words) == 12 and all(np.isfinite(float(word)) for word in words)
            except ValueError:
                return False
    return b"Ax [Angstrom]" in head


def _cp2k(path: Path) -> Chunks:
    """Read step, time (fs), nine components and volume a line; steps repeated by a restart are dropped."""
    try:
        tables = pd.read_csv(
            path, sep=r"\s+", comment="#", header=None, names=list(range(12)), chunksize=CHUNK, dtype=float
        )
        last = -np.inf
        for table in tables:
            values = table.to_numpy()
            # The volume is the last column: a line that has it was written to its end.
            values = values[np.isfinite(values[:, 11])]
            highest = np.maximum.accumulate(np.concatenate([[last], values[:, 0]]))
            values = values[values[:, 0] > highest[:-1]]
            last = highest[-1]
            if len(values):
                yield values[:, 2:11].reshape(-1, 3, 3), values[:, 0], values[:, 1] / FS_PER_PS
    except ValueError as error:
        raise InputError(f"{path} is not a CP2K cell file throughout: {error}") from error


def _lammps_dump(path: Path) -> Chunks:
    cells: list[np.ndarray] = []
    steps: list[int] = []
    step = -1
    with TextSource(path) as source:
        for _, match in source.find(_DUMP_BOX):
            if match.group(1):
                step = int(match.group(1))
                continue
            try:
                bounds = [[float(word) for word in line.split()] for line in match.group(3).splitlines()]
                cells.append(lammps_box(bounds, match.group(2).strip().decode("latin-1"))[1])
            except (ValueError, IndexError) as error:
                raise InputError(f"{path}, step {step}: its box is not made of numbers: {error}") from error
            steps.append(step)
            if len(cells) == CHUNK:
                yield np.array(cells), np.array(steps), None
                cells, steps = [], []
    if cells:
        yield np.array(cells), np.array(steps), None


def _extxyz(path: Path) -> Chunks:
    cells: list[bytes] = []

    def parsed() -> np.ndarray:
        try:
            numbers = np.array([text.split() for text in cells], dtype=float)
            return numbers.reshape(-1, 3, 3)
        except ValueError as error:
            raise InputError(f"{path}: a Lattice does not hold nine numbers: {error}") from error

    with TextSource(path) as source:
        for _, match in source.find(_LATTICE):
            cells.append(match.group(1))
            if len(cells) == CHUNK:
                yield parsed(), None, None
                cells.clear()
    if cells:
        yield parsed(), None, None


def _h5md(files: Sequence[Path]) -> Chunks:
    import h5py

    from mofglass.trajectory.h5md import _A_PER_UNIT, _PS_PER_UNIT, _series, _unit

    for path in files:
        try:
            file = h5py.File(path, "r", locking=False)
        except OSError as error:
            raise InputError(f"{path} is not a whole HDF5 file: {error}") from error
        with file:
            boxes = [group for group in file.get("particles", {}).values() if "box/edges/value" in group]
            if not boxes:
                raise InputError(
                    f"{path} holds no cell that changes with time ('particles/.../box/edges/value')"
                )
            edges = boxes[0]["box/edges"]
            values = edges["value"]
            length = _unit(values, _A_PER_UNIT, path) or 1.0
            steps, times = _series(edges, "step", len(values)), _series(edges, "time", len(values))
            clock = _unit(edges["time"], _PS_PER_UNIT, path) if times is not None else None
            for start in range(0, len(values), CHUNK):
                rows = slice(start, start + CHUNK)
                cells = np.asarray(values[rows], dtype=float) * length
                if cells.shape[1:] == (3,):
                    cells = cells[:, :, None] * np.eye(3)
                yield (
                    cells,
                    None if steps is None else steps[rows],
                    None if times is None or clock is None else times[rows] * clock,
                )


def _frames(path: Path, elements: Sequence[str] | None, times: dict[str, Any]) -> Chunks:
    """Read whole frames, of formats whose cells cannot be had alone."""
    from mofglass.trajectory.opening import open_trajectory

    cells, clock = [], []
    for frame in open_trajectory(path, elements=elements, **times):
        cells.append(frame.cell)
        clock.append(np.nan if frame.time_ps is None else frame.time_ps)
        if len(cells) == CHUNK:
            yield np.array(cells), None, np.array(clock)
            cells, clock = [], []
    if cells:
        yield np.array(cells), None, np.array(clock)
