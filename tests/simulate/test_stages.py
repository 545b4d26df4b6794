"""Stages as data: what they mean, what they refuse, and that YAML keeps them."""

from __future__ import annotations

import math

import pytest
import yaml

from mofglass.errors import InputError
from mofglass.simulate import Dynamics, Minimise, from_yaml_list, hold, ramp, to_yaml_list
from mofglass.simulate.stages import refuse_idle_fields


def test_number_of_steps():
    assert hold("a", duration_ps=100, temperature_K=300).n_steps == 200_000
    assert hold("a", duration_ps=1, temperature_K=300, time_step_fs=0.25).n_steps == 4000


def test_ramp_takes_the_time_its_rate_says():
    (heating,) = ramp("melt", from_K=300, to_K=1500, rate_K_per_ps=20)
    assert heating.duration_ps == pytest.approx(60)
    assert (heating.temperature_K, heating.final_temperature_K) == (300, 1500)


def test_ramp_splits_where_the_finer_step_begins():
    up = ramp("melt", from_K=300, to_K=900, rate_K_per_ps=4.8, fine_above_K=700)
    assert [stage.time_step_fs for stage in up] == [0.5, 0.25]
    assert [(s.temperature_K, s.final_temperature_K) for s in up] == [(300, 700), (700, 900)]
    down = ramp("quench", from_K=900, to_K=300, rate_K_per_ps=4.8, fine_above_K=700)
    assert [stage.time_step_fs for stage in down] == [0.25, 0.5]
    assert sum(s.duration_ps for s in up) == pytest.approx(125)
    (limit,) = ramp("melt", from_K=300, to_K=1500, rate_K_per_ps=20, fine_above_K=1500)
    assert limit.time_step_fs == 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"duration_ps": 1e-5}, "less than one time step"),
        ({"ensemble": "nvp"}, "ensemble 'nvp'"),
        ({"thermostat": "berendsen"}, "thermostat 'berendsen'"),
        ({"temperature_K": -5}, "temperatures"),
        ({"temperature_K": 0}, "above 0 K"),
        ({"time_step_fs": 0}, "time_step_fs"),
        ({"cubic": True, "volume_factor": 0.9}, "one of"),
        ({"ensemble": "npt", "cubic": True}, "barostat"),
        ({"volume_factor": -1}, "positive"),
        ({"volume_factor": 0}, "positive"),
        ({"duration_ps": math.nan}, "duration_ps must be a finite number, not nan"),
        ({"duration_ps": math.inf}, "duration_ps must be a finite number"),
        ({"temperature_K": None}, "temperature_K must be a finite number, not None"),
        ({"pressure_bar": math.nan, "ensemble": "npt"}, "pressure_bar must be a finite number"),
        ({"edge_factors": [1.0, 1.01]}, "edge_factors must be three finite numbers"),
        ({"edge_factors": ["a", "b", "c"]}, "edge_factors must be three finite numbers"),
        ({"edge_factors": 1.01}, "edge_factors must be three finite numbers"),
        ({"cubic": "no"}, "cubic must be true or false, not 'no'"),
        ({"slow_forces_every": 1.5}, "slow_forces_every must be a whole number"),
    ],
)
def test_impossible_stages_are_refused_by_name(options, words):
    settings = {"name": "bad one", "duration_ps": 1.0, "temperature_K": 300.0} | options
    with pytest.raises(InputError, match=words) as caught:
        Dynamics(**settings)
    assert "bad one" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pressure_bar": 5000}, "pressure_bar means nothing without ensemble: npt"),
        ({"end_pressure_bar": 1}, "end_pressure_bar means nothing"),
        ({"cell": "tri"}, "cell means nothing without"),
        ({"ensemble": "nve", "thermostat": "csvr"}, "thermostat means nothing with ensemble: nve"),
        ({"ensemble": "nve", "end_temperature_K": 400}, "end_temperature_K means nothing"),
    ],
)
def test_fields_that_mean_nothing_in_the_ensemble_are_refused(options, words):
    stage = hold("squeeze", **{"duration_ps": 1, "temperature_K": 300} | options)
    with pytest.raises(InputError, match=f"stage 'squeeze': {words}"):
        refuse_idle_fields((Minimise(), stage))
    with pytest.raises(InputError, match="pressure_bar means nothing with a fixed cell"):
        refuse_idle_fields((Minimise(pressure_bar=1.0),))
    every = {"pressure_bar": 1, "end_pressure_bar": 2, "cell": "tri", "thermostat": "csvr"}
    refuse_idle_fields((hold("all", duration_ps=1, temperature_K=300, ensemble="npt", **every),))


def test_a_protocol_survives_yaml():
    protocol = (
        Minimise(cell="aniso", pressure_bar=1.0),
        hold("warm", duration_ps=2, temperature_K=300, ensemble="npt", cell="tri"),
        *ramp("melt", from_K=300, to_K=1900, rate_K_per_ps=20, fine_above_K=1500),
        hold("squeeze", duration_ps=1, temperature_K=300, edge_factors=(1.0, 0.9, 1.1)),
        hold("cube", duration_ps=1, temperature_K=300, cubic=True, thermostat="langevin"),
    )
    assert from_yaml_list(yaml.safe_load(yaml.safe_dump(to_yaml_list(protocol)))) == protocol


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("x", "list of stages"),
        ([], "list of stages"),
        ([3], "stage 1"),
        ([{"stage": "anneal"}], "'anneal'"),
        ([{"name": "a", "duration": 3}], "no field 'duration'"),
        ([{"name": "a", "duration_ps": "long", "temperature_K": 3}], "duration_ps must be a finite"),
        ([{"name": "a", "temperature_K": 300}], "duration_ps is missing"),
        ([{"stage": "minimise", "max_iterations": 10.5}], "max_iterations must be a whole number"),
        ([{"stage": ["minimise"]}], "is not one of"),
    ],
)
def test_bad_yaml_says_where_and_what(rows, words):
    with pytest.raises(InputError, match=words) as caught:
        from_yaml_list(rows, source="heating.yaml")
    assert "heating.yaml" in str(caught.value)
