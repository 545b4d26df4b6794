"""Frames in other units, or exploded, are told of."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from ase.units import Hartree

from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.outliers import warn_of_outliers

ONE = LabelledFrame(np.array([6, 1]), np.eye(2, 3), np.eye(3) * 4, -15.0, np.eye(2, 3))
MELTED = replace(ONE, energy_eV=-14.0)
OTHER = replace(ONE, numbers=np.array([6, 6]), energy_eV=-300.0)


def test_hot_frames_and_other_formulas_are_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_outliers(Dataset.from_frames([ONE, MELTED, OTHER, ONE]))


def test_hartree_and_explosions_are_told_of() -> None:
    frames = [ONE, MELTED, replace(ONE, energy_eV=-15.0 / Hartree), OTHER]
    with pytest.warns(UserWarning, match=r"1 of 4 frames have an energy .* frame 2 of .* -0.2756 eV/atom"):
        warn_of_outliers(Dataset.from_frames(frames))
    frames = [ONE, replace(ONE, forces_eV_per_A=np.array([[0, 0, 1e5], [0, 0, -1e5]]))]
    with pytest.warns(
        UserWarning, match=r"1 of 2 frames have a force above 100 eV/Å; .* frame 1 .* 1e\+05 eV/Å"
    ):
        warn_of_outliers(Dataset.from_frames(frames))
