"""Bulk modulus by finite strain: the pressure at a row of volumes, reached one from the other.

Castel 2024 (SI, Finite strain difference method): from the start the cell is deformed at constant shape and
number, 1.5 % of its volume in 100 ps, then held for 100 ps over which the pressure is averaged; and so on.
Compression and expansion start from the same structure with different velocities: two independent branches,
each one run that can be stopped and resumed anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.analysis.statistics import block_average
from mofglass.errors import InputError
from mofglass.potentials import Potential
from mofglass.simulate import Dynamics, Run, RunSettings, create_run, hold
from mofglass.simulate.stages import DEFAULT_TIME_STEP_FS, Thermostat
from mofglass.studies.bulk_modulus_result import BulkModulusResult, PressureVolume
from mofglass.studies.melt_quench import PlannedRun, _existing, for_potential
from mofglass.studies.sampled_rows import sampled_rows
from mofglass.studies.side_by_side import execute_side_by_side
from mofglass.units import BAR_PER_GPA

SAMPLE = "sample"


@dataclass(frozen=True, kw_only=True)
class FiniteStrain:
    """How volumes are reached and pressures measured; the defaults are those of Castel 2024.

    Parameters
    ----------
    temperature_K : float
        Temperature, K.
    step : float
        Change of volume from one to the next, as a fraction.
    n_compress, n_expand : int
        Steps down and up from the first volume.
    prepare_ps : float
        Time at the first volume before it is sampled, ps.
    deform_ps, equilibrate_ps, sample_ps : float
        Length of each deformation, of the rest after it that is not sampled (none in the paper), and of the
        sampling, ps.
    time_step_fs : float
        Time step, fs.
    thermostat : {"nose-hoover", "csvr", "langevin"}
        How temperature is kept.
    """

    temperature_K: float = 300.0
    step: float = 0.015
    n_compress: int = 4
    n_expand: int = 4
    prepare_ps: float = 100.0
    deform_ps: float = 100.0
    equilibrate_ps: float = 0.0
    sample_ps: float = 100.0
    time_step_fs: float = DEFAULT_TIME_STEP_FS
    thermostat: Thermostat = "nose-hoover"

    def __post_init__(self) -> None:
        if not 0 < self.step < 0.2:
            raise InputError(f"a step of {self.step:.1%} in volume: give more than 0 and less than 20 %")
        if min(self.n_compress, self.n_expand) < 0 or self.n_compress + self.n_expand < 2:
            raise InputError("finite strain needs at least two steps, down or up, besides the first volume")

    def protocol(self, n_steps: int, factor: float) -> tuple[Dynamics, ...]:
        """Return the stages of one branch.

        Parameters
        ----------
        n_steps : int
            Steps.
        factor : float
            What the volume is multiplied by at each.

        Returns
        -------
        tuple of Dynamics
            Prepare and sample, then deform, equilibrate and sample for every step.
        """
        common: dict[str, Any] = {
            "temperature_K": self.temperature_K,
            "ensemble": "nvt",
            "thermostat": self.thermostat,
            "time_step_fs": self.time_step_fs,
        }
        stages = []
        if self.prepare_ps > 0:
            stages.append(hold("prepare", duration_ps=self.prepare_ps, **common))
        stages.append(hold(f"{SAMPLE} 0", duration_ps=self.sample_ps, **common))
        for number in range(1, n_steps + 1):
            stages.append(
                hold(f"deform {number}", duration_ps=self.deform_ps, volume_factor=factor, **common)
            )
            if self.equilibrate_ps > 0:
                stages.append(hold(f"equilibrate {number}", duration_ps=self.equilibrate_ps, **common))
            stages.append(hold(f"{SAMPLE} {number}", duration_ps=self.sample_ps, **common))
        return tuple(stages)


def plan(
    atoms: Atoms,
    method: FiniteStrain,
    directory: str | os.PathLike[str],
    *,
    settings: RunSettings | None = None,
    title: str = "",
) -> list[PlannedRun]:
    """Return the two branches, or the one that has steps.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure at the first volume.
    method : FiniteStrain
        How.
    directory : path
        Parent of ``compress`` and ``expand``.
    settings : RunSettings, optional
        Its seed is the first branch's; the second has the next one.
    title : str
        One line for figures.

    Returns
    -------
    list of PlannedRun
        Independent of one another.
    """
    settings, directory = settings or RunSettings(), Path(directory)
    branches = (
        ("compress", method.n_compress, 1 - method.step),
        ("expand", method.n_expand, 1 + method.step),
    )
    return [
        PlannedRun(
            directory=directory / name,
            atoms=atoms,
            protocol=method.protocol(n_steps, factor),
            settings=replace(settings, seed=settings.seed + number),
            title=f"{title or atoms.get_chemical_formula()}, {name}",
            glass_from_ps=method.prepare_ps,
            temperature_K=method.temperature_K,
        )
        for number, (name, n_steps, factor) in enumerate(branches)
        if n_steps
    ]


def execute_plan(
    planned: Sequence[PlannedRun],
    potential: Potential | str,
    *,
    at_once: int | None = None,
    threads: int | None = None,
    walltime_s: float | None = None,
    progress: bool = True,
    study: str = "finite-strain",
) -> list[Run]:
    """Make the runs that are not there yet, side by side; begun ones go on, finished ones are left alone.

    Parameters
    ----------
    planned : sequence of PlannedRun
        From `plan`.
    potential : Potential or str
        The potential, or its name.
    at_once, threads : int, optional
        Runs at a time and threads of each; by default the cores are shared out.
    walltime_s : float, optional
        For all together, s.
    progress : bool
        Whether to show progress.
    study : str
        Kept in the runs' record.

    Returns
    -------
    list of Run
        In the order of the plan.

    Raises
    ------
    InputError
        When a directory holds a run that is not the planned one.
    SimulationError
        When runs failed; the others are taken to their ends first.
    """
    planned = for_potential(planned, potential)
    begun = [_existing(item, potential) for item in planned]
    runs = [
        there
        or create_run(
            item.directory,
            item.atoms,
            potential,
            item.protocol,
            settings=item.settings,
            title=item.title,
            record={
                "study": study,
                "analysis": {"from_ps": item.glass_from_ps, "temperature_K": item.temperature_K},
            },
        )
        for item, there in zip(planned, begun, strict=True)
    ]
    return execute_side_by_side(
        runs, potential, at_once=at_once, threads=threads, walltime_s=walltime_s, progress=progress
    )


def analyse(runs: Sequence[Run | str | os.PathLike[str]]) -> BulkModulusResult:
    """Average the pressure over every sampled stretch and fit the equation of state.

    Parameters
    ----------
    runs : sequence of Run or path
        The branches of one body, finished or not: what has been sampled to its end is used.

    Returns
    -------
    BulkModulusResult
        With the start, which both branches sample, as one point.

    Raises
    ------
    InputError
        When fewer than three volumes have been sampled.
    """
    opened = [run if isinstance(run, Run) else Run(run) for run in runs]
    points: dict[int, list[tuple[float, float, float, bool, str]]] = {}
    notes: list[str] = []
    for run in opened:
        for number, point in _sampled(run):
            key = 0 if number == 0 else round(1e4 * point[0])
            points.setdefault(key, []).append(point)
    if len(points) < 3:
        raise InputError(
            f"{', '.join(str(run.path) for run in opened)}: {len(points)} volumes have been sampled to their "
            "end, an equation of state needs three: let the runs go on"
        )
    merged = sorted(_joined(group, notes) for group in points.values())
    volume, pressure, error, converged, source = zip(*merged, strict=True)
    data = PressureVolume(
        np.array(volume),
        np.array(pressure),
        np.array(error),
        mass_u=float(opened[0].initial.get_masses().sum()),
        source=tuple(source),
        error_converged=np.array(converged),
    )
    info = opened[0].info
    result = BulkModulusResult.of(
        data,
        method="finite strain",
        details={
            "temperature_K": info.get("analysis", {}).get("temperature_K"),
            "potential": info["potential"].get("spec", info["potential"]["name"]),
            "runs": [str(run.path) for run in opened],
            "n_volumes": len(volume),
        },
    )
    return replace(result, notes=(*result.notes, *notes))


def _sampled(run: Run) -> list[tuple[int, tuple[float, float, float, bool, str]]]:
    """Return number, volume, pressure, error, convergence and name of each finished sampling stage."""
    done = run.checkpoint().stage
    names = [str(stage["name"]) for stage in run.info["stages"]][:done]
    found = []
    for name in names:
        if not name.startswith(f"{SAMPLE} "):
            continue
        stretch = sampled_rows(run, name)
        estimate = block_average(stretch["pressure_bar"].to_numpy() / BAR_PER_GPA)
        point = (
            float(stretch["volume_A3"].mean()),
            estimate.mean,
            estimate.error,
            estimate.converged,
            f"{run.path.name}, {name}",
        )
        found.append((int(name.split()[1]), point))
    return found


def _joined(
    group: list[tuple[float, float, float, bool, str]], notes: list[str]
) -> tuple[float, float, float, bool, str]:
    """Join independent pressures at one volume, weighing each by its error."""
    if len(group) == 1:
        return group[0]
    volume, pressure, error = (np.array([point[k] for point in group]) for k in range(3))
    if np.abs(np.diff(pressure)).max() > 4 * np.hypot(*error[:2]):
        notes.append(
            f"the branches start at unlike pressures ({', '.join(f'{p:.3f}' for p in pressure)} GPa at "
            "the same volume): prepare longer"
        )
    weight = 1 / np.maximum(error, 1e-12) ** 2
    return (
        float(volume.mean()),
        float(np.average(pressure, weights=weight)),
        float(weight.sum() ** -0.5),
        all(point[3] for point in group),
        "; ".join(point[4] for point in group),
    )
