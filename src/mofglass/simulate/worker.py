"""What each MPI process of a run executes: ``mpiexec -n N python -m mofglass.simulate.worker DIR``."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from mofglass.errors import MofglassError
from mofglass.potentials.lammps_library import preload_mpi
from mofglass.simulate.execution import run_session
from mofglass.simulate.potential_record import potential_of
from mofglass.simulate.run import Run


def main() -> int:
    """Run one process' share.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--walltime", type=float, default=None, help="s")
    parser.add_argument("--quiet", action="store_true")
    arguments = parser.parse_args()
    preload_mpi()
    from mpi4py import MPI

    run, world = Run(arguments.directory), MPI.COMM_WORLD
    try:
        with run.lock() if world.rank == 0 else nullcontext():
            if world.bcast(run.is_finished, root=0):
                return 0
            run_session(
                run,
                potential=potential_of(run),
                threads=arguments.threads,
                walltime_s=arguments.walltime,
                progress=not arguments.quiet,
            )
    except MofglassError as error:
        print(error, file=sys.stderr, flush=True)
        world.Abort(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
