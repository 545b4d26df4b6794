"""The curvature of a cheap potential, to relax a structure with an expensive one in few steps."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.optimize import BFGS

LONGEST_STEP_A = 0.12
"""No atom moves further in one step of a relaxation, Å."""

SMALLEST_CURVATURE_EV_PER_A2 = 0.15
"""Softer modes, and those that fall off, are taken to be this stiff; the relaxation learns better."""


def hessian(atoms: Atoms, calculator: Calculator, *, displacement_A: float = 0.01) -> np.ndarray:
    """Return the second derivatives of the energy with the positions, by central differences of forces.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure; left as it is.
    calculator : ase.calculators.calculator.Calculator
        Of the cheap potential; called six times an atom.
    displacement_A : float
        Displacement of each coordinate, Å.

    Returns
    -------
    ndarray, shape (3 n_atoms, 3 n_atoms)
        Symmetric, eV/Å².
    """
    moved = atoms.copy()
    moved.calc = calculator
    rows = []
    for index in range(3 * len(atoms)):
        atom, axis = divmod(index, 3)
        force = []
        for position in (displacement_A, -displacement_A):
            moved.positions[atom, axis] = atoms.positions[atom, axis] + position
            force.append(moved.get_forces().ravel())
        moved.positions[atom, axis] = atoms.positions[atom, axis]
        rows.append((force[1] - force[0]) / (2.0 * displacement_A))
    derivatives = np.array(rows)
    return 0.5 * (derivatives + derivatives.T)


def positive(matrix: np.ndarray, smallest: float = SMALLEST_CURVATURE_EV_PER_A2) -> np.ndarray:
    """Return a Hessian with all curvatures positive, as a minimiser needs it.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
        Symmetric, eV/Å².
    smallest : float
        Curvatures are turned positive and raised to this, eV/Å².

    Returns
    -------
    ndarray, shape (n, n)
        With the same eigenvectors.
    """
    values, vectors = np.linalg.eigh(matrix)
    result: np.ndarray = (vectors * np.maximum(np.abs(values), smallest)) @ vectors.T
    return result


def bfgs_from(atoms: Atoms, calculator: Calculator) -> BFGS:
    """Return an optimiser of the positions that starts from the curvature of another potential.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, with the expensive calculator; its positions will be changed.
    calculator : ase.calculators.calculator.Calculator
        Of the cheap potential.

    Returns
    -------
    ase.optimize.BFGS
        Silent.
    """
    optimiser = BFGS(atoms, logfile=None, maxstep=LONGEST_STEP_A)
    optimiser.H0 = positive(hessian(atoms, calculator))
    return optimiser
