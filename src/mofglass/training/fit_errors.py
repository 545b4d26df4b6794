"""Mean absolute errors of a model on labelled frames, as learning curves show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ase.calculators.calculator import Calculator

from mofglass.datasets.labelled import LabelledFrame
from mofglass.units import GPA_PER_EV_PER_A3

MPA_PER_EV_PER_A3 = GPA_PER_EV_PER_A3 * 1e3
NAN = float("nan")


@dataclass(frozen=True)
class FitErrors:
    """Mean absolute errors.

    Parameters
    ----------
    energy_mae_meV_per_atom : float
        Of the energy per atom, meV.
    force_mae_meV_per_A : float
        Of force components, meV/Å.
    stress_mae_MPa : float
        Of stress components, MPa; NaN where no frame has a stress.
    """

    energy_mae_meV_per_atom: float
    force_mae_meV_per_A: float
    stress_mae_MPa: float


def fit_errors(calculator: Calculator, frames: Iterable[LabelledFrame]) -> FitErrors:
    """Compare a calculator with labels.

    Parameters
    ----------
    calculator : ase.calculators.calculator.Calculator
        Gives energy, forces and stress.
    frames : iterable of LabelledFrame
        At least one.

    Returns
    -------
    FitErrors
        Averages over frames, force components and stress components.
    """
    energies, stresses = [], []
    force_sum, n_forces = 0.0, 0
    for frame in frames:
        atoms = frame.to_atoms()
        atoms.calc = calculator
        energies.append(abs(atoms.get_potential_energy() - frame.energy_eV) / frame.n_atoms)
        force_sum += float(np.abs(atoms.get_forces() - frame.forces_eV_per_A).sum())
        n_forces += 3 * frame.n_atoms
        if frame.stress_eV_per_A3 is not None:
            stresses.append(np.abs(atoms.get_stress(voigt=False) - frame.stress_eV_per_A3).mean())
    return FitErrors(
        energy_mae_meV_per_atom=1e3 * float(np.mean(energies)),
        force_mae_meV_per_A=1e3 * force_sum / n_forces,
        stress_mae_MPa=MPA_PER_EV_PER_A3 * float(np.mean(stresses)) if stresses else NAN,
    )
