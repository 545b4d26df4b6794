"""The published numbers are complete, well formed, and those of the papers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mofglass.errors import InputError
from mofglass.literature import SYSTEMS, find, quantities, sources
from mofglass.literature.published import read_paper


def one(quantity: str, **where: object) -> float:
    """The single value found."""
    table = where.pop("table", None)
    method = str(where.pop("method", ""))
    values = [
        v
        for v in find(quantity, **where)  # type: ignore[arg-type]
        if (table is None or v.where == table) and method in v.method
    ]
    assert len(values) == 1, values
    return values[0].value


def test_every_value_is_of_a_known_kind_with_a_place_in_its_paper() -> None:
    assert {source.key for source in sources().values()} == {"castel2024", "mendez2024", "shi2023"}
    for value in find():
        assert value.system in SYSTEMS
        assert value.where, value
        assert value.source.doi or value.source.journal == "preprint"
        assert value.error is None or value.error > 0


def test_every_quantity_has_published_values() -> None:
    assert all(find(key) for key in quantities())


@pytest.mark.parametrize(
    ("quantity", "where", "expected"),
    [
        ("zn_n_coordination", {"system": "glass", "method": "melt-quench"}, 3.93),
        ("zn_n_coordination", {"system": "liquid", "table": "Table S5", "method": "NequIP"}, 3.67),
        ("zn_n_pmf_barrier", {"system": "glass"}, 26.0),
        ("porous_volume", {"system": "glass", "method": "NequIP, melt-quench"}, 61.0),
        ("bulk_modulus", {"system": "glass", "table": "Table 2", "method": "NequIP glasses"}, 3.24),
        ("poisson_ratio", {"system": "crystal"}, 0.24),
        ("density", {"system": "glass", "source": "mendez2024", "method": "nb-ZIF-FF"}, 1.57),
        ("zn_n_distance", {"method": "nb-ZIF-FF"}, 1.86),
        ("transition_entropy", {"material": "ZIF-zni"}, 26.0),
        ("energy_mae", {"table": "Table 1", "method": "Allegro"}, 0.70),
    ],
)
def test_values_as_printed(quantity: str, where: dict, expected: float) -> None:
    assert one(quantity, **where) == expected


def test_confusion_matrix_rows_sum_to_one() -> None:
    rows: dict[str, float] = {}
    for value in find("classifier_fraction"):
        rows[value.conditions["phase"]] = rows.get(value.conditions["phase"], 0.0) + value.value
    assert len(rows) == 4
    assert all(total == pytest.approx(1.0, abs=1.5e-3) for total in rows.values())


def test_bond_free_energies_are_internal_energy_minus_temperature_times_entropy() -> None:
    """Shi 2023, Table 2 states dF = dU - T dS; a digit copied wrongly would break it."""
    energies = {(v.method, v.where): v.value for v in find("zn_n_bond_internal_energy")}
    entropies = {(v.method, v.where): v.value for v in find("zn_n_bond_entropy")}
    free_energies = find("zn_n_bond_free_energy")
    assert len(free_energies) == 6
    for value in free_energies:
        key = (value.method, value.where)
        expected = energies[key] - value.conditions["temperature_K"] * entropies[key] * 1e-3
        assert value.value == pytest.approx(expected, abs=0.7)


def test_transition_entropy_is_enthalpy_over_temperature() -> None:
    """Mendez 2024, Table III: at coexistence dS = dH / T."""
    for transition in ("ZIF-4 → glass", "ZIF-zni → liquid"):
        chosen = [v for v in find(system="transition", source="mendez2024") if "nb-ZIF-FF" in v.method]
        table = {v.quantity.key: v.value for v in chosen if v.conditions.get("transition") == transition}
        expected = 1e3 * table["transition_enthalpy"] / table["transition_temperature"]
        assert table["transition_entropy"] == pytest.approx(expected, abs=0.2)


def test_heating_runs_have_the_steps_that_their_rates_need() -> None:
    """Shi 2023, Table 3 at 0.5 fs: at least (T2 - T1) / rate, the rest being equilibration."""
    rates = {v.method: v for v in find("heating_rate")}
    for steps in find("heating_steps"):
        rate = rates[steps.method]
        span_K = rate.conditions["to_K"] - rate.conditions["from_K"]
        assert steps.value * 1e3 * 0.5e-3 >= span_K / rate.value


@pytest.mark.parametrize("name", ["castel2024", "mendez2024", "shi2023"])
def test_every_number_stands_in_the_paper(shared: Path, name: str) -> None:
    """Each published number is found, as a number, in the text of its paper."""
    files = {
        "castel2024": ["castel2024-mlp-azif", "castel2024-si"],
        "mendez2024": ["mendez2024-nbzifff-phases"],
    }
    texts = [shared.parent / "papers" / f"{file}.txt" for file in files.get(name, ["shi2023-deepmd-zif4"])]
    if not all(text.is_file() for text in texts):
        pytest.skip("the papers are not here")
    printed = {abs(float(n)) for text in texts for n in re.findall(r"\d+(?:\.\d+)?", text.read_text())}
    words = {4.0, 0.0, 0.903, 0.02, 8.0}  # "perfect", "no", 90.3 %, 2 %
    for value in find(source=name):
        assert abs(value.value) in printed | words, value
        assert value.error is None or value.error in printed, value


def test_a_system_or_quantity_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="no quantity 'viscosity'"):
        find("viscosity")
    with pytest.raises(InputError, match="no system 'gas'"):
        find(system="gas")
    assert find("density", material="ZIF-71") == ()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{quantity: colour, system: glass, value: 1, where: x}", "quantity 'colour'"),
        ("{quantity: density, system: gas, value: 1, where: x}", "system 'gas'"),
        ("{quantity: density, system: glass, value: 1, where: x, page: 3}", "no field 'page'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "paper.yaml"
    path.write_text(
        "source: {key: p, short: P, authors: A, title: T, journal: J, year: 2000}\nvalues:\n  - " + row + "\n"
    )
    with pytest.raises(InputError, match=f"value 1: .*{message}"):
        read_paper(path)
