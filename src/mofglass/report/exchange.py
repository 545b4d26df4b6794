"""Exchange of linkers in the page: the table of its classes, and what colours the linkers of the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mofglass.analysis.exchange_events import ExchangeKind
from mofglass.analysis.exchange_result import EVENT_COUNTS, LABILITY_COLOURS, ExchangeResult
from mofglass.report.content import AnalysisBlock, Row, analysis_blocks, combine
from mofglass.report.measure import Measured
from mofglass.report.packing import base64_of
from mofglass.report.whole_run import is_grouped
from mofglass.report.words import number
from mofglass.topology import perceive

NO_LINKER = 65535
"""What stands for atoms of no linker."""

KIND_NAMES = {
    "break": "a Zn–N bond breaks",
    ExchangeKind.SAME_NITROGEN.value: "(i) restored by the same N",
    ExchangeKind.SAME_LINKER.value: "(ii) by the other N of the linker",
    ExchangeKind.OTHER_LINKER.value: "(iii) by another linker",
}
"""The classes of Mendez and Semino 2024, section III.C."""


def exchange_block(measured: Sequence[Measured], figures: dict[str, Any]) -> AnalysisBlock | None:
    """Return the block of linker exchange over whole runs, all runs together, and add its figures.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    figures : dict
        Figures by identifier; added to.

    Returns
    -------
    AnalysisBlock or None
        None where it could not be followed in any.
    """
    followed = [item for item in measured if item.exchange is not None]
    result = combine([item.exchange for item in followed if item.exchange is not None]) if followed else None
    if not isinstance(result, ExchangeResult):
        return None
    joined = replace(followed[0], glass={"exchange": result}, crystal={})
    (block,) = analysis_blocks([joined], figures, product=_whole(followed))
    where = followed[0].exchange_words
    frames = "1 frame" if result.residence_frames == 1 else f"{result.residence_frames} frames"
    note = (
        f"From {where}. A bond counts as broken or formed where it stays so for "
        f"{result.residence_time_ps:g} ps ({frames}). Errors are those of counting, "
        "or between runs."
    )
    if not is_grouped(result):
        note += (
            " Each linker is judged by itself, stable or labile, there being no crystal with the same atoms "
            "in the same order (--crystal) whose symmetry would group them."
        )
    return replace(block, note=note, table=exchange_rows(result))


def _whole(followed: Sequence[Measured]) -> str:
    """What the exchanges are of."""
    kind = "run" if followed[0].sample.is_run else "trajectory"
    return kind if len(followed) == 1 else {"run": "all runs", "trajectory": "all trajectories"}[kind]


def exchange_rows(result: ExchangeResult) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return the table of the classes of exchange events.

    Parameters
    ----------
    result : ExchangeResult
        Of one run or several.

    Returns
    -------
    columns : tuple of str
        Headings.
    rows : tuple of Row
        One a class, with breaks first.
    """
    summary = result.summary()

    def cell(key: str) -> str:  # numpydoc ignore=GL08
        value, error = summary.get(key), summary.get(f"{key}_error")
        return "–" if value is None or not np.isfinite(value) else number(value, error)

    rows = []
    for kind, name in KIND_NAMES.items():
        count = summary["n_breaks"] if kind == "break" else summary[f"n_events_{kind}"]
        cells = (str(count), cell(f"mean_waiting_time_{kind}_ps"), cell(f"first_event_{kind}_ps"))
        rows.append(Row(name, "ps", (*cells, cell(f"restoration_time_{kind}_ps"))))
    lifetime = (cell("n_three_coordinate"), cell("three_coordinate_lifetime_ps"), "–", "–")
    rows.append(Row("lifetime of three-coordinate Zn", "ps", lifetime))
    return ("events", "mean time between them", "first after", "until restored"), tuple(rows)


def linker_colours(measured: Measured) -> dict[str, Any] | None:
    """Return what colours the linkers in the viewer by their exchanges.

    Parameters
    ----------
    measured : Measured
        A sample; its crystal has the same atoms.

    Returns
    -------
    dict or None
        ``linker`` of each atom (base64 of uint16), ``events`` and ``lability`` (place in
        `LABILITY_COLOURS`) of each linker, ``most`` events of one. None where nothing was followed.
    """
    if measured.exchange is None:
        return None
    table = measured.exchange.linkers
    # Broken bonds that were replaced, in any of the three ways.
    events = table[[name for name in EVENT_COUNTS if name != "n_breaks"]].sum(axis=1).to_numpy()
    nitrogen = [int(pair.split()[0]) for pair in table["nitrogens"]]
    linker_of = perceive(measured.sample.trajectory[0]).linkers.linker_of
    row_of = np.full(int(linker_of.max(initial=-1)) + 1, NO_LINKER, dtype=np.uint16)
    row_of[linker_of[nitrogen]] = np.arange(len(nitrogen))
    rows = np.where(linker_of >= 0, row_of[linker_of], NO_LINKER).astype(np.uint16)
    marks = list(LABILITY_COLOURS)
    return {
        "linker": base64_of(rows),
        "events": [int(n) for n in events],
        "lability": [marks.index(mark) for mark in table["lability"]],
        "most": int(events.max(initial=0)),
    }
