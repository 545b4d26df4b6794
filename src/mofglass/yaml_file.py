"""YAML files of the user, read with one message where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mofglass.errors import InputError


class _Loader(yaml.SafeLoader):
    """Plain data, in which no name is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"'{key.value}' is given twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    """Leave 10:20 what it is, which YAML 1.1 takes for 620."""
    if ":" in node.value:
        return loader.construct_scalar(node)
    made = loader.construct_yaml_int if node.tag.endswith("int") else loader.construct_yaml_float
    return made(node)


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _number)


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
        return yaml.load(path.read_text(), _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        raise InputError(f"{path} is not valid YAML{place}: {error.problem or error.context}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid YAML: it is no UTF-8 text") from error
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path} is not a readable YAML file: {str(error).splitlines()[0]}") from error
