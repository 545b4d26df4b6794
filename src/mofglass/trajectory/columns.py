"""Columns of text to arrays, compiled: what makes reading text trajectories fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numba import njit

from mofglass.errors import InputError
from mofglass.trajectory.elements import number_of_symbol

SKIP, NUMBER, LABEL = 0, 1, 2
"""What to do with a column: pass over it, read a number, or keep its text (up to 7 letters)."""

_WHOLE, _FEW_COLUMNS, _NOT_A_NUMBER, _FEW_ROWS = 0, 1, 2, 3
_POWERS = 10.0 ** np.arange(23)


def read_columns(
    text: bytes, start: int, n_rows: int, kinds: Sequence[int], path: Path, frame: int
) -> tuple[np.ndarray, np.ndarray]:
    """Read rows of white-space separated columns; more columns than `kinds` are passed over.

    Numbers are right to one part in 1e15; Fortran's ``D`` exponent is understood, ``nan`` and ``inf``
    become NaN.

    Parameters
    ----------
    text : bytes
        Text that holds the rows, one a line.
    start : int
        Where the first row begins.
    n_rows : int
        Number of rows.
    kinds : sequence of int
        `SKIP`, `NUMBER` or `LABEL` for every column.
    path : Path
        The file, for errors.
    frame : int
        The frame, for errors.

    Returns
    -------
    numbers : ndarray, shape (n_rows, number of `NUMBER` columns)
        The numbers.
    labels : ndarray of int, shape (n_rows, number of `LABEL` columns)
        The texts, packed; `numbers_of_labels` turns element symbols to atomic numbers.

    Raises
    ------
    InputError
        When a row is missing, has too few columns, or holds text where a number belongs.
    """
    columns = np.asarray(kinds, dtype=np.int64)
    numbers = np.empty((n_rows, int((columns == NUMBER).sum())))
    labels = np.zeros((n_rows, int((columns == LABEL).sum())), dtype=np.int64)
    status, row, column = _parse(np.frombuffer(text, np.uint8), start, columns, numbers, labels)
    if status == _WHOLE:
        return numbers, labels
    problem = {
        _FEW_COLUMNS: f"has fewer than {len(columns)} columns",
        _NOT_A_NUMBER: f"holds no number in column {column + 1}",
        _FEW_ROWS: f"is missing, {n_rows} are expected",
    }[status]
    raise InputError(
        f"{path}, frame {frame}: the line of atom {row}, counted from 0, {problem}: mend or remove the frame"
    )


def numbers_of_labels(labels: np.ndarray, path: Path, frame: int) -> np.ndarray:
    """Turn packed element symbols to atomic numbers.

    Parameters
    ----------
    labels : ndarray of int, shape (n_atoms,)
        One column from `read_columns`.
    path : Path
        The file, for errors.
    frame : int
        The frame, for errors.

    Returns
    -------
    ndarray of int, shape (n_atoms,)
        Atomic numbers.

    Raises
    ------
    InputError
        When a label is no element.
    """
    different, inverse = np.unique(labels, return_inverse=True)
    numbers = np.empty(len(different), dtype=np.int64)
    for index, label in enumerate(different):
        symbol = int(label).to_bytes(8, "little").rstrip(b"\0").decode("latin-1")
        number = number_of_symbol(symbol)
        if number is None:
            atom = int(np.flatnonzero(labels == label)[0])
            raise InputError(
                f"{path}, frame {frame}: atom {atom}, counted from 0, is called '{symbol}', which is no "
                "chemical element"
            )
        numbers[index] = number
    return numbers[inverse]


@njit(cache=True, nogil=True)
def _parse(
    text: np.ndarray, start: int, kinds: np.ndarray, numbers: np.ndarray, labels: np.ndarray
) -> tuple[int, int, int]:  # pragma: no cover - compiled
    at, size = start, len(text)
    for row in range(len(numbers)):
        number_column = label_column = 0
        if at >= size:
            return _FEW_ROWS, row, 0
        for column in range(len(kinds)):
            while at < size and (text[at] == 32 or text[at] == 9):
                at += 1
            if at >= size or text[at] == 10 or text[at] == 13:
                return _FEW_COLUMNS, row, column
            begin = at
            while at < size and text[at] > 32:
                at += 1
            if kinds[column] == NUMBER:
                whole, value = _number(text, begin, at)
                if not whole:
                    return _NOT_A_NUMBER, row, column
                numbers[row, number_column] = value
                number_column += 1
            elif kinds[column] == LABEL:
                packed = np.int64(0)
                for letter in range(min(at - begin, 7)):
                    packed |= np.int64(text[begin + letter]) << np.int64(8 * letter)
                labels[row, label_column] = packed
                label_column += 1
        while at < size and text[at] != 10:
            at += 1
        at += 1
    return _WHOLE, 0, 0


@njit(cache=True, nogil=True)
def _number(text: np.ndarray, at: int, end: int) -> tuple[bool, float]:  # pragma: no cover - compiled
    sign = 1.0
    if text[at] == 45 or text[at] == 43:
        sign = -1.0 if text[at] == 45 else 1.0
        at += 1
    if at < end and (text[at] | 32) in (110, 105):  # nan, inf
        return True, np.nan
    mantissa, digits, exponent, point = np.uint64(0), 0, 0, False
    seen = False
    while at < end:
        letter = text[at]
        if 48 <= letter <= 57:
            seen = True
            if digits < 18:
                mantissa = mantissa * np.uint64(10) + np.uint64(letter - 48)
                if mantissa > np.uint64(0):
                    digits += 1
                exponent -= point
            else:
                exponent += not point
        elif letter == 46 and not point:
            point = True
        else:
            break
        at += 1
    if not seen:
        return False, 0.0
    if at < end:
        if (text[at] | 32) not in (101, 100):  # e, d
            return False, 0.0
        at += 1
        down = at < end and text[at] == 45
        if at < end and (text[at] == 45 or text[at] == 43):
            at += 1
        if at >= end:
            return False, 0.0
        power = 0
        while at < end:
            if not 48 <= text[at] <= 57:
                return False, 0.0
            power = min(power * 10 + (text[at] - 48), 9999)
            at += 1
        exponent += -power if down else power
    value = float(mantissa)
    if exponent < 0:
        value = value / _POWERS[-exponent] if exponent >= -22 else value * 10.0**exponent
    elif exponent > 0:
        value = value * _POWERS[exponent] if exponent <= 22 else value * 10.0**exponent
    return True, sign * value
