"""Hydrogen made heavier at the cost of the atom that it is bonded to, which allows longer time steps.

The stretch of C-H is the fastest motion of a linker. Positions are distributed as before, since masses enter
the momenta only; times, of vibrations first of all, are not quite those of the real material.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.data import atomic_masses

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_data import masses_and_types, with_masses
from mofglass.topology import neighbour_list

REFERENCE = "K. A. Feenstra, B. Hess and H. J. C. Berendsen, J. Comput. Chem. 20, 786 (1999)"
HYDROGEN_U, CARBON_U = float(atomic_masses[1]), float(atomic_masses[6])
LIMITS_U = (HYDROGEN_U, 4.0)
LONGEST_BOND_A = 1.4


def with_hydrogen_mass(model: LammpsModel, atoms: Atoms, mass_u: float) -> LammpsModel:
    """Make the hydrogen atoms of a structure heavier and the atoms they are bonded to lighter.

    Parameters
    ----------
    model : LammpsModel
        What a potential makes of the structure.
    atoms : ase.Atoms
        The structure, Å.
    mass_u : float
        Mass of hydrogen, u.

    Returns
    -------
    LammpsModel
        With other masses of LAMMPS' types; the structure weighs what it weighed.

    Raises
    ------
    InputError
        When a hydrogen atom is bonded to none, or atoms of one type bind different numbers of them: LAMMPS
        has one mass a type.
    """
    masses_u, types = masses_and_types(model.data)
    carried = np.zeros(model.n_atoms, dtype=int)
    np.add.at(carried, _bonded_to(atoms), 1)
    types = types[: model.n_atoms]
    for kind in np.unique(types):
        members = np.flatnonzero(types == kind)
        if atoms.numbers[members[0]] == 1:
            masses_u[kind - 1] = mass_u
            continue
        numbers = np.unique(carried[members])
        if len(numbers) > 1:
            symbol = atoms.symbols[members[0]]
            raise InputError(
                f"{symbol} atoms of one type bind {' and '.join(map(str, numbers))} hydrogen atoms, and "
                "LAMMPS has one mass a type: leave the hydrogen mass out"
            )
        masses_u[kind - 1] -= numbers[0] * (mass_u - HYDROGEN_U)
    return replace(model, data=with_masses(model.data, masses_u))


def stretch_period_ratio(mass_u: float) -> float:
    """Return how much longer the period of a C-H stretch is with a heavier hydrogen.

    Parameters
    ----------
    mass_u : float
        Mass of hydrogen, u; what it is more than the real one is taken off the carbon.

    Returns
    -------
    float
        Square root of the ratio of reduced masses.
    """
    carbon_u = CARBON_U - (mass_u - HYDROGEN_U)
    return math.sqrt(mass_u * carbon_u / (HYDROGEN_U * CARBON_U))


def _bonded_to(atoms: Atoms) -> np.ndarray:
    """Return, for every hydrogen atom, the nearest atom of another element."""
    pairs = neighbour_list(atoms, LONGEST_BOND_A)
    bonds = (atoms.numbers[pairs.i] == 1) & (atoms.numbers[pairs.j] != 1)
    hydrogen, other, distance_A = pairs.i[bonds], pairs.j[bonds], pairs.distance[bonds]
    nearest_first = np.lexsort((distance_A, hydrogen))
    found, first = np.unique(hydrogen[nearest_first], return_index=True)
    if len(missing := np.setdiff1d(np.flatnonzero(atoms.numbers == 1), found)):
        raise InputError(
            f"atom {missing[0]}, hydrogen, has no other atom within {LONGEST_BOND_A:g} Å to take mass from: "
            "leave the hydrogen mass out"
        )
    return np.asarray(other[nearest_first][first])
