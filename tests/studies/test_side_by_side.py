"""Several runs: one that fails keeps none of the others from its end."""

from __future__ import annotations

import pytest
from ase.build import bulk

from mofglass.errors import SimulationError
from mofglass.simulate import Guards, RunSettings, create_run, hold
from mofglass.studies.side_by_side import execute_side_by_side


@pytest.mark.parametrize("at_once", [1, 2])
def test_others_are_taken_to_their_ends(tmp_path, at_once):
    argon = bulk("Ar", "fcc", a=5.3, cubic=True).repeat(4)
    stage = hold("hold", duration_ps=0.05, temperature_K=30)
    guards = {"bad": Guards(max_force_eV_per_A=1e-6), "good": Guards()}
    runs = [
        create_run(tmp_path / name, argon, "lj", (stage,), settings=RunSettings(guards=guards[name]))
        for name in guards
    ]
    with pytest.raises(SimulationError, match=r"bad failed: .*a force of"):
        execute_side_by_side(runs, "lj", at_once=at_once, threads=1, progress=False)
    assert runs[1].state == "done"
