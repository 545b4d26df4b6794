"""An evaluation on disk: tables as CSV, figures as PNG and SVG, the summary as JSON; all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mofglass.errors import InputError
from mofglass.plain_json import to_json
from mofglass.plotting import save_panel
from mofglass.result import Panel
from mofglass.training.evaluation import FIGURES, Evaluation


def write_evaluation(
    evaluation: Evaluation, directory: Path | str, *, provenance: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write every table and figure of an evaluation, and ``summary.json``.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    directory : Path or str
        Where to; made if need be. Files of an earlier evaluation are replaced, or removed.
    provenance : mapping, optional
        What was evaluated and how; kept in ``summary.json``.

    Returns
    -------
    list of Path
        The files, ``summary.json`` last.

    Raises
    ------
    InputError
        When the directory cannot be written.
    """
    summary = evaluation.summary() | ({"provenance": dict(provenance)} if provenance else {})
    figures = {**dict.fromkeys(FIGURES), **evaluation.figures()}
    return write_together(directory, evaluation.tables(), figures, {"summary": summary})


def write_together(
    directory: Path | str,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Panel | None],
    summaries: Mapping[str, Mapping[str, Any]],
) -> list[Path]:
    """Write tables, figures and summaries beside the directory first, and move them in when all are there.

    Parameters
    ----------
    directory : Path or str
        Where to; made if need be.
    tables : mapping of str to pandas.DataFrame
        By file name; an empty one is left out, and the file of before removed.
    figures : mapping of str to Panel or None
        By file name; where there is none, the files of before are removed.
    summaries : mapping of str to mapping
        By file name.

    Returns
    -------
    list of Path
        The files, summaries last.

    Raises
    ------
    InputError
        When the directory cannot be written.
    """
    directory = Path(directory)
    scratch: Path | None = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=directory))
        names, absent = [], []
        for name, table in tables.items():
            if len(table):
                table.to_csv(scratch / f"{name}.csv", index=False, float_format="%.8g")
                names.append(f"{name}.csv")
            else:
                absent.append(f"{name}.csv")
        for name, panel in figures.items():
            if panel is not None:
                names += [path.name for path in save_panel(panel, scratch / name)]
            else:
                absent += [f"{name}.png", f"{name}.svg"]
        for name, summary in summaries.items():
            (scratch / f"{name}.json").write_text(to_json(summary) + "\n")
            names.append(f"{name}.json")
        for name in names:
            os.replace(scratch / name, directory / name)
        for name in absent:
            (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{directory} cannot be written: {error.strerror or error}") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return [directory / name for name in names]
