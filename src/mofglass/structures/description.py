"""What `structures show` tells: composition, density, coordination, nearest contact."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from mofglass.structures.entries import Entry
from mofglass.units import density_g_per_cm3

ZN_N_CUTOFF_A = 2.5  # Castel 2024 and the other papers count Zn-N neighbours within it


def describe(atoms: Atoms) -> dict[str, Any]:
    """Summarise a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic, Å.

    Returns
    -------
    dict
        `formula`, `n_atoms`, cell lengths (`a_A`, ...) and angles (`alpha_deg`, ...), `volume_A3`,
        `density_g_per_cm3`, `zn_coordination` (number of N within 2.5 Å: number of Zn),
        `shortest_contact_A` and `shortest_contact`.
    """
    cell = atoms.cell.cellpar()
    names = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
    first, second, distance = neighbor_list("ijd", atoms, 1.3)
    shortest = int(distance.argmin()) if len(distance) else None
    zinc = neighbor_list("i", atoms, {("Zn", "N"): ZN_N_CUTOFF_A})
    per_zinc = np.bincount(zinc, minlength=len(atoms))[atoms.numbers == 30]
    return {
        "formula": atoms.get_chemical_formula(),
        "n_atoms": len(atoms),
        **{name: round(float(value), 5) for name, value in zip(names, cell, strict=True)},
        "volume_A3": round(float(atoms.get_volume()), 3),
        "density_g_per_cm3": round(density_g_per_cm3(float(atoms.get_masses().sum()), atoms.get_volume()), 4),
        "zn_coordination": {str(n): count for n, count in sorted(Counter(per_zinc.tolist()).items())},
        "shortest_contact_A": None if shortest is None else round(float(distance[shortest]), 4),
        "shortest_contact": None
        if shortest is None
        else "-".join(sorted((atoms.symbols[first[shortest]], atoms.symbols[second[shortest]]))),
    }


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Summarise what the catalogue knows of a crystal.

    Parameters
    ----------
    entry : Entry
        The crystal.

    Returns
    -------
    dict
        Name, title, formula unit, topology, linkers, space group, cells, number of sites, published
        density, source and notes.
    """
    group = entry.space_group
    return {
        "name": entry.name,
        "title": entry.title,
        "formula_unit": entry.formula_unit,
        "topology": entry.topology,
        "linkers_of_entry": list(entry.linkers),
        "space_group": group.symbol,
        "space_group_number": group.number,
        "hall_symbol": group.hall_symbol,
        "hall_number": group.hall_number,
        "n_sites": len(entry.sites),
        "cells": [setting.name for setting in entry.settings],
        "published_density_g_per_cm3": entry.published_density["value_g_per_cm3"],
        "published_density_conditions": entry.published_density["conditions"],
        "published_density_reference": entry.published_density["reference"],
        "published_density_doi": entry.published_density["doi"],
        **{f"source_{key}": value for key, value in entry.source.items()},
        "notes": entry.notes,
    }
