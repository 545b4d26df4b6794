"""Which frames of exploring runs are worth a label: those on which a committee is of several minds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase import Atoms

from mofglass.errors import MofglassError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.committee import SPREAD, CommitteeCalculator
from mofglass.simulate import Run
from mofglass.topology import neighbour_list

BACK_FROM_A_BREAK = (0, 1, 3, 8, 20, 50)
"""How many frames before the last of a broken run those to label lie: closer and closer to the break."""


class Looked(NamedTuple):
    """One frame whose spread is known.

    Attributes
    ----------
    run : Path
        Directory of its run.
    frame : int
        Which frame of the run.
    spread_eV_per_A : float
        Largest spread of the committee's forces on an atom, eV/Å; NaN where a member cannot compute it.
    before_break : bool
        Whether it is one of the last before the run broke down.
    """

    run: Path
    frame: int
    spread_eV_per_A: float
    before_break: bool


@dataclass(frozen=True)
class Look:
    """Computes spreads for a run; one task of a worker process.

    Parameters
    ----------
    committee : tuple of str
        Potentials as ``--potential`` takes them.
    looked_at : int
        Evenly spaced frames of each run, the first left out.
    before_break : int
        Frames before a break.
    min_distance_A : float
        Frames with closer atoms are passed over, Å.
    """

    committee: tuple[str, ...]
    looked_at: int
    before_break: int
    min_distance_A: float

    def __call__(self, path: Path) -> list[Looked]:
        """Return the frames of a run that were looked at.

        Parameters
        ----------
        path : Path
            Directory of the run, done or failed.

        Returns
        -------
        list of Looked
            In the order of time.
        """
        run = Run(path)
        trajectory = run.trajectory()
        last = len(trajectory) - 1
        broke = run.state.startswith("failed")
        back = BACK_FROM_A_BREAK[: self.before_break] if broke else ()
        breaking = {last - step for step in back if last - step > 0}
        even = np.linspace(0, last, self.looked_at + 1).astype(int)[1:]
        chosen = sorted(breaking.union(even.tolist()) - {0})
        frames = [trajectory[index] for index in chosen]
        spreads = self._spreads([frame.to_atoms() for frame in frames])
        return [
            Looked(path, index, spread, index in breaking)
            for index, frame, spread in zip(chosen, frames, spreads, strict=True)
            if not len(neighbour_list(frame, self.min_distance_A).distance)
        ]

    def _spreads(self, frames: Sequence[Atoms]) -> list[float]:
        """Return the largest spread of each frame, NaN where a member cannot compute it."""
        calculator = CommitteeCalculator([make_calculator(get_potential(each)) for each in self.committee])
        spreads = []
        for atoms in frames:
            try:
                calculator.calculate(atoms)
                spreads.append(float(calculator.results[SPREAD].max()))
            except MofglassError:
                spreads.append(float("nan"))
        calculator.close()
        return spreads


class Choice(NamedTuple):
    """What was chosen, and how many frames of which kind there were.

    Attributes
    ----------
    chosen : list of Looked
        Ordered by run and frame.
    known, candidates, nonsense : int
        Frames below, between and above the trust levels, those before breaks not among them.
    """

    chosen: list[Looked]
    known: int
    candidates: int
    nonsense: int


def choose(
    looked: Sequence[Looked],
    trust_eV_per_A: tuple[float, float],
    n_frames: int,
    generator: np.random.Generator,
) -> Choice:
    """Choose frames to label: those before breaks first, then those between the trust levels, at random.

    The two levels are those of Y. Zhang et al., Comput. Phys. Commun. 253, 107206 (2020),
    doi:10.1016/j.cpc.2020.107206.

    Parameters
    ----------
    looked : sequence of Looked
        Frames with their spreads.
    trust_eV_per_A : (float, float)
        Lower and higher level, eV/Å.
    n_frames : int
        How many at most.
    generator : numpy.random.Generator
        Draws.

    Returns
    -------
    Choice
        At most `n_frames`.
    """
    low, high = trust_eV_per_A
    breaking = [item for item in looked if item.before_break]
    others = [item for item in looked if not item.before_break]
    candidates = [item for item in others if low <= item.spread_eV_per_A < high]
    known = sum(item.spread_eV_per_A < low for item in others)
    chosen = [breaking[k] for k in generator.permutation(len(breaking))[:n_frames]]
    left = n_frames - len(chosen)
    chosen += [candidates[k] for k in generator.permutation(len(candidates))[:left]]
    chosen.sort(key=lambda item: (str(item.run), item.frame))
    return Choice(chosen, known, len(candidates), len(others) - known - len(candidates))
