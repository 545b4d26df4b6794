"""Where a file may be written, and under which name a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import h5py

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.formats import format_of
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError

KIND = "mofglass dataset"
"""What a dataset's file says of itself."""

DATASET_ENDINGS = (".h5", ".hdf5", "")


def require_folder(path: Path) -> None:
    """Make sure that the folder a file is to be written in exists.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    InputError
        When it does not.
    """
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}, make it first")


def require_dataset_name(path: Path) -> None:
    """Make sure, before anything is read, that a dataset can be written to a file.

    Parameters
    ----------
    path : Path
        The file; ``.h5``, ``.hdf5`` or no ending.

    Raises
    ------
    InputError
        When there is no folder for it, it is a folder or a file of something else, or its ending is that of
        another format.
    """
    _require_file(path)
    if path.suffix.lower() not in DATASET_ENDINGS:
        raise InputError(
            f"{path}: a dataset is HDF5 and is not called {path.suffix}: write NAME.dataset.h5, and other "
            "formats from it with  mofglass dataset export"
        )
    if _is_filled(path) and not _is_dataset(path):
        raise _not_replaced(path, KIND)


def require_output_file(path: Path, frames: Iterable[LabelledFrame], fmt: str | None = None) -> None:
    """Make sure that frames can be written to a file, and that they are not read from it.

    Parameters
    ----------
    path : Path
        The file.
    frames : iterable of LabelledFrame
        What is to be written; of a `Dataset` the files are known.
    fmt : str, optional
        One of `mofglass.datasets.formats.FORMATS`; a file of another one is not replaced.

    Raises
    ------
    InputError
        When there is no folder for it, it is a folder or a file of something else, or one of the files of
        the dataset.
    """
    _require_file(path)
    files = (
        [file for source in frames.files for file in source.files()] if isinstance(frames, Dataset) else []
    )
    target = path.resolve()
    if any(target == file.resolve() for file in files):
        raise InputError(f"{path} is a file that the frames are read from: write to another one")
    if fmt is not None and _is_filled(path) and _format(path) != fmt:
        raise _not_replaced(path, f"file of the format {fmt}")


def _require_file(path: Path) -> None:
    require_folder(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the name of a file to write")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is no ordinary file: give another name")


def _is_filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _is_dataset(path: Path) -> bool:
    try:
        with h5py.File(path) as file:
            return bool(file.attrs.get("kind") == KIND)
    except OSError:
        return False


def _format(path: Path) -> str:
    try:
        return format_of(path)
    except InputError:
        return ""


def _not_replaced(path: Path, what: str) -> InputError:
    return InputError(f"{path} is there already, and is no {what}: give another name, or remove it first")
