"""Results on disk: tables as CSV, figures as PNG and SVG, the summary as JSON; all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.plain_json import to_json
from mofglass.plotting import save_panel
from mofglass.result import Result


def write_results(
    results: Mapping[str, Result], directory: Path | str, *, provenance: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write every result's tables and figures, and one ``summary.json``.

    Everything is written beside the directory first and moved into it when complete. A directory holds the
    results of one input: further analyses of it are added, those made again are replaced.

    Parameters
    ----------
    results : mapping of str to Result
        By name; the names begin the file names.
    directory : Path or str
        Where to; made if need be.
    provenance : mapping, optional
        What was analysed and how; kept in ``summary.json`` under ``provenance``.

    Returns
    -------
    list of Path
        The files, ``summary.json`` last.

    Raises
    ------
    InputError
        When the directory cannot be written, or holds results of other trajectories.
    """
    directory = Path(directory)
    earlier = _earlier_summary(directory, provenance)
    scratch: Path | None = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".analysis-", dir=directory))
        names = _write_all(results, scratch, provenance, earlier)
        for name in names:
            os.replace(scratch / name, directory / name)
    except OSError as error:
        raise InputError(f"{directory} cannot be written: {error.strerror or error}.") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return [directory / name for name in names]


def _earlier_summary(directory: Path, provenance: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the summaries the directory holds of the same input."""
    path = directory / "summary.json"
    if not path.is_file():
        return {}
    try:
        earlier = json.loads(path.read_text())
        before = (earlier.pop("provenance", None) or {}).get("trajectories")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path} is not a summary that mofglass wrote: choose another -o") from error
    now = (provenance or {}).get("trajectories")
    if before != now:
        what = ", ".join(before or ["another input"])
        raise InputError(f"{directory} holds the results of {what}: choose another -o, or delete it")
    return dict(earlier)


def _write_all(
    results: Mapping[str, Result],
    scratch: Path,
    provenance: Mapping[str, Any] | None,
    earlier: Mapping[str, Any],
) -> list[str]:
    names: list[str] = []
    for key, result in results.items():
        for table_name, table in result.tables().items():
            name = f"{key}{table_name.removeprefix(result.name)}.csv"
            table.to_csv(scratch / name, index=False, float_format="%.8g")
            names.append(name)
        panels = result.panels()
        for place, panel in enumerate(panels):
            stem = key if place == 0 else f"{key}_{place + 1}"
            names += [path.name for path in save_panel(panel, scratch / stem)]
    summary: dict[str, Any] = {**earlier, **{key: result.summary() for key, result in results.items()}}
    if provenance:
        summary["provenance"] = dict(provenance)
    (scratch / "summary.json").write_text(to_json(summary) + "\n")
    names.append("summary.json")
    return names
