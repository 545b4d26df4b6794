"""The text of a LAMMPS data file, any periodic cell turned into LAMMPS' box."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from mofglass.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Below this a tilt is rounding, and the box is written orthogonal.
TILT_TOLERANCE_A = 1e-7


@dataclass(frozen=True)
class LammpsBox:
    """A cell in LAMMPS' orientation: a along x, b in the xy plane.

    Parameters
    ----------
    cell : ndarray (3, 3)
        Lower-triangular cell vectors as rows, Å.
    rotation : ndarray (3, 3)
        Turns the structure's vectors into the box's: ``positions @ rotation``.
    """

    cell: Floats
    rotation: Floats

    @property
    def is_orthogonal(self) -> bool:
        """Whether all tilts vanish."""
        return bool(np.abs(self.cell[np.tril_indices(3, -1)]).max() < TILT_TOLERANCE_A)

    @classmethod
    def of(cls, atoms: Atoms) -> LammpsBox:
        """Find the box of a periodic structure.

        Parameters
        ----------
        atoms : ase.Atoms
            Structure, Å.

        Returns
        -------
        LammpsBox
            Its box; a left-handed cell is inverted, which is the same lattice.

        Raises
        ------
        InputError
            When the structure is not periodic in three dimensions.
        """
        cell = np.array(atoms.cell, dtype=float)
        volume = float(np.linalg.det(cell))
        if not atoms.pbc.all() or not np.isfinite(cell).all() or abs(volume) < 1e-6:
            raise InputError(
                "the structure needs a periodic three-dimensional cell: give a file that holds one"
            )
        if volume < 0:
            cell = -cell
        # Cholesky of the metric tensor is the lower-triangular cell with positive diagonal.
        lower = np.linalg.cholesky(cell @ cell.T)
        rotation = np.linalg.solve(cell, lower)
        lower[np.abs(lower) < TILT_TOLERANCE_A] = 0.0
        return cls(cell=lower, rotation=rotation)

    def header(self) -> list[str]:
        """Write the box lines of a data file.

        Returns
        -------
        list of str
            ``xlo xhi`` to ``xy xz yz`` (the last for a triclinic box only).
        """
        (lx, _, _), (xy, ly, _), (xz, yz, lz) = self.cell
        lines = [f"0 {length:.12g} {axis}lo {axis}hi" for length, axis in ((lx, "x"), (ly, "y"), (lz, "z"))]
        if not self.is_orthogonal:
            lines.append(f"{xy:.12g} {xz:.12g} {yz:.12g} xy xz yz")
        return lines


def data_text(
    title: str,
    box: LammpsBox,
    positions_A: Floats,
    types: Sequence[int] | Ints,
    masses_u: Mapping[str, float],
    *,
    charges_e: Sequence[float] | Floats | None = None,
    molecules: Sequence[int] | Ints | None = None,
    terms: Mapping[str, tuple[int, Ints]] | None = None,
) -> str:
    """Write a LAMMPS data file.

    Unwrapped coordinates of LAMMPS equal the (turned) positions given: atoms outside the box are
    folded in with their image flags.

    Parameters
    ----------
    title : str
        First line.
    box : LammpsBox
        The box.
    positions_A : ndarray (n, 3)
        Positions in the structure's own orientation, Å.
    types : array of int (n,)
        LAMMPS types from 1.
    masses_u : mapping of str to float
        Label and mass (u) of each type, in order.
    charges_e : array (n,), optional
        Charges, e; written for atom styles ``charge`` and ``full``.
    molecules : array of int (n,), optional
        Molecule ids, which make the atom style ``full``.
    terms : mapping, optional
        ``Bonds``, ``Angles``, ... to (number of types, rows of type and atom ids from 1).

    Returns
    -------
    str
        The file.
    """
    terms = {name: value for name, value in (terms or {}).items() if len(value[1])}
    turned = np.asarray(positions_A, dtype=float) @ box.rotation
    scaled = np.linalg.solve(box.cell.T, turned.T).T
    images = np.floor(scaled).astype(int)
    folded = turned - images @ box.cell
    lines = [title.replace("\n", " "), "", f"{len(turned)} atoms"]
    lines += [f"{len(rows)} {name.lower()}" for name, (_, rows) in terms.items()]
    lines.append(f"{len(masses_u)} atom types")
    lines += [f"{count} {name.lower()[:-1]} types" for name, (count, _) in terms.items()]
    lines += ["", *box.header(), "", "Masses", ""]
    lines += [f"{k} {mass:.6f} # {label}" for k, (label, mass) in enumerate(masses_u.items(), start=1)]
    style = "full" if molecules is not None else "atomic" if charges_e is None else "charge"
    lines += ["", f"Atoms # {style}", ""]
    for k in range(len(turned)):
        columns = [str(k + 1)]
        if molecules is not None:
            columns.append(str(int(molecules[k])))
        columns.append(str(int(types[k])))
        if charges_e is not None:
            columns.append(f"{charges_e[k]:.6g}")
        columns += [f"{x:.12g}" for x in folded[k]]
        columns += [str(image) for image in images[k]]
        lines.append(" ".join(columns))
    for name, (_, rows) in terms.items():
        lines += ["", name, ""]
        lines += [f"{k} " + " ".join(map(str, row)) for k, row in enumerate(rows.tolist(), start=1)]
    return "\n".join(lines) + "\n"


def masses_and_types(data: str) -> tuple[Floats, Ints]:
    """Read back what `data_text` wrote of masses and types.

    Parameters
    ----------
    data : str
        The data file.

    Returns
    -------
    masses_u : ndarray (n_types,)
        Mass of each type, u.
    types : ndarray of int (n,)
        Type of each atom, from 1.

    Raises
    ------
    InputError
        When it is laid out otherwise.
    """
    lines = [*data.splitlines(), ""]
    try:
        begin = lines.index("Masses") + 2
        masses = [float(line.split()[1]) for line in lines[begin : lines.index("", begin)]]
        head = next(k for k, line in enumerate(lines) if line.startswith("Atoms #"))
        column = 2 if lines[head].endswith("full") else 1
        rows = lines[head + 2 : lines.index("", head + 2)]
        return np.array(masses), np.array([int(row.split()[column]) for row in rows], dtype=np.intp)
    except (ValueError, IndexError, StopIteration) as error:
        raise InputError(
            "the potential's data file has no sections Masses and 'Atoms # style' as mofglass writes them"
        ) from error


def element_data(atoms: Atoms, *, charges: bool = False) -> tuple[str, tuple[str, ...]]:
    """Write the data file of a structure whose LAMMPS types are its elements.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    charges : bool
        Whether to write (zero) charges, for atom style ``charge``.

    Returns
    -------
    data : str
        Data file.
    elements : tuple of str
        Chemical symbol of each LAMMPS type, in order.
    """
    symbols = atoms.get_chemical_symbols()
    elements = tuple(sorted(set(symbols)))
    text = data_text(
        atoms.get_chemical_formula(),
        LammpsBox.of(atoms),
        atoms.positions,
        [elements.index(symbol) + 1 for symbol in symbols],
        {symbol: float(atomic_masses[atomic_numbers[symbol]]) for symbol in elements},
        charges_e=np.zeros(len(atoms)) if charges else None,
    )
    return text, elements


def check_elements(atoms: Atoms, known: Collection[str], potential: str) -> None:
    """Refuse a structure with an element that a potential does not know.

    Parameters
    ----------
    atoms : ase.Atoms
        The structure.
    known : collection of str
        Chemical symbols the potential knows.
    potential : str
        How to call the potential in the message.

    Raises
    ------
    InputError
        Naming the first such atom, counted from 0.
    """
    for k, symbol in enumerate(atoms.get_chemical_symbols()):
        if symbol not in known:
            raise InputError(
                f"atom {k}, counted from 0, is {symbol}, and {potential} knows "
                f"{', '.join(sorted(known))} only: use a potential trained on {symbol} "
                "(nequip:DIR), or another structure"
            )
