"""Child processes that end when their parent does, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel (Linux) to end this process when its parent ends; to be called in the child.

    Parameters
    ----------
    parent : int
        Process id of the parent; when that is gone already, this process ends at once.
    by : signal.Signals
        What the kernel sends; SIGTERM leaves time to put things in order.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        raise SystemExit("the process that started this one is gone")
