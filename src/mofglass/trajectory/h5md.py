"""Reading H5MD 1.1 trajectories (https://www.nongnu.org/h5md/): own parts, and other programs' files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import Trajectory, require_same_atoms
from mofglass.trajectory.cells import as_cell
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.h5md_observables import Observable, read_observables
from mofglass.trajectory.timing import frame_times_ps

_READ_AHEAD_BYTES = 4 * 2**20
_A_PER_UNIT = {"angstrom": 1.0, "a": 1.0, "å": 1.0, "nm": 10.0, "pm": 0.01, "m": 1e10, "bohr": 0.529177210903}
_PS_PER_UNIT = {"ps": 1.0, "fs": 1e-3, "ns": 1e3, "us": 1e6, "s": 1e12}


@dataclass(frozen=True)
class _Part:
    """What is kept in memory of one file."""

    path: Path
    n_frames: int
    steps: np.ndarray | None
    time_ps: np.ndarray | None
    length_A: float
    edges_at: np.ndarray | None
    """Row of the box that belongs to each frame; None for a fixed box or one row a frame."""


class H5MDTrajectory(Trajectory):
    """Frames of one H5MD file, or of several part files in order, presented as one trajectory.

    Positions come unwrapped: as stored, plus the image flags where a file has them.

    Parameters
    ----------
    paths : Path, str, or sequence of them
        The file or the parts.
    path : Path, optional
        What to call it, e.g. the run directory; the first file by default.
    elements : sequence of str, optional
        For files that do not say what their atoms are: one symbol for every atom, or, where `species`
        holds LAMMPS types, one for every type.
    cell : array_like, optional
        Cell in Å (see `mofglass.trajectory.cells.as_cell`) for files without a periodic box.
    group : str, optional
        Which group of particles; ``all``, or the only one, by default.
    joined : Path, optional
        The file into which the parts are joined one day: read instead once it exists and a part is gone.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`.

    Attributes
    ----------
    masses : ndarray of shape (n_atoms,) or None
        Masses in the file, u.
    has_velocities : bool
        Whether every part holds velocities.
    creator, creator_version, author : str
        Who made it, as the file says.

    Raises
    ------
    InputError
        When a file is not H5MD, holds no positions, box or elements, or parts differ in their atoms.
    """

    def __init__(
        self,
        paths: Path | str | Sequence[Path | str],
        *,
        path: Path | None = None,
        elements: Sequence[str] | None = None,
        cell: Any = None,
        group: str | None = None,
        joined: Path | None = None,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        files = [Path(paths)] if isinstance(paths, str | Path) else [Path(part) for part in paths]
        if not files:
            raise InputError("no H5MD file was given: give at least one")
        self._group, self._cell = group, None if cell is None else as_cell(cell)
        self._open_part: int | None = None
        self._file: h5py.File | None = None
        self._files = files
        self._whole = joined
        self._parts: list[_Part] = []
        self.has_velocities = True
        numbers: np.ndarray | None = None
        for index, name in enumerate(files):
            atoms = self._particles(index)
            found = _atomic_numbers(atoms, name, elements)
            if numbers is None:
                numbers = found
                self._read_description(atoms)
            require_same_atoms(numbers, found, name, 0)
            self.has_velocities &= "velocity" in atoms
            self._parts.append(_describe_part(atoms, name, self._cell is not None))
        assert numbers is not None
        self._ends = np.cumsum([part.n_frames for part in self._parts])
        n_frames = int(self._ends[-1])
        steps, times = _joined(self._parts, "steps"), _joined(self._parts, "time_ps")
        super().__init__(
            path or files[0],
            numbers,
            steps=steps,
            time_ps=frame_times_ps(
                n_frames,
                path or files[0],
                steps=steps,
                time_ps=times,
                time_step_fs=time_step_fs,
                frame_interval_ps=frame_interval_ps,
            ),
        )

    def __len__(self) -> int:
        return int(self._ends[-1])

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        if self._file is not None:
            self._file.close()
        self._file = self._open_part = None

    def part_of(self, index: int) -> Path:
        """Return the file that holds a frame.

        Parameters
        ----------
        index : int
            The frame, from 0.

        Returns
        -------
        Path
            One of the files given.
        """
        return self._files[self._locate(index)[0]]

    def velocities(self, index: int) -> np.ndarray:
        """Read the velocities of one frame.

        Parameters
        ----------
        index : int
            The frame, from 0.

        Returns
        -------
        ndarray of shape (n_atoms, 3)
            Velocities as stored, Å/ps in files of mofglass.

        Raises
        ------
        InputError
            When the trajectory has no velocities.
        """
        if not self.has_velocities:
            raise InputError(f"{self.path} holds no velocities: write the run with velocities")
        part, row = self._locate(index % len(self))
        return np.asarray(self._particles(part)["velocity/value"][row], dtype=float)

    def observables(self) -> dict[str, Observable]:
        """Read the numbers that come with every frame.

        Returns
        -------
        dict of str to Observable
            By name, e.g. ``force_spread_eV_per_A`` of a run with a committee; empty where there are none.
        """
        self._follow(range(len(self._files)))
        return read_observables([(part.path, part.n_frames) for part in self._parts], _open_to_read)

    def _locate(self, index: int) -> tuple[int, int]:
        part = bisect_right(self._ends, index)
        if part != self._open_part:
            self._follow([part])
            part = bisect_right(self._ends, index)
        return part, index - int(self._ends[part] - self._parts[part].n_frames)

    def _follow(self, parts: Iterable[int]) -> None:
        """Go over to the file that the parts were joined into, where one of these is gone."""
        joined = self._whole
        if joined is None or all(self._files[part].exists() for part in parts) or not joined.exists():
            return
        self._files, self._whole = [joined], None
        self.close()
        whole = _describe_part(self._particles(0), joined, self._cell is not None)
        n_frames = len(self)
        if whole.n_frames < n_frames:
            raise InputError(f"{joined} holds {whole.n_frames} frames, and its parts held {n_frames}")
        self._parts, self._ends = [replace(whole, n_frames=n_frames)], np.array([n_frames])

    def _read(self, index: int) -> Frame:
        part, row = self._locate(index)
        return next(self._rows(part, index, row, row + 1))

    def _read_many(self, indices: range) -> Iterator[Frame]:
        if indices.step != 1:
            yield from super()._read_many(indices)
            return
        ahead = max(1, _READ_AHEAD_BYTES // (24 * self.n_atoms))
        index = indices.start
        while index < indices.stop:
            part, row = self._locate(index)
            stop = min(row + ahead, self._parts[part].n_frames, row + indices.stop - index)
            yield from self._rows(part, index, row, stop)
            index += stop - row

    def _rows(self, part_index: int, first: int, start: int, stop: int) -> Iterator[Frame]:
        """Read rows of one part in one go and hand them out as frames."""
        part, atoms = self._parts[part_index], self._particles(part_index)
        try:
            positions = atoms["position/value"][start:stop].astype(float) * part.length_A
            cells = self._cells(part, atoms, start, stop)
            if "image" in atoms:
                positions += np.einsum("fai,fij->faj", _series_rows(atoms["image"], start, stop), cells)
            if "id" in atoms:
                order = np.argsort(_series_rows(atoms["id"], start, stop), axis=-1, kind="stable")
                positions = np.take_along_axis(positions, order[..., None], axis=1)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{part.path}, frames {start} to {stop - 1} cannot be read ({error}): the file is damaged, "
                "copy it again or leave these frames out"
            ) from error
        for offset in range(stop - start):
            yield self._frame(first + offset, positions[offset], cells[offset])

    def _cells(self, part: _Part, atoms: h5py.Group, start: int, stop: int) -> np.ndarray:
        if self._cell is not None:
            return np.repeat(self._cell[None], stop - start, axis=0)
        edges = atoms["box/edges"]
        if isinstance(edges, h5py.Dataset):
            values = np.repeat(np.asarray(edges, dtype=float)[None], stop - start, axis=0)
        elif part.edges_at is None:
            values = np.asarray(edges["value"][start:stop], dtype=float)
        else:
            rows = part.edges_at[start:stop]
            values = np.asarray(edges["value"][rows[0] : rows[-1] + 1], dtype=float)[rows - rows[0]]
        if values.shape[1:] == (3,):
            values = values[:, :, None] * np.eye(3)
        return values * part.length_A

    def _particles(self, index: int) -> h5py.Group:
        """Return the particles of one part, keeping only that part's file open."""
        name = self._files[index]
        if self._open_part != index or self._file is None:
            self.close()
            try:
                self._file = _open_to_read(name)
            except OSError as error:
                missing = not name.exists()
                raise InputError(
                    f"{name} does not exist"
                    if missing
                    else f"{name} is not a whole HDF5 file ({error}): it was cut short or is another format"
                ) from error
            self._open_part = index
        particles = self._file.get("particles")
        groups = [] if particles is None else [key for key in particles if "position" in particles[key]]
        wanted = self._group or ("all" if "all" in groups else groups[0] if len(groups) == 1 else None)
        if wanted is None or wanted not in groups:
            raise InputError(
                f"{name} has the groups of particles {', '.join(groups)}: choose one"
                if groups
                else f"{name} is HDF5 but not H5MD: it has no positions under 'particles'"
            )
        return particles[wanted]

    def _read_description(self, atoms: h5py.Group) -> None:
        mass = atoms.get("mass")
        self.masses = np.asarray(mass, dtype=float) if isinstance(mass, h5py.Dataset) else None
        self.creator = _text_attribute(atoms.file, "h5md/creator", "name")
        self.creator_version = _text_attribute(atoms.file, "h5md/creator", "version")
        self.author = _text_attribute(atoms.file, "h5md/author", "name")


def _open_to_read(name: Path) -> h5py.File:
    try:
        return h5py.File(name, "r")
    except OSError:
        # Locks fail on some shared file systems, and a finished file needs none.
        return h5py.File(name, "r", locking=False)


def _joined(parts: Sequence[_Part], name: str) -> np.ndarray | None:
    series = [getattr(part, name) for part in parts]
    return None if any(values is None for values in series) else np.concatenate(series)


def _describe_part(atoms: h5py.Group, path: Path, cell_given: bool) -> _Part:
    position = atoms["position"]
    n_frames = position["value"].shape[0]
    steps, times = _series(position, "step", n_frames), _series(position, "time", n_frames)
    time_unit = _unit(position["time"], _PS_PER_UNIT, path) if times is not None else None
    return _Part(
        path=path,
        n_frames=n_frames,
        steps=None if steps is None else steps.astype(np.int64),
        # A time of unknown unit is no time in ps.
        time_ps=None if times is None or time_unit is None else times * time_unit,
        length_A=_unit(position["value"], _A_PER_UNIT, path) or 1.0,
        edges_at=None if cell_given else _rows_of_edges(atoms, path, steps, n_frames),
    )


def _series(element: h5py.Group, name: str, n_frames: int) -> np.ndarray | None:
    """Read step or time, stored for every frame or as a fixed increment with an offset."""
    stored = element.get(name)
    if stored is None:
        return None
    if stored.shape == ():
        return np.arange(n_frames) * stored[()] + stored.attrs.get("offset", 0)
    return np.asarray(stored[:n_frames])


def _unit(dataset: h5py.Dataset, scale: dict[str, float], path: Path) -> float | None:
    unit = dataset.attrs.get("unit")
    if unit is None:
        return None
    text = unit.decode() if isinstance(unit, bytes) else str(unit)
    if text.lower() not in scale:
        raise InputError(f"{path} stores {dataset.name} in '{text}': mofglass reads {', '.join(scale)}")
    return scale[text.lower()]


def _rows_of_edges(
    atoms: h5py.Group, path: Path, steps: np.ndarray | None, n_frames: int
) -> np.ndarray | None:
    box = atoms.get("box")
    if box is None or "edges" not in box:
        raise InputError(f"{path} holds no periodic box: give its cell (--cell, Å)")
    edges = box["edges"]
    if isinstance(edges, h5py.Dataset):
        return None
    n_edges = edges["value"].shape[0]
    own = _series(edges, "step", n_edges)
    if n_edges == n_frames and (own is None or steps is None or np.array_equal(own, steps)):
        return None
    if own is None or steps is None:
        raise InputError(f"{path} holds {n_frames} frames and {n_edges} boxes and does not say which belong")
    rows = np.searchsorted(own, steps)
    if np.any(own[np.minimum(rows, n_edges - 1)] != steps):
        at = int(np.flatnonzero(own[np.minimum(rows, n_edges - 1)] != steps)[0])
        raise InputError(
            f"{path}, frame {at}: there is no box for its step {steps[at]}: give the cell (--cell, Å)"
        )
    return rows


def _series_rows(element: h5py.Group | h5py.Dataset, start: int, stop: int) -> np.ndarray:
    if isinstance(element, h5py.Dataset):
        return np.repeat(np.asarray(element)[None], stop - start, axis=0)
    return np.asarray(element["value"][start:stop])


def _atomic_numbers(atoms: h5py.Group, path: Path, elements: Sequence[str] | None) -> np.ndarray:
    n_atoms = atoms["position/value"].shape[1]
    symbols = None if elements is None else numbers_of_symbols(elements, path)
    species: Any = atoms.get("species")
    if isinstance(species, h5py.Group):
        species = species["value"]
    if species is None:
        if symbols is None or len(symbols) != n_atoms:
            given = "none" if symbols is None else str(len(symbols))
            raise InputError(
                f"{path} does not say what its {n_atoms} atoms are (it has no 'species'): give the element "
                f"of every atom in order (--elements, {given} given)"
            )
        return symbols
    values = np.asarray(species[0] if species.ndim == 2 else species)
    names = h5py.check_enum_dtype(species.dtype)
    if names is not None:
        by_value = {value: name for name, value in names.items()}
        return numbers_of_symbols([by_value[int(value)] for value in values], path)
    values = values.astype(np.int64)
    if symbols is None:
        creator = _text_attribute(atoms.file, "h5md/creator", "name")
        if "lammps" in creator.lower():
            raise InputError(
                f"{path} was written by LAMMPS and holds atom types 1 to {values.max()}, not elements: give "
                "the element of every type in order, as in --elements 'C H N Zn'"
            )
        if values.min() < 1 or values.max() > 118:
            raise InputError(
                f"{path} holds species {values.min()} to {values.max()}, which are not atomic numbers: give "
                "the element of every atom in order (--elements)"
            )
        return values
    if len(symbols) == n_atoms:
        return symbols
    if values.min() < 1 or values.max() > len(symbols):
        raise InputError(
            f"{path} holds atom types {values.min()} to {values.max()}, but {len(symbols)} elements were "
            "given (--elements): give one for every type in order"
        )
    return symbols[values - 1]


def _text_attribute(file: h5py.File, group: str, name: str) -> str:
    value = file[group].attrs.get(name, "unknown") if group in file else "unknown"
    return value.decode() if isinstance(value, bytes) else str(value)
