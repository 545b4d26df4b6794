"""A session of a run under mpiexec, and how it is asked to stop."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from mofglass.errors import InputError, SimulationError
from mofglass.simulate.run import Run


def execute_with_mpi(run: Run, threads: int, processes: int, walltime_s: float | None, progress: bool) -> Run:
    """Run the worker under mpiexec; Ctrl-C becomes a stop file, so that it ends at a checkpoint.

    A second one ends it at once.

    Parameters
    ----------
    run : Run
        The run; its potential has a name in the registry.
    threads : int
        OpenMP threads a process.
    processes : int
        MPI processes.
    walltime_s : float or None
        Stop at a checkpoint after this wall time, s.
    progress : bool
        Whether to show progress.

    Returns
    -------
    Run
        The same run.

    Raises
    ------
    SimulationError
        When the worker failed.
    InputError
        When another process has the run, or mpiexec is not installed.
    """
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.prefix) / "bin")) or shutil.which("mpiexec")
    if mpiexec is None:
        raise InputError("mpiexec is not installed: run  pip install mpich , or use --processes 1")
    command = [mpiexec, "-n", str(processes), sys.executable, "-m", "mofglass.simulate.worker"]
    command += [str(run.path), "--threads", str(threads)]
    command += [] if walltime_s is None else ["--walltime", str(walltime_s)]
    command += [] if progress else ["--quiet"]
    worker: subprocess.Popen[bytes] | None = None
    asked = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:  # numpydoc ignore=GL08
        nonlocal asked
        if asked:
            if worker is not None:
                worker.kill()  # mpiexec's proxies end their processes when it is gone
            raise KeyboardInterrupt
        asked = True
        (run.path / "stop").touch()

    # Not by the worker: it starts in seconds, and may be asked to stop before it has.
    with run.lock():
        run.forget_stop()
    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        worker = subprocess.Popen(command, start_new_session=True)
        code = worker.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code != 0:
        if run.state == "interrupted":
            run.set_state("failed", f"mpiexec ended with code {code}")
        raise SimulationError(f"{run.path} {run.state}{run.way_on}")
    return run
