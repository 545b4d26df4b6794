"""Potentials that come with mofglass: every directory of `models/` with a ``model.yaml`` is one."""

from __future__ import annotations

from pathlib import Path

import yaml

from mofglass.potentials.base import Potential
from mofglass.potentials.pod import MODEL_FILE, POD

MODELS = Path(__file__).parent / "models"


def shipped_models(directory: Path = MODELS) -> dict[str, str]:
    """Return the potentials that come with mofglass.

    Parameters
    ----------
    directory : Path
        Where they are: one directory each, its name being the potential's.

    Returns
    -------
    dict
        What each is, in one line (``summary`` or ``description`` of its ``model.yaml``), by name.
    """
    found = {}
    for file in sorted(directory.glob(f"*/{MODEL_FILE}")):
        try:
            content = yaml.safe_load(file.read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            content = None  # a damaged installation must not stop the others; using it says what is wrong
        content = content if isinstance(content, dict) else {}
        found[file.parent.name] = str(content.get("summary") or content.get("description") or "POD")
    return found


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
    """
    potential = POD(directory / name)
    potential.name = name
    return potential
