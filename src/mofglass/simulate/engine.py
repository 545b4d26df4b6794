"""The engine: takes a run from its last checkpoint to its end with LAMMPS, in this process.

LAMMPS advances a few steps at a time; between, the engine reads the state, checks the guards, keeps frames
and commits checkpoints. Ramps are continuous all the same: each piece names the start and stop of its stage.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import cell_to_cellpar

from mofglass.errors import MofglassError, SimulationError
from mofglass.frame import Frame
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_library import UNITS, start_lammps
from mofglass.simulate.deck import CompiledStage, frees_tilts, setup_commands, velocity_command
from mofglass.simulate.external import ExternalForces, box_cell
from mofglass.simulate.guards import where_forces_are_largest
from mofglass.simulate.progress import RunProgress
from mofglass.simulate.ranks import Ranks
from mofglass.simulate.recorder import Recorder
from mofglass.simulate.run import SPREAD_COLUMNS, STRESS_COLUMNS, Checkpoint, Run
from mofglass.simulate.settings import RunSettings
from mofglass.simulate.stages import Dynamics
from mofglass.units import BAR_PER_GPA, density_g_per_cm3

MAX_HELD_BYTES = 64 * 2**20

FIRST_STEPS = 1000
"""What breaks within so many steps is a matter of the time step or of the structure."""


class Stopped(Exception):
    """The user, the clock or the queue asked the run to stop; it is at a checkpoint."""


class Unstable(SimulationError):
    """The dynamics broke in its first steps: to go on from there leads to the same.

    Parameters
    ----------
    reason : str
        What broke, and when.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}: choose a smaller --time-step (time_step_fs) or relax the structure first"
        )


class Engine:
    """Runs a compiled protocol in a run directory.

    Parameters
    ----------
    run : Run
        The directory, locked by the caller.
    atoms : ase.Atoms
        The structure, real atoms only.
    model : LammpsModel
        The potential on it.
    compiled : tuple of CompiledStage
        The protocol.
    settings : RunSettings
        Intervals, seed, guards.
    threads : int
        OpenMP threads.
    walltime_s : float, optional
        Stop at a checkpoint after this wall time, s.
    progress : bool
        Whether to show progress.
    """

    def __init__(
        self,
        run: Run,
        *,
        atoms: Atoms,
        model: LammpsModel,
        compiled: tuple[CompiledStage, ...],
        settings: RunSettings,
        threads: int = 1,
        walltime_s: float | None = None,
        progress: bool = True,
    ) -> None:
        self._run = run
        self._model = model
        self._compiled = compiled
        self._settings = settings
        self._units = UNITS[model.units]
        self._numbers = np.asarray(atoms.numbers)
        self._mass_u = float(atoms.get_masses().sum())
        self._deadline = None if walltime_s is None else time.monotonic() + walltime_s
        self._signal = ""
        self._unheeded: signal.Signals | None = None
        self._lammps = start_lammps(threads=threads, log=run.path / "log.lammps")
        self.ranks = Ranks(self._lammps)
        self._recorder = Recorder(run, self._numbers)
        self._progress_enabled = progress and self.ranks.first
        targets = [
            (item.stage.temperature_K, item.stage.final_temperature_K)
            for item in compiled
            if isinstance(item.stage, Dynamics)
        ]
        self._highest_K = max((max(pair) for pair in targets), default=0.0)
        self._in_first_steps = False

    def close(self) -> None:
        """Free LAMMPS, and hand on a signal that came too late to stop the run."""
        self._lammps.close()
        if self._unheeded is not None and self.ranks.size == 1:
            signal.raise_signal(self._unheeded)

    def execute(self) -> None:
        """Run from the last checkpoint to the end.

        Raises
        ------
        Stopped
            When asked to stop; the run can be resumed.
        SimulationError
            When a guard or LAMMPS stopped it; the good frames are kept.
        """
        checkpoint = self._recorder.checkpoint
        total = sum(stage.n_steps for stage in self._compiled)
        if self.ranks.first:
            self._recorder.drop_uncommitted()
        self.ranks.share(None)
        if checkpoint.merged:
            return
        with (
            _working_directory(self._run.path),
            self._signals(),
            RunProgress(
                total_steps=max(total, 1), done_steps=checkpoint.step, enabled=self._progress_enabled
            ) as self._progress,
        ):
            try:
                self._set_up(checkpoint)
                for index in range(checkpoint.stage, len(self._compiled)):
                    self._run_stage(index)
                if self.ranks.first:
                    self._recorder.finish()
            except Stopped:
                self._unheeded = None
                raise
            except Exception as error:
                if self.ranks.first and not isinstance(error, OSError):
                    self._recorder.keep_uncommitted()
                self._raise_calculator_error()
                if isinstance(error, MofglassError | OSError):
                    raise
                raise self._broken(_lammps_message(error)) from error

    def _broken(self, reason: str) -> SimulationError:
        return Unstable(reason) if self._in_first_steps else SimulationError(reason)

    def _raise_calculator_error(self) -> None:
        if self._external is not None:
            self._external.raise_error()

    def _set_up(self, checkpoint: Checkpoint) -> None:
        """Bring particles, potential and clock to the last checkpoint."""
        self._external: ExternalForces | None = None
        if checkpoint.restart:
            self._lammps.command(f"read_restart {checkpoint.restart}")
            commands = setup_commands(self._model, data_file=None)
        else:
            flexible = any(frees_tilts(compiled.stage) for compiled in self._compiled)
            commands = setup_commands(self._model, data_file="system.data", flexible=flexible)
        self._commands(commands)
        if self._model.calculator is not None:
            if self.ranks.size > 1:
                raise SimulationError("an ASE calculator runs on one process: use --processes 1")
            self._external = ExternalForces(
                self._lammps, self._model.calculator(), self._numbers, self._units
            )
        self._initial_volume_A3 = checkpoint.initial_volume_A3 or self._volume()

    def _volume(self) -> float:
        return float(abs(np.linalg.det(box_cell(self._lammps))))

    def _commands(self, commands: list[str] | tuple[str, ...]) -> None:
        for command in commands:
            self._lammps.command(command)

    def _run_stage(self, index: int) -> None:
        compiled = self._compiled[index]
        place = replace(self._recorder.checkpoint, initial_volume_A3=self._initial_volume_A3)
        assert place.stage == index
        if self._external is not None:
            self._external.every = compiled.steps_between
            self._external.first_step = place.stage_start_step
        if place.step == place.stage_start_step:
            place = replace(place, variables=self._evaluate(compiled.variables))
        for name, value in place.variables.items():
            self._lammps.command(f"variable {name} equal {value:.15g}")
        if compiled.minimise:
            self._minimise(compiled, place)
        else:
            self._dynamics(compiled, place, first=place.step == 0 and self._recorder.n_frames == 0)

    def _evaluate(self, expressions: dict[str, str]) -> dict[str, float]:
        values = {}
        if expressions:
            self._lammps.command("run 0 post no")
        for name, expression in expressions.items():
            self._lammps.command(f"variable {name} equal {expression}")
            values[name] = float(self._lammps.extract_variable(name))
        return values

    def _minimise(self, compiled: CompiledStage, place: Checkpoint) -> None:
        self._commands(["thermo 50", *compiled.setup, compiled.minimise])
        self._raise_calculator_error()
        self._commands([*compiled.teardown, f"reset_timestep {place.step}"])
        last = place.stage == len(self._compiled) - 1
        if last and self._recorder.n_frames == 0:
            self._lammps.command("run 0 post no")
            self._observe(compiled, place, place.step, row=True, frame=True)
        self._commit(replace(place, stage=place.stage + 1))

    def _dynamics(self, compiled: CompiledStage, place: Checkpoint, *, first: bool) -> None:
        assert isinstance(compiled.stage, Dynamics)
        begin, end = place.stage_start_step, place.stage_start_step + compiled.n_steps
        rows, frames = self._settings.thermo_steps(compiled), self._settings.frame_steps(compiled)
        step, committed_s = place.step, time.monotonic()
        if first and compiled.stage.temperature_K > 0:
            self._lammps.command(velocity_command(compiled.stage.temperature_K, self._settings.seed))
        # One thermo line a piece, at its end: `last_thermo` then holds the state of this very step.
        self._commands([*compiled.setup, f"thermo {max(rows, 1)}"])
        self._in_first_steps = step < FIRST_STEPS
        if first:
            self._lammps.command(f"run 0 post no start {begin} stop {end}")
            self._observe(compiled, place, step, row=True, frame=True)
        set_up = True
        self._lammps.command("log none")
        while step < end:
            self._in_first_steps = step < FIRST_STEPS
            piece = min(_to_next(step - begin, rows), _to_next(step - begin, frames), end - step)
            self._lammps.command(
                f"run {piece} pre {'yes' if set_up else 'no'} post no start {begin} stop {end}"
            )
            set_up = compiled.is_respa
            step += piece
            done = step - begin
            self._observe(
                compiled,
                place,
                step,
                row=done % rows == 0 or step == end,
                frame=done % frames == 0 or step == end,
            )
            reason = self.ranks.share(self._stop_reason())
            due = self.ranks.share(
                time.monotonic() - committed_s > self._settings.checkpoint_interval_s
                or self._recorder.held_bytes > MAX_HELD_BYTES
            )
            if step < end and (reason or due):
                self._commit(replace(place, step=step, time_ps=self._time_ps(compiled, place, step)))
                # Writing a restart reorders atoms, so the next piece sets up afresh, as a resumed run does.
                set_up, committed_s = True, time.monotonic()
            if reason and step < end:
                raise Stopped(reason)
        self._lammps.command("log log.lammps append")
        self._commands(compiled.teardown)
        time_ps = self._time_ps(compiled, place, end)
        self._commit(
            replace(
                place,
                stage=place.stage + 1,
                step=end,
                stage_start_step=end,
                stage_start_ps=time_ps,
                time_ps=time_ps,
                variables={},
            )
        )
        reason = self.ranks.share(self._stop_reason())
        if reason and place.stage + 1 < len(self._compiled):
            raise Stopped(reason)

    @staticmethod
    def _time_ps(compiled: CompiledStage, place: Checkpoint, step: int) -> float:
        return round(place.stage_start_ps + (step - place.stage_start_step) * compiled.time_step_fs * 1e-3, 9)

    def _observe(
        self, compiled: CompiledStage, place: Checkpoint, step: int, *, row: bool, frame: bool
    ) -> None:
        """Read the state at this step, judge it, and keep it."""
        self._raise_calculator_error()
        stage = compiled.stage
        time_ps = self._time_ps(compiled, place, step)
        entry = self._thermo_row(step, time_ps, stage.name)
        reason = self._settings.guards.judge_thermo(
            {key: value for key, value in entry.items() if isinstance(value, float)},
            highest_target_K=self._highest_K,
            initial_volume_A3=self._initial_volume_A3,
            where=lambda: where_forces_are_largest(self._frame(step, time_ps), self._forces()),
        )
        snapshot = None
        if frame and reason is None:
            snapshot = self._frame(step, time_ps)
            if self.ranks.first:
                reason = self._settings.guards.judge_frame(snapshot)
            reason = self.ranks.share(reason)
        if reason is not None:
            raise self._broken(f"at {time_ps:g} ps (step {step}, stage '{stage.name}'): {reason}")
        if row and self.ranks.first:
            self._recorder.add_row(entry)
        if snapshot is not None and self.ranks.first:
            self._recorder.add_frame(snapshot)
        self._progress.update(
            stage=stage.name,
            steps=step,
            time_ps=time_ps,
            temperature_K=entry["temperature_K"],
            density_g_per_cm3=entry["density_g_per_cm3"],
        )

    def _thermo_row(self, step: int, time_ps: float, stage: str) -> dict[str, Any]:
        state, units = self._lammps.last_thermo(), self._units
        if int(state["Step"]) != step:
            raise SimulationError(f"LAMMPS is at step {state['Step']}, not {step}")
        lengths_angles = cell_to_cellpar(box_cell(self._lammps))
        volume = float(state["Volume"])
        return {
            "step": step,
            "time_ps": time_ps,
            "stage": stage,
            "temperature_K": float(state["Temp"]),
            "pressure_bar": float(state["Press"]) * units.pressure_bar,
            "potential_energy_eV": float(state["PotEng"]) * units.energy_eV,
            "kinetic_energy_eV": float(state["KinEng"]) * units.energy_eV,
            "total_energy_eV": float(state["TotEng"]) * units.energy_eV,
            "volume_A3": volume,
            "density_g_per_cm3": density_g_per_cm3(self._mass_u, volume),
            **dict(
                zip(
                    ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg"),
                    map(float, lengths_angles),
                    strict=True,
                )
            ),
            **{
                name: -float(state[pressure]) * units.pressure_bar / BAR_PER_GPA
                for name, pressure in STRESS_COLUMNS.items()
            },
            "max_force_eV_per_A": self._max_force(state) * units.energy_eV,
            **self._force_spread(),
        }

    def _max_force(self, state: Mapping[str, Any]) -> float:
        """Return the largest component of a force, in LAMMPS' units: of the forces, not of their impulses."""
        if self._external is None or self._external.every == 1:
            return float(state["Fmax"])
        return float(np.abs(self._all_forces()).max())

    def _all_forces(self) -> np.ndarray:
        """Return the forces on all particles, in LAMMPS' units."""
        forces = np.array(self._lammps.gather_atoms("f", 1, 3)).reshape(-1, 3)
        return forces if self._external is None else forces - self._external.surplus

    def _forces(self) -> np.ndarray:
        """Return the forces on the real atoms, eV/Å."""
        return self._all_forces()[: self._model.n_atoms] * self._units.energy_eV

    def _force_spread(self) -> dict[str, float]:
        """Return the columns of a committee's spread of forces, eV/Å; none for a single model."""
        spread = None if self._external is None else self._external.force_spread_eV_per_A
        if spread is None:
            return {}
        return {name: float(getattr(spread, kind)()) for name, kind in SPREAD_COLUMNS.items()}

    def _frame(self, step: int, time_ps: float) -> Frame:
        n_atoms = self._model.n_atoms
        positions = np.array(self._lammps.gather_atoms("x", 1, 3)).reshape(-1, 3)[:n_atoms]
        images = np.array(self._lammps.gather_atoms("image", 0, 3)).reshape(-1, 3)[:n_atoms]
        cell = box_cell(self._lammps)
        return Frame(
            numbers=self._numbers,
            positions=positions + images @ cell,
            cell=cell,
            index=self._recorder.n_frames,
            step=step,
            time_ps=time_ps,
            info=self._force_spread(),
        )

    def _commit(self, checkpoint: Checkpoint) -> None:
        temporary = Path(".restart.tmp")
        self._lammps.command(f"write_restart {temporary}")
        if self.ranks.first:
            checkpoint = self._recorder.commit(checkpoint, self._run.path / temporary)
        self._recorder.checkpoint = self.ranks.share(checkpoint)

    def _stop_reason(self) -> str:
        if self._signal:
            return self._signal
        if self._deadline is not None and time.monotonic() > self._deadline:
            return "walltime reached"
        return "stop file found" if (self._run.path / "stop").exists() else ""

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn Ctrl-C and a queue's SIGTERM into a checkpoint and a stop; a second Ctrl-C stops at once."""

        def ask_to_stop(number: int, _frame: FrameType | None) -> None:
            if self._signal:
                raise KeyboardInterrupt
            self._unheeded = signal.Signals(number)
            self._signal = f"{self._unheeded.name} received"

        try:
            before = {
                number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)
            }
        except ValueError:  # not the main thread: signals are the caller's business
            yield
            return
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _to_next(done: int, interval: int) -> int:
    return interval - done % interval


def _lammps_message(error: Exception) -> str:
    """Return the first line of a LAMMPS error, which says what happened; the rest is about its source."""
    # As a text of its own, MPIAbortException has quotes and escaped line ends.
    lines = str(error.args[0] if error.args else "").strip().splitlines() or [type(error).__name__]
    return f"LAMMPS stopped: {lines[0].removeprefix('ERROR: ')}"


@contextmanager
def _working_directory(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
