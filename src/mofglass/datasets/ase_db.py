"""Labelled frames in an ASE database, an SQLite file (https://wiki.fysik.dtu.dk/ase/ase/db/db.html)."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ase.db
import numpy as np
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.dataset import Progress
from mofglass.datasets.frame_source import FrameSource, require_periodic
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.datasets.output_file import require_output_file
from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import written_whole


class ASEDatabase(FrameSource):
    """Labelled frames of an ASE database: energy eV, forces eV/Å, stress eV/Å³ positive in tension.

    ``source`` and ``temperature_K`` are read from a row's keys or data; its other keys go to `info`.

    Parameters
    ----------
    path : Path
        The ``.db`` file.
    rows : ndarray of int, shape (n_frames,), optional
        Ids of the rows; all by default.

    Raises
    ------
    InputError
        When it is no such database.
    """

    format = "ase-db"

    def __init__(self, path: Path, rows: np.ndarray | None = None) -> None:
        super().__init__(path)
        if not self.path.is_file():
            raise InputError(f"{path} does not exist")
        self._database = ase.db.connect(self.path, type="db", use_lock_file=False)
        self._rows = self._all_rows() if rows is None else rows

    def _all_rows(self) -> np.ndarray:
        found = array("q")
        try:
            for row in self._database.select(columns=["id"], include_data=False):
                found.append(row.id)
        except Exception as error:  # sqlite3 and ASE raise many kinds for a file that is none of theirs
            raise InputError(f"{self.path} is no ASE database: {error}") from error
        return np.array(found, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def index(self) -> dict[str, np.ndarray]:
        """Return the ids of the rows.

        Returns
        -------
        dict of str to ndarray
            ``rows``.
        """
        return {"rows": self._rows}

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> ASEDatabase:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The file.
        index : dict of str to ndarray
            ``rows``.

        Returns
        -------
        ASEDatabase
            The reader.
        """
        return cls(path, index["rows"])

    def read(self, index: int) -> LabelledFrame:
        """Read one row.

        Parameters
        ----------
        index : int
            Number in the file, from 0.

        Returns
        -------
        LabelledFrame
            With the row's other keys in `info`.

        Raises
        ------
        InputError
            When it has no energy or forces, or is not periodic.
        """
        row = self._database.get(id=int(self._rows[index]))
        energy, forces, stress = row.get("energy"), row.get("forces"), row.get("stress")
        for what, value in (("energy", energy), ("forces", forces)):
            if value is None:
                raise InputError(
                    f"{self.path}, frame {index} (id {row.id}) has no {what}: label the frames with  "
                    "mofglass dataset label"
                )
        require_periodic(row.pbc, f"{self.path}, frame {index} (id {row.id})")
        info: dict[str, Any] = dict(row.key_value_pairs)
        source = info.pop("source", None) or row.data.get("source", "")
        return LabelledFrame(
            numbers=np.asarray(row.numbers),
            positions=np.asarray(row.positions, dtype=float),
            cell=np.asarray(row.cell, dtype=float),
            energy_eV=float(energy),
            forces_eV_per_A=np.asarray(forces, dtype=float),
            stress_eV_per_A3=None if stress is None else np.asarray(voigt_6_to_full_3x3_stress(stress)),
            source=str(source),
            temperature_K=float(info.pop("temperature_K", NAN)),
            info=info,
        )


def write_ase_db(frames: Iterable[LabelledFrame], path: Path | str, progress: Progress | None = None) -> int:
    """Write labelled frames to an ASE database.

    Source and temperature become the keys ``source`` and ``temperature_K``, by which `ase db` selects.

    Parameters
    ----------
    frames : iterable of LabelledFrame
        A dataset, or any frames.
    path : Path or str
        The ``.db`` file; an older one is replaced; written whole or not at all.
    progress : callable, optional
        Called with the number of frames written so far.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    InputError
        When there is no frame, or the file cannot be written or is one that a dataset is read from.
    """
    path = Path(path)
    require_output_file(path, frames, "ase-db")
    n_frames = 0
    with written_whole(path) as temporary, _told(path):
        with ase.db.connect(temporary, type="db", append=False, use_lock_file=False) as database:
            for frame in frames:
                keys: dict[str, Any] = {}
                if np.isfinite(frame.temperature_K):
                    keys["temperature_K"] = float(frame.temperature_K)
                data = {"source": frame.source} if frame.source else {}
                if _is_word(frame.source):
                    keys["source"] = frame.source
                database.write(frame.to_atoms(), key_value_pairs=keys, data=data)
                n_frames += 1
                if progress is not None:
                    progress(n_frames)
        if not n_frames:
            raise InputError(f"{path} would hold no frame: choose at least one")
    return n_frames


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Name the file that SQLite could not write."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InputError(f"{path} cannot be written ({error}): write elsewhere") from error


def _is_word(text: str) -> bool:
    """Tell whether ASE takes a text as the value of a key: it refuses what looks like a number."""
    try:
        ase.db.core.check({"source": text})
    except ValueError:
        return False
    return bool(text)
