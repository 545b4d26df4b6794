"""``mofglass run`` refuses what it would otherwise pass over in silence."""

from __future__ import annotations

import pytest
from ase.build import bulk
from click.testing import CliRunner

from mofglass.cli import main

STAGE = "stages:\n  - {name: warm, duration_ps: 0.05, temperature_K: 40%s}\n"


@pytest.fixture
def refusal(tmp_path):
    """Runs argon by a protocol that cannot be, and returns what is said."""
    bulk("Ar", cubic=True, a=5.4).repeat(3).write(tmp_path / "argon.extxyz")

    def run(protocol, *options):
        (tmp_path / "warm.yaml").write_text(protocol)
        words = ["run", tmp_path / "argon.extxyz", tmp_path / "warm.yaml", "-p", "lj", "--quiet"]
        words += ["-o", tmp_path / "run", *options]
        answer = CliRunner().invoke(main, [str(word) for word in words], prog_name="mofglass")
        assert answer.exit_code == 2, answer.output
        assert not (tmp_path / "run").exists()
        return " ".join(answer.output.split())

    return run


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("seed: 77", "give --seed,"),
        ("potential: nb-zif-ff", "give --potential,"),
        ("frame_interval_ps: 3", "give --frame-interval,"),
        ("barostat: 1", "leave it out"),
    ],
)
def test_keys_beside_the_stages(refusal, key, remedy):
    said = refusal(f"{key}\n{STAGE % ''}")
    assert f"sets '{key.split(':')[0]}' beside 'stages:'" in said
    assert remedy in said


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("pressure_bar: 5000", "stage 'warm': pressure_bar means nothing without ensemble: npt"),
        ("end_temperature_K: .nan", "end_temperature_K must be a finite number, not nan"),
        ("edge_factors: [a, b, c]", "edge_factors must be three finite numbers"),
    ],
)
def test_fields_that_cannot_be(refusal, field, words):
    assert words in refusal(STAGE % f", {field}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seed", "99999999999"), "seed must be from 1 to 899000000"),
        (("--frame-interval", "inf"), "inf is not a finite number"),
        (("--thermo-interval", "nan"), "nan is not a finite number"),
        (("-o", "/proc/nowhere/run"), "/proc/nowhere/run cannot be made"),
    ],
)
def test_options_that_cannot_be(refusal, options, words):
    assert words in refusal(STAGE % "", *options)
