"""The page of an evaluation: errors, parity, outliers, cost and derivative checks in one offline file."""

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
from mofglass.training.error_sums import ErrorStatistics
from mofglass.training.evaluation import ALL, Evaluation, GroupErrors

TITLES = {
    "source": "By source",
    "temperature": "By temperature, to the nearest 100 K",
    "element": "By element",
}
FIGURE_TITLES = {
    "parity_energy": "Energy",
    "parity_force": "Forces",
    "parity_stress": "Stress",
    "error_against_force": "Error against the size of the force",
}


def write_evaluation_page(
    evaluation: Evaluation,
    destination: Path,
    *,
    dataset: str = "",
    command: str = "",
    title: str = "",
) -> Path:
    """Write the page of one evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    destination : Path
        The HTML file; written whole or not at all.
    dataset : str
        What the frames are, in words or as a path.
    command : str
        The command that makes it again.
    title : str
        Heading; by default the potential's name.

    Returns
    -------
    Path
        The file.
    """
    write_whole(Path(destination), evaluation_html(evaluation, dataset=dataset, command=command, title=title))
    return Path(destination)


def evaluation_html(evaluation: Evaluation, *, dataset: str = "", command: str = "", title: str = "") -> str:
    """Return the page of one evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    dataset, command, title : str
        As for `write_evaluation_page`.

    Returns
    -------
    str
        HTML.
    """
    name = evaluation.potential["name"]
    frames = f"{evaluation.overall.n_frames} frames" if evaluation.overall.n_frames > 1 else "1 frame"
    tables, panels = evaluation.tables(), evaluation.figures()
    plots, figures = plots_of(panels, tables, FIGURE_TITLES)
    contents = [("errors", "Errors"), ("parity", "Parity")]
    contents += [("outliers", "Outliers")] if len(evaluation.outliers) else []
    contents += [("checks", "Derivatives")] if evaluation.checks is not None else []
    content = {
        **page_frame(title or f"Errors of {name}", "Evaluation"),
        "lede": f"The potential {name} beside {frames}"
        + (f" of {dataset}." if dataset else " with labels.")
        + f" {fitted_words(evaluation)}",
        "contents": [*contents, ("reproduce", "Reproduce")],
        "tiles": _tiles(evaluation),
        "warnings": evaluation.notes,
        "errors_note": (
            "Mean absolute errors, with root mean square errors beside them; ± is the standard error over "
            "frames. Energies count once a frame, forces by component, stresses by each of nine components; "
            "Δp is the error of the pressure with its sign."
        ),
        "errors": _error_blocks(evaluation, tables),
        "figures_title": "Parity",
        "figures_note": (
            "Points are a random sample of at most a few thousand, the line is perfect agreement; errors "
            "against the size of the force are of all atoms."
        ),
        "plots": plots,
        "outliers": _outliers(evaluation) if len(evaluation.outliers) else None,
        "checks": _checks(evaluation),
        "command": command,
        "record": list(evaluation.potential.items()),
    }
    return render(content, figures=figures, template="evaluation.html")


def fitted_words(evaluation: Evaluation) -> str:
    """Return in one sentence what the potential was fitted to.

    Parameters
    ----------
    evaluation : Evaluation
        Its potential.

    Returns
    -------
    str
        Empty where the potential does not say.
    """
    fitted_to = evaluation.potential.get("fitted_to", "").rstrip(".")
    return f"It was fitted to: {fitted_to}." if fitted_to else ""


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
        "cells": [[_text(value) for value in row] for row in table.itertuples(index=False)],
    }


def _text(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:.4g}".replace("-", "−") if isinstance(value, float) else str(value)


def _with_error(errors: ErrorStatistics) -> str:
    if not errors.n_values:
        return "–"
    error = _one_digit(errors.mae_error)
    return f"{errors.mae:.3g}{error and ' ± '}{error} ({errors.rmse:.3g})"


def _one_digit(error: float) -> str:
    """Write a standard error; nothing where it is not known."""
    return f"{float(f'{error:.1g}'):g}" if math.isfinite(error) else ""


def _tiles(evaluation: Evaluation) -> list[dict[str, str]]:
    overall = evaluation.overall
    tiles = []
    for name, unit, errors in (
        ("Energy, MAE", "meV/atom", overall.energy_meV_per_atom),
        ("Force, MAE", "meV/Å", overall.force_meV_per_A),
        ("Stress, MAE", "MPa", overall.stress_MPa),
    ):
        if errors.n_values:
            tiles.append(
                {
                    "name": name,
                    "value": f"{errors.mae:.3g}",
                    "error": _one_digit(errors.mae_error),
                    "unit": unit,
                    "beside": f"RMSE {errors.rmse:.3g}, largest {errors.largest:.3g}",
                }
            )
    timings = evaluation.efficiency.timings if evaluation.efficiency is not None else ()
    beside = ", ".join(f"{timing.n_atoms} atoms {timing.microseconds_per_atom:.3g}" for timing in timings)
    if not math.isfinite(evaluation.microseconds_per_atom):
        return tiles
    threads = f"{evaluation.threads} thread{'s' if evaluation.threads > 1 else ''}"
    tiles.append(
        {
            "name": f"Cost, {threads}",
            "value": f"{evaluation.microseconds_per_atom:.3g}",
            "error": "",
            "unit": "µs/atom",
            "beside": beside,
        }
    )
    return tiles


def _error_blocks(evaluation: Evaluation, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for kind, title in TITLES.items():
        groups = list(evaluation.groups(kind).values())
        if kind != "element":
            groups = [evaluation.overall, *groups]
        blocks.append({"title": title, "table": table_of(_group_table(groups, kind))})
    blocks[0] |= {"file": "errors.csv", "csv": csv_link(tables["errors"])}
    shi = tables["shi_table"].rename(
        columns={
            "source": "Source",
            "n_frames": "Frames",
            "energy_rmse_meV_per_atom": "Energy, meV/atom",
            "energy_relative_percent": "relative, %",
            "force_rmse_eV_per_A": "Force, eV/Å",
            "force_relative_percent": "relative, % ",
            "virial_rmse_meV_per_atom": "Virial, meV/atom",
            "virial_relative_percent": "relative, %  ",
        }
    )
    note = (
        "As in Table 1 of Shi 2023; relative errors are over the root mean square of the labels, and that of "
        "the energy depends on where the labels put zero."
    )
    blocks.append(
        {
            "title": "Root mean square errors",
            "note": note,
            "table": table_of(shi),
            "file": "shi_table.csv",
            "csv": csv_link(tables["shi_table"]),
        }
    )
    if len(tables["efficiency"]):
        cost = tables["efficiency"].rename(
            columns={
                "n_atoms": "Atoms",
                "microseconds_per_atom": "µs per atom and call",
                "spread": "spread, µs",
                "n_calls": "Calls",
                "threads": "Threads",
            }
        )
        note = "Energy, forces and stress, warm: median, and half the range of the middle half of the calls."
        blocks.append(
            {
                "title": "Cost",
                "note": note,
                "table": table_of(cost),
                "file": "efficiency.csv",
                "csv": csv_link(tables["efficiency"]),
            }
        )
    return [{"note": "", "file": "", "csv": "", **block} for block in blocks]


def _group_table(groups: Sequence[GroupErrors], kind: str) -> pd.DataFrame:
    rows = []
    for group in groups:
        unit = " K" if kind == "temperature" and group.kind != ALL and group.label != "unknown" else ""
        row = {"": (group.label or "no source") + unit, "Frames": group.n_frames, "Atoms": group.n_atoms}
        if kind != "element":
            row["Energy, meV/atom"] = _with_error(group.energy_meV_per_atom)
        row["Force, meV/Å"] = _with_error(group.force_meV_per_A)
        if kind != "element":
            row["Stress, MPa"] = _with_error(group.stress_MPa)
            row["Mean Δp, MPa"] = _text(group.pressure_MPa.mean)
            row["µs/atom"] = _text(group.microseconds_per_atom)
        rows.append(row)
    return pd.DataFrame(rows)


def _outliers(evaluation: Evaluation) -> dict[str, Any]:
    table = evaluation.outliers
    shown = pd.DataFrame(
        {
            "Quantity": table["quantity"],
            "No.": table["frame"],
            "Frame": _places(table["where"]),
            "Source": table["source"],
            "Temperature, K": table["temperature"],
            "Atom": [
                "–" if pd.isna(atom) else f"{element} {atom}"
                for atom, element in zip(table["atom"], table["element"], strict=True)
            ],
            "Error": [
                f"{error:.4g} {unit}" for error, unit in zip(table["error"], table["unit"], strict=True)
            ],
            "times RMSE": table["times_rmse"].astype(float),
        }
    )
    note = (
        "Frames and atoms count from 0: No. among the frames evaluated, Frame in its file. A force counts as "
        "the vector of its atom, and is compared with √3 times the RMSE of components."
    )
    return {"note": note, "table": table_of(shown, words=("Frame", "Source")), "csv": csv_link(table)}


def _places(where: pd.Series) -> list[str]:
    """Frame and file, without the folder where no two files have the same name."""
    paths = [Path(words.partition(" of ")[2]) for words in where]
    if len({path.name for path in paths}) < len(set(paths)):
        return [words.removeprefix("frame ") or "–" for words in where]
    return [
        f"{words.split()[1]} of {path.name}" if words else "–"
        for words, path in zip(where, paths, strict=True)
    ]


def _checks(evaluation: Evaluation) -> dict[str, Any] | None:
    checks = evaluation.checks
    if checks is None:
        return None
    table = None
    if checks.stress_MPa is not None:
        table = table_of(
            pd.DataFrame(
                {
                    "Stress": ["xx", "yy", "zz", "yz", "xz", "xy"],
                    "of the potential, MPa": checks.stress_MPa[:, 0],
                    "by finite differences, MPa": checks.stress_MPa[:, 1],
                }
            )
        )
    verdict = checks.verdict
    return {
        "verdict": verdict[0].upper() + verdict[1:],
        "passed": checks.forces_agree and checks.stress_agrees is not False,
        "note": f"On {checks.frame or 'one frame'}, rattled by 0.02 Å and strained by 0.5 %, with "
        "fourth-order central differences of the energy.",
        "table": table,
    }
