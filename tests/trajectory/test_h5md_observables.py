"""Numbers beside the frames of an H5MD file: written, joined, read, and never half there."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from mofglass.errors import InputError
from mofglass.trajectory import H5MDWriter, merge_h5md
from mofglass.trajectory.h5md import H5MDTrajectory

NUMBERS = np.array([1, 8])
POSITIONS, CELL = np.zeros((2, 3)), np.eye(3) * 5


def write(path, steps, observables=None):
    units = {"spread": "eV Angstrom-1"} if observables is None else observables
    with H5MDWriter(path, NUMBERS, observables=units) as writer:
        for step in steps:
            values = dict.fromkeys(units, 0.1 * step)
            writer.append(step, step * 1e-3, POSITIONS, CELL, observables=values)


def test_parts_are_joined_with_their_observables(tmp_path):
    write(tmp_path / "a.h5", [0, 1, 2])
    write(tmp_path / "b.h5", [3, 4])
    merge_h5md([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "all.h5")
    with H5MDTrajectory(tmp_path / "all.h5") as trajectory:
        assert trajectory[4].step == 4
        read = trajectory.observables()["spread"]
    np.testing.assert_allclose(read.values, 0.1 * np.arange(5))
    assert read.unit == "eV Angstrom-1"
    with h5py.File(tmp_path / "all.h5") as file:
        np.testing.assert_array_equal(file["observables/spread/step"], np.arange(5))
        assert file["observables/spread/time"].attrs["unit"] == "ps"


def test_observables_of_a_run_that_ended_are_those_of_the_frames_it_had(tmp_path):
    parts = [tmp_path / "a.h5", tmp_path / "b.h5"]
    write(parts[0], [0, 1, 2])
    write(parts[1], [3, 4])
    opened = H5MDTrajectory(parts, joined=tmp_path / "all.h5")
    assert len(opened.observables()["spread"].values) == 5
    write(tmp_path / "c.h5", [5])
    merge_h5md([*parts, tmp_path / "c.h5"], tmp_path / "all.h5")
    parts[1].unlink()  # the run is about to delete them all
    np.testing.assert_allclose(opened.observables()["spread"].values, 0.1 * np.arange(5))


def test_what_only_some_parts_hold_is_left_out(tmp_path):
    write(tmp_path / "a.h5", [0, 1])
    write(tmp_path / "b.h5", [2], observables={})
    with H5MDTrajectory([tmp_path / "a.h5", tmp_path / "b.h5"]) as trajectory:
        assert trajectory.observables() == {}


@pytest.mark.parametrize("values", [None, {}, {"other": 1.0}, {"spread": 1.0, "other": 1.0}])
def test_every_frame_brings_the_same(tmp_path, values):
    with H5MDWriter(tmp_path / "a.h5", NUMBERS, observables={"spread": "eV"}) as writer:
        with pytest.raises(InputError, match="observables"):
            writer.append(0, 0.0, POSITIONS, CELL, observables=values)
        assert len(writer) == 0
