"""Cost per atom and call: known waits are measured, sizes that would take too long are left out."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ase.build import bulk
from ase.calculators.calculator import all_changes
from ase.calculators.emt import EMT

from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.training.efficiency import measure_efficiency, time_calls


class Slow(EMT):
    """Takes two milliseconds an atom and counts its calls."""

    calls = 0

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        Slow.calls += 1
        time.sleep(0.002 * len(atoms))
        super().calculate(atoms, properties, system_changes)


def test_a_known_wait_is_measured() -> None:
    Slow.calls = 0
    timing = time_calls(ASEPotential(Slow), bulk("Cu", cubic=True), budget_s=0.0)
    assert timing.n_calls == 3
    assert Slow.calls == 4
    assert timing.n_atoms == 4
    assert timing.microseconds_per_atom >= 2000


def test_cell_and_supercell_are_timed() -> None:
    efficiency = measure_efficiency(ASEPotential(EMT), bulk("Cu", cubic=True), budget_s=0.0)
    assert [timing.n_atoms for timing in efficiency.timings] == [4, 32]
    assert "left out" not in efficiency.note


def test_a_supercell_that_would_take_too_long_is_left_out_and_said_so() -> None:
    efficiency = measure_efficiency(
        ASEPotential(Slow), bulk("Cu", cubic=True), budget_s=0.0, longest_call_s=0.03
    )
    assert [timing.n_atoms for timing in efficiency.timings] == [4]
    assert "32 atoms left out" in efficiency.note
    # It sleeps nearly all the time, as a process does that other work keeps off its core.
    assert "of the time" in efficiency.note


def test_native_styles_are_timed_as_steps() -> None:
    atoms = bulk("Ar", "fcc", a=5.4, cubic=True).repeat(2)
    timing = time_calls("lj", atoms, budget_s=0.1)
    # A call of the calculator, which sets LAMMPS up anew, takes some 30 ms; a step some 30 µs.
    assert 0 < timing.microseconds_per_atom * len(atoms) < 5000
    assert timing.spread >= 0
    with pytest.raises(Exception, match="Cu"):
        time_calls("lj", bulk("Cu"))
