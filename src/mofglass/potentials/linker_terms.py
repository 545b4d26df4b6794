"""Bonded terms of imidazolate linkers, LAMMPS' class2 styles: linear in every force constant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import yaml

from mofglass.errors import InputError

FORMAT = "mofglass-linker-terms-1"
LINKER = "imidazolate"
PLACES = ("N1", "C2", "N3", "C4", "C5", "H2", "H4", "H5")
REFERENCE = "H. Sun, J. Phys. Chem. B 102, 7338-7364 (1998), doi:10.1021/jp980939v (class2 terms)"
KNOWN_LIMITS = "linkers cannot break or exchange protons, and are unsubstituted imidazolate"
STYLES = tuple(f"{kind}_style class2" for kind in ("bond", "angle", "dihedral", "improper"))
STYLES_WITH_BENDS = tuple(
    style.replace("angle_style class2", "angle_style hybrid class2 lepton") for style in STYLES
)

Term = tuple[str, ...]

# Every term of one linker by its type. The two ends of an imidazolate are alike: types are those of its
# mirror image too, which exchanges N1 with N3, C4 with C5 and H4 with H5.
TERMS: dict[str, dict[str, tuple[Term, ...]]] = {
    kind: {name: tuple(tuple(term.split()) for term in terms) for name, terms in types.items()}
    for kind, types in {
        "bonds": {
            "N-C2": ("N1 C2", "N3 C2"),
            "N-C4": ("N1 C5", "N3 C4"),
            "C4-C5": ("C4 C5",),
            "C2-H": ("C2 H2",),
            "C4-H": ("C4 H4", "C5 H5"),
        },
        "angles": {
            "N-C2-N": ("N1 C2 N3",),
            "C2-N-C4": ("C2 N1 C5", "C2 N3 C4"),
            "N-C4-C5": ("N3 C4 C5", "N1 C5 C4"),
            "N-C2-H": ("N1 C2 H2", "N3 C2 H2"),
            "N-C4-H": ("N3 C4 H4", "N1 C5 H5"),
            "C5-C4-H": ("C5 C4 H4", "C4 C5 H5"),
        },
        "dihedrals": {
            "N-C2-N-C4": ("N1 C2 N3 C4", "N3 C2 N1 C5"),
            "C2-N-C4-C5": ("C2 N3 C4 C5", "C2 N1 C5 C4"),
            "N-C4-C5-N": ("N3 C4 C5 N1",),
            "H-C2-N-C4": ("H2 C2 N3 C4", "H2 C2 N1 C5"),
            "C2-N-C4-H": ("C2 N3 C4 H4", "C2 N1 C5 H5"),
            "N-C4-C5-H": ("N3 C4 C5 H5", "N1 C5 C4 H4"),
            "H-C4-C5-H": ("H4 C4 C5 H5",),
        },
        # The centre is the second atom.
        "impropers": {
            "N-C2-N-H": ("N1 C2 N3 H2",),
            "N-C4-C5-H": ("N3 C4 C5 H4", "N1 C5 C4 H5"),
        },
    }.items()
}

BENDS: tuple[Term, ...] = sum((TERMS["angles"][name] for name in ("N-C2-H", "N-C4-H", "C5-C4-H")), ())
"""Angles on which a wall stands (`Walls.bends`), of a type of their own after those of the terms."""

# Means over the linkers of the DFT-relaxed ZIF-4 crystal (PBE-D3, cell relaxed: Castel and Coudert's
# ZIF4-RelaxedCell.cif), Å to 0.001 and degrees to 0.1.
CRYSTAL_LENGTHS_A = {"N-C2": 1.345, "N-C4": 1.381, "C4-C5": 1.378, "C2-H": 1.086, "C4-H": 1.085}
CRYSTAL_ANGLES_DEG = {
    "N-C2-N": 112.3,
    "C2-N-C4": 105.7,
    "N-C4-C5": 108.1,
    "N-C2-H": 123.8,
    "N-C4-H": 121.7,
    "C5-C4-H": 130.2,
}

# Numbers of coefficients, by LAMMPS' name of each contribution; K are those of the term itself.
CONTRIBUTIONS = {
    "bonds": {"K": 3},
    "angles": {"K": 3, "bb": 1, "ba": 2},
    "dihedrals": {"K": 3, "mbt": 3, "ebt": 6, "at": 6, "aat": 1, "bb13": 1},
    "impropers": {"K": 1, "aa": 3},
}

COMMENT = """\
# Bonded terms of LAMMPS' class2 styles. Units: eV, Å, rad (equilibrium angles in degrees). A name gives the
# atoms in the order of the term, C4 standing for C5 too; coefficients are in LAMMPS' order.
#   bonds      K2 K3 K4 of (r - length)
#   angles     K2 K3 K4 of (theta - angle); bb: M; ba: N1 N2
#   dihedrals  K1 K2 K3 of (1 - cos n phi); mbt: A1-A3; ebt: B1-B3 C1-C3; at: D1-D3 E1-E3; aat: M; bb13: N
#   impropers  K of chi squared, the second atom being the centre; aa: M1-M3
"""


class Block(NamedTuple):
    """Coefficients that one LAMMPS command sets: one contribution of one type."""

    kind: str
    name: str
    contribution: str
    number: int
    """Type, from 1."""
    first: int
    """Place of the first coefficient among all."""
    size: int
    """Number of coefficients."""


def _blocks() -> Iterator[Block]:
    first = 0
    for kind, types in TERMS.items():
        for number, name in enumerate(types, start=1):
            for contribution, count in CONTRIBUTIONS[kind].items():
                yield Block(kind, name, contribution, number, first, count)
                first += count


BLOCKS = tuple(_blocks())
N_COEFFICIENTS = BLOCKS[-1].first + BLOCKS[-1].size

_MIRROR = dict(zip(PLACES, ("N3", "C2", "N1", "C5", "C4", "H2", "H5", "H4"), strict=True))
# Which coefficients change places when a term that is its own mirror image is read from its other end.
_EXCHANGED = {
    ("angles", "ba"): ((0, 1),),
    ("dihedrals", "ebt"): ((0, 3), (1, 4), (2, 5)),
    ("dihedrals", "at"): ((0, 3), (1, 4), (2, 5)),
    ("impropers", "aa"): ((0, 1),),
}


def _own_mirror_image(kind: str, term: Term) -> bool:
    """Return whether the linker's mirror image of a term is the term read from its other end."""
    other_end = (term[2], term[1], term[0], term[3]) if kind == "impropers" else term[::-1]
    return tuple(_MIRROR[place] for place in term) == other_end


def _ties() -> np.ndarray:
    """Return the column of each coefficient among those that are free."""
    equal_to = np.arange(N_COEFFICIENTS)
    for block in BLOCKS:
        if _own_mirror_image(block.kind, TERMS[block.kind][block.name][0]):
            for one, other in _EXCHANGED.get((block.kind, block.contribution), ()):
                equal_to[block.first + other] = block.first + one
    return np.unique(equal_to, return_inverse=True)[1]


FREE_COLUMN = _ties()
"""Column of each coefficient among the free ones, int64, shape (N_COEFFICIENTS,): which end of a linker is
called N1 must not matter, so that the coefficients of mirror images are one."""

N_FREE = int(FREE_COLUMN.max()) + 1


LEAST_BOND_K = (5.0, 15.0)
"""Least K2 (eV/Å²) and K4 (eV/Å⁴) of a bond: K3 apart, 1.2 eV at a stretch of 0.4 Å and 20 at 1 Å."""


def bonds_that_hold() -> np.ndarray:
    """Return lower bounds for a fit, under which no bond of a linker ever pulls itself apart.

    Beyond the longest bonds of the frames nothing else keeps the quartic from falling for ever.

    Returns
    -------
    ndarray (N_FREE,)
        `LEAST_BOND_K` for K2 and K4 of the bonds, minus infinity for all else.
    """
    bounds = np.full(N_FREE, -np.inf)
    for block in BLOCKS:
        if block.kind == "bonds":
            bounds[FREE_COLUMN[block.first]] = LEAST_BOND_K[0]
            bounds[FREE_COLUMN[block.first + 2]] = LEAST_BOND_K[1]
    return bounds


def type_of(kind: str, term: Term) -> str:
    """Return the name of the type of a term.

    Parameters
    ----------
    kind : {"bonds", "angles"}
        What it is.
    term : tuple of str
        Places, in either order.

    Returns
    -------
    str
        A name of `TERMS`.
    """
    return next(name for name, terms in TERMS[kind].items() if term in terms or term[::-1] in terms)


@dataclass(frozen=True, kw_only=True)
class LinkerTerms:
    """Coefficients of the bonded terms of imidazolate.

    Parameters
    ----------
    values : ndarray (N_COEFFICIENTS,)
        Force constants, eV, Å and rad, in the order of `BLOCKS`; the energy is linear in them.
    lengths_A : mapping of str to float
        Equilibrium length of each bond type, Å.
    angles_deg : mapping of str to float
        Equilibrium angle of each angle type, degrees.
    """

    values: np.ndarray
    lengths_A: Mapping[str, float]
    angles_deg: Mapping[str, float]

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=float)
        if values.shape != (N_COEFFICIENTS,):
            raise InputError(f"linker terms have {N_COEFFICIENTS} coefficients, not {values.size}")
        if not np.isfinite(values).all():
            raise InputError("a coefficient of the linker terms is not finite")
        for block in BLOCKS:
            part = slice(block.first, block.first + block.size)
            if np.any(values[part] != values[_FIRST[FREE_COLUMN[part]]]):
                raise InputError(
                    f"{block.kind}, {block.name}, {block.contribution}: coefficients of the two ends must be "
                    "equal, since the ends are"
                )
        for kind, known, limit in (("bonds", self.lengths_A, 3.0), ("angles", self.angles_deg, 180.0)):
            if set(known) != set(TERMS[kind]):
                raise InputError(f"linker terms need an equilibrium value for {', '.join(TERMS[kind])}")
            if not all(0 < value < limit for value in known.values()):
                raise InputError(f"an equilibrium value of the {kind} is outside 0 to {limit:g}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @classmethod
    def from_free(
        cls,
        free: np.ndarray,
        lengths_A: Mapping[str, float] = CRYSTAL_LENGTHS_A,
        angles_deg: Mapping[str, float] = CRYSTAL_ANGLES_DEG,
    ) -> LinkerTerms:
        """Make the terms from coefficients that are free.

        Parameters
        ----------
        free : ndarray (N_FREE,)
            One number for all coefficients that are equal by symmetry: what a fit gives.
        lengths_A, angles_deg : mapping of str to float
            Equilibrium values, Å and degrees; those of the DFT-relaxed ZIF-4 crystal by default.

        Returns
        -------
        LinkerTerms
            The terms.
        """
        free = np.asarray(free, dtype=float)
        if free.shape != (N_FREE,):
            raise InputError(f"linker terms have {N_FREE} free coefficients, not {free.size}")
        return cls(values=free[FREE_COLUMN], lengths_A=lengths_A, angles_deg=angles_deg)

    @property
    def free(self) -> np.ndarray:
        """Coefficients that are free, shape (N_FREE,)."""
        return self.values[_FIRST]

    def command(self, block: Block, values: np.ndarray | None = None) -> str:
        """Return the LAMMPS command that sets one block of coefficients.

        Parameters
        ----------
        block : Block
            One of `BLOCKS`.
        values : ndarray (block.size,), optional
            Coefficients; those of these terms by default.

        Returns
        -------
        str
            For example ``angle_coeff 1 bb 3.2 1.345 1.345``, in units metal.
        """
        if values is None:
            values = self.values[block.first : block.first + block.size]
        numbers = [f"{value:.17g}" for value in values]
        places = TERMS[block.kind][block.name][0]
        before, after = self._equilibrium(block, places)
        if block.contribution == "K":
            head = []
            if block.kind in ("dihedrals", "impropers"):
                numbers = [word for number in numbers for word in (number, "0")]  # phases of zero
        else:
            head = [block.contribution]
        words = [f"{block.kind[:-1]}_coeff", str(block.number), *head]
        return " ".join([*words, *(f"{x:.10g}" for x in before), *numbers, *(f"{x:.10g}" for x in after)])

    def _equilibrium(self, block: Block, at: Term) -> tuple[list[float], list[float]]:
        """Return the equilibrium values that stand before and after the coefficients."""

        def length(i: int, j: int) -> float:
            return self.lengths_A[type_of("bonds", (at[i], at[j]))]

        def angle(i: int, j: int, k: int) -> float:
            return self.angles_deg[type_of("angles", (at[i], at[j], at[k]))]

        match block.kind, block.contribution:
            case "bonds", _:
                return [length(0, 1)], []
            case "angles", "K":
                return [angle(0, 1, 2)], []
            case "angles", _:
                return [], [length(0, 1), length(1, 2)]
            case "dihedrals", "mbt":
                return [], [length(1, 2)]
            case "dihedrals", "ebt" | "bb13":
                return [], [length(0, 1), length(2, 3)]
            case "dihedrals", "at" | "aat":
                return [], [angle(0, 1, 2), angle(1, 2, 3)]
            case "impropers", "aa":
                return [], [angle(0, 1, 2), angle(0, 1, 3), angle(2, 1, 3)]
        return [], []

    def commands(self, bends: tuple[float, float] | None = None) -> tuple[str, ...]:
        """Return the LAMMPS commands that set all coefficients, in units metal.

        Parameters
        ----------
        bends : (float, float), optional
            Onset, degrees, and stiffness, eV/rad², of a wall on `BENDS`, for `STYLES_WITH_BENDS`.

        Returns
        -------
        tuple of str
            Also ``special_bonds``, which leaves bonded atoms among each other's neighbours: many-body pair
            styles need all of them.
        """
        commands = ["special_bonds lj/coul 1.0 1.0 1.0", *(self.command(block) for block in BLOCKS)]
        if bends is None:
            return tuple(commands)
        onset, stiffness = bends
        named = [re.sub(r"^angle_coeff (\d+)", r"angle_coeff \1 class2", command) for command in commands]
        wall = f'angle_coeff {len(TERMS["angles"]) + 1} lepton {onset:g} "{stiffness:g}*step(theta)*theta^2"'
        return (*named, wall)

    @property
    def text(self) -> str:
        """The terms as a YAML file, which `read_linker_terms` reads back."""
        content: dict[str, Any] = {"format": FORMAT, "linker": LINKER}
        for block in BLOCKS:
            entry = content.setdefault(block.kind, {}).setdefault(block.name, {})
            if not entry and block.kind == "bonds":
                entry["length_A"] = float(self.lengths_A[block.name])
            if not entry and block.kind == "angles":
                entry["angle_deg"] = float(self.angles_deg[block.name])
            entry[block.contribution] = self.values[block.first : block.first + block.size].tolist()
        return COMMENT + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=200)


_FIRST = np.unique(FREE_COLUMN, return_index=True)[1]


def symmetrised(values: np.ndarray) -> np.ndarray:
    """Average the coefficients that must be equal.

    Parameters
    ----------
    values : ndarray (N_COEFFICIENTS,)
        Coefficients in the order of `BLOCKS`, of a fit that did not know of the symmetry.

    Returns
    -------
    ndarray (N_FREE,)
        Free coefficients: the energy is the mean of the two ways to number a linker.
    """
    return np.bincount(FREE_COLUMN, weights=values) / np.bincount(FREE_COLUMN)


def read_linker_terms(text: str, where: str) -> LinkerTerms:
    """Read linker terms.

    Parameters
    ----------
    text : str
        YAML, as `LinkerTerms.text`.
    where : str
        How to call it in a message.

    Returns
    -------
    LinkerTerms
        The terms.

    Raises
    ------
    InputError
        When it is no such file, or a term is missing, unknown, or has another number of coefficients.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not valid YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{where} does not hold linker terms ('format: {FORMAT}')")
    if content.get("linker") != LINKER:
        raise InputError(f"{where} is for the linker '{content.get('linker')}', and only {LINKER} is known")
    for kind, types in TERMS.items():
        if not isinstance(content.get(kind), dict) or set(content[kind]) != set(types):
            raise InputError(f"{where}: '{kind}' must hold {', '.join(types)}")
    equilibrium: dict[str, dict[str, float]] = {"length_A": {}, "angle_deg": {}}
    values = np.zeros(N_COEFFICIENTS)
    for kind, types in TERMS.items():
        key = {"bonds": "length_A", "angles": "angle_deg"}.get(kind)
        for name in types:
            entry = content[kind][name]
            expected = set(CONTRIBUTIONS[kind]) | ({key} if key else set())
            if not isinstance(entry, dict) or set(entry) != expected:
                raise InputError(f"{where}: {kind}, {name} must hold {', '.join(sorted(expected))}")
            if key:
                equilibrium[key][name] = _numbers([entry[key]], 1, f"{where}: {kind}, {name}, {key}")[0]
    for block in BLOCKS:
        at = f"{where}: {block.kind}, {block.name}, {block.contribution}"
        numbers = _numbers(content[block.kind][block.name][block.contribution], block.size, at)
        values[block.first : block.first + block.size] = numbers
    try:
        return LinkerTerms(
            values=values, lengths_A=equilibrium["length_A"], angles_deg=equilibrium["angle_deg"]
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _numbers(value: Any, count: int, where: str) -> list[float]:
    # YAML reads 1e-3 as text: its floats need a point.
    try:
        numbers = [float(number) for number in value] if isinstance(value, list) else []
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != count:
        raise InputError(f"{where} must be a list of {count} number{'s' * (count > 1)}")
    return numbers
