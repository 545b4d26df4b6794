"""Stages and protocols: what is done to a structure, in the order it is done.

A protocol is a tuple of stages. Each stage is data: it can be written to YAML, read back, and compiled
into a LAMMPS deck (`mofglass.simulate.deck`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from mofglass.errors import InputError
from mofglass.potentials.base import Potential
from mofglass.simulate.hydrogen_mass import stretch_period_ratio

Ensemble = Literal["nve", "nvt", "npt"]
Thermostat = Literal["nose-hoover", "csvr", "langevin"]
CellFreedom = Literal["iso", "aniso", "tri"]

DEFAULT_TIME_STEP_FS = 0.5
DEFAULT_TEMPERATURE_DAMPING_STEPS = 100
DEFAULT_PRESSURE_DAMPING_STEPS = 1000


@dataclass(frozen=True, kw_only=True)
class Minimise:
    """Relax positions, and the cell where `cell` is not ``"fixed"``, to a local minimum of the energy.

    It takes no simulation time and adds no frame.

    Parameters
    ----------
    name : str
        What the stage is called in tables and figures.
    cell : {"fixed", "iso", "aniso", "tri"}
        Which cell parameters relax.
    pressure_bar : float
        Target pressure when the cell relaxes, bar.
    force_tolerance_eV_per_A : float
        Norm of the global force vector at which it stops, eV/Å.
    max_iterations : int
        Iterations at most.
    """

    name: str = "minimise"
    cell: Literal["fixed", "iso", "aniso", "tri"] = "fixed"
    pressure_bar: float = 0.0
    force_tolerance_eV_per_A: float = 1e-3
    max_iterations: int = 2000

    def __post_init__(self) -> None:
        _require_types(self)
        _require(self.cell in ("fixed", "iso", "aniso", "tri"), self, f"cell '{self.cell}' is not known")
        _require(self.force_tolerance_eV_per_A > 0, self, "force_tolerance_eV_per_A must be positive")
        _require(self.max_iterations > 0, self, "max_iterations must be positive")

    def describe(self) -> str:
        """Return the stage in a few words.

        Returns
        -------
        str
            For tables and the deck's comments.
        """
        cell = "fixed cell" if self.cell == "fixed" else f"{self.cell} cell at {self.pressure_bar:g} bar"
        return f"minimise the energy, {cell}"


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """Molecular dynamics for a stated time: a hold, a linear ramp, or a deformation of the cell.

    Parameters
    ----------
    name : str
        What the stage is called in tables and figures.
    duration_ps : float
        Length, ps.
    temperature_K : float
        Target temperature at the start, K. For NVE it only sets the first velocities.
    end_temperature_K : float, optional
        Target at the end, K, reached linearly; the same as the start by default.
    ensemble : {"nve", "nvt", "npt"}
        Which variables are constant.
    thermostat : {"nose-hoover", "csvr", "langevin"}
        Nosé-Hoover chain, canonical sampling by velocity rescaling (Bussi 2007), or Langevin.
    pressure_bar, end_pressure_bar : float, optional
        Target pressure at the start and end, bar (NPT).
    cell : {"iso", "aniso", "tri"}
        Cell parameters the barostat moves (NPT).
    time_step_fs : float
        Time step, fs.
    slow_forces_every : int, optional
        Time steps between computations of the slow forces (r-RESPA, Tuckerman, Berne and Martyna, J. Chem.
        Phys. 97, 1990 (1992)): those of the learned part, where the linkers have bonded terms of their own.
        By default what the potential bears, see `with_slow_forces`.
    temperature_damping_steps, pressure_damping_steps : float
        Relaxation times, in time steps (Castel 2024, Mendez 2024: 100 and 1000).
    volume_factor : float, optional
        Deform the cell at constant shape, linearly in its edges, to this multiple of the volume that it
        has when the stage starts (NVE, NVT).
    edge_factors : tuple of three floats, optional
        Deform the three cell edges to these multiples (NVE, NVT).
    cubic : bool
        Deform an orthogonal cell, at constant volume, into a cube (Mendez 2024's shape constraint; NVE, NVT).
    """

    name: str
    duration_ps: float
    temperature_K: float
    end_temperature_K: float | None = None
    ensemble: Ensemble = "nvt"
    thermostat: Thermostat = "nose-hoover"
    pressure_bar: float = 0.0
    end_pressure_bar: float | None = None
    cell: CellFreedom = "iso"
    time_step_fs: float = DEFAULT_TIME_STEP_FS
    slow_forces_every: int | None = None
    temperature_damping_steps: float = DEFAULT_TEMPERATURE_DAMPING_STEPS
    pressure_damping_steps: float = DEFAULT_PRESSURE_DAMPING_STEPS
    volume_factor: float | None = None
    edge_factors: tuple[float, float, float] | None = None
    cubic: bool = False

    def __post_init__(self) -> None:
        _require_types(self)
        if self.edge_factors is not None:
            object.__setattr__(self, "edge_factors", tuple(float(factor) for factor in self.edge_factors))
        _require(self.ensemble in ("nve", "nvt", "npt"), self, f"ensemble '{self.ensemble}' is not known")
        _require(
            self.thermostat in ("nose-hoover", "csvr", "langevin"),
            self,
            f"thermostat '{self.thermostat}' is not known",
        )
        _require(self.cell in ("iso", "aniso", "tri"), self, f"cell '{self.cell}' is not known")
        _require(self.time_step_fs > 0, self, "time_step_fs must be positive")
        every = 1 if self.slow_forces_every is None else self.slow_forces_every
        _require(every >= 1, self, "slow_forces_every must be 1, 2 or more steps")
        _require(self.n_steps >= 1, self, f"duration_ps {self.duration_ps:g} is less than one time step")
        _require(
            self.temperature_K >= 0 and self.final_temperature_K >= 0, self, "temperatures must be >= 0 K"
        )
        _require(
            self.ensemble == "nve" or min(self.temperature_K, self.final_temperature_K) > 0,
            self,
            "a thermostat needs temperatures above 0 K",
        )
        _require(
            min(self.temperature_damping_steps, self.pressure_damping_steps) > 0,
            self,
            "damping times must be positive",
        )
        given = [self.volume_factor is not None, self.edge_factors is not None, self.cubic]
        _require(sum(given) <= 1, self, "give one of volume_factor, edge_factors and cubic")
        _require(not (any(given) and self.ensemble == "npt"), self, "a deformed cell cannot have a barostat")
        factors = (1.0, self.volume_factor or 1.0, *(self.edge_factors or ()))
        _require(self.volume_factor != 0 and min(factors) > 0, self, "deformation factors must be positive")

    @property
    def final_temperature_K(self) -> float:
        """Target temperature at the end, K."""
        return self.temperature_K if self.end_temperature_K is None else self.end_temperature_K

    @property
    def final_pressure_bar(self) -> float:
        """Target pressure at the end, bar."""
        return self.pressure_bar if self.end_pressure_bar is None else self.end_pressure_bar

    @property
    def deforms(self) -> bool:
        """Whether the cell is deformed at a stated rate."""
        return self.cubic or self.volume_factor is not None or self.edge_factors is not None

    @property
    def n_steps(self) -> int:
        """Number of time steps."""
        return round(self.duration_ps * 1e3 / self.time_step_fs)

    def describe(self) -> str:
        """Return the stage in a few words.

        Returns
        -------
        str
            For tables and the deck's comments.
        """
        start, end = self.temperature_K, self.final_temperature_K
        words = [f"{self.ensemble.upper()}", f"{start:g} K" if start == end else f"{start:g} -> {end:g} K"]
        if self.ensemble == "npt":
            words.append(f"{self.cell} {self.pressure_bar:g} -> {self.final_pressure_bar:g} bar")
        if self.ensemble != "nve":
            words.append(self.thermostat)
        if self.cubic:
            words.append("cell deformed to a cube")
        if self.volume_factor is not None:
            words.append(f"volume times {self.volume_factor:g}")
        if self.edge_factors is not None:
            words.append("edges times " + ", ".join(f"{factor:g}" for factor in self.edge_factors))
        words.append(f"{self.duration_ps:g} ps in steps of {self.time_step_fs:g} fs")
        if (self.slow_forces_every or 1) > 1:
            words.append(f"slow forces every {self.slow_forces_every} steps")
        return ", ".join(words)


Stage = Minimise | Dynamics
Protocol = tuple[Stage, ...]


def _require(condition: bool, stage: Stage, message: str) -> None:
    if not condition:
        raise InputError(f"stage '{stage.name}': {message}")


def _require_types(stage: Stage) -> None:
    """Raise where a number is none or not finite: YAML has `.nan`, `.inf`, words and empty values."""
    for field in fields(stage):
        value, kind = getattr(stage, field.name), str(field.type)
        if value is None and "None" in kind:
            continue
        if kind.startswith("float"):
            _require(_is_number(value), stage, f"{field.name} must be a finite number, not {value!r}")
        elif kind.startswith("int"):
            whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
            _require(whole, stage, f"{field.name} must be a whole number, not {value!r}")
        elif kind == "bool":
            known = isinstance(value, bool | np.bool_)
            _require(known, stage, f"{field.name} must be true or false, not {value!r}")
        elif kind.startswith("tuple"):
            several = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
            three = several and len(value) == 3 and all(_is_number(factor) for factor in value)
            _require(three, stage, f"{field.name} must be three finite numbers, not {value!r}")


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return real and math.isfinite(value)


def refuse_idle_fields(protocol: Sequence[Stage]) -> None:
    """Refuse fields that say something and mean nothing in the ensemble of their stage.

    New runs are asked this; one begun before goes on as it began.

    Parameters
    ----------
    protocol : sequence of Stage
        The stages.

    Raises
    ------
    InputError
        For a barostat's field without ``npt``, a thermostat's or a ramp's in ``nve``, or the pressure of a
        minimisation in a fixed cell.
    """
    for stage in protocol:
        if isinstance(stage, Minimise):
            idle = {"pressure_bar": "with a fixed cell"} if stage.cell == "fixed" else {}
        else:
            barostat = ("pressure_bar", "end_pressure_bar", "cell", "pressure_damping_steps")
            thermostat = ("end_temperature_K", "thermostat", "temperature_damping_steps")
            idle = dict.fromkeys(barostat, "without ensemble: npt") if stage.ensemble != "npt" else {}
            idle |= dict.fromkeys(thermostat, "with ensemble: nve") if stage.ensemble == "nve" else {}
        for field in fields(stage):
            if field.name in idle and getattr(stage, field.name) != field.default:
                where = idle[field.name]
                raise InputError(f"stage '{stage.name}': {field.name} means nothing {where}: leave it out")


def hold(name: str, *, duration_ps: float, temperature_K: float, **options: Any) -> Dynamics:
    """Return a stage at constant temperature.

    Parameters
    ----------
    name : str
        What the stage is called.
    duration_ps : float
        Length, ps.
    temperature_K : float
        Temperature, K.
    **options
        Any other field of `Dynamics`.

    Returns
    -------
    Dynamics
        The stage.
    """
    return Dynamics(name=name, duration_ps=duration_ps, temperature_K=temperature_K, **options)


def ramp(
    name: str,
    *,
    from_K: float,
    to_K: float,
    rate_K_per_ps: float,
    fine_above_K: float | None = None,
    fine_time_step_fs: float = 0.25,
    **options: Any,
) -> Protocol:
    """Return a linear temperature ramp, in two stages where it crosses the limit of the finer time step.

    Parameters
    ----------
    name : str
        What the stages are called; the finer part is called ``name + " (fine)"``.
    from_K, to_K : float
        Temperatures, K.
    rate_K_per_ps : float
        Heating or cooling rate, K/ps (its sign does not matter).
    fine_above_K : float, optional
        Above this temperature the time step is `fine_time_step_fs`, where the other is not as fine (Castel
        2024: 1500 K, Mendez 2024: 700 K).
    fine_time_step_fs : float
        The finer time step, fs.
    **options
        Any other field of `Dynamics`.

    Returns
    -------
    tuple of Dynamics
        One or two stages.

    Raises
    ------
    InputError
        When the rate is zero or the temperatures are equal.
    """
    rate = abs(rate_K_per_ps)
    if rate == 0 or from_K == to_K:
        raise InputError(f"stage '{name}': a ramp needs two temperatures and a rate above 0 K/ps")
    if fine_time_step_fs >= options.get("time_step_fs", DEFAULT_TIME_STEP_FS):
        fine_above_K = None  # its time step is fine enough everywhere

    def part(start: float, end: float) -> Dynamics:  # numpydoc ignore=GL08
        fine = fine_above_K is not None and max(start, end) > fine_above_K
        extra = {"time_step_fs": fine_time_step_fs} if fine else {}
        crosses = fine_above_K is not None and min(from_K, to_K) < fine_above_K < max(from_K, to_K)
        return Dynamics(
            name=f"{name} (fine)" if fine and crosses else name,
            duration_ps=abs(end - start) / rate,
            temperature_K=start,
            end_temperature_K=end,
            **{**options, **extra},
        )

    if fine_above_K is None or not min(from_K, to_K) < fine_above_K < max(from_K, to_K):
        return (part(from_K, to_K),)
    return (part(from_K, fine_above_K), part(fine_above_K, to_K))


def with_slow_forces(
    protocol: Protocol,
    potential: Potential,
    every: int | None = None,
    hydrogen_mass_u: float | None = None,
) -> Protocol:
    """Say in each stage how often slow forces are computed, where it does not say so itself.

    Parameters
    ----------
    protocol : tuple of Stage
        The stages.
    potential : Potential
        What it bears at time steps up to `DEFAULT_TIME_STEP_FS` holds for these, and with heavier hydrogen
        for as much longer ones as its vibrations take longer. Others, and Langevin thermostats, of which
        LAMMPS draws the noise anew where it sets r-RESPA up, have all forces at each step.
    every : int, optional
        What is asked for instead, whatever the time step.
    hydrogen_mass_u : float, optional
        Mass of hydrogen, u; the real one by default.

    Returns
    -------
    tuple of Stage
        Each stage of dynamics has its number.
    """
    slower = 1.0 if hydrogen_mass_u is None else stretch_period_ratio(hydrogen_mass_u)
    longest_fs = DEFAULT_TIME_STEP_FS * slower

    def number(stage: Dynamics) -> int:  # numpydoc ignore=GL08
        short = stage.time_step_fs <= longest_fs and stage.thermostat != "langevin"
        return every or (potential.slow_forces_every if short else 1)

    return tuple(
        replace(stage, slow_forces_every=number(stage))
        if isinstance(stage, Dynamics) and stage.slow_forces_every is None
        else stage
        for stage in protocol
    )


def to_yaml_list(protocol: Sequence[Stage]) -> list[dict[str, Any]]:
    """Return a protocol as plain data, fields at their defaults left out.

    Parameters
    ----------
    protocol : sequence of Stage
        The stages; all forces at each step is what one without `slow_forces_every` says here.

    Returns
    -------
    list of dict
        One a stage; `from_yaml_list` gives the protocol back.
    """
    rows = []
    for stage in protocol:
        defaults = {field.name: field.default for field in fields(stage)}
        row: dict[str, Any] = {"stage": "minimise" if isinstance(stage, Minimise) else "dynamics"}
        for key, value in asdict(stage).items():
            if key == "slow_forces_every" and value == 1:
                continue
            if key == "name" or value != defaults[key]:
                row[key] = list(value) if isinstance(value, tuple) else value
        rows.append(row)
    return rows


def from_yaml_list(rows: Sequence[Mapping[str, Any]], *, source: str = "protocol") -> Protocol:
    """Return the protocol written as plain data.

    Parameters
    ----------
    rows : sequence of mapping
        One a stage: ``stage: minimise`` or ``stage: dynamics``, and the fields of that class.
    source : str
        Where it comes from, for error messages.

    Returns
    -------
    tuple of Stage
        The protocol.

    Raises
    ------
    InputError
        For an unknown kind of stage or field, or a value of the wrong type.
    """
    kinds: dict[str, type[Minimise] | type[Dynamics]] = {"minimise": Minimise, "dynamics": Dynamics}
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise InputError(f"{source}: 'stages' must be a list of stages")
    stages: list[Stage] = []
    for number, row in enumerate(rows, start=1):
        where = f"{source}, stage {number}"
        if not isinstance(row, Mapping):
            raise InputError(f"{where}: expected 'field: value' lines")
        settings = dict(row)
        kind = str(settings.pop("stage", "dynamics"))
        if kind not in kinds:
            raise InputError(f"{where}: '{kind}' is not one of {', '.join(kinds)}")
        known = {field.name: field for field in fields(kinds[kind])}
        for key in settings:
            if key not in known:
                raise InputError(f"{where}: no field '{key}'; the fields are {', '.join(known)}")
        for key, field in known.items():
            if field.default is MISSING and key not in settings:
                raise InputError(f"{where}: {key} is missing")
        try:
            stages.append(kinds[kind](**settings))
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
    return tuple(stages)
