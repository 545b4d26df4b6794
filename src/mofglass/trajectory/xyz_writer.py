"""Writing extended XYZ, which every other program reads."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.io.extxyz import key_val_dict_to_str

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.atomic_write import written_whole
from mofglass.trajectory.base import Trajectory


def write_extxyz(path: Path | str, frames: Trajectory | Iterable[Frame | Atoms]) -> int:
    """Write frames to an extended XYZ file, which appears whole or not at all.

    Positions are written to 8 decimals (Å), the cell in full; ``step``, ``time_ps`` and what else
    `Frame.info` holds in numbers and words stand in the comment line.

    Parameters
    ----------
    path : Path or str
        The file; compressed when its name ends in ``.gz``.
    frames : iterable of Frame or ase.Atoms
        One at a time is held in memory.

    Returns
    -------
    int
        Number of frames written.

    Raises
    ------
    InputError
        When there is no frame, or a position is not finite.
    """
    path = Path(path)
    n_frames = 0
    with written_whole(path) as temporary:
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(temporary, "wt", encoding="utf-8") as file:
            for item in frames:
                frame = Frame.from_atoms(item, index=n_frames) if isinstance(item, Atoms) else item
                if not np.isfinite(frame.positions).all():
                    atom = int(np.flatnonzero(~np.isfinite(frame.positions).all(axis=1))[0])
                    raise InputError(
                        f"{path}, frame {frame.index}: the position of atom {atom}, counted from 0, is not "
                        "a finite number: leave this frame out"
                    )
                file.write(_frame_text(frame))
                n_frames += 1
        if not n_frames:
            raise InputError(f"{path} would hold no frame: choose at least one")
    return n_frames


def _frame_text(frame: Frame) -> str:
    return extxyz_text(
        frame.numbers,
        np.asarray(frame.cell),
        {"pos": frame.positions},
        {"step": frame.step, "time_ps": frame.time_ps, **frame.info},
    )


def extxyz_text(
    numbers: np.ndarray, cell: np.ndarray, columns: Mapping[str, np.ndarray], pairs: Mapping[str, Any]
) -> str:
    """Format one frame of an extended XYZ file.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    columns : mapping of str to ndarray, shape (n_atoms, 3)
        ``pos`` (Å), ``forces`` (eV/Å), ..., written to 8 decimals.
    pairs : mapping of str to object
        For the comment line; numbers, words and arrays of up to nine numbers are written, the rest is left
        out.

    Returns
    -------
    str
        The lines, with the last line's end.
    """
    lattice = " ".join(repr(float(component)) for component in cell.ravel())
    properties = ":".join(f"{name}:R:3" for name in columns)
    kept = {key: value for key, value in pairs.items() if _belongs_in_comment(value)}
    comment = f'Lattice="{lattice}" Properties=species:S:1:{properties} pbc="T T T"'
    if kept:
        comment += " " + key_val_dict_to_str(kept)
    row = "{:<2}" + " {:16.8f}" * (3 * len(columns))
    table = np.hstack([np.asarray(column, dtype=float) for column in columns.values()]).tolist()
    rows = [row.format(chemical_symbols[n], *values) for n, values in zip(numbers, table, strict=True)]
    return "\n".join((str(len(rows)), comment, *rows, ""))


def _belongs_in_comment(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "ifb" and value.size <= 9
    return isinstance(value, bool | int | float | str | np.number)
