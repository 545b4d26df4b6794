"""What calculators and potentials of one model file share."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from mofglass.errors import MissingPackageError
from mofglass.potentials.ase_calculator import ASEPotential

# Voigt order xx yy zz yz xz xy of a flattened (3, 3) tensor.
VOIGT = [0, 4, 8, 5, 2, 1]


class Evaluated(NamedTuple):
    """What a model says of one structure."""

    energy_eV: float
    forces_eV_per_A: np.ndarray
    """Shape (n_atoms, 3)."""
    stress_eV_per_A3: np.ndarray
    """Shape (3, 3), positive in tension."""
    more: Mapping[str, Any] = MappingProxyType({})
    """What else `results` shall hold."""


class ModelCalculator(Calculator):
    """An ASE calculator whose energy, forces and stress come from one evaluation, `_evaluate`."""

    # As ASE declares it.
    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012
    changes: Collection[str] = all_changes
    """What the structure differs in from the one before, as the caller says."""

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the model on a periodic structure."""
        raise NotImplementedError

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy (eV), forces (eV/Å) and stress (eV/Å³, positive in tension) of a structure.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.
        properties : list of str
            All are computed at once.
        system_changes : list of str
            As ASE gives them; with all of them nothing of the structure before is used.

        Raises
        ------
        InputError
            When the model does not know the structure.
        SimulationError
            When LAMMPS, where it runs the model, cannot compute it.
        """
        super().calculate(atoms, properties or ["energy"], system_changes)
        self.changes = system_changes
        structure = self.atoms
        assert structure is not None
        energy, forces, stress, more = self._evaluate(structure)
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": forces,
            "stress": stress.ravel()[VOIGT],
            **more,
        }


def close_calculator(calculator: Any) -> None:
    """Free what a calculator holds, where it holds anything.

    Parameters
    ----------
    calculator : ase.calculators.calculator.Calculator
        Any; those that run LAMMPS have a `close`.
    """
    close = getattr(calculator, "close", None)
    if close is not None:
        close()


class ModelFile(ASEPotential):
    """A model in one file as a potential; the calculator that read the file serves the first run.

    Parameters
    ----------
    calculator : ase.calculators.calculator.Calculator
        Made from the file, its `path`; its class makes the further ones.
    name : str
        What runs and reports call it.
    elements : collection of str
        Chemical symbols it knows.
    reference, fitted_to : str
        Publication, and what it was fitted to.
    """

    def __init__(
        self, calculator: Any, *, name: str, elements: Collection[str], reference: str, fitted_to: str
    ) -> None:
        self.path: Path = calculator.path
        self._make = type(calculator)
        self._first: Calculator | None = calculator
        super().__init__(
            self._calculator, name=name, elements=elements, reference=reference, fitted_to=fitted_to
        )
        self.sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _calculator(self) -> Calculator:
        """Hand out the calculator already loaded, then new ones."""
        calculator, self._first = self._first, None
        return calculator if calculator is not None else self._make(self.path)

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file and its hash.
        """
        return {**super().describe(), "file": str(self.path), "sha256": self.sha256}


def stress_of_virial(virial: np.ndarray, volume_A3: float) -> np.ndarray:
    """Return the stress of a model's virial, which is minus the volume times the stress of ASE's sign.

    Parameters
    ----------
    virial : ndarray, nine numbers
        Virial, eV.
    volume_A3 : float
        Volume, Å³.

    Returns
    -------
    ndarray, shape (3, 3)
        Symmetric, eV/Å³, positive in tension.
    """
    matrix = virial.reshape(3, 3)
    return -0.5 * (matrix + matrix.T) / volume_A3


def import_torch(model: str) -> Any:
    """Import torch, and see that vesin's neighbour list is there too.

    Parameters
    ----------
    model : str
        What needs them, for the message.

    Returns
    -------
    module
        torch.

    Raises
    ------
    MissingPackageError
        When one is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", "torch", model) from error
    try:
        import vesin  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("vesin", "torch", model) from error
    return torch


def edges(atoms: Atoms, cutoff_A: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs of atoms closer than a cut-off, each from both sides.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    cutoff_A : float
        Cut-off, Å.

    Returns
    -------
    pairs : ndarray of int64, shape (2, n)
        First and second atoms.
    shifts : ndarray of float, shape (n, 3)
        Cell of the second atom seen from the first.
    """
    import vesin

    i, j, shifts = vesin.NeighborList(cutoff=cutoff_A, full_list=True).compute(
        points=atoms.positions, box=np.array(atoms.cell, dtype=float), periodic=True, quantities="ijS"
    )
    return np.array([i, j], dtype=np.int64), np.asarray(shifts, dtype=float)
