"""Elastic constants from the stress under six small strains, each applied both ways.

.. math:: C_{IJ} = \\frac{\\sigma_I(+e_J) - \\sigma_I(-e_J)}{2 e_J}

At 0 K the stress is that of the structure at rest, its ions clamped or relaxed. At a temperature it is the
mean of LAMMPS' stress, momenta included, over a run at constant volume.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.analysis.elastic_result import ElasticityResult, tensor_values
from mofglass.analysis.elastic_tensor import LABELS, ElasticTensor, stress_to_voigt, voigt_to_strain
from mofglass.analysis.frame_range import run_advice
from mofglass.analysis.statistics import Estimate, block_average
from mofglass.errors import InputError
from mofglass.potentials import Potential, get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.simulate import Run, RunSettings, hold
from mofglass.simulate.run import STRESS_COLUMNS
from mofglass.simulate.stages import DEFAULT_TIME_STEP_FS, Thermostat
from mofglass.studies.melt_quench import PlannedRun
from mofglass.studies.same_structure import keep_start
from mofglass.studies.sampled_rows import sampled_rows
from mofglass.studies.static_points import Progress, Relaxation, relaxed_cell, static_point, study_label

SIGNS = {"plus": 1.0, "minus": -1.0}
_SAMPLE = "sample"
_VOIGT = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
_DRAWS = 200


def deformation(component: int, strain: float) -> np.ndarray:
    """Return the symmetric deformation of one engineering strain.

    Parameters
    ----------
    component : int
        0 to 5, for xx yy zz yz xz xy.
    strain : float
        Engineering strain.

    Returns
    -------
    ndarray, shape (3, 3)
        1 + the strain tensor.
    """
    return np.eye(3) + voigt_to_strain(np.eye(6)[component] * strain)


def _strained() -> list[tuple[str, int, float]]:
    return [
        (f"{label}-{sign}", component, factor)
        for component, label in enumerate(LABELS)
        for sign, factor in SIGNS.items()
    ]


def static(
    atoms: Atoms,
    potential: Potential | str,
    *,
    strain: float = 0.005,
    relaxation: Relaxation | None = None,
    relax_cell: bool = False,
    directory: Path | None = None,
    progress: Progress | None = None,
) -> ElasticityResult:
    """Compute the elastic constants at 0 K.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    potential : Potential or str
        The potential, or its name.
    strain : float
        Engineering strain, each way.
    relaxation : Relaxation, optional
        Of the ions; with them relaxed the clamped constants are told beside.
    relax_cell : bool
        Whether the structure is first relaxed to zero stress.
    directory : Path, optional
        Where the structures are kept, so that the study goes on where it was stopped.
    progress : callable, optional
        Called after each structure.

    Returns
    -------
    ElasticityResult
        Its errors are half the difference between C_ij and C_ji, what the numbers are good for.

    Raises
    ------
    InputError
        For a strain that is not small, or a directory that holds points of another structure or study.
    """
    if not 0 < strain <= 0.05:
        raise InputError(f"a strain of {strain:.1%} is not small: give more than 0 and at most 5 %")
    relaxation = relaxation or Relaxation()
    chosen = get_potential(potential) if isinstance(potential, str) else potential
    calculator = make_calculator(chosen)
    if directory is not None:
        keep_start(directory, atoms)

    def path(name: str) -> Path | None:  # numpydoc ignore=GL08
        return None if directory is None else directory / f"{name}.extxyz"

    label = study_label(potential, relaxation)
    start = relaxed_cell(atoms, calculator, relaxation, path("cell"), label=label) if relax_cell else atoms
    reference = static_point(start, np.eye(3), calculator, relaxation, path=path("reference"), label=label)
    if progress is not None:
        progress(f"reference: {reference.pressure_GPa:+.4f} GPa")
    stress, clamped = np.zeros((2, 6, 6)), np.zeros((2, 6, 6))
    for name, component, sign in _strained():
        point = static_point(
            reference.atoms,
            deformation(component, sign * strain),
            calculator,
            relaxation,
            path=path(name),
            label=label,
        )
        side = int(sign < 0)
        stress[side, component], clamped[side, component] = point.stress_GPa, point.clamped_stress_GPa
        if progress is not None:
            progress(f"{name}: done")
    raw = ((stress[0] - stress[1]) / (2 * strain)).T
    details: dict[str, Any] = {
        "temperature_K": 0.0,
        "strain": strain,
        "ions": "relaxed" if relaxation.ions else "clamped",
        "reference_stress_GPa": reference.stress_GPa.tolist(),
    }
    if relaxation.ions:
        unrelaxed = ElasticTensor(_symmetric(((clamped[0] - clamped[1]) / (2 * strain)).T))
        details["clamped_stiffness_GPa"] = unrelaxed.stiffness_GPa.tolist()
        details["clamped_bulk_modulus_GPa"] = unrelaxed.hill.bulk_GPa
        details["clamped_young_modulus_GPa"] = unrelaxed.hill.young_GPa
        details["clamped_shear_modulus_GPa"] = unrelaxed.hill.shear_GPa
    error = np.abs(raw - raw.T) / 2
    error[np.diag_indices(6)] = np.nan
    values, _ = tensor_values(ElasticTensor(_symmetric(raw)))
    return ElasticityResult(
        method="stress-strain at 0 K",
        stiffness_GPa=_symmetric(raw),
        stiffness_error_GPa=error,
        values=values,
        errors=dict.fromkeys(values, np.nan),
        details=details,
        notes=_prestress_note(reference.stress_GPa, values["bulk_modulus_GPa"]),
    )


def _symmetric(raw: np.ndarray) -> np.ndarray:
    return (raw + raw.T) / 2


def _prestress_note(stress_GPa: np.ndarray, bulk_GPa: float) -> tuple[str, ...]:
    largest = float(np.abs(stress_GPa).max())
    if largest < 0.02 * abs(bulk_GPa):
        return ()
    return (
        f"the reference is under a stress of up to {largest:.3f} GPa, and the constants are the slopes of "
        "stress there: relax the cell for those at zero stress (--relax-cell)",
    )


@dataclass(frozen=True, kw_only=True)
class StressStrain:
    """How stresses are measured at a temperature.

    Parameters
    ----------
    temperature_K : float
        Temperature, K.
    strain : float
        Engineering strain, each way.
    equilibrate_ps, sample_ps : float
        Time at each strain that is left out, and that is sampled, ps.
    time_step_fs : float
        Time step, fs.
    thermostat : {"nose-hoover", "csvr", "langevin"}
        How temperature is kept.
    """

    temperature_K: float = 300.0
    strain: float = 0.01
    equilibrate_ps: float = 20.0
    sample_ps: float = 100.0
    time_step_fs: float = DEFAULT_TIME_STEP_FS
    thermostat: Thermostat = "nose-hoover"

    def __post_init__(self) -> None:
        if not 0 < self.strain <= 0.05:
            raise InputError(f"a strain of {self.strain:.1%} is not small: give more than 0 and at most 5 %")


def plan(
    atoms: Atoms,
    method: StressStrain,
    directory: str | os.PathLike[str],
    *,
    settings: RunSettings | None = None,
    title: str = "",
) -> list[PlannedRun]:
    """Return the twelve runs, one a strain and sign.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure, at the volume it has at that temperature.
    method : StressStrain
        How.
    directory : path
        Parent of the runs ``xx-plus``, ``xx-minus`` and so on.
    settings : RunSettings, optional
        Seeds count up from its own.
    title : str
        One line for figures.

    Returns
    -------
    list of PlannedRun
        Independent of one another.
    """
    settings = settings or RunSettings()
    common: dict[str, Any] = {
        "temperature_K": method.temperature_K,
        "thermostat": method.thermostat,
        "time_step_fs": method.time_step_fs,
    }
    protocol = (
        hold("equilibrate", duration_ps=method.equilibrate_ps, **common),
        hold(_SAMPLE, duration_ps=method.sample_ps, **common),
    )
    planned = []
    for number, (name, component, sign) in enumerate(_strained()):
        strained = atoms.copy()
        strained.set_cell(atoms.cell.array @ deformation(component, sign * method.strain), scale_atoms=True)
        planned.append(
            PlannedRun(
                directory=Path(directory) / name,
                atoms=strained,
                protocol=protocol,
                settings=replace(settings, seed=settings.seed + number),
                title=f"{title or atoms.get_chemical_formula()}, strain {name}",
                glass_from_ps=method.equilibrate_ps,
                temperature_K=method.temperature_K,
            )
        )
    return planned


def analyse(runs: Sequence[Run], *, strain: float) -> ElasticityResult:
    """Average the stress over every run and take the slopes.

    Parameters
    ----------
    runs : sequence of Run
        All twelve, done, in the order of `plan`.
    strain : float
        The strain of the plan.

    Returns
    -------
    ElasticityResult
        With errors from blocks of time, the six stresses of a run as correlated as their blocks are.

    Raises
    ------
    InputError
        When a run is not done.
    """
    unfinished = [run for run in runs if run.state != "done"]
    if unfinished or len(runs) != 2 * len(LABELS):
        where = unfinished[0].path if unfinished else "the study"
        raise InputError(
            f"{where} is not done: stress-strain needs all {2 * len(LABELS)} runs, let them go on"
        )
    mean, covariance = np.zeros((2, 6, 6)), np.zeros((2, 6, 6, 6))
    converged, n_blocks = True, []
    for run, (_name, component, sign) in zip(runs, _strained(), strict=True):
        side = int(sign < 0)
        stresses = sampled_stresses_GPa(run)
        estimates = [block_average(column) for column in stresses.T]
        mean[side, component] = [estimate.mean for estimate in estimates]
        covariance[side, component] = _covariance(stresses, estimates)
        converged &= all(estimate.converged for estimate in estimates)
        n_blocks += [estimate.n_samples // estimate.block_length for estimate in estimates]
    raw = ((mean[0] - mean[1]) / (2 * strain)).T
    # By strain: runs are independent, the six stresses of one run are not.
    covariance = covariance.sum(axis=0) / (2 * strain) ** 2
    raw_error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)).T
    stiffness_error = np.hypot(raw_error, raw_error.T) / 2
    stiffness_error[np.diag_indices(6)] = np.diag(raw_error)
    tensor = ElasticTensor(_symmetric(raw))
    values, there = tensor_values(tensor)
    # The errors of scalars come from drawing all stresses anew.
    random = np.random.default_rng(0)
    draws = [random.multivariate_normal(np.zeros(6), one, _DRAWS, method="eigh") for one in covariance]
    drawn = [
        tensor_values(ElasticTensor(_symmetric(raw + np.transpose(deviation))), there)[0]
        for deviation in zip(*draws, strict=True)
    ]
    errors = {key: float(np.std([values[key] for values in drawn], ddof=1)) for key in values}
    stress0 = mean.mean(axis=(0, 1))
    notes = _prestress_note(stress0, values["bulk_modulus_GPa"])
    if not converged:
        notes = (*notes, "the error of a stress has not converged: sample longer")
    return ElasticityResult(
        method="stress-strain",
        stiffness_GPa=tensor.stiffness_GPa.copy(),
        stiffness_error_GPa=stiffness_error,
        values=values,
        errors=errors,
        details={
            "temperature_K": run_advice(runs[0].path).temperature_K,
            "strain": strain,
            "reference_stress_GPa": stress0.tolist(),
            "n_blocks": min(n_blocks),
            "error_converged": converged,
            "potential": runs[0].info["potential"].get("spec", runs[0].info["potential"]["name"]),
            "runs": [str(run.path) for run in runs],
        },
        notes=notes,
    )


def _covariance(stresses_GPa: np.ndarray, estimates: Sequence[Estimate]) -> np.ndarray:
    """Return the covariance of the means of a run's six stresses: their errors, correlated as blocks are."""
    length = max(estimate.block_length for estimate in estimates)
    blocks = stresses_GPa[: len(stresses_GPa) // length * length].reshape(-1, length, 6).mean(axis=1)
    deviation = blocks - blocks.mean(axis=0)
    norm = np.sqrt((deviation**2).sum(axis=0))
    deviation /= np.where(norm > 0, norm, 1.0)
    error = np.array([estimate.error for estimate in estimates])
    correlation = deviation.T @ deviation
    np.fill_diagonal(correlation, 1.0)
    return np.outer(error, error) * correlation


def sampled_stresses_GPa(run: Run) -> np.ndarray:
    """Return the stress over the sampled stretch, in the axes of the run's structure.

    Parameters
    ----------
    run : Run
        At constant volume.

    Returns
    -------
    ndarray, shape (n_rows, 6)
        Stress, GPa, positive in tension, xx yy zz yz xz xy, momenta included.

    Raises
    ------
    InputError
        When the run was begun before thermo.csv had stress.
    """
    rows = sampled_rows(run, _SAMPLE)
    if not set(STRESS_COLUMNS) <= set(rows.columns):
        raise InputError(
            f"{run.path / 'thermo.csv'} has no stress: the run was begun by an older mofglass. Make it again "
            "in another directory (-o)"
        )
    # LAMMPS turned the cell into its own orientation; the strain was applied in the structure's.
    rotation = LammpsBox.of(run.initial).rotation
    stress = rows[list(STRESS_COLUMNS)].to_numpy()[:, _VOIGT]
    return np.array([stress_to_voigt(one) for one in rotation @ stress @ rotation.T])
