"""Several runs at a time on one machine, each in a process and with checkpoints of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from mofglass.errors import SimulationError
from mofglass.potentials import Potential
from mofglass.simulate import Dynamics, Run, execute, from_yaml_list

_POLL_S = 0.2


def cores() -> int:
    """Return how many cores this process may use.

    Returns
    -------
    int
        At least 1.
    """
    return len(os.sched_getaffinity(0))


def execute_side_by_side(
    runs: Sequence[Run],
    potential: Potential | str,
    *,
    at_once: int | None = None,
    threads: int | None = None,
    walltime_s: float | None = None,
    progress: bool = True,
) -> list[Run]:
    """Take several independent runs to their ends, as many at a time as there are cores.

    Parameters
    ----------
    runs : sequence of Run
        Made already; finished ones are left alone.
    potential : Potential or str
        The potential, or its name; one made in Python runs in this process, one run after the other.
    at_once : int, optional
        Runs at a time; by default as many as there are cores.
    threads : int, optional
        OpenMP threads of each; by default the cores are shared out.
    walltime_s : float, optional
        For all together, s: then all stop at checkpoints.
    progress : bool
        Whether to show progress.

    Returns
    -------
    list of Run
        All of them; those stopped early say so in their state.

    Raises
    ------
    SimulationError
        When a run failed; the others are taken to their ends first.
    """
    waiting = [run for run in runs if run.state != "done"]
    at_once = max(1, min(at_once or cores(), len(waiting)))
    threads = threads or max(1, cores() // at_once)
    deadline = None if walltime_s is None else time.monotonic() + walltime_s
    if at_once == 1 or not isinstance(potential, str):
        for run in waiting:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            try:
                execute(
                    run,
                    potential=None if isinstance(potential, str) else potential,
                    threads=threads,
                    walltime_s=left,
                    progress=progress,
                )
            except SimulationError:
                if not run.state.startswith("failed"):
                    raise
                continue
            if run.state != "done":
                break
    else:
        _in_processes(waiting, at_once, threads, deadline, progress)
    failed = [run for run in waiting if run.state.startswith("failed")]
    if failed:
        raise SimulationError(f"{failed[0].path} {failed[0].state}")
    return list(runs)


def _in_processes(
    waiting: list[Run], at_once: int, threads: int, deadline: float | None, progress: bool
) -> None:
    """Run `mofglass resume` for each; Ctrl-C reaches all of them, and each ends at a checkpoint."""
    queue, working = list(waiting), dict[subprocess.Popen[bytes], Run]()
    with ExitStack() as stack:
        show = _bar(stack, waiting) if progress else None
        try:
            while queue or working:
                late = deadline is not None and time.monotonic() >= deadline
                while queue and len(working) < at_once and not late:
                    run = queue.pop(0)
                    working[_start(run, threads, deadline)] = run
                for process in [process for process in working if process.poll() is not None]:
                    run = working.pop(process)
                    if process.returncode != 0 and not run.state.startswith(("failed", "stopped")):
                        raise SimulationError(
                            f"{run.path} ended with exit code {process.returncode}: see "
                            f"{run.path / 'messages.txt'}"
                        )
                if late and not working:
                    return
                if show is not None:
                    show()
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            # The terminal sent it to the children too.
            for process in working:
                process.wait()
        finally:
            for process in working:
                if process.poll() is None:
                    process.terminate()
                    process.wait()


def _start(run: Run, threads: int, deadline: float | None) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "mofglass", "resume", str(run.path), "--threads", str(threads), "--quiet"]
    if deadline is not None:
        words += ["--walltime", f"{max(deadline - time.monotonic(), 1.0):.0f}"]
    # Why a run failed is in its state; the rest of what the child has to say stays beside it.
    with open(run.path / "messages.txt", "ab") as messages:
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=messages)


def _bar(stack: ExitStack, runs: Sequence[Run]) -> Callable[[], None] | None:
    """Show the committed part of all runs; returns what updates it, or None where nobody watches."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    protocols = [from_yaml_list(run.info["stages"], source=str(run.path)) for run in runs]
    total_ps = sum(
        stage.duration_ps for stages in protocols for stage in stages if isinstance(stage, Dynamics)
    )
    task = bar.add_task(f"{len(runs)} runs", total=total_ps or 1.0)
    last = [0.0]

    def show() -> None:
        if time.monotonic() - last[0] > 2.0:
            last[0] = time.monotonic()
            bar.update(task, completed=sum(run.checkpoint().time_ps for run in runs))

    return show
