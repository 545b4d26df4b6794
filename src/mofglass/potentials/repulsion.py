"""Short-range repulsion between nuclei, laid over a potential fitted to data that have no close pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from mofglass.errors import InputError
from mofglass.potentials.lammps_data import LammpsBox, data_text

REFERENCE = (
    "J. F. Ziegler, J. P. Biersack, U. Littmark, The Stopping and Range of Ions in Solids, Pergamon (1985)"
)


@dataclass(frozen=True, kw_only=True)
class Repulsion:
    """Screened nuclear repulsion (Ziegler, Biersack, Littmark) laid over a POD potential.

    Between `inner_A` and `outer_A` it is switched to zero, with its first two derivatives.

    Parameters
    ----------
    inner_A, outer_A : float
        Where switching begins, and from where there is none, Å.
    pairs : mapping of str to (float, float)
        Other inner and outer radii of some pairs, as ``{"H-H": (0.8, 1.3)}``.
    """

    inner_A: float
    outer_A: float
    pairs: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (inner, outer) in {"repulsion": (self.inner_A, self.outer_A), **self.pairs}.items():
            if not 0 < inner < outer:
                raise InputError(f"{name}: inner radius {inner:g} Å must lie between 0 and {outer:g} Å")
        for name in self.pairs:
            _check_pair(name, "repulsion")

    def radii(self, first: str, second: str) -> tuple[float, float]:
        """Return the inner and outer radius of a pair.

        Parameters
        ----------
        first, second : str
            Chemical symbols.

        Returns
        -------
        tuple of float
            Inner and outer radius, Å.
        """
        for name in (f"{first}-{second}", f"{second}-{first}"):
            if name in self.pairs:
                return tuple(self.pairs[name])  # type: ignore[return-value]
        return self.inner_A, self.outer_A

    def lammps(self, species: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """Return the LAMMPS sub-styles and their coefficients, for types in the order of `species`.

        Parameters
        ----------
        species : tuple of str
            Chemical symbol of each type.

        Returns
        -------
        styles, coefficients : list of str
            ``zbl INNER OUTER`` for each pair of radii, and what follows each ``pair_coeff``.
        """
        groups: dict[tuple[float, float], list[str]] = {}
        for (i, first), (j, second) in combinations_with_replacement(enumerate(species, start=1), 2):
            charges = f"{atomic_numbers[first]} {atomic_numbers[second]}"
            groups.setdefault(self.radii(first, second), []).append(f"{i} {j} zbl{{}} {charges}")
        coefficients = []
        for number, rows in enumerate(groups.values(), start=1):
            # LAMMPS counts sub-styles only where one style occurs several times.
            count = f" {number}" if len(groups) > 1 else ""
            coefficients += [row.format(count) for row in rows]
        return [f"zbl {inner:g} {outer:g}" for inner, outer in groups], coefficients

    def to_dict(self) -> dict[str, Any]:
        """Return it as `model.yaml` holds it.

        Returns
        -------
        dict
            Radii, Å.
        """
        plain: dict[str, Any] = {"inner_A": self.inner_A, "outer_A": self.outer_A}
        if self.pairs:
            plain["pairs"] = {name: list(radii) for name, radii in self.pairs.items()}
        return plain


BENDS_WALL = (162.0, 80.0)
"""Onset, degrees, and stiffness, eV/rad², of `Walls.bends` where none are asked for."""


@dataclass(frozen=True, kw_only=True)
class Walls:
    """Harmonic walls that keep pairs of elements out of distances where no data bind a fit.

    The energy of a pair nearer than its onset is ``stiffness * (onset - distance)**2``; that of a linker's
    hydrogen bent to an angle beyond its onset ``stiffness * (angle - onset)**2``. In line with a bond of its
    ring (180°) the linker terms' torsions are not defined. Walls are no part of a fit: they are laid over
    what it gave.

    Parameters
    ----------
    pairs : mapping of str to (float, float)
        Onset, Å, and stiffness, eV/Å², of each pair, as ``{"Zn-Zn": (3.4, 3.3)}``; none with `bends` alone.
    bends : (float, float) or None
        Onset, degrees, and stiffness, eV/rad², of the angles between ring bonds and bonds to hydrogen; needs
        linker terms.

    Raises
    ------
    InputError
        For no wall at all, a pair named twice, or a number that is not above zero.
    """

    pairs: dict[str, tuple[float, float]] = field(default_factory=dict)
    bends: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.pairs and self.bends is None:
            raise InputError("walls: name a pair, as in Zn-Zn: [3.4, 3.3], or bends")
        seen = set()
        for name, values in self.pairs.items():
            _check_pair(name, "walls")
            if (pair := frozenset(name.split("-"))) in seen:
                raise InputError(f"walls: {name} is there twice")
            seen.add(pair)
            if len(values) != 2 or not all(value > 0 for value in values):
                raise InputError(f"walls: {name} needs an onset (Å) and a stiffness (eV/Å²), both above zero")
        if self.bends is not None and not (
            len(self.bends) == 2 and 90 < self.bends[0] < 180 and self.bends[1] > 0
        ):
            raise InputError(
                "walls: bends need an onset between 90 and 180 degrees and a stiffness (eV/rad²) above zero"
            )

    @classmethod
    def least(cls, *, linker_terms: bool) -> Walls | None:
        """Return what stands where a training asks for no walls.

        Parameters
        ----------
        linker_terms : bool
            Whether there are terms on the linkers' angles.

        Returns
        -------
        Walls or None
            With linker terms, a wall on bends alone: one bond of a ring and a hydrogen of 40 000 come so far
            in a melt at 1500 K, and no run over linker terms holds there for long without it.
        """
        return cls(bends=BENDS_WALL) if linker_terms else None

    def check(self, *, linker_terms: bool) -> None:
        """Refuse a wall on bends where there are no angles.

        Parameters
        ----------
        linker_terms : bool
            Whether there are terms on the linkers' angles.

        Raises
        ------
        InputError
            When there are none and a wall stands on them.
        """
        if self.bends is not None and not linker_terms:
            raise InputError("walls: bends stand on the angles of linker terms: set linker_terms too")

    def lammps(self, species: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """Return the LAMMPS sub-styles and their coefficients, for types in the order of `species`.

        Parameters
        ----------
        species : tuple of str
            Chemical symbol of each type.

        Returns
        -------
        styles, coefficients : list of str
            ``harmonic/cut`` where there are pairs, and what follows each ``pair_coeff``.

        Raises
        ------
        InputError
            When a wall names an element that is none of the species.
        """
        rows = []
        for name, (onset, stiffness) in self.pairs.items():
            symbols = name.split("-")
            if strangers := [symbol for symbol in symbols if symbol not in species]:
                raise InputError(
                    f"walls: {name} names {strangers[0]}, and the potential knows {' '.join(species)}"
                )
            first, second = sorted(species.index(symbol) + 1 for symbol in symbols)
            rows.append(f"{first} {second} harmonic/cut {stiffness:g} {onset:g}")
        return ["harmonic/cut"] if rows else [], rows

    def to_dict(self) -> dict[str, Any]:
        """Return it as `model.yaml` holds it.

        Returns
        -------
        dict
            Onset, Å, and stiffness, eV/Å², by pair, under ``pairs``; ``bends`` as they are; what is there.
        """
        content: dict[str, Any] = {}
        if self.pairs:
            content["pairs"] = {name: list(values) for name, values in self.pairs.items()}
        if self.bends is not None:
            content["bends"] = list(self.bends)
        return content


def _check_pair(name: str, where: str) -> None:
    symbols = str(name).split("-")
    if len(symbols) != 2 or any(symbol not in atomic_numbers for symbol in symbols):
        raise InputError(f"{where}: '{name}' is not a pair of elements such as H-H")


def data_with_types(atoms: Atoms, species: Sequence[str]) -> str:
    """Write the data file of a structure with a given order of types, some of which may be absent.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    species : sequence of str
        Chemical symbol of each LAMMPS type.

    Returns
    -------
    str
        LAMMPS data file.
    """
    species = list(species)
    return data_text(
        atoms.get_chemical_formula(),
        LammpsBox.of(atoms),
        atoms.positions,
        [species.index(symbol) + 1 for symbol in atoms.get_chemical_symbols()],
        {symbol: float(atomic_masses[atomic_numbers[symbol]]) for symbol in species},
    )
