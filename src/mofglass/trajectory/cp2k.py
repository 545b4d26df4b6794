"""CP2K molecular dynamics: PROJECT-pos-1.xyz with the cell from PROJECT-1.cell beside it."""

from __future__ import annotations

import re
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.errors import InputError
from mofglass.trajectory.xyz import XYZTrajectory
from mofglass.units import FS_PER_PS

_COMMENT = re.compile(rb"\bi\s*=\s*(\d+)(?:\s*,\s*time\s*=\s*([-+.\deE]+))?")
CONSTANT_VOLUME = ("NVE", "NVT", "NVT_ADIABATIC", "LANGEVIN", "ISOKIN")
"""Ensembles of CP2K that keep the cell as it is."""

_ENERGY = re.compile(r"\bE\s*=\s*([-+.\deE]+)")


def is_cp2k_comment(comment: bytes) -> bool:
    """Tell whether the comment line of an XYZ file is CP2K's.

    Parameters
    ----------
    comment : bytes
        The second line of the file.

    Returns
    -------
    bool
        True for ``i = 0, time = 0.000, E = -1.0``.
    """
    return _COMMENT.match(comment.strip()) is not None


def step_and_time(comment: bytes) -> tuple[int | None, float | None]:
    """Read step and time from a comment line of CP2K.

    Parameters
    ----------
    comment : bytes
        ``i = 1, time = 0.500, E = -1.0``.

    Returns
    -------
    step : int or None
        MD step.
    time_ps : float or None
        Time, ps.
    """
    found = _COMMENT.search(comment)
    if not found:
        return None, None
    time = found.group(2)
    return int(found.group(1)), None if time is None else float(time) / FS_PER_PS


def energy_hartree(comment: str) -> float | None:
    """Read the potential energy from a comment line of CP2K.

    Parameters
    ----------
    comment : str
        ``i = 1, time = 0.500, E = -1.0``.

    Returns
    -------
    float or None
        Energy, hartree.
    """
    energy = _ENERGY.search(comment)
    return float(energy.group(1)) if energy else None


class CP2KTrajectory(XYZTrajectory):
    """Frames of a CP2K position file; step, time (fs) and energy (hartree) come from the comment line.

    The cell of each step comes from the ``.cell`` file of the same project in the same directory
    (``&PRINT &CELL`` in the input), or at constant volume from its restart file; a cell given by the user
    wins over it.

    Parameters
    ----------
    path : Path or str
        The ``-pos-N.xyz`` file.
    cell : array_like, optional
        Cell in Å, for runs at constant volume that printed none.
    time_step_fs, frame_interval_ps : float, optional
        See `mofglass.trajectory.timing.frame_times_ps`.

    Raises
    ------
    InputError
        When there is neither a cell file nor a cell, or the cell file lacks a step.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        cell: Any = None,
        time_step_fs: float | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        super().__init__(path, cell=cell, time_step_fs=time_step_fs, frame_interval_ps=frame_interval_ps)
        if self._given_cell is None:
            self._cell_file, self._cell_steps, self._cells = find_cells(self.path)
            fixed = len(self._cells) == 1 or bool(np.all(np.ptp(self._cells, axis=0) < 1e-9))
            if fixed:
                self._given_cell = self._cells[0]
            elif self.steps is None:
                raise InputError(
                    f"{self.path} does not say its steps, so its cells are unknown: give the cell (--cell, Å)"
                )

    def _step_and_time(self, comment: bytes) -> tuple[int | None, float | None]:
        return step_and_time(comment)

    def _cell(self, index: int, comment: str) -> np.ndarray:
        if self._given_cell is not None:
            return self._given_cell
        assert self.steps is not None
        step = self.steps[index]
        row = int(np.searchsorted(self._cell_steps, step))
        if row == len(self._cell_steps) or self._cell_steps[row] != step:
            raise InputError(
                f"{self._cell_file} has no cell for step {step} (frame {index} of {self.path.name}): print "
                "the cell as often as the positions"
            )
        return self._cells[row]

    def _info(self, comment: str) -> dict[str, Any]:
        energy = energy_hartree(comment)
        return {} if energy is None else {"energy_hartree": energy}


def find_cells(path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """Find and read the cells of a CP2K position file.

    They stand in ``PROJECT-1.cell``; or, of a run at constant volume, in the restart file that CP2K writes
    by default, ``PROJECT-1.restart``; or in the only ``.cell`` file of the directory.

    Parameters
    ----------
    path : Path
        ``PROJECT-pos-1.xyz``, possibly gzipped.

    Returns
    -------
    file : Path
        Where they stand.
    steps : ndarray of int, shape (n,)
        MD steps.
    cells : ndarray, shape (n, 3, 3)
        Cell vectors as rows, Å.

    Raises
    ------
    InputError
        When there are none.
    """
    stem = re.sub(r"\.xyz(\.gz)?$", "", path.name).replace("-pos-", "-")
    own, restart = path.with_name(stem + ".cell"), path.with_name(stem + ".restart")
    if own.exists():
        return own, *read_cell_file(own)
    if restart.exists() and (cell := read_constant_cell(restart)) is not None:
        return restart, np.zeros(1, dtype=np.int64), cell[None]
    others = sorted(path.parent.glob("*.cell"))
    if len(others) == 1:
        return others[0], *read_cell_file(others[0])
    raise InputError(
        f"{path} is a CP2K trajectory without its cell: put {own.name} beside it (MOTION/PRINT/CELL), or of "
        f"a run at constant volume {restart.name}, or, to analyse it, give --cell (Å)"
    )


def read_constant_cell(path: Path) -> np.ndarray | None:
    """Read the cell from a restart file, where the run kept it constant.

    Parameters
    ----------
    path : Path
        ``PROJECT-1.restart``: the run's input, with its last configuration.

    Returns
    -------
    ndarray of shape (3, 3) or None
        Cell vectors as rows, Å; None where the ensemble lets the cell change, or the cell is repeated.
    """
    text = path.read_text(errors="replace")
    ensemble = re.search(r"^\s*ENSEMBLE\s+(\S+)", text, re.MULTILINE)
    section = re.search(r"^\s*&CELL\s*\n(.*?)^\s*&END CELL", text, re.MULTILINE | re.DOTALL)
    if not ensemble or ensemble.group(1).upper() not in CONSTANT_VOLUME or not section:
        return None
    rows = [line.split() for line in section.group(1).splitlines()]
    vectors = {row[0]: row[1:4] for row in rows if row and row[0] in ("A", "B", "C") and len(row) == 4}
    repeats = [row[1:] for row in rows if row and row[0] == "MULTIPLE_UNIT_CELL"]
    if len(vectors) < 3 or any(repeat != ["1", "1", "1"] for repeat in repeats):
        return None
    return np.array([vectors[name] for name in "ABC"], dtype=float)


def read_cell_file(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a CP2K cell file: step, time (fs), the nine components of the vectors (Å), volume (Å³).

    Parameters
    ----------
    path : Path
        The file. An incomplete last line of a stopped run is left out.

    Returns
    -------
    steps : ndarray of int, shape (n,)
        MD steps, growing; of a step written twice by a restart the last stands.
    cells : ndarray, shape (n, 3, 3)
        Cell vectors as rows, Å.

    Raises
    ------
    InputError
        When it holds no cells.
    """
    steps, cells = array("q"), array("d")
    with path.open() as file:
        for line in file:
            fields = line.split()
            # The volume is the last column: a line that has it was written to its end.
            if line.lstrip().startswith("#") or len(fields) < 12:
                continue
            try:
                row = [float(field) for field in fields[2:11]]
                steps.append(int(fields[0]))
            except ValueError as error:
                raise InputError(f"{path}: the line '{line.strip()[:60]}' is not a CP2K cell") from error
            cells.extend(row)
    if not steps:
        raise InputError(f"{path} holds no cell (step, time, nine components, volume a line)")
    last = last_of_each_step(np.array(steps, dtype=np.int64))
    return np.array(steps, dtype=np.int64)[last], np.array(cells).reshape(-1, 3, 3)[last]


def last_of_each_step(steps: np.ndarray) -> np.ndarray:
    """Choose one row a step: a run that was restarted writes some steps twice, and goes on from the last.

    Parameters
    ----------
    steps : ndarray of int, shape (n,)
        MD steps in the order of the file.

    Returns
    -------
    ndarray of int
        Rows, in the order of growing steps.
    """
    _, from_end = np.unique(steps[::-1], return_index=True)
    return len(steps) - 1 - from_end
