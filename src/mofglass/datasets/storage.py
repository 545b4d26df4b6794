"""A dataset on disk: the table and where every frame lies, in one HDF5 file that opens at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.formats import reader_class
from mofglass.datasets.output_file import KIND, require_dataset_name, require_output_file
from mofglass.datasets.table import CODED, COLUMNS, Table
from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import written_whole

VERSION = 2
"""In 1, which is still read, labels and sizes were attributes, of which HDF5 holds 64 kB."""


def save(dataset: Dataset, path: Path) -> None:
    """Write a dataset; frames stay in their files, of which only those in use are named.

    Parameters
    ----------
    dataset : Dataset
        The frames.
    path : Path
        The file; written whole or not at all.

    Raises
    ------
    InputError
        When frames are in memory only, or the file cannot be written or is one that they are read from.
    """
    table = dataset.table
    used = np.unique(table.file)
    for number in used:
        if not dataset.files[number].files():
            raise InputError(
                f"{path}: a dataset names the files its frames lie in, and these are in memory: write them "
                "with  export_extxyz  and open that file"
            )
    require_output_file(path, dataset)
    require_dataset_name(path)
    with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"kind": KIND, "version": VERSION, "n_frames": len(dataset)})
        group, labels = file.create_group("table"), file.create_group("labels")
        for name in COLUMNS:
            column = table.codes(name) if name in CODED else table[name]
            if name == "file":
                column = np.searchsorted(used, column)
            if name in CODED:
                codes, column = np.unique(column, return_inverse=True)
                words = [table.labels(name)[code] for code in codes]
                labels.create_dataset(name, data=np.array(words, dtype=h5py.string_dtype()))
            group.create_dataset(name, data=column.astype(COLUMNS[name]))
        for place, number in enumerate(used):
            source = dataset.files[number]
            entry = file.create_group(f"files/{place:06d}")
            absolute = [one.absolute() for one in source.files()]
            entry.attrs["format"] = source.format
            entry.attrs["path"] = str(source.path.absolute())
            entry.attrs["relative_path"] = os.path.relpath(source.path, path.parent)
            index = entry.create_group("index")
            entry.create_dataset("sizes", data=[one.stat().st_size for one in absolute])
            for name, array in source.index().items():
                index.create_dataset(name, data=array)


def load(path: Path) -> Dataset:
    """Open a dataset that `save` wrote; its columns are mapped from disk, not read.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Dataset
        The frames.

    Raises
    ------
    InputError
        When it is no such file, or a file it names is missing or has changed since.
    """
    with h5py.File(path, "r") as file:
        if file.attrs.get("kind") != KIND:
            raise InputError(
                f"{path} is an HDF5 file but no dataset of mofglass: trajectories without energies and "
                "forces are labelled with  mofglass dataset label"
            )
        version = int(file.attrs["version"])
        if version not in (1, VERSION):
            raise InputError(
                f"{path} was written by another version of mofglass: import its files again with  mofglass "
                "dataset import"
            )
        # One map for all, since every map takes a descriptor and there may be thousands of files.
        whole = np.memmap(path, mode="r")
        table = file["table"]
        columns = {name: _mapped(whole, table[name]) for name in COLUMNS}
        if version == 1:
            labels = {name: [str(word) for word in table[name].attrs["labels"]] for name in CODED}
        else:
            labels = {name: list(file["labels"][name].asstr()[()]) for name in CODED}
        sources = []
        for entry in file["files"].values():
            attributes = entry.attrs
            where = _find(path, attributes)
            index = entry if version == 1 else entry["index"]
            arrays = {name: _mapped(whole, array) for name, array in index.items()}
            source = reader_class(attributes["format"]).from_index(where, arrays)
            sizes = [one.stat().st_size if one.exists() else -1 for one in source.files()]
            if sizes != list(attributes["sizes"] if version == 1 else entry["sizes"]):
                raise InputError(
                    f"{where} has changed since {path} was made from it: run  mofglass dataset import  again"
                )
            sources.append(source)
    return Dataset(sources, Table(columns, labels))


def _mapped(whole: np.ndarray, array: h5py.Dataset) -> np.ndarray:
    """Take an array from the mapped file; pages are read when touched and given back when memory is short."""
    offset = array.id.get_offset()
    if offset is None or array.size == 0:
        return np.asarray(array)
    return np.ndarray(array.shape, array.dtype, buffer=whole, offset=offset)


def _find(dataset: Path, attributes: Any) -> Path:
    """Find a source by its place beside the dataset, then where it was at import."""
    beside = dataset.absolute().parent / attributes["relative_path"]
    for candidate in (beside, Path(attributes["path"])):
        if candidate.exists():
            return candidate
    raise InputError(
        f"{dataset} names the file {attributes['path']}, which is not there: put it back or import the "
        "frames again with  mofglass dataset import"
    )
