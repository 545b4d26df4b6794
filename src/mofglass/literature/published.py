"""The published numbers: read from the papers' data files, and found by quantity, system and source.

One YAML file a paper in ``data/`` and one, ``quantities.yaml``, that says what the numbers are numbers of.
To add a paper, add a file; to add a quantity, add an entry. Units belong to the quantity, so that two
papers cannot disagree about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import yaml

from mofglass.errors import InputError

SYSTEMS = ("crystal", "hot crystal", "glass", "liquid", "transition", "potential", "model", "protocol")
"""What a value describes; "hot crystal" is a crystal near or above its melting point, not melted."""


@dataclass(frozen=True)
class Source:
    """Where numbers were published.

    Parameters
    ----------
    key : str
        Short name without spaces, e.g. ``castel2024``.
    short : str
        As in tables, e.g. ``Castel 2024``.
    authors, title, journal : str
        Of the paper.
    year : int
        Of publication.
    doi : str or None
        Digital object identifier, where there is one.
    preprint : str or None
        Archive number of the version whose table numbers are quoted, where that is a preprint.
    """

    key: str
    short: str
    authors: str
    title: str
    journal: str
    year: int
    doi: str | None = None
    preprint: str | None = None

    @property
    def url(self) -> str | None:
        """Address of the paper, where it has a DOI."""
        return f"https://doi.org/{self.doi}" if self.doi else None


@dataclass(frozen=True)
class Quantity:
    """What a published number is a number of.

    Parameters
    ----------
    key : str
        Stable name, e.g. ``zn_n_coordination``.
    title : str
        For tables and figures.
    unit : str
        Unit of all its values; empty for a pure number.
    measured : tuple of str
        ``analysis.key`` of the summaries in which mofglass gives the same quantity, the first that exists.
    scale : float
        What mofglass' number is multiplied by to be in `unit`.
    compare : bool
        Whether it describes a material and so can stand beside ours.
    """

    key: str
    title: str
    unit: str
    measured: tuple[str, ...] = ()
    scale: float = 1.0
    compare: bool = True


@dataclass(frozen=True)
class PublishedValue:
    """One published number.

    Parameters
    ----------
    quantity : Quantity
        What it is a number of; holds its unit.
    system : str
        One of `SYSTEMS`.
    value : float
        The number, in the quantity's unit.
    error : float or None
        Published uncertainty, in the same unit.
    material : str
        E.g. ``ZIF-4``.
    method : str
        How it was obtained.
    source : Source
        The paper.
    where : str
        Table number, figure, or section of the text.
    conditions : mapping
        Temperature and the like, units in the keys.
    note : str
        What else the reader must know.
    compare : bool
        False for a repeat, or a value its authors call wrong: kept, but not put beside ours.
    glasses : int
        Over how many independent glasses value and error are mean and spread; 0 where it is of one body.
    """

    quantity: Quantity
    system: str
    value: float
    source: Source
    where: str
    method: str = ""
    error: float | None = None
    material: str = "ZIF-4"
    conditions: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    note: str = ""
    compare: bool = True
    glasses: int = 0

    @property
    def unit(self) -> str:
        """Unit of value and error; empty for a pure number."""
        return self.quantity.unit

    @property
    def conditions_text(self) -> str:
        """The conditions in words, e.g. ``300 K, volume -4 %``."""
        formats = {"temperature_K": "{:g} K", "volume_change_percent": "volume {:+g} %", "transition": "{}"}
        return ", ".join(
            formats[key].format(value) if key in formats else f"{key.replace('_', ' ')} {value}"
            for key, value in self.conditions.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the value as plain data.

        Returns
        -------
        dict
            JSON-serialisable.
        """
        return {
            "quantity": self.quantity.key,
            "title": self.quantity.title,
            "system": self.system,
            "material": self.material,
            "value": self.value,
            "error": self.error,
            "unit": self.unit,
            "method": self.method,
            "conditions": dict(self.conditions),
            "source": self.source.short,
            "doi": self.source.doi,
            "where": self.where,
            "note": self.note,
            "glasses": self.glasses,
        }


def quantities() -> dict[str, Quantity]:
    """Return every quantity on record.

    Returns
    -------
    dict of str to Quantity
        By key, in the order of the file.
    """
    return dict(_quantities())


def sources() -> dict[str, Source]:
    """Return every paper on record.

    Returns
    -------
    dict of str to Source
        By key.
    """
    return {source.key: source for source, _ in _papers()}


def find(
    quantity: str | None = None,
    *,
    system: str | None = None,
    material: str | None = None,
    source: str | None = None,
) -> tuple[PublishedValue, ...]:
    """Find published numbers.

    Parameters
    ----------
    quantity : str, optional
        Key of a quantity, e.g. ``zn_n_coordination``; all by default.
    system : str, optional
        One of `SYSTEMS`; all by default.
    material : str, optional
        E.g. ``ZIF-4``; all by default.
    source : str, optional
        Key of a paper, e.g. ``castel2024``; all by default.

    Returns
    -------
    tuple of PublishedValue
        In the order of the files; empty where nothing was published.

    Raises
    ------
    InputError
        For a quantity, system or source that is not on record at all.
    """
    _require_known("quantity", quantity, _quantities())
    _require_known("system", system, SYSTEMS)
    _require_known("source", source, [paper.key for paper, _ in _papers()])
    return tuple(
        value
        for paper, values in _papers()
        for value in values
        if quantity in (None, value.quantity.key)
        and system in (None, value.system)
        and material in (None, value.material)
        and source in (None, paper.key)
    )


def _require_known(kind: str, name: str | None, known: Any) -> None:
    if name is not None and name not in known:
        raise InputError(f"there is no {kind} '{name}' on record: choose from {', '.join(known)}")


@lru_cache(maxsize=1)
def _quantities() -> Mapping[str, Quantity]:
    rows = _read(files("mofglass.literature") / "data" / "quantities.yaml")
    return MappingProxyType(
        {
            key: Quantity(key=key, **{**row, "measured": tuple(row.get("measured", ()))})
            for key, row in rows.items()
        }
    )


@lru_cache(maxsize=1)
def _papers() -> tuple[tuple[Source, tuple[PublishedValue, ...]], ...]:
    folder = files("mofglass.literature") / "data"
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".yaml"))
    papers = [read_paper(folder / name) for name in names if name != "quantities.yaml"]
    return tuple(sorted(papers, key=lambda paper: paper[0].key))


def read_paper(path: Traversable) -> tuple[Source, tuple[PublishedValue, ...]]:
    """Read one paper's data file.

    Parameters
    ----------
    path : path
        YAML file with ``source:`` and ``values:``.

    Returns
    -------
    source : Source
        The paper.
    values : tuple of PublishedValue
        Its numbers.

    Raises
    ------
    InputError
        For an unknown quantity, system or field, naming the file and the entry.
    """
    content = _read(path)
    source = Source(**content["source"])
    fields_known = {f.name for f in fields(PublishedValue)} - {"source"}
    values = []
    for number, row in enumerate(content["values"], start=1):
        where = f"{path.name}, value {number}"
        unknown = set(row) - fields_known
        if unknown:
            raise InputError(
                f"{where}: no field '{sorted(unknown)[0]}'; use {', '.join(sorted(fields_known))}"
            )
        if row.get("quantity") not in _quantities():
            raise InputError(
                f"{where}: quantity '{row.get('quantity')}' is not in quantities.yaml: add it there"
            )
        if row.get("system") not in SYSTEMS:
            raise InputError(f"{where}: system '{row.get('system')}' is not one of {', '.join(SYSTEMS)}")
        settings = dict(row)
        settings["quantity"] = _quantities()[row["quantity"]]
        settings["value"] = float(row["value"])
        settings["error"] = None if row.get("error") is None else float(row["error"])
        settings["conditions"] = MappingProxyType(row.get("conditions", {}))
        values.append(PublishedValue(source=source, **settings))
    return source, tuple(values)


def _read(path: Traversable) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise InputError(f"{path.name} must hold 'key: value' lines")
    return content
