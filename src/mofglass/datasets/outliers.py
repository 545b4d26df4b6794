"""Frames whose energies or forces are none of a structure like the others: exploded, or in other units."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from mofglass.datasets.dataset import Dataset

LARGEST_DEVIATION_EV_PER_ATOM = 2.0
"""From the median of the same formula; a melt at 3000 K is 0.5 eV/atom above a crystal at rest."""
LARGEST_FORCE_EV_PER_A = 100.0
"""Two carbon atoms at 0.8 Å push each other away with about 60 eV/Å."""


def warn_of_outliers(dataset: Dataset) -> None:
    """Say how many frames have energies far from others of their formula, or absurd forces.

    Parameters
    ----------
    dataset : Dataset
        The frames; only the table is looked at.

    Warns
    -----
    UserWarning
        When there are any; one warning of energies, one of forces.
    """
    table = dataset.table
    energy = table.energy_eV / table.n_atoms
    codes = table.codes("formula")
    far = np.zeros(len(dataset), dtype=bool)
    for code in np.unique(codes):
        own = codes == code
        far[own] = np.abs(energy[own] - np.median(energy[own])) > LARGEST_DEVIATION_EV_PER_ATOM
    if far.any():
        _warn(
            dataset,
            far,
            f"an energy more than {LARGEST_DEVIATION_EV_PER_ATOM:g} eV/atom from the median of their formula",
            lambda row: f"{energy[row]:.4g} eV/atom",
            "are all energies in eV, and these structures whole?",
        )
    strong = table.max_force_eV_per_A > LARGEST_FORCE_EV_PER_A
    if strong.any():
        _warn(
            dataset,
            strong,
            f"a force above {LARGEST_FORCE_EV_PER_A:g} eV/Å",
            lambda row: f"{table.max_force_eV_per_A[row]:.4g} eV/Å",
            "leave such frames out unless they are meant",
        )


def _warn(dataset: Dataset, which: np.ndarray, what: str, value: Callable[[int], str], remedy: str) -> None:
    row = int(np.flatnonzero(which)[0])
    table = dataset.table
    warnings.warn(
        f"{which.sum()} of {len(dataset)} frames have {what}; the first is frame {table.frame[row]} of "
        f"{dataset.files[table.file[row]].path} with {value(row)}: {remedy}",
        stacklevel=3,
    )
