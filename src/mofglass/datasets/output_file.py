"""Where a file may be written, and under which name a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError

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
        When there is no folder for it, it is a folder itself, or its ending is that of another format.
    """
    _require_file(path)
    if path.suffix.lower() not in DATASET_ENDINGS:
        raise InputError(
            f"{path}: a dataset is HDF5 and is not called {path.suffix}: write NAME.dataset.h5, and other "
            "formats from it with  mofglass dataset export"
        )


def require_output_file(path: Path, frames: Iterable[LabelledFrame]) -> None:
    """Make sure that frames can be written to a file, and that they are not read from it.

    Parameters
    ----------
    path : Path
        The file.
    frames : iterable of LabelledFrame
        What is to be written; of a `Dataset` the files are known.

    Raises
    ------
    InputError
        When there is no folder for it, it is a folder itself, or one of the files of the dataset.
    """
    _require_file(path)
    if not isinstance(frames, Dataset):
        return
    target = path.resolve()
    if any(target == file.resolve() for source in frames.files for file in source.files()):
        raise InputError(f"{path} is a file that the frames are read from: write to another one")


def _require_file(path: Path) -> None:
    require_folder(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the name of a file to write")
