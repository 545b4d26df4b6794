"""A committee gives the mean of its members, and a spread that is known beforehand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.committee import Committee, CommitteeCalculator, committee_from_text, force_spread
from mofglass.potentials.lennard_jones import (
    CUTOFF_A,
    EPSILON_EV,
    SIGMA_A,
    LennardJonesArgon,
    argon_calculator,
)


def lennard_jones(factor: float) -> ASEPotential:
    """Argon whose well is deeper by a factor: every force is larger by it."""
    return ASEPotential(
        lambda: LennardJones(epsilon=factor * EPSILON_EV, sigma=SIGMA_A, rc=CUTOFF_A, smooth=False),
        name=f"lj-{factor}",
        elements={"Ar"},
    )


@pytest.fixture
def argon() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True).repeat(3)
    atoms.rattle(0.1, seed=3)
    return atoms


def test_the_spread_of_scaled_wells_is_proportional_to_the_force(argon):
    factors = np.array([0.9, 1.0, 1.3])
    calculator = make_calculator(Committee([lennard_jones(factor) for factor in factors]))
    argon.calc = calculator
    reference = argon.copy()
    reference.calc = argon_calculator()
    forces, mean = reference.get_forces(), factors.mean()
    np.testing.assert_allclose(argon.get_forces(), mean * forces, atol=1e-12)
    np.testing.assert_allclose(argon.get_stress(), mean * reference.get_stress(), atol=1e-12)
    assert argon.get_potential_energy() == pytest.approx(mean * reference.get_potential_energy())
    expected = factors.std() * np.linalg.norm(forces, axis=1)
    np.testing.assert_allclose(calculator.results["force_spread_eV_per_A"], expected, atol=1e-12)
    assert calculator.results["energy_spread_eV"] == pytest.approx(
        factors.std() * abs(reference.get_potential_energy())
    )


def test_equal_members_do_not_spread_and_native_ones_count(argon):
    """One member in LAMMPS, one in ASE: the same argon, so nothing spreads."""
    calculator = make_calculator(Committee([LennardJonesArgon(), lennard_jones(1.0)]))
    argon.calc = calculator
    argon.get_forces()
    assert calculator.results["force_spread_eV_per_A"].max() < 1e-8
    argon.positions[0] += 0.05
    assert np.abs(argon.get_forces()).max() > 1e-3
    assert calculator.results["force_spread_eV_per_A"].max() < 1e-8
    calculator.close()


def test_random_forces_spread_as_their_variance_says():
    """Independent noise of variance s² on each component: <spread²> = 3 s² (M-1)/M."""
    forces = np.random.default_rng(1).normal(0.0, 0.2, (5, 20000, 3))
    spread = force_spread(forces + np.arange(3.0))
    assert (spread**2).mean() == pytest.approx(3 * 0.04 * 4 / 5, rel=0.02)


def test_elements_and_records_are_those_of_all_members(argon):
    committee = Committee([lennard_jones(1.0), LennardJonesArgon()])
    assert committee.elements == {"Ar"}
    assert "lj-1.0" in committee.describe()["member 1"]
    with pytest.raises(InputError, match="atom 0, counted from 0, is Cu"):
        committee.lammps(bulk("Cu", cubic=True))
    with pytest.raises(InputError, match="two members"):
        Committee([LennardJonesArgon()])
    with pytest.raises(InputError, match="two members"):
        CommitteeCalculator([argon_calculator()])


def test_members_by_name_by_list_and_with_their_kind_once(tmp_path, argon):
    assert [member.name for member in get_potential("committee:lj,lj").members] == ["lj", "lj"]
    (tmp_path / "members.txt").write_text("# two of a kind\nlj\n\nlj\n")
    assert len(committee_from_text(str(tmp_path / "members.txt")).members) == 2
    with pytest.raises(InputError, match="cannot be a member"):
        get_potential("committee:lj,committee:lj")
    # The second has no kind of its own, so it is looked for as ReaxFF too.
    with pytest.raises(InputError, match=r"a\.ff"):
        get_potential(f"committee:reaxff:{tmp_path / 'a.ff'},{tmp_path / 'b.ff'}")


def test_a_directory_without_enough_models_says_so(tmp_path):
    with pytest.raises(InputError, match="holds 0 models"):
        get_potential(f"committee:{tmp_path}")
    (tmp_path / "one").mkdir()
    state = {"state": "running", "model": "", "potential": ""}
    (tmp_path / "one" / "state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match="is not finished"):
        get_potential(f"committee:{tmp_path}")
