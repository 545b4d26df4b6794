"""A protocol compiled into LAMMPS commands.

The engine executes these very lines; written out together they are `deck.lmp`, a readable input that runs
on its own (`lmp -in deck.lmp`) with any LAMMPS that has the styles in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel
from mofglass.simulate.lammps_library import UNITS, LammpsUnits
from mofglass.simulate.stages import Dynamics, Minimise, Protocol, Stage

THERMO_KEYWORDS = "step temp press pe ke etotal vol lx ly lz xy xz yz fmax"
EXTERNAL_FIX = "mofglass_external"
TEXT_TRAJECTORY = "trajectory.lammpstrj"


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
    minimise: str = ""


def setup_commands(model: LammpsModel, *, data_file: str | None) -> list[str]:
    """Return the commands that define the system and its potential.

    Parameters
    ----------
    model : LammpsModel
        The potential on this structure.
    data_file : str, optional
        Data file to read; None when the particles come from a restart file read before.

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


def compile_stage(stage: Stage, model: LammpsModel, *, triclinic: bool, seed: int) -> CompiledStage:
    """Return one stage as LAMMPS commands.

    Parameters
    ----------
    stage : Stage
        The stage.
    model : LammpsModel
        Gives the units.
    triclinic : bool
        Whether the cell has tilt factors in LAMMPS.
    seed : int
        Seed of a stochastic thermostat.

    Returns
    -------
    CompiledStage
        Commands.

    Raises
    ------
    InputError
        When the stage does not fit the cell.
    """
    units = UNITS[model.units]
    if isinstance(stage, Minimise):
        return _compile_minimise(stage, units)
    return _compile_dynamics(stage, units, triclinic=triclinic, seed=seed)


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


def _compile_dynamics(stage: Dynamics, units: LammpsUnits, *, triclinic: bool, seed: int) -> CompiledStage:
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
    variables, deformation = _deformation(stage, triclinic=triclinic)
    if deformation:
        fixes["mofglass_deform"] = deformation
    setup = [f"timestep {step:.10g}"]
    if stage.ensemble == "npt" and stage.cell == "tri" and not triclinic:
        setup.append("change_box all triclinic")
    return CompiledStage(
        stage=stage,
        variables=variables,
        setup=(*setup, *(f"fix {name} all {style}" for name, style in fixes.items())),
        teardown=tuple(f"unfix {name}" for name in reversed(fixes)),
        n_steps=stage.n_steps,
    )


def _deformation(stage: Dynamics, *, triclinic: bool) -> tuple[dict[str, str], str]:
    """Return the variables and the `fix deform` of a stage; empty where the cell is not deformed."""
    if stage.cubic:
        if triclinic:
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
    if not triclinic:
        return {}, f"deform 1 {edges}"
    # A tilt factor is the component of its vector along the first letter's axis.
    along = {"xy": factors[0], "xz": factors[0], "yz": factors[1]}
    variables = {f"mofglass_{tilt}": f"{tilt}*{factor - 1.0:.12g}" for tilt, factor in along.items()}
    tilts = " ".join(f"{tilt} delta ${{mofglass_{tilt}}}" for tilt in along)
    return variables, f"deform 1 {edges} {tilts} flip no"


def compile_protocol(
    protocol: Protocol, model: LammpsModel, *, triclinic: bool, seed: int
) -> tuple[CompiledStage, ...]:
    """Return every stage as LAMMPS commands; a fully flexible barostat makes the later stages triclinic.

    Parameters
    ----------
    protocol : tuple of Stage
        The stages.
    model : LammpsModel
        Gives the units.
    triclinic : bool
        Whether the first cell has tilt factors.
    seed : int
        The run's seed; stage k uses ``seed + k``.

    Returns
    -------
    tuple of CompiledStage
        One a stage.
    """
    compiled = []
    for number, stage in enumerate(protocol, start=1):
        compiled.append(compile_stage(stage, model, triclinic=triclinic, seed=seed + number))
        if isinstance(stage, Dynamics) and stage.ensemble == "npt" and stage.cell == "tri":
            triclinic = True
        if isinstance(stage, Minimise) and stage.cell == "tri" and not triclinic:
            raise InputError(f"stage '{stage.name}': an orthogonal cell relaxes with cell 'aniso', not 'tri'")
    return tuple(compiled)


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
        lines.append("# This potential is an ASE calculator: outside mofglass, put your own pair_style here.")
    lines += ["", *setup_commands(model, data_file="system.data")]
    lines.append(
        f"dump trajectory real custom {max(frame_steps, default=1) or 1} {TEXT_TRAJECTORY} id type xu yu zu"
    )
    lines.append("dump_modify trajectory sort id")
    moving, steps_done = False, 0
    for number, (stage, frames, thermo) in enumerate(
        zip(compiled, frame_steps, thermo_steps, strict=True), start=1
    ):
        lines += ["", f"# Stage {number} of {len(compiled)}, {stage.stage.name}: {stage.stage.describe()}"]
        if not stage.minimise and not moving:
            assert isinstance(stage.stage, Dynamics)
            lines.append(velocity_command(stage.stage.temperature_K, seed))
            moving = True
        lines += [
            f"variable {name} equal $({expression}:%.15g)" for name, expression in stage.variables.items()
        ]
        lines += stage.setup
        if stage.minimise:
            lines += [stage.minimise, f"reset_timestep {steps_done}"]
        else:
            lines += [f"thermo {thermo}", f"dump_modify trajectory every {frames}", f"run {stage.n_steps}"]
        steps_done += stage.n_steps
        lines += stage.teardown
    lines += ["", "write_restart final.restart", ""]
    return "\n".join(lines)
