"""Potentials that come with mofglass: every directory of `models/` with a ``model.yaml`` is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from mofglass.potentials.base import Potential
from mofglass.potentials.pod import MODEL_FILE, POD

MODELS = Path(__file__).parent / "models"
NEQUIP_FORMAT = "mofglass-nequip-1"


class ShippedModel(NamedTuple):
    """What the list of potentials says of one that comes with mofglass."""

    summary: str
    """One line: ``summary`` or ``description`` of its ``model.yaml``."""
    extra: str
    """Optional dependency group it needs; empty for none."""


def shipped_models(directory: Path = MODELS) -> dict[str, ShippedModel]:
    """Return the potentials that come with mofglass.

    Parameters
    ----------
    directory : Path
        Where they are: one directory each, its name being the potential's.

    Returns
    -------
    dict
        What each is, by name.
    """
    found = {}
    for file in sorted(directory.glob(f"*/{MODEL_FILE}")):
        content = _content(file)
        summary = str(content.get("summary") or content.get("description") or "a potential")
        extra = "nequip" if _kind(content) == "nequip" else ""
        found[file.parent.name] = ShippedModel(summary, extra)
    return found


def kind_of(directory: Path) -> str:
    """Return which potential a directory with a ``model.yaml`` holds.

    Parameters
    ----------
    directory : Path
        As a training leaves it.

    Returns
    -------
    {"pod", "nequip"}
        What stands before the colon of ``--potential``; pod where the file does not say.
    """
    return _kind(_content(directory / MODEL_FILE))


def _kind(content: dict[str, Any]) -> str:
    return "nequip" if content.get("format") == NEQUIP_FORMAT else "pod"


def _content(file: Path) -> dict[str, Any]:
    """Read a model's file; a damaged one must not stop the others, using it says what is wrong."""
    try:
        content = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def load_shipped(name: str, directory: Path = MODELS) -> Potential:
    """Make a potential that comes with mofglass.

    Parameters
    ----------
    name : str
        Its name.
    directory : Path
        Where the potentials are.

    Returns
    -------
    Potential
        The potential, under its own name.

    Raises
    ------
    InputError
        When its files are damaged.
    MissingPackageError
        When it needs a package that is not installed.
    """
    path = directory / name
    if kind_of(path) == "nequip":
        from mofglass.potentials.nequip_over_prior import NequIPOverPrior

        potential: Potential = NequIPOverPrior(path)
    else:
        potential = POD(path)
    potential.name = name
    return potential
