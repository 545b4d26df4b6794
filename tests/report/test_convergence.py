"""The table of convergence: planted runs, published spreads, boxes of known size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from mofglass.literature import compare
from mofglass.report.convergence import box_limits, convergence
from mofglass.report.measure import Measured, measure
from mofglass.report.sample import gather
from mofglass.result import Curve, Panel, Result


@dataclass(frozen=True)
class Planted(Result):
    """A density with given error, followed over time."""

    mean: float
    error: float
    series: np.ndarray
    converged: bool = True

    name: ClassVar[str] = "density"
    title: ClassVar[str] = "Density"

    def to_dataframe(self) -> pd.DataFrame:
        return pd.DataFrame({"density": self.series})

    def summary(self) -> dict[str, Any]:
        return {
            "mean_density_g_per_cm3": self.mean,
            "mean_density_g_per_cm3_error": self.error,
            "error_converged": self.converged,
        }

    def panels(self) -> tuple[Panel, ...]:
        times_ps = np.arange(len(self.series)) * 0.1
        return (Panel("Density", "time (ps)", "density (g/cm³)", (Curve("", times_ps, self.series),)),)


@pytest.fixture(scope="module")
def glass(run_directory: Path) -> Any:
    return gather([run_directory])[0]


def noise(seed: int) -> np.ndarray:
    return 1.25 + 0.01 * np.random.default_rng(seed).normal(size=200)


def judged(glass: Any, results: list[Planted], system: str = "glass") -> Any:
    return convergence([Measured(glass, {"density": r}) for r in results], system=system, compare=compare)


def test_a_small_error_beside_the_published_spread_asks_for_glasses(glass: Any) -> None:
    found = judged(glass, [Planted(1.25, 0.004, noise(1))])
    (row,) = found.rows
    assert row.advice == "more glasses, not more time"
    assert row.spread == "0.06 (Castel 2024, 10 glasses, median of 3)"
    assert float(row.now) == pytest.approx(np.hypot(0.06, 0.004), rel=0.02)
    assert float(row.longer) == pytest.approx(0.06, rel=0.02)
    assert float(row.more) == pytest.approx(0.06 / np.sqrt(10), rel=0.02)


def test_a_large_error_beside_it_asks_for_time(glass: Any) -> None:
    (row,) = judged(glass, [Planted(1.25, 0.2, noise(1))]).rows
    assert row.advice.startswith("more time; glasses differ")


def test_three_own_glasses_come_before_published_ones(glass: Any) -> None:
    (row,) = judged(glass, [Planted(mean, 0.001, noise(1)) for mean in (1.20, 1.25, 1.30)]).rows
    assert row.spread == "0.050 (these 3)"
    assert float(row.now) == pytest.approx(0.05 / np.sqrt(3), rel=0.02)
    (row,) = judged(glass, [Planted(mean, 0.001, noise(1)) for mean in (1.20, 1.25)]).rows
    assert "Castel" in row.spread


def test_without_a_spread_nothing_is_promised(glass: Any) -> None:
    (row,) = judged(glass, [Planted(1.25, 0.004, noise(1))], system="liquid").rows
    assert row.advice.startswith("not known")
    assert (row.spread, row.now, row.spread_known) == ("–", "–", False)


def test_a_drift_and_an_error_not_converged_ask_for_time(glass: Any) -> None:
    drifting = noise(2) + np.linspace(0, 0.2, 200)
    found = judged(glass, [Planted(1.25, 0.004, drifting)])
    # The series that the numbers wait for is named, and is the one that has not settled.
    assert found.rows[0].advice == "more time: ‘Density’ has not settled"
    assert [(row.label, row.settled == "yes") for row in found.series] == [("Density", False)]
    found = judged(glass, [Planted(1.25, 0.004, noise(1), converged=False)])
    assert found.rows[0].advice == "more time: the error of this analysis still grows with the blocks"
    assert [row.settled for row in found.series] == ["yes"]


def test_what_did_not_vary_is_not_judged(glass: Any) -> None:
    found = judged(glass, [Planted(1.25, 0.0, np.full(200, 1.25))])
    assert found.rows[0].advice.startswith("nothing in this run")
    assert found.series == ()


def test_a_planted_correlation_time_stands_in_the_table(glass: Any) -> None:
    """Each value held for 8 frames of 0.1 ps: one independent sample every 0.8 ps."""
    held = np.repeat(1.25 + 0.01 * np.random.default_rng(5).normal(size=2500), 8)
    (row,) = judged(glass, [Planted(1.25, 0.004, held)]).series
    assert int(row.independent) == pytest.approx(2500, rel=0.4)
    assert float(row.correlation.removesuffix(" ps")) == pytest.approx(0.8, rel=0.4)


def test_the_box_of_one_cell_is_too_small_for_ten_angstrom(glass: Any) -> None:
    measured = measure(glass, with_crystal=False)
    lines = box_limits([measured])
    half_A = 0.5 * np.diag(np.asarray(glass.glass[-1].cell)).min()
    (of_rdf,) = [line for line in lines if line.startswith("The g(r) and")]
    assert f"half the box is {half_A:.1f} Å" in of_rdf
    assert "a larger box would change them" in of_rdf
    (of_rings,) = [line for line in lines if line.startswith("Rings of")]
    # ZIF-4: rings of 8, 12 and 16 nodes; 6 Zn at 6 Å make a circle of 11.5 Å.
    assert "Rings of 12" in of_rings or "Rings of 8" in of_rings
