"""Runs taken to their ends one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from mofglass.errors import MofglassError, SimulationError
from mofglass.potentials import Potential
from mofglass.simulate.execution import execute
from mofglass.simulate.run import Run


def execute_in_turn(
    runs: Iterable[Run],
    *,
    potential: Potential | None = None,
    threads: int | None = None,
    processes: int = 1,
    walltime_s: float | None = None,
    progress: bool = True,
    changed_potential: bool = False,
    after: Callable[[Run], None] | None = None,
) -> list[Run]:
    """Take runs to their ends one after the other: one that fails keeps none of the others from its end.

    Parameters
    ----------
    runs : iterable of Run
        Each is asked for when its turn comes, so that a generator may make them then.
    potential, threads, processes
        As for `execute`.
    walltime_s : float, optional
        For all together, s; then the one whose turn it is stops at a checkpoint, and with it the series.
    progress, changed_potential
        As for `execute`.
    after : callable, optional
        Called with each run after its turn.

    Returns
    -------
    list of Run
        Those whose turn came; the last may have been stopped.

    Raises
    ------
    MofglassError
        When a run failed, after the turns of the others; of several a SimulationError that names all.
    """
    deadline = None if walltime_s is None else time.monotonic() + walltime_s
    taken: list[Run] = []
    failures: list[MofglassError] = []
    stopped, turns = False, iter(runs)
    while not stopped and (deadline is None or time.monotonic() < deadline):
        if (run := next(turns, None)) is None:
            break
        taken.append(run)
        try:
            execute(
                run,
                potential=potential,
                threads=threads,
                processes=processes,
                walltime_s=None if deadline is None else deadline - time.monotonic(),
                progress=progress,
                changed_potential=changed_potential,
            )
            stopped = run.state != "done"
        except MofglassError as error:
            failures.append(error)
        if after is not None:
            after(run)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise SimulationError("\n".join(map(str, failures)))
    return taken
