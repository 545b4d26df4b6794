"""A run is a directory: inputs, deck, trajectory, thermodynamic log, and where it stands.

=================  ==========================================================================
``run.yaml``       inputs, stages, seeds, versions, file hashes, machine
``initial.extxyz`` the structure it starts from
``system.data``    the same for LAMMPS, with dummy atoms where the potential has them
``deck.lmp``       the protocol as a readable LAMMPS input
``trajectory.h5``  H5MD; while running, committed pieces in ``parts/``
``thermo.csv``     temperature, pressure, energies, cell, stress over time
``log.lammps``     LAMMPS' own log
``checkpoint.json`` what is committed: step, stage, restart file, number of parts, size of thermo.csv
``state.json``     ``running``, ``done``, ``stopped``, or ``failed`` and why
=================  ==========================================================================

Everything is committed by renaming whole files; `checkpoint.json` is renamed last. So at any moment a kill
leaves a directory that says exactly what is valid, and what comes after it is dropped on resume.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import yaml
from ase import Atoms
from ase.io import read

from mofglass.errors import InputError
from mofglass.trajectory import Trajectory, open_trajectory
from mofglass.trajectory.atomic_write import written_whole

STRESS_COLUMNS = {f"stress_{pair}_GPa": f"P{pair}" for pair in ("xx", "yy", "zz", "yz", "xz", "xy")}
"""Stress by column, positive in tension, in the axes of the trajectory; LAMMPS' pressure is its negative."""

THERMO_COLUMNS = (
    "step",
    "time_ps",
    "stage",
    "temperature_K",
    "pressure_bar",
    "potential_energy_eV",
    "kinetic_energy_eV",
    "total_energy_eV",
    "volume_A3",
    "density_g_per_cm3",
    "a_A",
    "b_A",
    "c_A",
    "alpha_deg",
    "beta_deg",
    "gamma_deg",
    *STRESS_COLUMNS,
)
SPREAD_COLUMNS = {"force_spread_eV_per_A": "max", "mean_force_spread_eV_per_A": "mean"}
"""Further columns of a run whose potential is a committee, and what they are of the spreads of all atoms."""


SECONDS_TO_LOCK = 0.3


@dataclass(frozen=True)
class Checkpoint:
    """What is committed in a run directory.

    Parameters
    ----------
    stage : int
        Index of the stage in progress; the number of stages when all are done.
    step : int
        MD step of the restart file.
    stage_start_step : int
        MD step at which the stage started.
    stage_start_ps : float
        Simulation time at which the stage started, ps.
    time_ps : float
        Simulation time of the restart file, ps.
    n_parts : int
        Valid files in ``parts/``.
    n_frames : int
        Frames in them.
    thermo_bytes : int
        Valid bytes of ``thermo.csv``.
    restart : str
        LAMMPS restart file; empty before the first step.
    variables : dict of str to float
        Values of the stage's variables.
    initial_volume_A3 : float
        Volume at the start of the run, Å³.
    merged : bool
        Whether the parts are joined in ``trajectory.h5``: the run is complete.
    """

    stage: int = 0
    step: int = 0
    stage_start_step: int = 0
    stage_start_ps: float = 0.0
    time_ps: float = 0.0
    n_parts: int = 0
    n_frames: int = 0
    thermo_bytes: int = 0
    restart: str = ""
    variables: dict[str, float] = field(default_factory=dict)
    initial_volume_A3: float = 0.0
    merged: bool = False


def write_atomically(path: Path, text: str) -> None:
    """Write a text file whole or not at all, and on disk before returning.

    Parameters
    ----------
    path : Path
        Destination.
    text : str
        Content.
    """
    with written_whole(path) as temporary:
        temporary.write_text(text)


def resume_command(path: Path) -> str:
    """Return the command that goes on with a run.

    Parameters
    ----------
    path : Path
        Its directory.

    Returns
    -------
    str
        To be typed in a shell.
    """
    return f"mofglass resume {shlex.quote(str(path))}"


def _locks_soon(stream: TextIO) -> bool:
    """Lock a file, waiting a moment for those who only ask whether it is locked."""
    until = time.monotonic() + SECONDS_TO_LOCK
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)


class Run:
    """A run directory, to read or to continue.

    Parameters
    ----------
    path : path
        The directory.

    Raises
    ------
    InputError
        When it is not a run directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        if not (self.path / "run.yaml").is_file():
            raise InputError(f"{self.path} is not a mofglass run: it holds no run.yaml")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.state})"

    @property
    def info(self) -> dict[str, Any]:
        """Content of ``run.yaml``."""
        try:
            info = yaml.safe_load((self.path / "run.yaml").read_text())
        except yaml.YAMLError as error:
            raise InputError(f"{self.path / 'run.yaml'} is not valid YAML: {error}") from error
        if not isinstance(info, dict):
            raise InputError(f"{self.path / 'run.yaml'} is empty or not a mapping")
        return info

    @property
    def state(self) -> str:
        """``running``, ``interrupted``, ``done``, ``stopped: why`` or ``failed: why``."""
        path = self.path / "state.json"
        if not path.exists():
            return "new"
        entry = json.loads(path.read_text())
        state = str(entry["state"])
        if state == "running" and not self.locked:
            return "interrupted"
        return f"{state}: {entry['reason']}" if entry.get("reason") else state

    @property
    def is_finished(self) -> bool:
        """Whether it is at its end, nothing being left to do."""
        return self.checkpoint().merged and self.state == "done"

    @property
    def is_resumable(self) -> bool:
        """Whether it is of use to go on from the last checkpoint: not where the first steps broke."""
        path = self.path / "state.json"
        return not path.exists() or json.loads(path.read_text()).get("resumable", True)

    @property
    def way_on(self) -> str:
        """End of a sentence on how the run stopped: what is kept and how to go on, where that is of use."""
        if not self.is_resumable:
            return ""
        command = resume_command(self.path)
        return f"; the last good frame is kept, and '{command}' goes on from the last checkpoint"

    def forget_stop(self) -> None:
        """Delete the file that asked an earlier session to stop."""
        (self.path / "stop").unlink(missing_ok=True)

    def set_state(self, state: str, reason: str = "", *, resumable: bool = True) -> None:
        """Record where the run stands.

        Parameters
        ----------
        state : str
            ``running``, ``done``, ``stopped`` or ``failed``.
        reason : str
            Why, for the last two.
        resumable : bool
            Whether it is of use to go on from the last checkpoint.
        """
        entry: dict[str, Any] = {
            "state": state,
            "reason": reason,
            "pid": os.getpid(),
            "host": socket.gethostname(),
        }
        if not resumable:
            entry["resumable"] = False
        write_atomically(self.path / "state.json", json.dumps(entry, indent=1) + "\n")

    @property
    def initial(self) -> Atoms:
        """The structure the run starts from."""
        atoms = read(self.path / "initial.extxyz", format="extxyz")
        assert isinstance(atoms, Atoms)
        return atoms

    def checkpoint(self) -> Checkpoint:
        """Return what is committed.

        Returns
        -------
        Checkpoint
            All zero before the first commit.
        """
        path = self.path / "checkpoint.json"
        return Checkpoint(**json.loads(path.read_text())) if path.exists() else Checkpoint()

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Commit: from here on, this is what a resumed run starts from.

        Parameters
        ----------
        checkpoint : Checkpoint
            What is valid; the files it names are on disk already.
        """
        write_atomically(self.path / "checkpoint.json", json.dumps(asdict(checkpoint), indent=1) + "\n")

    def part(self, number: int) -> Path:
        """Return the path of one committed piece of the trajectory.

        Parameters
        ----------
        number : int
            From 0.

        Returns
        -------
        Path
            ``parts/000000.h5`` and so on.
        """
        return self.path / "parts" / f"{number:06d}.h5"

    def thermo(self) -> pd.DataFrame:
        """Return the thermodynamic log.

        Returns
        -------
        pandas.DataFrame
            Columns `THERMO_COLUMNS`, and `SPREAD_COLUMNS` of a committee; only committed rows. Runs begun
            by a mofglass that did not write stress have no `STRESS_COLUMNS`.
        """
        path = self.path / "thermo.csv"
        if not path.exists():
            return pd.DataFrame(columns=list(THERMO_COLUMNS))
        rows = pd.read_csv(path)
        return rows[rows["step"] <= self.checkpoint().step] if self.state == "interrupted" else rows

    def trajectory(self) -> Trajectory:
        """Return the committed frames.

        Returns
        -------
        Trajectory
            Read one at a time.
        """
        return open_trajectory(self.path)

    @property
    def locked(self) -> bool:
        """Whether a process is working on this run."""
        lock_path = self.path / "lock"
        if not lock_path.exists():
            return False
        with open(lock_path) as stream:
            # Shared: those who only ask must not see one another.
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            fcntl.flock(stream, fcntl.LOCK_UN)
            return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes off this run; the kernel frees the lock when this process ends, however.

        Yields
        ------
        None
            While the lock is held.

        Raises
        ------
        InputError
            When another process has it.
        """
        with open(self.path / "lock", "a+") as stream:
            if not _locks_soon(stream):
                stream.seek(0)
                raise InputError(
                    f"{self.path} is being run by another process ({stream.read().strip() or 'unknown'}): "
                    "wait for it, or stop it"
                )
            stream.seek(0)
            stream.truncate()
            stream.write(f"process {os.getpid()} on {socket.gethostname()}")
            stream.flush()
            yield
