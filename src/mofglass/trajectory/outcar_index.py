"""Where the ionic steps of a VASP OUTCAR lie, found in one pass."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mofglass.errors import InputError
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.text_source import TextSource

_LANDMARK = re.compile(
    rb"VRHFIN *=(?P<symbol>[^:\n]*):"
    rb"|ions per type =(?P<counts>[^\n]*)\n"
    rb"|POTIM  *= *(?P<potim>[\d.]+)[^\n]*\n"
    rb"|IBRION *= *(?P<ibrion>-?\d+)[^\n]*\n"
    rb"|TEBEG *= *(?P<temperatures>[\d.]+; *TEEND *= *[\d.]+)[^\n]*\n"
    rb"|Iteration +(?P<step>\d+)\("
    rb"|aborting loop (?P<loop>[^\n]*)\n"
    rb"|in kB (?P<stress>[^\n]*)\n"
    rb"|direct lattice vectors[^\n]*\n(?P<cell>(?:[^\n]*\n){3})"
    rb"|(?P<positions>POSITION +TOTAL-FORCE[^\n]*\n[^\n]*\n)"
    rb"|free  energy   TOTEN  = *(?P<energy>[-+.\deE]+) eV"
)
_NUMBER = re.compile(rb"-?\d+\.\d+")
ABSENT = -1
NAN = float("nan")


@dataclass
class OutcarIndex:
    """Byte offsets of what VASP prints at each ionic step; -1 where it is absent.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    steps : ndarray of int, shape (n_frames,)
        Number of the ionic step.
    positions_at, cell_at, stress_at, energy_at : ndarray of int, shape (n_frames,)
        First row of positions and forces, first lattice vector, the six numbers after ``in kB``, and the
        number after ``free  energy   TOTEN``.
    converged : ndarray of bool, shape (n_frames,)
        Whether the electronic loop stopped since EDIFF was reached.
    learned : ndarray of bool, shape (n_frames,)
        Whether the step was made by VASP's machine-learned force field.
    size : int
        Bytes of text.
    potim_fs : float or None
        Time step, fs.
    dynamics : bool
        Whether IBRION is 0.
    temperature_K : float
        Temperature of the run, K; NaN where it is ramped or no MD.
    """

    numbers: np.ndarray
    steps: np.ndarray
    positions_at: np.ndarray
    cell_at: np.ndarray
    stress_at: np.ndarray
    energy_at: np.ndarray
    converged: np.ndarray
    learned: np.ndarray
    size: int
    potim_fs: float | None
    dynamics: bool
    temperature_K: float

    def __len__(self) -> int:
        return len(self.positions_at)


def index_outcar(source: TextSource) -> OutcarIndex:
    """Find the ionic steps of an OUTCAR.

    Parameters
    ----------
    source : TextSource
        The file.

    Returns
    -------
    OutcarIndex
        Where things lie. The last step may be incomplete.

    Raises
    ------
    InputError
        When it is no OUTCAR with positions.
    """
    symbols: list[str] = []
    counts: list[int] = []
    potim_fs: float | None = None
    dynamics = False
    temperature_K = NAN
    rows = {
        name: array("q") for name in ("steps", "positions", "cell", "stress", "energy", "loop", "learned")
    }
    step, cell_at, stress_at, loop = 0, ABSENT, ABSENT, False
    for offset, match in source.find(_LANDMARK, 1024):
        kind = match.lastgroup or ""
        text = match.group(kind)
        at = offset + match.start(kind) - match.start()
        if kind == "positions":
            found = (step, at + len(text), cell_at, stress_at, ABSENT, loop, b"(ML)" in text)
            for column, value in zip(rows.values(), found, strict=True):
                column.append(value)
            stress_at, loop = ABSENT, False
        elif kind == "energy":
            if rows["energy"]:
                rows["energy"][-1] = at
        elif kind == "cell":
            cell_at = at
        elif kind == "stress":
            stress_at = at
        elif kind == "loop":
            loop = b"is reached" in text
        elif kind == "step":
            step = int(text)
        elif kind == "symbol":
            symbols.append(text.decode("latin-1").strip())
        elif kind == "counts":
            counts = [int(word) for word in text.split()]
        elif kind == "potim":
            potim_fs = float(text)
        elif kind == "temperatures":
            first, last = (float(number) for number in _NUMBER.findall(text))
            temperature_K = first if first == last else NAN
        else:
            dynamics = int(text) == 0
    if not rows["positions"]:
        raise InputError(f"{source.path} holds no 'POSITION ... TOTAL-FORCE': it is no OUTCAR of a run")
    if not counts or len(symbols) != len(counts):
        raise InputError(
            f"{source.path} names {len(symbols)} elements (VRHFIN) for {len(counts)} 'ions per type': its "
            "head is missing, or several files are joined in it: give each OUTCAR by itself"
        )
    columns = {name: np.array(column, dtype=np.int64) for name, column in rows.items()}
    return OutcarIndex(
        numbers=np.repeat(numbers_of_symbols(symbols, source.path), counts),
        steps=columns["steps"],
        positions_at=columns["positions"],
        cell_at=columns["cell"],
        stress_at=columns["stress"],
        energy_at=columns["energy"],
        converged=columns["loop"].astype(bool),
        learned=columns["learned"].astype(bool),
        size=source.size,
        potim_fs=potim_fs,
        dynamics=dynamics,
        temperature_K=temperature_K if dynamics else NAN,
    )


def position_rows(source: TextSource, at: int, n_atoms: int) -> bytes:
    """Read the rows of positions and forces.

    Parameters
    ----------
    source : TextSource
        The file.
    at : int
        Where the first row begins.
    n_atoms : int
        Number of rows.

    Returns
    -------
    bytes
        At least these rows, where the file has them.
    """
    # Rows are shorter than 128 bytes, while the next frame may lie megabytes away.
    return source.read(at, 128 * n_atoms)


def read_cell(source: TextSource, at: int, path: Path, frame: int) -> np.ndarray:
    """Read the lattice vectors.

    Parameters
    ----------
    source : TextSource
        The file.
    at : int
        Where the first one begins.
    path : Path
        The file, for the error.
    frame : int
        The frame, for the error.

    Returns
    -------
    ndarray of shape (3, 3)
        Cell vectors as rows, Å.

    Raises
    ------
    InputError
        When they are missing or not numbers.
    """
    if at == ABSENT:
        raise InputError(f"{path} has no lattice before its first positions: give the cell (--cell, Å)")
    lines = source.read(at, 1024).splitlines()[:3]
    rows = [_NUMBER.findall(line)[:3] for line in lines]
    # Of a number too large for its column only stars are left.
    if len(rows) < 3 or any(len(row) < 3 for row in rows) or any(b"*" in line for line in lines):
        raise InputError(f"{path}, frame {frame}: its 'direct lattice vectors' are not numbers")
    return np.array(rows, dtype=float)


def read_numbers(source: TextSource, at: int) -> list[float]:
    """Read the numbers of one line, which VASP may write without blanks between.

    Parameters
    ----------
    source : TextSource
        The file.
    at : int
        Where to begin.

    Returns
    -------
    list of float
        The numbers up to the end of the line.
    """
    return [float(number) for number in _NUMBER.findall(source.read(at, 512).partition(b"\n")[0])]
