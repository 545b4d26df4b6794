"""The published procedures, number by number."""

from __future__ import annotations

import pytest

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.simulate import Minimise
from mofglass.studies.recipes import QUICK, get_recipe


def test_castel_2024():
    """Fig. 5 and the text: 300 -> 1500 K at 20 K/ps, 50 ps, quench, 100 ps; constant volume, 0.5 fs."""
    stages = get_recipe("castel2024").protocol()
    assert isinstance(stages[0], Minimise)
    assert [stage.name for stage in stages[1:]] == ["prepare", "melt", "plateau", "quench", "equilibrate"]
    assert [stage.duration_ps for stage in stages[1:]] == pytest.approx([100, 60, 50, 60, 100])
    assert {stage.ensemble for stage in stages[1:]} == {"nvt"}
    assert {stage.time_step_fs for stage in stages[1:]} == {0.5}
    assert {stage.temperature_damping_steps for stage in stages[1:]} == {100}


def test_castel_2024_above_1500_K_takes_finer_steps():
    stages = get_recipe("castel2024").override(t_max_K=1900.0).protocol()
    fine = {stage.name: stage.time_step_fs for stage in stages[1:]}
    assert fine["melt"] == 0.5
    assert fine["melt (fine)"] == fine["plateau"] == fine["quench (fine)"] == 0.25
    assert fine["quench"] == fine["equilibrate"] == 0.5


def test_ten_glasses_hold_the_melt_as_in_the_SI():
    recipe = get_recipe("castel2024")
    assert [recipe.plateau_of_glass_ps(i) for i in range(1, 11)] == [50 + 20 * i for i in range(1, 11)]


def test_mendez_2024():
    """Sec. II B and D: 300 -> 900 -> 300 K, 1 bar, 250/500/750 ps, cubic, 0.25 fs above 700 K."""
    recipe = get_recipe("mendez2024")
    assert [recipe.plateau_of_glass_ps(i) for i in (1, 2, 3)] == [250, 500, 750]
    stages = {stage.name: stage for stage in recipe.protocol()[1:]}
    assert stages["melt"].duration_ps + stages["melt (fine)"].duration_ps == pytest.approx(600 / 4.8)
    assert stages["make cubic"].cubic
    assert stages["make cubic"].ensemble == "nvt"
    assert stages["make cubic"].duration_ps + stages["plateau"].duration_ps == pytest.approx(250)
    assert stages["plateau"].ensemble == "npt"
    assert stages["plateau"].pressure_bar == 1.0
    assert stages["plateau"].time_step_fs == 0.25
    assert stages["equilibrate"].time_step_fs == 0.5


def test_overrides_leave_the_rest():
    recipe = get_recipe("castel2024")
    changed = recipe.override(t_max_K=1700.0, plateau_ps=None)
    assert changed.t_max_K == 1700.0
    assert changed.plateau_ps == recipe.plateau_ps
    assert recipe.override(**QUICK).rate_K_per_ps == QUICK["rate_K_per_ps"]


@pytest.mark.parametrize(
    ("values", "words"),
    [({"t_max_K": 200.0}, "--t-max"), ({"rate_K_per_ps": -1.0}, "above zero"), ({"colour": 1}, "'colour'")],
)
def test_nonsense_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        get_recipe("castel2024").override(**values)
    with pytest.raises(InputError, match="castel2024, mendez2024"):
        get_recipe("boil")


def test_a_changed_recipe_says_what_was_changed():
    assert get_recipe("castel2024").changes() == {}
    assert get_recipe("castel2024").override(rate_K_per_ps=100.0).changes() == {
        "rate_K_per_ps": "20.0 -> 100.0"
    }


def test_a_potential_may_need_finer_steps_sooner_or_later():
    """nb-ZIF-FF above 700 K, as Mendez and Semino ran it: each ramp splits there."""
    recipe = get_recipe("castel2024")
    assert recipe.for_potential(get_potential("lj")) is recipe
    stages = recipe.for_potential(get_potential("nb-zif-ff")).protocol()
    steps = {stage.name: stage.time_step_fs for stage in stages[1:]}
    assert steps == {
        "prepare": 0.5,
        "melt": 0.5,
        "melt (fine)": 0.25,
        "plateau": 0.25,
        "quench (fine)": 0.25,
        "quench": 0.5,
        "equilibrate": 0.5,
    }
    assert sum(stage.duration_ps for stage in stages[1:]) == pytest.approx(370)
    assert recipe.for_potential(get_potential("zif4")).changes() == {}
    # And zif4 later than the published 1500 K: nothing is split.
    hot = recipe.override(t_max_K=2000.0).for_potential(get_potential("zif4")).protocol()
    assert {stage.time_step_fs for stage in hot[1:]} == {0.5}


def test_a_time_step_finer_than_the_fine_one_stays_where_it_is_hot():
    finer = get_recipe("castel2024").for_potential(get_potential("nb-zif-ff")).override(time_step_fs=0.2)
    stages = finer.protocol()[1:]
    assert [stage.name for stage in stages] == ["prepare", "melt", "plateau", "quench", "equilibrate"]
    assert {stage.time_step_fs for stage in stages} == {0.2}


def test_a_pressure_at_constant_volume_is_refused():
    with pytest.raises(InputError, match=r"--pressure means nothing .* --ensemble npt"):
        get_recipe("castel2024").override(pressure_bar=1000.0)
    stages = get_recipe("castel2024").override(pressure_bar=1000.0, ensemble="npt").protocol()[1:]
    assert {stage.pressure_bar for stage in stages} == {1000.0}
    assert get_recipe("mendez2024").override(pressure_bar=1000.0).changes() == {
        "pressure_bar": "1.0 -> 1000.0"
    }
