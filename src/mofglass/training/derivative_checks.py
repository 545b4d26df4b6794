"""Whether forces are the derivative of the energy, and the stress that by strain: finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.potentials.base import Potential
from mofglass.potentials.calculator import make_calculator
from mofglass.training.predictions import as_potential, compute
from mofglass.units import GPA_PER_EV_PER_A3

MPA_PER_EV_PER_A3 = 1e3 * GPA_PER_EV_PER_A3
VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")

N_DIRECTIONS = 3
STEP_A = 0.005
STRAIN_STEP = 0.003
RATTLE_A = 0.02
RATTLE_STRAIN = 0.005

FORCE_TOLERANCE = 0.01
"""Of the norm of the forces: single-precision models are ten times better, a wrong factor ten times worse."""

STRESS_TOLERANCE = 0.02
"""Of the largest component of the stress."""

STRESS_FLOOR_MPA = 10.0
"""What single-precision energies of 272 atoms leave uncertain, with a margin."""


@dataclass(frozen=True)
class DerivativeChecks:
    """Analytic derivatives beside finite differences, on one structure.

    Parameters
    ----------
    frame : str
        Which frame the structure was made from.
    forces_along : ndarray, shape (n_directions, 2)
        Forces along random directions of all atoms, in units of the norm of all forces times the root mean
        square of the direction: analytic, numerical.
    force_error : float
        Largest difference between them.
    stress_MPa : ndarray, shape (6, 2), or None
        Stress, MPa, xx yy zz yz xz xy, positive in tension: analytic, numerical. None where the potential
        gives none.
    stress_error_MPa : float
        Largest difference, MPa; NaN for none.
    """

    frame: str
    forces_along: np.ndarray
    force_error: float
    stress_MPa: np.ndarray | None
    stress_error_MPa: float

    @property
    def forces_agree(self) -> bool:
        """Whether the forces are the derivative of the energy, within 1 % of their norm."""
        return bool(self.force_error <= FORCE_TOLERANCE)

    @property
    def stress_tolerance_MPa(self) -> float:
        """Difference allowed, MPa: 2 % of the largest component, and at least 10 MPa."""
        if self.stress_MPa is None:
            return float("nan")
        return max(STRESS_FLOOR_MPA, STRESS_TOLERANCE * float(np.abs(self.stress_MPa).max()))

    @property
    def stress_agrees(self) -> bool | None:
        """Whether the stress is the derivative by strain; None where there is no stress."""
        return None if self.stress_MPa is None else bool(self.stress_error_MPa <= self.stress_tolerance_MPa)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        forces = "are" if self.forces_agree else "are NOT"
        words = f"forces {forces} the derivative of the energy (off by {100 * self.force_error:.2g} %)"
        if self.stress_MPa is None:
            return f"{words}; the potential gives no stress"
        stress = "is" if self.stress_agrees else "is NOT"
        words += f"; the stress {stress} that by strain (off by {self.stress_error_MPa:.2g} MPa"
        words += f", {self.stress_tolerance_MPa:.2g} allowed)"
        if not self.stress_agrees and self._wrong_sign:
            words += ": it has the wrong sign"
        return words

    @property
    def _wrong_sign(self) -> bool:
        assert self.stress_MPa is not None
        return bool(np.abs(self.stress_MPa.sum(axis=1)).max() <= self.stress_tolerance_MPa)

    def summary(self) -> dict[str, Any]:
        """Return numbers and verdicts.

        Returns
        -------
        dict
            JSON-serialisable.
        """
        analytic = {} if self.stress_MPa is None else dict(zip(VOIGT, self.stress_MPa[:, 0], strict=True))
        numerical = {} if self.stress_MPa is None else dict(zip(VOIGT, self.stress_MPa[:, 1], strict=True))
        return {
            "frame": self.frame,
            "forces_agree": self.forces_agree,
            "force_error_percent": 100 * self.force_error,
            "stress_agrees": self.stress_agrees,
            "stress_error_MPa": self.stress_error_MPa,
            "stress_analytic_MPa": analytic,
            "stress_numerical_MPa": numerical,
            "verdict": self.verdict,
        }


def check_derivatives(
    potential: Potential | str, atoms: Atoms, *, frame: str = "", threads: int = 1, seed: int = 0
) -> DerivativeChecks:
    """Compare forces and stress with finite differences of the energy.

    Fourth-order central differences, (8 E(h) - 8 E(-h) - E(2h) + E(-2h)) / 12h: of the forces along random
    directions that move all atoms, h = 0.005 Å; of the stress by the six strains, h = 0.003. The structure
    is rattled by 0.02 Å and strained by 0.5 % first, since a relaxed crystal would show nothing.

    Parameters
    ----------
    potential : Potential or str
        The potential.
    atoms : ase.Atoms
        A periodic structure.
    frame : str
        What to call it.
    threads : int
        Threads.
    seed : int
        Of displacements and directions.

    Returns
    -------
    DerivativeChecks
        Both, and what they differ by.
    """
    calculator = make_calculator(as_potential(potential), threads=threads)
    random = np.random.default_rng(seed)
    start = atoms.copy()
    start.calc = None
    _strain(start, RATTLE_STRAIN * _symmetric(random.normal(size=6)))
    start.positions += RATTLE_A * random.normal(size=start.positions.shape)
    analytic = compute(calculator, start)
    forces = analytic.forces_eV_per_A
    along = np.array(
        [_along(calculator, start, forces, random.normal(size=forces.shape)) for _ in range(N_DIRECTIONS)]
    )
    stress = None
    if analytic.stress_eV_per_A3 is not None:
        numerical = [_by_strain(calculator, start, component) for component in range(6)]
        stress = MPA_PER_EV_PER_A3 * np.column_stack(
            [full_3x3_to_voigt_6_stress(analytic.stress_eV_per_A3), numerical]
        )
    return DerivativeChecks(
        frame=frame,
        forces_along=along,
        force_error=float(np.abs(along[:, 0] - along[:, 1]).max()),
        stress_MPa=stress,
        stress_error_MPa=float("nan") if stress is None else float(np.abs(stress[:, 0] - stress[:, 1]).max()),
    )


def _derivative(energy: Callable[[float], float], step: float) -> float:
    """Fourth-order central difference at zero."""
    return (8 * (energy(step) - energy(-step)) - (energy(2 * step) - energy(-2 * step))) / (12 * step)


def _along(calculator: Calculator, start: Atoms, forces: np.ndarray, direction: np.ndarray) -> list[float]:
    """Force along a direction, analytic and numerical, over the norm of all forces."""

    def energy(step: float) -> float:
        moved = start.copy()
        moved.positions += step * direction
        return compute(calculator, moved).energy_eV

    scale = float(np.linalg.norm(forces)) * float(np.sqrt((direction**2).mean()))
    # Without forces there is nothing to compare with; their absolute size, eV/Å, is told then.
    scale = scale or 1.0
    return [float((forces * direction).sum()) / scale, -_derivative(energy, STEP_A) / scale]


def _by_strain(calculator: Calculator, start: Atoms, component: int) -> float:
    """One component of the stress, eV/Å³, from energies of strained cells."""
    unit = np.zeros(6)
    unit[component] = 1.0 if component < 3 else 0.5

    def energy(step: float) -> float:
        strained = start.copy()
        _strain(strained, step * _symmetric(unit))
        return compute(calculator, strained).energy_eV

    return _derivative(energy, STRAIN_STEP) / start.get_volume()


def _symmetric(voigt: np.ndarray) -> np.ndarray:
    xx, yy, zz, yz, xz, xy = voigt
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _strain(atoms: Atoms, strain: np.ndarray) -> None:
    """Deform cell and atoms together."""
    atoms.set_cell(np.asarray(atoms.cell) @ (np.eye(3) + strain), scale_atoms=True)
