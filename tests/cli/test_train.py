"""`mofglass train`."""

from __future__ import annotations

import pytest

from mofglass.cli.train import TerminalProgress
from mofglass.training.learning_curve import CurvePoint


@pytest.mark.parametrize(("trainer", "counted"), [("pod", "frames"), ("deepmd", "step"), ("nequip", "epoch")])
def test_the_learning_curve_says_what_it_counts(
    trainer: str, counted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with TerminalProgress(False, trainer) as progress:
        progress.point(CurvePoint(epoch=24, wall_s=1.0))
    _, titles, numbers = capsys.readouterr().err.splitlines()[:3]
    assert titles.split()[0] == counted
    assert numbers.split() == ["24", "1"]
