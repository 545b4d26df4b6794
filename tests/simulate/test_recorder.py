"""What is committed, what is dropped, and that a cut restart file is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mofglass.errors import SimulationError
from mofglass.frame import Frame
from mofglass.simulate import create_run, hold
from mofglass.simulate.recorder import RESTART_MAGIC, Recorder
from mofglass.simulate.run import SPREAD_COLUMNS, THERMO_COLUMNS


@pytest.fixture
def run(tmp_path, argon):
    return create_run(tmp_path / "run", argon, "lj", (hold("a", duration_ps=1, temperature_K=40),))


def frame(argon, step: int) -> Frame:
    return Frame(argon.numbers, argon.positions, np.asarray(argon.cell), step=step, time_ps=step * 5e-4)


def row(step: int) -> dict[str, object]:
    return dict.fromkeys(THERMO_COLUMNS, 1.0) | {"step": step, "stage": "a"}


def restart(run, content: bytes = b"..." + RESTART_MAGIC):
    path = run.path / ".restart.tmp"
    path.write_bytes(content)
    return path


def test_only_what_is_committed_counts(run, argon):
    recorder = Recorder(run, argon.numbers)
    recorder.drop_uncommitted()
    for step in (0, 100):
        recorder.add_frame(frame(argon, step))
        recorder.add_row(row(step))
    committed = recorder.commit(replace(recorder.checkpoint, step=100), restart(run))
    assert (committed.n_parts, committed.n_frames) == (1, 2)
    recorder.add_frame(frame(argon, 200))
    recorder.add_row(row(200))
    recorder.keep_uncommitted()
    assert list(run.trajectory().steps) == [0, 100, 200]
    assert list(run.thermo()["step"]) == [0, 100, 200]

    later = Recorder(run, argon.numbers)
    later.drop_uncommitted()
    assert list(run.trajectory().steps) == [0, 100]
    assert list(run.thermo()["step"]) == [0, 100]
    assert later.n_frames == 2


def test_a_cut_restart_file_is_not_committed(run, argon):
    recorder = Recorder(run, argon.numbers)
    recorder.drop_uncommitted()
    recorder.add_frame(frame(argon, 0))
    with pytest.raises(SimulationError, match="is the disk full"):
        recorder.commit(replace(recorder.checkpoint, step=1), restart(run, b"half a file"))
    assert run.checkpoint().restart == ""


def test_the_first_rows_say_the_columns(run, argon):
    """A minimisation commits no rows; a committee's rows after it have columns of their own."""
    recorder = Recorder(run, argon.numbers)
    recorder.commit(replace(recorder.checkpoint, stage=1), restart(run))
    assert run.thermo().empty
    recorder.add_row(row(100) | dict.fromkeys(SPREAD_COLUMNS, 0.5))
    recorder.commit(replace(recorder.checkpoint, step=100), restart(run))
    assert tuple(run.thermo().columns) == (*THERMO_COLUMNS, *SPREAD_COLUMNS)


def test_the_end_joins_the_parts(run, argon):
    recorder = Recorder(run, argon.numbers)
    recorder.drop_uncommitted()
    for step in (0, 100):
        recorder.add_frame(frame(argon, step))
        recorder.commit(replace(recorder.checkpoint, step=step), restart(run))
    assert len(list(run.path.glob("restart-*"))) == 1
    recorder.finish()
    assert run.checkpoint().merged
    assert not (run.path / "parts").exists()
    assert list(run.trajectory().steps) == [0, 100]
