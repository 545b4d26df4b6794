"""The compiled parser of columns gives the numbers Python gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory.columns import LABEL, NUMBER, SKIP, numbers_of_labels, read_columns

HERE = Path("file")


@pytest.mark.parametrize("style", ["%.8f", "%.3e", "%.17g", "%.15E", "%g"])
def test_numbers_are_those_of_python(style: str) -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(size=(500, 3)) * 10.0 ** generator.integers(-12, 12, (500, 1))
    words = [[style % value for value in row] for row in values]
    text = "".join(" ".join(row) + "\n" for row in words).encode()
    found, _ = read_columns(text, 0, 500, (NUMBER,) * 3, HERE, 0)
    np.testing.assert_allclose(found, np.array(words, dtype=float), rtol=1e-15, atol=0)


def test_what_programs_print_of_positions_is_exact() -> None:
    words = [f"{value:.8f}" for value in np.random.default_rng(4).normal(0, 40, 900)]
    found, _ = read_columns("\n".join(words).encode(), 0, 900, (NUMBER,), HERE, 0)
    np.testing.assert_array_equal(found[:, 0], np.array(words, dtype=float))


def test_what_programs_write() -> None:
    text = b"  Zn1\t1 -.5 1.D-2 T\r\n N 2 +3. 4d1 F\nC 3 007 -0\n"
    numbers, labels = read_columns(text, 0, 3, (LABEL, SKIP, NUMBER, NUMBER), HERE, 0)
    np.testing.assert_array_equal(numbers, [[-0.5, 0.01], [3, 40], [7, 0]])
    np.testing.assert_array_equal(numbers_of_labels(labels[:, 0], HERE, 0), [30, 7, 6])


def test_nan_is_read_as_nan() -> None:
    numbers, _ = read_columns(b"nan -inf\n1 NaN\n", 0, 2, (NUMBER, NUMBER), HERE, 0)
    np.testing.assert_array_equal(np.isnan(numbers), [[True, True], [False, True]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"1 2\n3\n", "line of atom 1, counted from 0, has fewer than 2 columns"),
        (b"1 2\n3 ****\n", "line of atom 1, counted from 0, holds no number in column 2"),
        (b"1 2\n3 1.2.3\n", "no number in column 2"),
        (b"1 2\n3 1e\n", "no number in column 2"),
        (b"1 2\n3 -\n", "no number in column 2"),
        (b"1 2\n", "line of atom 1, counted from 0, is missing"),
    ],
)
def test_bad_lines_are_named(text: bytes, message: str) -> None:
    with pytest.raises(InputError, match=f"file, frame 7: the .*{message}"):
        read_columns(text, 0, 2, (NUMBER, NUMBER), HERE, 7)


def test_an_unknown_element_is_named() -> None:
    _, labels = read_columns(b"C\nQq7\n", 0, 2, (LABEL,), HERE, 0)
    with pytest.raises(InputError, match="frame 4: atom 1, counted from 0, is called 'Qq7'"):
        numbers_of_labels(labels[:, 0], HERE, 4)
