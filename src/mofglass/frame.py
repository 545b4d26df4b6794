"""One configuration of atoms in a periodic cell: what trajectories yield and analyses read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from ase.data import atomic_masses


@runtime_checkable
class Configuration(Protocol):
    """Anything with atomic numbers, positions and a cell: an `ase.Atoms` or a `Frame`."""

    # Properties, so that a frozen frame will do.
    @property
    def numbers(self) -> np.ndarray:
        """Atomic numbers, (n_atoms,)."""

    @property
    def positions(self) -> np.ndarray:
        """Cartesian positions, (n_atoms, 3), Å."""

    @property
    def cell(self) -> Any:
        """Cell vectors as rows, (3, 3), Å."""


@dataclass(frozen=True)
class Frame:
    """One periodic configuration with its place in a trajectory.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    positions : ndarray, shape (n_atoms, 3)
        Cartesian positions, Å, wrapped into the cell or not.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å; periodic in all three directions.
    index : int
        Place in the trajectory, from 0.
    step : int or None
        MD step, where the file holds it.
    time_ps : float or None
        Time, ps, where the file holds it.
    info : dict
        Anything more the file says of the frame.
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    index: int = 0
    step: int | None = None
    time_ps: float | None = None
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @cached_property
    def volume_A3(self) -> float:
        """Cell volume, Å³."""
        return float(abs(np.linalg.det(self.cell)))

    @cached_property
    def mass_u(self) -> float:
        """Total mass from standard atomic weights, u."""
        return float(atomic_masses[self.numbers].sum())

    def to_atoms(self) -> Atoms:
        """Return the frame as `ase.Atoms`, step and time kept in `info`.

        Returns
        -------
        ase.Atoms
            Periodic in all directions.
        """
        info = dict(self.info) | {"step": self.step, "time_ps": self.time_ps}
        return Atoms(
            numbers=self.numbers,
            positions=self.positions,
            cell=self.cell,
            pbc=True,
            info={key: value for key, value in info.items() if value is not None},
        )

    @classmethod
    def from_atoms(cls, atoms: Atoms, *, index: int = 0) -> Frame:
        """Make a frame from `ase.Atoms`; `info['step']` and `info['time_ps']` are kept.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure.
        index : int
            Its place in the trajectory.

        Returns
        -------
        Frame
            The same configuration.
        """
        info = dict(atoms.info)
        step, time_ps = info.pop("step", None), info.pop("time_ps", None)
        return cls(
            numbers=np.asarray(atoms.numbers),
            positions=np.asarray(atoms.positions, dtype=float),
            cell=np.asarray(atoms.cell, dtype=float),
            index=index,
            step=None if step is None else int(step),
            time_ps=None if time_ps is None else float(time_ps),
            info=info,
        )
