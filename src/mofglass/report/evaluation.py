"""The page of an evaluation: errors, parity, outliers, cost and derivative checks in one offline file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mofglass.report.packing import csv_link
from mofglass.report.page import render, write_whole
from mofglass.report.table_page import cell_text, page_frame, plots_of, table_of
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
                "spread_microseconds_per_atom": "spread, µs/atom",
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
            row["Mean Δp, MPa"] = cell_text(group.pressure_MPa.mean)
            row["µs/atom"] = cell_text(group.microseconds_per_atom)
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
