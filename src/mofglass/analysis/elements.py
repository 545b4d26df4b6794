"""Elements and pairs of elements by their symbols."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from mofglass.errors import InputError

Pair = tuple[str, str]


def checked_symbol(symbol: str) -> str:
    """Return an element's symbol, refusing what is none.

    Parameters
    ----------
    symbol : str
        E.g. ``Zn``.

    Returns
    -------
    str
        The same.

    Raises
    ------
    InputError
        When no element has that symbol.
    """
    if symbol not in atomic_numbers or symbol == "X":
        raise InputError(
            f"'{symbol}' is not an element's symbol: write it as in the periodic table, e.g. Zn."
        )
    return symbol


def symbols_present(numbers: np.ndarray) -> list[str]:
    """Return the symbols of the elements present.

    Parameters
    ----------
    numbers : ndarray of int
        Atomic numbers.

    Returns
    -------
    list of str
        By rising atomic number.
    """
    return [chemical_symbols[number] for number in np.unique(numbers)]


def require_present(symbols: Iterable[str], numbers: np.ndarray, where: str) -> None:
    """Make sure that a frame holds the elements an analysis is about.

    Parameters
    ----------
    symbols : iterable of str
        The elements.
    numbers : ndarray of int
        Atomic numbers of the frame.
    where : str
        What the error calls the frame.

    Raises
    ------
    InputError
        Naming the missing element and those present.
    """
    present = symbols_present(numbers)
    for symbol in symbols:
        if checked_symbol(symbol) not in present:
            raise InputError(
                f"{where} holds no {symbol}, only {', '.join(present)}: name elements among these (--pair, "
                "--triple, --metal, --element), or those of its atom types (--elements)."
            )
