"""A run that ends with the crystal's network is told from one that does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mofglass.frame import Frame
from mofglass.report.melted import joined, unmelted_words
from mofglass.report.sample import gather
from mofglass.structures import load


def test_bonds_are_those_of_the_crystal_until_one_is_exchanged():
    crystal = load("ZIF-4")
    shaken = crystal.copy()
    shaken.positions += np.random.default_rng(1).normal(scale=0.03, size=shaken.positions.shape)
    assert joined(Frame.from_atoms(shaken)) == joined(Frame.from_atoms(crystal))
    assert len(joined(Frame.from_atoms(crystal))) == 64
    pulled = crystal.copy()
    pulled.positions[np.flatnonzero(crystal.numbers == 30)[0]] += 1.5
    assert joined(Frame.from_atoms(pulled)) != joined(Frame.from_atoms(crystal))


def test_a_run_that_ends_as_it_began_is_named(run_directory):
    (sample,) = gather([run_directory])
    assert unmelted_words(sample) == ""  # one Zn was pulled off for good
    still = replace(sample, glass=sample.crystal)
    assert "glass1 has not melted" in unmelted_words(still)
    assert unmelted_words(replace(still, crystal=None)) == ""
