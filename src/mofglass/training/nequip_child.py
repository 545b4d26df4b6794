"""nequip-train in a process that ends with its parent: `python -m mofglass.training.nequip_child`.

A training whose parent was killed would go on, and meet the training that resumes it in the same directory.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends (Linux).

    Parameters
    ----------
    parent : int
        Process id of the parent; when it is gone already, this process ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the process that started this training is gone")


if __name__ == "__main__":
    end_with_parent(int(sys.argv.pop(1)))
    from nequip.scripts.train import main

    main()
