"""What the bonded terms of linkers are linear in: a column of energy, forces and stress a coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.potentials.base import LammpsModel
from mofglass.potentials.calculator import PRESSURES, load_into
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.linker_terms import (
    BLOCKS,
    CRYSTAL_ANGLES_DEG,
    CRYSTAL_LENGTHS_A,
    FREE_COLUMN,
    N_FREE,
    STYLES,
    LinkerTerms,
)
from mofglass.potentials.linker_topology import data_with_terms
from mofglass.training.pod_descriptors import FrameRows
from mofglass.units import BAR_PER_EV_PER_A3

# Ghost atoms must reach across a linker.
CUTOFF_A = 5.0


class LinkerDescriptors:
    """Computes the columns of the linker terms; keeps one LAMMPS instance.

    Parameters
    ----------
    species : tuple of str
        Chemical symbols that may occur.
    lengths_A, angles_deg : mapping of str to float
        Equilibrium values, Å and degrees.
    """

    def __init__(
        self,
        species: tuple[str, ...],
        lengths_A: Mapping[str, float] = CRYSTAL_LENGTHS_A,
        angles_deg: Mapping[str, float] = CRYSTAL_ANGLES_DEG,
    ) -> None:
        self.species = species
        self._zero = LinkerTerms.from_free(np.zeros(N_FREE), lengths_A, angles_deg)
        self._lammps: Any = None

    def close(self) -> None:
        """Free LAMMPS; the next structure starts it again."""
        if self._lammps is not None:
            self._lammps.close()
            self._lammps = None

    def rows(self, atoms: Atoms, *, stress: bool = False) -> FrameRows:
        """Compute the columns of one structure.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å, with intact imidazolate linkers only.
        stress : bool
            Whether to give the six rows of the stress too, xx yy zz yz xz xy.

        Returns
        -------
        FrameRows
            With `N_FREE` columns: energy, forces and stress of each free coefficient set to one.

        Raises
        ------
        InputError
            When a linker is broken or is not imidazolate.
        SimulationError
            When LAMMPS cannot compute it.
        """
        if self._lammps is None:
            self._lammps = start_lammps()
        lammps = self._lammps
        model = LammpsModel(
            units="metal",
            atom_style="full",
            data=data_with_terms(atoms, self.species),
            before_data=STYLES,
            after_data=(
                f"pair_style zero {CUTOFF_A:g} nocoeff",
                "pair_coeff * *",
                "neighbor 0.0 bin",
                *self._zero.commands(),
            ),
            n_atoms=len(atoms),
        )
        load_into(lammps, model)
        n = len(atoms)
        rotation = LammpsBox.of(atoms).rotation
        energy = np.zeros(N_FREE)
        forces = np.zeros((n, 3, N_FREE))
        stresses = np.zeros((6, N_FREE))
        for block in BLOCKS:
            columns = FREE_COLUMN[block.first : block.first + block.size]
            for column in np.unique(columns):
                lammps.command(self._zero.command(block, (columns == column).astype(float)))
                lammps.command("run 0 post no")
                energy[column] = lammps.get_thermo("pe")
                forces[:, :, column] = np.array(lammps.gather_atoms("f", 1, 3)).reshape(n, 3) @ rotation.T
                if stress:
                    pressures = np.array([lammps.get_thermo(name) for name in PRESSURES])
                    xx, yy, zz, xy, xz, yz = pressures / -BAR_PER_EV_PER_A3
                    in_box = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
                    stresses[:, column] = full_3x3_to_voigt_6_stress(rotation @ in_box @ rotation.T)
            lammps.command(self._zero.command(block))
        return FrameRows(energy=energy, forces=forces, stress=stresses if stress else stresses[:0])
