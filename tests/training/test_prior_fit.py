"""Linker terms fitted to forces: known ones are found again, and taken off the labels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from ase import Atoms

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.linker_terms import LinkerTerms, bonds_that_hold
from mofglass.potentials.pod import read_model
from mofglass.potentials.prior import Prior, PriorAlone
from mofglass.potentials.repulsion import Repulsion
from mofglass.potentials.shipped import MODELS
from mofglass.structures import load
from mofglass.training.base import Silent
from mofglass.training.prior_fit import fit_linker_terms
from mofglass.training.taken_off import TakenOff

SPECIES = ("H", "C", "N", "Zn")
REPULSION = Repulsion(inner_A=0.9, outer_A=1.3)


@pytest.fixture(scope="module")
def terms() -> LinkerTerms:
    terms = read_model(MODELS / "zif4").linker_terms
    assert terms is not None
    return terms


@pytest.fixture(scope="module")
def frames(terms: LinkerTerms) -> list[LabelledFrame]:
    """Frames whose forces are those of the terms and a repulsion that C-H bonds feel, and nothing else."""
    return list(labelled(Prior(linker_terms=terms, repulsion=REPULSION), 12))


def labelled(prior: Prior, n: int) -> Iterator[LabelledFrame]:
    calculator = LammpsCalculator(PriorAlone(prior, SPECIES))
    for seed in range(n):
        atoms: Atoms = load("SALEM-2")
        atoms.rattle(0.08, seed=seed)
        atoms.calc = calculator
        atoms.get_stress()
        yield LabelledFrame.from_atoms(atoms)
    calculator.close()


def test_known_terms_are_found_again(terms: LinkerTerms, frames: list[LabelledFrame]) -> None:
    fitted = fit_linker_terms(
        Dataset.from_frames(frames[:8]), SPECIES, Prior(repulsion=REPULSION), seed=1, progress=Silent()
    )
    with closing(TakenOff(Prior(linker_terms=fitted, repulsion=REPULSION), SPECIES)) as taken_off:
        for frame in frames[8:]:
            left = taken_off(frame)
            # The ridge and degenerate terms leave a few parts in ten thousand.
            assert np.abs(left.forces_eV_per_A).max() < 2e-3 * np.abs(frame.forces_eV_per_A).max()
    assert np.all(fitted.free >= bonds_that_hold())


def test_the_same_terms_taken_off_leave_nothing(terms: LinkerTerms, frames: list[LabelledFrame]) -> None:
    with closing(TakenOff(Prior(linker_terms=terms, repulsion=REPULSION), SPECIES)) as taken_off:
        left = taken_off(frames[0])
    assert left.energy_eV == pytest.approx(0.0, abs=1e-8)
    assert left.stress_eV_per_A3 is not None
    np.testing.assert_allclose(left.forces_eV_per_A, 0.0, atol=1e-9)
    np.testing.assert_allclose(left.stress_eV_per_A3, 0.0, atol=1e-10)
    with closing(TakenOff(Prior(), SPECIES)) as nothing:
        assert nothing(frames[0]) is frames[0]
