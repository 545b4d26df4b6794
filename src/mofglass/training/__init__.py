"""Potentials fitted to labelled frames: one configuration, one module a trainer, one table of errors."""

from mofglass.training.base import TRAINERS, Trainer, get_trainer
from mofglass.training.config import TrainingConfig, Weights, load_config

__all__ = ["TRAINERS", "Trainer", "TrainingConfig", "Weights", "get_trainer", "load_config"]
