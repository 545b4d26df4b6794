"""Progress on standard error, where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(
    what: str, total: int | None = None, *, quiet: bool = False
) -> Iterator[Callable[[int], None] | None]:
    """Show how many of something are done.

    Parameters
    ----------
    what : str
        E.g. ``frames``.
    total : int, optional
        How many there are, where it is known.
    quiet : bool
        Show nothing.

    Yields
    ------
    callable or None
        Takes the number done so far; None where nobody watches.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something of unknown length is being done.

    Parameters
    ----------
    what : str
        E.g. ``timing a step``.

    Yields
    ------
    None
        While it is done.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
