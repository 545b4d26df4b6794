"""Numbers that an H5MD file holds beside its particles, one a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np


@dataclass(frozen=True)
class Observable:
    """One number a frame.

    Parameters
    ----------
    values : ndarray, shape (n_frames,)
        The numbers.
    unit : str
        Unit as the file says; empty where it says none.
    """

    values: np.ndarray
    unit: str


def read_observables(
    files: Sequence[tuple[Path, int]], open_file: Callable[[Path], h5py.File]
) -> dict[str, Observable]:
    """Read the observables that all parts of a trajectory share.

    Parameters
    ----------
    files : sequence of (Path, int)
        Parts in order, and how many of their frames count: the first ones.
    open_file : callable
        Opens a part to read; HDF5 wants one file opened in one way throughout a process.

    Returns
    -------
    dict of str to Observable
        Those with one number for every frame; others an H5MD file may hold are left alone.
    """
    found: dict[str, list[Observable]] = {}
    for path, n_frames in files:
        with open_file(path) as file:
            for name, group in file.get("observables", {}).items():
                value = group.get("value") if isinstance(group, h5py.Group) else None
                if isinstance(value, h5py.Dataset) and value.ndim == 1 and len(value) >= n_frames:
                    unit = str(value.attrs.get("unit", ""))
                    values = np.asarray(value[:n_frames], dtype=float)
                    found.setdefault(name, []).append(Observable(values, unit))
    return {
        name: Observable(np.concatenate([part.values for part in parts]), parts[0].unit)
        for name, parts in found.items()
        if len(parts) == len(files)
    }
