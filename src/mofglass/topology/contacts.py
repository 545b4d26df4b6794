"""Atoms nearer to one another than any bond: the mark of a cell that is not that of its atoms."""

from __future__ import annotations

import numpy as np
from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology.neighbours import neighbour_list

SHORTEST_CONTACT_A = 0.5
"""Å; hydrogen molecules, 0.74 Å long, do not come so near in any liquid a force field describes."""


def require_separate_atoms(frame: Frame, source: str) -> None:
    """Refuse a frame whose atoms lie on one another, images included.

    Parameters
    ----------
    frame : Frame
        The first of those analysed: one neighbour list.
    source : str
        The file, for the error.

    Raises
    ------
    InputError
        For two atoms nearer than 0.5 Å.
    """
    pairs = neighbour_list(frame, SHORTEST_CONTACT_A, half=True)
    if not len(pairs.distance):
        return
    nearest = int(pairs.distance.argmin())
    a, b = sorted((int(pairs.i[nearest]), int(pairs.j[nearest])))
    symbols = [chemical_symbols[frame.numbers[atom]] for atom in (a, b)]
    lengths = ", ".join(f"{length:.4g}" for length in np.linalg.norm(frame.cell, axis=1))
    raise InputError(
        f"{source}, frame {frame.index}: atoms {a} ({symbols[0]}) and {b} ({symbols[1]}), counted from 0, "
        f"are {pairs.distance[nearest]:.2f} Å apart in its cell of {lengths} Å: give the cell that belongs "
        "to these atoms, in Å (--cell), or remove the double"
    )
