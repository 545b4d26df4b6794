"""Any ASE calculator as a potential."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mofglass.errors import InputError
from mofglass.potentials import ASEPotential


def test_the_model_carries_the_calculator_and_no_interaction(session) -> None:
    copper = bulk("Cu", cubic=True) * (2, 2, 2)
    potential = ASEPotential(EMT, name="emt", elements={"Cu", "Ni"}, reference="Jacobsen 1996")
    model = potential.lammps(copper)
    assert isinstance(model.calculator(), EMT)
    opened = session(model)
    assert opened.energies()["pe"] == 0.0
    assert np.abs(opened.gathered("f")).max() == 0.0
    assert potential.describe()["reference"] == "Jacobsen 1996"


def test_each_run_gets_its_own_calculator() -> None:
    model = ASEPotential(EMT).lammps(bulk("Cu", cubic=True))
    assert model.calculator() is not model.calculator()


def test_elements_are_checked_where_they_are_known() -> None:
    with pytest.raises(InputError, match="atom 0, counted from 0, is Fe, and emt knows Cu only"):
        ASEPotential(EMT, name="emt", elements={"Cu"}).lammps(Atoms("Fe", cell=[9, 9, 9], pbc=True))


def test_a_calculator_instead_of_its_maker_is_refused() -> None:
    with pytest.raises(InputError, match="a function that makes the calculator"):
        ASEPotential(EMT())  # type: ignore[arg-type]
