"""The POD trainer: LAMMPS' linear many-body potential, fitted to energies, forces and stresses at once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError, MofglassError
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.linker_terms import KNOWN_LIMITS, LinkerTerms, bonds_that_hold
from mofglass.potentials.pod import POD, PODModel, read_model
from mofglass.potentials.pod_files import PODCoefficients, PODParameters, read_coefficients
from mofglass.potentials.repulsion import Walls
from mofglass.training.base import Fit, Progress
from mofglass.training.block_store import BlockStore, StoredBlock, read_blocks
from mofglass.training.config import TrainingConfig, Weights
from mofglass.training.data import TrainingData, elements_of
from mofglass.training.fit_errors import FitErrors, fit_errors
from mofglass.training.learning_curve import CurvePoint, LearningCurve
from mofglass.training.linear_fit import RidgeChoice, assemble, choose_ridge, reference_energies
from mofglass.training.pod_blocks import BlockSettings
from mofglass.training.pod_clusters import find_clusters
from mofglass.training.pod_settings import PODSettings
from mofglass.trajectory.atomic_write import write_texts, written_whole

MODEL_DIRECTORY = "model"
COMMITTEE_DIRECTORY = "committee"
BLOCK_DIRECTORY = "blocks"
CLUSTER_FILE = "clusters.pod"
DEFAULT_WEIGHTS = Weights(energy=100.0, forces=1.0, stress=100.0)
MAX_FRAMES_OF_A_POINT = 100
"""Frames of training and of validation from which a point of the learning curve is measured, at most."""


class PODTrainer:
    """Fits a POD potential by linear least squares.

    The energy is linear in the coefficients, so that descriptors (rows of the problem) are computed once a
    frame, summed in blocks, and every later fit is a matter of seconds. Errors of the learning curve are
    those of the finished model run by LAMMPS. Its epochs count frames: each point is a fit to more of them.
    """

    name = "pod"
    potential = "pod"
    settings = PODSettings

    def fit(
        self,
        config: TrainingConfig,
        data: TrainingData,
        directory: Path,
        progress: Progress,
    ) -> Fit:
        """Fit a POD potential.

        Blocks on disk are not computed again, which is all that resuming needs.

        Parameters
        ----------
        config : TrainingConfig
            What to do; `config.settings` is a `PODSettings`.
        data : TrainingData
            Labelled frames.
        directory : Path
            Directory of the training.
        progress : Progress
            Who watches.

        Returns
        -------
        Fit
            Directory of the model.

        Raises
        ------
        InputError
            When no frame is left to fit or to validate with, or one has an element that is not listed.
        """
        began = time.monotonic()
        until = None if config.time_limit_s is None else began + config.time_limit_s
        settings: PODSettings = config.settings
        weights = config.weights.or_default(DEFAULT_WEIGHTS)
        train, validation = data.train, data.validation
        elements = elements_of(settings.elements, train, validation)
        if settings.walls is not None:
            # Refuses elements and angles that are not there, before the long work.
            settings.walls.lammps(elements)
            settings.walls.check(linker_terms=settings.linker_terms)
        block_settings = BlockSettings(
            parameters=(parameters := settings.parameters(elements)),
            clusters=_clusters(parameters, settings, train, directory, config.seed, progress),
            linker_terms=settings.linker_terms,
            repulsion=settings.repulsion,
            force_scale_eV_per_A=settings.force_scale_eV_per_A,
            frame_force_scale_eV_per_A=settings.frame_force_scale_eV_per_A,
            stress_directions=settings.stress_directions if weights.stress else 0,
            rigid_weight=settings.rigid_weight,
        )
        store = BlockStore(settings.cache or directory / BLOCK_DIRECTORY, block_settings)
        progress.stage("descriptors", len(validation) + len(train))
        judges, blocks = (
            store.fill(part, settings.block, processes=config.processes, until=limit, done=progress.advance)
            # Nothing can be judged without validation frames: the time limit holds for the others.
            for part, limit in ((validation, None), (train, until))
        )
        if not blocks:
            raise MofglassError("the time limit did not suffice for one block of frames: give more time")
        _check_committee(settings.committee, blocks)
        fitting = _Fitting(
            weights,
            block_settings,
            settings.ridge,
            walls=settings.walls,
            judges=judges,
            start=None if settings.start_from is None else read_model(settings.start_from),
        )
        curve = LearningCurve(directory, through_epoch=0)
        generator = np.random.default_rng(config.seed)
        # A growing share of all kinds of frames, not of the first file's.
        shuffled = [blocks[k] for k in generator.permutation(len(blocks))]
        shares = np.unique(
            np.ceil(len(blocks) / 2.0 ** np.arange(settings.curve_points - 1, -1, -1)).astype(int)
        )
        progress.stage("fit", len(shares) + settings.committee)
        for share in shares:
            model, choice = fitting.model(shuffled[:share], description=config.description)
            rows = np.sort(np.concatenate([block.rows for block in shuffled[:share]]))
            errors = _errors(model, train[rows], validation, config.threads)
            point = _curve_point(len(rows), time.monotonic() - began, choice, *errors)
            curve.append(point)
            progress.point(point)
            progress.advance()
        model.info.update(
            trained={
                "frames": len(rows),
                "validation_frames": len(validation),
                **data.left_out,
                "ridge": choice.ridge,
                "weights": {key: getattr(weights, key) for key in ("energy", "forces", "stress")},
                "validation": {key: round(float(value), 4) for key, value in vars(errors[1]).items()},
            }
        )
        write_model(model, directory / MODEL_DIRECTORY)
        for member, repeats in enumerate(_resamples(settings.committee, blocks, generator)):
            resampled, _ = fitting.model(
                blocks,
                repeats=repeats.tolist(),
                ridges=(choice.ridge,),
                description=f"{config.description} (committee, member {member + 1})".strip(),
            )
            write_model(resampled, directory / COMMITTEE_DIRECTORY / f"member-{member + 1}")
            progress.advance()
        fitted = sum(len(block.rows) for block in blocks)
        over = fitted == len(train)
        return Fit(
            model=directory / MODEL_DIRECTORY, reached="" if over else f"{fitted} of {len(train)} frames"
        )


class _Fitting:
    """Fits blocks with fixed weights, and judges by fixed validation blocks."""

    def __init__(
        self,
        weights: Weights,
        settings: BlockSettings,
        ridges: Sequence[float],
        walls: Walls | None,
        judges: Sequence[StoredBlock],
        start: PODModel | None = None,
    ) -> None:
        self.start = start
        self.weights = weights
        self.settings = settings
        self.ridges = ridges
        self.walls = walls
        self.judges = judges

    def model(
        self,
        blocks: Sequence[StoredBlock],
        *,
        description: str,
        repeats: Sequence[int] | None = None,
        ridges: Sequence[float] | None = None,
    ) -> tuple[PODModel, RidgeChoice]:
        """Return the model of some blocks, and how its ridge was chosen."""
        bonded = bonds_that_hold() if self.settings.linker_terms else np.empty(0)
        n_bonded = len(bonded)
        references, start = self._references(blocks)
        equations = assemble(read_blocks(blocks), self.weights, references, repeats)
        judge = assemble(read_blocks(self.judges), self.weights, references)
        n = len(equations.right)
        if start is None:
            start = np.zeros(n)
        choice = choose_ridge(
            equations.about(start),
            judge.about(start),
            self.ridges if ridges is None else ridges,
            np.append(np.full(n - n_bonded, -np.inf), bonded) - start,
        )
        coefficients, free = np.split(start + choice.coefficients, [n - n_bonded])
        coefficients[self._one_body(len(coefficients))] += references
        clusters = self.settings.clusters
        bears = () if self.start is None else ("fine_above_K", "slow_forces_every")
        model = PODModel(
            parameters=self.settings.parameters,
            coefficients=PODCoefficients.linear(coefficients)
            if clusters is None
            else PODCoefficients(coefficients, clusters.projection, clusters.centroids),
            repulsion=self.settings.repulsion,
            walls=self.walls,
            linker_terms=LinkerTerms.from_free(free) if n_bonded else None,
            known_limits=KNOWN_LIMITS if n_bonded else "",
            description=description,
            **{key: getattr(self.start, key) for key in bears},
        )
        return model, choice

    def _references(self, blocks: Sequence[StoredBlock]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the elements' energies, and, if any, the start above these that the ridge draws towards."""
        if self.start is None:
            return reference_energies(read_blocks(blocks)), None
        coefficients = self.start.coefficients.coefficients
        bonded = np.empty(0) if self.start.linker_terms is None else self.start.linker_terms.free
        start = np.append(coefficients, bonded)
        one_body = self._one_body(len(coefficients))
        # Other codes and functionals have other zeros of energy: a start is one but for that.
        references = start[one_body] + reference_energies(read_blocks(blocks), start)
        start[one_body] = 0.0
        return references, start

    def _one_body(self, n_coefficients: int) -> slice:
        """Return where counts of atoms stand among POD's coefficients: first of each element."""
        return slice(0, n_coefficients, n_coefficients // len(self.settings.parameters.species))


def _check_committee(n_members: int, blocks: Sequence[StoredBlock]) -> None:
    """Refuse a committee of which some members would be fitted to the same."""
    n_blocks, n_different = len(blocks), len({block.path for block in blocks})
    # Ways to draw with replacement, but for the one that gives each block as often as the model has it.
    n_ways = math.comb(n_blocks + n_different - 1, n_blocks) - 1
    if n_members > n_ways:
        raise InputError(
            f"a committee of {n_members} cannot be drawn from {n_different} "
            f"block{'s' if n_different > 1 else ''} of frames, since members would be alike: "
            "give a smaller 'block', or more frames"
        )


def _resamples(
    n_members: int, blocks: Sequence[StoredBlock], generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw blocks with replacement, of each member others: how often each block counts, (n_blocks,)."""
    _, kind = np.unique([str(block.path) for block in blocks], return_inverse=True)
    met = {tuple(np.bincount(kind))}
    while len(met) <= n_members:
        drawn = generator.integers(len(blocks), size=len(blocks))
        counts = tuple(np.bincount(kind[drawn], minlength=int(kind.max()) + 1))
        if counts not in met:
            met.add(counts)
            yield np.bincount(drawn, minlength=len(blocks))


def _clusters(
    parameters: PODParameters,
    settings: PODSettings,
    train: Dataset,
    directory: Path,
    seed: int,
    progress: Progress,
) -> PODCoefficients | None:
    """Return the clusters of environments: those given, those of this training, or new ones."""
    if parameters.number_of_environment_clusters == 1:
        return None
    kept = directory / CLUSTER_FILE
    if settings.clusters_of is not None:
        model = read_model(settings.clusters_of)
        if model.parameters != parameters:
            raise InputError(f"{settings.clusters_of} has other descriptors: its clusters do not fit")
        return replace(model.coefficients, coefficients=np.zeros_like(model.coefficients.coefficients))
    if kept.exists():
        return read_coefficients(kept.read_text(), kept)
    progress.stage("clusters of environments")
    clusters = find_clusters(parameters, train, seed=seed)
    with written_whole(kept) as temporary:
        temporary.write_text(clusters.text)
    return clusters


def _errors(
    model: PODModel, train: Dataset, validation: Dataset, threads: int
) -> tuple[FitErrors, FitErrors]:
    """Measure a model on evenly spaced frames of both sets."""
    calculator = LammpsCalculator(POD.from_model(model, Path(MODEL_DIRECTORY)), threads=threads)
    try:
        return (
            fit_errors(calculator, _thinned(train)),
            fit_errors(calculator, _thinned(validation)),
        )
    finally:
        calculator.close()


def _thinned(dataset: Dataset) -> Dataset:
    if len(dataset) <= MAX_FRAMES_OF_A_POINT:
        return dataset
    return dataset[np.linspace(0, len(dataset) - 1, MAX_FRAMES_OF_A_POINT).astype(int)]


def _curve_point(
    n_frames: int, wall_s: float, choice: RidgeChoice, train: FitErrors, validation: FitErrors
) -> CurvePoint:
    return CurvePoint(
        epoch=n_frames,
        wall_s=wall_s,
        train_loss=choice.train_loss,
        validation_loss=choice.validation_loss,
        **{f"train_{key}": value for key, value in vars(train).items()},
        **{f"validation_{key}": value for key, value in vars(validation).items()},
    )


def write_model(model: PODModel, directory: Path) -> None:
    """Write a POD potential: LAMMPS' two files, then ``model.yaml``.

    Parameters
    ----------
    model : PODModel
        The model.
    directory : Path
        Its directory, made where absent.
    """
    write_texts(directory, model.files())
