"""The table of a dataset: one compact row a frame, in numpy columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from ase.data import chemical_symbols
from ase.formula import Formula

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError

COLUMNS: dict[str, type[np.generic]] = {
    "file": np.int32,
    "frame": np.int32,
    "source": np.int32,
    "formula": np.int32,
    "n_atoms": np.int32,
    "energy_eV": np.float64,
    "volume_A3": np.float64,
    "max_force_eV_per_A": np.float32,
    "temperature_K": np.float32,
    "block": np.int32,
    "split": np.int16,
    "has_stress": np.bool_,
}
"""Columns and how they are kept: 51 bytes a frame; readers add 8 to 24 for where the frame lies."""

CODED = ("source", "formula", "split")
"""Columns of words, kept as codes into a list of labels."""

NO_BLOCK = -1


class Table:
    """Columns of numbers and labels, one row a frame; read-only.

    A column is an attribute or a key: ``table.energy_eV``, ``table["energy_eV"]``.

    * ``file``: number of the file in `Dataset.files`; ``frame``: number in that file, from 0
    * ``source``: label of the origin, by which errors are grouped; ``formula``: Hill formula
    * ``n_atoms``; ``energy_eV``; ``volume_A3``; ``max_force_eV_per_A`` (largest norm of an atom's force)
    * ``temperature_K``: NaN where unknown
    * ``block``: stretch of a trajectory that a split keeps together; -1 until a split has made blocks
    * ``split``: ``train``, ``validation``, ``test``, or empty
    * ``has_stress``: whether the frame has a stress

    Columns of words come as numpy arrays of Python strings; `codes` and `labels` give them without.

    Parameters
    ----------
    columns : mapping of str to ndarray
        All of `COLUMNS`, of one length.
    labels : mapping of str to sequence of str
        What the codes of `CODED` columns stand for.
    """

    def __init__(self, columns: Mapping[str, np.ndarray], labels: Mapping[str, Iterable[str]]) -> None:
        self._columns = {name: np.asarray(columns[name], dtype=kind).view() for name, kind in COLUMNS.items()}
        for column in self._columns.values():
            column.flags.writeable = False
        self._labels = {name: tuple(labels[name]) for name in CODED}

    def __len__(self) -> int:
        return len(self._columns["frame"])

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._columns:
            raise KeyError(f"a dataset has no column '{name}', only {', '.join(COLUMNS)}")
        if name in CODED:
            return np.array(self._labels[name], dtype=object)[self._columns[name]]
        return self._columns[name]

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_") or name not in COLUMNS:
            raise AttributeError(f"a dataset has no column '{name}', only {', '.join(COLUMNS)}")
        return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *COLUMNS]

    def codes(self, name: str) -> np.ndarray:
        """Return a column of words as codes.

        Parameters
        ----------
        name : str
            One of `CODED`.

        Returns
        -------
        ndarray of int, shape (n_frames,)
            Places in `labels`.
        """
        return self._columns[name]

    def labels(self, name: str) -> tuple[str, ...]:
        """Return what the codes of a column of words stand for.

        Parameters
        ----------
        name : str
            One of `CODED`.

        Returns
        -------
        tuple of str
            Labels by code; some may be in no row.
        """
        return self._labels[name]

    def take(self, rows: slice | np.ndarray) -> Table:
        """Return some of the rows.

        Parameters
        ----------
        rows : slice or ndarray of int
            Which, in which order; a slice shares memory.

        Returns
        -------
        Table
            The rows.
        """
        return Table({name: column[rows] for name, column in self._columns.items()}, self._labels)

    def replaced(self, **columns: Any) -> Table:
        """Return the same rows with other values in some columns.

        Parameters
        ----------
        **columns : array_like or scalar
            New values, numbers or words as the column asks, one a row or one for all.

        Returns
        -------
        Table
            Columns that are not named share memory.

        Raises
        ------
        InputError
            When a column is unknown or has another length.
        """
        kept, labels = dict(self._columns), dict(self._labels)
        for name, values in columns.items():
            if name not in COLUMNS:
                raise InputError(f"a dataset has no column '{name}': choose of {', '.join(COLUMNS)}")
            if name in CODED:
                codes: dict[str, int] = {}
                words = [values] if isinstance(values, str) else values
                given = np.array([codes.setdefault(str(word), len(codes)) for word in words])
                given = given[0] if isinstance(values, str) else given
                labels[name] = tuple(codes)
            else:
                given = np.asarray(values)
            if given.ndim and given.shape != (len(self),):
                raise InputError(
                    f"the column '{name}' is given {given.shape} values for {len(self)} frames: give one "
                    "a frame"
                )
            kept[name] = np.broadcast_to(given, (len(self),)).astype(COLUMNS[name])
        return Table(kept, labels)

    @property
    def nbytes(self) -> int:
        """Memory of the columns, bytes."""
        return sum(column.nbytes for column in self._columns.values())

    @classmethod
    def joined(cls, tables: Iterable[Table]) -> Table:
        """Put tables one after the other; the numbers of their files go on counting.

        Parameters
        ----------
        tables : iterable of Table
            At least one.

        Returns
        -------
        Table
            All their rows.
        """
        parts = list(tables)
        columns = {name: np.concatenate([part._columns[name] for part in parts]) for name in COLUMNS}
        labels: dict[str, tuple[str, ...]] = {}
        for name in CODED:
            words = dict.fromkeys(word for part in parts for word in part._labels[name])
            labels[name] = tuple(words)
            place = {word: code for code, word in enumerate(words)}
            maps = [np.array([place[word] for word in part._labels[name]], COLUMNS[name]) for part in parts]
            columns[name] = np.concatenate(
                [codes[part._columns[name]] for codes, part in zip(maps, parts, strict=True)]
            )
        return cls(columns, labels)


_TYPE_CODES = {np.int32: "i", np.int16: "h", np.float64: "d", np.float32: "f", np.bool_: "b"}


class TableBuilder:
    """Grows a table row by row as frames are read, at its final size in memory.

    Parameters
    ----------
    source : str, optional
        Label for every frame; without it the frame's own, or `default_source`.
    default_source : str
        Label of frames that have none.
    temperature_K : float, optional
        Temperature of every frame, K; without it the frame's own.
    """

    def __init__(
        self, *, source: str | None = None, default_source: str = "", temperature_K: float | None = None
    ) -> None:
        self._source = source
        self._default_source = default_source
        self._temperature_K = temperature_K
        self._columns: dict[str, array[Any]] = {
            name: array(_TYPE_CODES[kind]) for name, kind in COLUMNS.items()
        }
        self._codes: dict[str, dict[str, int]] = {name: {} for name in CODED}
        self._atoms = b""
        self._formula = ""

    def __len__(self) -> int:
        return len(self._columns["frame"])

    def add(self, frame: LabelledFrame, index: int, file: int = 0) -> None:
        """Add one row.

        Parameters
        ----------
        frame : LabelledFrame
            The frame.
        index : int
            Its number in its file.
        file : int
            Number of the file.
        """
        forces = frame.forces_eV_per_A
        row: dict[str, Any] = {
            "file": file,
            "frame": index,
            "source": self._code("source", self._source or frame.source or self._default_source),
            "formula": self._code("formula", self._formula_of(frame.numbers)),
            "n_atoms": frame.n_atoms,
            "energy_eV": frame.energy_eV,
            "volume_A3": frame.volume_A3,
            "max_force_eV_per_A": float(np.sqrt(np.einsum("ij,ij->i", forces, forces).max())),
            "temperature_K": frame.temperature_K if self._temperature_K is None else self._temperature_K,
            "block": NO_BLOCK,
            "split": self._code("split", ""),
            "has_stress": frame.stress_eV_per_A3 is not None,
        }
        for name, value in row.items():
            self._columns[name].append(value)

    def _code(self, name: str, word: str) -> int:
        codes = self._codes[name]
        return codes.setdefault(word, len(codes))

    def _formula_of(self, numbers: np.ndarray) -> str:
        # Frames of one run have the same atoms: the formula is worked out again only where they change.
        atoms = numbers.tobytes()
        if atoms != self._atoms:
            counts = np.bincount(numbers)
            present = {chemical_symbols[number]: int(counts[number]) for number in np.flatnonzero(counts)}
            self._atoms, self._formula = atoms, Formula.from_dict(present).format("hill")
        return self._formula

    def table(self) -> Table:
        """Return the table of the rows added so far.

        Returns
        -------
        Table
            The rows.
        """
        columns = {
            name: np.array(np.frombuffer(self._columns[name], dtype=_buffer_type(kind)), dtype=kind)
            for name, kind in COLUMNS.items()
        }
        return Table(columns, {name: tuple(codes) for name, codes in self._codes.items()})


def _buffer_type(kind: type[np.generic]) -> type[np.generic]:
    return np.int8 if kind is np.bool_ else kind
