"""The shared glasses through the whole set: what is known of each (docs/analysis/glasses-compared.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mofglass.analysis import Pores, measure_glasses, standard_set
from mofglass.literature import find
from mofglass.trajectory import open_trajectory

pytestmark = pytest.mark.slow


def through_everything(paths: list[Path], *, spheres: bool = True) -> dict[str, dict[str, Any]]:
    """Summaries of the set, by analysis; only what one frame cannot tell may be missing."""
    glasses = [open_trajectory(path) for path in paths]
    analyses, left_out = standard_set(glasses[0].numbers)
    pytest.importorskip("pyzeo")
    analyses["pores"] = Pores(n_samples=100_000, n_samples_per_atom=10, spheres=spheres, n_processes=1)
    measured = measure_glasses(glasses, analyses, strict=False)
    assert set(left_out) | set(measured.skipped) == {"pmf", "msd"}
    assert all(len(glass) == len(analyses) - 1 for glass in measured.glasses)
    return {name: result.summary() for name, result in measured.results.items()}


def test_crystal(shared: Path) -> None:
    found = through_everything([shared / "structures" / "ZIF4-RelaxedCell.cif"])
    assert found["coordination"]["mean_coordination"] == 4.0
    assert found["linkers"]["fraction_intact"] == 1.0
    # Castel 2024, Fig. 8: rings of 8, 12 and 16.
    assert found["rings"]["rings_by_size"] == {"8": 4.0, "12": 16.0, "16": 32.0}
    assert found["bond_angle"]["mean_angle_deg"] == pytest.approx(109.4, abs=0.1)
    assert found["pores"]["total_volume_cm3_per_kg"] == pytest.approx(49.0, abs=1.5)


def test_ab_initio_glasses(shared: Path) -> None:
    found = through_everything(sorted((shared / "glasses").glob("ZIF4_15glass*.cif")))
    # Castel 2024, Tables S5 and S6, over trajectories of ten glasses.
    for quantity, name, key in (
        ("zn_n_coordination", "coordination", "mean_coordination"),
        ("porous_volume", "pores", "total_volume_cm3_per_kg"),
    ):
        published = [
            value.value
            for value in find(quantity, system="glass", source="castel2024")
            if "ab initio glasses" in value.method
        ]
        assert len(published) == 2
        error = found[name][f"{key}_error"]
        assert all(abs(found[name][key] - value) < 2 * error for value in published)
    assert found["linkers"]["fraction_intact"] == 1.0
    assert found["bond_angle"]["standard_deviation_deg"] == pytest.approx(8.1, abs=0.5)
    assert set(found["rings"]["rings_by_size"]) > {"8", "12", "16"}


def test_reverse_monte_carlo_model(shared: Path) -> None:
    found = through_everything([shared / "glasses" / "rmc-mqgzif4.xyz"], spheres=False)
    assert found["coordination"]["mean_coordination"] == pytest.approx(3.955, abs=0.001)
    assert found["bond_angle"]["mean_angle_deg"] == pytest.approx(109.1, abs=0.1)
    # A third denser than the ab initio glasses: nothing for helium to go through.
    assert found["pores"]["accessible_volume_cm3_per_kg"] == 0.0
    assert found["pores"]["total_volume_cm3_per_kg"] == pytest.approx(5.2, abs=0.6)
    # This model holds linkers that are not whole.
    assert found["linkers"]["fraction_intact"] == pytest.approx(0.934, abs=0.001)


@pytest.mark.parametrize("name", ["SALEM2_glass", "ZIF8_15glass"])
def test_sodalite_glasses(shared: Path, name: str) -> None:
    found = through_everything(sorted((shared / "glasses").glob(f"{name}*.cif")))
    assert found["linkers"]["fraction_intact"] == 1.0
    assert found["coordination"]["mean_coordination"] == 4.0
    # The rings of sodalite: these frames keep the net of their crystals.
    assert found["rings"]["rings_by_size"] == {"8": 6.0, "12": 8.0, "24": 32.0}
    assert found["pores"]["n_failed"] == 0


def test_large_model(shared: Path) -> None:
    found = through_everything([shared / "azif" / "m1-zif_ace_24.data.gz"], spheres=False)
    # As its authors count them, but for bonds near the cut-off (tests/topology/test_rings.py).
    counts = [2, 119, 332, 418, 599, 754, 619, 601, 385, 144, 63, 23, 0, 5]
    expected = {str(size): float(n) for size, n in zip(range(4, 32, 2), counts, strict=True) if n}
    assert found["rings"]["rings_by_size"] == expected
    assert found["linkers"]["fraction_intact"] == 1.0
    assert found["pores"]["accessible_volume_cm3_per_kg"] == 0.0
    assert found["pores"]["total_volume_cm3_per_kg"] == pytest.approx(12.9, abs=0.9)
