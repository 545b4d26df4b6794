"""The temperature at which frames were held."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.simulate import hold, ramp, to_yaml_list
from mofglass.simulate.stage_spans import held_temperature, stage_spans, stages_between

PROTOCOL = (
    hold("prepare", duration_ps=1.0, temperature_K=300.0),
    *ramp("melt", from_K=300.0, to_K=900.0, rate_K_per_ps=600.0),
    hold("plateau", duration_ps=1.0, temperature_K=900.0),
    hold("longer", duration_ps=1.0, temperature_K=900.0),
    hold("free", duration_ps=1.0, temperature_K=900.0, ensemble="nve"),
)
SPANS = stage_spans({"stages": to_yaml_list(PROTOCOL)})


@pytest.mark.parametrize(
    ("times_ps", "kelvin"),
    [
        ([0.0, 0.5, 1.0], 300.0),
        ([2.0, 3.0, 4.0], 900.0),
        ([2.00001, 4.00001], 900.0),
        ([0.5, 2.5], None),
        ([1.5, 2.5], None),
        ([1.5], None),
        ([4.5, 5.0], None),
    ],
)
def test_frames_have_the_temperature_of_their_stages(times_ps, kelvin):
    assert held_temperature(SPANS, np.array(times_ps)) == kelvin


def test_stages_between_two_times():
    assert [span.name for span in stages_between(SPANS, 1.0, 3.5)] == ["melt", "plateau", "longer"]
    assert [span.name for span in stages_between(SPANS, 1.5, 1.5)] == ["melt"]
