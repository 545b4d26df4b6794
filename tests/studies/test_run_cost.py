"""What planned runs cost, against runs that were made."""

from __future__ import annotations

import pytest
from ase.build import bulk

from mofglass.simulate import RunSettings
from mofglass.structures import load
from mofglass.studies import run_cost
from mofglass.studies.melt_quench import execute_plan, plan
from mofglass.studies.recipes import get_recipe
from mofglass.studies.run_cost import disk_bytes, seconds_per_step

BRIEF = get_recipe("castel2024").override(
    prepare_ps=0.05,
    rate_K_per_ps=12000.0,
    plateau_ps=0.1,
    equilibrate_ps=0.1,
    plateau_step_ps=0.05,
)


def test_estimates_are_measured(tmp_path):
    (item,) = plan(load("ZIF-4"), BRIEF, tmp_path / "run", settings=RunSettings(frame_interval_ps=0.01))
    (run,) = execute_plan([item], "nb-zif-ff", recipe=BRIEF, progress=False)
    actual = (run.path / "trajectory.h5").stat().st_size
    assert 0.4 < disk_bytes(item) / actual < 2.5
    assert 1e-4 < seconds_per_step(item, "nb-zif-ff", target_s=0.5) < 0.2


def test_a_large_supercell_is_timed_on_fewer_repeats(tmp_path, monkeypatch):
    monkeypatch.setattr(run_cost, "MAX_TIMED_ATOMS", 100)
    argon = bulk("Ar", cubic=True, a=5.3)
    argon.set_cell(argon.cell.array * [1.0, 1.5, 2.0], scale_atoms=True)
    (item,) = plan(argon.repeat((6, 5, 4)), BRIEF.override(minimise=False), tmp_path / "run")
    piece = run_cost._fewer_repeats(item.atoms, (6, 5, 4))
    expected = argon.repeat((4, 3, 2))
    assert len(piece) == len(expected) <= 100
    assert piece.cell.array == pytest.approx(expected.cell.array)
    assert piece.positions == pytest.approx(expected.positions)
    monkeypatch.setattr(run_cost, "seconds_per_step", lambda timed, *_, **__: len(timed.atoms) * 1e-5)
    measured = run_cost.step_time(item, "lj", supercell=(6, 5, 4))
    assert measured.seconds == pytest.approx(480e-5)
    assert measured.words == "4.80 ms a step (timed on 96 atoms, times 5)"
    assert run_cost.step_time(item, "lj").words == "4.80 ms a step"


def test_sizes_are_read_in_gigabytes_from_a_thousand_megabytes_on():
    assert [run_cost.size_words(size) for size in (9.06e6, 999e6, 1e9, 15.66e9)] == [
        "9.06 MB",
        "999 MB",
        "1 GB",
        "15.7 GB",
    ]
