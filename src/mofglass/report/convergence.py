"""The table of convergence: for each number, whether time, glasses or a larger box would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import median
from typing import Any

import numpy as np

from mofglass.analysis.convergence import (
    Sampling,
    half_box_A,
    outlook,
    ring_diameter_A,
    sampling,
    spread_between,
)
from mofglass.report.content import Compare
from mofglass.report.figures import is_over_time
from mofglass.report.measure import Measured
from mofglass.report.words import Entry, entries, number, uncertainty
from mofglass.result import Result

FEWEST_SAMPLES = 8
"""Samples of a series below which nothing is said of its correlation."""

FEWEST_OWN_GLASSES = 3
"""Glasses from which their own spread is taken rather than a published one."""

_NO_CHANGE = 1e-9
"""Error over value below which a number did not vary but for rounding."""


@dataclass(frozen=True)
class QuantityRow:
    """One number, its errors, and what would change it."""

    analysis: str
    label: str
    unit: str
    value: str
    time_error: str
    spread: str
    now: str
    longer: str
    more: str
    advice: str
    spread_known: bool


@dataclass(frozen=True)
class SeriesRow:
    """One series in time: how many independent samples it holds."""

    sample: str
    label: str
    mean: str
    n_samples: int
    correlation: str
    independent: str
    drift: str
    settled: str


@dataclass(frozen=True)
class Convergence:
    """What the page says of convergence."""

    rows: tuple[QuantityRow, ...]
    series: tuple[SeriesRow, ...]
    box: tuple[str, ...]


@dataclass(frozen=True)
class _Spread:
    value: float
    words: str


def convergence(measured: Sequence[Measured], *, system: str, compare: Compare | None) -> Convergence:
    """Return the table of convergence of all samples.

    Parameters
    ----------
    measured : sequence of Measured
        Samples with their results.
    system : str
        What they are: ``glass``, ``crystal`` or ``liquid``.
    compare : callable, optional
        `mofglass.literature.compare`, for the spread over published glasses.

    Returns
    -------
    Convergence
        Rows of numbers, of series, and sentences on the box.
    """
    series, unsettled = _series(measured)
    published = _published_spreads(measured, system, compare)
    rows = []
    for name in dict.fromkeys(name for item in measured for name in item.glass):
        results = [item.glass[name] for item in measured if name in item.glass]
        summaries = [result.summary() for result in results]
        reason = _reason_to_wait(unsettled.get(name, []), summaries)
        tables = [{entry.key: entry for entry in entries(summary)} for summary in summaries]
        for key in tables[0]:
            known = [table[key] for table in tables if key in table and table[key].error is not None]
            if known:
                spread = _spread(known, published.get(f"{name}.{key}"))
                rows.append(_row(results[0].title or name, known, spread, reason))
    return Convergence(tuple(rows), tuple(series), tuple(box_limits(measured)))


def _reason_to_wait(unsettled: Sequence[str], summaries: Sequence[Mapping[str, Any]]) -> str:
    """Why an analysis needs time first: a series that has not settled, or its own error; else empty."""
    if unsettled:
        others = f" (and {len(unsettled) - 1} more of this analysis)" if len(unsettled) > 1 else ""
        return f"‘{unsettled[0]}’{others} has not settled"
    if any(summary.get("error_converged") is False for summary in summaries):
        return "the error of this analysis still grows with the blocks"
    return ""


def _row(analysis: str, known: Sequence[Entry], spread: _Spread | None, reason_to_wait: str) -> QuantityRow:
    errors = [entry.error for entry in known if entry.error is not None]
    value = float(np.mean([entry.value for entry in known]))
    time_error = sqrt(float(np.mean(np.square(errors))))
    first = known[0]
    written = {"now": "–", "longer": "–", "more": "–"}
    if time_error == 0:
        advice = "nothing in this run: it did not vary"
    else:
        found = outlook(
            time_error,
            None if spread is None else spread.value,
            n_glasses=len(known),
            settled=not reason_to_wait,
        )
        advice = f"more time: {reason_to_wait}" if reason_to_wait else found.reason
        if isfinite(found.error):
            totals = (found.error, found.error_ten_times_longer, found.error_ten_times_glasses)
            written = dict(zip(written, (uncertainty(total, value) for total in totals), strict=True))
    return QuantityRow(
        analysis=analysis,
        label=first.label,
        unit=first.unit,
        value=number(value, time_error),
        time_error=uncertainty(time_error, value),
        spread="–" if spread is None else spread.words,
        advice=advice,
        spread_known=spread is not None,
        **written,
    )


def _spread(known: Sequence[Entry], published: _Spread | None) -> _Spread | None:
    """The spread between our own glasses where there are enough, or else the published one."""
    if len(known) >= 2 and (len(known) >= FEWEST_OWN_GLASSES or published is None):
        values = [entry.value for entry in known]
        own = spread_between(values, [entry.error or 0.0 for entry in known])
        return _Spread(own, f"{uncertainty(own, values[0])} (these {len(known)})")
    return published


def _published_spreads(
    measured: Sequence[Measured], system: str, compare: Compare | None
) -> dict[str, _Spread]:
    """Spreads over published glasses by ``analysis.key``; the median where there are several."""
    if compare is None:
        return {}
    summaries = {name: result.summary() for name, result in measured[0].glass.items()}
    found: dict[str, list[Any]] = {}
    for row in compare(summaries, system):
        if row.published_glasses > 1 and row.published_error:
            found.setdefault(row.measured, []).append(row)
    return {
        key: _Spread(
            spread := float(median(row.published_error for row in rows)),
            f"{spread:g} ({rows[0].source}, {rows[0].published_glasses} glasses"
            + (f", median of {len(rows)})" if len(rows) > 1 else ")"),
        )
        for key, rows in found.items()
    }


def _series(measured: Sequence[Measured]) -> tuple[list[SeriesRow], dict[str, list[str]]]:
    """Rows of all series in time, and by analysis those that have not settled."""
    rows: list[SeriesRow] = []
    unsettled: dict[str, list[str]] = {}
    for item in measured:
        for name, result in item.glass.items():
            for label, times_ps, values in series_of(result):
                found = sampling(values)
                step_ps = float(np.median(np.diff(times_ps)))
                rows.append(_series_row(item.sample.label, label, found, step_ps))
                if not found.settled:
                    of = f" of {item.sample.label}" if len(measured) > 1 else ""
                    unsettled.setdefault(name, []).append(label + of)
    return rows, unsettled


def series_of(result: Result) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return what an analysis follows along the trajectory, where it varies and has enough samples.

    Parameters
    ----------
    result : Result
        Of one sample.

    Returns
    -------
    list of (str, ndarray, ndarray)
        Title, times (ps) and values.
    """
    found = []
    for panel in result.panels():
        if not is_over_time(panel) or panel.x_label == "frame":
            continue
        for curve in panel.curves:
            y = np.asarray(curve.y, dtype=float)
            if len(y) >= FEWEST_SAMPLES and np.isfinite(y).all() and np.ptp(y) > _NO_CHANGE * abs(y).max():
                label = f"{panel.title}: {curve.label}" if len(panel.curves) > 1 else panel.title
                found.append((label, np.asarray(curve.x, dtype=float), y))
    return found


def _series_row(sample: str, label: str, found: Sampling, step_ps: float) -> SeriesRow:
    correlated = found.inefficiency > 1.0
    return SeriesRow(
        sample=sample,
        label=label,
        mean=number(found.mean, found.error),
        n_samples=found.n_samples,
        correlation=f"{found.inefficiency * step_ps:.2g} ps" if correlated else f"below {step_ps:.2g} ps",
        independent=f"{min(found.n_samples, max(1.0, found.n_independent)):.0f}",
        drift=f"{found.drift_sigma:+.1f} σ".replace("-", "−"),
        settled="yes" if found.settled else ("no: drifts" if found.converged else "no: error not converged"),
    )


def box_limits(measured: Sequence[Measured]) -> list[str]:
    """Say which ranges reach beyond half the box, where a larger box would change them.

    Parameters
    ----------
    measured : sequence of Measured
        All samples; the first one's box is taken.

    Returns
    -------
    list of str
        Sentences; empty where there is no cell.
    """
    first = measured[0]
    half_A = half_box_A(np.asarray(first.sample.glass[-1].cell))
    lines = []
    summaries: dict[str, Mapping[str, Any]] = {name: r.summary() for name, r in first.glass.items()}
    ranges = {
        "The g(r) and what is derived from it": summaries.get("rdf", {}).get("r_max_A"),
        "The g(r) behind S(Q)": summaries.get("scattering", {}).get("r_max_A"),
    }
    for what, reach_A in ranges.items():
        if isinstance(reach_A, int | float):
            lines.append(_reach(what, float(reach_A), half_A))
    lines += _rings(summaries, half_A)
    n_metals = summaries.get("rings", {}).get("n_metals")
    if n_metals:
        lines.append(
            f"One metal of {n_metals} changes the mean coordination by {1 / n_metals:.2g}: a larger box, "
            "as more glasses, makes the steps smaller."
        )
    return lines


def _reach(what: str, reach_A: float, half_A: float) -> str:
    if reach_A <= half_A:
        return f"{what} reach to {reach_A:g} Å, less than half the box ({half_A:.1f} Å): it is large enough."
    return (
        f"{what} reach to {reach_A:g} Å, half the box is {half_A:.1f} Å: beyond {half_A:.1f} Å distances are "
        "partly those between images, and a larger box would change them."
    )


def _rings(summaries: Mapping[str, Mapping[str, Any]], half_A: float) -> list[str]:
    """Say from which size on rings, opened to a circle, are wider than half the box."""
    rings = summaries.get("rings")
    if not rings or not rings.get("rings_by_size"):
        return []
    metals_per_unit = 0.5 if rings["count_in"] == "nodes" else 1.0
    pairs = summaries.get("rdf", {}).get("pairs", {})
    distance_A = (pairs.get("Zn-Zn") or {}).get("first_peak_A") or 6.0
    sizes = [int(size) for size, count in rings["rings_by_size"].items() if count]
    wide = [n for n in sizes if ring_diameter_A(metals_per_unit * n, distance_A) > half_A]
    unit = "metals and linkers" if rings["count_in"] == "nodes" else "metals"
    if not wide:
        return [f"All rings, opened to a circle, are narrower than half the box ({half_A:.1f} Å)."]
    share = sum(rings["rings_by_size"][str(n)] for n in wide) / sum(rings["rings_by_size"].values())
    return [
        f"Rings of {min(wide)} {unit} or more ({100 * share:.0f} % of them) are, opened to a circle, wider "
        f"than half the box ({half_A:.1f} Å): they may hold atoms and their images, and a larger box would "
        "change how many there are."
    ]
