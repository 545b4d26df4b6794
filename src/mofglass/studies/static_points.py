"""Energies and stresses of strained copies of one structure at 0 K, each kept on disk when it is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.filters import FrechetCellFilter
from ase.io import read, write
from ase.optimize import LBFGS
from ase.optimize.optimize import Optimizer

from mofglass.errors import InputError, SimulationError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.model_calculator import close_calculator
from mofglass.studies.curvature import bfgs_from
from mofglass.trajectory.atomic_write import written_whole
from mofglass.units import GPA_PER_EV_PER_A3

Progress = Callable[[str], None]
"""Called with a few words on what has just been done."""


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """How ions are relaxed.

    Parameters
    ----------
    ions : bool
        Whether they are; else they keep their fractional coordinates.
    force_tolerance_eV_per_A : float
        Largest force left on an atom, eV/Å.
    stress_tolerance_GPa : float
        Largest stress left where the cell is relaxed, GPa.
    max_steps : int
        Steps at most; a structure that takes more is an error.
    hessian_of : Potential or str or None
        A cheap potential, or its name, whose second derivatives the relaxation of the ions starts from.
    """

    ions: bool = True
    force_tolerance_eV_per_A: float = 0.001
    stress_tolerance_GPa: float = 0.002
    max_steps: int = 2000
    hessian_of: Potential | str | None = None

    def __post_init__(self) -> None:
        if min(self.force_tolerance_eV_per_A, self.stress_tolerance_GPa) <= 0 or self.max_steps < 1:
            raise InputError("a relaxation needs tolerances above 0 eV/Å and 0 GPa and at least one step")


@dataclass(frozen=True)
class StaticPoint:
    """One structure at rest.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, relaxed where that was asked for.
    energy_eV : float
        Its energy, eV.
    stress_GPa : ndarray, shape (6,)
        Stress, GPa, positive in tension, xx yy zz yz xz xy.
    clamped_stress_GPa : ndarray, shape (6,)
        The same before the ions moved.
    """

    atoms: Atoms
    energy_eV: float
    stress_GPa: np.ndarray
    clamped_stress_GPa: np.ndarray

    @property
    def pressure_GPa(self) -> float:
        """Pressure, GPa, positive in compression."""
        return float(-self.stress_GPa[:3].mean())


def relaxed_cell(
    atoms: Atoms,
    calculator: Calculator,
    relaxation: Relaxation,
    path: Path | None = None,
    *,
    label: str = "",
) -> Atoms:
    """Relax ions and cell to zero stress.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure; left as it is.
    calculator : ase.calculators.calculator.Calculator
        Of the potential.
    relaxation : Relaxation
        Tolerances of force and stress.
    path : Path, optional
        Where the structure is kept; one already there is taken.
    label : str
        The potential and how it is used; a file kept under another label is refused.

    Returns
    -------
    ase.Atoms
        The relaxed structure.

    Raises
    ------
    InputError
        When the file at `path` is of another study.
    SimulationError
        When it does not converge.
    """
    if path is not None and path.is_file():
        return _bare(_read(path, atoms, label))
    copy = _bare(atoms)
    copy.calc = calculator
    _relax(copy, FrechetCellFilter(copy), relaxation, "the reference cell")
    if path is not None:
        _write(path, copy, {"study": label})
    return _bare(copy)


def static_point(
    atoms: Atoms,
    deformation: np.ndarray,
    calculator: Calculator,
    relaxation: Relaxation,
    *,
    path: Path | None = None,
    label: str = "",
) -> StaticPoint:
    """Deform a structure, relax its ions, and compute energy and stress.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure; left as it is.
    deformation : ndarray, shape (3, 3)
        Cell vectors (rows) are multiplied by it from the right, ions go along.
    calculator : ase.calculators.calculator.Calculator
        Of the potential.
    relaxation : Relaxation
        Of the ions.
    path : Path, optional
        Where the point is kept; one already there is taken.
    label : str
        The potential and how it is used; a file kept under another label or cell is refused.

    Returns
    -------
    StaticPoint
        The point.

    Raises
    ------
    InputError
        When the file at `path` holds another point.
    SimulationError
        When the ions do not converge.
    """
    copy = _bare(atoms)
    copy.set_cell(copy.cell.array @ deformation, scale_atoms=True)
    if path is not None and path.is_file():
        return _kept(path, copy, label)
    copy.calc = calculator
    clamped = copy.get_stress() * GPA_PER_EV_PER_A3
    if relaxation.ions:
        _relax(copy, copy, relaxation, path.stem if path is not None else "a strained structure")
    point = StaticPoint(
        copy,
        float(copy.get_potential_energy()),
        np.asarray(copy.get_stress()) * GPA_PER_EV_PER_A3,
        np.asarray(clamped),
    )
    if path is not None:
        _write(path, copy, {"clamped_stress_GPa": point.clamped_stress_GPa, "study": label})
    return StaticPoint(_bare(copy), point.energy_eV, point.stress_GPa, point.clamped_stress_GPa)


def _relax(atoms: Atoms, moving: Any, relaxation: Relaxation, what: str) -> None:
    """Relax until forces and, where the cell moves too, stresses are within their tolerances."""
    force, stress = np.inf, np.inf
    optimiser = _from_hessian(atoms, relaxation) if moving is atoms else LBFGS(moving, logfile=os.devnull)
    # The filter scales stresses by the number of atoms, so the optimiser's own criterion is not used.
    for _ in optimiser.irun(fmax=1e-12, steps=relaxation.max_steps):
        force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
        stress = 0.0 if moving is atoms else float(np.abs(atoms.get_stress()).max()) * GPA_PER_EV_PER_A3
        if force <= relaxation.force_tolerance_eV_per_A and stress <= relaxation.stress_tolerance_GPa:
            return
    raise SimulationError(
        f"{what} is not relaxed after {relaxation.max_steps} steps (largest force {force:.3g} eV/Å"
        + (f", stress {stress:.3g} GPa" if moving is not atoms else "")
        + "): allow more steps (--max-steps) or a larger force (--force-tolerance)"
    )


def _from_hessian(atoms: Atoms, relaxation: Relaxation) -> Optimizer:
    """Return what moves the ions: BFGS where a cheap potential lends its curvature."""
    cheap = relaxation.hessian_of
    if cheap is None:
        return LBFGS(atoms, logfile=os.devnull)
    calculator = make_calculator(get_potential(cheap) if isinstance(cheap, str) else cheap)
    try:
        return bfgs_from(atoms, calculator)
    finally:
        close_calculator(calculator)


def _bare(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def _write(path: Path, atoms: Atoms, info: dict[str, Any]) -> None:
    done = _bare(atoms)
    done.info.update(info)
    done.calc = SinglePointCalculator(
        done,
        energy=atoms.get_potential_energy(),
        forces=atoms.get_forces(),
        stress=atoms.get_stress(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        write(temporary, done, format="extxyz", write_results=True)


def _read(path: Path, wanted: Atoms, label: str) -> Atoms:
    """Read a structure that is kept, after making sure that it belongs to this study."""
    atoms = read(path, format="extxyz")
    assert isinstance(atoms, Atoms)
    same = len(atoms) == len(wanted) and bool((atoms.numbers == wanted.numbers).all())
    if not same or str(atoms.info.get("study", "")) != label:
        raise InputError(
            f"{path} is of another study ({atoms.info.get('study') or 'other atoms'}): choose another -o, or "
            "delete it"
        )
    return atoms


def _kept(path: Path, wanted: Atoms, label: str) -> StaticPoint:
    atoms = _read(path, wanted, label)
    if np.abs(atoms.cell.array - wanted.cell.array).max() > 1e-4:
        raise InputError(f"{path} is of another study (another cell): choose another -o, or delete it")
    stress = np.asarray(atoms.get_stress()) * GPA_PER_EV_PER_A3
    return StaticPoint(
        _bare(atoms),
        float(atoms.get_potential_energy()),
        stress,
        np.asarray(atoms.info["clamped_stress_GPa"]),
    )


def study_label(potential: Potential | str, relaxation: Relaxation) -> str:
    """Return what structures on disk are told by.

    Parameters
    ----------
    potential : Potential or str
        The potential, or its name.
    relaxation : Relaxation
        Of the ions.

    Returns
    -------
    str
        The potential and its hash, the ions and the tolerance.
    """
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    name = potential if isinstance(potential, str) else potential.name
    digest = chosen.describe().get("sha256")
    if digest:
        name = f"{name} ({digest[:12]})"
    if not relaxation.ions:
        return f"{name}, clamped ions"
    return f"{name}, ions relaxed to {relaxation.force_tolerance_eV_per_A:g} eV/A"
