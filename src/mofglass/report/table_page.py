"""Pages of tables and figures, and their parts: of a training, a learning, a comparison, an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from mofglass.report.figures import overlay
from mofglass.report.packing import csv_link
from mofglass.report.page import render, write_whole
from mofglass.result import Panel


def page_frame(title: str, eyebrow: str) -> dict[str, Any]:
    """Return what ``base.html`` names on every page.

    Parameters
    ----------
    title, eyebrow : str
        Heading, and the small line above it.

    Returns
    -------
    dict
        Content; ``lede``, ``contents`` and ``tiles`` are the caller's.
    """
    return {
        "version": version("mofglass"),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "title": title,
        "eyebrow": eyebrow,
    }


def plots_of(
    panels: Mapping[str, Panel], tables: Mapping[str, pd.DataFrame], titles: Mapping[str, str]
) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Return what the template and ``figures.js`` need of figures.

    Parameters
    ----------
    panels : mapping of str to Panel
        By name.
    tables : mapping of str to pandas.DataFrame
        Numbers of each, by the same names.
    titles : mapping of str to str
        Headings, by the same names.

    Returns
    -------
    plots : list of dict
        For the template.
    figures : dict
        For ``figures.js``.
    """
    plots = [
        {"id": name, "title": titles[name], "file": f"{name}.csv", "csv": csv_link(tables[name])}
        for name in panels
    ]
    figures = {name: overlay([("", panel)]) for name, panel in panels.items()}
    for figure in figures.values():
        for curve in figure["panels"][0]["curves"]:
            curve["hidden"] = False
    return plots, figures


def write_table_page(
    destination: Path,
    *,
    title: str,
    eyebrow: str,
    lede: str,
    blocks: Sequence[Mapping[str, Any]],
    plots: tuple[list[dict[str, str]], dict[str, Any]],
    figures_note: str,
    command: str,
    record: Mapping[str, str] | None,
    **words: Any,
) -> Path:
    """Write a page of tables and some figures.

    Parameters
    ----------
    destination : Path
        The HTML file; written whole or not at all.
    title, eyebrow, lede : str
        Heading, the small line above it, and a sentence below.
    blocks : sequence of mapping
        The tables: ``title``, ``note``, ``table``, ``file`` and ``csv``.
    plots : tuple
        As `plots_of` gives them.
    figures_note : str
        What to know of the figures.
    command : str
        The command that makes it again.
    record : mapping of str to str, optional
        What else to record.
    **words
        Other headings and notes of the template.

    Returns
    -------
    Path
        The file.
    """
    content = {
        **page_frame(title, eyebrow),
        "lede": lede,
        "contents": [("errors", "Table"), ("parity", "Figures"), ("reproduce", "Reproduce")],
        "tiles": [],
        "warnings": [],
        "errors_title": "Table",
        "errors_note": "",
        "errors": list(blocks),
        "figures_title": "Figures",
        "figures_note": figures_note,
        "plots": plots[0],
        "outliers": None,
        "checks": None,
        "command": command,
        "record": list((record or {}).items()),
        **words,
    }
    destination = Path(destination)
    write_whole(destination, render(content, figures=plots[1], template="evaluation.html"))
    return destination


def table_of(table: pd.DataFrame, words: Sequence[str] = ()) -> dict[str, Any]:
    """Return a table as the template shows it, numbers to four digits.

    Parameters
    ----------
    table : pandas.DataFrame
        Its column names are the heads.
    words : sequence of str
        Columns that hold words: they begin at the left and break where the page is narrow.

    Returns
    -------
    dict
        ``columns``, ``words`` and ``cells``.
    """
    return {
        "columns": list(table.columns),
        "words": list(words),
        "cells": [[cell_text(value) for value in row] for row in table.itertuples(index=False)],
    }


def cell_text(value: Any) -> str:
    """Write a value as a cell shows it.

    Parameters
    ----------
    value : object
        What the cell holds.

    Returns
    -------
    str
        A number to four digits, a dash for what is not known.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)
