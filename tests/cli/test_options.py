"""Options that commands share."""

from __future__ import annotations

import click
import pytest

from mofglass.cli.options import DURATION


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
        (45, 45),
    ],
)
def test_wall_times(text, seconds):
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["soon", "", "3x", "1:b"])
def test_wrong_wall_times(text):
    with pytest.raises(click.BadParameter, match="is not a time"):
        DURATION.convert(text, None, None)
