"""Dispersion of DFT-D2: its pair energy, its sum over a crystal, its derivative, its place in a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from mofglass.errors import InputError
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.dispersion import Dispersion
from mofglass.potentials.prior import Prior, PriorAlone
from mofglass.potentials.repulsion import Repulsion
from mofglass.structures import load
from mofglass.topology import neighbour_list

SPECIES = ("H", "C", "N", "Zn")
PUBLISHED = {"H": (0.14, 1.001), "C": (1.75, 1.452), "N": (1.23, 1.397), "Zn": (10.80, 1.562)}
"""C6 (J nm⁶/mol) and R0 (Å) of Grimme 2006."""
EV_PER_KJ_PER_MOL = 0.0103642697


def pair_energies_eV(
    first: np.ndarray, second: np.ndarray, distance_A: np.ndarray, cutoff_A: float
) -> np.ndarray:
    """The formula as it is printed, in its own units (kJ/mol and nm), less what it is at the cut-off."""
    return _unshifted_eV(first, second, distance_A) - _unshifted_eV(first, second, np.array(cutoff_A))


def _unshifted_eV(first: np.ndarray, second: np.ndarray, distance_A: np.ndarray) -> np.ndarray:
    c6, r0 = (np.array([PUBLISHED[s][k] for s in SPECIES]) for k in (0, 1))
    coefficient = np.sqrt(c6[first] * c6[second]) * 1e-3
    damping = 1 + np.exp(-20 * (distance_A / (r0[first] + r0[second]) - 1))
    return -0.75 * coefficient / (0.1 * distance_A) ** 6 / damping * EV_PER_KJ_PER_MOL


@pytest.mark.parametrize(("pair", "distance_A"), [("CC", 4.0), ("HZn", 2.2), ("NN", 3.0), ("CH", 1.1)])
def test_a_pair_has_the_published_energy(pair: str, distance_A: float) -> None:
    symbols = [pair[0], pair[1:]]
    atoms = Atoms(symbols, [(0, 0, 0), (0, 0, distance_A)], cell=[20] * 3, pbc=True)
    atoms.calc = make_calculator(PriorAlone(Prior(dispersion=Dispersion()), SPECIES))
    places = [np.array(SPECIES.index(symbol)) for symbol in symbols]
    expected = pair_energies_eV(*places, np.array(distance_A), 8.0)
    assert atoms.get_potential_energy() == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("cutoff_A", [6.0, 8.0])
def test_a_crystal_has_the_sum_over_its_pairs(cutoff_A: float) -> None:
    crystal = load("ZIF-4")
    crystal.calc = make_calculator(PriorAlone(Prior(dispersion=Dispersion(cutoff_A=cutoff_A)), SPECIES))
    place = np.array([SPECIES.index(symbol) for symbol in crystal.get_chemical_symbols()])
    pairs = neighbour_list(crystal, cutoff_A, half=True)
    each = pair_energies_eV(place[pairs.i], place[pairs.j], pairs.distance, cutoff_A)
    assert crystal.get_potential_energy() == pytest.approx(each.sum(), rel=1e-6)


def test_forces_and_stress_are_derivatives_of_the_energy() -> None:
    atoms = load("SALEM-2")
    atoms.rattle(0.05, seed=1)
    atoms.calc = make_calculator(PriorAlone(Prior(dispersion=Dispersion()), SPECIES))
    some = [0, 30, 60, 100]
    forces, stress = atoms.get_forces()[some], atoms.get_stress(voigt=False)
    np.testing.assert_allclose(forces, calculate_numerical_forces(atoms, eps=1e-4, iatoms=some), atol=2e-4)
    assert np.abs(forces).max() > 0.02
    numerical = calculate_numerical_stress(atoms, eps=1e-4, voigt=False)
    assert np.abs(np.diag(stress)).max() > 1e-3
    np.testing.assert_allclose(stress, numerical, atol=2e-6)


def test_it_is_slow_beside_linkers_and_repulsion() -> None:
    from mofglass.potentials.pod import read_model
    from mofglass.potentials.shipped import MODELS

    prior = Prior(
        linker_terms=read_model(MODELS / "zif4").linker_terms,
        repulsion=Repulsion(inner_A=0.6, outer_A=1.0),
        dispersion=Dispersion(),
    )
    styles = prior.pair_commands(SPECIES, ("pod", "p c"))[0]
    assert styles == "pair_style hybrid/overlay pod zbl 0.6 1 momb 8 0.75 20"
    assert prior.respa_levels(SPECIES) == "bond 1 hybrid 2 1 2"
    assert any("Grimme" in reference for reference in prior.references)


def test_a_model_file_holds_it() -> None:
    prior = Prior(dispersion=Dispersion(cutoff_A=9.0))
    content = prior.to_dict()
    assert content == {"dispersion": {"style": "d2", "cutoff_A": 9.0}}
    assert Prior.take(content, Path("model.yaml")) == prior
    for wrong, message in (
        ({"style": "d3"}, "style of the dispersion is d2"),
        ({"cutoff": 9.0}, "needs a cutoff_A in Å"),
        ({"cutoff_A": -1.0}, "cutoff_A must be above zero"),
        ({"cutoff_A": 20.0}, "at most 15, and is 20"),
        (8, "needs a cutoff_A in Å"),
    ):
        with pytest.raises(InputError, match=message):
            Prior.take({"dispersion": wrong}, Path("model.yaml"))


def test_an_element_without_coefficients_is_named() -> None:
    with pytest.raises(InputError, match="dispersion: Au has no coefficients here"):
        Dispersion().lammps(("H", "Au"))
