"""Whether lengths are Å, told by how near the atoms of the first frame of a file are to one another."""

from __future__ import annotations

import warnings
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.topology import neighbour_list
from mofglass.topology.contacts import SHORTEST_CONTACT_A, nearest_words

_LONGEST_BOND = 1.3
"""Of the sum of covalent radii; bohr taken for Å make bonds 1.9 times as long."""


def check_lengths(frame: LabelledFrame, path: Path) -> None:
    """Refuse a frame whose atoms lie on one another, and tell of one that looks wrong.

    Parameters
    ----------
    frame : LabelledFrame
        The first of a file: two neighbour lists.
    path : Path
        The file, for the sentences.

    Raises
    ------
    InputError
        When more than half the atoms are nearer than 0.5 Å to another: positions in nm or fractions of the
        cell.

    Warns
    -----
    UserWarning
        When fewer are, or when no two atoms of a frame with carbon or hydrogen are as near as a bond.
    """
    pairs = neighbour_list(frame, SHORTEST_CONTACT_A, half=True)
    if len(pairs.distance):
        contact = f"{path}, frame 0: {nearest_words(frame, pairs)}"
        n_near = len(np.union1d(pairs.i, pairs.j))
        if 2 * n_near > frame.n_atoms:
            raise InputError(
                f"{contact}, and {n_near} of {frame.n_atoms} atoms nearer than {SHORTEST_CONTACT_A} Å to "
                "another: are the positions in nm or fractions of the cell? write them in Å"
            )
        warnings.warn(f"{contact}: leave such frames out unless they are meant", stacklevel=4)
    elif _without_bonds(frame):
        warnings.warn(
            f"{path}, frame 0: no two atoms are as near as a bond: are its lengths in bohr? write them in Å",
            stacklevel=4,
        )


def _without_bonds(frame: LabelledFrame) -> bool:
    """Tell whether a frame that should have bonds has none."""
    elements = [chemical_symbols[number] for number in np.unique(frame.numbers)]
    if frame.n_atoms < 2 or not {"H", "C"} & set(elements):
        return False
    radii = {element: covalent_radii[atomic_numbers[element]] for element in elements}
    cutoffs = {
        (a, b): _LONGEST_BOND * (radii[a] + radii[b]) for a, b in combinations_with_replacement(elements, 2)
    }
    return not len(neighbour_list(frame, cutoffs, half=True).distance)
