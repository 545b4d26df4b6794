"""Several runs at a time on one machine, each in a process and with checkpoints of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mofglass.errors import SimulationError
from mofglass.potentials import Potential
from mofglass.simulate import Dynamics, Run, execute_in_turn, from_yaml_list
from mofglass.worker_processes import WorkerDied

MESSAGES = "messages.txt"
"""What the process of a run wrote to standard error, in the run's directory."""
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
    MofglassError
        When runs failed; the others are taken to their ends first.
    """
    waiting = [run for run in runs if run.state != "done"]
    at_once = max(1, min(at_once or cores(), len(waiting)))
    threads = threads or max(1, cores() // at_once)
    if at_once == 1 or not isinstance(potential, str):
        execute_in_turn(
            waiting,
            potential=None if isinstance(potential, str) else potential,
            threads=threads,
            walltime_s=walltime_s,
            progress=progress,
        )
        return list(runs)
    deadline = None if walltime_s is None else time.monotonic() + walltime_s
    lost = _in_processes(waiting, at_once, threads, deadline, progress)
    failed = {run.path: f"{run.path} {run.state}" for run in waiting if run.state.startswith("failed")}
    if failed or lost:
        raise SimulationError("\n".join((failed | lost).values()))
    return list(runs)


def _in_processes(
    waiting: list[Run], at_once: int, threads: int, deadline: float | None, progress: bool
) -> dict[Path, str]:
    """Give each run a process; Ctrl-C and SIGTERM end all of them at checkpoints.

    Returns what ended without a word in the run's state, and how.
    """
    queue, working = list(waiting), list[_Working]()
    lost: dict[Path, str] = {}
    with ExitStack() as stack:
        show = _bar(stack, waiting) if progress else None
        stopping = stack.enter_context(_wish_to_stop())
        try:
            while queue or working:
                late = deadline is not None and time.monotonic() >= deadline
                while queue and len(working) < at_once and not late and not stopping:
                    working.append(_Working.start(queue.pop(0), threads, deadline))
                for one in [one for one in working if one.process.poll() is not None]:
                    working.remove(one)
                    if stopping:
                        one.stop_file.unlink(missing_ok=True)
                    elif one.unexplained:
                        how = WorkerDied(one.process.returncode)
                        lost[one.run.path] = f"{one.run.path}: {how}, see {one.run.path / MESSAGES}"
                if stopping:
                    # Not a signal: where the terminal or the queue sent it to the children too, ours would be
                    # their second one, which ends a run at once. Each time, since a run may remove it first.
                    for one in working:
                        one.stop_file.touch()
                if (late or stopping) and not working:
                    break
                if show is not None:
                    show()
                time.sleep(_POLL_S)
        finally:
            for one in working:
                one.process.terminate()
            for one in working:
                one.process.wait()
                one.stop_file.unlink(missing_ok=True)
    return lost


@contextmanager
def _wish_to_stop() -> Iterator[list[int]]:
    """Note Ctrl-C and a queue's SIGTERM; a second one ends this process as ever."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: signals are the caller's business
        yield received
        return
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class _Working:
    """A run and the process that works on it."""

    run: Run
    process: subprocess.Popen[bytes]
    state_before: bytes

    @classmethod
    def start(cls, run: Run, threads: int, deadline: float | None) -> _Working:
        words = [sys.executable, "-m", "mofglass.studies.one_run", str(os.getpid()), str(run.path)]
        words += ["--threads", str(threads)]
        if deadline is not None:
            words += ["--walltime", f"{max(deadline - time.monotonic(), 1.0):.0f}"]
        before = _state_bytes(run)
        # Why a run failed is in its state; the rest of what the child has to say stays beside it.
        with open(run.path / MESSAGES, "ab") as messages:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=messages
            )
        return cls(run, process, before)

    @property
    def stop_file(self) -> Path:
        """What asks the run to stop at a checkpoint."""
        return self.run.path / "stop"

    @property
    def unexplained(self) -> bool:
        """Whether the process ended badly and left no word on why in the state."""
        silent = _state_bytes(self.run) == self.state_before
        told = self.run.state.startswith(("failed", "stopped"))
        return self.process.returncode != 0 and (silent or not told)


def _state_bytes(run: Run) -> bytes:
    """Return what the state file holds; a process that writes it leaves its number there."""
    path = run.path / "state.json"
    return path.read_bytes() if path.exists() else b""


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
