"""A model and a committee beside it, whatever the trainer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mofglass.errors import InputError
from mofglass.training.base import Progress
from mofglass.training.config import TrainingConfig
from mofglass.training.nequip import trained_network
from mofglass.training.nequip_settings import NetworkSettings
from mofglass.training.pod import COMMITTEE_DIRECTORY
from mofglass.training.pod_settings import PODSettings
from mofglass.training.training import train


class Further(NamedTuple):
    """How networks go on from an earlier committee."""

    directory: Path
    """Of the earlier training."""
    epochs: int
    """Passes over the frames."""


def train_committee(
    config: TrainingConfig,
    n_members: int,
    directory: Path,
    *,
    cache: Path,
    progress: Progress,
    further: Further | None = None,
) -> tuple[str, tuple[str, ...]]:
    """Train a model, and the members of a committee.

    POD resamples its blocks, which takes seconds a member; other trainers fit each member with another seed,
    and the model is one of them.

    Parameters
    ----------
    config : TrainingConfig
        Of the model.
    n_members : int
        Two or more.
    directory : Path
        Of the training; other members stand in ``member-2`` and so on inside it.
    cache : Path
        Where POD keeps what frames contribute, for later trainings with the same descriptors.
    progress : Progress
        Who watches.
    further : Further, optional
        Networks go on from those of an earlier training; without it each begins as the configuration says.

    Returns
    -------
    model : str
        As ``--potential`` takes it.
    members : tuple of str
        The same of each member.
    """
    if isinstance(config.settings, PODSettings):
        settings = replace(config.settings, committee=n_members, cache=config.settings.cache or cache)
        model = train(replace(config, settings=settings), directory, progress).potential
        places = (directory / COMMITTEE_DIRECTORY / f"member-{k}" for k in range(1, n_members + 1))
        return model, tuple(f"pod:{place}" for place in places)
    models = []
    for k in range(n_members):
        member = replace(config, seed=config.seed + k)
        if further is not None:
            member = _going_on(member, _member(further.directory, k), further.epochs)
        models.append(train(member, _member(directory, k), progress).potential)
    return models[0], tuple(models)


def check_further(config: TrainingConfig) -> None:
    """Refuse to go on with what is fitted anew each time.

    Parameters
    ----------
    config : TrainingConfig
        Of the trainings.

    Raises
    ------
    InputError
        When the trainer is none of NequIP and Allegro.
    """
    if not isinstance(config.settings, NetworkSettings):
        raise InputError(
            f"further_epochs is for the trainers nequip and allegro; {config.trainer} fits anew: leave it out"
        )


def _member(directory: Path, number: int) -> Path:
    return directory / f"member-{number + 1}" if number else directory


def _going_on(config: TrainingConfig, before: Path, epochs: int) -> TrainingConfig:
    """Return the training of a network that goes on from another training's."""
    settings = replace(config.settings, start_from=trained_network(before), epochs=epochs)
    return replace(config, settings=settings)
