"""Being stopped: a queue's SIGTERM is taken as Ctrl-C is, and a command that goes on says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click


def heed_sigterm(context: click.Context) -> None:
    """Take SIGTERM as Ctrl-C while a command runs, unless something else has a use for it.

    Parameters
    ----------
    context : click.Context
        Of the command; when it is closed, all is as before.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    context.call_on_close(lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))


@contextmanager
def goes_on(output: Path) -> Iterator[None]:
    """Say of work that is stopped that the same command goes on with it.

    Parameters
    ----------
    output : Path
        Directory of the work.

    Yields
    ------
    None
        While it is done.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise click.ClickException(f"{output}: stopped; the same command goes on where it was") from error
