"""What a trainer is, and where the five of them are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mofglass.errors import InputError
from mofglass.training.sections import near_miss

if TYPE_CHECKING:
    from mofglass.training.config import TrainingConfig
    from mofglass.training.data import TrainingData
    from mofglass.training.learning_curve import CurvePoint


class Progress(Protocol):
    """Who watches a training: the command line draws it, a test collects it."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a part of the work.

        Parameters
        ----------
        text : str
            What is being done.
        total : int, optional
            Of how many steps it consists.
        """

    def advance(self, steps: int = 1) -> None:
        """Report that steps of the present part are done.

        Parameters
        ----------
        steps : int
            How many.
        """

    def point(self, point: CurvePoint) -> None:
        """Report a point of the learning curve, once it is on disk.

        Parameters
        ----------
        point : CurvePoint
            Errors at the end of an epoch.
        """


class Silent:
    """Watches nothing."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Ignore.

        Parameters
        ----------
        text : str
            Ignored.
        total : int, optional
            Ignored.
        """

    def advance(self, steps: int = 1) -> None:
        """Ignore.

        Parameters
        ----------
        steps : int
            Ignored.
        """

    def point(self, point: CurvePoint) -> None:
        """Ignore.

        Parameters
        ----------
        point : CurvePoint
            Ignored.
        """


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a trainer leaves.

    Parameters
    ----------
    model : Path
        The finished model, inside the directory of the training.
    reached : str
        How far it came where its time limit ended it, as "12 of 100 epochs"; empty where it came to its end.
    """

    model: Path
    reached: str = ""


class Trainer(Protocol):
    """Fits one kind of potential.

    Attributes
    ----------
    name : str
        What a configuration calls it; also the name of its section there.
    potential : str
        Name in the registry of potentials: the finished model is used as ``--potential NAME:PATH``.
    settings : type
        Frozen dataclass of its section in the configuration.
    """

    name: str
    potential: str
    settings: type[Any]

    def fit(
        self,
        config: TrainingConfig,
        data: TrainingData,
        directory: Path,
        progress: Progress,
    ) -> Fit:
        """Fit a potential, going on from what `directory` holds already.

        The trainer appends to ``learning_curve.csv`` (`LearningCurve`), keeps its own checkpoints in
        `directory`, and returns when it is done or its time limit is over. Interrupted (KeyboardInterrupt,
        kill) or out of time, a later call with the same configuration goes on from the last checkpoint.

        Parameters
        ----------
        config : TrainingConfig
            What to do; `config.settings` is an instance of `settings`.
        data : TrainingData
            Labelled frames.
        directory : Path
            Where everything is kept; it exists.
        progress : Progress
            Who watches.

        Returns
        -------
        Fit
            The finished model, and how far it came.
        """


@dataclass(frozen=True)
class TrainerEntry:
    """Where a trainer is.

    Parameters
    ----------
    module, attribute : str
        Module of this room and class in it.
    summary : str
        One line for the help.
    extra : str
        Extra of mofglass that brings what it needs; empty for none.
    """

    module: str
    attribute: str
    summary: str
    extra: str = ""


TRAINERS: dict[str, TrainerEntry] = {
    "pod": TrainerEntry("pod", "PODTrainer", "linear many-body potential of LAMMPS, no torch"),
    "nequip": TrainerEntry("nequip", "NequIPTrainer", "equivariant message passing", "nequip"),
    "allegro": TrainerEntry("nequip", "AllegroTrainer", "equivariant and strictly local", "nequip"),
    "deepmd": TrainerEntry("deepmd", "DeePMDTrainer", "DeePMD se_e2_a", "deepmd"),
    "mace": TrainerEntry("mace", "MACETrainer", "equivariant message passing, higher body order", "mace"),
}


def get_trainer(name: str) -> Trainer:
    """Return a trainer, importing its module only now.

    Parameters
    ----------
    name : str
        A key of `TRAINERS`.

    Returns
    -------
    Trainer
        The trainer.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in TRAINERS:
        raise InputError(f"there is no trainer '{name}': {near_miss(name, TRAINERS)}")
    entry = TRAINERS[name]
    make: Callable[[], Trainer] = getattr(import_module(f"mofglass.training.{entry.module}"), entry.attribute)
    return make()
