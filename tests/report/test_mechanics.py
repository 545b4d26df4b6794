"""Studies of the mechanics in the report: what they wrote is read, drawn and put beside published values."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.equation_of_state import energy_eV, pressure_GPa
from mofglass.errors import InputError
from mofglass.literature import compare
from mofglass.report.mechanics import mechanics_section, read_studies
from mofglass.report.packing import plotly_array

FORM = "birch-murnaghan-2"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of planted modulus (1.7 GPa at 4500 Å³) as `write_results` leaves it."""
    volume = np.linspace(4300.0, 4600.0, 5)
    table = pd.DataFrame(
        {
            "volume_A3": volume,
            "pressure_GPa": pressure_GPa(volume, 4500.0, 1.7, form=FORM),
            "pressure_GPa_error": 0.001,
            "fitted": [False, True, True, True, True],
            "energy_eV": energy_eV(volume, -100.0, 4500.0, 1.7, form=FORM),
        }
    )
    fit = {"bulk_modulus_GPa": 1.7, "zero_pressure_volume_A3": 4500.0, "k_prime": 4.0}
    summary = {
        "method": "finite strain",
        "bulk_modulus_GPa": 1.7,
        "bulk_modulus_GPa_error": 0.05,
        "zero_pressure_density_g_per_cm3": 1.178,
        "zero_pressure_density_g_per_cm3_error": 0.002,
        "fits": {FORM: fit, "energies": fit},
        "n_glasses": 1,
        "notes": ["planted"],
    }
    folder = tmp_path / "zif4" / "analysis"
    folder.mkdir(parents=True)
    table.to_csv(folder / "bulk_modulus.csv", index=False)
    (folder / "summary.json").write_text(json.dumps({"bulk_modulus": summary, "provenance": {}}))
    return folder.parent


def numbers(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


def test_the_study_stands_beside_the_papers_crystal(study: Path) -> None:
    figures: dict[str, Any] = {}
    section = mechanics_section(read_studies(f"crystal:{study}", system="glass"), figures, compare)
    assert section is not None
    assert section["columns"] == ("zif4: finite strain, crystal",)
    assert [(row.label, row.cells) for row in section["rows"]] == [
        ("bulk modulus K", ("1.700 ± 0.050",)),
        ("density ρ₀", ("1.1780 ± 0.0020",)),
    ]
    (card,) = section["cards"]
    assert card["notes"] == ["planted"]
    published = {group["quantity"]: [row["published"] for row in group["rows"]] for group in card["groups"]}
    assert "1.69" in published["bulk_modulus"]
    assert "1.16" in published["density"]
    # A crystal has no spread over glasses.
    assert card["outlooks"] == []


def test_curves_go_through_the_planted_points(study: Path) -> None:
    figures: dict[str, Any] = {}
    mechanics_section(read_studies(str(study), system="crystal"), figures, None)
    assert list(figures) == ["mechanics-0-0", "mechanics-0-1"]
    pressure, energy = (figures[name]["panels"][0]["curves"] for name in figures)
    assert [curve.get("points", False) for curve in pressure] == [True, False]
    measured, fit = pressure
    assert measured["x"] == plotly_array(np.linspace(4300.0, 4600.0, 5))
    at_points = np.interp(numbers(measured["x"])[1:], numbers(fit["x"]), numbers(fit["y"]))
    np.testing.assert_allclose(at_points, numbers(measured["y"])[1:], atol=2e-4)
    computed, line = energy
    at_points = np.interp(numbers(computed["x"])[1:], numbers(line["x"]), numbers(line["y"]))
    np.testing.assert_allclose(at_points, numbers(computed["y"])[1:], atol=2e-3)


def test_a_glass_is_told_whether_time_or_glasses_would_help(study: Path) -> None:
    (card,) = mechanics_section(read_studies(f"glass:{study}", system="crystal"), {}, compare)["cards"]  # type: ignore[index]
    first = card["outlooks"][0]
    # Castel 2024 has 1.23, 0.72, 0.97 and 1.02 over ten glasses.
    assert first.startswith("bulk modulus K: error 0.050 GPa, spread over the paper's glasses")
    assert first.endswith("more glasses, not more time.")


def test_an_isotropic_tensor_has_spheres_for_surfaces(tmp_path: Path) -> None:
    stiffness = ElasticTensor.isotropic(2.0, 1.0).stiffness_GPa
    summary = {
        "method": "stress-strain at 0 K",
        "stiffness_GPa": stiffness.tolist(),
        "bulk_modulus_GPa": 2.0,
        "bulk_modulus_GPa_error": None,
        "young_modulus_GPa": 18 / 7,
        "mechanically_stable": True,
        "notes": [],
    }
    path = tmp_path / "elastic.json"
    path.write_text(json.dumps(summary))
    figures: dict[str, Any] = {}
    section = mechanics_section(read_studies(str(path), system="crystal"), figures, compare)
    assert section is not None
    (card,) = section["cards"]
    assert card["title"] == "elastic: stress-strain at 0 K"
    assert len(card["surfaces"]) == 4
    young = figures["surface-0-young_modulus_GPa"]["surface"]["data"][0]
    radius = np.sqrt(sum(np.array(young[axis]) ** 2 for axis in "xyz"))
    np.testing.assert_allclose(radius, 18 / 7, atol=1e-4)
    assert card["extremes"][0][1] == card["extremes"][0][3] == "2.571"


def test_an_unstable_tensor_has_none(tmp_path: Path) -> None:
    stiffness = np.diag([1.0, 1.0, 1.0, 1.0, 1.0, -0.1]).tolist()
    path = tmp_path / "unstable.json"
    path.write_text(
        json.dumps({"bulk_modulus_GPa": 1.0, "stiffness_GPa": stiffness, "mechanically_stable": False})
    )
    section = mechanics_section(read_studies(str(path), system="crystal"), {}, None)
    assert section is not None
    assert section["cards"][0]["surfaces"] == []


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no study of the mechanics"):
        read_studies(str(tmp_path), system="glass")
    (tmp_path / "summary.json").write_text('{"rdf": {}}')
    with pytest.raises(InputError, match="holds no bulk modulus"):
        read_studies(str(tmp_path), system="glass")
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_studies(str(tmp_path), system="glass")
