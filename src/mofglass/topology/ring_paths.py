"""Rings from pairs of shortest paths: the enumerations behind `mofglass.topology.rings`.

The graphs here are bipartite, so that every ring has an even size and every node of it one opposite; two
nodes of a ring that are not reached by a search have no shortcut between them (see `needs_table`).
"""

from __future__ import annotations

import numba
import numpy as np

from mofglass.topology.ring_search import (
    CELL_BITS,
    CELL_MASK,
    ORIGIN,
    Graph,
    Scratch,
    clear,
    find_state,
    hashed,
    new_scratch,
    search,
)

NO_TARGETS = np.empty(0, dtype=np.int64)


@numba.njit(cache=True)
def needs_table(graph: Graph) -> np.ndarray:
    """Choose the nodes whose distances are looked up, at least one end of each edge.

    A node of degree two between two of these can be left out: whatever leaves it goes through its two
    neighbours, and those are looked up.

    Parameters
    ----------
    graph : Graph
        The quotient graph.

    Returns
    -------
    ndarray of bool, shape (n_nodes,)
        True where distances are needed.
    """
    n_nodes = len(graph.first) - 1
    needed = np.ones(n_nodes, np.bool_)
    for node in range(n_nodes):
        begin, end = graph.first[node], graph.first[node + 1]
        needed[node] = end - begin > 2
        for edge in range(begin, end):
            other = graph.neighbour[edge]
            needed[node] |= other == node or (other < node and not needed[other])
    return needed


@numba.njit(cache=True)
def distance_tables(
    graph: Graph, needed: np.ndarray, max_depth: int, degree: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the distances between needed nodes, each from the copy in cell 0 outwards.

    Parameters
    ----------
    graph : Graph
        The quotient graph.
    needed : ndarray of bool, shape (n_nodes,)
        Of which nodes, and to which.
    max_depth : int
        Farthest distance.
    degree : int
        Most neighbours of a node.

    Returns
    -------
    begin, mask : ndarray of int64, shape (n_nodes,)
        Where each node's hash table begins, and its length less one.
    entries : ndarray of int64
        Keys in all tables, above eight bits of distance; -1 where free.
    """
    n_nodes = len(needed)
    begin, masks = np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64)
    entries = np.full(1 << 16, -1, np.int64)
    used = 0
    scratch = new_scratch(1 << 10, degree)
    for node in range(n_nodes):
        if not needed[node]:
            continue
        start = (node << CELL_BITS) | ORIGIN
        n_states = search(graph, scratch, start, max_depth, -1, -1, NO_TARGETS)
        while n_states < 0:
            scratch = new_scratch(2 * len(scratch.key), degree)
            n_states = search(graph, scratch, start, max_depth, -1, -1, NO_TARGETS)
        n_entries = 0
        for state in range(n_states):
            n_entries += needed[scratch.key[state] >> CELL_BITS]
        size = 4
        while size < 2 * n_entries:
            size *= 2
        if used + size > len(entries):
            longer = np.full(2 * len(entries) + size, -1, np.int64)
            longer[:used] = entries[:used]
            entries = longer
        begin[node], masks[node] = used, size - 1
        for state in range(n_states):
            key = scratch.key[state]
            if needed[key >> CELL_BITS]:
                at = hashed(key, size - 1)
                while entries[used + at] >= 0:
                    at = (at + 1) & (size - 1)
                entries[used + at] = (key << 8) | scratch.depth[state]
        used += size
        clear(scratch, n_states)
    return begin, masks, entries


@numba.njit(cache=True)
def _distance(one: int, two: int, begin: np.ndarray, masks: np.ndarray, entries: np.ndarray) -> int:
    """Distance of two places of the net; 255 where it is farther than the tables reach."""
    node = one >> CELL_BITS
    key = two - (one & CELL_MASK) + ORIGIN
    mask = masks[node]
    at = hashed(key, mask)
    while True:
        entry = entries[begin[node] + at]
        if entry < 0:
            return 255
        if entry >> 8 == key:
            return entry & 255
        at = (at + 1) & mask


@numba.njit(cache=True)
def primitive_rings(
    graph: Graph, needed: np.ndarray, max_size: int, degree: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find all rings without a shortcut: no two nodes are nearer in the net than along the ring.

    Parameters
    ----------
    graph : Graph
        The quotient graph, bipartite, without repeated edges.
    needed : ndarray of bool, shape (n_nodes,)
        `needs_table` of it.
    max_size : int
        Most nodes in a ring.
    degree : int
        Most neighbours of a node, at most 63.

    Returns
    -------
    size : ndarray of int64, shape (n_found,)
        Nodes in each ring.
    key : ndarray of int64, shape (sum of sizes,)
        Their keys in order around each ring, which begins with its lowest needed node in cell 0. A ring
        that holds several copies of that node is found once for each.
    """
    max_half = max_size // 2
    begin, masks, entries = distance_tables(graph, needed, max_half, degree)
    sizes = np.empty(1 << 10, np.int64)
    keys = np.empty(1 << 14, np.int64)
    n_rings, n_keys = 0, 0
    scratch = new_scratch(1 << 10, degree)
    one, two = np.empty(max_half + 1, np.int32), np.empty(max_half + 1, np.int32)
    turn = np.empty(max_half + 1, np.int32)
    for node in range(len(needed)):
        if not needed[node]:
            continue
        start = (node << CELL_BITS) | ORIGIN
        n_states = search(graph, scratch, start, max_half, -1, -1, NO_TARGETS)
        while n_states < 0:
            scratch = new_scratch(2 * len(scratch.key), degree)
            n_states = search(graph, scratch, start, max_half, -1, -1, NO_TARGETS)
        first_steps = _first_steps(scratch, n_states)
        for opposite in range(1, n_states):
            if scratch.n_before[opposite] < 2 or not _allowed(scratch.key[opposite], node, needed):
                continue
            half = scratch.depth[opposite]
            one[half] = two[half] = opposite
            # Walk back from the opposite along two paths at once; `turn` counts the pairs tried at a depth.
            level = half - 1
            turn[level] = 0
            while level < half:
                if level == 0:
                    if n_rings == len(sizes):
                        sizes = _longer(sizes, n_rings)
                    if n_keys + 2 * half > len(keys):
                        keys = _longer(keys, n_keys)
                    sizes[n_rings] = 2 * half
                    n_rings += 1
                    keys[n_keys] = start
                    for k in range(1, half + 1):
                        keys[n_keys + k] = scratch.key[one[k]]
                    for k in range(1, half):
                        keys[n_keys + 2 * half - k] = scratch.key[two[k]]
                    n_keys += 2 * half
                    level += 1
                    continue
                a, b = one[level + 1], two[level + 1]
                n_a, n_b = scratch.n_before[a], scratch.n_before[b]
                found = False
                while turn[level] < n_a * n_b:
                    i, j = turn[level] // n_b, turn[level] % n_b
                    turn[level] += 1
                    if a == b and i >= j:
                        continue
                    p, q = scratch.before[a, i], scratch.before[b, j]
                    if p == q:
                        continue
                    # Else one of the two starts is on a shortest path to the other branch: a shortcut.
                    if not (first_steps[p] & ~first_steps[q] and first_steps[q] & ~first_steps[p]):
                        continue
                    if not (
                        _allowed(scratch.key[p], node, needed) and _allowed(scratch.key[q], node, needed)
                    ):
                        continue
                    one[level], two[level] = p, q
                    if _no_shortcut(scratch.key, one, two, level, half, needed, begin, masks, entries):
                        found = True
                        break
                if found:
                    level -= 1
                    turn[level] = 0
                else:
                    level += 1
        clear(scratch, n_states)
    return sizes[:n_rings], keys[:n_keys]


@numba.njit(cache=True)
def _longer(array: np.ndarray, used: int) -> np.ndarray:
    longer = np.empty(2 * len(array), array.dtype)
    longer[:used] = array[:used]
    return longer


@numba.njit(cache=True, inline="always")
def _allowed(key: int, node: int, needed: np.ndarray) -> bool:
    """Whether a ring that begins with `node` as its lowest may hold this place."""
    other = key >> CELL_BITS
    return other >= node or not needed[other]


@numba.njit(cache=True)
def _first_steps(scratch: Scratch, n_states: int) -> np.ndarray:
    """Return the neighbours of the start that are on shortest paths to each state, as bits."""
    steps = np.zeros(n_states, np.int64)
    for state in range(1, n_states):
        if scratch.depth[state] == 1:
            steps[state] = 1 << (state - 1)
        else:
            for k in range(scratch.n_before[state]):
                steps[state] |= steps[scratch.before[state, k]]
    return steps


@numba.njit(cache=True)
def _no_shortcut(
    keys: np.ndarray,
    one: np.ndarray,
    two: np.ndarray,
    level: int,
    half: int,
    needed: np.ndarray,
    begin: np.ndarray,
    masks: np.ndarray,
    entries: np.ndarray,
) -> bool:
    """Whether the newest two places are as far from the other branch as along the ring."""
    for side in range(2):
        mine, others = (one, two) if side == 0 else (two, one)
        place = keys[mine[level]]
        if not needed[place >> CELL_BITS]:
            continue
        for k in range(level + side, half):
            other = keys[others[k]]
            if needed[other >> CELL_BITS]:
                along = min(level + k, 2 * half - level - k)
                if _distance(place, other, begin, masks, entries) != along:
                    return False
    return True


@numba.njit(cache=True)
def shortest_rings(
    graph: Graph, needed: np.ndarray, max_size: int, degree: int, by_node: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Find the shortest rings through each pair of neighbours of a node, or through each edge.

    Parameters
    ----------
    graph : Graph
        The quotient graph, without repeated edges.
    needed : ndarray of bool, shape (n_nodes,)
        `needs_table` of it: what is shortest at a node of degree two is so at its neighbours.
    max_size : int
        Most nodes in a ring.
    degree : int
        Most neighbours of a node.
    by_node : bool
        Whether a ring is to be shortest through a node and two of its neighbours (King), or through an
        edge (Guttman).

    Returns
    -------
    size : ndarray of int64, shape (n_found,)
        Nodes in each ring.
    key : ndarray of int64, shape (sum of sizes,)
        Their keys in order around each ring. A ring is found as often as it is shortest.
    """
    sizes = np.empty(1 << 10, np.int64)
    keys = np.empty(1 << 14, np.int64)
    n_rings, n_keys = 0, 0
    scratch = new_scratch(1 << 10, degree)
    path = np.empty(max_size, np.int32)
    turn = np.empty(max_size, np.int32)
    for node in range(len(graph.first) - 1):
        if by_node and not needed[node]:
            continue
        start = (node << CELL_BITS) | ORIGIN
        begin, end = graph.first[node], graph.first[node + 1]
        for edge in range(begin, end):
            source = (graph.neighbour[edge] << CELL_BITS) | (ORIGIN + graph.step[edge])
            if by_node:
                targets = np.empty(end - edge - 1, np.int64)
                for k in range(edge + 1, end):
                    targets[k - edge - 1] = (graph.neighbour[k] << CELL_BITS) | (ORIGIN + graph.step[k])
                banned_depth, deepest = max_size, max_size - 2
            else:
                targets = np.full(1 if source > start else 0, start)
                banned_depth, deepest = 0, max_size - 1
            if len(targets) == 0:
                continue
            n_states = search(graph, scratch, source, deepest, start, banned_depth, targets)
            while n_states < 0:
                scratch = new_scratch(2 * len(scratch.key), degree)
                n_states = search(graph, scratch, source, deepest, start, banned_depth, targets)
            for target in targets:
                last = find_state(scratch, target)
                if last < 0:
                    continue
                length = scratch.depth[last]
                path[length], turn[length] = last, 0
                level = length
                while level <= length:
                    if level == 0:
                        size = length + 1 + by_node
                        if n_rings == len(sizes):
                            sizes = _longer(sizes, n_rings)
                        if n_keys + size > len(keys):
                            keys = _longer(keys, n_keys)
                        sizes[n_rings] = size
                        n_rings += 1
                        if by_node:
                            keys[n_keys] = start
                        for k in range(length + 1):
                            keys[n_keys + by_node + k] = scratch.key[path[k]]
                        n_keys += size
                        level += 1
                        continue
                    state = path[level]
                    if turn[level] < scratch.n_before[state]:
                        path[level - 1] = scratch.before[state, turn[level]]
                        turn[level] += 1
                        level -= 1
                        turn[level] = 0
                    else:
                        level += 1
            clear(scratch, n_states)
    return sizes[:n_rings], keys[:n_keys]
