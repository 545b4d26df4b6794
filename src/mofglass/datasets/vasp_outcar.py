"""Labelled frames in a VASP OUTCAR.

VASP prints, for every ionic step, ``in kB``: the stress in kbar, positive in compression, in the order
XX YY ZZ XY YZ ZX, without the kinetic part of the ions; ``POSITION TOTAL-FORCE``: Å and eV/Å; and
``free  energy   TOTEN``: the free energy in eV, of which the forces are the derivative (VASP wiki: OUTCAR; of
``energy(sigma->0)`` they are not).
"""

from __future__ import annotations

import re
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np

from mofglass.datasets.frame_source import FrameSource
from mofglass.datasets.labelled import LabelledFrame
from mofglass.datasets.stress import stress_from_kbar
from mofglass.errors import InputError
from mofglass.trajectory.columns import NUMBER, read_columns
from mofglass.trajectory.outcar_index import (
    ABSENT,
    OutcarIndex,
    index_outcar,
    position_rows,
    read_cell,
    read_numbers,
)
from mofglass.trajectory.text_source import TextSource


class LabelledOutcar(FrameSource):
    """Labelled frames of a VASP OUTCAR; steps whose electronic loop did not converge are left out.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped.
    index : OutcarIndex, optional
        Where things lie; found by going through the file when not given.

    Raises
    ------
    InputError
        When it is no OUTCAR, or holds no ab initio step with energy and forces.

    Warns
    -----
    UserWarning
        When steps are left out: cut short, not converged, or made by VASP's machine-learned force field.
    """

    format = "outcar"

    def __init__(self, path: Path, index: OutcarIndex | None = None) -> None:
        super().__init__(path)
        self._source = TextSource(self.path)
        self._index = self._usable(index_outcar(self._source)) if index is None else index

    def _usable(self, index: OutcarIndex) -> OutcarIndex:
        """Leave out the steps that are no labels, saying how many and why."""
        whole = index.energy_at != ABSENT
        converged = index.converged
        if not converged[whole & ~index.learned].any() and not self._tells_how_loops_end():
            converged = np.ones_like(converged)
        reasons = (
            (index.learned, "were made by VASP's machine-learned force field"),
            (~whole & ~index.learned, "are incomplete (no energy follows the forces)"),
            (~converged & whole & ~index.learned, "did not reach EDIFF"),
        )
        for left_out, why in reasons:
            if left_out.any():
                warnings.warn(
                    f"{self.path}: {left_out.sum()} of {len(index)} ionic steps {why} and are left out",
                    stacklevel=4,
                )
        usable = np.flatnonzero(whole & converged & ~index.learned)
        if not len(usable):
            raise InputError(
                f"{self.path} holds no ionic step with energy and forces from converged ab initio: nothing "
                "to learn from"
            )
        chosen = {name: getattr(index, name)[usable] for name in _COLUMNS}
        return OutcarIndex(
            **{**{field.name: getattr(index, field.name) for field in fields(index)}, **chosen}
        )

    def _tells_how_loops_end(self) -> bool:
        """Tell whether any electronic loop says how it ended; where none does, nothing is known of it."""
        return next(self._source.find(_LOOP_END), None) is not None

    def __len__(self) -> int:
        return len(self._index)

    def index(self) -> dict[str, np.ndarray]:
        """Return where the ionic steps lie, and the atoms.

        Returns
        -------
        dict of str to ndarray
            Byte offsets; atomic numbers.
        """
        arrays = {name: getattr(self._index, name) for name in _COLUMNS}
        return arrays | {
            "numbers": self._index.numbers,
            "temperature_K": np.array([self._index.temperature_K]),
        }

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> LabelledOutcar:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The file.
        index : dict of str to ndarray
            What `index` returned.

        Returns
        -------
        LabelledOutcar
            The reader.
        """
        known = {name: index[name] for name in _COLUMNS}
        return cls(
            path,
            OutcarIndex(
                **known,
                numbers=np.array(index["numbers"]),
                temperature_K=float(index["temperature_K"][0]),
                size=0,
                potim_fs=None,
                dynamics=False,
            ),
        )

    def default_label(self) -> str:
        """Name the source by the run's folder, since the file is always called OUTCAR.

        Returns
        -------
        str
            The folder's name.
        """
        return self.path.absolute().parent.name

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def read(self, index: int) -> LabelledFrame:
        """Read one ionic step.

        Parameters
        ----------
        index : int
            Number among the usable steps, from 0.

        Returns
        -------
        LabelledFrame
            `info` has ``step``, VASP's number of the ionic step.

        Raises
        ------
        InputError
            When something is no number.
        """
        at = self._index
        n_atoms = len(at.numbers)
        text = position_rows(self._source, int(at.positions_at[index]), n_atoms)
        rows, _ = read_columns(text, 0, n_atoms, (NUMBER,) * 6, self.path, index)
        cell = read_cell(self._source, int(at.cell_at[index]), self.path, index)
        stress = None
        if at.stress_at[index] != ABSENT:
            kbar = read_numbers(self._source, int(at.stress_at[index]))
            if len(kbar) != 6:
                raise InputError(
                    f"{self.path}, frame {index}: its 'in kB' is not six numbers: remove the step"
                )
            xx, yy, zz, xy, yz, zx = kbar
            stress = stress_from_kbar(np.array([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]]))
        return LabelledFrame(
            numbers=at.numbers,
            positions=rows[:, :3],
            cell=cell,
            energy_eV=read_numbers(self._source, int(at.energy_at[index]))[0],
            forces_eV_per_A=rows[:, 3:],
            stress_eV_per_A3=stress,
            temperature_K=at.temperature_K,
            info={"step": int(at.steps[index])},
        )


_LOOP_END = re.compile(rb"aborting loop ")
_COLUMNS = ("steps", "positions_at", "cell_at", "stress_at", "energy_at", "converged", "learned")
