"""The learning curve on disk."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mofglass.training.learning_curve import (
    COLUMNS,
    FILE_NAME,
    CurvePoint,
    LearningCurve,
    read_learning_curve,
)


def point(epoch: int) -> CurvePoint:
    return CurvePoint(epoch=epoch, wall_s=10.0 * epoch, validation_force_mae_meV_per_A=100.0 / epoch)


def test_rows_come_back(tmp_path: Path) -> None:
    curve = LearningCurve(tmp_path)
    for epoch in (1, 2):
        curve.append(point(epoch))
    first, second = read_learning_curve(tmp_path)
    assert first.epoch == 1
    assert second.validation_force_mae_meV_per_A == 50.0
    assert math.isnan(second.train_loss)
    assert (tmp_path / FILE_NAME).read_text().splitlines()[0] == ",".join(COLUMNS)


def test_rows_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    curve = LearningCurve(tmp_path)
    for epoch in (1, 2, 3):
        curve.append(point(epoch))
    resumed = LearningCurve(tmp_path, through_epoch=2)
    assert resumed.wall_s == 20.0
    resumed.append(point(3))
    assert [row.epoch for row in read_learning_curve(tmp_path)] == [1, 2, 3]


def test_a_row_cut_short_by_a_kill_is_dropped(tmp_path: Path) -> None:
    curve = LearningCurve(tmp_path)
    curve.append(point(1))
    with curve.path.open("a") as file:
        file.write("2,20.0,0.1")
    assert [row.epoch for row in read_learning_curve(tmp_path)] == [1]
    LearningCurve(tmp_path).append(point(2))
    assert [row.wall_s for row in read_learning_curve(tmp_path)] == [10.0, 20.0]


def test_epochs_only_grow(tmp_path: Path) -> None:
    curve = LearningCurve(tmp_path)
    curve.append(point(2))
    with pytest.raises(ValueError, match="epoch 2 comes after epoch 2"):
        curve.append(point(2))


def test_no_file_is_an_empty_curve(tmp_path: Path) -> None:
    assert read_learning_curve(tmp_path) == []
