"""Bulk modulus at 0 K: energy and pressure of one structure at a row of volumes, at constant shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms

from mofglass.analysis.well_behaved_region import disagreement_GPa
from mofglass.errors import InputError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.studies.bulk_modulus_result import BulkModulusResult, PressureVolume
from mofglass.studies.same_structure import keep_start
from mofglass.studies.static_points import (
    Progress,
    Relaxation,
    StaticPoint,
    relaxed_cell,
    static_point,
    study_label,
)

_TELLING_SHARE = 0.1
"""Of the range of pressures: a larger disagreement of energies and pressures is told."""


def plan(*, step: float = 0.015, n_compress: int = 2, n_expand: int = 2) -> list[float]:
    """Return the volumes as multiples of the first.

    Parameters
    ----------
    step : float
        Change of volume from one to the next, as a fraction.
    n_compress, n_expand : int
        Steps down and up.

    Returns
    -------
    list of float
        The first volume first, then outwards, so that each starts near one that is done.

    Raises
    ------
    InputError
        For fewer than three volumes.
    """
    if not 0 < step < 0.2 or min(n_compress, n_expand) < 0 or n_compress + n_expand < 2:
        raise InputError("static compression needs at least two steps of less than 20 % in volume")
    down = [(1 - step) ** k for k in range(1, n_compress + 1)]
    up = [(1 + step) ** k for k in range(1, n_expand + 1)]
    return [1.0, *down, *up]


def execute_plan(
    atoms: Atoms,
    factors: Sequence[float],
    potential: Potential | str,
    *,
    relaxation: Relaxation | None = None,
    relax_cell: bool = False,
    directory: Path | None = None,
    progress: Progress | None = None,
) -> list[StaticPoint]:
    """Compute the points that are not there yet.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    factors : sequence of float
        From `plan`.
    potential : Potential or str
        The potential, or its name.
    relaxation : Relaxation, optional
        Of the ions at each volume.
    relax_cell : bool
        Whether the first structure is relaxed to zero stress before.
    directory : Path, optional
        Where points are kept.
    progress : callable, optional
        Called after each point.

    Returns
    -------
    list of StaticPoint
        In the order of `factors`.

    Raises
    ------
    InputError
        When `directory` holds points of another structure or study.
    """
    relaxation = relaxation or Relaxation()
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    calculator, label = make_calculator(chosen), study_label(potential, relaxation)
    if directory is not None:
        keep_start(directory, atoms)
    start = atoms
    if relax_cell:
        start = relaxed_cell(
            atoms,
            calculator,
            relaxation,
            None if directory is None else directory / "cell.extxyz",
            label=label,
        )
    points: dict[float, StaticPoint] = {}
    for factor in factors:
        path = None if directory is None else directory / f"volume-{factor:.5f}.extxyz"
        # The ions of the nearest volume that is done are the best start; clamped ones start from the first.
        nearest = min(points, key=lambda other: abs(other - factor), default=None)
        known = start if nearest is None or not relaxation.ions else points[nearest].atoms
        scaled = known.copy()
        scaled.set_cell(start.cell, scale_atoms=True)
        points[factor] = static_point(
            scaled, np.cbrt(factor) * np.eye(3), calculator, relaxation, path=path, label=label
        )
        if progress is not None:
            progress(f"volume times {factor:.4f}: {points[factor].pressure_GPa:+.3f} GPa")
    return [points[factor] for factor in factors]


def analyse(points: Sequence[StaticPoint], *, relaxation: Relaxation | None = None) -> BulkModulusResult:
    """Fit the equation of state to the pressures, and to the energies beside it.

    Parameters
    ----------
    points : sequence of StaticPoint
        At least three.
    relaxation : Relaxation, optional
        How they were relaxed, to be told.

    Returns
    -------
    BulkModulusResult
        At 0 K, without motion of the nuclei.
    """
    points = sorted(points, key=lambda point: float(point.atoms.get_volume()))
    first = points[0].atoms
    volumes = np.array([point.atoms.get_volume() for point in points])
    pressures = np.array([point.pressure_GPa for point in points])
    energies = np.array([point.energy_eV for point in points])
    data = PressureVolume(
        volumes,
        pressures,
        np.full(len(points), np.nan),
        mass_u=float(first.get_masses().sum()),
        energy_eV=energies,
    )
    ions = "clamped" if relaxation is not None and not relaxation.ions else "relaxed"
    result = BulkModulusResult.of(data, method="static", details={"temperature_K": 0.0, "ions": ions})
    shear = max(
        float(np.abs(point.stress_GPa - [*[-point.pressure_GPa] * 3, 0, 0, 0]).max()) for point in points
    )
    notes = result.notes
    error = disagreement_GPa(volumes, pressures, energies)
    if error > _TELLING_SHARE * float(np.ptp(pressures)):
        why = (
            "take smaller steps"
            if ions == "clamped"
            else "ions are not at rest, or change to another minimum between two volumes; look at the curve, "
            "take smaller steps or a smaller --force-tolerance, or a temperature (finite-strain)"
        )
        notes = (*notes, f"energies and pressures disagree by {error:.3f} GPa: {why}")
    if shear > 0.05 * result.values["bulk_modulus_GPa"]:
        notes = (
            *notes,
            f"the shape is held fixed under a deviatoric stress of up to {shear:.2f} GPa, which makes an "
            "anisotropic body stiffer than Reuss' bulk modulus: relax the cell first (--relax-cell)",
        )
    return replace(result, notes=notes)
