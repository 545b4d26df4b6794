"""Small labelled frames of potentials that cost nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.lennard_jones import argon_calculator
from mofglass.training.base import Fit, Silent
from mofglass.training.config import TrainingConfig
from mofglass.training.data import TrainingData


def copper_gold(number: int) -> LabelledFrame:
    """Rattled copper with some gold, labelled by EMT; sources and temperatures alternate."""
    atoms = bulk("Cu", cubic=True).repeat((2, 1, 1))
    atoms.rattle(0.05 + 0.02 * number, seed=number)
    atoms.numbers[: 1 + number % 3] = 79
    atoms.calc = EMT()
    return LabelledFrame.from_atoms(
        atoms, source=("cold", "hot")[number % 2], temperature_K=(300.0, 1480.0)[number % 2]
    )


def argon(number: int) -> LabelledFrame:
    """Rattled argon, labelled by ASE's Lennard-Jones."""
    atoms = bulk("Ar", "fcc", a=5.4, cubic=True).repeat(2)
    atoms.rattle(0.1 + 0.05 * number, seed=number)
    atoms.calc = argon_calculator()
    return LabelledFrame.from_atoms(atoms, source="argon", temperature_K=80.0)


@pytest.fixture(scope="session")
def metal_frames() -> list[LabelledFrame]:
    """Eight frames of copper and gold."""
    return [copper_gold(number) for number in range(8)]


@pytest.fixture(scope="session")
def argon_frames() -> list[LabelledFrame]:
    """Four frames of argon."""
    return [argon(number) for number in range(4)]


@pytest.fixture(scope="session")
def emt() -> ASEPotential:
    """EMT as a potential."""
    return ASEPotential(EMT, name="emt")


class Altered(Calculator):
    """EMT whose answers are changed by a function."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, change: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._emt = EMT()
        self._change = change

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self._emt.calculate(self.atoms, ["energy", "forces", "stress"], all_changes)
        self.results = {key: np.copy(value) for key, value in self._emt.results.items()}
        self._change(self.results)


@pytest.fixture(scope="session")
def altered() -> Callable[[Callable[[dict[str, Any]], None]], ASEPotential]:
    """Make a potential of EMT with changed answers."""
    return lambda change: ASEPotential(lambda: Altered(change), name="altered")


@pytest.fixture
def unlabelled(metal_frames: list[LabelledFrame]) -> LabelledFrame:
    """A frame whose forces are unknown."""
    frame = metal_frames[3]
    return replace(frame, forces_eV_per_A=np.full_like(frame.forces_eV_per_A, np.nan))


def labelled_alloy(seed: int, *, gold: int) -> LabelledFrame:
    """A rattled, sheared cell of 32 atoms of copper and gold, labelled by EMT."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", "fcc", a=3.85, cubic=True).repeat(2)
    atoms.symbols[rng.permutation(len(atoms))[:gold]] = "Au"
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(scale=0.02, size=(3, 3))), scale_atoms=True)
    atoms.positions += rng.normal(scale=0.08, size=atoms.positions.shape)
    atoms.calc = EMT()
    return LabelledFrame.from_atoms(atoms, source="alloy", temperature_K=300.0)


@pytest.fixture(scope="session")
def alloy() -> list[LabelledFrame]:
    """Twelve frames of several compositions, in triclinic cells wider than twice 3.6 Å."""
    return [labelled_alloy(seed, gold=4 + 2 * (seed % 4)) for seed in range(12)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock by which another program runs out of time; `ahead_s` is added to the real one."""
    made = SimpleNamespace(ahead_s=0.0, sleep=time.sleep)
    made.monotonic = lambda: time.monotonic() + made.ahead_s
    monkeypatch.setattr("mofglass.training.child_process.time", made)
    return made


class OutOfTime(Silent):
    """Puts the clock forward by an hour at the second point of a learning curve."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self._clock = clock
        self._points = 0

    def point(self, point: Any) -> None:
        self._points += 1
        if self._points == 2:
            self._clock.ahead_s = 3600.0


@pytest.fixture
def in_two_sessions(clock: SimpleNamespace) -> Callable[..., tuple[Fit, Fit]]:
    """Train until the time is over, and then without a limit; return what each left."""

    def fit(trainer: Any, config: TrainingConfig, data: TrainingData, directory: Path) -> tuple[Fit, Fit]:
        short = trainer.fit(replace(config, time_limit_s=3600.0), data, directory, OutOfTime(clock))
        kept = short.model.with_name("before" + short.model.suffix)
        kept.write_bytes(short.model.read_bytes())
        return replace(short, model=kept), trainer.fit(config, data, directory, Silent())

    return fit
