"""One labelled frame: a configuration with its ab initio energy, forces and stress."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

NAN = float("nan")


@dataclass(frozen=True)
class LabelledFrame:
    """A periodic configuration and what a reference method says of it.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    positions : ndarray, shape (n_atoms, 3)
        Cartesian positions, Å.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    energy_eV : float
        Potential energy, eV.
    forces_eV_per_A : ndarray, shape (n_atoms, 3)
        Forces, eV/Å.
    stress_eV_per_A3 : ndarray, shape (3, 3), or None
        Stress, eV/Å³, positive in tension (ASE's sign); None where the source has none.
    source : str
        Where it came from: a label such as ``crystal-300K``, by which errors are grouped.
    temperature_K : float
        Temperature of the run that made it, K; NaN where unknown.
    info : dict
        Anything more, e.g. ``frame`` (number in the source), ``reason`` (why it was picked).
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    energy_eV: float
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray | None = None
    source: str = ""
    temperature_K: float = NAN
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @cached_property
    def volume_A3(self) -> float:
        """Cell volume, Å³."""
        return float(abs(np.linalg.det(self.cell)))

    def to_atoms(self) -> Atoms:
        """Return the frame as `ase.Atoms` whose calculator holds the labels.

        Returns
        -------
        ase.Atoms
            Periodic; `info` has ``source`` and ``temperature_K``.
        """
        atoms = Atoms(numbers=self.numbers, positions=self.positions, cell=self.cell, pbc=True)
        atoms.info = dict(self.info) | {"source": self.source}
        if np.isfinite(self.temperature_K):
            atoms.info["temperature_K"] = float(self.temperature_K)
        stress = self.stress_eV_per_A3
        labels = {} if stress is None else {"stress": full_3x3_to_voigt_6_stress(stress)}
        atoms.calc = SinglePointCalculator(
            atoms, energy=self.energy_eV, forces=self.forces_eV_per_A, **labels
        )
        return atoms

    @classmethod
    def from_atoms(cls, atoms: Atoms, *, source: str = "", temperature_K: float = NAN) -> LabelledFrame:
        """Make a labelled frame from `ase.Atoms` with a calculator.

        Parameters
        ----------
        atoms : ase.Atoms
            Structure with energy, forces and, where known, stress.
        source : str
            Label of its origin; ``info['source']`` where not given.
        temperature_K : float
            Temperature, K; ``info['temperature_K']`` or ``info['target_T']`` where not given.

        Returns
        -------
        LabelledFrame
            The same configuration and labels.
        """
        info = dict(atoms.info)
        source = source or str(info.pop("source", ""))
        if not np.isfinite(temperature_K):
            temperature_K = float(info.pop("temperature_K", info.get("target_T", NAN)))
        try:
            stress = voigt_6_to_full_3x3_stress(atoms.get_stress())
        except Exception:  # ASE's calculators raise different errors for a property they lack
            stress = None
        return cls(
            numbers=np.asarray(atoms.numbers),
            positions=np.asarray(atoms.positions, dtype=float),
            cell=np.asarray(atoms.cell, dtype=float),
            energy_eV=float(atoms.get_potential_energy()),
            forces_eV_per_A=np.asarray(atoms.get_forces(apply_constraint=False), dtype=float),
            stress_eV_per_A3=stress,
            source=source,
            temperature_K=temperature_K,
            info=info,
        )
