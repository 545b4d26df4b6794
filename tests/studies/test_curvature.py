"""Second derivatives by finite differences, and relaxations that start from them."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mofglass.potentials import ASEPotential
from mofglass.studies.curvature import hessian, positive
from mofglass.studies.static_points import Relaxation, static_point


class Counting(EMT):
    """EMT that counts how often it is asked."""

    calls = 0

    def calculate(self, *arguments: object, **keywords: object) -> None:
        """Count and compute."""
        type(self).calls += 1
        super().calculate(*arguments, **keywords)


def test_a_dimer_has_the_curvature_of_its_potential() -> None:
    r = 1.3
    dimer = Atoms("Ar2", [[0, 0, 0], [r, 0, 0]], cell=[20, 20, 20], pbc=True)
    matrix = hessian(dimer, LennardJones(sigma=1.0, epsilon=1.0, rc=6.0), displacement_A=1e-3)
    bond = 4.0 * (156.0 / r**14 - 42.0 / r**8)
    bent = 4.0 * (-12.0 / r**14 + 6.0 / r**8)
    expected = np.kron([[1, -1], [-1, 1]], np.diag([bond, bent, bent]))
    np.testing.assert_allclose(matrix, expected, rtol=1e-3, atol=1e-3)


def test_all_curvatures_become_positive() -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))
    matrix = (turn * [-2.0, 0.01, 0.5, 3.0]) @ turn.T
    mended = positive(matrix, smallest=0.1)
    np.testing.assert_allclose(np.linalg.eigvalsh(mended), [0.1, 0.5, 2.0, 3.0])
    np.testing.assert_allclose(mended @ turn[:, 3], 3.0 * turn[:, 3])


def test_a_relaxation_from_a_hessian_takes_fewer_steps_to_the_same_end() -> None:
    start = bulk("Cu", cubic=True, a=3.6).repeat(2)
    start.rattle(0.1, seed=3)
    calls, energies = {}, {}
    for name in (None, ASEPotential(EMT, name="emt", elements={"Cu"})):
        Counting.calls = 0
        point = static_point(
            start, np.eye(3), Counting(), Relaxation(force_tolerance_eV_per_A=1e-4, hessian_of=name)
        )
        calls[name is None], energies[name is None] = Counting.calls, point.energy_eV
    assert energies[False] == pytest.approx(energies[True], abs=1e-5)
    assert calls[False] < 0.7 * calls[True]
