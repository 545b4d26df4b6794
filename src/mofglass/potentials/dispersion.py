"""London dispersion beneath a network whose cut-offs end before it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

from ase import units

from mofglass.errors import InputError

REFERENCE = "S. Grimme, J. Comput. Chem. 27, 1787 (2006)"

C6_AND_R0 = {
    "H": (0.14, 1.001),
    "B": (3.13, 1.485),
    "C": (1.75, 1.452),
    "N": (1.23, 1.397),
    "O": (0.70, 1.342),
    "F": (0.75, 1.287),
    "Mg": (5.71, 1.364),
    "Si": (9.23, 1.716),
    "P": (7.84, 1.705),
    "S": (5.57, 1.683),
    "Cl": (5.07, 1.639),
    **dict.fromkeys(("Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"), (10.80, 1.562)),
    "Br": (12.47, 1.749),
    "Zr": (24.67, 1.639),
    "Cd": (24.67, 1.639),
}
"""Coefficient C6 (J nm⁶/mol) and van der Waals radius R0 (Å) of elements (Grimme 2006, Table 1)."""

SCALE_PBE, STEEPNESS = 0.75, 20
"""s6 of PBE, and d of the damping function (Grimme 2006)."""
LONGEST_A = 15.0
"""Cut-off, Å, up to which the neighbours of an atom are fewer than the 2000 that LAMMPS has room for."""
EV_A6 = units.J / units.mol * 1e6
"""1 J nm⁶/mol in eV Å⁶."""


@dataclass(frozen=True, kw_only=True)
class Dispersion:
    """The pairwise dispersion energy of Grimme's DFT-D2 with the scale of PBE.

    A pair of atoms has the energy ``-s6 C6/r^6 / (1 + exp(-d (r/R - 1)))``, with C6 the geometric mean of its
    atoms' and R the sum of their radii, less what that is at the cut-off: so the energy has no step, and its
    derivative by the volume is the pressure. Its coefficients know nothing of an atom's neighbours, as those
    of D3 do; what is wrong within its cut-offs a network learns.

    Parameters
    ----------
    cutoff_A : float
        Where it ends, Å.

    Raises
    ------
    InputError
        When the cut-off is not above zero, or beyond `LONGEST_A`.
    """

    cutoff_A: float = 8.0

    def __post_init__(self) -> None:
        if not 0 < self.cutoff_A <= LONGEST_A:
            raise InputError(
                f"dispersion: cutoff_A must be above zero and at most {LONGEST_A:g}, and is {self.cutoff_A:g}"
            )

    def lammps(self, species: tuple[str, ...]) -> tuple[str, list[str]]:
        """Return the LAMMPS style and its coefficients, for types in the order of `species`.

        Parameters
        ----------
        species : tuple of str
            Chemical symbol of each type.

        Returns
        -------
        style : str
            ``momb``, its Morse part a constant.
        coefficients : list of str
            What follows each ``pair_coeff``.

        Raises
        ------
        InputError
            When an element has no coefficients here.
        """
        if unknown := [symbol for symbol in species if symbol not in C6_AND_R0]:
            raise InputError(
                f"dispersion: {unknown[0]} has no coefficients here, and {' '.join(C6_AND_R0)} have: leave "
                "dispersion out"
            )
        rows = []
        for (i, first), (j, second) in combinations_with_replacement(enumerate(species, start=1), 2):
            (c6, r0), (other_c6, other_r0) = C6_AND_R0[first], C6_AND_R0[second]
            coefficient, radius_A = EV_A6 * math.sqrt(c6 * other_c6), r0 + other_r0
            damping = 1 + math.exp(-STEEPNESS * (self.cutoff_A / radius_A - 1))
            at_cutoff = -SCALE_PBE * coefficient / self.cutoff_A**6 / damping
            # A Morse term without steepness is its depth everywhere, with the other sign.
            rows.append(f"{i} {j} momb {at_cutoff:.8g} 0 1 {coefficient:.8g} {radius_A:.6g}")
        return f"momb {self.cutoff_A:g} {SCALE_PBE:g} {STEEPNESS}", rows

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``model.yaml`` holds it.

        Returns
        -------
        dict
            The cut-off, Å.
        """
        return {"cutoff_A": self.cutoff_A}
