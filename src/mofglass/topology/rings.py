"""Rings of a periodic network, by four definitions, counted once each.

Rings are closed paths of the infinite net, so that the cells crossed along one add up to nothing. Two rings
that are images of each other are one. The definitions, with their sources:

``primitive``
    No two of its nodes are nearer in the net than along the ring: the ring is not two smaller ones put
    together. Franzblau, Phys. Rev. B 44, 4925 (1991); Yuan and Cormack, Comput. Mater. Sci. 24, 343 (2002);
    the "primitive rings" of R.I.N.G.S., Le Roux and Jund, Comput. Mater. Sci. 49, 70 (2010).
``strong``
    Not the sum (edges that occur an odd number of times) of any number of smaller rings. Goetzke and Klein,
    J. Non-Cryst. Solids 127, 215 (1991).
``king``
    A shortest ring through some node and two of its neighbours. King, Nature 213, 1112 (1967).
``guttman``
    A shortest ring through some edge. Guttman, J. Non-Cryst. Solids 116, 145 (1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numba
import numpy as np

from mofglass.errors import InputError
from mofglass.topology.network import Network
from mofglass.topology.ring_paths import needs_table, primitive_rings, shortest_rings
from mofglass.topology.ring_search import CELL_BITS, CELL_MASK, FARTHEST_CELL, ORIGIN, Graph, pack_steps
from mofglass.topology.ring_sums import strong_among

RingDefinition = Literal["primitive", "king", "guttman", "strong"]
"""How a ring is told from any closed path."""

RING_DEFINITIONS: tuple[str, ...] = get_args(RingDefinition)

LARGEST_SIZE = 200
"""Largest ring that can be asked for, in nodes: distances are kept in eight bits."""


@dataclass(frozen=True)
class Rings:
    """Rings of a periodic graph, each once, the small ones first."""

    size: np.ndarray
    """Nodes in each ring, rising, int64, shape (n_rings,)."""

    node: np.ndarray
    """Nodes in order around each ring, ring after ring, int64, shape (size.sum(),)."""

    offset: np.ndarray
    """Cell of each of them: the ring as it closes in the infinite net, int64, shape (size.sum(), 3)."""

    definition: str
    """One of `RING_DEFINITIONS`."""

    max_size: int
    """Largest ring searched for, in nodes."""

    def __len__(self) -> int:
        """Return the number of rings."""
        return len(self.size)

    @property
    def first(self) -> np.ndarray:
        """Where each ring begins in `node`, int64, shape (n_rings + 1,)."""
        return np.concatenate(([0], np.cumsum(self.size)))

    def ring(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return one ring.

        Parameters
        ----------
        place : int
            Which, from 0.

        Returns
        -------
        node : ndarray of int64, shape (size,)
            Its nodes in order.
        offset : ndarray of int64, shape (size, 3)
            Their cells.
        """
        begin, end = self.first[place : place + 2]
        return self.node[begin:end], self.offset[begin:end]

    def count(self) -> np.ndarray:
        """Return the number of rings by size.

        Returns
        -------
        ndarray of int64, shape (max_size + 1,)
            Rings of 0, 1, 2, ... nodes.
        """
        return np.bincount(self.size, minlength=self.max_size + 1)


def find_rings(
    first: np.ndarray,
    neighbour: np.ndarray,
    offset: np.ndarray,
    *,
    definition: str = "primitive",
    max_size: int = 32,
) -> Rings:
    """Find the rings of a periodic graph.

    Parameters
    ----------
    first : ndarray of int, shape (n_nodes + 1,)
        Node ``a`` has the neighbours ``neighbour[first[a]:first[a + 1]]``.
    neighbour : ndarray of int, shape (n,)
        Neighbouring nodes; each edge stands at both its ends.
    offset : ndarray of int, shape (n, 3)
        Their cells, seen from the node in cell 0. An edge given twice counts once.
    definition : {"primitive", "king", "guttman", "strong"}
        See the module. A strong ring is sought to be the sum of smaller primitive rings that touch it, or
        touch those (see `ring_sums`).
    max_size : int
        Largest ring, in nodes, from 3 (2 nodes can be a ring only where a net has double edges: put a node
        on each of them).

    Returns
    -------
    Rings
        Each ring once in the cell.

    Raises
    ------
    InputError
        For an unknown definition, a size out of range, or a net whose cells do not fit the search.
    """
    if definition not in RING_DEFINITIONS:
        raise InputError(
            f"'{definition}' is no definition of rings: choose from {', '.join(RING_DEFINITIONS)}."
        )
    if not 3 <= max_size <= LARGEST_SIZE:
        raise InputError(f"the largest ring is {max_size} nodes: give 3 to {LARGEST_SIZE}.")
    node, other, cell = _edges(first, neighbour, offset)
    node, other, cell = _without_branches(len(first) - 1, node, other, cell)
    n_nodes = len(first) - 1
    shift, colour = _regauge(*_rows(n_nodes, node, other, cell))
    cell = cell + shift[node] - shift[other]
    halved = 1
    if (colour[node] == colour[other]).any():
        # A node on each edge makes any graph bipartite, its rings twice as large and otherwise the same.
        once = _each_edge_once(node, other, cell)
        middle = n_nodes + np.arange(len(once))
        there = np.concatenate((node[once], middle)), np.concatenate((middle, other[once]))
        half_cell = np.concatenate((np.zeros((len(once), 3), dtype=np.int64), cell[once]))
        node, other = np.concatenate(there), np.concatenate(there[::-1])
        cell = np.concatenate((half_cell, -half_cell))
        halved = 2
    rows, others, cells = _rows(n_nodes + (len(once) if halved == 2 else 0), node, other, cell)
    longest = halved * max_size
    if np.abs(cells).max(initial=0) * longest > FARTHEST_CELL:
        raise InputError("the edges of the network reach over too many cells for a search of rings.")
    graph = Graph(rows, others, pack_steps(cells))
    degree = max(2, int(np.diff(rows).max(initial=0)))
    if degree > 62:
        raise InputError(
            f"a node of the network has {degree} neighbours; rings are searched with at most 62."
        )
    needed = needs_table(graph)
    if definition in ("king", "guttman"):
        size, key = shortest_rings(graph, needed, longest, degree, definition == "king")
    else:
        size, key = primitive_rings(graph, needed, longest, degree)
    size, key = _each_once(size, key)
    if definition == "strong":
        kept = strong_among(size, key, len(rows) - 1)
        key = key[np.repeat(kept, size)]
        size = size[kept]
    at = key >> CELL_BITS
    packed = (key & CELL_MASK)[:, None] >> np.array([20, 10, 0])
    place = (packed & 1023) - 512
    if halved == 2:
        real = at < n_nodes
        at, place, size = at[real], place[real], size // 2
    return Rings(size, at, place + shift[at], definition, max_size)


def network_rings(network: Network, *, definition: str = "primitive", max_metals: int = 16) -> Rings:
    """Find the rings of alternating metals and linkers.

    Parameters
    ----------
    network : Network
        The metal-linker network of a frame. A linker bound twice to one metal makes no ring of the two.
    definition : {"primitive", "king", "guttman", "strong"}
        See `find_rings`.
    max_metals : int
        Largest ring, in metals; it has as many linkers.

    Returns
    -------
    Rings
        Sizes in nodes, metals and linkers; nodes numbered as in `Network`.

    Raises
    ------
    InputError
        As `find_rings`.
    """
    if not 2 <= max_metals <= LARGEST_SIZE // 2:
        raise InputError(f"the largest ring is {max_metals} metals: give 2 to {LARGEST_SIZE // 2}.")
    return find_rings(*network.adjacency(), definition=definition, max_size=2 * max_metals)


def _edges(
    first: np.ndarray, neighbour: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each edge once at both its ends."""
    node = np.repeat(np.arange(len(first) - 1), np.diff(first))
    edges = np.column_stack((node, neighbour, offset)).astype(np.int64)
    edges = np.unique(edges, axis=0) if len(edges) else edges
    return edges[:, 0], edges[:, 1], edges[:, 2:]


def _without_branches(
    n_nodes: int, node: np.ndarray, other: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut off dead ends, which are in no ring and on no shortest path between nodes that are."""
    while True:
        degree = np.bincount(node, minlength=n_nodes)
        kept = (degree[node] > 1) & (degree[other] > 1)
        if kept.all():
            return node, other, cell
        node, other, cell = node[kept], other[kept], cell[kept]


def _rows(
    n_nodes: int, node: np.ndarray, other: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort edges by their first node."""
    order = np.argsort(node, kind="stable")
    rows = np.concatenate(([0], np.cumsum(np.bincount(node, minlength=n_nodes)))).astype(np.int64)
    return rows, other[order], np.ascontiguousarray(cell[order])


def _each_edge_once(node: np.ndarray, other: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return which edges to keep of each pair of opposite ones."""
    leading = np.sign(cell) @ np.array([9, 3, 1])
    return np.flatnonzero((node < other) | ((node == other) & (leading > 0)))


@numba.njit(cache=True)
def _regauge(rows: np.ndarray, other: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose for each node the copy that makes edges short, and colour the nodes in turn.

    Returns the cells by which nodes are moved, (n_nodes, 3), and colours 0 and 1, (n_nodes,), of which
    neighbours share one only where the quotient graph is not bipartite.
    """
    n_nodes = len(rows) - 1
    shift = np.zeros((n_nodes, 3), np.int64)
    colour = np.full(n_nodes, -1, np.int64)
    queue = np.empty(n_nodes, np.int64)
    for seed in range(n_nodes):
        if colour[seed] >= 0:
            continue
        colour[seed] = 0
        queue[0], head, tail = seed, 0, 1
        while head < tail:
            node = queue[head]
            head += 1
            for edge in range(rows[node], rows[node + 1]):
                near = other[edge]
                if colour[near] < 0:
                    colour[near] = 1 - colour[node]
                    shift[near] = shift[node] + cell[edge]
                    queue[tail] = near
                    tail += 1
    return shift, colour


def _each_once(size: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep one of all copies of a ring, however it was found; sort by size."""
    begin = np.concatenate(([0], np.cumsum(size)))[:-1]
    sizes, keys = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for n in np.unique(size):
        rings = key[begin[size == n][:, None] + np.arange(n)]
        _write_canonically(rings)
        order = np.lexsort(rings.T[::-1])
        rings = rings[order]
        fresh = np.concatenate(([True], (rings[1:] != rings[:-1]).any(axis=1)))
        rings = rings[fresh]
        sizes.append(np.full(len(rings), n))
        keys.append(rings.ravel())
    return np.concatenate(sizes), np.concatenate(keys)


@numba.njit(cache=True)
def _write_canonically(rings: np.ndarray) -> None:
    """Write each ring from its lowest node in cell 0, in the direction and from the copy that come first."""
    n_rings, size = rings.shape
    best, trial = np.empty(size, np.int64), np.empty(size, np.int64)
    for ring in range(n_rings):
        lowest = np.min(rings[ring] >> CELL_BITS)
        best[0] = -1
        for begin in range(size):
            if rings[ring, begin] >> CELL_BITS != lowest:
                continue
            move = ORIGIN - (rings[ring, begin] & CELL_MASK)
            for direction in (1, -1):
                for k in range(size):
                    trial[k] = rings[ring, (begin + direction * k) % size] + move
                smaller = best[0] < 0
                for k in range(size):
                    if smaller or trial[k] != best[k]:
                        smaller |= trial[k] < best[k]
                        break
                if smaller:
                    best[:] = trial
        rings[ring] = best
