"""Bond breaks paired with what restores them, as Mendez and Semino class them; metals short of a bond."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from mofglass.analysis.bond_changes import BondChanges

FULL_COORDINATION = 4
"""A metal of these frameworks is tetrahedral: with fewer bonds it waits for one, with more it sheds one."""


class ExchangeKind(StrEnum):
    """How a broken bond of a metal was replaced (Mendez 2024, section III.C)."""

    SAME_NITROGEN = "same_nitrogen"
    """(i) By itself."""

    SAME_LINKER = "same_linker"
    """(ii) By the other nitrogen of the same linker, which has turned round."""

    OTHER_LINKER = "other_linker"
    """(iii) By another linker: the network has changed."""


class Exchange(NamedTuple):
    """One bond of a metal broken and replaced."""

    kind: ExchangeKind
    metal: int
    broken_nitrogen: int
    formed_nitrogen: int
    break_frame: int
    formed_frame: int
    """Before `break_frame` where the new bond came first, through a five-coordinate metal."""


class Episode(NamedTuple):
    """A metal with one bond too few, from frame to frame."""

    metal: int
    start: int
    """First frame; that of the window where it was so already."""

    end: int
    """First frame in which it is over; the last of the window where it goes on."""

    began: bool
    """Whether its beginning was seen."""

    ended: bool
    """Whether its end was seen."""

    coordination_after: int


@dataclass(frozen=True)
class ExchangeEvents:
    """All that the bond changes of a trajectory amount to.

    Parameters
    ----------
    exchanges : tuple of Exchange
        Breaks with their replacements, in order of completion.
    breaks : ndarray of int64, shape (n_breaks, 3)
        Frame, metal and nitrogen atom of every break, restored or not.
    episodes : tuple of Episode
        Metals one bond short.
    n_unrestored : int
        Breaks that nothing had replaced at the end (censored).
    n_restored_unseen : int
        Bonds that filled a place empty, or emptied one overfull, from the start on (censored).
    n_failed_associations : int
        Bonds formed to a full metal that broke again while nothing else did.
    """

    exchanges: tuple[Exchange, ...]
    breaks: np.ndarray
    episodes: tuple[Episode, ...]
    n_unrestored: int
    n_restored_unseen: int
    n_failed_associations: int


class _Metal:
    """The bonds of one metal: which places are empty, which bonds are too many."""

    def __init__(self, coordination: int) -> None:
        self.coordination = coordination
        self.open: list[tuple[int, int]] = []  # frame and nitrogen of breaks not replaced
        self.extra: list[tuple[int, int]] = []  # frame and nitrogen of bonds beyond the full coordination
        self.empty_unseen = max(0, FULL_COORDINATION - coordination)
        self.extra_unseen = max(0, coordination - FULL_COORDINATION)


def exchange_events(changes: BondChanges, linker_of: np.ndarray) -> ExchangeEvents:
    """Pair each break of a metal's bond with the bond that replaces it.

    A new bond fills the place of the same nitrogen's broken bond, if there is one; else of a broken bond to
    the same linker; else of the oldest broken one. Where the new bond came first (five bonds for a while) the
    next of the others to break is what it replaces. Within a frame breaks are taken first.

    Parameters
    ----------
    changes : BondChanges
        Keys are ``metal_atom * n_atoms + nitrogen_atom``, n_atoms being the length of `linker_of`.
    linker_of : ndarray of int, shape (n_atoms,)
        Linker of each atom.

    Returns
    -------
    ExchangeEvents
        Events, metals one bond short, and what was censored.
    """
    n_atoms = len(linker_of)
    metals: dict[int, _Metal] = {}
    held = changes.initial // n_atoms
    for metal, count in zip(*np.unique(held, return_counts=True), strict=True):
        metals[int(metal)] = _Metal(int(count))
    exchanges: list[Exchange] = []
    breaks: list[tuple[int, int, int]] = []
    unseen = failed = 0
    # Breaks first within a frame.
    for place in np.lexsort((changes.formed, changes.frame)):
        frame, key = int(changes.frame[place]), int(changes.key[place])
        metal, nitrogen = divmod(key, n_atoms)
        state = metals.setdefault(metal, _Metal(0))
        if changes.formed[place]:
            state.coordination += 1
            found = _place_of(state.open, nitrogen, linker_of)
            if found is not None:
                break_frame, broken = state.open.pop(found)
                kind = _kind(broken, nitrogen, linker_of)
                exchanges.append(Exchange(kind, metal, broken, nitrogen, break_frame, frame))
            elif state.empty_unseen:
                state.empty_unseen -= 1
                unseen += 1
            else:
                state.extra.append((frame, nitrogen))
            continue
        state.coordination -= 1
        breaks.append((frame, metal, nitrogen))
        own = [k for k, (_, extra) in enumerate(state.extra) if extra == nitrogen]
        if own:
            del state.extra[own[0]]
            failed += 1
        elif (found := _place_of(state.extra, nitrogen, linker_of)) is not None:
            formed_frame, formed = state.extra.pop(found)
            kind = _kind(nitrogen, formed, linker_of)
            exchanges.append(Exchange(kind, metal, nitrogen, formed, frame, formed_frame))
        elif state.extra_unseen:
            state.extra_unseen -= 1
            unseen += 1
        else:
            state.open.append((frame, nitrogen))
    return ExchangeEvents(
        exchanges=tuple(exchanges),
        breaks=np.array(breaks, dtype=np.int64).reshape(-1, 3),
        episodes=_episodes(changes, n_atoms),
        n_unrestored=sum(len(state.open) for state in metals.values()),
        n_restored_unseen=unseen,
        n_failed_associations=failed,
    )


def _place_of(bonds: list[tuple[int, int]], nitrogen: int, linker_of: np.ndarray) -> int | None:
    """Return which of the bonds a bond to this nitrogen goes with: its own, its linker's, the oldest."""
    if not bonds:
        return None
    rank = [
        0 if other == nitrogen else 1 if linker_of[other] == linker_of[nitrogen] else 2 for _, other in bonds
    ]
    return rank.index(min(rank))


def _kind(broken: int, formed: int, linker_of: np.ndarray) -> ExchangeKind:
    if broken == formed:
        return ExchangeKind.SAME_NITROGEN
    same = linker_of[broken] == linker_of[formed]
    return ExchangeKind.SAME_LINKER if same else ExchangeKind.OTHER_LINKER


def _episodes(changes: BondChanges, n_atoms: int) -> tuple[Episode, ...]:
    """Return when each metal was one bond short; changes of one frame take effect together."""
    short = FULL_COORDINATION - 1
    metal_of = changes.key // n_atoms
    coordination = dict(
        zip(*(a.tolist() for a in np.unique(changes.initial // n_atoms, return_counts=True)), strict=True)
    )
    began = {metal: (changes.first_frame, False) for metal, count in coordination.items() if count == short}
    episodes = []
    order = np.lexsort((metal_of, changes.frame))
    frames, metals = changes.frame[order], metal_of[order]
    steps = np.where(changes.formed[order], 1, -1)
    heads = np.flatnonzero((np.diff(frames, prepend=-1) != 0) | (np.diff(metals, prepend=-1) != 0))
    nets = np.add.reduceat(steps, heads) if len(heads) else np.empty(0, np.int64)
    for frame, metal, net in zip(frames[heads].tolist(), metals[heads].tolist(), nets, strict=True):
        now = coordination.get(metal, 0) + int(net)
        coordination[metal] = now
        if net and metal in began:
            start, seen = began.pop(metal)
            episodes.append(Episode(metal, start, frame, seen, True, now))
        elif net and now == short:
            began[metal] = (frame, True)
    for metal, (start, seen) in began.items():
        episodes.append(Episode(metal, start, changes.last_frame, seen, False, short))
    return tuple(episodes)
