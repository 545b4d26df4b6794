"""What the page says: tiles, sections, tables and figures, made from samples and their results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mofglass.errors import InputError
from mofglass.report.figures import is_over_time, overlay
from mofglass.report.measure import Measured
from mofglass.report.packing import csv_link
from mofglass.report.words import Entry, entries, number
from mofglass.result import Panel, Result

Compare = Callable[[Mapping[str, Any], str], Sequence[Any]]
"""From ``{analysis: summary}`` and a system to rows of published values (`mofglass.literature.compare`)."""


NOT_SHOWN = ("n_frames", "n_glasses")
"""Summary numbers that the page says elsewhere."""


@dataclass(frozen=True)
class Row:
    """One quantity: its name, unit, and one cell a column."""

    label: str
    unit: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class AnalysisBlock:
    """One analysis in the page: figures, table of its summary, CSV by file name, and a table of its own."""

    name: str
    title: str
    figures: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    csvs: tuple[tuple[str, str], ...]
    unconverged: tuple[str, ...]
    note: str = ""
    table: tuple[tuple[str, ...], tuple[Row, ...]] = ((), ())


@dataclass(frozen=True)
class Reference:
    """The crystal that all samples are compared with."""

    label: str
    results: Mapping[str, Result]


def reference_of(measured: Sequence[Measured]) -> Reference | None:
    """Return the crystal of the first sample that has one.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.

    Returns
    -------
    Reference or None
        Its label and results.
    """
    for item in measured:
        if item.crystal:
            return Reference(item.sample.crystal_label, item.crystal)
    return None


def analysis_blocks(
    measured: Sequence[Measured], figures: dict[str, Any], *, product: str = "glass"
) -> list[AnalysisBlock]:
    """Return one block for each analysis that any sample has, and add its figures.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    figures : dict
        Figures by identifier; added to.
    product : str
        What the samples are: ``glass``, ``crystal`` or ``liquid``.

    Returns
    -------
    list of AnalysisBlock
        In the order of the first sample's results.
    """
    crystal = reference_of(measured)
    names = list(dict.fromkeys(name for item in measured for name in item.glass))
    blocks = []
    for name in names:
        results = [(item.sample.label, item.glass[name]) for item in measured if name in item.glass]
        if len(results) == 1:
            results = [(product, results[0][1])]
        beside = crystal.results.get(name) if crystal else None
        columns, rows = summary_table(results, beside)
        blocks.append(
            AnalysisBlock(
                name=name,
                title=results[0][1].title or name,
                figures=tuple(_figures(name, results, beside, figures)),
                columns=columns,
                rows=rows,
                csvs=tuple(
                    # Of several metals the block's name tells which.
                    (table_name.replace(results[0][1].name, name, 1), csv_link(table))
                    for table_name, table in _joined(results, beside).items()
                    if len(table)
                ),
                unconverged=tuple(
                    label
                    for label, result in results
                    if result.summary().get("error_converged") is False and result.summary()["n_frames"] > 1
                ),
            )
        )
    return blocks


def _figures(
    name: str, results: Sequence[tuple[str, Result]], crystal: Result | None, figures: dict[str, Any]
) -> list[tuple[str, str]]:
    """Add one figure a panel, the crystal's panel with the same axes in it; return (identifier, title)."""
    panels = [(label, _by_axes(result)) for label, result in results]
    other = _by_axes(crystal) if crystal else {}
    combined = combine([result for _, result in results]) if len(results) > 1 else None
    means = _by_axes(combined) if combined else {}
    added = []
    for position, axes in enumerate(dict.fromkeys(axes for _, by_axes in panels for axes in by_axes)):
        members = [(label, by_axes[axes]) for label, by_axes in panels if axes in by_axes]
        title, over_time = members[0][1].title, is_over_time(members[0][1])
        if over_time and all(len(curve.x) < 2 for _, panel in members for curve in panel.curves):
            continue
        # Crystal and glass were followed at different times of the run: together they would be two stumps.
        beside = other.get(axes) if not over_time else None
        identifier = f"{name}-{position}"
        figures[identifier] = overlay(members, ("crystal", beside) if beside else None, means.get(axes))
        counted = figures[identifier]["panels"][0]["counted"]
        added.append((identifier, f"{title}, by number of {counted}" if counted else title))
    return added


def _by_axes(result: Result) -> dict[tuple[str, str, int], Panel]:
    """Panels by what they show, since titles may hold the sample's own temperature."""
    found: dict[tuple[str, str, int], Panel] = {}
    for panel in result.panels():
        same = sum(axes[:2] == (panel.x_label, panel.y_label) for axes in found)
        found[panel.x_label, panel.y_label, same] = panel
    return found


def summary_table(
    results: Sequence[tuple[str, Result]], crystal: Result | None
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return the summary numbers of crystal and samples side by side.

    Of several samples the mean stands first, with its standard error between them, then the spread
    (standard deviation), then each.

    Parameters
    ----------
    results : sequence of (str, Result)
        Label and result of each sample.
    crystal : Result or None
        The crystal's.

    Returns
    -------
    columns : tuple of str
        Headings.
    rows : tuple of Row
        One a number.
    """
    several = len(results) > 1
    combined = (
        {entry.key: entry for entry in entries(combined_summary([r for _, r in results]))} if several else {}
    )
    tables = [{entry.key: entry for entry in entries(result.summary())} for _, result in results]
    reference = {entry.key: entry for entry in entries(crystal.summary())} if crystal else {}
    columns = [*(["crystal"] if crystal else [])]
    columns += [f"mean of {len(results)}", "spread"] if several else []
    columns += [label for label, _ in results]
    keys = dict.fromkeys(key for table in [*tables, reference] for key in table if key not in NOT_SHOWN)
    rows = []
    for key in keys:
        known = [table[key] for table in tables if key in table]
        entry = known[0] if known else reference[key]
        cells = [_written(reference.get(key))] if crystal else []
        if several:
            cells += [_written(combined.get(key)), _spread(known)]
        cells += [_written(table.get(key)) for table in tables]
        rows.append(Row(entry.label, entry.unit, tuple(cells)))
    return tuple(columns), tuple(rows)


def _written(entry: Entry | None) -> str:
    return "–" if entry is None else number(entry.value, entry.error)


def _spread(known: Sequence[Entry]) -> str:
    if len(known) < 2:
        return "–"
    spread = float(np.std([entry.value for entry in known], ddof=1))
    return number(float(f"{spread:.1e}")).rstrip("0") if spread else "0"


def combine(results: Sequence[Result]) -> Result | None:
    """Return the result over several samples, errors between them.

    Parameters
    ----------
    results : sequence of Result
        Of the same analysis, one a sample.

    Returns
    -------
    Result or None
        As the analysis itself combines them: the barrier is that of the mean g(r). None where it cannot,
        as for samples followed over different times.
    """
    method = getattr(type(results[0]), "combine", None)
    if len(results) == 1 or method is None:
        return results[0] if len(results) == 1 else None
    try:
        combined: Result = method(list(results))
    except InputError:
        return None
    return combined


def combined_summary(results: Sequence[Result]) -> Mapping[str, Any]:
    """Return the summary over several samples, errors between them.

    Parameters
    ----------
    results : sequence of Result
        Of the same analysis, one a sample.

    Returns
    -------
    dict
        As `Result.summary`; where the analysis cannot combine them, the mean of each number.
    """
    combined = combine(results)
    return combined.summary() if combined else _mean_of([result.summary() for result in results])


def _joined(results: Sequence[tuple[str, Result]], crystal: Result | None) -> dict[str, pd.DataFrame]:
    """Tables of all samples and the crystal by name, with a first column that tells which."""
    parts = [(label, result) for label, result in results] + ([("crystal", crystal)] if crystal else [])
    tables: dict[str, list[pd.DataFrame]] = {}
    for label, result in parts:
        for name, table in result.tables().items():
            table = table.copy()
            table.insert(0, "sample", label, allow_duplicates=True)
            tables.setdefault(name, []).append(table)
    return {name: pd.concat(members, ignore_index=True) for name, members in tables.items()}


def mean_summary(results: Sequence[Mapping[str, Result]]) -> dict[str, Mapping[str, Any]]:
    """Return summaries averaged over samples, nested as they are.

    Parameters
    ----------
    results : sequence of mapping
        Results by analysis name, one mapping a sample.

    Returns
    -------
    dict
        ``{analysis: summary}``; of several samples each number is the mean, its error the standard error
        between them.
    """
    names = dict.fromkeys(name for mapping in results for name in mapping)
    return {
        name: combined_summary([mapping[name] for mapping in results if name in mapping]) for name in names
    }


def _mean_of(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mean: dict[str, Any] = {}
    for key, value in summaries[0].items():
        column = [summary.get(key) for summary in summaries]
        if isinstance(value, Mapping):
            nested = [part for part in column if isinstance(part, Mapping)]
            mean[key] = _mean_of(nested)
        elif key.endswith("_error"):
            continue
        elif all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in column):
            numbers = np.array(column, dtype=float)
            mean[key] = float(numbers.mean())
            if len(numbers) > 1:
                mean[f"{key}_error"] = float(numbers.std(ddof=1) / math.sqrt(len(numbers)))
    return mean


def comparison_groups(
    compare: Compare | None, summaries: Mapping[str, Any], system: str
) -> list[dict[str, Any]]:
    """Return our numbers beside published ones, one group a quantity.

    Parameters
    ----------
    compare : callable, optional
        `mofglass.literature.compare`; no groups without it.
    summaries : mapping
        ``{analysis: summary}``.
    system : str
        ``glass``, ``crystal`` or ``liquid``.

    Returns
    -------
    list of dict
        ``title``, ``unit``, ``ours`` and ``rows``.
    """
    groups: dict[str, dict[str, Any]] = {}
    for row in compare(summaries, system) if compare else ():
        group = groups.setdefault(
            row.quantity,
            {
                "quantity": row.quantity,
                "remark": "",
                "title": row.title,
                "unit": row.unit,
                "ours": number(row.ours, row.ours_error),
                "rows": [],
            },
        )
        relative = "" if row.published == 0 else f"{100 * row.difference / abs(row.published):+.1f} %"
        group["rows"].append(
            {
                # To the digits it was printed with.
                "published": f"{row.published:g}"
                + (f" ± {row.published_error:g}" if row.published_error else ""),
                "difference": relative.replace("-", "−"),
                "n_sigma": None if row.n_sigma is None else f"{row.n_sigma:.1f} σ",
                "method": row.method,
                "source": f"{row.source}, {row.where}",
                "url": row.url,
                "note": row.note,
            }
        )
    return list(groups.values())
