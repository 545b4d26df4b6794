"""Keys and numbers in words."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import mofglass
from mofglass.analysis.pores import QUANTITIES as PORE_QUANTITIES
from mofglass.report import gather
from mofglass.report.measure import measure
from mofglass.report.words import entries, formula, number, split_unit, uncertainty


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("first_peak_A", ("first peak", "Å")),
        ("barrier_kJ_per_mol", ("barrier", "kJ/mol")),
        ("mean_density_g_per_cm3", ("mean density", "g/cm³")),
        ("mean_volume_A3", ("mean volume", "Å³")),
        ("q_min_per_A", ("least Q", "Å⁻¹")),
        ("principal_peak_per_A", ("Q of the principal peak", "Å⁻¹")),
        ("accessible_surface_m2_per_g", ("accessible surface", "m²/g")),
        ("number_density_per_A3", ("number density", "Å⁻³")),
        ("max_force_eV_per_A", ("max force", "eV/Å")),
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
        (34040.3, None, "34040"),
        (2.5e-9, 3e-10, "(2.50 ± 0.30)·10⁻⁹"),
        (2.5e-9, None, "2.500·10⁻⁹"),
        (0.0, None, "0"),
        (float("nan"), None, "–"),
        (1.0, float("nan"), "1.000"),
    ],
)
def test_numbers_have_the_digits_their_error_allows(value: float, error: float | None, expected: str) -> None:
    assert number(value, error) == expected


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (616.0, 616.0, "616"),
        (3.94, 0.0123, "0.012"),
        (0.039, 4.4e-5, "0.000044"),
        (3.5e-6, 4.0e-6, "4.0·10⁻⁶"),
        (0.6667, 4.2e-16, "0"),
        (1.0, float("nan"), "–"),
    ],
)
def test_an_error_alone_reads_as_behind_its_number(value: float, error: float, expected: str) -> None:
    assert uncertainty(error, value) == expected
    if math.isfinite(error) and expected != "0" and "10" not in expected:
        assert number(value, error).endswith(f" ± {expected}")


def test_rounding_is_neither_an_error_nor_an_angle() -> None:
    summary = {
        "coordination_number": 2 / 3,
        "coordination_number_error": 4.2e-16,
        "angle_from_first_deg": 4.9e-7,
    }
    coordination, angle = entries(summary)
    assert coordination.error == 0.0
    assert angle.value == 0.0


UNIT_PARTS = {"A", "A2", "A3", "nm", "m2", "m3", "cm2", "cm3", "K", "fs", "ps", "ns", "deg", "g", "kg", "mol"}
UNIT_PARTS |= {"eV", "meV", "kJ", "kcal", "kT", "Pa", "MPa", "GPa", "TPa", "bar", "barn", "per"}
"""What is left of a unit that the table does not know."""


def keys_of(level: Mapping[str, Any]) -> Iterator[str]:
    for key, value in level.items():
        yield str(key)
        if isinstance(value, Mapping):
            yield from keys_of(value)


def keys_in_sources() -> set[str]:
    """Words in the methods `summary` of all results, as keys are written there."""
    keys = set()
    for path in Path(mofglass.__file__).parent.glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "summary":
                words = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
                keys |= {word for word in words if isinstance(word, str) and word.isidentifier()}
    return keys


def test_no_key_of_a_summary_ends_in_a_unit_that_is_not_known(run_directory: Path) -> None:
    (sample,) = gather([run_directory])
    measured = measure(replace(sample, glass=sample.glass[-3:]), with_crystal=False, pore_frames=0)
    results = [*measured.glass.values(), measured.exchange]
    keys = {key for result in results if result is not None for key in keys_of(result.summary())}
    assert keys >= {"principal_peak_per_A", "n_breaks", "angle_from_first_deg"}
    unknown = {
        key
        for key in {*keys, *keys_in_sources(), *PORE_QUANTITIES}
        for words, _ in [split_unit(key.removesuffix("_error"))]
        if not key.startswith("_") and words.split()[-1] in UNIT_PARTS - {words}
    }
    assert unknown == set()


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
