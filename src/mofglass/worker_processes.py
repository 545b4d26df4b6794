"""Tasks over worker processes that end with their parent, and whose death costs one task, not all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.connection import Connection, wait
from multiprocessing.util import Finalize
from typing import Any, Generic, TypeVar

from mofglass.errors import MofglassError

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


NOT_STARTED = (
    "a worker process ended as it started: worker processes import the script that starts them, so put "
    'its work under  if __name__ == "__main__":'
)


@dataclass(frozen=True)
class WorkerDied:
    """What stands for the outcome of a task whose process ended under it.

    Parameters
    ----------
    exit_code : int or None
        Exit code; minus the signal's number where a signal ended it.
    """

    exit_code: int | None

    def __str__(self) -> str:
        """Return a reason in words."""
        if self.exit_code is not None and self.exit_code < 0:
            with suppress(ValueError):
                return f"its process was ended by {signal.Signals(-self.exit_code).name}"
        return f"its process ended with code {self.exit_code}"


class _State(Enum):
    SERVES = "serves"


@dataclass
class _Worker(Generic[Task]):
    process: Any
    connection: Connection
    lifeline: Connection
    task: Task | None = field(default=None)
    serves: bool = False


@contextmanager
def over_processes(
    work: Callable[[Task], Outcome], tasks: Iterable[Task], *, jobs: int
) -> Generator[Iterator[tuple[Task, Outcome | WorkerDied]], None, None]:
    """Give tasks one after the other to worker processes, for the time of a `with` block.

    Workers, and the programs that they started, are killed at the end of the block or when this process ends,
    however it ends.  A worker that dies is replaced.

    Parameters
    ----------
    work : callable
        Takes a task, returns its outcome; both can be pickled.  An exception of it is raised where its
        outcome is waited for.
    tasks : iterable
        Taken as workers become free, so that they may be made one by one.
    jobs : int
        Number of processes.

    Yields
    ------
    iterator of task and outcome
        In the order in which tasks end.

    Raises
    ------
    MofglassError
        When a worker ends before it takes tasks, as in a script that does not guard its work.
    """
    with closing(_outcomes(work, tasks, jobs)) as outcomes:
        yield outcomes


def _outcomes(
    work: Callable[[Task], Outcome], tasks: Iterable[Task], jobs: int
) -> Generator[tuple[Task, Outcome | WorkerDied], None, None]:
    remaining = iter(tasks)
    workers: list[_Worker[Task]] = []
    try:
        for task in remaining:
            workers.append(_start(work))
            _give(workers[-1], task)
            if len(workers) == jobs:
                break
        while workers:
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                ended = worker.task
                assert ended is not None
                try:
                    outcome = worker.connection.recv()
                # One that dies with its task unread resets the connection.
                except (EOFError, ConnectionResetError):
                    worker.process.join()
                    if not worker.serves and worker.process.exitcode == 1:
                        raise MofglassError(NOT_STARTED) from None
                    outcome = WorkerDied(worker.process.exitcode)
                    workers.remove(worker)
                    _end(worker)
                if outcome is _State.SERVES:
                    worker.serves = True
                    continue
                if isinstance(outcome, BaseException):
                    raise outcome
                yield ended, outcome
                following = next(remaining, None)
                if following is None:
                    if worker in workers:
                        workers.remove(worker)
                        _end(worker)
                    continue
                if worker not in workers:
                    worker = _start(work)
                    workers.append(worker)
                _give(worker, following)
    finally:
        for worker in workers:
            _end(worker)


def _start(work: Callable[[Task], Outcome]) -> _Worker[Task]:
    # Spawned, not forked: forked copies of torch's and LAMMPS' threads hang.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    lifeline, watched = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs, watched), daemon=True)
    process.start()
    theirs.close()
    watched.close()
    # At the end of this process multiprocessing waits for its children, after a SIGTERM that they ignore.
    Finalize(process, lifeline.close, exitpriority=0)
    return _Worker(process, ours, lifeline)


def _give(worker: _Worker[Task], task: Task) -> None:
    worker.task = task
    # One that died before its first task is found out by what it does not answer.
    with suppress(BrokenPipeError):
        worker.connection.send(task)


def _end(worker: _Worker[Task]) -> None:
    worker.lifeline.close()
    worker.connection.close()
    worker.process.join()


def _serve(work: Callable[[Task], Outcome], connection: Connection, lifeline: Connection) -> None:
    """Work in the child: take tasks until there are none, and end with the parent."""
    # A group of its own, so that programs started here are ended with it and Ctrl-C reaches the parent alone.
    os.setpgid(0, 0)
    # A queue sends SIGTERM to all processes of a job; this one is ended by its parent.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    connection.send(_State.SERVES)
    while True:
        try:
            task = connection.recv()
        # The parent may close its end at any moment, also with an outcome unread.
        except (EOFError, ConnectionResetError):
            return
        try:
            outcome: Any = work(task)
        except Exception as error:
            outcome = error
        try:
            connection.send(outcome)
        except (BrokenPipeError, ConnectionResetError):
            return


def _end_with_parent(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv()
    os.killpg(0, signal.SIGKILL)
