"""Welch's test against scipy's, its rate of false alarms, and Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from mofglass.analysis.ensemble_difference import Sample, holm, welch
from mofglass.errors import InputError


def test_two_ensembles_as_scipy_has_it() -> None:
    random = np.random.default_rng(0)
    glasses, others = random.normal(3.4, 1.2, 10), random.normal(2.4, 0.5, 6)
    found = welch(Sample.of_bodies(glasses), Sample.of_bodies(others))
    expected = ttest_ind(glasses, others, equal_var=False)
    assert found.t == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.freedom == pytest.approx(expected.df)


def test_equal_bodies_differ_in_one_of_twenty_tests() -> None:
    random = np.random.default_rng(1)
    alarms = [
        welch(Sample.of_bodies(random.normal(size=5)), Sample(random.normal(scale=0.3), 0.3, 1e3)).p_value
        < 0.05
        for _ in range(2000)
    ]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.02)


def test_castel_table_2_glass_is_stiffer_than_the_crystal() -> None:
    # 3.43 ± 1.23 is the spread of ten glasses; the crystal's own error is not published, here 0.1 GPa.
    glass, crystal = Sample(3.43, 1.23 / 10**0.5, 9), Sample(1.69, 0.1, 15)
    assert welch(glass, crystal).p_value < 0.002


def test_unknown_errors_are_refused() -> None:
    with pytest.raises(InputError, match="at least two"):
        Sample.of_bodies([1.0])
    with pytest.raises(InputError, match="error of both"):
        welch(Sample(1.0, np.nan, 3), Sample(1.0, 0.1, 3))


def test_holms_correction_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert len(holm([])) == 0
