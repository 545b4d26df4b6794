"""Blocks of frames turned into normal equations."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.linker_terms import N_FREE, LinkerTerms
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.potentials.prior import Prior
from mofglass.potentials.repulsion import Repulsion
from mofglass.training.linear_fit import BlockEquations, packed_products
from mofglass.training.linker_descriptors import LinkerDescriptors
from mofglass.training.pod_descriptors import NO_STRAIN, FrameRows, PODDescriptors
from mofglass.training.rigid_motion import rigid_forces
from mofglass.training.taken_off import TakenOff

# Raise it when the meaning of a stored block changes.
VERSION = 2

# With these, the squares of the six components sum to the square of the tensor's nine.
MANDEL = np.array([1.0, 1.0, 1.0, np.sqrt(2.0), np.sqrt(2.0), np.sqrt(2.0)])


@dataclass(frozen=True, kw_only=True)
class BlockSettings:
    """All that decides what a block holds, besides its frames.

    Parameters
    ----------
    parameters : PODParameters
        Descriptors.
    clusters : PODCoefficients or None
        Projection and centroids, for several clusters of environments.
    linker_terms : bool
        Whether the coefficients of bonded terms of the linkers follow those of the descriptors.
    repulsion : Repulsion or None
        Its energies, forces and stresses are taken off the labels.
    force_scale_eV_per_A : float
        An atom with a force F counts 1/(1 + (F/scale)²).
    frame_force_scale_eV_per_A : float
        Energy and stress of a frame with a largest force F count 1/(1 + (F/scale)²).
    stress_directions : int
        Directions in the space of the six strains along which a frame's stress is fitted: six for the whole
        stress, fewer for as many random orthogonal ones, 0 for none.
    rigid_weight : float
        How often the squared force errors along rigid motions of linkers and of metals count besides; 0 for
        not at all.
    """

    parameters: PODParameters
    clusters: PODCoefficients | None = None
    linker_terms: bool = False
    repulsion: Repulsion | None = None
    force_scale_eV_per_A: float = 3.0
    frame_force_scale_eV_per_A: float = 10.0
    stress_directions: int = 6
    rigid_weight: float = 0.0

    def key(self, frames: Sequence[LabelledFrame]) -> str:
        """Return the name under which a block is kept.

        Parameters
        ----------
        frames : sequence of LabelledFrame
            Its frames.

        Returns
        -------
        str
            Hash of settings and frames.
        """
        digest = hashlib.sha256(self.parameters.text.encode())
        if self.clusters is not None:
            digest.update(self.clusters.text.encode())
        repulsion = None if self.repulsion is None else self.repulsion.to_dict()
        rest = [
            VERSION,
            repulsion,
            self.force_scale_eV_per_A,
            self.frame_force_scale_eV_per_A,
            self.stress_directions,
        ]
        if self.linker_terms:
            digest.update(LinkerTerms.from_free(np.zeros(N_FREE)).text.encode())
        if self.rigid_weight:
            rest.append(self.rigid_weight)
        digest.update(json.dumps(rest).encode())
        for frame in frames:
            digest.update(np.ascontiguousarray(frame.numbers, dtype=np.int64).tobytes())
            for values in (frame.cell, frame.positions, frame.forces_eV_per_A, [frame.energy_eV]):
                digest.update(np.ascontiguousarray(values, dtype=float).tobytes())
            if frame.stress_eV_per_A3 is not None:
                digest.update(np.ascontiguousarray(frame.stress_eV_per_A3, dtype=float).tobytes())
        return digest.hexdigest()[:32]


class BlockMaker:
    """Computes blocks; holds LAMMPS for the descriptors and, where there is one, for the repulsion.

    Parameters
    ----------
    settings : BlockSettings
        What to compute.
    """

    def __init__(self, settings: BlockSettings) -> None:
        self.settings = settings
        self._descriptors = PODDescriptors(settings.parameters, settings.clusters)
        self._linkers = LinkerDescriptors(settings.parameters.species) if settings.linker_terms else None
        self._taken_off = TakenOff(Prior(repulsion=settings.repulsion), settings.parameters.species)

    def close(self) -> None:
        """Free LAMMPS."""
        self._descriptors.close()
        if self._linkers is not None:
            self._linkers.close()
        self._taken_off.close()

    def labels(self, frame: LabelledFrame) -> tuple[float, np.ndarray, np.ndarray | None]:
        """Return what the descriptors have to explain of a frame: its labels without the repulsion.

        Parameters
        ----------
        frame : LabelledFrame
            As labelled.

        Returns
        -------
        energy_eV : float
            Energy, eV.
        forces_eV_per_A : ndarray (n_atoms, 3)
            Forces, eV/Å.
        stress_eV_per_A3 : ndarray (6,) or None
            Stress, eV/Å³, xx yy zz yz xz xy; None where there is no label.
        """
        left = self._taken_off(frame)
        stress = left.stress_eV_per_A3
        return (
            left.energy_eV,
            left.forces_eV_per_A,
            None if stress is None else full_3x3_to_voigt_6_stress(stress),
        )

    def directions(self, frame: LabelledFrame) -> np.ndarray:
        """Return the strains along which a frame's stress is fitted.

        Parameters
        ----------
        frame : LabelledFrame
            The frame; the same one has the same directions always.

        Returns
        -------
        ndarray (n_directions, 6)
            Orthogonal directions, xx yy zz yz xz xy, times the square root of two for shears.
        """
        n = self.settings.stress_directions
        if n == 6:
            return np.diag(MANDEL)
        seed = zlib.crc32(np.ascontiguousarray(frame.positions, dtype=float).tobytes())
        orthogonal, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))
        return orthogonal[:n] * MANDEL

    def rows(self, frame: LabelledFrame, directions: np.ndarray) -> FrameRows:
        """Return the linear model of a frame.

        Parameters
        ----------
        frame : LabelledFrame
            The frame.
        directions : ndarray (n_directions, 6)
            Strains, as `directions` gives them.

        Returns
        -------
        FrameRows
            Columns of the descriptors, then those of the linker terms where they are fitted.
        """
        atoms = frame.to_atoms()
        pod = self._descriptors.rows(atoms, strains=directions)
        if self._linkers is None:
            return pod
        bonded = self._linkers.rows(atoms, stress=len(directions) > 0)
        return FrameRows(
            energy=np.concatenate([pod.energy, bonded.energy]),
            forces=np.concatenate([pod.forces, bonded.forces], axis=2),
            stress=np.hstack([pod.stress, directions @ bonded.stress])
            if len(directions)
            else np.empty((0, len(pod.energy) + len(bonded.energy))),
        )

    def _weighted_forces(
        self, frame: LabelledFrame, rows: np.ndarray, forces: np.ndarray, root: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return force rows and labels times the roots of their factors, rigid motions below."""
        each = np.repeat(root, 3)
        labels = forces.ravel() * each
        along = np.empty((0, rows.shape[2] + 1))
        if self.settings.rigid_weight:
            along, members = rigid_forces(frame.to_atoms(), np.dstack([rows, forces[:, :, None]]))
            along *= np.sqrt(self.settings.rigid_weight) * root[members].min(axis=1)[:, None]
        # Rows are the largest array there is: weighed in place, and copied only where others follow them.
        weighted = rows.reshape(len(each), -1)
        weighted *= each[:, None]
        if not len(along):
            return weighted, labels
        return np.concatenate([weighted, along[:, :-1]]), np.append(labels, along[:, -1])

    def make(self, frames: Sequence[LabelledFrame]) -> BlockEquations:
        """Compute the block of some frames.

        Parameters
        ----------
        frames : sequence of LabelledFrame
            At least one.

        Returns
        -------
        BlockEquations
            Their equations.
        """
        settings = self.settings
        species = settings.parameters.species
        energy_rows, energies, factors, compositions = [], [], [], []
        stress_rows, stresses, stress_factors = [], [], []
        products: np.ndarray | float = 0.0
        right: np.ndarray | float = 0.0
        square, n_forces = 0.0, 0
        for frame in frames:
            energy, forces, stress = self.labels(frame)
            directions = NO_STRAIN if stress is None else self.directions(frame)
            rows = self.rows(frame, directions)
            n = frame.n_atoms
            # Judged by the labels themselves: a close contact is one whether repulsion explains it or not.
            sizes = np.linalg.norm(frame.forces_eV_per_A, axis=1)
            factor = 1.0 / (1.0 + (sizes.max() / settings.frame_force_scale_eV_per_A) ** 2)
            root = 1.0 / np.sqrt(1.0 + (sizes / settings.force_scale_eV_per_A) ** 2)
            weighted, labels = self._weighted_forces(frame, rows.forces, forces, root)
            products = products + packed_products(weighted)
            right = right + labels @ weighted
            square += float(labels @ labels)
            n_forces += 3 * n
            energy_rows.append(rows.energy / n)
            energies.append(energy / n)
            factors.append(factor)
            symbols = np.array(frame.to_atoms().get_chemical_symbols())
            compositions.append([np.mean(symbols == element) for element in species])
            if stress is not None and len(directions):
                stress_rows.append(rows.stress)
                stresses.append(directions @ stress)
                # A mean over directions becomes one over the tensor's nine components.
                stress_factors.append(np.full(len(directions), factor * 6.0 / 9.0))
        n_coefficients = len(energy_rows[0])
        return BlockEquations(
            energy_rows=np.array(energy_rows),
            energies=np.array(energies),
            composition=np.array(compositions),
            factor=np.array(factors),
            stress_rows=np.concatenate([np.empty((0, n_coefficients)), *stress_rows]),
            stresses=np.concatenate([np.empty(0), *stresses]),
            stress_factor=np.concatenate([np.empty(0), *stress_factors]),
            force_products=np.asarray(products),
            force_right=np.asarray(right),
            force_square=square,
            n_forces=n_forces,
        )
