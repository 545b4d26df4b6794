"""Sections of YAML as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mofglass.errors import InputError
from mofglass.training.sections import near_miss, read_section

FOLDER = Path("/data")


@dataclass(frozen=True)
class Inner:
    depth_eV: float = 1.0


@dataclass(frozen=True)
class Section:
    r_max: float
    layers: int = 2
    parity: bool = True
    kind: Literal["a", "b"] = "a"
    radii: tuple[float, ...] = ()
    box: tuple[int, int] = (1, 1)
    file: Path | None = None
    extra: dict[str, float] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)


def read(**section: object) -> Section:
    return read_section(Section, {"r_max": 4, **section}, "f.yaml, s", FOLDER)


def test_values_take_the_types_of_the_fields() -> None:
    section = read(layers=3, radii=[1, 2.5], box=[2, 3], file="x/y", extra={"a": 1}, inner={"depth_eV": 2})
    assert section.r_max == 4.0
    assert isinstance(section.r_max, float)
    assert section.radii == (1.0, 2.5)
    assert section.box == (2, 3)
    assert section.file == Path("/data/x/y")
    assert section.extra == {"a": 1.0}
    assert section.inner == Inner(2.0)


def test_one_value_stands_for_a_list_of_one() -> None:
    assert read(radii=3).radii == (3.0,)


def test_numbers_that_yaml_reads_as_text() -> None:
    assert read(inner={"depth_eV": "1e-3"}).inner.depth_eV == 1e-3


def test_dashes_are_underscores() -> None:
    assert read_section(Section, {"r-max": 4}, "f", FOLDER).r_max == 4.0


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"layer": 3}, "f.yaml, s: there is no 'layer': did you mean layers"),
        ({"layers": 2.5}, "f.yaml, s, layers: expected a whole number, not 2.5"),
        ({"layers": True}, "expected a whole number, not True"),
        ({"parity": 1}, "expected true or false, not 1"),
        ({"kind": "c"}, "'c' is not one of a, b"),
        ({"box": [1, 2, 3]}, "expected a list of 2"),
        ({"radii": [1, "x"]}, "expected a number, not 'x'"),
        ({"inner": {"dept_eV": 1}}, "f.yaml, s, inner: there is no 'dept_eV': did you mean depth_eV"),
        ({"inner": 3}, "expected 'name: value' lines"),
        ({"extra": 3}, "expected 'name: value' lines"),
        ({"file": 3}, "expected a path"),
        ({"r_max": None}, "expected a number, not None"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(section: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(**section)
    assert message in str(caught.value)


def test_a_field_without_a_default_must_be_there() -> None:
    with pytest.raises(InputError, match="'r_max' is missing"):
        read_section(Section, None, "f", FOLDER)


def test_without_a_near_miss_all_names_are_listed() -> None:
    assert near_miss("zzz", ["alpha", "beta"]) == "known are alpha, beta"
