"""The trajectory of a run directory: the file of a finished run, or the committed parts of one under way."""

from __future__ import annotations

import json
from pathlib import Path

from mofglass.errors import InputError

WHOLE_FILE = "trajectory.h5"


def is_run_directory(path: Path) -> bool:
    """Tell whether a directory looks like a run.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    bool
        True when it is a directory with ``trajectory.h5``, ``parts`` or ``run.yaml``.
    """
    return path.is_dir() and any((path / name).exists() for name in (WHOLE_FILE, "parts", "run.yaml"))


def trajectory_files(run: Path) -> list[Path]:
    """Return the H5MD files that hold the frames of a run, in order.

    ``trajectory.h5`` when the run is done. Before that the parts ``parts/000000.h5`` and on; when
    ``checkpoint.json`` names how many are committed (``n_parts``), only those, since frames beyond the
    checkpoint are computed again when the run is resumed.

    Parameters
    ----------
    run : Path
        The run directory.

    Returns
    -------
    list of Path
        At least one file.

    Raises
    ------
    InputError
        When it is no run directory, holds no frames yet, or a committed part is missing.
    """
    if not is_run_directory(run):
        raise InputError(f"{run} is a directory but not a run: name a trajectory file in it")
    whole = run / WHOLE_FILE
    if whole.exists():
        return [whole]
    parts = sorted((run / "parts").glob("[0-9]" * 6 + ".h5"))
    checkpoint = run / "checkpoint.json"
    if checkpoint.exists():
        try:
            n_parts = int(json.loads(checkpoint.read_text())["n_parts"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{checkpoint} does not say 'n_parts': resume the run, it writes it anew"
            ) from error
        committed = [run / "parts" / f"{index:06d}.h5" for index in range(n_parts)]
        missing = [part for part in committed if not part.exists()]
        if missing and whole.exists():
            return [whole]  # the run has ended since
        if missing:
            raise InputError(f"{missing[0]} is missing, though {checkpoint.name} counts it: put it back")
        parts = committed
    if not parts:
        raise InputError(f"{run} holds no frames yet: wait for its first checkpoint")
    return parts
