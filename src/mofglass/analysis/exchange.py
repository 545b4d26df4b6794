"""Exchange of linkers at the metals: bonds broken and replaced, how often, by what, and at which linkers.

Mendez and Semino (2024, section III.C) tell three ways in which a metal that has lost a bond gets one again:
by the same nitrogen, by the other nitrogen of the same linker, or by another linker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.bond_changes import BondTracker
from mofglass.analysis.elements import require_present
from mofglass.analysis.exchange_events import exchange_events
from mofglass.analysis.exchange_recording import Recording
from mofglass.analysis.exchange_result import EVENT_COUNTS, ExchangeResult, judged
from mofglass.analysis.frame_data import FrameData, PairCutoffs
from mofglass.analysis.frame_interval import FrameInterval, checked_interval_ps
from mofglass.analysis.linker_sites import fold_linkers, linker_orbits
from mofglass.errors import InputError
from mofglass.frame import Configuration
from mofglass.topology import Linkers, perceive

STRIDES = (1, 2, 4)
"""Made of every frame, every second and every fourth: what a coarser recording would tell."""


class Exchange(Analysis[ExchangeResult]):
    """Exchange events; needs its frames in order and evenly spaced in time.

    Keeps the bonds of the frame at hand and every change found: memory grows with what happens, not with
    frames.

    Parameters
    ----------
    residence_time_ps : float
        What a bond must stay broken, or formed, to count as such, ps; 0 takes every change seen.
    metal : str
        Symbol of the metal.
    cutoff_A : float
        Cut-off of its bonds to nitrogen, Å, included.
    cell_repeats : sequence of int
        Unit cells along each vector of the reference cell, onto whose sites the linkers are folded.
    reference : Frame or ase.Atoms, optional
        The crystal the trajectory began with, same atoms in the same order, or a unit cell whose atoms it
        repeats copy by copy; its symmetry groups the linkers. The first frame by default, with no symmetry.
    frame_interval_ps : float, optional
        Time between frames, ps, for frames that carry no time.

    Raises
    ------
    InputError
        When frames are unevenly spaced or have no time, when there are no linkers, or when the reference
        does not fit the trajectory.
    """

    name: ClassVar[str] = "exchange"
    mergeable: ClassVar[bool] = False

    def __init__(
        self,
        *,
        residence_time_ps: float = 0.5,
        metal: str = "Zn",
        cutoff_A: float = 2.5,
        cell_repeats: Sequence[int] = (1, 1, 1),
        reference: Configuration | None = None,
        frame_interval_ps: float | None = None,
    ) -> None:
        super().__init__()
        if not (np.isfinite(residence_time_ps) and residence_time_ps >= 0):
            raise InputError(f"the residence time is {residence_time_ps} ps: give 0 or more.")
        if not (np.isfinite(cutoff_A) and cutoff_A > 0):
            raise InputError(f"the cut-off is {cutoff_A} Å: give a positive one.")
        self.residence_time_ps = residence_time_ps
        self.metal = metal
        self.cutoff_A = cutoff_A
        self.cell_repeats = tuple(cell_repeats)
        self.reference = reference
        self.frame_interval_ps = checked_interval_ps(frame_interval_ps)

    @property
    def pair_cutoffs(self) -> PairCutoffs:
        """Cut-off in Å of the bonds followed."""
        return {(self.metal, "N"): self.cutoff_A}

    def _start(self, data: FrameData) -> None:
        numbers = np.asarray(data.frame.numbers)
        require_present((self.metal, "N"), numbers, data.where)
        linkers = data.network.linkers
        if len(linkers) == 0:
            raise InputError(f"{data.where} holds no linkers: exchange is of metal imidazolates.")
        self._linker_of = linkers.linker_of
        self._n_metals = int((numbers == atomic_numbers[self.metal]).sum())
        self._linkers = self._linker_table(data, linkers)
        self._first_ps = data.frame.time_ps
        self._source = data.source or "the trajectory"
        self._interval = FrameInterval(self.frame_interval_ps, data.frame.time_ps, "exchange events")
        self._first_bonds = np.empty(0, np.int64)
        # Of each stride, with the residence time and without.
        self._trackers: dict[int, tuple[BondTracker, BondTracker]] = {}

    def _linker_table(self, data: FrameData, linkers: Linkers) -> pd.DataFrame:
        """Return one row a linker: nitrogen atoms, site of the unit cell, symmetry orbit, group."""
        numbers = np.asarray(data.frame.numbers)
        atoms = [linkers.atoms_of(k) for k in range(len(linkers))]
        site, orbit = self._sites(data, linkers, np.array([int(a[0]) for a in atoms]))
        alone = np.arange(len(linkers))
        group = next((g for g in (orbit, site) if len(np.unique(g)) < len(linkers)), alone)
        nitrogens = [" ".join(map(str, a[numbers[a] == 7])) for a in atoms]
        return pd.DataFrame(
            {"linker": alone, "nitrogens": nitrogens, "site": site, "orbit": orbit, "group": group}
        )

    def _sites(self, data: FrameData, linkers: Linkers, atom_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return site and orbit of each linker, known by one of its atoms."""
        if self.reference is None:
            site = fold_linkers(linkers, np.asarray(data.frame.cell), self.cell_repeats)
            return site, site
        numbers, known = np.asarray(data.frame.numbers), np.asarray(self.reference.numbers)
        n_copies, rest = divmod(len(numbers), max(1, len(known)))
        if rest or not np.array_equal(numbers, np.tile(known, n_copies)):
            raise InputError(
                f"{data.where}: its {len(numbers)} atoms are not those of the reference structure "
                f"({len(known)} atoms), nor copies of it one after the other: give the structure the run "
                "began with."
            )
        crystal = perceive(self.reference).linkers
        home = crystal.linker_of[atom_of % len(known)]
        if not crystal.intact.all() or (home < 0).any() or len(crystal) * n_copies != len(linkers):
            raise InputError(
                f"{data.where}: its linkers are not those of the reference structure: give the structure "
                "the run began with."
            )
        site = fold_linkers(crystal, np.asarray(self.reference.cell), self.cell_repeats)[home]
        return site, linker_orbits(self.reference, crystal)[home]

    def _accepts(self, data: FrameData) -> bool:
        return self._interval.accepts(data, self.n_frames)

    def _update(self, data: FrameData) -> None:
        found = data.bonds(self.metal, "N", self.cutoff_A)
        keys = np.unique(found.centre.astype(np.int64) * len(self._linker_of) + found.neighbour)
        keys = keys[self._linker_of[keys % len(self._linker_of)] >= 0]
        if self.n_frames == 0:
            self._first_bonds = keys
            return
        if self.n_frames == 1:
            assert self._interval.ps is not None
            for stride in STRIDES:
                needed = max(1, int(np.ceil(self.residence_time_ps / (stride * self._interval.ps) - 1e-6)))
                self._trackers[stride] = (BondTracker(needed), BondTracker(1))
                for tracker in self._trackers[stride]:
                    tracker.update(self._first_bonds)
        for stride, trackers in self._trackers.items():
            if self.n_frames % stride == 0:
                for tracker in trackers:
                    tracker.update(keys)

    def _finish(self) -> ExchangeResult:
        recordings = [r for stride in STRIDES if (r := self._recording(stride)) is not None]
        if not recordings or self._interval.ps is None:
            length_ps = (self.n_frames - 1) * (self._interval.ps or 0.0)
            raise InputError(
                f"{self._source}: exchange events need a trajectory longer than twice the residence time "
                f"({self.residence_time_ps:g} ps), it has {self.n_frames} frames over {length_ps:g} ps: give "
                "a longer one, or a shorter residence time (--residence-time, ps)."
            )
        recording = recordings[0]
        counts = np.zeros((len(self._linkers), len(EVENT_COUNTS)), dtype=int)
        np.add.at(counts[:, 0], self._linker_of[recording.events.breaks[:, 2]], 1)
        for event in recording.events.exchanges:
            column = EVENT_COUNTS.index(f"n_{event.kind}")
            counts[self._linker_of[event.broken_nitrogen], column] += 1
        linkers = self._linkers.assign(**dict(zip(EVENT_COUNTS, counts.T, strict=True)))
        return ExchangeResult(
            recordings=(recording,),
            coarser=tuple((coarse,) for coarse in recordings[1:]),
            linkers=judged(linkers, recording.observed_ps),
            residence_time_ps=self.residence_time_ps,
            residence_frames=self._trackers[1][0].n_residence,
            metal=self.metal,
            cutoff_A=self.cutoff_A,
            n_frames=self.n_frames,
        )

    def _recording(self, stride: int) -> Recording | None:
        """Return what was found at a stride; None where the trajectory is too short."""
        if stride not in self._trackers or self._interval.ps is None:
            return None
        changes, every = (tracker.changes for tracker in self._trackers[stride])
        if changes.n_intervals < 1:
            return None
        interval_ps = stride * self._interval.ps
        first_ps = self._first_ps or 0.0
        within = (every.frame > changes.first_frame) & (every.frame <= changes.last_frame)
        return Recording(
            frame_interval_ps=interval_ps,
            start_ps=first_ps + changes.first_frame * interval_ps,
            end_ps=first_ps + changes.last_frame * interval_ps,
            first_ps=first_ps,
            n_metals=self._n_metals,
            events=exchange_events(changes, self._linker_of),
            n_breaks_unfiltered=int((within & ~every.formed).sum()),
        )
