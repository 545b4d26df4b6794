"""The MACE trainer: `mace_run_train`, followed, resumed, and its best model turned into TorchScript."""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase.data import atomic_numbers
from ase.io.extxyz import write_xyz

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError, MissingPackageError, MofglassError
from mofglass.training.base import Fit, Progress
from mofglass.training.child_process import run_module
from mofglass.training.config import TrainingConfig, Weights
from mofglass.training.data import TrainingData
from mofglass.training.learning_curve import NAN, CurvePoint, LearningCurve
from mofglass.trajectory.atomic_write import written_whole
from mofglass.units import GPA_PER_EV_PER_A3

NAME = "mace"
LOG_FILE = "mace.log"
MODEL_FILE = "model-lammps.pt"
DEFAULT_WEIGHTS = Weights(energy=1.0, forces=100.0, stress=100.0)


@dataclass(frozen=True, kw_only=True)
class MACESettings:
    """The `mace:` section of a training's configuration; its defaults are a small, fast model.

    Parameters
    ----------
    elements : tuple of str
        Elements the model knows; those of the data by default.
    r_max_A : float
        Cut-off of one layer, Å.
    hidden_irreps : str
        Features of an atom between layers, as e3nn writes them.
    interactions : int
        Layers.
    correlation : int
        Factors in the products of a layer: its body order less one.
    max_ell : int
        Highest degree of the spherical harmonics.
    radial_basis : int
        Radial functions.
    radial_mlp : tuple of int
        Neurons of the radial network's layers.
    epochs : int
        Passes over the training frames.
    batch_size : int
        Frames a step.
    learning_rate : float
        Of the first step.
    schedule : {"exponential", "plateau"}
        Whether it falls from epoch to epoch, to a hundredth in the last one, or (MACE's own way) to 0.8 of
        what it was where the validation loss has not fallen for 50 epochs.
    precision : {"float32", "float64"}
        Of training and of the finished model.
    max_force_eV_per_A : float or None
        Frames with a larger force are left out.
    """

    elements: tuple[str, ...] = ()
    r_max_A: float = 4.5
    hidden_irreps: str = "16x0e"
    interactions: int = 2
    correlation: int = 2
    max_ell: int = 2
    radial_basis: int = 8
    radial_mlp: tuple[int, ...] = (64, 64, 64)
    epochs: int = 100
    batch_size: int = 1
    learning_rate: float = 0.01
    schedule: Literal["exponential", "plateau"] = "exponential"
    precision: Literal["float32", "float64"] = "float32"
    max_force_eV_per_A: float | None = 100.0

    def __post_init__(self) -> None:
        if not self.r_max_A > 0 or not self.learning_rate > 0:
            raise InputError("r_max_A and learning_rate must be above zero")
        for name in ("interactions", "correlation", "radial_basis", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be 1 or more, and is {getattr(self, name)}")
        if not re.fullmatch(r"\s*\d+x\d+[eo](\s*\+\s*\d+x\d+[eo])*\s*", self.hidden_irreps):
            raise InputError(
                f"hidden_irreps '{self.hidden_irreps}' are not irreps: write 16x0e or 16x0e + 16x1o"
            )


class MACETrainer:
    """Fits a MACE model with `mace_run_train` in a process of its own."""

    name = "mace"
    potential = "mace"
    settings = MACESettings

    def fit(
        self,
        config: TrainingConfig,
        data: TrainingData,
        directory: Path,
        progress: Progress,
    ) -> Fit:
        """Fit a model, going on from the last checkpoint in the directory.

        MACE keeps the checkpoint of its best epoch, so that is where a training goes on.

        Parameters
        ----------
        config : TrainingConfig
            What to do; `config.settings` is a `MACESettings`. The time limit counts from this call; where it
            ends the training, the best model so far is taken.
        data : TrainingData
            Labelled frames.
        directory : Path
            Directory of the training.
        progress : Progress
            Who watches.

        Returns
        -------
        Fit
            The finished model in TorchScript, ``model-lammps.pt``.

        Raises
        ------
        InputError
            When no frame is left to fit or to validate with.
        MissingPackageError
            When mace-torch is not installed.
        MofglassError
            When mace_run_train fails, or the time limit did not suffice for one epoch.
        """
        if find_spec("mace") is None:
            raise MissingPackageError("mace-torch", "mace", "training with mace")
        settings: MACESettings = config.settings
        if not (directory / "train.extxyz").exists():
            progress.stage("writing frames", len(data.train) + len(data.validation))
            # The training frames last: they say that all is there.
            for part, name in ((data.validation, "validation"), (data.train, "train")):
                _write_frames(part, directory / f"{name}.extxyz", progress)
        drop_broken_checkpoints(directory)
        done = _epochs_done(directory)
        curve = LearningCurve(directory, through_epoch=done)
        progress.stage("training", settings.epochs)
        progress.advance(done)
        over = _run(config, data.train, directory, curve, progress)
        reached = "" if over else f"epoch {_epochs_done(directory)} of {settings.epochs}, its best"
        progress.stage("writing TorchScript")
        return Fit(model=_script(config, directory), reached=reached)


def _write_frames(frames: Iterable[LabelledFrame], path: Path, progress: Progress) -> None:
    """Write frames under the names MACE asks for; ASE's own would be lost in a calculator."""
    with written_whole(path) as temporary, temporary.open("w") as file:
        for frame in frames:
            atoms = frame.to_atoms()
            atoms.calc = None
            atoms.info = {"REF_energy": frame.energy_eV}
            if frame.stress_eV_per_A3 is not None:
                atoms.info["REF_stress"] = frame.stress_eV_per_A3.ravel()
            atoms.arrays["REF_forces"] = frame.forces_eV_per_A
            write_xyz(file, [atoms])
            progress.advance()


def drop_broken_checkpoints(directory: Path) -> None:
    """Delete checkpoints that a kill cut short: MACE writes them in place, and could not go on from one.

    Parameters
    ----------
    directory : Path
        Directory of the training.
    """
    for path in (directory / "checkpoints").glob("*.pt"):
        # torch's files are zip archives, whose end says that they are whole.
        if not zipfile.is_zipfile(path):
            path.unlink()


def _epoch(checkpoint: Path) -> int:
    match = re.search(r"_epoch-(\d+)\.pt$", checkpoint.name)
    return int(match[1]) if match else -1


def _epochs_done(directory: Path) -> int:
    """Return how many epochs the best checkpoint has behind it."""
    return max((_epoch(path) + 1 for path in (directory / "checkpoints").glob("*.pt")), default=0)


def mace_arguments(
    config: TrainingConfig, elements: tuple[str, ...], *, has_stress: bool, epochs: int
) -> list[str]:
    """Return the command line of `mace_run_train`.

    Parameters
    ----------
    config : TrainingConfig
        Its `settings` is a `MACESettings`.
    elements : tuple of str
        Elements of the model.
    has_stress : bool
        Whether there are stresses to fit.
    epochs : int
        Where to stop.

    Returns
    -------
    list of str
        Arguments.
    """
    settings: MACESettings = config.settings
    weights = config.weights.or_default(DEFAULT_WEIGHTS)
    with_stress = has_stress and bool(weights.stress)
    options: dict[str, Any] = {
        "name": NAME,
        "work_dir": ".",
        "train_file": "train.extxyz",
        "valid_file": "validation.extxyz",
        "energy_key": "REF_energy",
        "forces_key": "REF_forces",
        "stress_key": "REF_stress",
        "E0s": "average",
        "atomic_numbers": str([atomic_numbers[symbol] for symbol in elements]),
        "model": "MACE",
        "r_max": settings.r_max_A,
        "hidden_irreps": settings.hidden_irreps,
        "MLP_irreps": "16x0e",
        "num_interactions": settings.interactions,
        "correlation": settings.correlation,
        "max_ell": settings.max_ell,
        "num_radial_basis": settings.radial_basis,
        "radial_MLP": str(list(settings.radial_mlp)),
        # Both average the squared errors of energy an atom, forces and stress, as `Weights` says.
        "loss": "stress" if with_stress else "weighted",
        "energy_weight": weights.energy,
        "forces_weight": weights.forces,
        "stress_weight": weights.stress if with_stress else 0.0,
        "compute_stress": with_stress,
        "error_table": "PerAtomMAEstressvirials" if with_stress else "PerAtomMAE",
        "batch_size": settings.batch_size,
        "valid_batch_size": 1,
        "max_num_epochs": epochs,
        "lr": settings.learning_rate,
        **_schedule(settings),
        "default_dtype": settings.precision,
        "device": "cpu",
        "seed": config.seed,
        "plot": False,
    }
    arguments = [text for key, value in options.items() for text in (f"--{key}", str(value))]
    # MACE would delete a checkpoint before it writes the next: it keeps all, and we the last two.
    return [*arguments, "--ema", "--restart_latest", "--keep_checkpoints"]


def _schedule(settings: MACESettings) -> dict[str, Any]:
    """Return how the learning rate falls, as options of `mace_run_train`."""
    if settings.schedule == "plateau":
        return {"scheduler": "ReduceLROnPlateau"}
    return {"scheduler": "ExponentialLR", "lr_scheduler_gamma": 0.01 ** (1 / max(settings.epochs - 1, 1))}


def _run(
    config: TrainingConfig, train: Dataset, directory: Path, curve: LearningCurve, progress: Progress
) -> bool:
    """Run mace_run_train, have it write the best model, and tell whether it came to its end in time."""
    settings: MACESettings = config.settings
    elements = settings.elements or train.elements
    has_stress = bool(np.asarray(train.table.has_stress).any())
    began, before_s = time.monotonic(), curve.wall_s
    look = _follower(directory, curve, progress, lambda: before_s + time.monotonic() - began)

    def run(epochs: int, time_limit_s: float | None) -> bool:
        return run_module(
            "mace.cli.run_train",
            mace_arguments(config, elements, has_stress=has_stress, epochs=epochs),
            directory=directory,
            log=directory / LOG_FILE,
            environment={"OMP_NUM_THREADS": str(config.threads), "PYTHONUNBUFFERED": "1"},
            look=look,
            time_limit_s=time_limit_s,
        )

    if run(settings.epochs, config.time_limit_s):
        return True
    done = _epochs_done(directory)
    if not done:
        raise MofglassError("the time limit did not suffice for one epoch: give more time")
    # It writes a model at its end only: this one comes at once, from the best checkpoint.
    run(done, None)
    return False


def _follower(
    directory: Path, curve: LearningCurve, progress: Progress, clock: Callable[[], float]
) -> Callable[[], None]:
    """Return what reads the epochs that this session adds to MACE's record."""
    at_start = {path: path.stat().st_size for path in (directory / "results").glob("*_train.txt")}

    def look() -> None:
        for path in (directory / "results").glob("*_train.txt"):
            with path.open("rb") as file:
                file.seek(at_start.get(path, 0))
                text = file.read().decode()
            for point in finished_epochs(text, clock()):
                if not curve.points or point.epoch > curve.points[-1].epoch:
                    curve.append(point)
                    progress.point(point)
                    progress.advance()
        for path in sorted((directory / "checkpoints").glob("*.pt"), key=_epoch)[:-2]:
            path.unlink()

    return look


def finished_epochs(text: str, wall_s: float) -> list[CurvePoint]:
    """Read MACE's record of a training.

    Parameters
    ----------
    text : str
        JSON lines of ``results/..._train.txt``; a last line without its end is left out.
    wall_s : float
        Wall time of all points, s.

    Returns
    -------
    list of CurvePoint
        Validation errors, and the mean loss of the epoch's training steps, epochs counted from 1.
    """
    losses: dict[int, list[float]] = {}
    points = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        row = json.loads(line)
        # The first evaluation comes before any training.
        if row.get("epoch") is None:
            continue
        epoch = int(row["epoch"]) + 1
        if row.get("mode") == "opt":
            losses.setdefault(epoch, []).append(float(row["loss"]))
        elif row.get("mode") == "eval":
            points.append(
                CurvePoint(
                    epoch=epoch,
                    wall_s=wall_s,
                    train_loss=float(np.mean(losses.get(epoch, [NAN]))),
                    validation_loss=float(row["loss"]),
                    validation_energy_mae_meV_per_atom=1e3 * float(row["mae_e_per_atom"]),
                    validation_force_mae_meV_per_A=1e3 * float(row["mae_f"]),
                    validation_stress_mae_MPa=1e3 * GPA_PER_EV_PER_A3 * float(row.get("mae_stress") or NAN),
                )
            )
    return points


def _script(config: TrainingConfig, directory: Path) -> Path:
    """Turn the best model into TorchScript; the pickle that MACE writes is this training's own."""
    settings: MACESettings = config.settings
    run_module(
        "mace.cli.create_lammps_model",
        [f"{NAME}.model", "--dtype", settings.precision],
        directory=directory,
        log=directory / LOG_FILE,
        environment={"OMP_NUM_THREADS": str(config.threads)},
    )
    os.replace(directory / f"{NAME}.model-lammps.pt", directory / MODEL_FILE)
    return directory / MODEL_FILE
