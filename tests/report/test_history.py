"""A run over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mofglass.report.history import running_mean, shaded_stages, thermo_panels
from mofglass.simulate import Minimise, hold, ramp, to_yaml_list
from mofglass.simulate.stage_spans import stage_spans

PROTOCOL = (
    Minimise(),
    hold("prepare", duration_ps=10.0, temperature_K=300.0),
    *ramp("melt", from_K=300.0, to_K=1500.0, rate_K_per_ps=100.0),
    hold("plateau", duration_ps=5.0, temperature_K=1500.0),
)


def test_stages_follow_one_another_in_time() -> None:
    spans = stage_spans({"stages": to_yaml_list(PROTOCOL)})
    assert [(s.name, s.start_ps, s.end_ps) for s in spans] == [
        ("minimise", 0.0, 0.0),
        ("prepare", 0.0, 10.0),
        ("melt", 10.0, 22.0),
        ("plateau", 22.0, 27.0),
    ]
    assert (spans[2].start_K, spans[2].end_K) == (300.0, 1500.0)
    assert stage_spans({}) == []


def test_slow_forces_stand_in_the_stages() -> None:
    rows = [{"name": "hold", "duration_ps": 1.0, "temperature_K": 300.0, "slow_forces_every": 2}]
    (held,) = stage_spans({"stages": rows})
    assert held.description.endswith("in steps of 0.5 fs, slow forces every 2 steps")


def test_only_what_has_run_is_shaded() -> None:
    shaded = shaded_stages(stage_spans({"stages": to_yaml_list(PROTOCOL)}), end_ps=15.0)
    assert [(s["label"], s["end"]) for s in shaded] == [("prepare", 10.0), ("melt", 15.0)]


def test_running_mean_of_a_line_is_the_line_and_of_noise_is_quieter() -> None:
    x = np.linspace(0, 10, 1000)
    np.testing.assert_allclose(*running_mean(x, x), atol=1e-9)
    noise = np.random.default_rng(1).normal(size=1000)
    _, smooth = running_mean(x, noise)
    assert smooth.std() < 0.5 * noise.std()


def test_panels_have_units_and_missing_columns_are_left_out() -> None:
    table = pd.DataFrame({"time_ps": np.arange(100) * 0.1, "temperature_K": 300.0, "pressure_bar": np.nan})
    (temperature,) = thermo_panels({"run": table})
    assert (temperature.x_label, temperature.y_label) == ("time (ps)", "temperature (K)")
    assert len(temperature.curves) == 2
    (several,) = thermo_panels({"one": table, "two": table})
    assert [curve.label for curve in several.curves] == ["one", "two"]
    assert several.curves[0].y == pytest.approx(300.0)
