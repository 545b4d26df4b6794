"""The DeePMD trainer: se_e2_a by `dp train`, followed, resumed, frozen and compressed."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.deepmd import write_deepmd
from mofglass.errors import MissingPackageError, MofglassError
from mofglass.training.base import Fit, Progress
from mofglass.training.child_process import run_module
from mofglass.training.config import TrainingConfig
from mofglass.training.data import TrainingData, elements_of
from mofglass.training.deepmd_input import CHECKPOINT, DeePMDSettings, deepmd_input
from mofglass.training.fit_errors import fit_errors
from mofglass.training.learning_curve import CurvePoint, LearningCurve
from mofglass.trajectory.atomic_write import written_whole

INPUT_FILE = "input.json"
LOG_FILE = "dp.log"
FROZEN_FILE = "model-frozen.pb"
MODEL_FILE = "model.pb"
MAX_FRAMES_OF_ERRORS = 100


class DeePMDTrainer:
    """Fits a DeePMD model with `dp train` in a process of its own."""

    name = "deepmd"
    potential = "deepmd"
    settings = DeePMDSettings

    def fit(
        self,
        config: TrainingConfig,
        data: TrainingData,
        directory: Path,
        progress: Progress,
    ) -> Fit:
        """Fit a model, going on from the last checkpoint in the directory.

        DeePMD-kit counts steps, not epochs, and so does the column `epoch` of the learning curve. It measures
        root mean square errors, of which the losses are made; mean absolute errors, measured with the
        finished model, stand in the last row. Its own `lcurve` files stay beside it.

        Parameters
        ----------
        config : TrainingConfig
            What to do; `config.settings` is a `DeePMDSettings`. The time limit counts from this call.
        data : TrainingData
            Labelled frames.
        directory : Path
            Directory of the training.
        progress : Progress
            Who watches.

        Returns
        -------
        Fit
            The finished model, ``model.pb``; before compression it is ``model-frozen.pb``.

        Raises
        ------
        InputError
            When no frame is left to fit or to validate with.
        MissingPackageError
            When DeePMD-kit or TensorFlow is not installed.
        MofglassError
            When DeePMD-kit fails, or the time limit did not suffice for one checkpoint.
        """
        for module, package in (("deepmd", "deepmd-kit"), ("tensorflow", "tensorflow-cpu")):
            if find_spec(module) is None:
                raise MissingPackageError(package, "deepmd", "training with deepmd")
        settings: DeePMDSettings = config.settings
        train, validation = data.train, data.validation
        if not (directory / INPUT_FILE).exists():
            _prepare(config, train, validation, directory, progress)
        done = _steps_done(directory)
        curve = LearningCurve(directory, through_epoch=done)
        if done < settings.steps:
            progress.stage("training", settings.steps)
            progress.advance(done)
            _train(config, directory, curve, progress)
        steps = _steps_done(directory)
        if not steps:
            raise MofglassError(
                f"the time limit did not suffice for one checkpoint ({settings.checkpoint_steps} steps): "
                "give more time, or less checkpoint_steps"
            )
        progress.stage("freezing")
        _freeze(config, directory)
        _measure(curve, directory, train, validation, progress)
        over = steps >= settings.steps
        return Fit(model=directory / MODEL_FILE, reached="" if over else f"{steps} of {settings.steps} steps")


def _prepare(
    config: TrainingConfig, train: Dataset, validation: Dataset, directory: Path, progress: Progress
) -> None:
    """Write DeePMD's systems and, last, the input of `dp train`."""
    settings: DeePMDSettings = config.settings
    elements = elements_of(settings.elements, train, validation)
    progress.stage("writing frames", len(train) + len(validation))
    systems = []
    for part, name in ((train, "train"), (validation, "validation")):
        shutil.rmtree(directory / "data" / name, ignore_errors=True)
        (directory / "data").mkdir(exist_ok=True)
        written = write_deepmd(part, directory / "data" / name, type_map=elements)
        systems.append([path.relative_to(directory) for path in written])
        progress.advance(len(part))
    content = deepmd_input(
        config,
        elements,
        *systems,
        n_validation=len(validation),
        has_stress=bool(np.asarray(train.table.has_stress).any()),
    )
    with written_whole(directory / INPUT_FILE) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def _environment(config: TrainingConfig) -> dict[str, str]:
    return {
        "OMP_NUM_THREADS": str(config.threads),
        "DP_INTRA_OP_PARALLELISM_THREADS": str(config.threads),
        "DP_INTER_OP_PARALLELISM_THREADS": "1",
        "DP_INTERFACE_PREC": "high",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONUNBUFFERED": "1",
    }


def _steps_done(directory: Path) -> int:
    """Return the step of the last whole checkpoint.

    TensorFlow names a checkpoint in its file ``checkpoint`` before it has written all of it: its ``.meta``
    comes last, and at once.
    """
    found = (re.search(r"-(\d+)\.meta$", path.name) for path in directory.glob(f"{CHECKPOINT}-*.meta"))
    return max((int(match[1]) for match in found if match), default=0)


def _last_checkpoint(directory: Path) -> str:
    return f"{CHECKPOINT}-{_steps_done(directory)}"


def _train(config: TrainingConfig, directory: Path, curve: LearningCurve, progress: Progress) -> None:
    """Run `dp train` to its end or to the time limit, and follow what it measures."""
    began, before_s = time.monotonic(), curve.wall_s
    session = 1 + len(list(directory.glob("lcurve-*.out")))
    lcurve = directory / f"lcurve-{session}.out"
    content = json.loads((directory / INPUT_FILE).read_text())
    content["training"]["disp_file"] = lcurve.name
    with written_whole(directory / f"input-{session}.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")
    has_stress = content["loss"]["start_pref_v"] > 0
    reached = _steps_done(directory)

    def look() -> None:
        nonlocal reached
        for point in read_lcurve(lcurve, has_stress=has_stress, wall_s=before_s + time.monotonic() - began):
            if point.epoch and (not curve.points or point.epoch > curve.points[-1].epoch):
                curve.append(point)
                progress.point(point)
                progress.advance(point.epoch - reached)
                reached = point.epoch

    command = ["train", f"input-{session}.json"]
    command += ["--restart", _last_checkpoint(directory)] if _steps_done(directory) else []
    run_module(
        "deepmd",
        command,
        directory=directory,
        log=directory / LOG_FILE,
        environment=_environment(config),
        look=look,
        time_limit_s=config.time_limit_s,
    )


def read_lcurve(path: Path, *, has_stress: bool, wall_s: float) -> list[CurvePoint]:
    """Read the learning curve of `dp train`.

    Parameters
    ----------
    path : Path
        Its ``lcurve.out``; a last line without its end is left out.
    has_stress : bool
        Whether virials are fitted.
    wall_s : float
        Wall time of all points, s.

    Returns
    -------
    list of CurvePoint
        Step in `epoch`; losses are the sum of the mean squared errors of energy (eV/atom), force (eV/Å) and
        virial (eV/atom), each with weight 1.
    """
    if not path.exists():
        return []
    text = path.read_text()
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines or not lines[0].startswith("#"):
        return []
    names = lines[0].lstrip("# ").split()
    points = []
    for line in lines[1:]:
        values = line.split()
        if line.startswith("#") or len(values) != len(names):
            continue
        row = dict(zip(names, map(float, values), strict=True))
        terms = ("e", "f", "v") if has_stress else ("e", "f")
        train, validation = (
            sum(row[f"rmse_{term}_{part}"] ** 2 for term in terms) for part in ("trn", "val")
        )
        points.append(
            CurvePoint(epoch=int(row["step"]), wall_s=wall_s, train_loss=train, validation_loss=validation)
        )
    return points


def _freeze(config: TrainingConfig, directory: Path) -> None:
    """Freeze the last checkpoint and compress it; the finished model appears whole."""
    settings: DeePMDSettings = config.settings
    log, environment = directory / LOG_FILE, _environment(config)
    unfinished = "unfinished-model.pb"
    run_module(
        "deepmd",
        ["freeze", "-c", _last_checkpoint(directory), "-o", FROZEN_FILE],
        directory=directory,
        log=log,
        environment=environment,
    )
    if settings.compress:
        run_module(
            "deepmd",
            ["compress", "-i", FROZEN_FILE, "-o", unfinished],
            directory=directory,
            log=log,
            environment=environment,
        )
    else:
        shutil.copyfile(directory / FROZEN_FILE, directory / unfinished)
    os.replace(directory / unfinished, directory / MODEL_FILE)


def _measure(
    curve: LearningCurve, directory: Path, train: Dataset, validation: Dataset, progress: Progress
) -> None:
    """Add the last row of the learning curve: mean absolute errors of the finished model."""
    from mofglass.potentials.deepmd import DeePMDCalculator

    step = _steps_done(directory)
    if curve.points and np.isfinite(curve.points[-1].validation_force_mae_meV_per_A):
        return
    progress.stage("measuring errors")
    began = time.monotonic()
    calculator = DeePMDCalculator(directory / MODEL_FILE)
    parts = {"train": train, "validation": validation}
    errors: dict[str, float] = {}
    for part, frames in parts.items():
        rows = np.unique(np.linspace(0, len(frames) - 1, MAX_FRAMES_OF_ERRORS).astype(int))
        measured = fit_errors(calculator, frames[rows])
        errors |= {f"{part}_{key}": value for key, value in vars(measured).items()}
    # The last row of dp train may be of this very step: the measured one comes after it.
    last = curve.points[-1] if curve.points else CurvePoint(epoch=0, wall_s=0.0)
    point = CurvePoint(
        epoch=max(step, last.epoch + 1),
        wall_s=last.wall_s + time.monotonic() - began,
        train_loss=last.train_loss,
        validation_loss=last.validation_loss,
        **errors,
    )
    curve.append(point)
    progress.point(point)
