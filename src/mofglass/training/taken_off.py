"""Labels without what a prior explains of them: what is left for a fit."""

from __future__ import annotations

from dataclasses import replace

from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.prior import Prior, PriorAlone


class TakenOff:
    """Takes a prior's energy, forces and stress off labels.

    Parameters
    ----------
    prior : Prior
        The classical part; an empty one leaves labels as they are.
    species : tuple of str
        Elements.
    """

    def __init__(self, prior: Prior, species: tuple[str, ...]) -> None:
        self._calculator = LammpsCalculator(PriorAlone(prior, species)) if prior else None

    def close(self) -> None:
        """Free LAMMPS; the next frame starts it again."""
        if self._calculator is not None:
            self._calculator.close()

    def __call__(self, frame: LabelledFrame) -> LabelledFrame:
        """Return a frame with what is left to explain.

        Parameters
        ----------
        frame : LabelledFrame
            Labelled frame.

        Returns
        -------
        LabelledFrame
            The same structure with other labels.
        """
        if self._calculator is None:
            return frame
        atoms = frame.to_atoms()
        atoms.calc = self._calculator
        stress = frame.stress_eV_per_A3
        return replace(
            frame,
            energy_eV=frame.energy_eV - float(atoms.get_potential_energy()),
            forces_eV_per_A=frame.forces_eV_per_A - atoms.get_forces(),
            stress_eV_per_A3=None
            if stress is None
            else stress - voigt_6_to_full_3x3_stress(atoms.get_stress()),
        )
