"""Writing H5MD 1.1 trajectories (https://www.nongnu.org/h5md/), and joining parts into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import h5py
import numpy as np
from ase.data import atomic_masses

from mofglass.errors import InputError, MofglassError
from mofglass.trajectory.atomic_write import publish, temporary_beside, written_whole
from mofglass.trajectory.h5md import H5MDTrajectory
from mofglass.trajectory.patient_file import PatientFile

# float32 resolves 4e-6 Å at 100 Å from the origin, far below thermal motion, and halves the file; byte
# shuffling and gzip level 1 take another fifth off and, unlike LZF, every HDF5 program reads them. Measured
# on 2176 atoms: 9.8 bytes an atom and frame, 0.4 ms to write a frame, 0.06 ms to read it (float64: 21
# bytes, 0.9 ms, 0.10 ms; higher gzip levels gain 2 %).
_PER_ATOM: dict[str, Any] = {"dtype": "f4", "shuffle": True, "compression": "gzip", "compression_opts": 1}
_SERIES_CHUNK = 512


class H5MDWriter:
    """Write frames to an H5MD 1.1 file, one chunk a frame.

    The file grows under a temporary name beside `path` and takes its name, forced to disk, in `close`: a
    file that carries its name is whole. Positions are stored as given: give them unwrapped, then nothing
    is lost of how atoms moved.

    Parameters
    ----------
    path : Path or str
        The file to be.
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    masses : ndarray, shape (n_atoms,), optional
        Masses, u; standard atomic weights by default.
    creator : str
        Name of the program that made the frames.
    creator_version : str, optional
        Its version; mofglass' own by default.
    author : str
        Who made them.
    velocities : bool
        Whether every frame comes with velocities.
    observables : mapping of str to str, optional
        Name and unit of numbers that come with every frame.

    Raises
    ------
    InputError
        When there are no atoms, or the masses are not one for each.
    MofglassError
        When the file cannot be made.
    """

    def __init__(
        self,
        path: Path | str,
        numbers: np.ndarray,
        *,
        masses: np.ndarray | None = None,
        creator: str = "mofglass",
        creator_version: str | None = None,
        author: str = "unknown",
        velocities: bool = False,
        observables: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self._temporary = temporary_beside(self.path)
        self._n_atoms = len(numbers)
        self._n_frames = 0
        self._last_step: int | None = None
        numbers = np.asarray(numbers)
        masses = atomic_masses[numbers] if masses is None else np.asarray(masses, dtype=float)
        if not self._n_atoms or numbers.shape != masses.shape:
            raise InputError(
                f"{self.path}: {numbers.shape} atomic numbers and {masses.shape} masses do not fit"
            )
        try:
            self._disk = PatientFile(self._temporary)
        except OSError as error:
            raise MofglassError(f"{self.path} cannot be written: {error.strerror}") from error
        self._file: h5py.File | None = h5py.File(self._disk, "w", libver=("v108", "latest"))
        self._write_header(creator, creator_version or version("mofglass"), author)
        self._write_particles(numbers, masses, velocities)
        self._observables = frozenset(observables or ())
        self._write_observables(observables or {})

    def __len__(self) -> int:
        return self._n_frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Every appended frame is whole, so what was written before an error is worth keeping.
        self.close()

    def append(
        self,
        step: int,
        time_ps: float,
        positions: np.ndarray,
        cell: np.ndarray,
        velocities: np.ndarray | None = None,
        observables: Mapping[str, float] | None = None,
    ) -> None:
        """Add one frame.

        Parameters
        ----------
        step : int
            MD step, larger than the one before.
        time_ps : float
            Time, ps.
        positions : ndarray, shape (n_atoms, 3)
            Unwrapped Cartesian positions, Å.
        cell : ndarray, shape (3, 3)
            Cell vectors as rows, Å.
        velocities : ndarray, shape (n_atoms, 3), optional
            Velocities, Å/ps; needed when the writer was made with `velocities`, refused otherwise.
        observables : mapping of str to float, optional
            A number for each observable the writer was made with, in its unit.

        Raises
        ------
        InputError
            When a shape is wrong, a position is not finite, the step does not grow, or the file is closed.
        MofglassError
            When the disk refuses, e.g. because it is full.
        """
        if self._file is None:
            raise InputError(f"{self.path} is closed: open a new part to add frames")
        positions = self._per_atom("positions", positions)
        cell = np.asarray(cell, dtype=float)
        if cell.shape != (3, 3):
            raise InputError(f"{self.path}, step {step}: the cell has shape {cell.shape}, it must be (3, 3)")
        if self._last_step is not None and step <= self._last_step:
            raise InputError(f"{self.path}: step {step} comes after step {self._last_step}, steps must grow")
        if (velocities is None) == ("velocity" in self._series):
            raise InputError(f"{self.path}, step {step}: velocities come with every frame or with none")
        values: dict[str, Any] = {"position": positions, "edges": cell, "step": step, "time": time_ps}
        if velocities is not None:
            values["velocity"] = self._per_atom("velocities", velocities)
        if frozenset(observables or ()) != self._observables:
            expected, given = sorted(self._observables) or "none", sorted(observables or ()) or "none"
            raise InputError(
                f"{self.path}, step {step}: the file's observables are {expected}, the frame's are {given}"
            )
        values |= {f"observables/{name}": value for name, value in (observables or {}).items()}
        for name, dataset in self._series.items():
            dataset.resize(self._n_frames + 1, axis=0)
            dataset[self._n_frames] = values[name]
        if self._disk.error is not None:
            self._abandon(self._disk.error)
        self._n_frames += 1
        self._last_step = int(step)

    def close(self) -> None:
        """Force the file to disk and give it its name; a second call does nothing.

        Raises
        ------
        MofglassError
            When the disk refuses; the temporary file is then removed.
        """
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self._disk.close()
        if self._disk.error is not None:
            self._abandon(self._disk.error)
        try:
            publish(self._temporary, self.path)
        except OSError as error:
            self._abandon(error)

    def _abandon(self, error: OSError) -> NoReturn:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._disk.close()
        self._temporary.unlink(missing_ok=True)
        raise MofglassError(
            f"{self.path} cannot be written ({error.strerror}): make room on the disk and start again from "
            "the last file that is whole"
        ) from error

    def _per_atom(self, name: str, values: np.ndarray) -> np.ndarray:
        array = np.asarray(values)
        if array.shape != (self._n_atoms, 3):
            raise InputError(
                f"{self.path}: {name} of frame {self._n_frames} have shape {array.shape}, they must have "
                f"({self._n_atoms}, 3)"
            )
        if not np.isfinite(array).all():
            atom = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise InputError(
                f"{self.path}: {name} of frame {self._n_frames} are not finite at atom {atom}, counted from "
                "0: the frames before it are kept"
            )
        return array

    def _write_header(self, creator: str, creator_version: str, author: str) -> None:
        assert self._file is not None
        h5md = self._file.create_group("h5md")
        h5md.attrs["version"] = np.array([1, 1], dtype=np.int32)
        h5md.create_group("author").attrs["name"] = author
        made_by = h5md.create_group("creator")
        made_by.attrs["name"] = creator
        made_by.attrs["version"] = creator_version
        h5md.create_group("modules/units").attrs["version"] = np.array([1, 0], dtype=np.int32)

    def _write_particles(self, numbers: np.ndarray, masses: np.ndarray, velocities: bool) -> None:
        assert self._file is not None
        atoms = self._file.create_group("particles/all")
        atoms.create_dataset("species", data=numbers.astype(np.int32))
        mass = atoms.create_dataset("mass", data=masses.astype(np.float64))
        mass.attrs["unit"] = "u"
        position = atoms.create_group("position")
        step = position.create_dataset("step", (0,), "i8", maxshape=(None,), chunks=(_SERIES_CHUNK,))
        time = position.create_dataset("time", (0,), "f8", maxshape=(None,), chunks=(_SERIES_CHUNK,))
        time.attrs["unit"] = "ps"
        self._series = {"step": step, "time": time}
        self._series["position"] = self._per_atom_dataset(position, "Angstrom")
        box = atoms.create_group("box")
        box.attrs["dimension"] = 3
        box.attrs["boundary"] = ["periodic"] * 3
        edges = self._timed_group(box, "edges", step, time)
        self._series["edges"] = edges.create_dataset(
            "value", (0, 3, 3), "f8", maxshape=(None, 3, 3), chunks=(_SERIES_CHUNK // 8, 3, 3)
        )
        self._series["edges"].attrs["unit"] = "Angstrom"
        if velocities:
            velocity = self._timed_group(atoms, "velocity", step, time)
            self._series["velocity"] = self._per_atom_dataset(velocity, "Angstrom ps-1")

    def _write_observables(self, units: Mapping[str, str]) -> None:
        assert self._file is not None
        for name, unit in units.items():
            group = self._timed_group(
                self._file.require_group("observables"), name, self._series["step"], self._series["time"]
            )
            value = group.create_dataset("value", (0,), "f8", maxshape=(None,), chunks=(_SERIES_CHUNK,))
            value.attrs["unit"] = unit
            self._series[f"observables/{name}"] = value

    def _per_atom_dataset(self, group: h5py.Group, unit: str) -> h5py.Dataset:
        shape = (self._n_atoms, 3)
        dataset = group.create_dataset(
            "value", (0, *shape), maxshape=(None, *shape), chunks=(1, *shape), **_PER_ATOM
        )
        dataset.attrs["unit"] = unit
        return dataset

    @staticmethod
    def _timed_group(parent: h5py.Group, name: str, step: h5py.Dataset, time: h5py.Dataset) -> h5py.Group:
        # Hard links, as the specification allows: one time axis for all.
        group = parent.create_group(name)
        group["step"] = step
        group["time"] = time
        return group


def merge_h5md(parts: Sequence[Path | str], destination: Path | str) -> None:
    """Join H5MD parts into one file, which appears whole or not at all; the parts stay.

    Parameters
    ----------
    parts : sequence of Path or str
        Parts written by `H5MDWriter`, in order of time.
    destination : Path or str
        The file to be.

    Raises
    ------
    InputError
        When there is no part, parts differ in their atoms, or steps do not grow from frame to frame.
    MofglassError
        When the disk refuses.
    """
    destination = Path(destination)
    with H5MDTrajectory([Path(part) for part in parts]) as source:
        steps, times, observables = source.steps, source.time_ps, source.observables()
        if steps is None or times is None:
            raise InputError(
                f"{source.path} does not say the step and time of its frames: it cannot be joined"
            )
        if np.any(np.diff(steps) <= 0):
            at = int(np.flatnonzero(np.diff(steps) <= 0)[0]) + 1
            raise InputError(
                f"{source.part_of(at)}: step {steps[at]} comes after step {steps[at - 1]}: give the parts in "
                "order, each once"
            )
        with written_whole(destination) as temporary:
            writer = H5MDWriter(
                temporary,
                source.numbers,
                masses=source.masses,
                creator=source.creator,
                creator_version=source.creator_version,
                author=source.author,
                velocities=source.has_velocities,
                observables={name: observable.unit for name, observable in observables.items()},
            )
            with writer:
                for frame in source:
                    velocities = source.velocities(frame.index) if source.has_velocities else None
                    writer.append(
                        int(steps[frame.index]),
                        float(times[frame.index]),
                        frame.positions,
                        frame.cell,
                        velocities,
                        {name: float(item.values[frame.index]) for name, item in observables.items()},
                    )
