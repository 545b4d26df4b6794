"""ReaxFF from a user's parameter file (`ffield`)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ase import Atoms
from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import check_elements, element_data

FILE_NAME = "ffield.reaxff"
LINES_PER_ATOM_TYPE = 4
QEQ_TOLERANCE = 1e-6


def read_elements(path: Path, text: str) -> tuple[str, ...]:
    """Read which elements a parameter file knows.

    Parameters
    ----------
    path : Path
        The file, for messages.
    text : str
        Its text.

    Returns
    -------
    tuple of str
        Names of its atom types that are chemical symbols, in its order.

    Raises
    ------
    InputError
        When it is no ReaxFF parameter file.
    """
    lines = text.splitlines()
    try:
        n_general = int(lines[1].split()[0])
        header = 2 + n_general
        n_types = int(lines[header].split()[0])
        first = header + LINES_PER_ATOM_TYPE
        names = [lines[first + LINES_PER_ATOM_TYPE * k].split()[0] for k in range(n_types)]
        for k in range(n_types):
            float(lines[first + LINES_PER_ATOM_TYPE * k].split()[1])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{path} is not a ReaxFF parameter file: expected a title, the number of general parameters and "
            "their lines, then the number of atom types"
        ) from error
    return tuple(name for name in names if name in chemical_symbols[1:])


class ReaxFF(Potential):
    """ReaxFF with charge equilibration at every step, from a parameter file.

    Parameters
    ----------
    path : Path
        Parameter file in the common `ffield` format.
    """

    name = "reaxff"
    reference = "A. C. T. van Duin et al., J. Phys. Chem. A 105, 9396 (2001), doi:10.1021/jp004368u"

    def __init__(self, path: Path) -> None:
        try:
            content = Path(path).read_bytes()
            self._text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not a text file"
            raise InputError(f"the ReaxFF parameter file {path} cannot be read ({reason})") from error
        self.path = Path(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.elements = frozenset(read_elements(self.path, self._text))
        self.fitted_to = f"as its file says: {self._text.splitlines()[0].strip()}"

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS, in units real (kcal/mol).

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Data file, commands and the parameter file.

        Raises
        ------
        InputError
            When the parameter file lacks an element of the structure.
        """
        check_elements(atoms, self.elements, f"the ReaxFF file {self.path}")
        data, elements = element_data(atoms, charges=True)
        return LammpsModel(
            units="real",
            atom_style="charge",
            data=data,
            after_data=(
                # More room than LAMMPS' default for lists that grow when a crystal melts.
                "pair_style reaxff NULL safezone 1.6 mincap 100",
                f"pair_coeff * * {FILE_NAME} {' '.join(elements)}",
                f"fix mofglass_charges all qeq/reaxff 1 0.0 10.0 {QEQ_TOLERANCE} reaxff",
                "neighbor 2.0 bin",
                "neigh_modify every 10 delay 0 check yes",
            ),
            n_atoms=len(atoms),
            files={FILE_NAME: self._text},
        )

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file and its hash.
        """
        return {**super().describe(), "file": str(self.path.resolve()), "sha256": self.sha256}
