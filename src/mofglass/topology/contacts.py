"""Atoms nearer to one another than any bond: the mark of a cell that is not that of its atoms."""

from __future__ import annotations

import numpy as np
from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.frame import Configuration, Frame
from mofglass.topology.neighbours import NeighbourList, neighbour_list

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
    lengths = ", ".join(f"{length:.4g}" for length in np.linalg.norm(frame.cell, axis=1))
    raise InputError(
        f"{source}, frame {frame.index}: {nearest_words(frame, pairs)} in its cell of {lengths} Å: give the "
        "cell that belongs to these atoms, in Å (--cell), or remove the double"
    )


def nearest_words(configuration: Configuration, pairs: NeighbourList) -> str:
    """Say which two atoms are the nearest.

    Parameters
    ----------
    configuration : Frame, LabelledFrame or ase.Atoms
        What holds the atoms.
    pairs : NeighbourList
        Pairs of it, at least one.

    Returns
    -------
    str
        E.g. ``atoms 3 (C) and 7 (H), counted from 0, are 0.21 Å apart``.
    """
    nearest = int(pairs.distance.argmin())
    a, b = sorted((int(pairs.i[nearest]), int(pairs.j[nearest])))
    symbols = [chemical_symbols[configuration.numbers[atom]] for atom in (a, b)]
    return (
        f"atoms {a} ({symbols[0]}) and {b} ({symbols[1]}), counted from 0, are "
        f"{pairs.distance[nearest]:.2f} Å apart"
    )
