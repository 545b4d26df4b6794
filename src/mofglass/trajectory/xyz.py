"""Trajectories in XYZ files: extended XYZ, and plain XYZ with a cell given by the user."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from ase.io import read as ase_read
from ase.io.extxyz import key_val_str_to_dict

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import Trajectory, require_same_atoms
from mofglass.trajectory.cells import as_cell
from mofglass.trajectory.columns import numbers_of_labels, read_columns
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.timing import frame_times_ps
from mofglass.trajectory.xyz_comment import columns_of, lattice_of
from mofglass.trajectory.xyz_index import XYZIndex, index_xyz

_STEP = re.compile(rb"(?:^|\s)(?:step|Step|Timestep)\s*=\s*(-?\d+)(?:\s|$)")
_TIME = re.compile(rb"(?:^|\s)(time_ps|time_fs|Time|time)\s*=\s*\"?([-+.\deE]+)")
_PBC = re.compile(r'(?:^|\s)pbc\s*=\s*[\["]([^\]"]*)')
_NOT_INFO = frozenset({"Lattice", "lattice", "Properties", "properties", "pbc", "step", "time_ps"})


class XYZTrajectory(Trajectory):
    """Frames of an extended or plain XYZ file, also gzipped, read by byte offset.

    Species and positions are read, and the key=value pairs of the comment line go to `Frame.info`; other
    columns (forces, ...) are passed over. Steps come from ``step`` or ``Timestep`` and times from
    ``time_ps`` or ``time_fs`` where every frame has them. ``Time`` without a unit is not taken, since
    programs differ in what they mean by it; a warning says so.

    Parameters
    ----------
    path : Path or str
        The file.
    cell : array_like, optional
        Cell in Å (see `mofglass.trajectory.cells.as_cell`); wins over the file's own.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`.

    Raises
    ------
    InputError
        When it is not XYZ, has no cell, or its atoms change.

    Warns
    -----
    UserWarning
        When the last frame was cut short and is left out, the cell is not periodic, or times lack their unit.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        cell: Any = None,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        self._source = TextSource(Path(path))
        self._given_cell = None if cell is None else as_cell(cell)
        self._steps: list[int | None] = []
        self._times: list[float | None] = []
        self._unit_missing = False
        self._xyz: XYZIndex = index_xyz(self._source, self._on_comment)
        self._labels: np.ndarray | None = None
        n_frames = self._xyz.n_frames
        steps, times = self._steps[:n_frames], self._times[:n_frames]
        known_steps = None if None in steps else np.array(steps, dtype=np.int64)
        super().__init__(Path(path), np.empty(0, dtype=np.int64))
        self.steps = known_steps
        self.time_ps = frame_times_ps(
            n_frames,
            self.path,
            steps=known_steps,
            time_ps=None if None in times else np.array(times, dtype=float),
            time_step_fs=time_step_fs,
            frame_interval_ps=frame_interval_ps,
        )
        del self._steps, self._times
        if self._unit_missing and self.time_ps is None:
            warnings.warn(
                f"{path} gives times without saying their unit, so they are not used: give the time between "
                "frames (--frame-interval, ps) or the time step (--time-step, fs)",
                stacklevel=2,
            )
        self.numbers, _, comment = self._parse(0)
        periodic = _PBC.search(comment)
        if periodic and "F" in periodic[1].upper() and self._given_cell is None:
            warnings.warn(
                f"{path}: its pbc is '{periodic[1]}', not periodic in every direction; mofglass treats it as "
                "periodic",
                stacklevel=2,
            )
        self.numbers.flags.writeable = False

    def __len__(self) -> int:
        return self._xyz.n_frames

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def _on_comment(self, comment: bytes) -> None:
        """Note a frame's step and time while the file is indexed."""
        step, time_ps = self._step_and_time(comment)
        self._steps.append(step)
        self._times.append(time_ps)

    def _step_and_time(self, comment: bytes) -> tuple[int | None, float | None]:
        step, time = _STEP.search(comment), _TIME.search(comment)
        scale = {b"time_ps": 1.0, b"time_fs": 1e-3}.get(time.group(1)) if time else None
        self._unit_missing |= time is not None and scale is None
        return (
            int(step.group(1)) if step else None,
            float(time.group(2)) * scale if time and scale else None,
        )

    def _cell(self, index: int, comment: str) -> np.ndarray:
        """Return the cell of a frame."""
        if self._given_cell is not None:
            return self._given_cell
        lattice = lattice_of(comment)
        if lattice is not None:
            return lattice
        raise InputError(f"{self.path}, frame {index} has no Lattice of 9 numbers: give the cell (--cell, Å)")

    def _info(self, comment: str) -> dict[str, Any]:
        """Return what else the comment line says."""
        if "=" not in comment:
            return {}
        pairs = key_val_str_to_dict(comment)
        return {key: value for key, value in pairs.items() if key not in _NOT_INFO}

    def _read(self, index: int) -> Frame:
        numbers, positions, comment = self._parse(index)
        require_same_atoms(self.numbers, numbers, self.path, index)
        return self._frame(index, positions, self._cell(index, comment), self._info(comment))

    def _parse(self, index: int) -> tuple[np.ndarray, np.ndarray, str]:
        """Read numbers, positions and comment of one frame."""
        start, stop = self._xyz.offsets[index : index + 2]
        text = self._source.read(int(start), int(stop - start))
        comment_at = text.index(b"\n") + 1
        body_at = text.index(b"\n", comment_at) + 1
        comment = text[comment_at : body_at - 1].decode("utf-8", "replace").strip()
        columns = columns_of(comment, {"pos": 3})
        if columns is None:
            return self._parse_by_ase(text, index, comment)
        n_atoms = int(self._xyz.counts[index])
        positions, labels = read_columns(text, body_at, n_atoms, columns.kinds, self.path, index)
        if self._labels is not None and np.array_equal(labels[:, 0], self._labels):
            return self.numbers, positions, comment
        numbers = numbers_of_labels(labels[:, 0], self.path, index)
        if self._labels is None:
            self._labels = labels[:, 0].copy()
        return numbers, positions, comment

    def _parse_by_ase(self, text: bytes, index: int, comment: str) -> tuple[np.ndarray, np.ndarray, str]:
        """Read a frame whose columns are not one species and one position."""
        try:
            atoms = ase_read(io.StringIO(text.decode("utf-8", "replace")), format="extxyz")
        except Exception as error:
            raise InputError(
                f"{self.path}, frame {index} cannot be read ({type(error).__name__}: {error}): its "
                "Properties must name species (or Z) and pos"
            ) from error
        return np.asarray(atoms.numbers), np.asarray(atoms.positions, dtype=float), comment  # type: ignore[union-attr]
