"""The NequIP and Allegro trainers: nequip-train, followed, resumed, and its best model packaged."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase.io.extxyz import write_xyz

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError, MissingPackageError, MofglassError
from mofglass.potentials.linker_terms import KNOWN_LIMITS, LinkerTerms, read_linker_terms
from mofglass.potentials.nequip_over_prior import NETWORK_FILE, model_files, prior_beside
from mofglass.potentials.pod import MODEL_FILE
from mofglass.potentials.prior import Prior, model_text
from mofglass.potentials.repulsion import Walls
from mofglass.training.base import Fit, Progress
from mofglass.training.child_process import LINES_OF_REASON, run_module
from mofglass.training.config import TrainingConfig
from mofglass.training.data import TrainingData, elements_of
from mofglass.training.learning_curve import NAN, CurvePoint, LearningCurve
from mofglass.training.nequip_config import (
    BEST,
    LAST,
    LOG_FOLDER,
    START_FILE,
    TRAIN_FILE,
    VALIDATION_FILE,
    loss_weights,
    nequip_config,
)
from mofglass.training.nequip_settings import AllegroSettings, NequIPSettings, NetworkSettings
from mofglass.training.nequip_start import started_from
from mofglass.training.prior_fit import fit_linker_terms
from mofglass.training.taken_off import TakenOff
from mofglass.trajectory.atomic_write import write_texts, written_whole
from mofglass.units import GPA_PER_EV_PER_A3

CONFIG_NAME = "nequip"
LOG_FILE = "nequip.log"
MODEL_DIRECTORY = "model"


class NequIPTrainer:
    """Fits a NequIP model with nequip-train in a process of its own."""

    name = "nequip"
    potential = "nequip"
    settings: type[NetworkSettings] = NequIPSettings
    package = "nequip"

    def fit(
        self,
        config: TrainingConfig,
        data: TrainingData,
        directory: Path,
        progress: Progress,
    ) -> Fit:
        """Fit a model, going on from the last checkpoint in the directory.

        Parameters
        ----------
        config : TrainingConfig
            What to do; `config.settings` is a `NequIPSettings` or an `AllegroSettings`. The time limit is
            that of nequip-train; where it ends the training, the best model so far is taken.
        data : TrainingData
            Labelled frames.
        directory : Path
            Directory of the training.
        progress : Progress
            Who watches.

        Returns
        -------
        Fit
            The packaged model, which has also been compiled for this machine; the directory of the package
            and its classical terms, where there are any.

        Raises
        ------
        InputError
            When no frame is left to fit or to validate with, one has an element that is not listed, or the
            network to start from has other atom types or cut-offs, or lies over other linker terms.
        MissingPackageError
            When nequip (or nequip-allegro) is not installed.
        MofglassError
            When nequip-train fails or is ended early, or the time limit did not suffice for one epoch.
        """
        self._require_package()
        settings: NetworkSettings = config.settings
        if not (directory / f"{CONFIG_NAME}.yaml").exists():
            _prepare(config, data, directory, progress)
        done = _epochs_done(directory)
        curve = LearningCurve(directory, through_epoch=done)
        _add_unwatched(curve, directory, done, loss_weights(config))
        progress.stage("training", settings.epochs)
        progress.advance(curve.points[-1].epoch if curve.points else 0)
        _run(config, directory, curve, progress)
        best = directory / f"{BEST}.ckpt"
        if not best.exists():
            raise MofglassError("the time limit did not suffice for one epoch: give more time")
        progress.stage("packaging and compiling")
        model = directory / MODEL_DIRECTORY
        if model.exists():
            _package(best, model / NETWORK_FILE)
        else:
            model = _package(best, directory / NETWORK_FILE)
        epochs = curve.points[-1].epoch if curve.points else 0
        over = epochs >= settings.epochs
        return Fit(model=model, reached="" if over else f"{epochs} of {settings.epochs} epochs")

    def _require_package(self) -> None:
        for module in ("nequip", self.package):
            if find_spec(module) is None:
                name = {"allegro": "nequip-allegro"}.get(module, module)
                raise MissingPackageError(name, "nequip", f"training with {self.name}")


class AllegroTrainer(NequIPTrainer):
    """Fits an Allegro model with nequip-train in a process of its own."""

    name = "allegro"
    settings = AllegroSettings
    package = "allegro"


def trained_network(directory: Path) -> Path:
    """Return the package that a finished training has left.

    Parameters
    ----------
    directory : Path
        Of the training.

    Returns
    -------
    Path
        The file, whether or not it lies over classical terms.

    Raises
    ------
    InputError
        When there is none.
    """
    for package in (directory / MODEL_DIRECTORY / NETWORK_FILE, directory / NETWORK_FILE):
        if package.is_file():
            return package
    raise InputError(f"{directory} holds no {NETWORK_FILE}: end its training, or put it back")


def _prepare(config: TrainingConfig, data: TrainingData, directory: Path, progress: Progress) -> None:
    """Write the frames and, last, the configuration of nequip-train."""
    if config.settings.start_from is not None:
        config = replace(config, settings=started_from(config.settings))
    settings: NetworkSettings = config.settings
    train, validation = data.train, data.validation
    trained = {"frames": len(train), "validation_frames": len(validation), **data.left_out}
    elements = _elements(settings, train, validation)
    prior = _prior(config, train, elements, progress)
    progress.stage("writing frames", len(train) + len(validation))
    with closing(TakenOff(prior, elements)) as taken_off:
        stresses = _write_frames(map(taken_off, train), directory / TRAIN_FILE, progress)
        stresses += _write_frames(map(taken_off, validation), directory / VALIDATION_FILE, progress)
    if prior := replace(prior, walls=_walls(settings)):
        _write_model_files(config, prior, elements, trained, directory / MODEL_DIRECTORY)
    if settings.start_from is not None:
        # nequip reads the file again whenever it reads a checkpoint of this training.
        shutil.copyfile(settings.start_from, directory / START_FILE)
    content = nequip_config(config, elements, stress=bool(stresses and loss_weights(config).stress))
    with written_whole(directory / f"{CONFIG_NAME}.yaml") as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False))


def _elements(settings: NetworkSettings, train: Dataset, validation: Dataset) -> tuple[str, ...]:
    """Return the atom types in order, and refuse frames and walls that need others, before the long work."""
    elements = elements_of(settings.elements, train, validation)
    if unknown := [symbol for symbol in elements_of((), train, validation) if symbol not in elements]:
        if settings.start_from is not None:
            raise InputError(
                f"the frames hold {', '.join(unknown)}, which the network {settings.start_from} does not "
                "know: leave such frames out, or start from random weights"
            )
        raise InputError(f"the frames hold {', '.join(unknown)}, which 'elements' lacks: add it there")
    if settings.dispersion is not None:
        settings.dispersion.lammps(elements)
    if settings.walls is not None:
        settings.walls.lammps(elements)
        settings.walls.check(linker_terms=bool(settings.linker_terms))
    return elements


def _walls(settings: NetworkSettings) -> Walls | None:
    """Return the walls asked for, or else those of the network that goes on, or else the least."""
    before = None if settings.start_from is None else prior_beside(settings.start_from)
    given = settings.walls or (before and before.walls)
    return given or Walls.least(linker_terms=bool(settings.linker_terms))


def _prior(config: TrainingConfig, train: Dataset, elements: tuple[str, ...], progress: Progress) -> Prior:
    """Return what is taken off the labels: of a network that goes on, the same as before."""
    settings: NetworkSettings = config.settings
    before = None if settings.start_from is None else prior_beside(settings.start_from)
    terms: LinkerTerms | None = None
    beneath = Prior(repulsion=settings.repulsion, dispersion=settings.dispersion)
    if isinstance(settings.linker_terms, Path):
        text = model_text(settings.linker_terms, "the linker terms")
        terms = read_linker_terms(text, str(settings.linker_terms))
    elif settings.linker_terms and before is not None:
        terms = before.linker_terms
    elif settings.linker_terms:
        terms = fit_linker_terms(train, elements, beneath, seed=config.seed, progress=progress)
    prior = replace(beneath, linker_terms=terms)
    if before is not None and prior.texts != replace(before, walls=None).texts:
        raise InputError(
            f"the network {settings.start_from} lies over other linker terms, or another repulsion or "
            f"dispersion, than this training asks for: write those of the {MODEL_FILE} beside it"
        )
    return prior


def _write_model_files(
    config: TrainingConfig,
    prior: Prior,
    elements: tuple[str, ...],
    trained: dict[str, int],
    directory: Path,
) -> None:
    """Write what a network over classical terms consists of besides the network."""
    limits = KNOWN_LIMITS if prior.linker_terms is not None else ""
    texts = model_files(prior, elements, description=config.description, known_limits=limits, trained=trained)
    write_texts(directory, texts)


def _write_frames(frames: Iterable[LabelledFrame], path: Path, progress: Progress) -> int:
    """Write frames with their labels and nothing else; return how many have a stress."""
    stresses = 0
    with written_whole(path) as temporary, temporary.open("w") as file:
        for frame in frames:
            atoms = frame.to_atoms()
            atoms.info = {}
            stresses += frame.stress_eV_per_A3 is not None
            write_xyz(file, [atoms])
            progress.advance()
    return stresses


def _epochs_done(directory: Path) -> int:
    """Return how many epochs the last checkpoint has behind it."""
    last = directory / f"{LAST}.ckpt"
    if not last.exists():
        return 0
    import torch

    # The training's own checkpoint; it holds plain Python objects beside tensors.
    return int(torch.load(last, map_location="cpu", weights_only=False)["epoch"]) + 1


def _add_unwatched(curve: LearningCurve, directory: Path, done: int, weights: Any) -> None:
    """Add the epochs that ended after this program was stopped and before its child was."""
    sessions = (directory / LOG_FOLDER).glob("session_*")
    for session in sorted(sessions, key=lambda path: int(path.name.split("_")[1])):
        for epoch, values in _finished_epochs(session / "metrics.csv"):
            if (curve.points[-1].epoch if curve.points else 0) < epoch <= done:
                curve.append(_point(epoch, curve.wall_s, values, weights))


def _run(config: TrainingConfig, directory: Path, curve: LearningCurve, progress: Progress) -> None:
    """Run nequip-train to its end or to the time limit, and follow what it measures."""
    settings: NetworkSettings = config.settings
    if curve.points and curve.points[-1].epoch >= settings.epochs:
        return
    began, before_s = time.monotonic(), curve.wall_s
    session = 1 + max(
        [int(p.name.split("_")[1]) for p in (directory / LOG_FOLDER).glob("session_*")], default=0
    )
    metrics = directory / LOG_FOLDER / f"session_{session}" / "metrics.csv"
    arguments = ["--config-path", str(directory.resolve()), "--config-name", CONFIG_NAME]
    arguments += ["hydra.run.dir=.", "hydra.output_subdir=null", f"+trainer.logger.version=session_{session}"]
    # The log is this program's: hydra would write another.
    arguments += ["hydra/job_logging=stdout"]
    if (directory / f"{LAST}.ckpt").exists():
        arguments.append(f"++ckpt_path={LAST}.ckpt")
    weights = loss_weights(config)

    def look() -> None:
        for epoch, values in _finished_epochs(metrics):
            if not curve.points or epoch > curve.points[-1].epoch:
                point = _point(epoch, before_s + time.monotonic() - began, values, weights)
                curve.append(point)
                progress.point(point)
                progress.advance()

    came_to_its_end = run_module(
        "nequip.scripts.train",
        arguments,
        directory=directory,
        log=directory / LOG_FILE,
        environment={"OMP_NUM_THREADS": str(config.threads)},
        look=look,
        time_limit_s=config.time_limit_s,
    )
    done = curve.points[-1].epoch if curve.points else 0
    if came_to_its_end and done < settings.epochs:
        # Lightning takes SIGTERM for a wish to end well: it stops, and says that all is well.
        raise MofglassError(
            f"nequip-train was ended after {done} of {settings.epochs} epochs: the same command goes on"
        )


def _finished_epochs(path: Path) -> list[tuple[int, dict[str, float]]]:
    """Return the errors of all epochs whose training and validation are both logged, counted from 1."""
    if not path.exists():
        return []
    text = path.read_text()
    epochs: dict[int, dict[str, float]] = {}
    for row in csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])):
        if row.get("epoch"):
            values = epochs.setdefault(int(float(row["epoch"])) + 1, {})
            values |= {key: float(text) for key, text in row.items() if key and text and "_epoch/" in key}
    needed = ("train_metric_epoch/forces_mae", "val0_epoch/forces_mae")
    return sorted((epoch, values) for epoch, values in epochs.items() if all(k in values for k in needed))


def _point(epoch: int, wall_s: float, values: dict[str, float], weights: Any) -> CurvePoint:
    """Return a point of the learning curve in its units."""

    def errors(prefix: str) -> tuple[float, float, float, float]:
        def value(name: str) -> float:
            return values.get(f"{prefix}/{name}", NAN)

        loss = (
            weights.energy * value("per_atom_energy_rmse") ** 2 + weights.forces * value("forces_rmse") ** 2
        )
        if np.isfinite(value("stress_rmse")):
            loss += weights.stress * value("stress_rmse") ** 2
        return (
            loss,
            1e3 * value("per_atom_energy_mae"),
            1e3 * value("forces_mae"),
            1e3 * GPA_PER_EV_PER_A3 * value("stress_mae"),
        )

    train, validation = errors("train_metric_epoch"), errors("val0_epoch")
    return CurvePoint(
        epoch=epoch,
        wall_s=wall_s,
        train_loss=train[0],
        train_energy_mae_meV_per_atom=train[1],
        train_force_mae_meV_per_A=train[2],
        train_stress_mae_MPa=train[3],
        validation_loss=validation[0],
        validation_energy_mae_meV_per_atom=validation[1],
        validation_force_mae_meV_per_A=validation[2],
        validation_stress_mae_MPa=validation[3],
    )


def _package(checkpoint: Path, output: Path) -> Path:
    """Package a checkpoint, which makes it independent of the training, and compile it for this machine."""
    from mofglass.potentials.nequip_model import load_model

    unfinished = checkpoint.with_name(f"unfinished-{output.name}")
    unfinished.unlink(missing_ok=True)
    command = [sys.executable, "-m", "nequip.scripts.package", "build", checkpoint.name, unfinished.name]
    done = subprocess.run(command, cwd=checkpoint.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = " ".join(done.stderr.strip().splitlines()[-LINES_OF_REASON:])
        raise MofglassError(f"{checkpoint} could not be packaged: {reason}")
    os.replace(unfinished, output)
    load_model(output)
    return output
