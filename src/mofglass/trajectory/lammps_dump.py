"""LAMMPS text dumps (`dump custom`, `dump atom`): any box, any kind of coordinates, atoms in any order."""

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
from mofglass.trajectory.base import Trajectory, require_same_atoms
from mofglass.trajectory.cells import as_cell, lammps_box
from mofglass.trajectory.columns import LABEL, NUMBER, SKIP, numbers_of_labels, read_columns
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.timing import frame_times_ps

_ITEM = re.compile(rb"ITEM: (TIMESTEP|TIME|UNITS)[^\S\n]*\n([^\n]*)\n")
_PS_PER_UNIT = {"metal": 1.0, "real": 1e-3}
# Unwrapped first: nothing is lost of how atoms moved.
_COORDINATES = (
    (("xu", "yu", "zu"), False),
    (("xsu", "ysu", "zsu"), True),
    (("x", "y", "z"), False),
    (("xs", "ys", "zs"), True),
)
_IMAGES = ("ix", "iy", "iz")


@dataclass(frozen=True)
class _Columns:
    """What the columns of a dump hold, from its ``ITEM: ATOMS`` line."""

    kinds: tuple[int, ...]
    numeric: dict[str, int]
    """Place of each numeric column among the numbers read."""
    coordinates: tuple[str, ...]
    scaled: bool
    images: bool
    element: bool


class LammpsDump(Trajectory):
    """Frames of a LAMMPS text dump, read by byte offset.

    Positions are relative to the lower corner of the box, so that they move with the cell under NPT, and
    unwrapped where the dump has ``xu``, ``xsu`` or image flags. Atoms come in order of their ids.

    Parameters
    ----------
    path : Path or str
        The file, plain or gzipped.
    elements : sequence of str, optional
        Element of every LAMMPS atom type in order; needed where the dump has no ``element`` column.
    cell : array_like, optional
        Cell in Å; wins over the file's box, rarely needed.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`. Without them times are known where the dump has
        both time and units (``dump_modify ... time yes units yes``).

    Raises
    ------
    InputError
        When it is no dump, does not say its elements or coordinates, or its atoms change.

    Warns
    -----
    UserWarning
        When the last frame was cut short and is left out, ids are missing, or the box is not periodic.
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
        self._type_numbers = None if elements is None else numbers_of_symbols(elements, path)
        self._given_cell = None if cell is None else as_cell(cell)
        self._columns_line, self._warned = b"", False
        self._ids: np.ndarray | None = None
        self._index_frames()
        super().__init__(path, np.empty(0, dtype=np.int64))
        self._leave_out_cut_frame()
        self.steps = self._all_steps[: len(self)]
        times = self._all_times[: len(self)]
        self.time_ps = frame_times_ps(
            len(self),
            path,
            steps=self.steps,
            time_ps=None if np.isnan(times).any() else times,
            time_step_fs=time_step_fs,
            frame_interval_ps=frame_interval_ps,
        )
        self.numbers = self._parse(0)[0]
        self.numbers.flags.writeable = False

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def _index_frames(self) -> None:
        offsets: list[int] = []
        steps: list[int] = []
        times: list[float] = []
        time, scale = np.nan, np.nan
        for offset, match in self._source.find(_ITEM):
            name, text = match.group(1), match.group(2).strip()
            try:
                if name == b"UNITS":
                    scale = self._time_scale(text.decode("latin-1"))
                elif name == b"TIME":
                    time = float(text)
                else:
                    steps.append(int(text))
                    offsets.append(offset)
                    times.append(time * scale)
            except ValueError as error:
                raise InputError(
                    f"{self._source.path}, frame {len(offsets)}: 'ITEM: {name.decode()}' is followed by "
                    f"'{text[:40].decode('latin-1')}', not a number"
                ) from error
        if not offsets:
            raise InputError(f"{self._source.path} holds no 'ITEM: TIMESTEP': it is no LAMMPS text dump")
        self._offsets = np.array([*offsets, self._source.size], dtype=np.int64)
        self._all_steps, self._all_times = np.array(steps, dtype=np.int64), np.array(times)

    def _time_scale(self, style: str) -> float:
        if style not in _PS_PER_UNIT:
            raise InputError(
                f"{self._source.path} is in LAMMPS units '{style}': mofglass reads metal and real"
            )
        return _PS_PER_UNIT[style]

    def _leave_out_cut_frame(self) -> None:
        """Drop the last frame when its lines are not all there."""
        last = len(self) - 1
        text = self._frame_text(last)
        found = re.search(rb"ITEM: NUMBER OF ATOMS\s*?\n\s*(\d+)[^\S\n]*\n", text)
        atoms_at = text.find(b"ITEM: ATOMS")
        whole = False
        if found and atoms_at >= 0:
            # LAMMPS ends every line, so a last line without an end was cut.
            whole = text.count(b"\n", atoms_at) >= int(found.group(1)) + 1
        if whole:
            return
        if last == 0:
            raise InputError(f"{self.path} holds no whole frame: it was cut short, write it again")
        warnings.warn(
            f"{self.path}: frame {last} is incomplete and is left out (the run that wrote it was stopped)",
            stacklevel=3,
        )
        self._offsets = self._offsets[:-1]

    def _frame_text(self, index: int) -> bytes:
        start, stop = self._offsets[index : index + 2]
        return self._source.read(int(start), int(stop - start))

    def _read(self, index: int) -> Frame:
        numbers, positions, cell = self._parse(index)
        require_same_atoms(self.numbers, numbers, self.path, index)
        return self._frame(index, positions, cell)

    def _parse(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read numbers, positions and cell of one frame."""
        text = self._frame_text(index)
        n_atoms, style, bounds, body_at = self._header(text, index)
        columns = self._columns
        values, labels = read_columns(text, body_at, n_atoms, columns.kinds, self.path, index)
        column = columns.numeric
        origin, cell = lammps_box(bounds, style)
        if self._given_cell is not None:
            cell = self._given_cell
        coordinates = values[:, [column[name] for name in columns.coordinates]]
        positions = coordinates @ cell if columns.scaled else coordinates - origin
        if columns.images:
            positions = positions + values[:, [column[name] for name in _IMAGES]] @ cell
        if columns.element:
            numbers = numbers_of_labels(labels[:, 0], self.path, index)
        else:
            numbers = self._numbers_of_types(values[:, column["type"]].astype(np.int64), index)
        if "id" in column:
            ids = values[:, column["id"]]
            if np.any(np.diff(ids) <= 0):
                order = np.argsort(ids, kind="stable")
                if np.any(np.diff(ids[order]) == 0):
                    raise InputError(f"{self.path}, frame {index} holds an atom id twice: mend or remove it")
                ids, numbers, positions = ids[order], numbers[order], positions[order]
            self._require_same_ids(ids, index)
        return numbers, positions, cell

    def _require_same_ids(self, ids: np.ndarray, index: int) -> None:
        """Keep the rising ids of the first frame read, and refuse a frame of other atoms."""
        if self._ids is None:
            self._ids = ids
        if len(ids) != len(self._ids) or np.array_equal(ids, self._ids):
            return
        strange, missing = np.setdiff1d(ids, self._ids)[0], np.setdiff1d(self._ids, ids)[0]
        raise InputError(
            f"{self.path}, frame {index} holds atom id {strange:.0f}, which frame 0 has not, and lacks id "
            f"{missing:.0f}: a trajectory keeps its atoms, split the file there or leave the frame out"
        )

    def _header(self, text: bytes, index: int) -> tuple[int, str, list[list[float]], int]:
        """Read the lines before the atoms; return also where the atoms begin."""
        atoms_at = text.find(b"ITEM: ATOMS")
        body_at = text.find(b"\n", atoms_at) + 1
        lines = [line.strip() for line in text[: max(atoms_at, 0)].splitlines()]
        try:
            n_atoms = int(lines[lines.index(b"ITEM: NUMBER OF ATOMS") + 1])
            box_at = next(at for at, line in enumerate(lines) if line.startswith(b"ITEM: BOX BOUNDS"))
            bounds = [[float(word) for word in line.split()] for line in lines[box_at + 1 : box_at + 4]]
        except (ValueError, StopIteration, IndexError) as error:
            raise InputError(
                f"{self.path}, frame {index}: its header lacks the number of atoms, the box or the atoms: "
                "mend or remove the frame"
            ) from error
        style = lines[box_at].removeprefix(b"ITEM: BOX BOUNDS").strip().decode("latin-1")
        if not self._warned and self._given_cell is None and set(style[-8:]) & set("fsm"):
            self._warned = True
            warnings.warn(
                f"{self.path}: its box is '{style[-8:]}', not periodic in every direction; mofglass treats "
                "it as periodic",
                stacklevel=4,
            )
        columns_line = text[atoms_at : body_at - 1].strip()
        if columns_line != self._columns_line:
            self._columns = self._understand_columns(columns_line, index)
            self._columns_line = columns_line
        return n_atoms, style, bounds, body_at

    def _understand_columns(self, line: bytes, index: int) -> _Columns:
        names = line.removeprefix(b"ITEM: ATOMS").decode("latin-1").split()
        where = f"{self.path}, frame {index}"
        chosen = next(((xyz, scaled) for xyz, scaled in _COORDINATES if set(xyz) <= set(names)), None)
        if chosen is None:
            raise InputError(
                f"{where}: no x y z, xs ys zs, xu yu zu or xsu ysu zsu among its columns {names}"
            )
        element = "element" in names and (self._type_numbers is None or "type" not in names)
        if not element and "type" not in names:
            raise InputError(
                f"{where}: neither 'element' nor 'type' is among its columns {names}: dump one of them"
            )
        if not element and self._type_numbers is None:
            raise InputError(
                f"{where}: it has no 'element' column: give the element of every LAMMPS type in order, as in "
                "--elements 'C H N Zn'"
            )
        coordinates, scaled = chosen
        images = set(_IMAGES) <= set(names) and coordinates[0] in ("x", "xs")
        wanted = {*coordinates, "id", *(_IMAGES if images else ()), *(() if element else ("type",))}
        kinds = [
            LABEL if name == "element" and element else NUMBER if name in wanted else SKIP for name in names
        ]
        numeric = [name for name, kind in zip(names, kinds, strict=True) if kind == NUMBER]
        if "id" not in numeric:
            warnings.warn(
                f"{self.path} has no atom ids, so the order of its atoms is taken as it stands: dump 'id' to "
                "be sure that atoms keep their place",
                stacklevel=5,
            )
        return _Columns(
            kinds=tuple(kinds),
            numeric={name: place for place, name in enumerate(numeric)},
            coordinates=coordinates,
            scaled=scaled,
            images=images,
            element=element,
        )

    def _numbers_of_types(self, types: np.ndarray, index: int) -> np.ndarray:
        assert self._type_numbers is not None
        if types.min() < 1 or types.max() > len(self._type_numbers):
            raise InputError(
                f"{self.path}, frame {index} holds atom types {types.min()} to {types.max()}, but "
                f"{len(self._type_numbers)} elements were given (--elements): give one for every type "
                "in order"
            )
        if not len(self.numbers) and types.max() < len(self._type_numbers):
            warnings.warn(
                f"{self.path}: {len(self._type_numbers)} elements were given (--elements), but its atom "
                f"types reach {types.max()} only: make sure that each stands for its type",
                stacklevel=4,
            )
        return self._type_numbers[types - 1]
