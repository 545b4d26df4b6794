"""The pair section: what interacts with what."""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import sqrt

import pytest

from mofglass.potentials.nb_zif_ff import load_parameters
from mofglass.potentials.nb_zif_ff.lammps_commands import DEFAULT, PUBLISHED, nonbonded_commands

TYPES = tuple(load_parameters().types)


def _pairs(settings) -> dict[tuple[str, str], list[list[str]]]:
    """Words of each pair_coeff, by the names of the pair."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for command in nonbonded_commands(TYPES, load_parameters(), settings):
        words = command.split("#")[0].split()
        if words[0] == "pair_coeff" and words[1] != "*":
            pair = TYPES[int(words[1]) - 1], TYPES[int(words[2]) - 1]
            found.setdefault(pair, []).append(words[3:])
    return found


def test_every_pair_is_set_once_in_the_merged_style() -> None:
    pairs = _pairs(DEFAULT)
    assert set(pairs) == set(combinations_with_replacement(TYPES, 2))
    assert all(len(entries) == 1 for entries in pairs.values())


@pytest.mark.parametrize("settings", [DEFAULT, PUBLISHED], ids=["default", "published"])
def test_mixing_is_lorentz_berthelot_and_zinc_nitrogen_is_morse(settings) -> None:
    parameters = load_parameters()
    pairs = _pairs(settings)
    assert [entry[0] for entry in pairs["Zn", "N1"]] == ["morse"]
    real = [name for name in TYPES if not parameters.types[name].is_dummy]
    for first, second in combinations_with_replacement(real, 2):
        if (first, second) == ("Zn", "N1"):
            continue
        (entry,) = pairs[first, second]
        a, b = parameters.types[first], parameters.types[second]
        assert float(entry[1]) == pytest.approx(sqrt(a.epsilon_eV * b.epsilon_eV), rel=1e-8)
        assert float(entry[2]) == pytest.approx((a.sigma_A + b.sigma_A) / 2)


@pytest.mark.parametrize("settings", [DEFAULT, PUBLISHED], ids=["default", "published"])
def test_dummies_have_a_core_among_themselves_only(settings) -> None:
    parameters = load_parameters()
    for (first, second), entries in _pairs(settings).items():
        dummies = parameters.types[first].is_dummy + parameters.types[second].is_dummy
        depths = [float(entry[1]) for entry in entries if entry[0].startswith("lj")]
        if dummies == 2:
            assert depths == [1.001e-7]
        if dummies == 1:
            assert sum(depths) == 0.0
