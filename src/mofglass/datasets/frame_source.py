"""A file of labelled frames that is read one frame at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError

SMALLEST_VOLUME_A3 = 2.0
"""Å³ an atom; diamond has 5.7, and a cell in nm a thousandth of what it should have."""


class FrameSource(ABC):
    """Labelled frames of one file, or of the files of one run, read one at a time.

    A reader finds its frames in one pass, keeps a few numbers a frame (where it lies), and reads a frame
    when asked for. `index` and `from_index` let a dataset keep these numbers, so that a file that was
    imported is not gone through again.

    Parameters
    ----------
    path : Path
        The file.
    """

    format: ClassVar[str] = ""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, index: int) -> LabelledFrame:
        """Read one frame.

        Parameters
        ----------
        index : int
            Number in the file, from 0.

        Returns
        -------
        LabelledFrame
            Its `source` and `temperature_K` are what the file says, or empty and NaN.
        """

    def read_all(self) -> Iterator[LabelledFrame]:
        """Read every frame in order, one in memory at a time.

        Yields
        ------
        LabelledFrame
            As `read` returns.
        """
        for index in range(len(self)):
            yield self.read(index)

    def index(self) -> dict[str, np.ndarray]:
        """Return the numbers by which frames are found again.

        Returns
        -------
        dict of str to ndarray
            What `from_index` takes.
        """
        raise NotImplementedError

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> FrameSource:
        """Make the reader again without going through the file.

        Parameters
        ----------
        path : Path
            The file.
        index : dict of str to ndarray
            What `index` returned.

        Returns
        -------
        FrameSource
            The reader.
        """
        raise NotImplementedError

    def files(self) -> list[Path]:
        """Return every file that is read, the first being `path`.

        Returns
        -------
        list of Path
            Files.
        """
        return [self.path]

    def default_label(self) -> str:
        """Name the source where neither the user nor the file does.

        Returns
        -------
        str
            The file's name without its endings.
        """
        return self.path.name.partition(".")[0]

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        return


class Closable(Protocol):
    """What opens itself when it is read."""

    def close(self) -> None:
        """Close it; reading afterwards opens it again."""


class FewOpen:
    """Keeps a few readers open, those used last, since a process may open but some hundred files.

    Parameters
    ----------
    most : int
        How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._used: dict[int, Closable] = {}

    def use(self, reader: Closable) -> None:
        """Note that a reader is about to be read; of too many close the one used longest ago.

        Parameters
        ----------
        reader : Closable
            The reader.
        """
        self._used.pop(id(reader), None)
        self._used[id(reader)] = reader
        if len(self._used) > self._most:
            self._used.pop(next(iter(self._used))).close()


class FramesInMemory(FrameSource):
    """Labelled frames made in Python.

    Parameters
    ----------
    frames : sequence of LabelledFrame
        The frames.
    """

    format = "memory"

    def __init__(self, frames: Sequence[LabelledFrame]) -> None:
        super().__init__(Path("frames in memory"))
        self._frames = tuple(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, index: int) -> LabelledFrame:
        """Return one frame.

        Parameters
        ----------
        index : int
            Its number, from 0.

        Returns
        -------
        LabelledFrame
            The frame.
        """
        return self._frames[index]

    def files(self) -> list[Path]:
        """Return no file.

        Returns
        -------
        list of Path
            Empty.
        """
        return []

    def default_label(self) -> str:
        """Leave the source unnamed.

        Returns
        -------
        str
            Empty.
        """
        return ""


def require_periodic(periodic: ArrayLike, where: str) -> None:
    """Make sure that a frame is periodic in three directions, as all that mofglass computes takes it to be.

    Parameters
    ----------
    periodic : array_like of bool
        One for all directions, or one a direction.
    where : str
        The file and the frame, for the error.

    Raises
    ------
    InputError
        When it is not.
    """
    if not np.all(periodic):
        raise InputError(
            f"{where} is not periodic in three directions: give it a cell that repeats in all, or leave it "
            "out"
        )


def require_periodic_atoms(atoms: Atoms, where: str) -> None:
    """Make sure that atoms are periodic in three directions, in a cell with a volume.

    Parameters
    ----------
    atoms : ase.Atoms
        The frame.
    where : str
        The file and the frame, for the error.

    Raises
    ------
    InputError
        When they are not.
    """
    require_periodic(
        atoms.pbc & (abs(atoms.cell.volume) >= 1e-6), f"{where} ({atoms.get_chemical_formula()})"
    )


def require_sound(frame: LabelledFrame, path: Path, index: int) -> LabelledFrame:
    """Make sure that a frame can be learned from: numbers finite, a cell with room for its atoms.

    Parameters
    ----------
    frame : LabelledFrame
        The frame.
    path : Path
        Its file, for the error.
    index : int
        Its number there, for the error.

    Returns
    -------
    LabelledFrame
        The same frame.

    Raises
    ------
    InputError
        When a number is not finite, or the cell has no volume or less than 2 Å³ an atom.
    """
    for what, array in (("position", frame.positions), ("force", frame.forces_eV_per_A)):
        if not np.isfinite(array).all():
            atom = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise InputError(
                f"{path}, frame {index}: the {what} of atom {atom}, counted from 0, is not a finite number: "
                "leave this frame out"
            )
    stress = frame.stress_eV_per_A3
    if not np.isfinite(frame.energy_eV) or (stress is not None and not np.isfinite(stress).all()):
        raise InputError(
            f"{path}, frame {index}: its energy or stress is not a finite number: leave this frame out"
        )
    if not np.isfinite(frame.cell).all() or frame.volume_A3 < 1e-6:
        raise InputError(
            f"{path}, frame {index}: its cell has no volume: labelled frames are periodic, write its cell"
        )
    if frame.volume_A3 < SMALLEST_VOLUME_A3 * frame.n_atoms:
        raise InputError(
            f"{path}, frame {index}: its cell of {frame.volume_A3:.4g} Å³ is too small for {frame.n_atoms} "
            "atoms: are positions and cell in nm? write them in Å"
        )
    return frame
