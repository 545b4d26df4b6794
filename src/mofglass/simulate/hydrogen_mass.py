"""Hydrogen made heavier at the cost of the atom that it is bonded to, which allows longer time steps.

The stretch of C-H is the fastest motion of a linker. In equilibrium positions are distributed as before,
since masses enter the momenta only; rates are not quite those of the real material.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.data import atomic_masses

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_data import masses_and_types
from mofglass.topology import neighbour_list

HYDROGEN_U, CARBON_U = float(atomic_masses[1]), float(atomic_masses[6])
LIMITS_U = (HYDROGEN_U, 4.0)
"""The lower one excluded."""
LONGEST_BOND_A = 1.4


def with_hydrogen_mass(model: LammpsModel, atoms: Atoms, mass_u: float) -> LammpsModel:
    """Make the hydrogen atoms of a structure heavier and the atoms they are bonded to lighter.

    K. A. Feenstra, B. Hess and H. J. C. Berendsen, J. Comput. Chem. 20, 786 (1999).

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
        With ``mass`` commands besides; the structure weighs what it weighed.

    Raises
    ------
    InputError
        When a hydrogen atom is bonded to none, an atom would weigh less than its hydrogen, or atoms of one
        type bind different numbers of them: LAMMPS has one mass a type.
    """
    masses_u, types = masses_and_types(model.data)
    types = types[: model.n_atoms]
    hydrogen = np.flatnonzero(atoms.numbers == 1)
    gains_u = np.zeros(model.n_atoms)
    gains_u[hydrogen] = mass_u - masses_u[types[hydrogen] - 1]
    np.subtract.at(gains_u, _bonded_to(atoms, hydrogen), gains_u[hydrogen])
    commands = []
    for kind in np.unique(types[gains_u != 0]):
        members = np.flatnonzero(types == kind)
        symbol, gain_u = atoms.symbols[members[0]], gains_u[members[0]]
        if np.ptp(gains_u[members]) > 1e-6:
            raise InputError(
                f"{symbol} atoms of one type bind different numbers of hydrogen atoms, and LAMMPS has one "
                "mass a type: leave the hydrogen mass out"
            )
        heavy_u = masses_u[kind - 1] + gain_u
        if heavy_u < mass_u - 1e-6:
            raise InputError(
                f"{symbol} would weigh {heavy_u:.3g} u, less than its hydrogen: give a smaller hydrogen mass"
            )
        commands.append(f"mass {kind} {heavy_u:.6f}")
    return replace(model, after_data=(*model.after_data, *commands))


def stretch_period_ratio(mass_u: float) -> float:
    """Return how much longer the stretch of C-H takes with a heavier hydrogen.

    Parameters
    ----------
    mass_u : float
        Mass of the one hydrogen of a carbon, u; what it is more than the real one is taken off the carbon.

    Returns
    -------
    float
        Square root of the ratio of reduced masses.
    """
    carbon_u = CARBON_U - (mass_u - HYDROGEN_U)
    return math.sqrt(mass_u * carbon_u / (HYDROGEN_U * CARBON_U))


def _bonded_to(atoms: Atoms, hydrogen: np.ndarray) -> np.ndarray:
    """Return, for every hydrogen atom, the nearest atom of another element."""
    pairs = neighbour_list(atoms, LONGEST_BOND_A)
    bonds = (atoms.numbers[pairs.i] == 1) & (atoms.numbers[pairs.j] != 1)
    first, other, distance_A = pairs.i[bonds], pairs.j[bonds], pairs.distance[bonds]
    nearest_first = np.lexsort((distance_A, first))
    found, rows = np.unique(first[nearest_first], return_index=True)
    if len(missing := np.setdiff1d(hydrogen, found)):
        raise InputError(
            f"atom {missing[0]}, hydrogen, has no atom of another element within {LONGEST_BOND_A:g} Å to "
            "take mass from: leave the hydrogen mass out"
        )
    return np.asarray(other[nearest_first][rows])
