"""Breadth-first searches over the infinite net that a quotient graph with image offsets stands for.

A node of the infinite net, ``(node, cell)``, is one integer: the node above 30 bits, the cell below, ten bits
a direction around `ORIGIN`. Going along an edge is then one addition.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

CELL_BITS = 30
CELL_MASK = (1 << CELL_BITS) - 1
ORIGIN = (512 << 20) | (512 << 10) | 512
FARTHEST_CELL = 500
"""Cells in each direction that an integer has room for, with some to spare."""

_SPREAD = 0x9E3779B97F4A7C15 - (1 << 64)
"""2⁶⁴ over the golden ratio, as a signed integer: multiplied by it, neighbouring keys lie far apart."""


class Graph(NamedTuple):
    """A quotient graph as the searches want it."""

    first: np.ndarray
    """Node ``a`` has the neighbours ``first[a]`` to ``first[a + 1]``, int64, shape (n_nodes + 1,)."""

    neighbour: np.ndarray
    """Neighbouring nodes, int64."""

    step: np.ndarray
    """What going to that neighbour adds to the cell bits, int64."""


class Scratch(NamedTuple):
    """Working memory of a search; states are the places of the net it has reached, in order."""

    table: np.ndarray
    """Hash table of states by key, -1 where free, int32; its length is a power of two."""

    slot: np.ndarray
    """Where each state stands in `table`, int32."""

    key: np.ndarray
    """Integer of each state, int64."""

    depth: np.ndarray
    """Distance of each state from the start, int32."""

    before: np.ndarray
    """The neighbours of each state that are one step nearer to the start, int32, shape (n, degree)."""

    n_before: np.ndarray
    """How many of them, int32."""


@numba.njit(cache=True)
def pack_steps(offset: np.ndarray) -> np.ndarray:
    """Turn image offsets into what they add to the cell bits.

    Parameters
    ----------
    offset : ndarray of int, shape (n, 3)
        Image offsets.

    Returns
    -------
    ndarray of int64, shape (n,)
        One integer each.
    """
    packed = np.empty(len(offset), np.int64)
    for k in range(len(offset)):
        packed[k] = (np.int64(offset[k, 0]) << 20) + (np.int64(offset[k, 1]) << 10) + np.int64(offset[k, 2])
    return packed


@numba.njit(cache=True)
def new_scratch(n_states: int, degree: int) -> Scratch:
    """Make room for a search.

    Parameters
    ----------
    n_states : int
        Most states it can hold, a power of two.
    degree : int
        Most neighbours of a node.

    Returns
    -------
    Scratch
        Empty working memory.
    """
    return Scratch(
        np.full(4 * n_states, -1, np.int32),
        np.empty(n_states, np.int32),
        np.empty(n_states, np.int64),
        np.empty(n_states, np.int32),
        np.empty((n_states, degree), np.int32),
        np.empty(n_states, np.int32),
    )


@numba.njit(cache=True, inline="always")
def hashed(key: int, mask: int) -> int:
    """Return where a key's search in a hash table begins.

    Parameters
    ----------
    key : int
        The key.
    mask : int
        Length of the table, a power of two, less one.

    Returns
    -------
    int
        Place in the table.
    """
    mixed = key * _SPREAD
    return (mixed ^ (mixed >> 32)) & mask


@numba.njit(cache=True)
def find_state(scratch: Scratch, key: int) -> int:
    """Return the state with a key.

    Parameters
    ----------
    scratch : Scratch
        As a search has left it.
    key : int
        The key.

    Returns
    -------
    int
        The state, or -1 where the search has not been.
    """
    mask = len(scratch.table) - 1
    at = hashed(key, mask)
    while scratch.table[at] >= 0:
        if scratch.key[scratch.table[at]] == key:
            return scratch.table[at]
        at = (at + 1) & mask
    return -1


@numba.njit(cache=True)
def clear(scratch: Scratch, n_states: int) -> None:
    """Empty the table again, touching only what was used.

    Parameters
    ----------
    scratch : Scratch
        As a search has left it.
    n_states : int
        States the search found.
    """
    for state in range(n_states):
        scratch.table[scratch.slot[state]] = -1


@numba.njit(cache=True)
def search(
    graph: Graph,
    scratch: Scratch,
    start: int,
    max_depth: int,
    banned: int,
    banned_depth: int,
    targets: np.ndarray,
) -> int:
    """Search the net breadth first and note all shortest paths back to the start.

    Parameters
    ----------
    graph : Graph
        The quotient graph.
    scratch : Scratch
        Empty working memory, left filled.
    start : int
        Key of the place to start from.
    max_depth : int
        Farthest distance.
    banned, banned_depth : int
        A place not to enter from places at this depth or nearer; -1 for none.
    targets : ndarray of int64
        Where all of these are reached the search ends with the depth at hand; may be empty.

    Returns
    -------
    int
        Number of states, or -1 where there was no room: clear nothing and take a larger scratch.
    """
    table, slot, keys, depths, before, n_before = scratch
    first, neighbour, step = graph
    mask = len(table) - 1
    at = hashed(start, mask)
    table[at] = 0
    slot[0], keys[0], depths[0], n_before[0] = at, start, 0, 0
    n_states, state, level = 1, 0, 0
    while state < n_states:
        depth = depths[state]
        if depth >= max_depth:
            break
        if depth > level:
            level = depth
            missing = len(targets)
            for target in targets:
                if find_state(scratch, target) >= 0:
                    missing -= 1
            if len(targets) > 0 and missing == 0:
                break
        node, cell = keys[state] >> CELL_BITS, keys[state] & CELL_MASK
        for edge in range(first[node], first[node + 1]):
            key = (neighbour[edge] << CELL_BITS) | (cell + step[edge])
            if key == banned and depth <= banned_depth:
                continue
            at = hashed(key, mask)
            while table[at] >= 0 and keys[table[at]] != key:
                at = (at + 1) & mask
            other = table[at]
            if other < 0:
                if n_states == len(keys):
                    return -1
                table[at] = n_states
                slot[n_states], keys[n_states], depths[n_states] = at, key, depth + 1
                before[n_states, 0], n_before[n_states] = state, 1
                n_states += 1
            elif depths[other] == depth + 1:
                before[other, n_before[other]] = state
                n_before[other] += 1
        state += 1
    return n_states
