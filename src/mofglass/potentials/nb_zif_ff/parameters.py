"""The parameter table of nb-ZIF-FF, read once from `parameters.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from ase.data import atomic_masses, atomic_numbers

Key = tuple[str, ...]

DUMMIES = ("He", "Ne")
"""Type names of the cationic dummy (four on a Zn) and of the anionic one (on an N)."""


@dataclass(frozen=True)
class ParticleType:
    """One particle type: the element it stands on (None for a dummy), charge (e), LJ (eV, Å), masses (u)."""

    name: str
    element: str | None
    charge_e: float
    published_charge_e: float
    epsilon_eV: float
    sigma_A: float
    mass_u: float
    published_mass_u: float
    meaning: str

    @property
    def is_dummy(self) -> bool:
        """Whether the particle exists for the force field only."""
        return self.element is None


@dataclass(frozen=True)
class Parameters:
    """All of nb-ZIF-FF.

    Term tables go from the types of the atoms to the numbers of the table, energies in kcal/mol;
    `eV_per_kcal_per_mol` turns them into the eV of LAMMPS' metal units.
    """

    types: dict[str, ParticleType]
    bonds: dict[Key, tuple[float, ...]]
    angles: dict[Key, tuple[float, ...]]
    dihedrals: dict[Key, tuple[float, ...]]
    impropers: dict[Key, float | None]
    table: dict[str, Any]

    @property
    def eV_per_kcal_per_mol(self) -> float:
        """The authors' conversion of energies, eV per kcal/mol."""
        return float(self.table["eV_per_kcal_per_mol"])

    @property
    def ne_improper_kcal(self) -> dict[str, float]:
        """K of the improper N1-C4-C2-Ne in the authors' two sets of files, kcal/mol."""
        return dict(self.table["ne_improper_K"])


def _real_mass_u(element: str, dummy_mass_u: float) -> float:
    """Mass of the particle on an atom, so that atom and its dummies weigh what the element does."""
    n_dummies = {"Zn": 4, "N": 1}.get(element, 0)
    return float(atomic_masses[atomic_numbers[element]]) - n_dummies * dummy_mass_u


def _terms(rows: list[list[Any]], n: int) -> dict[Key, tuple[float, ...]]:
    return {tuple(row[:n]): tuple(float(value) for value in row[n:]) for row in rows}


@cache
def load_parameters() -> Parameters:
    """Read the parameter table.

    Returns
    -------
    Parameters
        Every number of the force field, with its references in `table`.
    """
    table = yaml.safe_load(files(__package__).joinpath("parameters.yaml").read_text(encoding="utf-8"))
    dummy_mass_u = float(table["dummy_mass_u"])
    types = {}
    for name, row in table["types"].items():
        element = row["element"]
        types[name] = ParticleType(
            name=name,
            element=element,
            charge_e=float(row["charge_e"]),
            published_charge_e=float(row.get("published_charge_e", row["charge_e"])),
            epsilon_eV=float(row.get("epsilon_eV", table["dummy_core"]["epsilon_eV"])),
            sigma_A=float(row.get("sigma_A", table["dummy_core"]["sigma_A"])),
            mass_u=dummy_mass_u if element is None else _real_mass_u(element, dummy_mass_u),
            published_mass_u=float(row["published_mass_u"]),
            meaning=str(row["meaning"]),
        )
    return Parameters(
        types=types,
        bonds=_terms(table["bonds"], 2),
        angles=_terms(table["angles"], 3),
        dihedrals=_terms(table["dihedrals"], 4),
        impropers={tuple(row[:4]): row[4] for row in table["impropers"]},
        table=table,
    )
