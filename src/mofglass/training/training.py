"""One training from its configuration to a potential in a directory, begun or gone on with."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mofglass.errors import MofglassError
from mofglass.training.base import Progress, Silent, get_trainer
from mofglass.training.config import TrainingConfig
from mofglass.training.data import load_data
from mofglass.training.learning_curve import CurvePoint, read_learning_curve
from mofglass.training.state import TrainingState, locked, open_directory, write_state


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A finished training.

    Parameters
    ----------
    directory : Path
        Its directory.
    potential : str
        What follows ``--potential``.
    n_train, n_validation : int
        Number of frames.
    left_out : dict
        How many others the files hold, by reason (`mofglass.training.data.TrainingData`).
    point : CurvePoint or None
        Last point of the learning curve; None where the trainer writes none.
    """

    directory: Path
    potential: str
    n_train: int
    n_validation: int
    left_out: dict[str, int]
    point: CurvePoint | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data.

        Returns
        -------
        dict
            With the keys of `CurvePoint`; None for what was not measured.
        """
        errors = {} if self.point is None else asdict(self.point)
        return {
            "directory": str(self.directory),
            "potential": self.potential,
            "n_train": self.n_train,
            "n_validation": self.n_validation,
            **self.left_out,
            **{
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in errors.items()
            },
        }


def train(config: TrainingConfig, directory: Path, progress: Progress | None = None) -> Trained:
    """Fit a potential; in the directory of a stopped training, go on with that.

    Parameters
    ----------
    config : TrainingConfig
        What to fit, to what, and how.
    directory : Path
        New or empty, or the directory of a training with the same configuration (threads, processes and
        time limit may differ). A finished one is left as it is.
    progress : Progress, optional
        Who watches.

    Returns
    -------
    Trained
        Where the potential is, and its errors.

    Raises
    ------
    InputError
        When the data or the directory cannot be used.
    MissingPackageError
        When the trainer's package is not installed.
    """
    progress = progress or Silent()
    directory = Path(directory)
    trainer = get_trainer(config.trainer)
    state = open_directory(directory, config)
    if state.state != "done":
        with locked(directory):
            state = _fit(config, directory, state, progress)
    curve = read_learning_curve(directory)
    return Trained(
        directory=directory,
        potential=f"{trainer.potential}:{directory / state.model}",
        n_train=state.n_train,
        n_validation=state.n_validation,
        left_out=state.left_out,
        point=curve[-1] if curve else None,
    )


def _fit(config: TrainingConfig, directory: Path, state: TrainingState, progress: Progress) -> TrainingState:
    """Run the trainer, recording how it ended."""
    try:
        data = load_data(config, progress)
        state = replace(
            state,
            n_train=len(data.train),
            n_validation=len(data.validation),
            left_out=dict(data.left_out),
        )
        write_state(directory, state)
        model = get_trainer(config.trainer).fit(config, data, directory, progress)
    except MofglassError as error:
        write_state(directory, replace(state, state="failed", problem=str(error)))
        raise
    state = replace(state, state="done", model=str(model.relative_to(directory)))
    state = replace(state, potential=f"{get_trainer(config.trainer).potential}:{model}")
    write_state(directory, state)
    return state
