"""What labels a frame: any potential here, an ab initio program elsewhere; one shape for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.errors import InputError, MofglassError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator


class LabellingError(Exception):
    """A frame that could not be labelled; the message is the reason kept with it."""


@dataclass(frozen=True)
class Labels:
    """Energy, forces and stress of one frame.

    Parameters
    ----------
    energy_eV : float
        Potential energy, eV.
    forces_eV_per_A : ndarray, shape (n_atoms, 3)
        Forces, eV/Å.
    stress_eV_per_A3 : ndarray, shape (3, 3), or None
        Stress, eV/Å³, positive in tension; None where the method has none.
    info : dict
        What is kept with the frame: program, version, steps.
    """

    energy_eV: float
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray | None = None
    info: dict[str, Any] = field(default_factory=dict)


class Labeller(Protocol):
    """What labels one frame after another; it can be pickled, since it works in processes of its own."""

    def describe(self) -> dict[str, Any]:
        """Return what the labels depend on.

        Returns
        -------
        dict
            Plain values.
        """

    def check(self, elements: Sequence[str]) -> None:
        """Check that frames of these elements can be labelled at all.

        Parameters
        ----------
        elements : sequence of str
            Chemical symbols that occur.

        Raises
        ------
        InputError
            When they cannot.
        """

    def label(self, atoms: Atoms, directory: Path) -> Labels:
        """Label one frame.

        Parameters
        ----------
        atoms : ase.Atoms
            The frame, Å.
        directory : Path
            A place to work, which need not exist.

        Returns
        -------
        Labels
            Energy, forces and, where the method has it, stress.

        Raises
        ------
        LabellingError
            When this frame cannot be labelled; the message is the reason.
        """


@dataclass(frozen=True)
class PotentialLabeller:
    """Labels frames with any potential that has energies and forces here.

    Parameters
    ----------
    potential : str
        Name in the registry, with its file after a colon, as ``--potential`` takes it.
    threads : int
        OpenMP threads of LAMMPS' own styles.
    """

    potential: str
    threads: int = 1

    def describe(self) -> dict[str, Any]:
        """Return what the labels depend on.

        Returns
        -------
        dict
            The potential's name and its own description.
        """
        return {"potential": self.potential, **get_potential(self.potential).describe()}

    def check(self, elements: Sequence[str]) -> None:
        """Check that the potential is there and knows the elements.

        Parameters
        ----------
        elements : sequence of str
            Chemical symbols that occur in the frames.

        Raises
        ------
        InputError
            When it cannot be used for them.
        """
        known = set(get_potential(self.potential).elements)
        unknown = sorted(set(elements) - known) if known else []
        if unknown:
            raise InputError(
                f"the potential '{self.potential}' knows {' '.join(sorted(known))} and not "
                f"{' '.join(unknown)}: take another potential, or leave those frames out"
            )

    @cached_property
    def _calculator(self) -> Any:
        return make_calculator(get_potential(self.potential), threads=self.threads)

    def label(self, atoms: Atoms, directory: Path) -> Labels:
        """Compute energy, forces and stress of one frame.

        Parameters
        ----------
        atoms : ase.Atoms
            The frame, Å.
        directory : Path
            Not used.

        Returns
        -------
        Labels
            Energy, forces and stress.

        Raises
        ------
        LabellingError
            When the potential cannot compute the frame, or gives numbers that are not finite.
        """
        atoms = atoms.copy()
        atoms.calc = self._calculator
        try:
            energy = float(atoms.get_potential_energy())
            forces = np.asarray(atoms.get_forces(), dtype=float)
            stress = (
                voigt_6_to_full_3x3_stress(atoms.get_stress())
                if "stress" in self._calculator.implemented_properties
                else None
            )
        except MofglassError as error:
            raise LabellingError(str(error)) from error
        except (RuntimeError, ValueError, ArithmeticError) as error:
            raise LabellingError(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
        if not (np.isfinite(energy) and np.isfinite(forces).all()):
            raise LabellingError("energy or forces are not finite")
        return Labels(energy, forces, stress, {"labelled_by": self.potential})
