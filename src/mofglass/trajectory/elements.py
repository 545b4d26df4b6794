"""Element symbols as files write them, to atomic numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from mofglass.errors import InputError


def number_of_symbol(symbol: str) -> int | None:
    """Return the atomic number of a symbol or of an atom label such as ``Zn1`` or ``N_a``.

    Parameters
    ----------
    symbol : str
        Chemical symbol, in any case (``ZN``), with or without a label behind it, or an atomic number.

    Returns
    -------
    int or None
        Atomic number from 1; None when it is no element. ``D`` is hydrogen.
    """
    text = symbol.strip()
    if text.isdigit():
        return int(text) if 0 < int(text) < 119 else None
    letters = re.match(r"[A-Za-z]*", text)
    name = letters.group() if letters else ""
    for candidate in (name.capitalize(), "H" if name == "D" else ""):
        if candidate and atomic_numbers.get(candidate, 0) > 0:
            return atomic_numbers[candidate]
    return None


def numbers_of_symbols(symbols: Sequence[str], path: Path | str) -> np.ndarray:
    """Return the atomic numbers of several symbols.

    Parameters
    ----------
    symbols : sequence of str
        Chemical symbols.
    path : Path or str
        The file they belong to, for the error.

    Returns
    -------
    ndarray of int, shape (n,)
        Atomic numbers.

    Raises
    ------
    InputError
        When one is no element.
    """
    known = {symbol: number_of_symbol(symbol) for symbol in dict.fromkeys(symbols)}
    for symbol, number in known.items():
        if number is None:
            raise InputError(f"{path}: '{symbol}' is no chemical element: write its symbol, e.g. Zn")
    return np.array([known[symbol] for symbol in symbols], dtype=np.int64)
