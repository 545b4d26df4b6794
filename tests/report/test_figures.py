"""Figures hold the numbers of their panels, crystal beside glass, mean beside each."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from mofglass.report.figures import MAX_POINTS, mean_curve, overlay, same_bars, stacked
from mofglass.result import Curve, Panel


def numbers(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype="<f4")


def panel(*curves: Curve, kind: Any = "line") -> Panel:
    return Panel("g(r)", "r (Å)", "g(r)", curves, kind=kind)


X = np.linspace(0, 1, 5)


def test_one_glass_and_its_crystal() -> None:
    figure = overlay(
        [("glass", panel(Curve("Zn-N", X, X**2, np.full(5, 0.1))))], ("crystal", panel(Curve("Zn-N", X, X)))
    )
    crystal, glass = figure["panels"][0]["curves"]
    assert (crystal["role"], glass["role"]) == ("crystal", "glass")
    assert (crystal["legend"], glass["legend"]) == ("crystal", "glass")
    np.testing.assert_allclose(numbers(glass["y"]), X**2, rtol=1e-6)
    np.testing.assert_allclose(numbers(glass["error"]), 0.1, rtol=1e-6)
    assert figure["panels"][0]["x_label"] == "r (Å)"


@pytest.mark.parametrize(
    ("x", "kind", "each"),
    [
        ([1, 2, 3], "line", True),
        ([1, 2, 12], "line", False),
        ([4, 6, 20], "bar", True),
        ([0.5, 1], "line", False),
    ],
)
def test_a_few_whole_numbers_have_a_tick_each(x: list[float], kind: str, each: bool) -> None:
    iterations = panel(Curve("error", np.array(x, dtype=float), np.ones(len(x))), kind=kind)
    assert stacked([iterations])["panels"][0]["every_integer"] is each


def test_of_many_curves_the_first_are_shown_and_the_crystal_shares_their_legend() -> None:
    curves = [Curve(f"pair {k}", X, X + k) for k in range(6)]
    drawn = overlay([("glass", panel(*curves))], ("crystal", panel(*curves)))["panels"][0]["curves"]
    assert [c["legend"] for c in drawn if c["role"] == "glass"] == [f"pair {k}" for k in range(6)]
    assert not any(c["legend"] for c in drawn if c["role"] == "crystal")
    assert {c["group"] for c in drawn if c["hidden"]} == {f"pair {k}" for k in range(2, 6)}


def test_of_many_curves_over_time_the_highest_are_shown_and_the_legend_holds_their_numbers() -> None:
    heights = {"4": 1.0, "6": 5.0, "8": 26.0, "12": 48.0, "14": 55.0, "20": 3.0}
    curves = tuple(Curve(f"{size} metals and linkers", X, X * 0 + n) for size, n in heights.items())
    rings = Panel("rings over time", "time (ps)", "rings in the cell", curves)
    (drawn,) = overlay([("glass", rings)])["panels"]
    assert drawn["counted"] == "metals and linkers"
    assert [c["legend"] for c in drawn["curves"]] == list(heights)
    assert {c["legend"] for c in drawn["curves"] if not c["hidden"]} == {"12", "14"}


def test_several_glasses_have_a_mean_with_their_standard_deviation() -> None:
    members = [(f"glass {k}", panel(Curve("Zn-N", X, X + k))) for k in range(3)]
    mean, *each = overlay(members)["panels"][0]["curves"]
    assert (mean["role"], [c["role"] for c in each]) == ("mean", ["each"] * 3)
    np.testing.assert_allclose(numbers(mean["y"]), X + 1, rtol=1e-6)
    np.testing.assert_allclose(numbers(mean["error"]), 1.0, rtol=1e-6)
    assert len({c["colour"] for c in [mean, *each]}) == 4


def test_a_known_mean_takes_the_place_of_the_mean_of_the_curves() -> None:
    members = [("a", panel(Curve("F", X, X))), ("b", panel(Curve("F", X, X + 2)))]
    (mean, *_) = overlay(members, mean=panel(Curve("F", X, X + 0.5)))["panels"][0]["curves"]
    np.testing.assert_allclose(numbers(mean["y"]), X + 0.5, rtol=1e-6)


def test_different_abscissae_have_no_mean() -> None:
    assert mean_curve([Curve("", X, X), Curve("", X[:3], X[:3])]) is None
    assert mean_curve([Curve("", X, X), Curve("", X + 0.1, X)]) is None
    assert mean_curve([Curve("", X, X)]) is None
    curves = overlay([("a", panel(Curve("", X, X))), ("b", panel(Curve("", X[:3], X[:3])))])["panels"][0][
        "curves"
    ]
    assert [c["role"] for c in curves] == ["glass", "glass"]


def test_a_gap_in_one_glass_is_a_gap_in_the_mean() -> None:
    y = np.array([1.0, np.nan, 3.0, 4.0, 5.0])
    mean = mean_curve([Curve("", X, y), Curve("", X, np.ones(5))])
    assert mean is not None
    np.testing.assert_array_equal(np.isnan(mean.y), [False, True, False, False, False])


def test_a_band_breaks_at_gaps() -> None:
    y = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    (drawn,) = overlay([("g", panel(Curve("", X, y, np.full(5, 0.5))))])["panels"][0]["curves"]
    x_band, y_band = numbers(drawn["band"]["x"]), numbers(drawn["band"]["y"])
    np.testing.assert_allclose(y_band, [1.5, 2.5, 1.5, 0.5, np.nan, 4.5, 5.5, 4.5, 3.5, np.nan])
    np.testing.assert_allclose(x_band, [0, 0.25, 0.25, 0, np.nan, 0.75, 1, 1, 0.75, np.nan])


def test_bars_that_one_sample_lacks_are_zero() -> None:
    three, four = np.array([3.0, 4.0]), np.array([4.0])
    glass, crystal = same_bars([Curve("", three, np.array([0.1, 0.9])), Curve("", four, np.array([1.0]))])
    np.testing.assert_array_equal(glass.x, crystal.x)
    np.testing.assert_array_equal(crystal.y, [0.0, 1.0])


def test_long_curves_are_thinned_but_keep_their_ends() -> None:
    x = np.arange(100_000.0)
    (drawn,) = overlay([("g", panel(Curve("", x, x)))])["panels"][0]["curves"]
    shown = numbers(drawn["x"])
    assert len(shown) <= MAX_POINTS
    assert (shown[0], shown[-1]) == (0.0, 99_999.0)


@pytest.mark.parametrize(("y", "flat"), [(np.full(5, 1.2457), True), (X, False), (np.zeros(5), True)])
def test_what_does_not_vary_is_not_magnified(y: np.ndarray, flat: bool) -> None:
    limits = overlay([("g", panel(Curve("", X, y)))])["panels"][0]["y_range"]
    assert (limits is not None) == flat
    if limits:
        assert limits[0] < y[0] < limits[1]


def test_stacked_panels_share_stages_and_name_samples_once() -> None:
    curves = (Curve("a", X, X), Curve("b", X, X))
    figure = stacked([panel(*curves), panel(*curves)], [{"label": "melt", "start": 0.0, "end": 1.0}])
    assert [[bool(c["legend"]) for c in p["curves"]] for p in figure["panels"]] == [
        [True, True],
        [False, False],
    ]
    assert figure["stages"][0]["label"] == "melt"
