"""A dataset: a compact table of labelled frames over files that are read when a frame is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula

from mofglass.datasets.frame_source import FewOpen, FramesInMemory, FrameSource, require_sound
from mofglass.datasets.labelled import LabelledFrame
from mofglass.datasets.table import Table, TableBuilder
from mofglass.errors import InputError

Progress = Callable[[int], None]

N_OPEN = 32
"""Files that a dataset and its views keep open."""


class Dataset:
    """Labelled frames, of which only a table of numbers is in memory.

    ``ds[k]`` reads one frame (negative `k` counts from the end); ``ds[start:stop:step]``, ``ds[rows]`` with
    an array of row numbers or of booleans, and ``ds.split("train")`` are datasets over the same files;
    iterating reads frame after frame. Frames may differ in their number of atoms and elements.

    Parameters
    ----------
    files : sequence of FrameSource
        The readers that `table.file` counts.
    table : Table
        One row a frame.
    """

    def __init__(self, files: Sequence[FrameSource], table: Table) -> None:
        self.files = tuple(files)
        self.table = table
        self._open = FewOpen(N_OPEN)

    def _view(self, table: Table) -> Dataset:
        """Return a dataset over the same files, with which it shares what is open."""
        view = Dataset(self.files, table)
        view._open = self._open
        return view

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> LabelledFrame: ...

    @overload
    def __getitem__(self, key: slice | np.ndarray | Sequence[int]) -> Dataset: ...

    def __getitem__(
        self, key: int | np.integer[Any] | slice | np.ndarray | Sequence[int]
    ) -> LabelledFrame | Dataset:
        if isinstance(key, int | np.integer):
            if not -len(self) <= key < len(self):
                raise IndexError(f"the dataset has {len(self)} frames, there is no frame {key}")
            return self._read(int(key) % len(self))
        if isinstance(key, slice):
            return self._view(self.table.take(key))
        rows = np.asarray(key)
        if rows.dtype == bool:
            if rows.shape != (len(self),):
                raise IndexError(f"{rows.shape} booleans cannot choose among {len(self)} frames")
            rows = np.flatnonzero(rows)
        return self._view(self.table.take(rows.astype(np.intp).ravel()))

    def __iter__(self) -> Iterator[LabelledFrame]:
        return (self._read(row) for row in range(len(self)))

    def __repr__(self) -> str:
        return f"Dataset({len(self)} frames of {len(self.files)} files: {', '.join(self.sources)})"

    def _read(self, row: int) -> LabelledFrame:
        table = self.table
        file = self.files[table.file[row]]
        index = int(table.frame[row])
        self._open.use(file)
        frame = require_sound(file.read(index), file.path, index)
        return replace(
            frame,
            source=table.labels("source")[table.codes("source")[row]],
            temperature_K=float(table.temperature_K[row]),
            info={**frame.info, "frame": index, "file": str(file.path)},
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """Labels of the sources that occur, in alphabetical order."""
        return self._present("source")

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols that occur, by atomic number."""
        symbols = {symbol for formula in self._present("formula") for symbol in Formula(formula).count()}
        return tuple(sorted(symbols, key=atomic_numbers.__getitem__))

    def _present(self, column: str) -> tuple[str, ...]:
        labels = self.table.labels(column)
        return tuple(sorted(labels[code] for code in np.unique(self.table.codes(column))))

    def split(self, name: str) -> Dataset:
        """Return the frames of one split.

        Parameters
        ----------
        name : str
            ``train``, ``validation`` or ``test``.

        Returns
        -------
        Dataset
            At least one frame.

        Raises
        ------
        InputError
            When no frame is in that split.
        """
        labels = self.table.labels("split")
        code = labels.index(name) if name in labels else -1
        chosen = np.flatnonzero(self.table.codes("split") == code)
        if not len(chosen):
            known = ", ".join(label for label in self._present("split") if label)
            raise InputError(
                f"the dataset has no frames in the split '{name}', only "
                f"{known or 'frames without one: run  mofglass dataset split'}"
            )
        return self[chosen]

    def with_columns(self, **columns: Any) -> Dataset:
        """Return the same frames with other entries in the table, e.g. ``split`` or ``block``.

        Parameters
        ----------
        **columns : array_like or scalar
            As for `Table.replaced`.

        Returns
        -------
        Dataset
            Over the same files.
        """
        return self._view(self.table.replaced(**columns))

    def close(self) -> None:
        """Close the files; reading afterwards opens them again."""
        for file in self.files:
            file.close()

    def save(self, path: Path | str) -> None:
        """Write the table and where every frame lies; the frames stay in their files.

        Parameters
        ----------
        path : Path or str
            The file, by custom ``NAME.dataset.h5``.

        Raises
        ------
        InputError
            When frames are in no file.
        """
        from mofglass.datasets.storage import save

        save(self, Path(path))

    @classmethod
    def from_frames(cls, frames: Iterable[LabelledFrame]) -> Dataset:
        """Make a dataset of frames in memory.

        Parameters
        ----------
        frames : iterable of LabelledFrame
            At least one.

        Returns
        -------
        Dataset
            The frames in their order.

        Raises
        ------
        InputError
            When there is none, or one is not sound.
        """
        return cls.from_sources([FramesInMemory(list(frames))])

    @classmethod
    def from_sources(
        cls,
        files: Sequence[FrameSource],
        *,
        source: str | None = None,
        temperature_K: float | None = None,
        progress: Progress | None = None,
    ) -> Dataset:
        """Read every frame of several readers once, to make the table.

        Parameters
        ----------
        files : sequence of FrameSource
            The readers.
        source : str, optional
            Label of all frames; by default what the file says, or its name.
        temperature_K : float, optional
            Temperature of all frames, K; by default what the file says, or NaN.
        progress : callable, optional
            Called with the number of frames read so far.

        Returns
        -------
        Dataset
            The frames in the order of the files.

        Raises
        ------
        InputError
            When there is no frame, one is not sound, or atoms of the first of a file lie on one another.
        """
        tables = []
        n_read = 0
        for number, file in enumerate(files):
            builder = TableBuilder(
                source=source, default_source=file.default_label(), temperature_K=temperature_K
            )
            for index, frame in enumerate(file.read_all()):
                builder.add(require_sound(frame, file.path, index), index, number)
                if index == 0 and file.files():
                    _check_lengths(frame, file.path)
                n_read += 1
                if progress is not None:
                    progress(n_read)
            file.close()
            tables.append(builder.table())
        if not n_read:
            raise InputError("a dataset needs at least one labelled frame")
        return cls(files, Table.joined(tables))

    @classmethod
    def joined(cls, datasets: Sequence[Dataset]) -> Dataset:
        """Put datasets one after the other.

        Parameters
        ----------
        datasets : sequence of Dataset
            At least one.

        Returns
        -------
        Dataset
            All their frames.
        """
        files: dict[object, FrameSource] = {}
        tables = []
        for dataset in datasets:
            # Parts of one dataset share files, which are then kept once.
            keys = [file.path.absolute() if file.files() else id(file) for file in dataset.files]
            for key, file in zip(keys, dataset.files, strict=True):
                files.setdefault(key, file)
            places = {key: place for place, key in enumerate(files)}
            numbers = np.array([places[key] for key in keys])
            tables.append(dataset.table.replaced(file=numbers[dataset.table.file]))
        return cls(list(files.values()), Table.joined(tables))


def open_dataset(
    paths: Path | str | Sequence[Path | str],
    *,
    fmt: str | None = None,
    source: str | None = None,
    temperature_K: float | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Open labelled frames: datasets that mofglass wrote, or any files that a reader knows.

    A dataset that mofglass wrote opens at once; other files are read through once.

    Parameters
    ----------
    paths : path or sequence of paths
        Files; see `mofglass.datasets.formats.FORMATS`.
    fmt : str, optional
        Format of all of them; told from the content by default.
    source : str, optional
        Label of all frames; by default what the file says, or its name.
    temperature_K : float, optional
        Temperature of all frames, K; by default what the file says, or NaN.
    progress : callable, optional
        Called with the number of frames read so far.

    Returns
    -------
    Dataset
        At least one frame.

    Raises
    ------
    InputError
        When a file is missing, of no known format, or its frames lack energy or forces.
    """
    from mofglass.datasets.formats import is_dataset_file, open_source
    from mofglass.datasets.storage import load

    given = [paths] if isinstance(paths, str | Path) else list(paths)
    if not given:
        raise InputError("a dataset needs at least one file")
    parts: list[Dataset] = []
    n_read = 0
    for path in (Path(name).expanduser() for name in given):
        if fmt in (None, "dataset") and is_dataset_file(path):
            part = load(path)
            changes = {"source": source, "temperature_K": temperature_K}
            changed = {name: value for name, value in changes.items() if value is not None}
            part = part.with_columns(**changed) if changed else part
        else:
            part = Dataset.from_sources(
                [open_source(path, fmt)],
                source=source,
                temperature_K=temperature_K,
                progress=None if progress is None else _counting_from(n_read, progress),
            )
        n_read += len(part)
        parts.append(part)
    return parts[0] if len(parts) == 1 else Dataset.joined(parts)


def _check_lengths(frame: LabelledFrame, path: Path) -> None:
    # Imported when needed: numba takes long, and a dataset that mofglass wrote opens without.
    from mofglass.datasets.first_frame import check_lengths

    check_lengths(frame, path)


def _counting_from(n_before: int, progress: Progress) -> Progress:
    return lambda n_read: progress(n_before + n_read)
