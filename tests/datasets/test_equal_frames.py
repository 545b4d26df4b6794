"""Frames given twice are found by the table alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.equal_frames import equal_frames, warn_of_fitted_frames


def test_equal_in_all_columns_and_in_no_fewer() -> None:
    one = LabelledFrame(np.array([6, 1]), np.eye(2, 3), np.eye(3) * 4, -5.0, np.eye(2, 3))
    frames = [
        one,
        replace(one, energy_eV=-5.0 + 1e-14),
        replace(one, numbers=np.array([6, 6])),
        one,
        replace(one, cell=np.eye(3) * 5),
        replace(one, forces_eV_per_A=np.eye(2, 3) * 1.001),
        replace(one, numbers=np.array([6, 6])),
        one,
    ]
    rows, firsts = equal_frames(Dataset.from_frames(frames))
    assert rows.tolist() == [3, 6, 7]
    assert firsts.tolist() == [0, 2, 0]
    assert len(equal_frames(Dataset.from_frames(frames[:3]))[0]) == 0


def test_frames_that_judge_what_they_were_fitted_with() -> None:
    one = LabelledFrame(np.array([6, 1]), np.eye(2, 3), np.eye(3) * 4, -5.0, np.eye(2, 3))
    fitted = Dataset.from_frames([one, replace(one, energy_eV=-4.0)])
    judging = Dataset.from_frames([replace(one, energy_eV=-3.0), one])
    with pytest.warns(
        UserWarning, match="^1 of 2 test frames are frames of the training too, the first frame 1"
    ):
        warn_of_fitted_frames(judging, fitted, "test")
    warn_of_fitted_frames(judging[:1], fitted, "test")
