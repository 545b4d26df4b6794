"""YAML files of the user, read with one message where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mofglass.errors import InputError


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    object
        Its content, plain data.

    Raises
    ------
    InputError
        When it cannot be read, naming line and column where it is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        raise InputError(f"{path} is not valid YAML{place}: {error.problem or error.context}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid YAML: it is no UTF-8 text") from error
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a readable YAML file: {str(error).splitlines()[0]}") from error
