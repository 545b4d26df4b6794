"""The periodic metal-linker graph of a frame, as a quotient graph with integer image offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mofglass.frame import Configuration
from mofglass.topology.bonds import find_bonds, is_metal
from mofglass.topology.integrity import Integrity, diagnose
from mofglass.topology.linkers import Linkers, perceive_linkers


@dataclass(frozen=True)
class Network:
    """Metals and linkers of one cell, and the bonds between them and their periodic images.

    Nodes are numbered metals first: node ``m`` is `metal_atoms[m]`, node ``n_metals + l`` linker
    ``l`` of `linkers`. Each node has one position within the infinite net, that of its image
    (0, 0, 0): for a metal the position given for its atom, for a linker its centre when made whole
    around its lowest-numbered atom where that was given.

    An edge ``(metal, linker, offset)`` says that metal ``m`` of cell 0 is bonded to linker ``l`` of
    cell ``offset``: the linker's centre there is ``linkers.centre_A[l] + offset @ cell``. Seen from
    the linker in cell 0, the metal is in cell ``-offset``. The sum of offsets, with these signs,
    around a closed ring is zero. Moving the atoms of a node by whole cells, ``w`` for the metal and
    ``v`` for the linker's lowest atom, makes it ``offset + w - v`` and changes nothing else.
    """

    metal_atoms: np.ndarray
    """Atom of each metal, ascending, int64, shape (n_metals,)."""

    linkers: Linkers
    """Linkers, intact and broken."""

    edge_metal: np.ndarray
    """Metal of each edge (place in `metal_atoms`), int64, shape (n_edges,); edges are sorted by it."""

    edge_linker: np.ndarray
    """Linker of each edge, int64, shape (n_edges,)."""

    edge_offset: np.ndarray
    """Cell of the linker seen from the metal, int32, shape (n_edges, 3)."""

    edge_nitrogen: np.ndarray
    """Nitrogen atom through which the linker binds, int64, shape (n_edges,)."""

    edge_distance_A: np.ndarray
    """Metal-nitrogen distance, Å, shape (n_edges,)."""

    integrity: Integrity
    """Intact and broken linkers, with everything that is wrong."""

    numbers: np.ndarray
    """Atomic numbers, shape (n_atoms,)."""

    positions: np.ndarray
    """Positions as given, Å, shape (n_atoms, 3)."""

    cell: np.ndarray
    """Cell vectors as rows, Å, shape (3, 3)."""

    @property
    def n_metals(self) -> int:
        """Number of metal nodes."""
        return len(self.metal_atoms)

    @property
    def n_nodes(self) -> int:
        """Number of nodes, metals and linkers."""
        return len(self.metal_atoms) + len(self.linkers)

    @property
    def n_edges(self) -> int:
        """Number of metal-nitrogen bonds."""
        return len(self.edge_metal)

    @property
    def edge_metal_atom(self) -> np.ndarray:
        """Metal atom of each edge, shape (n_edges,)."""
        return self.metal_atoms[self.edge_metal]

    @property
    def coordination(self) -> np.ndarray:
        """Nitrogen atoms bound to each metal, int64, shape (n_metals,)."""
        return np.bincount(self.edge_metal, minlength=self.n_metals)

    @property
    def linker_degree(self) -> np.ndarray:
        """Edges of each linker, int64, shape (n_linkers,): 2 where it bridges two metals."""
        return np.bincount(self.edge_linker, minlength=len(self.linkers))

    @property
    def node_positions_A(self) -> np.ndarray:
        """Positions of all nodes in their image (0, 0, 0), Å, shape (n_nodes, 3)."""
        return np.concatenate((self.positions[self.metal_atoms], self.linkers.centre_A))

    def ring_positions_A(self) -> np.ndarray:
        """Return the atoms N1, C2, N3, C4, C5 of each linker, made whole.

        Returns
        -------
        ndarray, shape (n_linkers, 5, 3)
            Positions, Å; NaN for broken linkers.
        """
        intact = self.linkers.intact
        ring = self.linkers.ring[intact]
        positions = np.full((len(intact), 5, 3), np.nan)
        positions[intact] = self.positions[ring] + self.linkers.offset[ring] @ self.cell
        return positions

    def adjacency(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each node's neighbours: the graph as path searches want it.

        Returns
        -------
        first : ndarray of int64, shape (n_nodes + 1,)
            Node ``a`` has the neighbours ``neighbour[first[a]:first[a + 1]]``.
        neighbour : ndarray of int64, shape (2 n_edges,)
            Neighbouring nodes.
        offset : ndarray of int32, shape (2 n_edges, 3)
            Their cells, seen from the node in cell 0.
        """
        linker = self.edge_linker + self.n_metals
        node = np.concatenate((self.edge_metal, linker))
        order = np.argsort(node, kind="stable")
        first = np.zeros(self.n_nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(node, minlength=self.n_nodes), out=first[1:])
        neighbour = np.concatenate((linker, self.edge_metal))[order]
        offset = np.concatenate((self.edge_offset, -self.edge_offset))[order]
        return first, neighbour, offset

    def metal_pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return metals joined through a linker, each pair of a linker's edges once.

        Two edges through one and the same nitrogen atom join no pair: that nitrogen is shared in
        an exchange, and the linker does not bridge the two.

        Returns
        -------
        first, second : ndarray of int64, shape (n,)
            Metals (places in `metal_atoms`).
        offset : ndarray of int32, shape (n, 3)
            Cell of the second metal seen from the first.
        linker : ndarray of int64, shape (n,)
            The linker between them.
        """
        order = np.argsort(self.edge_linker, kind="stable")
        degree = self.linker_degree
        start = np.concatenate(([0], np.cumsum(degree)))
        pairs = [
            np.stack(
                (
                    start[:-1][degree > b] + a,
                    start[:-1][degree > b] + b,
                )
            )
            for b in range(1, int(degree.max(initial=0)))
            for a in range(b)
        ]
        edges = order[np.concatenate(pairs, axis=1)] if pairs else np.empty((2, 0), dtype=np.int64)
        edges = edges[:, self.edge_nitrogen[edges[0]] != self.edge_nitrogen[edges[1]]]
        one, two = edges
        return (
            self.edge_metal[one],
            self.edge_metal[two],
            self.edge_offset[one] - self.edge_offset[two],
            self.edge_linker[one],
        )


def perceive(
    configuration: Configuration, *, cutoffs: Mapping[tuple[str, str], float] | None = None
) -> Network:
    """Perceive bonds, linkers and the metal-linker network of a frame.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        Metal imidazolate in a periodic box of any shape and size: crystal, liquid or glass;
        positions wrapped or not. The box is taken as periodic in its three directions.
    cutoffs : mapping, optional
        ``{('Zn', 'N'): 2.6, ...}``, Å, in either order: these stand instead of the usual cut-offs
        (`METAL_NITROGEN_CUTOFFS_A`, `COVALENT_CUTOFFS_A`).

    Returns
    -------
    Network
        The periodic graph; its `integrity` tells intact from broken linkers.

    Raises
    ------
    InputError
        For positions that are not finite, a singular cell (the frame is named), or a cut-off
        without meaning.
    """
    bonds = find_bonds(configuration, cutoffs=cutoffs)
    linkers, found = perceive_linkers(configuration, bonds)
    metal_atoms = np.flatnonzero(is_metal()[found.numbers])
    nitrogen = bonds.metal.j
    return Network(
        metal_atoms=metal_atoms,
        linkers=linkers,
        edge_metal=np.searchsorted(metal_atoms, bonds.metal.i),
        edge_linker=linkers.linker_of[nitrogen],
        edge_offset=bonds.metal.offset - linkers.offset[nitrogen],
        edge_nitrogen=nitrogen.astype(np.int64),
        edge_distance_A=bonds.metal.distance,
        integrity=diagnose(configuration, found),
        numbers=found.numbers,
        positions=np.asarray(configuration.positions, dtype=float),
        cell=np.asarray(configuration.cell, dtype=float),
    )
