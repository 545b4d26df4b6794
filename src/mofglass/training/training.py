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
from mofglass.training.state import TrainingState, locked, open_directory, read_state, write_state


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
    reached : str
        How far it came where its time limit ended it, as "12 of 100 epochs"; empty where it came to its end.
    time_limit_s : float or None
        That limit, s.
    point : CurvePoint or None
        Last point of the learning curve; None where the trainer writes none.
    """

    directory: Path
    potential: str
    n_train: int
    n_validation: int
    left_out: dict[str, int]
    reached: str
    time_limit_s: float | None
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
            "reached": self.reached,
            "time_limit_s": self.time_limit_s,
            **{
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in errors.items()
            },
        }


def train(
    config: TrainingConfig, directory: Path, progress: Progress | None = None, *, further: bool = False
) -> Trained:
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
    further : bool
        Whether one that its time limit ended goes on where the limit is larger now, or there is none.

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
    if state.state != "done" or (further and _has_more_time(config, state)):
        with locked(directory):
            state = _fit(config, directory, state, progress)
    curve = read_learning_curve(directory)
    return Trained(
        directory=directory,
        potential=f"{trainer.potential}:{directory / state.model}",
        n_train=state.n_train,
        n_validation=state.n_validation,
        left_out=state.left_out,
        reached=state.reached,
        time_limit_s=state.time_limit_s,
        point=curve[-1] if curve else None,
    )


def goes_further(config: TrainingConfig, directory: Path) -> bool:
    """Tell whether `train` with ``further`` would train in a directory.

    Parameters
    ----------
    config : TrainingConfig
        What to fit.
    directory : Path
        Of a training, or absent.

    Returns
    -------
    bool
        True for one that was stopped, and for one that its time limit ended where there is more time now.
    """
    state = read_state(directory)
    return state is not None and (state.state != "done" or _has_more_time(config, state))


def _has_more_time(config: TrainingConfig, state: TrainingState) -> bool:
    """Tell whether a training that its time limit ended may go on."""
    before, now = state.time_limit_s, config.time_limit_s
    return bool(state.reached) and before is not None and (now is None or now > before)


def _fit(config: TrainingConfig, directory: Path, state: TrainingState, progress: Progress) -> TrainingState:
    """Run the trainer, recording how it ended."""
    before = state
    try:
        data = load_data(config, progress)
        state = replace(
            state,
            state="running",
            reached="",
            time_limit_s=None,
            n_train=len(data.train),
            n_validation=len(data.validation),
            left_out=dict(data.left_out),
        )
        write_state(directory, state)
        fit = get_trainer(config.trainer).fit(config, data, directory, progress)
    except MofglassError as error:
        # A model that is there stays usable where going on with its training fails.
        failed = replace(state, state="failed", problem=str(error))
        write_state(directory, before if before.state == "done" else failed)
        raise
    state = replace(
        state,
        state="done",
        model=str(fit.model.relative_to(directory)),
        potential=f"{get_trainer(config.trainer).potential}:{fit.model}",
        reached=fit.reached,
        time_limit_s=config.time_limit_s if fit.reached else None,
    )
    write_state(directory, state)
    return state
