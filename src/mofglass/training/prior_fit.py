"""The bonded terms of linkers beneath a network, fitted to forces alone."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.potentials.linker_terms import LinkerTerms, bonds_that_hold
from mofglass.potentials.prior import Prior
from mofglass.training.base import Progress
from mofglass.training.linear_fit import NormalEquations
from mofglass.training.linker_descriptors import LinkerDescriptors
from mofglass.training.taken_off import TakenOff

MAX_FRAMES = 200
"""Frames that the linker terms are fitted to; each has a row for every component of a force."""
FORCE_SCALE_EV_PER_A = 2.0
"""A frame whose forces have a root mean square F counts 1/(1 + (F/scale)²)."""
RIDGE = 1e-6


def fit_linker_terms(
    dataset: Dataset,
    species: tuple[str, ...],
    beneath: Prior,
    *,
    seed: int,
    progress: Progress,
) -> LinkerTerms:
    """Fit the bonded terms of the linkers to forces, nothing else being there.

    What acts between linkers and metals is noise to this fit and left for the network.

    Parameters
    ----------
    dataset : Dataset
        Labelled frames whose linkers are whole imidazolate; at most `MAX_FRAMES` of them are drawn.
    species : tuple of str
        Elements.
    beneath : Prior
        What else the network is laid over; taken off the forces first.
    seed : int
        Of the draw.
    progress : Progress
        Who watches.

    Returns
    -------
    LinkerTerms
        The least-squares terms with bonds that hold (`bonds_that_hold`).
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:MAX_FRAMES])
    progress.stage("linker terms", len(rows))
    descriptors = LinkerDescriptors(species)
    at_least = bonds_that_hold()
    matrix, right, square = np.zeros((len(at_least), len(at_least))), np.zeros(len(at_least)), 0.0
    taken_off = TakenOff(beneath, species)
    with closing(descriptors), closing(taken_off):
        for row in rows:
            frame = taken_off(dataset[int(row)])
            columns = descriptors.rows(frame.to_atoms()).forces.reshape(-1, len(at_least))
            forces = np.asarray(frame.forces_eV_per_A).ravel()
            weight = 1.0 / (1.0 + np.mean(forces**2) / FORCE_SCALE_EV_PER_A**2)
            matrix += weight * columns.T @ columns
            right += weight * columns.T @ forces
            square += weight * float(forces @ forces)
            progress.advance()
    return LinkerTerms.from_free(NormalEquations(matrix, right, square).solve(RIDGE, at_least))
