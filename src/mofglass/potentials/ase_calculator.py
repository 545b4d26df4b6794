"""Any ASE calculator as a potential, driven by LAMMPS through `fix external`."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ase import Atoms
from ase.calculators.calculator import Calculator

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import check_elements, element_data

# LAMMPS computes nothing between the atoms; the range only sets its ghost shell, which may not vanish.
GHOST_RANGE_A = 2.0
# The real interaction stays in the calculator, so neighbour lists never need rebuilding for accuracy.
NO_INTERACTION = (
    f"pair_style zero {GHOST_RANGE_A} nocoeff",
    "pair_coeff * *",
    "neighbor 1.0 bin",
    "neigh_modify every 1 delay 0 check yes",
)


class ASEPotential(Potential):
    """An ASE calculator as a potential.

    Calculators come from Python only: no name in a file or on the command line makes mofglass import and
    call code of its own choosing.

    Parameters
    ----------
    calculator_factory : callable
        Takes nothing, returns a new calculator with energy (eV), forces (eV/Å) and stress (eV/Å³).
    name : str
        What runs and reports call it.
    elements : collection of str
        Chemical symbols it knows; empty for any.
    reference, fitted_to : str
        Publication, and what it was fitted to.
    """

    def __init__(
        self,
        calculator_factory: Callable[[], Calculator],
        *,
        name: str = "ase",
        elements: Collection[str] = (),
        reference: str = "",
        fitted_to: str = "",
    ) -> None:
        if isinstance(calculator_factory, Calculator) or not callable(calculator_factory):
            raise InputError(
                "ASEPotential needs a function that makes the calculator, as in ASEPotential(lambda: EMT())"
            )
        self.calculator_factory = calculator_factory
        self.name = name
        self.elements = frozenset(elements)
        self.reference = reference
        self.fitted_to = fitted_to

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Atoms without interaction, and the calculator.

        Raises
        ------
        InputError
            When the structure holds an element the calculator does not know.
        """
        if self.elements:
            check_elements(atoms, self.elements, self.name)
        data, _ = element_data(atoms)
        return LammpsModel(
            units="metal",
            atom_style="atomic",
            data=data,
            after_data=NO_INTERACTION,
            n_atoms=len(atoms),
            calculator=self.calculator_factory,
        )
