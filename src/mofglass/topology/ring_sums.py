"""Which rings are sums of smaller ones: elimination modulo two among the rings around each."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from mofglass.topology.ring_search import CELL_BITS, CELL_MASK

SHELLS = 2
"""How far smaller rings are gathered around a ring: those that touch it, and those that touch these."""


def strong_among(size: np.ndarray, key: np.ndarray, n_nodes: int) -> np.ndarray:
    """Tell which primitive rings are not sums of smaller ones.

    Every closed path is a sum of primitive rings no larger than itself, so that these are all that need be
    tried; of the infinitely many, those within `SHELLS` of the ring are.

    Parameters
    ----------
    size : ndarray of int64, shape (n_rings,)
        Sizes of all primitive rings, rising.
    key : ndarray of int64, shape (size.sum(),)
        Their places in the net in order, as `ring_paths` gives them.
    n_nodes : int
        Nodes of the quotient graph.

    Returns
    -------
    ndarray of bool, shape (n_rings,)
        True for strong rings.
    """
    begin = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    at = key >> CELL_BITS
    order = np.argsort(at, kind="stable")
    by_node = np.concatenate(([0], np.cumsum(np.bincount(at, minlength=n_nodes)))).astype(np.int64)
    ring_of = np.repeat(np.arange(len(size)), size)[order]
    return _strong(size, begin, key, by_node, ring_of, (key & CELL_MASK)[order])


@numba.njit(cache=True)
def _strong(
    size: np.ndarray,
    begin: np.ndarray,
    key: np.ndarray,
    by_node: np.ndarray,
    ring_of: np.ndarray,
    cell_of: np.ndarray,
) -> np.ndarray:
    strong = np.ones(len(size), np.bool_)
    for ring in range(len(size)):
        if size[ring] == size[0]:
            continue
        # Copies of smaller rings as (ring, move of its cells), from the ring itself outwards.
        seen = {(np.int64(ring), np.int64(0))}
        copies = [(np.int64(ring), np.int64(0))]
        head = 0
        for _ in range(SHELLS):
            tail = len(copies)
            while head < tail:
                member, move = copies[head]
                head += 1
                for k in range(begin[member], begin[member + 1]):
                    node, cell = key[k] >> CELL_BITS, (key[k] & CELL_MASK) + move
                    for entry in range(by_node[node], by_node[node + 1]):
                        other = ring_of[entry]
                        copy = (np.int64(other), np.int64(cell - cell_of[entry]))
                        if size[other] < size[ring] and copy not in seen:
                            seen.add(copy)
                            copies.append(copy)
            if len(copies) > 1 and _is_sum(copies, size, begin, key):
                strong[ring] = False
                break
    return strong


@numba.njit(cache=True)
def _is_sum(copies: list[Any], size: np.ndarray, begin: np.ndarray, key: np.ndarray) -> bool:
    """Whether the first of these rings is a sum of the others: elimination modulo two, a bit an edge."""
    column_of = {(np.int64(-1), np.int64(-1)): np.int64(-1)}
    n_bits = 0
    for member, _ in copies:
        n_bits += size[member]
    column = np.empty(n_bits, np.int64)
    place = 0
    for member, move in copies:
        last = key[begin[member + 1] - 1] + move
        for k in range(begin[member], begin[member + 1]):
            here = key[k] + move
            edge = (min(here, last), max(here, last))
            if edge not in column_of:
                column_of[edge] = np.int64(len(column_of) - 1)
            column[place] = column_of[edge]
            place += 1
            last = here
    n_columns = len(column_of) - 1
    n_words = (n_columns + 63) // 64
    rows = np.zeros((len(copies), n_words), np.uint64)
    row_with_pivot = np.full(n_columns, -1, np.int64)
    place = size[copies[0][0]]
    # The ring in question stands first and is reduced last, by rows 1, 2, ...
    for k in range(1, len(copies) + 1):
        row = k % len(copies)
        if row == 0:
            place = 0
        for _ in range(size[copies[row][0]]):
            rows[row, column[place] >> 6] ^= np.uint64(1) << np.uint64(column[place] & 63)
            place += 1
        pivot = _reduce(rows, row, row_with_pivot)
        if pivot >= 0:
            row_with_pivot[pivot] = row
        if row == 0:
            return pivot < 0
    return False


@numba.njit(cache=True)
def _reduce(rows: np.ndarray, row: int, row_with_pivot: np.ndarray) -> int:
    """Add earlier rows to this one until its first bit is nobody's pivot; return the bit, or -1."""
    for word in range(rows.shape[1]):
        while rows[row, word]:
            bits = rows[row, word]
            bit = 0
            while not (bits >> np.uint64(bit)) & np.uint64(1):
                bit += 1
            other = row_with_pivot[64 * word + bit]
            if other < 0:
                return 64 * word + bit
            for k in range(word, rows.shape[1]):
                rows[row, k] ^= rows[other, k]
    return -1
