"""Lennard-Jones argon, by LAMMPS' own style and as an ASE calculator: what the engine is validated with."""

from __future__ import annotations

from ase import Atoms
from ase.calculators.lj import LennardJones

from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import check_elements, element_data
from mofglass.units import BOLTZMANN_EV_PER_K

EPSILON_EV = 119.8 * BOLTZMANN_EV_PER_K
SIGMA_A = 3.405
CUTOFF_A = 2.5 * SIGMA_A
REFERENCE = (
    "A. Rahman, Phys. Rev. 136, A405 (1964), doi:10.1103/PhysRev.136.A405; epsilon/k 119.8 K, sigma 3.405 Å "
    "as in L. Verlet, Phys. Rev. 159, 98 (1967), doi:10.1103/PhysRev.159.98"
)
FITTED_TO = "liquid argon"


class LennardJonesArgon(Potential):
    """Argon, 4 eps [(sigma/r)^12 - (sigma/r)^6], cut at 2.5 sigma and shifted to zero there.

    Truncation is that of `ase.calculators.lj.LennardJones` with `smooth=False`, so both give one energy.
    """

    name = "lj"
    elements = frozenset({"Ar"})
    reference = REFERENCE
    fitted_to = FITTED_TO

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make argon ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic argon, Å.

        Returns
        -------
        LammpsModel
            Data file and commands.

        Raises
        ------
        InputError
            When an atom is not Ar.
        """
        check_elements(atoms, self.elements, "the Lennard-Jones argon")
        data, _ = element_data(atoms)
        return LammpsModel(
            units="metal",
            atom_style="atomic",
            data=data,
            after_data=(
                f"pair_style lj/cut {CUTOFF_A:.10g}",
                f"pair_coeff 1 1 {EPSILON_EV:.12g} {SIGMA_A}",
                "pair_modify shift yes tail no",
                "neighbor 1.5 bin",
                "neigh_modify every 1 delay 0 check yes",
            ),
            n_atoms=len(atoms),
        )


def argon_calculator() -> LennardJones:
    """Make the ASE calculator of the same argon.

    Returns
    -------
    ase.calculators.lj.LennardJones
        Same depth, diameter, cut-off and shift as `LennardJonesArgon`.
    """
    return LennardJones(epsilon=EPSILON_EV, sigma=SIGMA_A, rc=CUTOFF_A, smooth=False)


def argon_through_ase() -> ASEPotential:
    """Make the same argon as a potential that goes through ASE.

    Returns
    -------
    ASEPotential
        For `fix external`.
    """
    return ASEPotential(
        argon_calculator, name="lj-ase", elements={"Ar"}, reference=REFERENCE, fitted_to=FITTED_TO
    )
