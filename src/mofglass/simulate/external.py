"""Any ASE calculator as LAMMPS' potential, through `fix external pf/callback`.

LAMMPS asks for forces at each step; the calculator's energy and virial are handed back with them, so that
every integrator, thermostat and barostat of LAMMPS works.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from mofglass.errors import InputError, SimulationError
from mofglass.potentials.lammps_library import LammpsUnits
from mofglass.simulate.deck import EXTERNAL_FIX

# ASE's Voigt order is xx yy zz yz xz xy, LAMMPS' is xx yy zz xy xz yz.
ASE_TO_LAMMPS_VOIGT = [0, 1, 2, 5, 4, 3]


def box_cell(lammps: Any) -> np.ndarray:
    """Return the current cell of a LAMMPS instance.

    Parameters
    ----------
    lammps : lammps.lammps
        The instance.

    Returns
    -------
    ndarray, shape (3, 3)
        Cell vectors as rows, Å; lower triangular.
    """
    low, high, xy, yz, xz, _periodic, _changed = lammps.extract_box()
    lengths = np.subtract(high, low)
    return np.array([[lengths[0], 0.0, 0.0], [xy, lengths[1], 0.0], [xz, yz, lengths[2]]])


class ExternalForces:
    """Hands a calculator's energy, forces and virial to LAMMPS.

    With `every` above 1 it computes at every so many steps from `first_step` only, and hands over so many
    times the forces there and none between: the impulses of r-RESPA (Tuckerman, Berne and Martyna, J. Chem.
    Phys. 97, 1990 (1992)), which LAMMPS' own does not know for `fix external`. Energy and virial stay those
    last computed.

    Parameters
    ----------
    lammps : lammps.lammps
        Instance in which ``fix external pf/callback`` is defined, on one process.
    calculator : ase.calculators.calculator.Calculator
        Gives energy (eV), forces (eV/Å) and stress (eV/Å³, ASE sign).
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers by LAMMPS id.
    units : LammpsUnits
        The instance's units.

    Attributes
    ----------
    every : int
        Steps between computations.
    first_step : int
        Step at which they begin, that of the stage: frames and rows are counted from there too.
    surplus : ndarray, shape (n_atoms, 3)
        What the last impulse has more than the force, by LAMMPS id, in its units.
    """

    def __init__(self, lammps: Any, calculator: Calculator, numbers: np.ndarray, units: LammpsUnits) -> None:
        if "stress" not in calculator.implemented_properties:
            raise InputError(
                f"{type(calculator).__name__} gives no stress, so the pressure would be wrong: "
                "use a calculator that implements it"
            )
        self._lammps = lammps
        self._units = units
        self._atoms = Atoms(numbers=numbers, positions=np.zeros((len(numbers), 3)), pbc=True)
        self._atoms.calc = calculator
        self._error: BaseException | None = None
        self.every, self.first_step = 1, 0
        self.surplus = np.zeros((len(numbers), 3))
        lammps.set_fix_external_callback(EXTERNAL_FIX, self._callback, self)

    @property
    def force_spread_eV_per_A(self) -> np.ndarray | None:
        """How far a committee's forces spread at the last step, (n_atoms,), eV/Å; None for one model."""
        return self._atoms.calc.results.get("force_spread_eV_per_A")

    def raise_error(self) -> None:
        """Raise what went wrong inside the calculator, if anything did; LAMMPS itself cannot carry it.

        Raises
        ------
        SimulationError
            With the calculator's own message.
        """
        if self._error is not None:
            error, self._error = self._error, None
            raise SimulationError(f"the calculator failed: {error}") from error

    @staticmethod
    def _callback(
        self: ExternalForces, step: int, n_local: int, tag: np.ndarray, x: np.ndarray, f: np.ndarray
    ) -> None:
        # A Python exception cannot cross LAMMPS' C code: it is kept, NaN forces end the run at the next
        # check, and the engine raises it.
        if (step - self.first_step) % self.every:
            f[:n_local] = 0.0
            return
        try:
            order = np.asarray(tag[:n_local]) - 1
            positions = np.empty((n_local, 3))
            positions[order] = x[:n_local]
            self._atoms.set_cell(box_cell(self._lammps))
            self._atoms.positions = positions
            energy = self._atoms.get_potential_energy()
            forces = self._atoms.get_forces()
            stress = self._atoms.get_stress(voigt=True)
            virial = -stress * self._atoms.get_volume()
            forces = forces / self._units.energy_eV
            f[:n_local] = self.every * forces[order]
            self.surplus = (self.every - 1) * forces
            self._lammps.fix_external_set_energy_global(EXTERNAL_FIX, energy / self._units.energy_eV)
            self._lammps.fix_external_set_virial_global(
                EXTERNAL_FIX, [float(virial[k]) / self._units.energy_eV for k in ASE_TO_LAMMPS_VOIGT]
            )
        except BaseException as error:
            self._error = error
            f[:n_local] = np.nan
