"""The few numbers at the head of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mofglass.report.content import Reference
from mofglass.report.sample import Sample
from mofglass.report.words import number

_SHOWN = (
    # analysis, key, name, unit
    ("coordination", "mean_coordination", "Zn–N coordination", ""),
    ("density", "mean_density_g_per_cm3", "Density", "g/cm³"),
    ("pmf", "barrier_kJ_per_mol", "Zn–N barrier", "kJ/mol"),
    ("linkers", "fraction_intact", "Linkers intact", "%"),
)


def tiles(
    samples: Sequence[Sample], summaries: Mapping[str, Any], reference: Reference | None
) -> list[dict[str, str]]:
    """Return the numbers to see first, the crystal's beside.

    Parameters
    ----------
    samples : sequence of Sample
        All samples.
    summaries : mapping
        ``{analysis: summary}``, mean over the samples.
    reference : Reference or None
        The crystal.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``unit`` and ``beside``.
    """
    n_atoms = samples[0].trajectory.n_atoms
    first = {"name": "Atoms", "value": str(n_atoms), "error": "", "unit": "", "beside": ""}
    if len(samples) > 1:
        first["beside"] = f"in each of {len(samples)} samples"
    found = [first]
    for analysis, key, name, unit in _SHOWN:
        value, error = _value(summaries.get(analysis, {}), key)
        if value is None:
            bound = summaries.get(analysis, {}).get("barrier_lower_bound_kJ_per_mol")
            if analysis == "pmf" and isinstance(bound, float) and bound == bound:
                found.append(
                    {
                        "name": name,
                        "value": f"> {bound:.0f}",
                        "error": "",
                        "unit": unit,
                        "beside": "never crossed",
                    }
                )
            continue
        factor = 100.0 if unit == "%" else 1.0
        beside = ""
        if reference is not None and analysis in reference.results:
            other, _ = _value(reference.results[analysis].summary(), key)
            if other is not None:
                beside = f"crystal {number(factor * other)}{' %' if unit == '%' else ''}"
        text = number(factor * value, None if error is None else factor * error)
        shown, _, plus_minus = text.partition(" ± ")
        found.append({"name": name, "value": shown, "error": plus_minus, "unit": unit, "beside": beside})
    return found


def _value(summary: Mapping[str, Any], key: str) -> tuple[float | None, float | None]:
    value, error = summary.get(key), summary.get(f"{key}_error")
    if not isinstance(value, int | float) or value != value:
        return None, None
    return float(value), float(error) if isinstance(error, int | float) and error == error else None
