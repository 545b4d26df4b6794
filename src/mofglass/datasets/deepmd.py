"""Labelled frames in DeePMD's npy format: a folder a system, in it a type a atom and sets of arrays.

Format: DeePMD-kit's manual, "System" and "Formats of a system", and dpdata's ``deepmd/npy`` and
``deepmd/npy/mixed``: ``type.raw``, ``type_map.raw``, and in each ``set.*`` ``coord.npy`` (Å), ``box.npy``
(Å), ``energy.npy`` (eV), ``force.npy`` (eV/Å), ``virial.npy`` (eV, minus volume times stress). Read and
written here rather than through dpdata, which holds a whole system in memory and by default writes energies
in single precision.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from mofglass.datasets.dataset import Dataset, Progress
from mofglass.datasets.frame_source import FewOpen, FrameSource, require_periodic
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import temporary_beside
from mofglass.trajectory.elements import numbers_of_symbols

_SETS_OPEN = 4
_NO_VIRIAL = "-no-virial"
_LABEL = "label its frames with  mofglass dataset label"
_REMEDY = {
    "coord": "write the positions, Å",
    "box": "write the cells, Å, nine numbers a frame",
    "energy": _LABEL,
    "force": _LABEL,
}


class DeePMDSystems(FrameSource):
    """Labelled frames of a DeePMD system, or of a folder with several, at any depth.

    Arrays are mapped, not read. The mixed format (``real_atom_types.npy``, padded with atoms of type -1) is
    read too. Of systems in subfolders, the first part of the subfolder's path is the source.

    Parameters
    ----------
    path : Path
        The folder.
    places : ndarray of int, shape (n_frames, 2), optional
        Number of the set and of the row in it; found by looking through the folder when not given.

    Raises
    ------
    InputError
        When the folder holds no system, or a system lacks types, energies or forces, or is not periodic.
    """

    format = "deepmd"

    def __init__(self, path: Path, places: np.ndarray | None = None) -> None:
        super().__init__(path)
        systems = sorted(file.parent for file in self.path.rglob("type.raw"))
        self._sets = [_Set(folder, system) for system in systems for folder in sorted(system.glob("set.*"))]
        if not self._sets:
            raise InputError(
                f"{path} holds no DeePMD system: a folder with type.raw and set.*/coord.npy is one"
            )
        if places is None:
            lengths = [len(one) for one in self._sets]
            places = np.empty((sum(lengths), 2), dtype=np.int32)
            places[:, 0] = np.repeat(np.arange(len(lengths)), lengths)
            places[:, 1] = np.concatenate([np.arange(length) for length in lengths])
        self._places = places
        self._open = FewOpen(_SETS_OPEN)

    def __len__(self) -> int:
        return len(self._places)

    def index(self) -> dict[str, np.ndarray]:
        """Return set and row of every frame.

        Returns
        -------
        dict of str to ndarray
            ``places``.
        """
        return {"places": self._places}

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> DeePMDSystems:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The folder.
        index : dict of str to ndarray
            ``places``.

        Returns
        -------
        DeePMDSystems
            The reader.
        """
        return cls(path, index["places"])

    def files(self) -> list[Path]:
        """Return the arrays of all sets.

        Returns
        -------
        list of Path
            Files.
        """
        return [file for one in self._sets for file in one.files()]

    def read(self, index: int) -> LabelledFrame:
        """Read one frame.

        Parameters
        ----------
        index : int
            Number over all sets, from 0.

        Returns
        -------
        LabelledFrame
            Its stress is minus the virial over the volume.
        """
        number, row = self._places[index]
        own = self._sets[number]
        self._open.use(own)
        inside = own.system.relative_to(self.path).parts
        return own.read(int(row), inside[0] if inside else "")

    def close(self) -> None:
        """Let the arrays go; reading afterwards maps them again."""
        for one in self._sets:
            one.close()


class _Set:
    """The arrays of one ``set.*`` folder, mapped when first read."""

    def __init__(self, folder: Path, system: Path) -> None:
        self.folder, self.system = folder, system
        require_periodic(not (system / "nopbc").exists(), f"{system}, by its file nopbc,")
        types = np.loadtxt(system / "type.raw", dtype=np.int64, ndmin=1)
        map_file = system / "type_map.raw"
        if not map_file.is_file():
            raise InputError(
                f"{system} has no type_map.raw, which names the element of every type in type.raw: write it, "
                "e.g. 'H C N Zn'"
            )
        self._elements = numbers_of_symbols(map_file.read_text().split(), map_file)
        if types.min() < 0 or types.max() >= len(self._elements):
            raise InputError(f"{system}: type.raw has types that type_map.raw does not name")
        self._types = types
        self._arrays: dict[str, np.ndarray] = {}
        for name in _REMEDY:
            if not (folder / f"{name}.npy").is_file():
                raise InputError(f"{folder} has no {name}.npy: {_REMEDY[name]}")

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.npy"))

    def __len__(self) -> int:
        return len(self._mapped("energy"))

    def _array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            self._arrays[name] = self._mapped(name)
        return self._arrays[name]

    def _mapped(self, name: str) -> np.ndarray:
        array: np.ndarray = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return array

    def _has(self, name: str) -> bool:
        return (self.folder / f"{name}.npy").is_file()

    def close(self) -> None:
        self._arrays = {}

    def read(self, row: int, source: str) -> LabelledFrame:
        types = self._types
        if self._has("real_atom_types"):
            types = np.asarray(self._array("real_atom_types")[row])
        real = types >= 0
        cell = np.array(self._array("box")[row], dtype=float).reshape(3, 3)
        stress = None
        if self._has("virial"):
            virial = np.array(self._array("virial")[row], dtype=float).reshape(3, 3)
            stress = -0.5 * (virial + virial.T) / abs(np.linalg.det(cell))
        return LabelledFrame(
            numbers=self._elements[types[real]],
            positions=np.array(self._array("coord")[row], dtype=float).reshape(-1, 3)[real],
            cell=cell,
            energy_eV=float(np.asarray(self._array("energy")[row]).ravel()[0]),
            forces_eV_per_A=np.array(self._array("force")[row], dtype=float).reshape(-1, 3)[real],
            stress_eV_per_A3=stress,
            source=source,
            info={"system": self.system.name},
        )


def write_deepmd(
    dataset: Dataset,
    path: Path | str,
    progress: Progress | None = None,
    *,
    type_map: Sequence[str] | None = None,
) -> list[Path]:
    """Write a dataset as DeePMD systems, ``PATH/SOURCE/FORMULA/set.000``, in double precision.

    A system holds frames of one source and formula, with or without virials. Its atoms are sorted by type,
    those of a type kept in their order.

    Parameters
    ----------
    dataset : Dataset
        The frames; one at a time is in memory.
    path : Path or str
        The folder, which must not exist or be empty; written whole or not at all.
    progress : callable, optional
        Called with the number of frames written so far.
    type_map : sequence of str, optional
        Elements in the order of DeePMD's types; by default those of the dataset by atomic number.

    Returns
    -------
    list of Path
        The systems' folders, for DeePMD's ``systems``.

    Raises
    ------
    InputError
        When the folder is not empty, or an element is not in the type map.
    """
    path = Path(path)
    elements = tuple(type_map or dataset.elements)
    missing = sorted(set(dataset.elements) - set(elements))
    if missing:
        raise InputError(
            f"the type map {' '.join(elements)} lacks {', '.join(missing)}, which the frames contain: "
            "add them"
        )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path} exists and is not empty: choose another folder or remove it")
    type_of = np.full(len(chemical_symbols), -1)
    type_of[[atomic_numbers[symbol] for symbol in elements]] = np.arange(len(elements))
    table = dataset.table
    keys = np.stack([table.codes("source"), table.codes("formula"), table.has_stress], axis=1)
    groups, group_of = np.unique(keys, axis=0, return_inverse=True)
    temporary = temporary_beside(path)
    systems = []
    n_written = 0
    try:
        for number, (source, formula, has_stress) in enumerate(groups):
            folder = Path(_folder_name(table.labels("source")[source])) / (
                table.labels("formula")[formula] + ("" if has_stress else _NO_VIRIAL)
            )
            frames = dataset[np.flatnonzero(group_of.ravel() == number)]
            system = temporary / folder
            while system.exists():  # two labels that differ only in letters no folder may have
                folder = folder.with_name(folder.name + "-")
                system = temporary / folder
            _write_system(frames, system, type_of, elements, bool(has_stress), n_written, progress)
            n_written += len(frames)
            systems.append(path / folder)
        if path.exists():
            path.rmdir()
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return systems


def _write_system(
    frames: Dataset,
    system: Path,
    type_of: np.ndarray,
    elements: Sequence[str],
    has_stress: bool,
    n_written: int,
    progress: Progress | None,
) -> None:
    """Write one system frame by frame, through mapped files."""
    n_frames, n_atoms = len(frames), int(frames.table.n_atoms[0])
    folder = system / "set.000"
    folder.mkdir(parents=True)
    widths = {"coord": 3 * n_atoms, "force": 3 * n_atoms, "box": 9} | ({"virial": 9} if has_stress else {})
    arrays = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.float64, shape=(n_frames, width)
        )
        for name, width in widths.items()
    }
    types = np.empty(0, dtype=np.int64)
    for row, frame in enumerate(frames):
        of_frame = type_of[frame.numbers]
        order = np.argsort(of_frame, kind="stable")
        types = of_frame[order]
        arrays["coord"][row] = frame.positions[order].ravel()
        arrays["force"][row] = frame.forces_eV_per_A[order].ravel()
        arrays["box"][row] = frame.cell.ravel()
        if frame.stress_eV_per_A3 is not None:
            arrays["virial"][row] = (-frame.volume_A3 * frame.stress_eV_per_A3).ravel()
        if progress is not None:
            progress(n_written + row + 1)
    for array in arrays.values():
        array.flush()
    np.save(folder / "energy.npy", np.array(frames.table.energy_eV, dtype=np.float64))
    (system / "type.raw").write_text("\n".join(map(str, types)) + "\n")
    (system / "type_map.raw").write_text("\n".join(elements) + "\n")


def _folder_name(label: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", label).strip(".") or "unnamed"
