"""Our numbers beside the published ones."""

from __future__ import annotations

import math

import pytest

from mofglass.errors import InputError
from mofglass.literature import compare, find


def test_a_summary_meets_the_published_coordination_numbers() -> None:
    summary = {"coordination": {"mean_coordination": 3.95, "mean_coordination_error": 0.01}}
    rows = compare(summary, "glass")
    assert {row.quantity for row in rows} == {"zn_n_coordination"}
    assert len(rows) == len(find("zn_n_coordination", system="glass"))
    assert rows[0].published == 3.93
    assert rows[0].difference == pytest.approx(0.02)
    assert rows[0].n_sigma == pytest.approx(2.0)
    assert "300 K" in rows[0].note


def test_quantities_can_be_given_by_their_key() -> None:
    (row, *_) = compare({"density": 1.29}, "glass")
    assert (row.quantity, row.ours, row.ours_error, row.unit) == ("density", 1.29, None, "g/cm³")


def test_published_errors_count_in_the_distance() -> None:
    rows = compare({"bulk_modulus": 3.24, "bulk_modulus_error": 0.3}, "glass")
    row = next(row for row in rows if row.published == 2.72)
    assert row.n_sigma == pytest.approx((3.24 - 2.72) / math.hypot(0.3, 0.97))


def test_no_uncertainty_no_sigma() -> None:
    assert compare({"zn_n_coordination": 3.9}, "glass")[0].n_sigma is None


def test_a_fraction_within_a_distribution_is_found_with_its_error() -> None:
    summary = {"coordination": {"fraction_by_number": {"3": 0.03}, "fraction_by_number_error": {"3": 0.01}}}
    (row,) = compare(summary, "hot crystal")
    assert (row.quantity, row.ours, row.ours_error) == ("three_coordinate_zn_fraction", 0.03, 0.01)


def test_what_was_not_measured_or_not_published_is_left_out() -> None:
    assert compare({}, "glass") == ()
    assert compare({"coordination": {"mean_coordination": float("nan")}}, "glass") == ()
    assert compare({"zn_n_coordination": 3.9}, "glass", material="ZIF-71") == ()


def test_potentials_errors_are_never_put_beside_a_glass() -> None:
    assert compare({"energy_mae": 0.6}, "potential") == ()


def test_repeats_and_values_the_authors_call_wrong_are_not_put_beside_ours() -> None:
    published = {row.published for row in compare({"density": 1.2}, "crystal")}
    assert 0.75 not in published
    assert 0.95 not in published
    assert {1.16, 1.22} <= published


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(InputError, match="no system 'gas'"):
        compare({"density": 1.0}, "gas")
