"""Energies of different potentials differ by constants: by which rule they are compared."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Literal

import numpy as np
from ase.data import chemical_symbols

Alignment = Literal["none", "per-atom", "per-element"]

RULES: dict[str, str] = {
    "none": "energies are compared as they are",
    "per-atom": "the mean difference per atom is taken off",
    "per-element": "one energy per element, from least squares, is taken off",
}
"""The rules, by name, in words."""


@dataclass(frozen=True)
class AlignedEnergies:
    """Errors of energies per atom after alignment.

    Parameters
    ----------
    rule : {"none", "per-atom", "per-element"}
        How they were aligned.
    constants_eV : dict of str to float
        What was taken off the predicted energies, eV: by element, or ``atom`` for the same for all; empty
        without alignment.
    errors_eV_per_atom : ndarray, shape (n_frames,)
        Predicted minus reference.
    references_eV_per_atom : ndarray, shape (n_frames,)
        Reference energies.
    """

    rule: Alignment
    constants_eV: dict[str, float]
    errors_eV_per_atom: np.ndarray
    references_eV_per_atom: np.ndarray


class EnergyRecords:
    """What is kept of every frame, 24 bytes: an alignment is only known when all frames have been seen."""

    def __init__(self) -> None:
        self._differences = array("d")
        self._references = array("d")
        self._n_atoms = array("i")
        self._compositions = array("i")
        self._known: dict[tuple[tuple[int, int], ...], int] = {}

    def __len__(self) -> int:
        return len(self._differences)

    def add(self, numbers: np.ndarray, reference_eV: float, predicted_eV: float) -> None:
        """Keep one frame.

        Parameters
        ----------
        numbers : ndarray of int, shape (n_atoms,)
            Atomic numbers.
        reference_eV, predicted_eV : float
            Energies of the frame, eV.
        """
        kinds, counts = np.unique(numbers, return_counts=True)
        composition = tuple(zip(kinds.tolist(), counts.tolist(), strict=True))
        self._differences.append(predicted_eV - reference_eV)
        self._references.append(reference_eV)
        self._n_atoms.append(len(numbers))
        self._compositions.append(self._known.setdefault(composition, len(self._known)))

    def aligned(self, rule: Alignment = "none") -> AlignedEnergies:
        """Return errors of the energies per atom by one rule.

        Parameters
        ----------
        rule : {"none", "per-atom", "per-element"}
            Whether energies are compared as they are, or after the mean difference per atom was taken off,
            or the energies of elements that fit the differences best (least squares of the differences per
            atom; where the frames' compositions do not tell elements apart, the smallest such energies).

        Returns
        -------
        AlignedEnergies
            Errors in the order of the frames.
        """
        n_atoms = np.array(self._n_atoms, dtype=float)
        errors = np.array(self._differences) / n_atoms
        references = np.array(self._references) / n_atoms
        constants: dict[str, float] = {}
        if rule == "per-atom":
            constants = {"atom": float(errors.mean())}
            errors = errors - constants["atom"]
        elif rule == "per-element":
            elements = sorted({number for composition in self._known for number, _ in composition})
            shares = np.array(
                [
                    [dict(composition).get(number, 0) for number in elements] / np.sum(composition, axis=0)[1]
                    for composition in self._known
                ]
            )[np.array(self._compositions)]
            energies = np.linalg.lstsq(shares, errors, rcond=None)[0]
            errors = errors - shares @ energies
            constants = {
                chemical_symbols[number]: float(energy)
                for number, energy in zip(elements, energies, strict=True)
            }
        return AlignedEnergies(rule, constants, errors, references)
