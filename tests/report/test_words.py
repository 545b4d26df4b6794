"""Keys and numbers in words."""

from __future__ import annotations

import pytest

from mofglass.report.words import entries, formula, number, split_unit


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("first_peak_A", ("first peak", "Å")),
        ("barrier_kJ_per_mol", ("barrier", "kJ/mol")),
        ("mean_density_g_per_cm3", ("mean density", "g/cm³")),
        ("mean_volume_A3", ("mean volume", "Å³")),
        ("n_linkers", ("number of linkers", "")),
        ("fraction_intact", ("fraction intact", "")),
    ],
)
def test_units_are_told_from_words(key: str, expected: tuple[str, str]) -> None:
    assert split_unit(key) == expected


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (3.94123, 0.0123, "3.941 ± 0.012"),
        (3.94123, None, "3.941"),
        (4.0, None, "4.000"),
        (4, None, "4"),
        (-6.5, 0.2, "−6.50 ± 0.20"),
        (26.0, 3.0, "26.0 ± 3.0"),
        (1234.5, 120.0, "1234 ± 120"),
        (1.2457, 1e-17, "1.246"),
        (2.5e-9, 3e-10, "(2.50 ± 0.30)·10⁻⁹"),
        (2.5e-9, None, "2.500·10⁻⁹"),
        (0.0, None, "0"),
        (float("nan"), None, "–"),
        (1.0, float("nan"), "1.000"),
    ],
)
def test_numbers_have_the_digits_their_error_allows(value: float, error: float | None, expected: str) -> None:
    assert number(value, error) == expected


def test_nested_summaries_keep_their_errors() -> None:
    summary = {
        "mean_coordination": 3.9,
        "mean_coordination_error": 0.1,
        "fraction_by_number": {"3": 0.1, "4": 0.9},
        "fraction_by_number_error": {"3": 0.02, "4": None},
        "pairs": {"Zn-N": {"first_peak_A": 2.0, "first_peak_A_error": 0.01}},
        "pair": "Zn-N",
        "error_converged": True,
        "barrier_kJ_per_mol": float("nan"),
    }
    found = {entry.key: entry for entry in entries(summary)}
    assert set(found) == {
        "mean_coordination",
        "fraction_by_number.3",
        "fraction_by_number.4",
        "pairs.Zn-N.first_peak_A",
    }
    assert found["mean_coordination"].error == 0.1
    assert found["fraction_by_number.3"].error == 0.02
    assert found["fraction_by_number.4"].error is None
    assert found["pairs.Zn-N.first_peak_A"].label == "Zn-N: first peak"
    assert found["pairs.Zn-N.first_peak_A"].error == 0.01


def test_formula_has_lowered_numbers() -> None:
    assert formula("C96H96N64Zn16") == "C₉₆H₉₆N₆₄Zn₁₆"
