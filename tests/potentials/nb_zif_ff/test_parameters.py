"""The parameter table against the authors' own input and against itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ase.data import atomic_masses, atomic_numbers

from mofglass.potentials.nb_zif_ff import load_parameters


def _coefficients(text: str, section: str) -> list[tuple[list[float], tuple[str, ...]]]:
    """Coefficients and atom types of one section of the authors' data file."""
    body = text.split(f"{section} Coeffs", 1)[1]
    body = re.split(r"\n\s*[A-Z][a-z]+", body, maxsplit=1)[0]
    rows = []
    for line in body.splitlines():
        numbers, *comments = line.split("#")
        if len(numbers.split()) > 1:
            rows.append(([float(x) for x in numbers.split()[1:]], tuple(comments[-1].split())))
    return rows


@pytest.mark.parametrize(("section", "n_checked"), [("Bond", 8), ("Angle", 11), ("Dihedral", 11)])
def test_bonded_terms_are_those_of_the_authors_file(authors_zni, section: str, n_checked: int) -> None:
    parameters = load_parameters()
    table = {"Bond": parameters.bonds, "Angle": parameters.angles, "Dihedral": parameters.dihedrals}[section]
    checked = 0
    for numbers, atoms in _coefficients(authors_zni.text, section):
        if numbers[0] == 0:
            continue
        key = atoms if atoms in table else atoms[::-1]
        ours = list(table[key])
        ours[0] *= parameters.eV_per_kcal_per_mol
        if section == "Angle":
            ours[2] *= parameters.eV_per_kcal_per_mol
        if section == "Dihedral":
            ours += [2.0, 180.0]
        assert numbers[: len(ours)] == pytest.approx(ours, rel=5e-6), key
        checked += 1
    assert checked == n_checked


def test_table_equals_the_shared_summary(shared: Path) -> None:
    summary = json.loads((shared / "nb-zif-ff" / "parameters.json").read_text())
    parameters = load_parameters()
    for name, charge in summary["charges"].items():
        if name in parameters.types and name != "C4":
            assert parameters.types[name].charge_e == charge
    assert parameters.types["C4"].charge_e == summary["charges"]["C4_neutral"]
    assert parameters.types["C4"].published_charge_e == summary["charges"]["C4"]
    for name, (_, sigma) in summary["lj"].items():
        if name in parameters.types:
            assert parameters.types[name].sigma_A == sigma
            # The files' depths in eV are those in kcal/mol to the digits kept.
            depth = summary["lj"][name][0] * parameters.eV_per_kcal_per_mol
            assert parameters.types[name].epsilon_eV == pytest.approx(depth, rel=2e-4)
    assert parameters.table["morse"]["D_eV"] == summary["morse"]["D_eV"]
    assert parameters.table["special_bonds"] == summary["special_bonds"]


@pytest.mark.parametrize("element", ["Zn", "N"])
def test_atom_and_its_dummies_weigh_what_the_element_does(element: str) -> None:
    types = load_parameters().types
    host, dummy, number = {"Zn": ("Zn", "He", 4), "N": ("N1", "Ne", 1)}[element]
    total = types[host].mass_u + number * types[dummy].mass_u
    assert total == pytest.approx(atomic_masses[atomic_numbers[element]])


def test_zinc_and_two_linkers_are_neutral() -> None:
    charge = {name: kind.charge_e for name, kind in load_parameters().types.items()}
    zinc = charge["Zn"] + 4 * charge["He"]
    shared_part = 2 * (charge["C2"] + charge["H2"] + charge["N1"] + charge["Ne"])
    assert zinc + 2 * (shared_part + charge["C4"] + charge["H4"]) == pytest.approx(0.0, abs=1e-12)
    assert zinc + 2 * (shared_part + charge["C1"] + charge["C3"] + 3 * charge["H3"]) == pytest.approx(
        0.0, abs=1e-12
    )
