"""A model and a committee beside it, whatever the trainer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mofglass.training.base import Progress
from mofglass.training.config import TrainingConfig
from mofglass.training.pod import COMMITTEE_DIRECTORY
from mofglass.training.pod_settings import PODSettings
from mofglass.training.training import train


def train_committee(
    config: TrainingConfig, n_members: int, directory: Path, *, cache: Path, progress: Progress
) -> tuple[str, tuple[str, ...]]:
    """Train a model, and the members of a committee.

    POD resamples its blocks, which takes seconds a member; other trainers fit each member anew with another
    seed, and the model is one of them.

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
    model = train(config, directory, progress).potential
    others = (
        train(replace(config, seed=config.seed + k), directory / f"member-{k + 1}", progress).potential
        for k in range(1, n_members)
    )
    return model, (model, *others)
