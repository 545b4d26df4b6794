"""Measured scattering in the report: a glass agrees with its own curve, and not with another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mofglass.analysis import Scattering
from mofglass.errors import InputError
from mofglass.report.experiment import experiment_blocks, read_experiment
from mofglass.report.measure import Measured
from mofglass.report.sample import gather


@pytest.fixture(scope="module")
def glass(run_directory: Path) -> Measured:
    return Measured(gather([run_directory])[0], {})


@pytest.fixture(scope="module")
def own(glass: Measured, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The glass' own X-ray F(Q), as if measured."""
    result = Scattering(radiation="xray").compute(glass.sample.glass).result
    path = tmp_path_factory.mktemp("measured") / "own.txt"
    np.savetxt(path, np.column_stack((result.Q_per_A, result.values["fq"]))[20:1000:3])
    return path


def test_its_own_curve_has_no_residue_and_half_of_it_a_scale(glass: Measured, own: Path) -> None:
    half = own.with_name("half.txt")
    x, y = np.loadtxt(own).T
    np.savetxt(half, np.column_stack((x, 0.5 * y)))
    figures: dict[str, Any] = {}
    experiments = [read_experiment(f"xray:{own}"), read_experiment(f"xray:fq:{half}")]
    first, second = experiment_blocks([glass], experiments, figures)
    assert first.table[1][0].cells[0].startswith("(0.0")
    assert first.table[1][0].cells[2] == "1.000"
    # R of the doubled curve: |y - 2y| / |y| = 1; the scale that mends it is a half.
    assert second.table[1][0].cells[0].startswith("1.000")
    assert second.table[1][0].cells[2] == "0.5000"
    assert first.title == "Beside X-rays: own.txt"
    assert list(figures) == ["experiment_1-0", "experiment_2-0"]
    assert "experiment_1_experiment" in {name for name, _ in first.csvs}


def test_two_glasses_have_their_own_rows_and_their_mean(glass: Measured, own: Path) -> None:
    (block,) = experiment_blocks([glass, glass], [read_experiment(f"xray:{own}")], {})
    assert [row.label for row in block.table[1]][-1] == "mean of 2"
    assert len(block.table[1]) == 3


def test_radiation_and_function_stand_before_the_file(own: Path) -> None:
    assert read_experiment(str(own)).radiation == "neutron"
    found = read_experiment(f"xray:gr:{own}")
    assert (found.radiation, found.curve.function) == ("xray", "gr")
    with pytest.raises(InputError, match="'muon' before"):
        read_experiment(f"muon:{own}")
    with pytest.raises(InputError, match="cannot be read"):
        read_experiment("xray:absent.txt")
