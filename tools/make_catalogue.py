"""Derive the crystal catalogue from the published P1 cells: space group, cell, asymmetric unit.

Run from the checkout's root, where `../shared/data/structures` holds the published files:

    .venv/bin/python tools/make_catalogue.py

For each crystal, spglib finds the symmetry of the published P1 cell; positions and metric are averaged over
it; one atom of every orbit is kept. The atoms move by less than 0.01 Å in doing so, or the tool refuses.
What cannot be derived (names, references, published densities) stands in `catalogue_sources.yaml` beside this
file; the product is one YAML file a crystal in `src/mofglass/structures/catalogue/`.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spglib
import yaml
from ase import Atoms
from ase.data import chemical_symbols
from ase.geometry import cell_to_cellpar
from ase.io import read
from scipy.optimize import linear_sum_assignment

from mofglass.structures.substitution import unsubstitute

HERE = Path(__file__).parent
PUBLISHED = HERE.parent.parent / "shared" / "data" / "structures"
CATALOGUE = HERE.parent / "src" / "mofglass" / "structures" / "catalogue"
LARGEST_SHIFT_A = 0.01
ORIGIN_DENOMINATOR = 24  # translations of every space group are multiples of 1/24


@dataclass
class Setting:
    """A standard setting and the way to it: x_standard = change @ x_published + origin."""

    hall_number: int
    change: np.ndarray
    origin: np.ndarray


def symmetrise(
    atoms: Atoms, rotations: np.ndarray, translations: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Average fractional positions and metric tensor over the operations; also the largest shift, Å."""
    cell = np.asarray(atoms.cell)
    fractional = atoms.get_scaled_positions(wrap=False)
    unlike = atoms.numbers[:, None] != atoms.numbers[None, :]
    shift = np.zeros_like(fractional)
    metric = np.zeros((3, 3))
    for rotation, translation in zip(rotations, translations, strict=True):
        image = fractional @ rotation.T + translation
        difference = image[:, None, :] - fractional[None, :, :]
        difference -= np.round(difference)
        distance = np.linalg.norm(difference @ cell, axis=2)
        distance[unlike] = 1e3
        _, partner = linear_sum_assignment(distance)
        shift[partner] += difference[np.arange(len(partner)), partner]
        metric += rotation.T @ (cell @ cell.T) @ rotation
    shift /= len(rotations)
    return fractional + shift, metric / len(rotations), float(np.linalg.norm(shift @ cell, axis=1).max())


def average_framework(atoms: Atoms, hall_number: int) -> tuple[np.ndarray, np.ndarray, float, Atoms]:
    """Make a framework of imidazolates only, averaged over the space group of the disordered crystal.

    The substituents are taken off, all but hydrogen averaged, and hydrogens put back by geometry.
    """
    framework = unsubstitute(atoms)
    heavy = framework[framework.numbers > 1]
    fractional, metric, moved = symmetrise(heavy, *hall_operations(hall_number))
    heavy.set_scaled_positions(fractional)
    whole = unsubstitute(heavy)
    return whole.get_scaled_positions(wrap=False), metric, moved, whole


def same_operations(left: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether two lists of operations are one group, translations within 0.002 of a cell length."""
    if len(left[0]) != len(right[0]):
        return False
    for rotation, translation in zip(*left, strict=True):
        gap = right[1][(right[0] == rotation).all(axis=(1, 2))] - translation
        if not len(gap) or np.abs(gap - np.round(gap)).max(axis=1).min() > 2e-3:
            return False
    return True


def hall_operations(hall_number: int) -> tuple[np.ndarray, np.ndarray]:
    """Operations of a Hall number."""
    operations = spglib.get_symmetry_from_database(hall_number)
    return operations["rotations"], operations["translations"]


def published_setting(number: int, rotations: np.ndarray, translations: np.ndarray) -> Setting | None:
    """Find a standard setting whose axes are those of the published cell, if there is one."""
    grid = np.arange(ORIGIN_DENOMINATOR) / ORIGIN_DENOMINATOR
    for hall_number in range(1, 531):
        if spglib.get_spacegroup_type(hall_number).number != number:
            continue
        standard = hall_operations(hall_number)
        if len(standard[0]) != len(rotations):
            continue
        for origin in itertools.product(grid, repeat=3):
            moved = translations + np.array(origin) - rotations @ np.array(origin)
            if same_operations((rotations, moved), standard):
                return Setting(hall_number, np.eye(3), np.array(origin))
    return None


def asymmetric_unit(
    numbers: np.ndarray, fractional: np.ndarray, lattice: np.ndarray, hall_number: int
) -> list[list[Any]]:
    """One atom an orbit, as [label, element, multiplicity in the space-group cell, x, y, z]."""
    rotations, translations = hall_operations(hall_number)
    left = np.ones(len(numbers), dtype=bool)
    count: dict[str, int] = {}
    sites = []
    for number in sorted(set(numbers.tolist()), reverse=True):
        while (members := np.flatnonzero(left & (numbers == number))).size:
            wrapped = fractional[members] % 1.0
            wrapped[wrapped > 0.9999995] = 0.0
            position = wrapped[np.lexsort(np.round(wrapped, 4).T[::-1])[0]]
            images = (rotations @ position + translations)[:, None, :] - fractional[members][None, :, :]
            images -= np.round(images)
            near = np.linalg.norm(images @ lattice, axis=2) < 2 * LARGEST_SHIFT_A
            # an atom on a symmetry element: put it there exactly, by averaging its coinciding images
            unique = (rotations @ position + translations) - position
            unique -= np.round(unique)
            here = np.linalg.norm(unique @ lattice, axis=1) < 2 * LARGEST_SHIFT_A
            position = position + unique[here].mean(axis=0)
            left[members[near.any(axis=0)]] = False
            symbol = chemical_symbols[number]
            count[symbol] = count.get(symbol, 0) + 1
            sites.append(
                [f"{symbol}{count[symbol]}", symbol, len(rotations) // int(here.sum())]
                + [round(float(x), 6) for x in position]
            )
    return sites


def snapped(values: np.ndarray) -> np.ndarray:
    """Multiples of 1/24 where they are meant."""
    near = np.round(values * ORIGIN_DENOMINATOR) / ORIGIN_DENOMINATOR
    return np.where(np.abs(near - values) < 1e-4, near, values)


def derive(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """Make one catalogue entry from its published file and what is told of it."""
    derive_from = told.pop("derive")
    atoms = read(PUBLISHED / derive_from["file"])
    assert isinstance(atoms, Atoms)
    if "cell_A" in derive_from:
        atoms.set_cell(derive_from["cell_A"])
    atoms.pbc = True
    symprec = float(derive_from["symprec_A"])
    if "average_over_hall_number" in derive_from:
        fractional, metric, moved, atoms = average_framework(atoms, derive_from["average_over_hall_number"])
    else:
        operations = spglib.get_symmetry(
            (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=symprec
        )
        fractional, metric, moved = symmetrise(atoms, operations["rotations"], operations["translations"])
    if moved > derive_from.get("largest_shift_A", LARGEST_SHIFT_A):
        raise SystemExit(f"{name}: symprec {symprec} Å moves an atom by {moved:.4f} Å; choose a smaller one")
    clean = np.linalg.cholesky(metric)
    dataset = spglib.get_symmetry_dataset((clean, fractional, atoms.numbers), symprec=symprec)
    kind = spglib.get_spacegroup_type(dataset.hall_number)
    setting = published_setting(kind.number, dataset.rotations, dataset.translations)
    if setting is None:
        setting = Setting(
            dataset.hall_number, np.asarray(dataset.transformation_matrix), np.asarray(dataset.origin_shift)
        )
    change = np.round(setting.change * 12) / 12
    origin = snapped(setting.origin % 1.0)
    lattice = np.linalg.inv(change).T @ clean
    # the whole space-group cell, which may hold several of the published ones
    whole, numbers = [], []
    for shift in itertools.product(range(-3, 4), repeat=3):
        whole.append((fractional + shift) @ change.T + origin)
        numbers.append(atoms.numbers)
    positions, species = np.concatenate(whole), np.concatenate(numbers)
    inside = ((positions > -1e-6) & (positions < 1 - 1e-6)).all(axis=1)
    hall = spglib.get_spacegroup_type(setting.hall_number)
    cell = cell_to_cellpar(lattice)
    sites = asymmetric_unit(species[inside], positions[inside], lattice, setting.hall_number)
    if sum(site[2] for site in sites) != round(len(atoms) / abs(np.linalg.det(change.T))):
        raise SystemExit(
            f"{name}: the sites make {sum(s[2] for s in sites)} atoms a cell, the file has {len(atoms)}"
        )
    basis = change.T
    settings: dict[str, Any] = {}
    default = told.pop("setting", "published")
    settings[default] = {
        "basis": [[round(float(x), 6) for x in row] for row in basis],
        "origin": [round(float(x), 6) for x in origin],
    }
    for other, of_published in told.pop("more_settings", {}).items():
        rows = np.eye(3) if of_published == "space group" else np.array(of_published) @ basis
        settings[other] = {
            "basis": [[round(float(x), 6) for x in row] for row in rows],
            "origin": [round(float(x), 6) for x in origin],
        }
    names = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
    return {
        "name": name,
        **told,
        "derived_from": {
            "file": derive_from["file"],
            "symprec_A": symprec,
            "largest_shift_A": round(moved, 4),
        },
        "space_group": {
            "symbol": hall.international_short,
            "number": hall.number,
            "hall_symbol": hall.hall_symbol,
            "hall_number": setting.hall_number,
        },
        "cell": {key: round(float(x), 5) for key, x in zip(names, cell, strict=True)},
        "settings": settings,
        "asymmetric_unit": sites,
    }


class Readable(yaml.SafeDumper):
    """Lists of plain values on one line, all else one value a line."""


def _flow(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    simple = all(not isinstance(value, (list, dict)) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=simple)


Readable.add_representer(list, _flow)

HEADER = """\
# Derived by tools/make_catalogue.py from the published P1 cell; see docs/structures.md.
# asymmetric_unit: label, element, multiplicity in the space-group cell, fractional x, y, z in that cell.
# settings: rows of `basis` are the built cell's vectors in units of the space-group cell's;
#           x_built = inverse(transpose(basis)) (x - origin); the first one is the default.
"""


def main(wanted: list[str]) -> None:
    """Write the catalogue, or only the entries named."""
    told = yaml.safe_load((HERE / "catalogue_sources.yaml").read_text())
    CATALOGUE.mkdir(parents=True, exist_ok=True)
    for name, entry in told.items():
        if wanted and name not in wanted:
            continue
        product = derive(name, entry)
        text = yaml.dump(product, Dumper=Readable, sort_keys=False, allow_unicode=True, width=110)
        (CATALOGUE / f"{name}.yaml").write_text(HEADER + text)
        group = product["space_group"]
        print(
            f"{name:12s} {group['symbol']:10s} {group['number']:3d} hall {group['hall_number']:3d} "
            f"{len(product['asymmetric_unit']):3d} sites, "
            f"moved {product['derived_from']['largest_shift_A']} Å, {', '.join(product['settings'])}"
        )


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning)
    main(sys.argv[1:])
