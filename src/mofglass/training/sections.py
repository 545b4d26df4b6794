"""Sections of a YAML file as frozen dataclasses: names, types and near misses checked."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from mofglass.errors import InputError

T = TypeVar("T")

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return a hint at what may have been meant.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been.

    Returns
    -------
    str
        ``did you mean x?``, or the list of all that is known.
    """
    names = list(known)
    near = difflib.get_close_matches(word, names, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"


def read_section(cls: type[T], section: Any, where: str, folder: Path) -> T:
    """Make a dataclass from a section of a YAML file.

    Parameters
    ----------
    cls : type
        A dataclass with fields of type int, float, bool, str, Path, Literal, tuple, dict, another such
        dataclass, or one of these or None.
    section : object
        What the file holds there; None for an empty section.
    where : str
        How to call the section in a message, e.g. ``train.yaml, pod``.
    folder : Path
        Where relative paths start.

    Returns
    -------
    object
        An instance of `cls`; fields that the section leaves out keep their defaults.

    Raises
    ------
    InputError
        For a field that `cls` lacks, that is missing, or whose value has another type.
    """
    section = {} if section is None else section
    if not isinstance(section, Mapping):
        raise InputError(f"{where}: expected 'name: value' lines, not {section!r}")
    hints = get_type_hints(cls)
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in section.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise InputError(f"{where}: there is no '{key}': {near_miss(name, known)}")
        values[name] = _convert(value, hints[name], f"{where}, {name}", folder)
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"{where}: '{name}' is missing")
    try:
        return cls(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _convert(value: Any, hint: Any, where: str, folder: Path) -> Any:
    """Return a value of YAML as the type that a field declares."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _convert_union(value, arguments, where, folder)
    if origin is Literal:
        if value not in arguments:
            raise InputError(f"{where}: {value!r} is not one of {', '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        return _convert_tuple(value, arguments, where, folder)
    if origin in (dict, Mapping) or hint is dict:
        if not isinstance(value, Mapping):
            raise InputError(f"{where}: expected 'name: value' lines, not {value!r}")
        key_type, item_type = arguments or (Any, Any)
        return {
            _convert(key, key_type, where, folder): _convert(item, item_type, f"{where}, {key}", folder)
            for key, item in value.items()
        }
    if is_dataclass(hint):
        return read_section(hint, value, where, folder)  # type: ignore[arg-type]
    if hint is Path:
        if not isinstance(value, str):
            raise InputError(f"{where}: expected a path, not {value!r}")
        return (folder / Path(value).expanduser()).resolve()
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        # YAML reads 1e-3 as text: its floats need a point.
        try:
            return float(value)
        except ValueError:
            pass
    elif isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise InputError(f"{where}: expected {WORDS.get(hint, hint)}, not {value!r}")


def _convert_union(value: Any, arguments: tuple[Any, ...], where: str, folder: Path) -> Any:
    """Return the value as the first of several types that takes it."""
    if value is None and type(None) in arguments:
        return None
    problem: InputError | None = None
    for argument in arguments:
        if argument is type(None):
            continue
        try:
            return _convert(value, argument, where, folder)
        except InputError as error:
            problem = problem or error
    raise problem or InputError(f"{where}: {value!r} cannot be used")


def _convert_tuple(value: Any, arguments: tuple[Any, ...], where: str, folder: Path) -> tuple[Any, ...]:
    """Return a list of YAML as a tuple; one value stands for a list of one where any length is allowed."""
    if arguments[-1] is Ellipsis:
        rows = value if isinstance(value, list) else [value]
        return tuple(_convert(row, arguments[0], where, folder) for row in rows)
    if not isinstance(value, list) or len(value) != len(arguments):
        raise InputError(f"{where}: expected a list of {len(arguments)}, not {value!r}")
    return tuple(_convert(row, kind, where, folder) for row, kind in zip(value, arguments, strict=True))
