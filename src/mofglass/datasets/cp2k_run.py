"""Labelled frames of a CP2K MD run: positions, forces, cell and stress from its several files, by step.

CP2K writes energies in hartree and forces in hartree/bohr (CP2K manual: MOTION/PRINT). The stress of the
potential stands in the main output (FORCE_EVAL/PRINT/STRESS_TENSOR), positive in compression. The ``.stress``
file (MOTION/PRINT/STRESS) holds that stress and the kinetic part of the moving atoms, which is taken off
with the velocities.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.cp2k_files import beside, index_steps, read_step
from mofglass.datasets.cp2k_kinetic import potential_stress_of_file
from mofglass.datasets.cp2k_output import find_outputs, read_outputs
from mofglass.datasets.frame_source import FrameSource
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.errors import InputError
from mofglass.trajectory.cp2k import energy_hartree, find_cells
from mofglass.trajectory.text_source import TextSource
from mofglass.units import EV_PER_A_PER_HARTREE_PER_BOHR, EV_PER_HARTREE


class CP2KRun(FrameSource):
    """Labelled frames of a CP2K MD run: the steps that have positions and forces.

    Beside ``PROJECT-pos-1.xyz`` must lie ``PROJECT-frc-1.xyz`` and ``PROJECT-1.cell``, or at constant volume
    ``PROJECT-1.restart``. The stress comes from the main output (any ``.out``, ``.log`` or ``.txt`` there
    that names the project), or from ``PROJECT-1.stress`` with the velocities of ``PROJECT-vel-1.xyz``. Of a
    step that a restart wrote again, the last stands. Steps whose SCF did not converge, by the main output,
    are left out.

    Parameters
    ----------
    path : Path
        The ``-pos-1.xyz`` file.
    index : dict of str to ndarray, optional
        What `index` returned; found by going through the files when not given.

    Raises
    ------
    InputError
        When forces or cells are missing, or no step has both positions and forces.

    Warns
    -----
    UserWarning
        When steps are left out, or a ``.stress`` file cannot be used.
    """

    format = "cp2k"

    def __init__(self, path: Path, index: dict[str, np.ndarray] | None = None) -> None:
        super().__init__(path)
        if "-pos-" not in self.path.name:
            raise InputError(
                f"{path} is not called PROJECT-pos-1.xyz, so the other files of its run are not known: keep "
                "the names CP2K gives"
            )
        forces_path = beside(self.path, "-frc-")
        if forces_path is None:
            wanted = self.path.name.replace("-pos-", "-frc-")
            raise InputError(
                f"{path} lies without its forces: put {wanted} beside it (MOTION/PRINT/FORCES in the input), "
                "or label the frames with  mofglass dataset label"
            )
        self._positions, self._forces = TextSource(self.path), TextSource(forces_path)
        self._index = self._pair() if index is None else index

    def _pair(self) -> dict[str, np.ndarray]:
        """Go through all files of the run and pair them by step."""
        positions, forces = index_steps(self._positions), index_steps(self._forces)
        common, in_positions, in_forces = np.intersect1d(
            positions.steps, forces.steps, assume_unique=True, return_indices=True
        )
        if not len(common):
            raise InputError(
                f"{self.path} and {self._forces.path.name} have no step in common: print positions and "
                "forces equally often"
            )
        of_forces = forces.energies_hartree[in_forces]
        differ = np.abs(positions.energies_hartree[in_positions] - of_forces) > 1e-8
        if differ.any():
            raise InputError(
                f"{self.path} and {self._forces.path.name} state different energies for step "
                f"{common[differ][0]}: use the files of one run"
            )
        cell_file, cell_steps, cells = find_cells(self.path)
        if len(cells) > 1 and np.all(np.ptp(cells, axis=0) < 1e-9):
            cells = cells[:1]
        if len(cells) > 1 and len(common) > 1 and common[-2] == cell_steps[-1]:
            warnings.warn(
                f"{self.path}: {cell_file.name} ends before step {common[-1]}, the last: it is left out",
                stacklevel=4,
            )
            common, in_positions, in_forces = common[:-1], in_positions[:-1], in_forces[:-1]
        if len(cells) > 1:
            rows = np.minimum(np.searchsorted(cell_steps, common), len(cell_steps) - 1)
            missing = common[cell_steps[rows] != common]
            if len(missing):
                raise InputError(
                    f"{cell_file} has no cell for step {missing[0]} and {len(missing) - 1} others: print the "
                    "cell as often as the positions"
                )
            cells = cells[rows]
        index = {
            "steps": common,
            "positions_at": positions.spans[in_positions],
            "forces_at": forces.spans[in_forces],
            "cells": cells,
            "stress": np.empty((0, 6)),
            "temperature_K": np.array([NAN]),
        }
        return self._with_output(index, positions.energies_hartree[in_positions])

    def _with_output(self, index: dict[str, np.ndarray], energies: np.ndarray) -> dict[str, np.ndarray]:
        """Add stress and temperature, and leave out what did not converge."""
        project = re.sub(r"-pos-.*", "", self.path.name)
        evaluations = read_outputs(find_outputs(self.path.parent, project))
        if evaluations is not None:
            index["temperature_K"] = np.array([evaluations.temperature_K])
            found = evaluations.find(energies)
            if np.isfinite(evaluations.stress_eV_per_A3[found[found >= 0]]).any():
                index["stress"] = np.where(found[:, None] >= 0, evaluations.stress_eV_per_A3[found], NAN)
            converged = (found < 0) | evaluations.converged[found]
            if not converged.all():
                warnings.warn(
                    f"{self.path}: the SCF of {np.sum(~converged)} of {len(found)} frames did not converge; "
                    "they are left out",
                    stacklevel=5,
                )
                if not converged.any():
                    raise InputError(f"{self.path}: the SCF of no frame converged: nothing to learn from")
                constant_cell = len(index["cells"]) == 1
                for name in ("steps", "positions_at", "forces_at", "cells", "stress"):
                    if len(index[name]) and not (name == "cells" and constant_cell):
                        index[name] = index[name][converged]
        stress_file = self.path.with_name(f"{project}-1.stress")
        if not len(index["stress"]) and stress_file.is_file():
            stress = potential_stress_of_file(
                stress_file, beside(self.path, "-vel-"), index["steps"], self._volumes(index)
            )
            if stress is not None:
                index["stress"] = stress
        return index

    def _volumes(self, index: dict[str, np.ndarray]) -> np.ndarray:
        volumes = np.abs(np.linalg.det(index["cells"]))
        return np.broadcast_to(volumes, (len(index["steps"]),))

    def __len__(self) -> int:
        return len(self._index["steps"])

    def index(self) -> dict[str, np.ndarray]:
        """Return where the frames lie, their cells and their stress.

        Returns
        -------
        dict of str to ndarray
            Byte offsets; cells (Å), one where it is constant; stress (eV/Å³).
        """
        return self._index

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> CP2KRun:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The ``-pos-1.xyz`` file.
        index : dict of str to ndarray
            What `index` returned.

        Returns
        -------
        CP2KRun
            The reader.
        """
        return cls(path, index)

    def files(self) -> list[Path]:
        """Return the files that frames are read from.

        Returns
        -------
        list of Path
            Positions and forces.
        """
        return [self.path, self._forces.path]

    def default_label(self) -> str:
        """Name the source by CP2K's project.

        Returns
        -------
        str
            What stands before ``-pos-1.xyz``.
        """
        return re.sub(r"-pos-.*", "", self.path.name)

    def close(self) -> None:
        """Close the files; reading afterwards opens them again."""
        self._positions.close()
        self._forces.close()

    def read(self, index: int) -> LabelledFrame:
        """Read one frame.

        Parameters
        ----------
        index : int
            Number among the steps with positions and forces, from 0.

        Returns
        -------
        LabelledFrame
            `info` has ``step``, CP2K's MD step.

        Raises
        ------
        InputError
            When something is no number, or atoms of the two files differ.
        """
        at = self._index
        numbers, positions, comment = read_step(self._positions, at["positions_at"][index], index)
        force_numbers, forces, _ = read_step(self._forces, at["forces_at"][index], index)
        energy = energy_hartree(comment)
        where = f"{self.path}, frame {index} (step {at['steps'][index]})"
        if energy is None:
            raise InputError(f"{where} has no energy in its comment line: keep the file as CP2K wrote it")
        if not np.array_equal(numbers, force_numbers):
            raise InputError(
                f"{where}: its atoms are not those of {self._forces.path.name}: use the files of one run"
            )
        stress = at["stress"][index] if len(at["stress"]) else None
        has_stress = stress is not None and np.isfinite(stress).all()
        return LabelledFrame(
            numbers=numbers,
            positions=positions,
            cell=np.array(at["cells"][index if len(at["cells"]) > 1 else 0]),
            energy_eV=energy * EV_PER_HARTREE,
            forces_eV_per_A=forces * EV_PER_A_PER_HARTREE_PER_BOHR,
            stress_eV_per_A3=np.asarray(voigt_6_to_full_3x3_stress(stress)) if has_stress else None,
            temperature_K=float(at["temperature_K"][0]),
            info={"step": int(at["steps"][index])},
        )
