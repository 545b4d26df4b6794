"""The comment line of extended XYZ: the cell, and which column of the atoms' lines is what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mofglass.trajectory.columns import LABEL, NUMBER, SKIP

_LATTICE = re.compile(r'(?:^|\s)[Ll]attice\s*=\s*(?:"([^"]*)"|\{([^}]*)\})')
_PROPERTIES = re.compile(r"(?:^|\s)[Pp]roperties\s*=\s*\"?([^\s\"]+)\"?")
_PLAIN = "species:S:1:pos:R:3"
SPECIES = ("species", "Z")


@dataclass(frozen=True)
class Columns:
    """How to read the lines of the atoms.

    Parameters
    ----------
    kinds : tuple of int
        For `mofglass.trajectory.columns.read_columns`, up to the last column needed.
    places : dict of str to slice
        Where each wanted property lies among the numbers read.
    """

    kinds: tuple[int, ...]
    places: dict[str, slice]


def lattice_of(comment: str) -> np.ndarray | None:
    """Read the cell from a comment line.

    Parameters
    ----------
    comment : str
        The line.

    Returns
    -------
    ndarray of shape (3, 3) or None
        Cell vectors as rows, Å; None where there is no Lattice of nine numbers.
    """
    lattice = _LATTICE.search(comment)
    if lattice:
        words = (lattice.group(1) or lattice.group(2)).split()
        with suppress(ValueError):
            return np.array(words, dtype=float).reshape(3, 3)
    return None


def without_layout(comment: str) -> str:
    """Take the cell and the description of the columns off a comment line.

    Parameters
    ----------
    comment : str
        The line.

    Returns
    -------
    str
        The other keys.
    """
    return _PROPERTIES.sub("", _LATTICE.sub("", comment, count=1), count=1)


def property_names(comment: str) -> tuple[str, ...]:
    """Name the properties of the atoms' lines, in their order.

    Parameters
    ----------
    comment : str
        The line; without Properties, a plain XYZ file is meant.

    Returns
    -------
    tuple of str
        E.g. ``("species", "pos", "forces")``.
    """
    return tuple(_stated(comment)[::3])


def columns_of(comment: str, wanted: Mapping[str, int]) -> Columns | None:
    """Tell what each column of the atoms' lines is.

    Parameters
    ----------
    comment : str
        The comment line.
    wanted : mapping of str to int
        Properties to read besides the species, and how many columns each must have.

    Returns
    -------
    Columns or None
        None when there is no column of species, or a wanted one is missing or of another width.
    """
    fields = _stated(comment)
    if len(fields) % 3 or not all(count.isdigit() for count in fields[2::3]):
        return None
    names = fields[::3]
    species = next((name for name in SPECIES if name in names), None)
    needed = dict(wanted) | ({} if species is None else {species: 1})
    kinds: list[int] = []
    places: dict[str, slice] = {}
    n_numbers = 0
    for name, count in zip(names, map(int, fields[2::3]), strict=True):
        width = needed.pop(name, None)
        if width is not None and width != count:
            return None
        if width is None:
            kinds += [SKIP] * count
        elif name == species:
            kinds.append(LABEL)
        else:
            kinds += [NUMBER] * count
            places[name] = slice(n_numbers, n_numbers + count)
            n_numbers += count
        if not needed and species is not None:
            return Columns(tuple(kinds), places)
    return None


def _stated(comment: str) -> list[str]:
    stated = _PROPERTIES.search(comment)
    return (stated.group(1) if stated else _PLAIN).split(":")
