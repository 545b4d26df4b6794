"""Elastic constants from one long run at constant stress: its plan, and the fluctuations of its cell."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ase import Atoms

from mofglass.analysis.cell_range import chosen_cells
from mofglass.analysis.elastic_result import ElasticityResult
from mofglass.analysis.frame_range import FrameRange, run_advice
from mofglass.analysis.strain_fluctuation import StrainFluctuation
from mofglass.errors import InputError
from mofglass.simulate import Run, RunSettings, hold
from mofglass.simulate.stages import DEFAULT_TIME_STEP_FS, CellFreedom, Thermostat
from mofglass.studies.melt_quench import PlannedRun
from mofglass.trajectory.cell_series import open_cells


@dataclass(frozen=True, kw_only=True)
class ConstantStress:
    """How the cell's fluctuations are sampled.

    Parameters
    ----------
    temperature_K : float
        Temperature, K.
    pressure_bar : float
        Pressure, bar; the formulas hold near zero.
    cell : {"tri", "aniso", "iso"}
        What the barostat moves: ``tri`` for the whole tensor (Castel 2024), ``iso`` for the volume alone.
    equilibrate_ps, sample_ps : float
        Time that is left out, and that is sampled, ps (Castel 2024: 500 and 4500 for the crystal).
    time_step_fs : float
        Time step, fs.
    thermostat : {"nose-hoover", "csvr", "langevin"}
        How temperature is kept.
    """

    temperature_K: float = 300.0
    pressure_bar: float = 0.0
    cell: CellFreedom = "tri"
    equilibrate_ps: float = 500.0
    sample_ps: float = 4500.0
    time_step_fs: float = DEFAULT_TIME_STEP_FS
    thermostat: Thermostat = "nose-hoover"


def plan(
    atoms: Atoms,
    method: ConstantStress,
    directory: str | os.PathLike[str],
    *,
    settings: RunSettings | None = None,
    title: str = "",
) -> list[PlannedRun]:
    """Return the one run.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    method : ConstantStress
        How.
    directory : path
        Parent of ``constant-stress``.
    settings : RunSettings, optional
        Seed and intervals; cells are kept at the thermo interval.
    title : str
        One line for figures.

    Returns
    -------
    list of PlannedRun
        One.
    """
    common: dict[str, Any] = {
        "temperature_K": method.temperature_K,
        "ensemble": "npt",
        "pressure_bar": method.pressure_bar,
        "cell": method.cell,
        "thermostat": method.thermostat,
        "time_step_fs": method.time_step_fs,
    }
    stages = [hold("equilibrate", duration_ps=method.equilibrate_ps, **common)]
    stages.append(hold("sample", duration_ps=method.sample_ps, **common))
    return [
        PlannedRun(
            directory=Path(directory) / "constant-stress",
            atoms=atoms,
            protocol=tuple(stages),
            settings=settings or RunSettings(),
            title=f"{title or atoms.get_chemical_formula()}, constant stress",
            glass_from_ps=method.equilibrate_ps,
            temperature_K=method.temperature_K,
        )
    ]


def analyse(run: Run) -> ElasticityResult:
    """Measure the fluctuations of the cell.

    Parameters
    ----------
    run : Run
        As planned, finished or not.

    Returns
    -------
    ElasticityResult
        The tensor and the bulk modulus from the volume; of a run with ``cell: iso`` the latter alone.

    Raises
    ------
    InputError
        When the sampled stretch has hardly begun.
    """
    advice = run_advice(run.path)
    if advice.temperature_K is None:
        raise InputError(f"{run.path / 'run.yaml'} does not say its temperature under 'analysis'")
    series = open_cells(run.path)
    analysis = StrainFluctuation(advice.temperature_K, mass_u=series.mass_u)
    result = analysis.add_chunks(chosen_cells(series, FrameRange(from_ps=advice.from_ps))).result
    potential = run.info["potential"]
    details = {
        **result.details,
        "potential": potential.get("spec", potential["name"]),
        "runs": [str(run.path)],
    }
    return replace(result, details=details)
