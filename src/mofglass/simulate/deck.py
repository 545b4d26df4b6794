"""A protocol compiled into LAMMPS commands.

The engine executes these very lines; written out together they are `deck.lmp`, a readable input that runs
on its own (`lmp -in deck.lmp`) with any LAMMPS that has the styles in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_library import UNITS, LammpsUnits
from mofglass.simulate.stages import Dynamics, Minimise, Protocol, Stage

THERMO_KEYWORDS = "step temp press pe ke etotal vol lx ly lz xy xz yz pxx pyy pzz pyz pxz pxy fmax"
EXTERNAL_FIX = "mofglass_external"
TEXT_TRAJECTORY = "trajectory.lammpstrj"
MAX_SEED = 899_000_000
"""LAMMPS' generators take up to 900 million; the numbers of stage and process are added to a run's seed."""


@dataclass(frozen=True)
class CompiledStage:
    """One stage as LAMMPS commands.

    Parameters
    ----------
    stage : Stage
        Where it comes from.
    variables : dict of str to str
        Equal-style expressions evaluated once, when the stage starts; a resumed stage gets the values
        that it started with.
    setup : tuple of str
        Commands before the run.
    n_steps : int
        Steps to run; 0 for a minimisation.
    time_step_fs : float
        LAMMPS' time step, fs: the outer one with r-RESPA; 0 for a minimisation.
    steps_between : int
        LAMMPS' steps between those at which all forces are known: with r-RESPA these are all.
    is_respa : bool
        Whether LAMMPS' own r-RESPA integrates it, which LAMMPS sets up anew at each ``run``.
    minimise : str
        The minimise command, empty for dynamics.
    teardown : tuple of str
        Commands after the run.
    """

    stage: Stage
    setup: tuple[str, ...]
    teardown: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    n_steps: int = 0
    time_step_fs: float = 0.0
    steps_between: int = 1
    is_respa: bool = False
    minimise: str = ""


def setup_commands(model: LammpsModel, *, data_file: str | None, flexible: bool = False) -> list[str]:
    """Return the commands that define the system and its potential.

    Parameters
    ----------
    model : LammpsModel
        The potential on this structure.
    data_file : str, optional
        Data file to read; None when the particles come from a restart file read before.
    flexible : bool
        Whether a stage frees the angles of the cell.

    Returns
    -------
    list of str
        LAMMPS commands.
    """
    commands = []
    if data_file is not None:
        commands += [
            f"units {model.units}",
            f"atom_style {model.atom_style}",
            "atom_modify map array",
            "boundary p p p",
            *model.before_data,
            f"read_data {data_file} {model.extra_read_data}".strip(),
            *(["change_box all triclinic"] if flexible else []),
        ]
    commands += [*model.after_data, f"group real id <= {model.n_atoms}"]
    if model.calculator is not None:
        commands += [
            f"fix {EXTERNAL_FIX} all external pf/callback 1 1",
            f"fix_modify {EXTERNAL_FIX} energy yes virial yes",
        ]
    commands += [
        f"thermo_style custom {THERMO_KEYWORDS}",
        "thermo_modify format float %.15g lost error flush no",
    ]
    return commands


def frees_tilts(stage: Stage) -> bool:
    """Return whether a stage lets the angles of the cell change.

    Parameters
    ----------
    stage : Stage
        The stage.

    Returns
    -------
    bool
        Then LAMMPS needs a triclinic box from the start: it cannot change its kind under a dump.
    """
    return stage.cell == "tri" and (isinstance(stage, Minimise) or stage.ensemble == "npt")


def compile_stage(stage: Stage, model: LammpsModel, *, tilted: bool, seed: int) -> CompiledStage:
    """Return one stage as LAMMPS commands.

    Parameters
    ----------
    stage : Stage
        The stage.
    model : LammpsModel
        Gives the units, and which forces are slow.
    tilted : bool
        Whether the cell may have tilt factors when the stage starts.
    seed : int
        Seed of a stochastic thermostat.

    Returns
    -------
    CompiledStage
        Commands.

    Raises
    ------
    InputError
        When the stage does not fit the cell, or the model has no slow forces that can be computed less often.
    """
    units = UNITS[model.units]
    if isinstance(stage, Minimise):
        return _compile_minimise(stage, units)
    return _compile_dynamics(stage, model, units, tilted=tilted, seed=seed)


def _compile_minimise(stage: Minimise, units: LammpsUnits) -> CompiledStage:
    setup, teardown = ["min_style cg", "min_modify line quadratic"], []
    if stage.cell != "fixed":
        pressure = stage.pressure_bar / units.pressure_bar
        setup.append(f"fix mofglass_cell all box/relax {stage.cell} {pressure:.10g} vmax 0.002")
        teardown.append("unfix mofglass_cell")
    tolerance = stage.force_tolerance_eV_per_A / units.energy_eV
    return CompiledStage(
        stage=stage,
        setup=tuple(setup),
        teardown=tuple(teardown),
        minimise=f"minimize 0.0 {tolerance:.10g} {stage.max_iterations} {20 * stage.max_iterations}",
    )


def _compile_dynamics(
    stage: Dynamics, model: LammpsModel, units: LammpsUnits, *, tilted: bool, seed: int
) -> CompiledStage:
    step = stage.time_step_fs * 1e-3 / units.time_ps
    temperatures = (
        f"{stage.temperature_K:.10g} {stage.final_temperature_K:.10g} "
        f"{stage.temperature_damping_steps * step:.10g}"
    )
    fixes: dict[str, str] = {}
    if stage.ensemble == "npt":
        barostat = (
            f"{stage.cell} {stage.pressure_bar / units.pressure_bar:.10g} "
            f"{stage.final_pressure_bar / units.pressure_bar:.10g} {stage.pressure_damping_steps * step:.10g}"
        )
        if stage.cell == "tri":
            barostat += " flip no"
        if stage.thermostat == "nose-hoover":
            fixes["mofglass_integrate"] = f"npt temp {temperatures} {barostat}"
        else:
            fixes["mofglass_integrate"] = f"nph {barostat}"
    elif stage.ensemble == "nvt" and stage.thermostat == "nose-hoover":
        fixes["mofglass_integrate"] = f"nvt temp {temperatures}"
    else:
        fixes["mofglass_integrate"] = "nve"
    if stage.ensemble != "nve" and stage.thermostat == "csvr":
        fixes["mofglass_thermostat"] = f"temp/csvr {temperatures} {seed}"
    if stage.ensemble != "nve" and stage.thermostat == "langevin":
        fixes["mofglass_thermostat"] = f"langevin {temperatures} {seed} zero yes"
    variables, deformation = _deformation(stage, tilted=tilted)
    if deformation:
        fixes["mofglass_deform"] = deformation
    every = stage.slow_forces_every or 1
    if every > 1:
        _check_slow_forces(stage, model)
    # A calculator's slow forces come as impulses at every so many steps: see ExternalForces.
    between = every if model.calculator_is_slow else 1
    outer = every // between
    setup, teardown = [f"timestep {outer * step:.10g}"], []
    if outer > 1:
        setup.append(f"run_style respa 2 {outer} {model.respa_levels}")
        teardown.append("run_style verlet")
    return CompiledStage(
        stage=stage,
        variables=variables,
        setup=(*setup, *(f"fix {name} all {style}" for name, style in fixes.items())),
        teardown=(*(f"unfix {name}" for name in reversed(fixes)), *teardown),
        n_steps=between * math.ceil(stage.n_steps / every),
        time_step_fs=outer * stage.time_step_fs,
        steps_between=between,
        is_respa=outer > 1,
    )


def _check_slow_forces(stage: Dynamics, model: LammpsModel) -> None:
    if not (model.respa_levels or model.calculator_is_slow):
        raise InputError(
            f"stage '{stage.name}': slow_forces_every is {stage.slow_forces_every}, and this potential has "
            "no forces that can be computed less often than others, as POD and networks over linker terms "
            "have (committees do not): leave slow_forces_every out, or give 1"
        )
    if stage.thermostat == "langevin" and stage.ensemble != "nve" and not model.calculator_is_slow:
        raise InputError(
            f"stage '{stage.name}': a Langevin thermostat needs all forces at each step, since LAMMPS draws "
            "its noise anew where it sets r-RESPA up: leave slow_forces_every out, or take another thermostat"
        )


def _deformation(stage: Dynamics, *, tilted: bool) -> tuple[dict[str, str], str]:
    """Return the variables and the `fix deform` of a stage; empty where the cell is not deformed."""
    if stage.cubic:
        if tilted:
            raise InputError(f"stage '{stage.name}': only an orthogonal cell can be deformed into a cube")
        variables = {f"mofglass_{axis}": f"vol^(1.0/3.0)/l{axis}" for axis in "xyz"}
        return variables, "deform 1 " + " ".join(f"{axis} scale ${{mofglass_{axis}}}" for axis in "xyz")
    if stage.volume_factor is not None:
        factors: Sequence[float] = [stage.volume_factor ** (1.0 / 3.0)] * 3
    elif stage.edge_factors is not None:
        factors = stage.edge_factors
    else:
        return {}, ""
    edges = " ".join(f"{axis} scale {factor:.12g}" for axis, factor in zip("xyz", factors, strict=True))
    if not tilted:
        return {}, f"deform 1 {edges}"
    # A tilt factor is the component of its vector along the first letter's axis.
    along = {"xy": factors[0], "xz": factors[0], "yz": factors[1]}
    variables = {f"mofglass_{tilt}": f"{tilt}*{factor - 1.0:.12g}" for tilt, factor in along.items()}
    tilts = " ".join(f"{tilt} delta ${{mofglass_{tilt}}}" for tilt in along)
    return variables, f"deform 1 {edges} {tilts} flip no"


def compile_protocol(
    protocol: Protocol,
    model: LammpsModel,
    *,
    tilted: bool,
    seed: int,
    resumed: tuple[int, int] = (0, 0),
) -> tuple[CompiledStage, ...]:
    """Return every stage as LAMMPS commands; one that frees the cell's angles leaves the later ones tilted.

    Parameters
    ----------
    protocol : tuple of Stage
        The stages.
    model : LammpsModel
        Gives the units, and which forces are slow.
    tilted : bool
        Whether the first cell has tilt factors.
    seed : int
        The run's seed.
    resumed : tuple of two ints
        Index of the stage that a resumed run is in, and the steps of it that are done.

    Returns
    -------
    tuple of CompiledStage
        One a stage.
    """
    compiled = []
    for number, stage in enumerate(protocol, start=1):
        steps_done = resumed[1] if number == resumed[0] + 1 else 0
        own_seed = thermostat_seed(seed, number, steps_done)
        compiled.append(compile_stage(stage, model, tilted=tilted, seed=own_seed))
        tilted = tilted or frees_tilts(stage)
    return tuple(compiled)


def thermostat_seed(seed: int, number: int, steps_done: int) -> int:
    """Return the seed of a stage's stochastic thermostat.

    LAMMPS keeps no state of a Langevin thermostat's generator: with the seed that the stage began with, a
    resumed one would have the same noise again.

    Parameters
    ----------
    seed : int
        The run's seed.
    number : int
        The stage, from 1.
    steps_done : int
        Steps of it already done, in a resumed run.

    Returns
    -------
    int
        From 1 to `MAX_SEED` and a little above.
    """
    if steps_done == 0:
        return seed + number
    return 1 + int(np.random.SeedSequence([seed, number, steps_done]).generate_state(1)[0]) % MAX_SEED


def velocity_command(temperature_K: float, seed: int) -> str:
    """Return the command that draws the first velocities from a Maxwell-Boltzmann distribution.

    Parameters
    ----------
    temperature_K : float
        Temperature, K.
    seed : int
        Seed.

    Returns
    -------
    str
        LAMMPS command; total momentum zero.
    """
    return f"velocity all create {temperature_K:.10g} {seed} mom yes rot no dist gaussian"


def deck_text(
    compiled: Sequence[CompiledStage],
    model: LammpsModel,
    *,
    title: str,
    seed: int,
    frame_steps: Sequence[int],
    thermo_steps: Sequence[int],
    atoms: Atoms,
) -> str:
    """Return the whole protocol as one LAMMPS input that runs on its own.

    Parameters
    ----------
    compiled : sequence of CompiledStage
        The stages.
    model : LammpsModel
        The potential on this structure.
    title : str
        First line.
    seed : int
        Seed of the first velocities.
    frame_steps, thermo_steps : sequence of int
        Steps between frames and between thermo lines, one a stage.
    atoms : ase.Atoms
        The structure, for the comment.

    Returns
    -------
    str
        Text of `deck.lmp`.
    """
    lines = [
        f"# {title}",
        f"# {atoms.get_chemical_formula()}, {model.n_atoms} atoms; written by mofglass.",
        "# mofglass runs these lines in process and writes trajectory.h5 itself. To run them with your own",
        "# LAMMPS:  mpiexec -n 4 lmp -in deck.lmp -sf omp -pk omp 1",
    ]
    if model.calculator is not None:
        lines += [f"# {line}" for line in model.deck_note]
    flexible = any(frees_tilts(stage.stage) for stage in compiled)
    lines += ["", *setup_commands(model, data_file="system.data", flexible=flexible)]
    moving, dumping, steps_done = False, False, 0
    for number, (stage, frames, thermo) in enumerate(
        zip(compiled, frame_steps, thermo_steps, strict=True), start=1
    ):
        lines += ["", f"# Stage {number} of {len(compiled)}, {stage.stage.name}: {stage.stage.describe()}"]
        if stage.minimise:
            # A minimisation takes no time: the step counter goes back, which LAMMPS allows without dumps.
            lines += ["undump trajectory"] if dumping else []
            dumping = False
            lines += [*stage.setup, stage.minimise, f"reset_timestep {steps_done}", *stage.teardown]
            continue
        if not moving:
            assert isinstance(stage.stage, Dynamics)
            lines.append(velocity_command(stage.stage.temperature_K, seed))
        if not dumping:
            lines += [
                f"dump trajectory real custom {frames} {TEXT_TRAJECTORY} id type xu yu zu",
                f"dump_modify trajectory sort id append {'yes' if moving else 'no'}",
            ]
        moving = dumping = True
        lines += [f"variable {name} equal $({text}:%.15g)" for name, text in stage.variables.items()]
        lines += [*stage.setup, f"thermo {thermo}", f"dump_modify trajectory every {frames}"]
        lines += [f"run {stage.n_steps}", *stage.teardown]
        steps_done += stage.n_steps
    lines += ["", "write_restart final.restart", ""]
    return "\n".join(lines)
