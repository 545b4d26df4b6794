"""Whether what is on disk belongs to the structure that is studied now."""

from __future__ import annotations

from pathlib import Path

from ase import Atoms
from ase.geometry import find_mic
from ase.io import read, write

from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import written_whole

START = "start.extxyz"
"""What a study at rest started from, beside its points."""

_CELL_A = 1e-4
_POSITION_A = 1e-3


def same_structure(first: Atoms, second: Atoms) -> bool:
    """Tell whether two structures are the same atoms in the same places, whichever images are written.

    Parameters
    ----------
    first, second : ase.Atoms
        Periodic structures, Å.

    Returns
    -------
    bool
        Glasses of one crystal share its atoms and cell, so that positions decide.
    """
    return (
        len(first) == len(second)
        and bool((first.numbers == second.numbers).all())
        and bool(abs(first.cell.array - second.cell.array).max() < _CELL_A)
        and bool(find_mic(first.positions - second.positions, first.cell)[1].max() < _POSITION_A)
    )


def keep_start(directory: Path, atoms: Atoms) -> None:
    """Record what a study at rest starts from, or make sure that it is what the study there started from.

    Parameters
    ----------
    directory : Path
        Of the study's points.
    atoms : ase.Atoms
        The structure.

    Raises
    ------
    InputError
        When the points there are of another structure, or do not say of which.
    """
    path = directory / START
    if path.is_file():
        start = read(path, format="extxyz")
        assert isinstance(start, Atoms)
        if not same_structure(start, atoms):
            raise InputError(
                f"{directory} holds the points of another structure ({path}): choose another -o, or delete it"
            )
        return
    if any(directory.glob("*.extxyz")):
        raise InputError(
            f"{directory} holds points that do not say of which structure, there being no {START}: choose "
            "another -o, or delete it"
        )
    directory.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        plain = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
        write(temporary, plain, format="extxyz")
