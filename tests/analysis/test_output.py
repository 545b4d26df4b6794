"""Tables, figures and summary on disk: all or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mofglass import structures
from mofglass.analysis import (
    Coordination,
    Curve,
    Density,
    Panel,
    draw_panel,
    measure,
    standard_set,
    to_json,
    write_results,
)
from mofglass.analysis import output as output_module
from mofglass.errors import InputError


@pytest.fixture(scope="module")
def results():  # type: ignore[no-untyped-def]
    crystal = structures.load("ZIF-4")
    analyses, _ = standard_set(crystal.numbers, temperature_K=300.0)
    return measure(crystal, analyses, strict=False)[0]


def test_everything_is_there(results, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    written = write_results(results, tmp_path / "new" / "dir", provenance={"trajectories": ["ZIF-4"]})
    assert all(path.is_file() and path.stat().st_size for path in written)
    assert not list((tmp_path / "new" / "dir").glob(".*"))
    names = {path.name for path in written}
    for name in results:
        assert {f"{name}.csv", f"{name}.png", f"{name}.svg"} <= names
    assert "linkers_faults.csv" in names
    table = pd.read_csv(tmp_path / "new" / "dir" / "density.csv")
    assert table.density_g_per_cm3[0] == pytest.approx(results["density"].mean, rel=1e-6)
    summary = json.loads((tmp_path / "new" / "dir" / "summary.json").read_text())
    assert summary["coordination"]["mean_coordination"] == 4.0
    assert summary["provenance"]["trajectories"] == ["ZIF-4"]


def test_nothing_is_there_after_a_failure(results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    calls = []

    def full_disk(panel: Panel, stem: Path) -> list[Path]:
        calls.append(stem)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return []

    monkeypatch.setattr(output_module, "save_panel", full_disk)
    with pytest.raises(InputError, match="No space left"):
        write_results(results, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be(results, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match="cannot be written"):
        write_results(results, tmp_path / "file" / "below")


def test_columns_and_axes_have_units(results) -> None:  # type: ignore[no-untyped-def]
    for result in results.values():
        for panel in result.panels():
            assert panel.x_label
            assert panel.y_label
        assert result.to_dataframe().shape[0] >= 1
    assert results["pmf"].panels()[0].y_label == "F(r) (kJ/mol)"


def test_json_has_no_nan() -> None:
    text = to_json(
        {"a": np.float64("nan"), "b": np.array([1.0, np.inf]), "c": {1: np.int64(3)}, "d": 0.1 + 0.2}
    )
    assert json.loads(text) == {"a": None, "b": [1.0, None], "c": {"1": 3}, "d": 0.3}


def test_drawn_lines_are_the_numbers() -> None:
    x = np.arange(5.0)
    panel = Panel("t", "x (Å)", "y", (Curve("one", x, x**2, np.ones(5)), Curve("two", x, -x)))
    ax = draw_panel(panel)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), x**2)
    assert ax.get_xlabel() == "x (Å)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert len(ax.collections) == 1


def test_bars_side_by_side() -> None:
    panel = Panel(
        "t", "n", "fraction", (Curve("a", np.array([3.0, 4.0]), np.array([0.1, 0.9])),) * 2, kind="bar"
    )
    ax = draw_panel(panel)
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches)
    assert all(left[1] <= right[0] + 1e-9 for left, right in pairwise(edges))


def test_results_draw_themselves(results) -> None:  # type: ignore[no-untyped-def]
    for result in results.values():
        for place, panel in enumerate(result.panels()):
            ax = result.plot(panel=place)
            assert (ax.get_xlabel(), ax.get_ylabel()) == (panel.x_label, panel.y_label)
    assert results["rdf"].plot(ax) is ax


def test_a_directory_holds_the_results_of_one_input(tmp_path: Path) -> None:
    crystal = structures.load("ZIF-4")
    first = {"coordination": Coordination().compute(crystal).result}
    second = {"density": Density().compute(crystal).result}
    write_results(first, tmp_path, provenance={"trajectories": ["a.cif"]})
    write_results(second, tmp_path, provenance={"trajectories": ["a.cif"]})
    assert {"coordination", "density"} <= set(json.loads((tmp_path / "summary.json").read_text()))
    with pytest.raises(InputError, match=r"holds the results of a\.cif: choose another -o"):
        write_results(second, tmp_path, provenance={"trajectories": ["b.cif"]})


@pytest.mark.parametrize(
    ("x", "numbers"),
    [
        ((8.6138, 8.724), ["6", "8", "10", "12"]),
        ((2.0, 15.0), ["2", "5", "10", "20"]),
        ((2.0, 400.0), ["2", "5", "10", "20", "50", "100", "200", "500"]),
    ],
)
def test_logarithmic_axes_have_plain_numbers(x: tuple[float, float], numbers: list[str]) -> None:
    panel = Panel("t", "µs", "MPa", (Curve("a", np.array(x), np.array(x)),), kind="points", x_log=True)
    ax = draw_panel(panel)
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    shown = [text for text in ax.get_xticklabels(which="both") if low <= text.get_position()[0] <= high]
    assert set(numbers) - {"500"} <= {text.get_text() for text in shown} - {""} <= set(numbers)
    assert high / low > 2


def test_a_legend_covers_no_curve() -> None:
    x = np.linspace(0, 1, 400)
    everywhere = Curve("a", x, np.sin(300 * x))
    ax = draw_panel(Panel("t", "x", "y", (everywhere, replace(everywhere, label="b", y=0.9 * everywhere.y))))
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    ax = draw_panel(Panel("t", "x", "y", (Curve("a", x, x), Curve("b", x, x / 2))))
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x1 <= ax.get_window_extent().x1


def test_one_of_two_equal_curves_is_dashed() -> None:
    zero = Curve("a", np.arange(3.0), np.zeros(3))
    ax = draw_panel(Panel("t", "x", "y", (zero, replace(zero, label="b"))))
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]


def test_a_fraction_has_no_axis_above_one() -> None:
    ax = draw_panel(Panel("t", "x", "fraction of linkers", (Curve("a", np.arange(3.0), np.ones(3)),)))
    assert ax.get_ylim()[1] == 1.0


def test_bars_of_rings_have_a_tick_each() -> None:
    sizes = np.array([8.0, 12.0, 16.0])
    ax = draw_panel(Panel("t", "ring size", "rings", (Curve("a", sizes, sizes),), kind="bar"))
    np.testing.assert_array_equal(ax.get_xticks(), sizes)


def test_errors_stand_under_the_name_of_their_column(results) -> None:  # type: ignore[no-untyped-def]
    for result in results.values():
        for table in result.tables().values():
            errors = [column for column in table if "error" in column]
            assert all(error.removesuffix("_error") in table for error in errors), errors
