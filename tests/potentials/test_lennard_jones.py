"""Argon by LAMMPS' own style and through ASE: one energy, one force, one pressure."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass.errors import InputError
from mofglass.potentials.lennard_jones import (
    CUTOFF_A,
    EPSILON_EV,
    SIGMA_A,
    LennardJonesArgon,
    argon_calculator,
    argon_through_ase,
)
from mofglass.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K


@pytest.fixture
def argon() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.4, cubic=True) * (4, 4, 4)
    atoms.rattle(0.1, seed=1)
    return atoms


def test_native_and_ase_argon_agree(session, argon: Atoms) -> None:
    opened = session(LennardJonesArgon().lammps(argon))
    energies = opened.energies()
    argon.calc = argon_calculator()
    assert energies["pe"] == pytest.approx(argon.get_potential_energy(), abs=1e-8)
    np.testing.assert_allclose(opened.gathered("f"), argon.get_forces(), atol=1e-8)
    # LAMMPS' temperature is zero here, so its pressure is the virial's: minus ASE's stress.
    pressure = -argon.get_stress()[:3].mean() * BAR_PER_EV_PER_A3
    assert energies["press"] == pytest.approx(pressure, rel=1e-5)


def test_a_pair_has_the_published_depth(session) -> None:
    pair = Atoms("Ar2", positions=[[0, 0, 0], [2 ** (1 / 6) * SIGMA_A, 0, 0]], cell=[40, 40, 40], pbc=True)
    shift = 4 * EPSILON_EV * ((SIGMA_A / CUTOFF_A) ** 12 - (SIGMA_A / CUTOFF_A) ** 6)
    energy = session(LennardJonesArgon().lammps(pair)).energies()["pe"]
    assert -(energy + shift) / BOLTZMANN_EV_PER_K == pytest.approx(119.8, abs=1e-3)


def test_only_argon() -> None:
    with pytest.raises(InputError, match="atom 0, counted from 0, is Xe"):
        LennardJonesArgon().lammps(Atoms("Xe", cell=[20, 20, 20], pbc=True))


def test_through_ase_is_the_same_potential(argon: Atoms) -> None:
    model = argon_through_ase().lammps(argon)
    assert model.calculator is not None
    assert model.calculator().parameters["rc"] == CUTOFF_A
