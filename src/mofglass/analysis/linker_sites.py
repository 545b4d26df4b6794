"""Linkers of a supercell folded onto the sites of the unit cell, and those onto symmetry orbits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import spglib
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.topology import Linkers


def fold_linkers(linkers: Linkers, cell: np.ndarray, repeats: Sequence[int]) -> np.ndarray:
    """Return the unit-cell site of each linker of a supercell.

    Parameters
    ----------
    linkers : Linkers
        Linkers of the supercell, near their sites (a crystal, warm perhaps).
    cell : ndarray, shape (3, 3)
        The supercell's vectors as rows, Å.
    repeats : sequence of int, shape (3,)
        Unit cells along each of them.

    Returns
    -------
    ndarray of int64, shape (n_linkers,)
        Sites, numbered from 0 in the order of their first linkers.

    Raises
    ------
    InputError
        When the linkers do not fall into groups with one member in each unit cell.
    """
    copies = np.asarray(repeats, dtype=int)
    if copies.shape != (3,) or (copies < 1).any():
        raise InputError(f"cell repeats {tuple(repeats)} should be three numbers of 1 or more.")
    n_copies, n_linkers = int(copies.prod()), len(linkers)
    if n_copies == 1:
        return np.arange(n_linkers)
    if n_linkers == 0 or n_linkers % n_copies:
        raise InputError(
            f"{n_linkers} linkers cannot be {n_copies} copies of a unit cell's: check --cell-repeats."
        )
    unit = np.asarray(cell) / copies[:, None]
    fractional = np.linalg.solve(unit.T, linkers.centre_A.T).T
    apart = fractional[:, None] - fractional[None]
    distance = np.linalg.norm((apart - np.round(apart)) @ unit, axis=2)
    n_sites = n_linkers // n_copies
    tree = linkage(squareform(distance, checks=False), method="average")
    group = fcluster(tree, n_sites, criterion="maxclust") - 1
    if not np.array_equal(np.bincount(group), np.full(n_sites, n_copies)):
        raise InputError(
            f"the linkers do not fold onto {n_sites} sites of a unit cell repeated "
            f"{'x'.join(map(str, copies))}: check --cell-repeats, or give the crystal as --reference."
        )
    return in_order_of_appearance(group)


def linker_orbits(reference: Configuration, linkers: Linkers, *, tolerance_A: float = 0.01) -> np.ndarray:
    """Return the symmetry orbit of each linker of a crystal.

    Parameters
    ----------
    reference : Frame or ase.Atoms
        The crystal, or a supercell of it.
    linkers : Linkers
        Its linkers.
    tolerance_A : float
        How far symmetry may be broken, Å.

    Returns
    -------
    ndarray of int64, shape (n_linkers,)
        Orbits under the space group that spglib finds, translations of a supercell included; every linker
        its own where there is no symmetry.
    """
    scaled = np.linalg.solve(np.asarray(reference.cell).T, np.asarray(reference.positions).T).T
    dataset = spglib.get_symmetry_dataset(
        (np.asarray(reference.cell).tolist(), scaled.tolist(), np.asarray(reference.numbers).tolist()),
        symprec=tolerance_A,
    )
    if dataset is None:
        return np.arange(len(linkers))
    alike = np.asarray(dataset.equivalent_atoms)
    # Equivalent linkers have equivalent atoms, and any one of these tells the orbit.
    lowest = [int(alike[linkers.atoms_of(k)].min()) for k in range(len(linkers))]
    return in_order_of_appearance(np.array(lowest, dtype=np.int64))


def in_order_of_appearance(groups: np.ndarray) -> np.ndarray:
    """Number groups anew, from 0, in the order in which they first occur.

    Parameters
    ----------
    groups : ndarray of int, shape (n,)
        Any numbers.

    Returns
    -------
    ndarray of int64, shape (n,)
        The same groups.
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
