"""The catalogue: each crystal as a YAML file of space group, cell, asymmetric unit and reference."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from mofglass.errors import InputError


@dataclass(frozen=True)
class Site:
    """One atom of the asymmetric unit; position fractional in the space-group cell."""

    label: str
    symbol: str
    multiplicity: int
    position: tuple[float, float, float]


@dataclass(frozen=True)
class Setting:
    """A choice of cell: rows of `basis` are its vectors in units of the space-group cell's vectors.

    A point x of the space-group cell has the coordinates `basis.T`⁻¹ (x - origin) in this one.
    """

    name: str
    basis: np.ndarray
    origin: np.ndarray

    @property
    def n_space_group_cells(self) -> float:
        """Volume in units of the space-group cell's."""
        return float(abs(np.linalg.det(self.basis)))


@dataclass(frozen=True)
class SpaceGroup:
    """The space group, its setting fixed by the Hall number (1 to 530, as spglib counts them)."""

    symbol: str
    number: int
    hall_symbol: str
    hall_number: int


@dataclass(frozen=True)
class Entry:
    """One crystal of the catalogue.

    Parameters
    ----------
    name : str
        What users call it.
    title : str
        What it is, in a few words.
    formula_unit : str
        The formula of one metal with its linkers.
    topology : str
        Three-letter code of the net of the metal atoms (RCSR).
    linkers : tuple of str
        Names of the linkers.
    space_group : SpaceGroup
        The space group of the asymmetric unit.
    cellpar : ndarray, shape (6,)
        Space-group cell: a, b, c in Å, α, β, γ in °.
    sites : tuple of Site
        The asymmetric unit.
    settings : tuple of Setting
        Cells it can be built in; the first is that of the published file.
    source : dict
        `reference`, `doi`, `method`, `file`, `repository`, `licence` of the coordinates.
    published_density : dict
        `value_g_per_cm3`, `conditions`, `reference`, `doi`.
    derived_from : dict
        `file`, `symprec_A`, `largest_shift_A`: how the symmetry was found.
    notes : str
        What a user should know.
    mixed_linker : str
        The substituent of `groups.GROUPS` whose ratio can be chosen; empty for most.
    default_fraction : float
        Fraction of the linkers that bear it where none is asked for.
    """

    name: str
    title: str
    formula_unit: str
    topology: str
    linkers: tuple[str, ...]
    space_group: SpaceGroup
    cellpar: np.ndarray
    sites: tuple[Site, ...]
    settings: tuple[Setting, ...]
    source: dict[str, str]
    published_density: dict[str, Any]
    derived_from: dict[str, Any]
    notes: str
    mixed_linker: str = ""
    default_fraction: float = 0.0

    def setting(self, name: str | None = None) -> Setting:
        """Return a setting by name, the published cell's without one.

        Parameters
        ----------
        name : str, optional
            One of `[s.name for s in entry.settings]`.

        Returns
        -------
        Setting
            The choice of cell.
        """
        if name is None:
            return self.settings[0]
        for setting in self.settings:
            if setting.name == name:
                return setting
        known = [setting.name for setting in self.settings]
        remedy = "leave --cell out" if len(known) == 1 else f"choose one of --cell {', '.join(known)}"
        raise InputError(
            f"{self.name} is not built in a '{name}' cell, only as {' or '.join(known)}: {remedy}"
        )


def _parse(document: dict[str, Any]) -> Entry:
    """Make an entry of one YAML document."""
    cell = document["cell"]
    return Entry(
        name=document["name"],
        title=document["title"],
        formula_unit=document["formula_unit"],
        topology=document["topology"],
        linkers=tuple(document["linkers"]),
        space_group=SpaceGroup(**document["space_group"]),
        cellpar=np.array(
            [cell[key] for key in ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")], dtype=float
        ),
        sites=tuple(
            Site(label, symbol, multiplicity, (x, y, z))
            for label, symbol, multiplicity, x, y, z in document["asymmetric_unit"]
        ),
        settings=tuple(
            Setting(name, np.array(choice["basis"], dtype=float), np.array(choice["origin"], dtype=float))
            for name, choice in document["settings"].items()
        ),
        source=document["source"],
        published_density=document["published_density"],
        derived_from=document["derived_from"],
        notes=document.get("notes", ""),
        mixed_linker=document.get("mixed_linker", ""),
        default_fraction=document.get("default_fraction", 0.0),
    )


def _reading_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts ZIF-8 before ZIF-62."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Entry]:
    """Return the crystals mofglass knows, by name.

    Returns
    -------
    dict of str to Entry
        In the order of the names, numbers by their value.
    """
    folder = resources.files("mofglass.structures") / "catalogue"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    entries = [_parse(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]
    return {found.name: found for found in sorted(entries, key=lambda found: _reading_order(found.name))}


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def find_entry(name: str) -> Entry | None:
    """Return the entry of a name, in any case and with or without hyphens; None where there is none.

    Parameters
    ----------
    name : str
        A name as `ZIF-4`, `zif4`, `ZIF_zni`.

    Returns
    -------
    Entry or None
        The crystal.
    """
    return {_plain(key): found for key, found in catalogue().items()}.get(_plain(name))


def entry(name: str) -> Entry:
    """Return the entry of a name.

    Parameters
    ----------
    name : str
        A name as `ZIF-4`, `zif4`, `ZIF_zni`.

    Returns
    -------
    Entry
        The crystal.

    Raises
    ------
    InputError
        No such crystal; the message lists the nearest names.
    """
    found = find_entry(name)
    if found is not None:
        return found
    plain = {_plain(key): key for key in catalogue()}
    near = [plain[key] for key in difflib.get_close_matches(_plain(name), plain, n=3, cutoff=0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"it holds {', '.join(catalogue())}"
    raise InputError(f"the catalogue has no structure '{name}'; {hint}")
