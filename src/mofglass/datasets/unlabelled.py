"""Frames to be labelled, from whatever holds them: datasets, structures, trajectories, runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ase.io
from ase import Atoms

from mofglass.datasets.dataset import open_dataset
from mofglass.datasets.extxyz import comment_pairs
from mofglass.datasets.formats import format_of, is_dataset_file
from mofglass.datasets.frame_source import require_periodic_atoms
from mofglass.errors import InputError
from mofglass.trajectory import open_trajectory

_XYZ = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")


def read_frames(path: Path | str) -> Iterator[Atoms]:
    """Read the frames of a file one at a time; what labels they have does not matter.

    Parameters
    ----------
    path : Path or str
        A dataset that mofglass wrote, extended XYZ (frames may differ in their atoms), or any structure or
        trajectory that `mofglass.trajectory.open_trajectory` reads.

    Yields
    ------
    ase.Atoms
        `info` has ``source`` (the file's name where it says nothing else) and, where known,
        ``temperature_K``.

    Raises
    ------
    InputError
        When the file is missing or cannot be read, or a frame is not periodic.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"there is no file {path}: give the frames to be labelled")
    for number, atoms in enumerate(_read(path)):
        require_periodic_atoms(atoms, f"{path}, frame {number}")
        yield atoms


def _read(path: Path) -> Iterator[Atoms]:
    if path.is_file() and is_dataset_file(path):
        for frame in open_dataset(path):
            yield frame.to_atoms()
        return
    default = {"source": path.name.split(".")[0]}
    # The cells of CP2K's xyz lie in another file, which its trajectory finds.
    if path.name.lower().endswith(_XYZ) and format_of(path) != "cp2k":
        try:
            for atoms in ase.io.iread(path, index=":", format="extxyz", properties_parser=comment_pairs):
                atoms.info = default | atoms.info
                yield atoms
        except (ValueError, KeyError, IndexError, OSError, EOFError) as error:
            raise InputError(f"{path} is not readable extended XYZ: {error}") from error
        return
    for read in open_trajectory(path):
        place = {"frame": read.index} | ({} if read.time_ps is None else {"time_ps": read.time_ps})
        atoms = Atoms(numbers=read.numbers, positions=read.positions, cell=read.cell, pbc=True)
        atoms.info = default | place
        yield atoms
