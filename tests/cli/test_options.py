"""Options that commands share."""

from __future__ import annotations

import click
import pytest

from mofglass.cli.options import DURATION, POSITIVE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("00:10:00", 600),
        ("1-12:00:00", 129600),
        ("10:00", 600),
        ("1-12", 129600),
        ("1-12:00", 129600),
        ("0-00:30", 1800),
        (45, 45),
    ],
)
def test_wall_times(text, seconds):
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["soon", "", "3x", "1:b", "nan", "inf", "-5", "-1-2", "1-2:3:4:5", -5])
def test_wrong_wall_times(text):
    with pytest.raises(click.BadParameter, match="is not a time"):
        DURATION.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "0", "-1", "1e999"])
def test_positive_numbers_are_finite(text):
    assert POSITIVE.convert("0.5", None, None) == 0.5
    with pytest.raises(click.BadParameter):
        POSITIVE.convert(text, None, None)
