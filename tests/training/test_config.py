"""The configuration of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig, Weights, load_config, parse_config, seconds

MINIMAL = {"trainer": "pod", "train": "labels.extxyz"}


def parse(**content: object) -> TrainingConfig:
    return parse_config({**MINIMAL, **content}, where="t.yaml", folder=Path("/data"))


def test_defaults() -> None:
    config = parse()
    assert config.train == (Path("/data/labels.extxyz"),)
    assert config.validation == 0.1
    assert config.weights == Weights()
    assert config.settings.block == 8


def test_validation_is_a_fraction_a_split_or_files() -> None:
    assert parse(validation=0.25).validation == 0.25
    assert parse(validation="split").validation == "split"
    assert parse(validation="v.xyz").validation == (Path("/data/v.xyz"),)
    assert parse(validation=["v.xyz", "/w.xyz"]).validation == (Path("/data/v.xyz"), Path("/w.xyz"))


def test_a_file_may_count_several_times() -> None:
    config = parse(train=["a.xyz", {"file": "soft.xyz", "times": 3}])
    assert config.train == (Path("/data/a.xyz"), *[Path("/data/soft.xyz")] * 3)
    assert parse(train={"file": "soft.xyz", "times": 2}).train == (Path("/data/soft.xyz"),) * 2


def test_the_trainers_section_becomes_its_settings() -> None:
    config = parse(pod={"descriptors": {"rcut": 4.5}, "repulsion": {"inner_A": 0.5, "outer_A": 1.0}})
    assert config.settings.parameters(["H"]).rcut == 4.5
    assert config.settings.repulsion.outer_A == 1.0


def test_plain_data_gives_the_configuration_back() -> None:
    config = parse(
        time_limit="30m", weights={"forces": 2}, pod={"repulsion": {"inner_A": 0.5, "outer_A": 1.0}}
    )
    again = parse_config(
        yaml.safe_load(yaml.safe_dump(config.to_dict())), where="again", folder=Path("/elsewhere")
    )
    assert again == config
    assert again.identity == config.identity


def test_identity_is_of_what_decides_the_result() -> None:
    assert parse(threads=4, processes=2, time_limit=9).identity == parse().identity
    assert parse(pod={"cache": "/a"}).identity == parse(pod={"cache": "/b/c"}).identity == parse().identity
    assert parse(seed=2).identity != parse().identity
    assert parse(train="other.extxyz").identity != parse().identity
    assert parse(pod={"descriptors": {"rcut": 4.5}}).identity != parse().identity


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (90, 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("1d", 86400)]
)
def test_times(value: object, expected: float | None) -> None:
    assert seconds(value, "t") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"trainer": "nequipp"}, "t.yaml: there is no trainer 'nequipp': did you mean nequip"),
        ({"trian": 3}, "t.yaml: there is no 'trian': did you mean train"),
        ({"nequip": {}}, "section 'nequip' does not belong to the trainer 'pod'"),
        ({"validation": 1.5}, "validation is a fraction between 0 and 1"),
        ({"weights": {"force": 1}}, "t.yaml, weights: there is no 'force': did you mean forces"),
        ({"weights": {"forces": -1}}, "the weight of forces must be zero or a number above it, and is -1"),
        ({"weights": {"forces": float("inf")}}, "the weight of forces must be zero or a number above it"),
        ({"weights": {"energy": 0, "forces": 0, "stress": 0}}, "the weights are zero throughout"),
        ({"pod": {"ridge": [float("nan")]}}, "ridge must be numbers of zero or more"),
        ({"pod": {"clusters_of": "old/model"}}, "number_of_environment_clusters above 1"),
        ({"seed": 0}, "seed must be 1 or more"),
        ({"time_limit": "soon"}, "'soon' is not a time"),
        ({"time_limit": "1.2.3h"}, "'1.2.3h' is not a time"),
        ({"train": []}, "'train' names no file"),
        ({"train": [{"file": "a.xyz", "times": 0}]}, "write {file: NAME, times: 10} with a whole number"),
        ({"train": [{"file": "a.xyz"}]}, "t.yaml, train: write {file: NAME, times: 10}"),
        ({"pod": {"descriptor": {}}}, "t.yaml, pod: there is no 'descriptor': did you mean descriptors"),
        (
            {"pod": {"descriptors": {"threebody_angular_degre": 2}}},
            "did you mean threebody_angular_degree",
        ),
        ({"pod": {"descriptors": {"rin": 6.0}}}, r"rin (6 Å) must be below rcut (5 Å)"),
        ({"pod": {"descriptors": {"bessel_polynomial_degree": 2.5}}}, "must be a whole number"),
    ],
)
def test_bad_content_is_named(content: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**content)
    assert message in str(caught.value)


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("trainer: [pod\n")
    with pytest.raises(InputError, match="is not valid YAML at line 2"):
        load_config(tmp_path / "t.yaml")
    (tmp_path / "t.yaml").write_text("just text\n")
    with pytest.raises(InputError, match="must hold 'trainer:'"):
        load_config(tmp_path / "t.yaml")


def test_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(MINIMAL))
    assert load_config(tmp_path / "t.yaml").train == (tmp_path / "labels.extxyz",)


def test_weights_fall_back_to_the_trainers() -> None:
    mixed = Weights(forces=2.0).or_default(Weights(energy=1.0, forces=1.0, stress=0.0))
    assert mixed == Weights(energy=1.0, forces=2.0, stress=0.0)
