"""Summary keys and numbers in words: ``barrier_kJ_per_mol`` becomes "barrier" in "kJ/mol"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

# A longer one stands before any that it ends with: "per_A" before "A".
_UNITS = {
    "cm3_per_kg_per_A": "cm³/(kg Å)",
    "meV_per_atom": "meV/atom",
    "kJ_per_mol": "kJ/mol",
    "g_per_cm3": "g/cm³",
    "cm2_per_s": "cm²/s",
    "cm3_per_kg": "cm³/kg",
    "A2_per_ps": "Å²/ps",
    "m2_per_g": "m²/g",
    "K_per_ps": "K/ps",
    "meV_per_A": "meV/Å",
    "eV_per_A": "eV/Å",
    "per_TPa": "TPa⁻¹",
    "per_deg": "1/°",
    "per_A3": "Å⁻³",
    "per_A2": "Å⁻²",
    "per_A": "Å⁻¹",
    "degrees": "°",
    "percent": "%",
    "deg": "°",
    "bar": "bar",
    "GPa": "GPa",
    "MPa": "MPa",
    "meV": "meV",
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

_WORDS = {
    "amplitude_p1_axis": "amplitude of P₁ of the axis",
    "amplitude_p2_axis": "amplitude of P₂ of the axis",
    "amplitude_p2_normal": "amplitude of P₂ of the normal",
    "angle_from_first_deg": "angle from the first frame",
    "barrier_A": "position of the barrier",
    "barrier_lower_bound_kJ_per_mol": "barrier, at least",
    "cutoff_A": "cut-off",
    "exponent_in_fit": "exponent in the fit",
    "first_peak_A": "first peak",
    "first_peak_g": "g(r) at the first peak",
    "first_well_A": "position of the first well",
    "fraction_by_number": "fraction by coordination number",
    "fwhm_A": "full width at half maximum",
    "integral_time_p1_axis_ps": "integral time of P₁ of the axis",
    "integral_time_p2_axis_ps": "integral time of P₂ of the axis",
    "integral_time_p2_normal_ps": "integral time of P₂ of the normal",
    "lindemann_ratio": "Lindemann ratio",
    "max_size": "largest ring looked for",
    "min_fraction_intact": "least fraction intact",
    "msd_at_longest_lag_A2": "mean square displacement at the longest lag",
    "n_associative": "exchanges in which the new bond came first",
    "n_broken": "broken linkers",
    "n_dangling": "linkers on one metal",
    "n_intact": "intact linkers",
    "n_lost": "linkers lost",
    "n_three_coordinate": "visits to three-coordination",
    "n_unbound": "linkers on no metal",
    "p1_axis_at_longest_lag": "P₁ of the axis at the longest lag",
    "p2_axis_at_longest_lag": "P₂ of the axis at the longest lag",
    "p2_normal_at_longest_lag": "P₂ of the normal at the longest lag",
    "principal_peak_per_A": "Q of the principal peak",
    "principal_peak_sq": "S(Q) at the principal peak",
    "q_max_per_A": "largest Q",
    "q_min_per_A": "least Q",
    "r_max_A": "largest r",
    "reorientation_time_p1_axis_ps": "reorientation time of P₁ of the axis",
    "reorientation_time_p2_axis_ps": "reorientation time of P₂ of the axis",
    "reorientation_time_p2_normal_ps": "reorientation time of P₂ of the normal",
    "second_well_A": "position of the second well",
}
"""What the field calls a key that does not say it itself."""

_UNSAID = ("pairs", "elements")
"""Levels of a summary whose names say nothing beside those below them."""

_NOISE_DEG = 1e-5
"""Angles below are rounding: the arc cosine of 1 less the last bit of a double is 1e-6 degrees."""

_NO_ERROR = 1e-9
"""Error over value below which a number did not vary but for rounding."""


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
    words = _WORDS.get(key) or key.removesuffix(f"_{suffix}").replace("_", " ")
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
            words, unit = split_unit(name)
            named = [f"{words} ({unit})" if unit else words]
            yield from _walk({**value, **errors}, f"{prefix}{name}.", above + named * (name not in _UNSAID))
        elif isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            words_of_key, unit = split_unit(name)
            known = isinstance(beside, Real) and math.isfinite(beside)
            exact = int(value) if isinstance(value, int | np.integer) else float(value)
            yield Entry(
                key=prefix + name,
                label=": ".join([*above, words_of_key]),
                unit=unit,
                value=0.0 if unit == "°" and abs(exact) < _NOISE_DEG else exact,
                error=_real_error(exact, float(beside)) if known and isinstance(beside, Real) else None,
            )


def _real_error(value: float, error: float) -> float:
    """The error, or 0 where it is rounding: of what does not vary, as the density at constant volume."""
    return 0.0 if error <= _NO_ERROR * abs(value) else error


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
    if error is None or not math.isfinite(error) or _real_error(value, error) == 0:
        if isinstance(value, int) or value == 0:
            return _minus(f"{value:.0f}")
        if abs(value) >= 1e5 or abs(value) < 1e-3:
            return _power(f"{value:.3e}")
        return _minus(f"{value:.0f}" if abs(value) >= 1e4 else f"{value:#.4g}".rstrip("."))
    largest = max(abs(value), error)
    if 1e-3 <= largest < 1e6:
        return _with_error(value, error)
    exponent = math.floor(math.log10(largest))
    return f"({_with_error(value / 10.0**exponent, error / 10.0**exponent)})·10{_raised(exponent)}"


def uncertainty(error: float, value: float = 0.0) -> str:
    """Write a standard error alone, as `number` writes it behind ±.

    Parameters
    ----------
    error : float
        The standard error.
    value : float
        The number it is of.

    Returns
    -------
    str
        E.g. ``0.012`` or ``4.0·10⁻⁶``: two digits, without a power where the number has none.
    """
    if not math.isfinite(error):
        return "–"
    if _real_error(value, error) == 0:
        return "0"
    if 1e-3 <= max(abs(value), error) < 1e6:
        return f"{error:.{_decimals(error)}f}"
    return _power(f"{error:.1e}")


def _with_error(value: float, error: float) -> str:
    decimals = _decimals(error)
    return _minus(f"{value:.{decimals}f}") + f" ± {error:.{decimals}f}"


def _decimals(error: float) -> int:
    """Decimal places that leave an error two digits."""
    return max(0, 1 - math.floor(math.log10(error)))


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _power(text: str) -> str:
    mantissa, exponent = text.split("e")
    return f"{_minus(mantissa)}·10{_raised(int(exponent))}"
