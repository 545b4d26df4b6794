"""Runs in turn: one that fails keeps none of the others from its end, and none is made before its turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ase.build import bulk

from mofglass.errors import InputError, SimulationError
from mofglass.simulate import Guards, Run, RunSettings, create_run, execute_in_turn, hold

ARGON = bulk("Ar", "fcc", a=5.3, cubic=True).repeat(2)
TIGHT = Guards(max_force_eV_per_A=1e-6)


@pytest.fixture
def made(tmp_path):
    def make(name: str, guards: Guards | None = None) -> Run:
        stage = hold("hold", duration_ps=0.02, temperature_K=30)
        return create_run(
            tmp_path / name, ARGON, "lj", (stage,), settings=RunSettings(guards=guards or Guards())
        )

    return make


def test_others_have_their_turn_and_the_one_failure_is_told(made):
    seen = []
    with pytest.raises(SimulationError, match=r"bad stopped: .*a force of"):
        execute_in_turn([made("bad", TIGHT), made("good")], progress=False, after=seen.append)
    assert [run.state.partition(":")[0] for run in seen] == ["failed", "done"]


def test_several_failures_are_told_together(made):
    with pytest.raises(SimulationError, match=r"(?s)one stopped: .*two stopped: "):
        execute_in_turn([made("one", TIGHT), made("two", TIGHT)], progress=False)


def test_a_run_that_another_process_holds_is_passed_over(made):
    held, free = made("held"), made("free")
    with held.lock(), pytest.raises(InputError, match="held"):
        execute_in_turn([held, free], progress=False)
    assert free.state == "done"


def test_no_run_is_made_before_its_turn(made, tmp_path):
    def making() -> Iterator[Run]:
        for name in ("first", "second"):
            yield made(name)

    assert execute_in_turn(making(), walltime_s=0.0, progress=False) == []
    assert not (tmp_path / "first").exists()
    assert [run.state for run in execute_in_turn(making(), progress=False)] == ["done", "done"]
