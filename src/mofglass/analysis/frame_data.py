"""One frame and what several analyses need of it, each found once and kept while the frame is at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from mofglass.analysis.distance_histogram import distance_histogram
from mofglass.errors import InputError
from mofglass.frame import Configuration, Frame
from mofglass.topology import Network, perceive
from mofglass.topology.neighbours import NeighbourList, neighbour_list

PairCutoffs = Mapping[tuple[str, str], float]
"""Cut-off in Å of pairs of elements, named by their symbols."""


class Bonds(NamedTuple):
    """Neighbours of the atoms of one element; sorted by `centre`."""

    centre: np.ndarray
    """Index of the central atom, shape (n_bonds,)."""

    neighbour: np.ndarray
    """Index of the neighbour, shape (n_bonds,)."""

    vector: np.ndarray
    """From centre to neighbour, Å, shape (n_bonds, 3)."""

    distance: np.ndarray
    """Its length, Å, shape (n_bonds,)."""


class FrameData:
    """A frame with its neighbours, network and distance histogram, found on first use and then kept.

    Parameters
    ----------
    frame : Frame
        The configuration.
    pair_cutoffs : mapping
        The widest cut-off in Å any analysis will ask of each pair of elements: one neighbour list
        serves them all.
    source : str
        File or run the frame is from, for errors.
    n_threads : int
        Threads for the distance histogram.
    """

    def __init__(
        self, frame: Frame, *, pair_cutoffs: PairCutoffs | None = None, source: str = "", n_threads: int = 1
    ) -> None:
        self.frame = frame
        self.pair_cutoffs = dict(pair_cutoffs or {})
        self.source = source
        self.n_threads = n_threads
        self._neighbours: NeighbourList | None = None
        self._histograms: dict[tuple[float, int, tuple[int, ...] | None], tuple[np.ndarray, np.ndarray]] = {}

    @property
    def where(self) -> str:
        """What errors call this frame."""
        return f"{self.source}, frame {self.frame.index}" if self.source else f"frame {self.frame.index}"

    @cached_property
    def network(self) -> Network:
        """The metal-linker network of the frame, perceived once."""
        return perceive(self.frame)

    def distance_histogram(
        self, r_max_A: float, n_bins: int, *, only: tuple[int, ...] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count all pair distances; analyses that ask for the same bins share one count.

        Parameters
        ----------
        r_max_A : float
            Upper end of the last bin, Å.
        n_bins : int
            Number of bins.
        only : tuple of int, optional
            Atomic numbers of the elements that matter, rising; a count of all elements serves too.

        Returns
        -------
        tuple of ndarray
            Elements and counts as `mofglass.analysis.distance_histogram` gives them; perhaps of more
            elements than were asked for.
        """
        for key in ((r_max_A, n_bins, None), (r_max_A, n_bins, only)):
            if key in self._histograms:
                return self._histograms[key]
        counted = distance_histogram(
            self.frame, r_max_A=r_max_A, n_bins=n_bins, only=only, n_threads=self.n_threads
        )
        self._histograms[r_max_A, n_bins, only] = counted
        return counted

    def bonds(self, centre: str, neighbour: str, cutoff_A: float) -> Bonds:
        """Find the neighbours of one element around another.

        Parameters
        ----------
        centre, neighbour : str
            Symbols of the two elements.
        cutoff_A : float
            Cut-off, Å, the very cut-off included.

        Returns
        -------
        Bonds
            Each neighbour of each centre, images counted one by one.
        """
        known = self.pair_cutoffs.get((centre, neighbour), self.pair_cutoffs.get((neighbour, centre), 0.0))
        if known < cutoff_A:
            self.pair_cutoffs.pop((neighbour, centre), None)
            self.pair_cutoffs[centre, neighbour] = cutoff_A
            self._neighbours = None
        if self._neighbours is None:
            self._neighbours = neighbour_list(self.frame, self.pair_cutoffs)
        i, j, offset, distance = self._neighbours
        numbers = self.frame.numbers
        chosen = (numbers[i] == atomic_numbers[centre]) & (numbers[j] == atomic_numbers[neighbour])
        chosen &= distance <= cutoff_A
        i, j = i[chosen], j[chosen]
        positions = self.frame.positions
        vector = positions[j] + offset[chosen] @ self.frame.cell - positions[i]
        return Bonds(i, j, vector, distance[chosen])


def as_frame(configuration: Configuration, index: int = 0) -> Frame:
    """Take a frame or an `ase.Atoms` as it comes.

    Parameters
    ----------
    configuration : Frame or ase.Atoms
        One configuration.
    index : int
        Place in the trajectory of an `ase.Atoms`, which does not know it.

    Returns
    -------
    Frame
        The same object when it was one already.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(configuration, Frame):
        return configuration
    if isinstance(configuration, Atoms):
        return Frame.from_atoms(configuration, index=index)
    raise InputError(f"{type(configuration).__name__} is no frame: give a Frame or an ase.Atoms.")


def frames_of(frames: Configuration | Iterable[Configuration]) -> Iterator[Frame]:
    """Take a trajectory, any iterable of frames, or a single one.

    Parameters
    ----------
    frames : Trajectory, iterable of frames, Frame or ase.Atoms
        What there is.

    Yields
    ------
    Frame
        One after the other.
    """
    if isinstance(frames, Atoms | Frame):
        yield as_frame(frames)
    else:
        for index, configuration in enumerate(cast(Iterable[Configuration], frames)):
            yield as_frame(configuration, index)


def widest_cutoffs(cutoffs: list[PairCutoffs]) -> dict[tuple[str, str], float]:
    """Join the cut-offs several analyses need into one that serves all.

    Parameters
    ----------
    cutoffs : list of mapping
        Cut-offs, Å, by pair of symbols in either order.

    Returns
    -------
    dict
        The widest of each pair, symbols in alphabetical order.
    """
    widest: dict[tuple[str, str], float] = {}
    for table in cutoffs:
        for (first, second), cutoff in table.items():
            pair = (min(first, second), max(first, second))
            widest[pair] = max(cutoff, widest.get(pair, 0.0))
    return widest
