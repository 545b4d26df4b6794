"""Frames and thermodynamic rows on their way to disk, and the commit that makes them valid."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mofglass.errors import SimulationError
from mofglass.frame import Frame
from mofglass.simulate.run import SPREAD_COLUMNS, THERMO_COLUMNS, Checkpoint, Run
from mofglass.trajectory import H5MDWriter, merge_h5md
from mofglass.trajectory.run_directory import WHOLE_FILE

RESTART_MAGIC = b"LammpS RestartT"
"""LAMMPS writes this at both ends of a restart file, so that a cut one can be told."""


class Recorder:
    """Holds what the run made since its last checkpoint, and commits it.

    Parameters
    ----------
    run : Run
        The directory.
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers of the real atoms.
    """

    def __init__(self, run: Run, numbers: np.ndarray) -> None:
        self._run = run
        self._numbers = numbers
        self._frames: list[Frame] = []
        self._rows: list[Mapping[str, object]] = []
        self.checkpoint = run.checkpoint()

    def drop_uncommitted(self) -> None:
        """Delete what a killed process left after its last checkpoint."""
        run, checkpoint = self._run, self.checkpoint
        if checkpoint.merged:
            self._delete_parts()
            return
        (run.path / "parts").mkdir(exist_ok=True)
        (run.path / WHOLE_FILE).unlink(missing_ok=True)
        valid = {run.part(number) for number in range(checkpoint.n_parts)}
        for part in (run.path / "parts").iterdir():
            if part not in valid:
                part.unlink()
        for stray in run.path.glob("restart-*"):
            if stray.name != checkpoint.restart:
                stray.unlink()
        for stray in run.path.glob(".*.tmp*"):
            stray.unlink()
        thermo = run.path / "thermo.csv"
        if thermo.exists():
            os.truncate(thermo, checkpoint.thermo_bytes)

    @property
    def n_frames(self) -> int:
        """Frames committed and held."""
        return self.checkpoint.n_frames + len(self._frames)

    @property
    def held_bytes(self) -> int:
        """Memory of the frames not yet committed, bytes."""
        return len(self._frames) * self._numbers.size * 24

    def add_row(self, row: Mapping[str, object]) -> None:
        """Hold one row of `thermo.csv`.

        Parameters
        ----------
        row : mapping
            Keys `THERMO_COLUMNS`, and `SPREAD_COLUMNS` of a committee.
        """
        self._rows.append(row)

    def add_frame(self, frame: Frame) -> None:
        """Hold one frame.

        Parameters
        ----------
        frame : Frame
            Step and time are set; `info` has `SPREAD_COLUMNS` of a committee.
        """
        self._frames.append(frame)

    def commit(self, checkpoint: Checkpoint, restart: Path) -> Checkpoint:
        """Put all that is held on disk, then make it valid in one rename.

        Parameters
        ----------
        checkpoint : Checkpoint
            Stage, step and variables; counts are filled in here.
        restart : Path
            LAMMPS restart file just written, under a temporary name.

        Returns
        -------
        Checkpoint
            As committed.

        Raises
        ------
        OSError
            When the disk is full; the earlier checkpoint stays valid.
        """
        run, previous = self._run, self.checkpoint
        _check_restart(restart)
        final_restart = run.path / f"restart-{checkpoint.stage:03d}-{checkpoint.step:012d}"
        os.replace(restart, final_restart)
        n_parts = previous.n_parts
        if self._frames:
            self._write_part(run.part(n_parts))
            n_parts += 1
        thermo_bytes = self._append_rows(previous.thermo_bytes)
        committed = replace(
            checkpoint,
            n_parts=n_parts,
            n_frames=self.n_frames,
            thermo_bytes=thermo_bytes,
            restart=final_restart.name,
        )
        run.write_checkpoint(committed)
        if previous.restart and previous.restart != committed.restart:
            (run.path / previous.restart).unlink(missing_ok=True)
        self._frames, self._rows, self.checkpoint = [], [], committed
        return committed

    def keep_uncommitted(self) -> None:
        """Make the good frames since the last checkpoint readable, for a run that failed.

        They go into ``trajectory.h5``, which a resumed run drops: it starts from the checkpoint.
        """
        run = self._run
        self._append_rows(self.checkpoint.thermo_bytes)
        tail = run.part(self.checkpoint.n_parts)
        if self._frames:
            self._write_part(tail)
        parts = [run.part(number) for number in range(self.checkpoint.n_parts)]
        parts += [tail] if self._frames else []
        if parts:
            merge_h5md(parts, run.path / WHOLE_FILE)

    def finish(self) -> None:
        """Join the committed parts into ``trajectory.h5`` and delete them."""
        run = self._run
        parts = [run.part(number) for number in range(self.checkpoint.n_parts)]
        if parts:
            merge_h5md(parts, run.path / WHOLE_FILE)
        self.checkpoint = replace(self.checkpoint, merged=True)
        run.write_checkpoint(self.checkpoint)
        self._delete_parts()

    def _delete_parts(self) -> None:
        shutil.rmtree(self._run.path / "parts", ignore_errors=True)

    def _write_part(self, path: Path) -> None:
        # The writer gives the file its name when it is whole and on disk.
        spreads = [name for name in SPREAD_COLUMNS if name in self._frames[0].info]
        units = dict.fromkeys(spreads, "eV Angstrom-1")
        with H5MDWriter(path, self._numbers, observables=units) as writer:
            for frame in self._frames:
                assert frame.step is not None
                assert frame.time_ps is not None
                observables = {name: frame.info[name] for name in spreads}
                writer.append(frame.step, frame.time_ps, frame.positions, frame.cell, observables=observables)

    def _append_rows(self, valid_bytes: int) -> int:
        """Append the held rows to thermo.csv after its valid part; return its new size."""
        if not self._rows:
            return valid_bytes
        path = self._run.path / "thermo.csv"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if valid_bytes == 0:
            columns = [*THERMO_COLUMNS, *(name for name in SPREAD_COLUMNS if name in self._rows[0])]
            writer.writerow(columns)
        else:
            # A run begun by an older mofglass keeps the columns it began with.
            with open(path) as begun:
                columns = next(csv.reader(begun))
        for row in self._rows:
            values = [row[column] for column in columns]
            writer.writerow([f"{value:.10g}" if isinstance(value, float) else value for value in values])
        with open(path, "ab") as stream:
            stream.truncate(valid_bytes)
            stream.seek(valid_bytes)
            stream.write(text.getvalue().encode())
            stream.flush()
            os.fsync(stream.fileno())
        return path.stat().st_size


def _check_restart(path: Path) -> None:
    """Raise where LAMMPS could not write the whole file: it does not notice a full disk itself."""
    with open(path, "rb") as stream:
        stream.seek(-min(path.stat().st_size, 64), os.SEEK_END)
        whole = RESTART_MAGIC in stream.read()
        os.fsync(stream.fileno())
    if not whole:
        raise SimulationError(f"the checkpoint {path} could not be written whole: is the disk full?")
