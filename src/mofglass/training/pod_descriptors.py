"""What a POD potential is linear in: descriptors of a frame, their derivatives with position and strain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from mofglass.errors import SimulationError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.calculator import load_into
from mofglass.potentials.lammps_data import LammpsBox, check_elements
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.pod import COEFFICIENT_FILE, PARAMETER_FILE
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.potentials.repulsion import data_with_types

STRAIN = 1e-4
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
ALL_STRAINS = np.eye(6)
NO_STRAIN = np.empty((0, 6))
PER_ATOM, GLOBAL = 1, 0
ARRAY = 2


@dataclass(frozen=True)
class FrameRows:
    """The linear model of one frame: each row times the coefficients is one label.

    Parameters
    ----------
    energy : ndarray (n_coefficients,)
        Summed descriptors: the energy is ``energy @ coefficients``, eV.
    forces : ndarray (n_atoms, 3, n_coefficients)
        Minus their derivatives with the positions, 1/Å: ``forces @ coefficients`` are the forces, eV/Å.
    stress : ndarray (n_directions, n_coefficients)
        Their derivatives with strain, by volume, 1/Å³: ``stress @ coefficients`` are the components of the
        stress along the directions asked for, eV/Å³, positive in tension.
    """

    energy: np.ndarray
    forces: np.ndarray
    stress: np.ndarray


class PODDescriptors:
    """Descriptors of POD potentials, computed by LAMMPS (``compute pod/global`` and ``pod/atom``).

    Parameters
    ----------
    parameters : PODParameters
        Which descriptors.
    clusters : PODCoefficients, optional
        Projection and centroids, where the potential has several clusters of environments.
    """

    def __init__(self, parameters: PODParameters, clusters: PODCoefficients | None = None) -> None:
        self.parameters = parameters
        self._files = {PARAMETER_FILE: parameters.text}
        self._arguments = f'{PARAMETER_FILE} "" {" ".join(parameters.species)}'
        if clusters is not None:
            self._files[COEFFICIENT_FILE] = clusters.text
            self._arguments = f"{PARAMETER_FILE} {COEFFICIENT_FILE} {' '.join(parameters.species)}"
        self._lammps: Any = None

    def close(self) -> None:
        """Free LAMMPS; the next frame starts it again."""
        if self._lammps is not None:
            self._lammps.close()
            self._lammps = None

    def rows(self, atoms: Atoms, *, strains: np.ndarray = ALL_STRAINS) -> FrameRows:
        """Compute the rows of one frame.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.
        strains : ndarray (n_directions, 6)
            Directions in which the cell is strained for the rows of the stress, xx yy zz yz xz xy; each
            costs two more evaluations. Along v the row is that of the sum of v times the stress. The six
            components one by one by default; `NO_STRAIN` for none.

        Returns
        -------
        FrameRows
            In the axes of `atoms`.

        Raises
        ------
        InputError
            When an atom's element is none of the species.
        SimulationError
            When LAMMPS cannot compute the descriptors.
        """
        check_elements(atoms, self.parameters.species, "the POD potential to be fitted")
        table = self._computed(atoms, "global")
        forces = table[1:].reshape(len(atoms), 3, -1)
        rotation = LammpsBox.of(atoms).rotation
        if not np.allclose(rotation, np.eye(3), atol=1e-12):
            forces = np.einsum("ab,nbk->nak", rotation, forces)
        return FrameRows(energy=table[0].copy(), forces=forces, stress=self._stress(atoms, strains))

    def per_atom(self, atoms: Atoms) -> np.ndarray:
        """Compute the descriptors of each atom.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        ndarray (n_atoms, n_descriptors)
            Without the one-body descriptor.

        Raises
        ------
        SimulationError
            When LAMMPS cannot compute the descriptors.
        """
        return self._computed(atoms, "atom")

    def _computed(self, atoms: Atoms, kind: str) -> np.ndarray:
        """Return the array of ``compute pod/KIND``, atoms in their order."""
        if self._lammps is None:
            self._lammps = start_lammps()
        # A box built anew for each structure: LAMMPS would keep the array of every earlier run.
        model = LammpsModel(
            units="metal",
            atom_style="atomic",
            data=data_with_types(atoms, self.parameters.species),
            after_data=(
                f"pair_style zero {self.parameters.rcut:.10g} nocoeff",
                "pair_coeff * *",
                "neighbor 0.0 bin",
                f"compute descriptors all pod/{kind} {self._arguments}",
            ),
            n_atoms=len(atoms),
            files=self._files,
        )
        load_into(self._lammps, model)
        style = GLOBAL if kind == "global" else PER_ATOM
        try:
            self._lammps.command("run 0 post no")
            values = np.array(self._lammps.numpy.extract_compute("descriptors", style, ARRAY))
        except Exception as error:
            raise SimulationError(
                f"LAMMPS cannot compute the descriptors within rcut = {self.parameters.rcut:g} Å: {error}"
            ) from error
        if kind == "global":
            return values
        order = np.argsort(self._lammps.numpy.extract_atom("id")[: len(atoms)])
        return values[order]

    def _stress(self, atoms: Atoms, strains: np.ndarray) -> np.ndarray:
        """Return the derivatives of the summed descriptors along strains, by volume, 1/Å³."""
        symbols = np.array(atoms.get_chemical_symbols())
        rows = []
        for direction in strains:
            strain = np.zeros((3, 3))
            for (a, b), size in zip(VOIGT, direction, strict=True):
                strain[a, b] += 0.5 * STRAIN * size
                strain[b, a] += 0.5 * STRAIN * size
            sums = []
            for sign in (1.0, -1.0):
                strained = atoms.copy()
                strained.set_cell(atoms.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
                values = self.per_atom(strained)
                # Each element's coefficients follow one another, its one-body descriptor first.
                sums.append(
                    np.concatenate(
                        [
                            np.concatenate([[0.0], values[symbols == element].sum(axis=0)])
                            for element in self.parameters.species
                        ]
                    )
                )
            rows.append((sums[0] - sums[1]) / (2.0 * STRAIN * atoms.get_volume()))
        return np.array(rows) if rows else np.empty((0, 0))
