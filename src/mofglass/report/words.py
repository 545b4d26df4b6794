"""Summary keys and numbers in words: ``barrier_kJ_per_mol`` becomes "barrier" in "kJ/mol"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

# Longest first, so that "A2" is met before "A".
_UNITS = {
    "kJ_per_mol": "kJ/mol",
    "g_per_cm3": "g/cm³",
    "cm2_per_s": "cm²/s",
    "cm3_per_kg": "cm³/kg",
    "A2_per_ps": "Å²/ps",
    "K_per_ps": "K/ps",
    "per_A3": "Å⁻³",
    "eV_per_A": "eV/Å",
    "degrees": "°",
    "percent": "%",
    "deg": "°",
    "bar": "bar",
    "GPa": "GPa",
    "A2": "Å²",
    "A3": "Å³",
    "eV": "eV",
    "fs": "fs",
    "ps": "ps",
    "ns": "ns",
    "kT": "kT",
    "A": "Å",
    "K": "K",
    "u": "u",
}


class Entry(NamedTuple):
    """One number of a summary."""

    key: str
    """Dotted path, e.g. ``pairs.Zn-N.first_peak_A``."""

    label: str
    """In words, e.g. ``Zn-N: first peak``."""

    unit: str
    """Unit, empty for a pure number."""

    value: float
    """The number; an int where it is a count."""

    error: float | None
    """Its standard error, where known."""


def split_unit(key: str) -> tuple[str, str]:
    """Part a key into words and unit.

    Parameters
    ----------
    key : str
        E.g. ``first_peak_A``.

    Returns
    -------
    words : str
        ``first peak``.
    unit : str
        ``Å``; empty where the key names none.
    """
    suffix = next((suffix for suffix in _UNITS if key.endswith(f"_{suffix}")), "")
    words = key.removesuffix(f"_{suffix}").replace("_", " ")
    if words.startswith("n "):
        words = f"number of {words[2:]}"
    return words, _UNITS.get(suffix, "")


def formula(text: str) -> str:
    """Write a chemical formula with lowered numbers.

    Parameters
    ----------
    text : str
        E.g. ``C96H96N64Zn16``.

    Returns
    -------
    str
        E.g. ``C₉₆H₉₆N₆₄Zn₁₆``.
    """
    return text.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def entries(summary: Mapping[str, Any]) -> list[Entry]:
    """Return the numbers of a summary with their errors, nested ones included.

    Parameters
    ----------
    summary : mapping
        What `Result.summary` gives.

    Returns
    -------
    list of Entry
        In the summary's order; words, nulls and errors standing alone are left out.
    """
    return list(_walk(summary, "", []))


def _walk(level: Mapping[str, Any], prefix: str, above: list[str]) -> Iterator[Entry]:
    for key, value in level.items():
        name = str(key)
        if name.endswith("_error") and name.removesuffix("_error") in level:
            continue
        beside = level.get(f"{name}_error")
        if isinstance(value, Mapping):
            errors = {f"{inner}_error": error for inner, error in (beside or {}).items()}
            words = above if name == "pairs" else [*above, name.replace("_", " ")]
            yield from _walk({**value, **errors}, f"{prefix}{name}.", words)
        elif isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            words_of_key, unit = split_unit(name)
            known = isinstance(beside, Real) and math.isfinite(beside)
            yield Entry(
                key=prefix + name,
                label=": ".join([*above, words_of_key]),
                unit=unit,
                value=int(value) if isinstance(value, int | np.integer) else float(value),
                error=float(beside) if known and isinstance(beside, Real) else None,
            )


def number(value: float, error: float | None = None) -> str:
    """Write a number to the digits it deserves.

    Parameters
    ----------
    value : float
        The number.
    error : float, optional
        Its standard error: two digits of it are written, and the number to the same place.

    Returns
    -------
    str
        E.g. ``3.941 ± 0.012``; four significant digits where the error is not known.
    """
    if not math.isfinite(value):
        return "–"
    # What does not vary (the density at constant volume) has no error but rounding.
    if error is None or not math.isfinite(error) or error <= 1e-9 * abs(value):
        if isinstance(value, int) or value == 0:
            return _minus(f"{value:.0f}")
        if abs(value) >= 1e5 or abs(value) < 1e-3:
            return _power(f"{value:.3e}")
        return _minus(f"{value:#.4g}".rstrip("."))
    largest = max(abs(value), error)
    if 1e-3 <= largest < 1e6:
        return _with_error(value, error)
    exponent = math.floor(math.log10(largest))
    return f"({_with_error(value / 10.0**exponent, error / 10.0**exponent)})·10{_raised(exponent)}"


def _with_error(value: float, error: float) -> str:
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return _minus(f"{value:.{decimals}f}") + f" ± {error:.{decimals}f}"


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _power(text: str) -> str:
    mantissa, exponent = text.split("e")
    return f"{_minus(mantissa)}·10{_raised(int(exponent))}"
