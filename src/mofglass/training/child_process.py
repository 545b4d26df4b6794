"""Another program's training in a process of its own, which ends with its parent, and is followed."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mofglass.errors import MofglassError
from mofglass.parent_process import end_with_parent

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_END = 20.0
LINES_OF_REASON = 4


def run_module(
    module: str,
    arguments: Sequence[str],
    *,
    directory: Path,
    log: Path,
    environment: Mapping[str, str],
    look: Callable[[], None] = lambda: None,
    time_limit_s: float | None = None,
) -> bool:
    """Run ``python -m MODULE`` to its end, looking at what it writes.

    Parameters
    ----------
    module : str
        The module, of a package installed here.
    arguments : sequence of str
        Its command line.
    directory : Path
        Its working directory.
    log : Path
        What it prints is appended here.
    environment : mapping of str to str
        Set on top of this process' environment.
    look : callable
        Called each second, and once after the end.
    time_limit_s : float, optional
        End the process after this wall time, s.

    Returns
    -------
    bool
        Whether it came to its end; False where the time limit ended it.

    Raises
    ------
    MofglassError
        When it fails; with the last lines of its log.
    """
    began = time.monotonic()
    command = [sys.executable, "-m", "mofglass.training.child_process", str(os.getpid()), module, *arguments]
    with log.open("a") as file:
        child = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **environment}, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            while True:
                code = child.poll()
                look()
                if code is not None:
                    break
                if time_limit_s is not None and time.monotonic() - began > time_limit_s:
                    return False
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            _end(child)
    if code != 0:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise MofglassError(f"{module} failed: {' '.join(lines[-LINES_OF_REASON:])} (all of it in {log})")
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process that is still running."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    # A training whose parent was killed would meet the one that resumes it in the same directory.
    end_with_parent(int(sys.argv.pop(1)))
    name = sys.argv.pop(1)
    # The working directory stands first in the path otherwise, with names of its own.
    sys.path = [entry for entry in sys.path if entry not in ("", os.getcwd())]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
