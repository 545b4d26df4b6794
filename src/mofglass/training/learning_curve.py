"""The learning curve of a training: one row an epoch, appended so that a kill costs at most that row."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mofglass.trajectory.atomic_write import written_whole

FILE_NAME = "learning_curve.csv"
EPOCH = "epoch"
COUNTED = {"pod": "frames", "deepmd": "step"}
"""What trainers count in the place of epochs: frames fitted, steps done."""
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """Errors at the end of an epoch; NaN where a trainer does not measure one.

    Parameters
    ----------
    epoch : int
        Passes over the training frames so far; what `COUNTED` says instead for some trainers.
    wall_s : float
        Wall time spent so far, all sessions together, s.
    train_loss, validation_loss : float
        Weighted mean squared errors.
    train_energy_mae_meV_per_atom, validation_energy_mae_meV_per_atom : float
        Mean absolute error of the energy, meV/atom.
    train_force_mae_meV_per_A, validation_force_mae_meV_per_A : float
        Mean absolute error of the force components, meV/Å.
    train_stress_mae_MPa, validation_stress_mae_MPa : float
        Mean absolute error of the stress components, MPa.
    """

    epoch: int
    wall_s: float
    train_loss: float = NAN
    validation_loss: float = NAN
    train_energy_mae_meV_per_atom: float = NAN
    train_force_mae_meV_per_A: float = NAN
    train_stress_mae_MPa: float = NAN
    validation_energy_mae_meV_per_atom: float = NAN
    validation_force_mae_meV_per_A: float = NAN
    validation_stress_mae_MPa: float = NAN


COLUMNS = tuple(field.name for field in fields(CurvePoint))


def read_learning_curve(path: Path) -> list[CurvePoint]:
    """Read a learning curve.

    Parameters
    ----------
    path : Path
        The csv file, or the directory of a training.

    Returns
    -------
    list of CurvePoint
        In order; empty where there is no file. A last row cut short by a kill is left out.
    """
    path = path / FILE_NAME if path.is_dir() else path
    if not path.exists():
        return []
    text = path.read_text()
    # A row counts once its line end is written.
    whole = text[: text.rfind("\n") + 1]
    points = []
    for row in csv.DictReader(io.StringIO(whole)):
        values: dict[str, Any] = {key: float(row[key]) if row[key] else NAN for key in COLUMNS if key in row}
        points.append(CurvePoint(**values | {"epoch": int(float(row["epoch"]))}))
    return points


class LearningCurve:
    """Appends rows to the learning curve of a training.

    Parameters
    ----------
    directory : Path
        Directory of the training.
    through_epoch : int, optional
        The epoch of the checkpoint from which the training goes on: later rows are dropped, since their
        epochs will be done again. By default all whole rows are kept.
    """

    def __init__(self, directory: Path, *, through_epoch: int | None = None) -> None:
        self.path = directory / FILE_NAME
        kept = read_learning_curve(self.path)
        if through_epoch is not None:
            kept = [point for point in kept if point.epoch <= through_epoch]
        self.points = kept
        with written_whole(self.path) as temporary:
            temporary.write_text("".join([_line(COLUMNS), *(_row(point) for point in kept)]))

    @property
    def wall_s(self) -> float:
        """Wall time of the last row, s; zero for none."""
        return self.points[-1].wall_s if self.points else 0.0

    def append(self, point: CurvePoint) -> None:
        """Add a row and force it to disk.

        Parameters
        ----------
        point : CurvePoint
            Its epoch must be above that of the last row.
        """
        if self.points and point.epoch <= self.points[-1].epoch:
            raise ValueError(f"epoch {point.epoch} comes after epoch {self.points[-1].epoch}")
        with self.path.open("a") as file:
            file.write(_row(point))
            file.flush()
            os.fsync(file.fileno())
        self.points.append(point)


def _line(values: Any) -> str:
    return ",".join(str(value) for value in values) + "\n"


def _row(point: CurvePoint) -> str:
    return _line(
        "" if isinstance(value, float) and math.isnan(value) else f"{value:.10g}"
        for value in asdict(point).values()
    )
