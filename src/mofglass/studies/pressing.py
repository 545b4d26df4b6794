"""Presses: hot dynamics in which springs draw atoms of different linkers together.

What a melt meets once in tens of picoseconds, and breaks down at where a fit has not seen it, is so in the
data: frames of such contacts by the dozen, for a teacher to label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ase import Atoms, units
from ase.data import atomic_numbers
from ase.md.langevin import Langevin

from mofglass.errors import InputError, MofglassError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import SumCalculator, make_calculator
from mofglass.potentials.model_calculator import Evaluated, ModelCalculator, close_calculator
from mofglass.topology import neighbour_list
from mofglass.topology.linkers import find_linkers

SPRING_EV_PER_A2 = 160.0
TIME_STEP_FS, STEPS, STEPS_BETWEEN_LOOKS, DAMPING_FS = 0.5, 400, 10, 50.0
"""A press of 0.2 ps: the springs tighten in its first half, and hold in the second."""
NEAREST = 6


@dataclass(frozen=True, kw_only=True)
class Pressing:
    """Presses of one kind in each iteration of a concurrent learning.

    Parameters
    ----------
    atoms : str
        Elements of two to six atoms, such as ``Zn-Zn`` or ``Zn-H-H``: the others are drawn to the first.
    distance_A : (float, float)
        Each distance is drawn from this range, Å.
    temperature_K : float
        Of the dynamics, K.
    frames : int
        Number of presses; each gives a frame.
    """

    atoms: str
    distance_A: tuple[float, float]
    temperature_K: float = 1500.0
    frames: int = 10

    def __post_init__(self) -> None:
        if not 2 <= len(self.elements) <= 6 or not all(name in atomic_numbers for name in self.elements):
            raise InputError(
                f"atoms '{self.atoms}' are not elements of two to six atoms, such as Zn-Zn or Zn-H-H"
            )
        if not 0 < self.distance_A[0] <= self.distance_A[1]:
            raise InputError("distance_A is a range in Å, such as [2.4, 3.0]")
        if not self.temperature_K > 0 or self.frames < 1:
            raise InputError("temperature_K must be above zero, and frames 1 or more")

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements, the one that the others are drawn to first."""
        return tuple(self.atoms.split("-"))


class Task(NamedTuple):
    """One press to do.

    Attributes
    ----------
    number : int
        Its place among all, since they may end in another order.
    pressing : Pressing
        What is pressed.
    atoms : ase.Atoms
        Periodic structure, Å, from which it starts; its `info` names ``source`` and ``run``.
    seed : int
        Of its draws.
    """

    number: int
    pressing: Pressing
    atoms: Atoms
    seed: int


def plan_presses(
    pressings: Sequence[Pressing], starts: Sequence[Atoms], generator: np.random.Generator
) -> list[Task]:
    """Draw a structure for each press.

    Parameters
    ----------
    pressings : sequence of Pressing
        What is pressed.
    starts : sequence of ase.Atoms
        Structures to draw from, as `Task` takes them.
    generator : numpy.random.Generator
        Draws.

    Returns
    -------
    list of Task
        One a frame.
    """
    kinds = [pressing for pressing in pressings for _ in range(pressing.frames)]
    drawn = generator.integers(len(starts), size=len(kinds)).tolist()
    seeds = generator.integers(10**6, size=len(kinds)).tolist()
    return [
        Task(number, kind, starts[start], seed)
        for number, (kind, start, seed) in enumerate(zip(kinds, drawn, seeds, strict=True))
    ]


@dataclass(frozen=True)
class Press:
    """Does presses; the work of a worker process.

    Parameters
    ----------
    potential : str
        What drives them, as ``--potential`` takes it.
    max_force_eV_per_A : float
        The dynamics has broken down when a force component of the potential exceeds this, eV/Å.
    min_distance_A : float
        Or when atoms are closer, Å.
    """

    potential: str
    max_force_eV_per_A: float
    min_distance_A: float

    def __call__(self, task: Task) -> Atoms | None:
        """Return the last frame of a press before it broke down, if it did.

        Parameters
        ----------
        task : Task
            What to press.

        Returns
        -------
        ase.Atoms or None
            Atoms wrapped into the cell, Å; its `info` says what was pressed. None where the structure has
            no such atoms, or broke down at once.
        """
        random = np.random.default_rng(task.seed)
        pairs = drawn_pairs(task.atoms, task.pressing.elements, random)
        if not pairs:
            return None
        wanted_A = random.uniform(*task.pressing.distance_A, len(pairs))
        frame = self._dynamics(task, pairs, wanted_A, random)
        if frame is not None:
            frame.info = {
                "source": f"{task.atoms.info['source']}, pressed {task.pressing.atoms}",
                "temperature_K": task.pressing.temperature_K,
                "run": task.atoms.info["run"],
            }
            frame.wrap()
        return frame

    def _dynamics(
        self,
        task: Task,
        pairs: Sequence[tuple[int, int]],
        wanted_A: np.ndarray,
        random: np.random.Generator,
    ) -> Atoms | None:
        atoms = Atoms(task.atoms.numbers, task.atoms.positions, cell=task.atoms.cell, pbc=True)
        model, springs = make_calculator(get_potential(self.potential)), Springs(pairs)
        first_A = np.array([atoms.get_distance(one, other, mic=True) for one, other in pairs])
        temperature_K = task.pressing.temperature_K
        widths = np.sqrt(atoms.get_masses() * units.kB * temperature_K)[:, None]
        atoms.set_momenta(random.normal(scale=widths, size=(len(atoms), 3)))
        atoms.calc = SumCalculator([model, springs])
        dynamics = Langevin(
            atoms,
            TIME_STEP_FS * units.fs,
            temperature_K=temperature_K,
            friction=1 / (DAMPING_FS * units.fs),
            fixcm=False,
            rng=random,
        )
        good = None
        try:
            for step in range(0, STEPS, STEPS_BETWEEN_LOOKS):
                drawn = min(1.0, 2 * (step + STEPS_BETWEEN_LOOKS) / STEPS)
                springs.lengths_A = first_A + drawn * (wanted_A - first_A)
                # The springs have changed; and the potential looks at the linkers anew.
                atoms.calc.reset()
                dynamics.run(STEPS_BETWEEN_LOOKS)
                if not np.abs(model.results["forces"]).max() < self.max_force_eV_per_A:
                    break
                if len(neighbour_list(atoms, self.min_distance_A).distance):
                    break
                good = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        except MofglassError:
            # The potential does not take the structure any more: what came before it is what to label.
            pass
        finally:
            close_calculator(model)
        return good


class Springs(ModelCalculator):
    """Harmonic springs between atoms, as an ASE calculator.

    Parameters
    ----------
    pairs : sequence of (int, int)
        Atoms at their ends.
    """

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.pairs = np.asarray(pairs)
        self.lengths_A = np.zeros(len(pairs))

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the springs; their stress is left out, since the cell does not move."""
        apart = np.array([atoms.get_distance(one, other, mic=True, vector=True) for one, other in self.pairs])
        distances = np.linalg.norm(apart, axis=1)
        stretched = distances - self.lengths_A
        pull = (SPRING_EV_PER_A2 * stretched / distances)[:, None] * apart
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, self.pairs[:, 0], pull)
        np.add.at(forces, self.pairs[:, 1], -pull)
        return Evaluated(0.5 * SPRING_EV_PER_A2 * float(stretched @ stretched), forces, np.zeros((3, 3)))


def drawn_pairs(atoms: Atoms, elements: Sequence[str], random: np.random.Generator) -> list[tuple[int, int]]:
    """Draw atoms to press together: one of the nearest pairs, and what is next to its first atom.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    elements : sequence of str
        Of two atoms or more.
    random : numpy.random.Generator
        Draws.

    Returns
    -------
    list of (int, int)
        The first atom, and each that is drawn to it, none of its linker; empty where there are none.
    """
    linker_of = find_linkers(atoms).linker_of.copy()
    alone = linker_of < 0
    linker_of[alone] = -1 - np.arange(np.count_nonzero(alone))
    distances = atoms.get_all_distances(mic=True)
    symbols = np.array(atoms.get_chemical_symbols())
    free = (linker_of[:, None] != linker_of) & ~np.eye(len(atoms), dtype=bool)
    found = np.argwhere(free & (symbols[:, None] == elements[0]) & (symbols == elements[1]))
    if not len(found):
        return []
    order = np.argsort(distances[tuple(found.T)], kind="stable")
    first, second = (int(place) for place in found[order[random.integers(min(NEAREST, len(found)))]])
    drawn = [second]
    for element in elements[2:]:
        others = np.setdiff1d(np.flatnonzero(free[first] & (symbols == element)), drawn)
        if not len(others):
            return []
        drawn.append(int(others[np.argmin(distances[first, others])]))
    return [(first, other) for other in drawn]
