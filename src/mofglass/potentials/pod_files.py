"""LAMMPS' own files of a POD potential: the descriptors' parameters and the coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from mofglass.errors import InputError

# Number of angular functions of four-body descriptors by angular degree, as LAMMPS has them.
FOURBODY_ANGULAR_FUNCTIONS = (1, 2, 4, 7, 11, 16, 23)
MAX_THREEBODY_DEGREE = 12
COEFFICIENT_DIGITS = 17


@dataclass(frozen=True, kw_only=True)
class PODParameters:
    """Which descriptors a POD potential has; the names are LAMMPS' keywords.

    Descriptors are sums over neighbours of radial functions (two-body), and rotation-invariant products of
    the neighbour density's radial and angular functions (three-body and more). Orders above four are
    products of lower ones. Radial functions are orthogonal combinations of Bessel-like and inverse-power
    functions between `rin` and `rcut`.

    Parameters
    ----------
    species : tuple of str
        Chemical symbols; the order of coefficients.
    rin, rcut : float
        Inner and outer cut-off radius, Å.
    bessel_polynomial_degree, inverse_polynomial_degree : int
        Highest degrees of the radial functions that are combined.
    twobody_number_radial_basis_functions : int
        Radial functions of the two-body descriptors.
    threebody_number_radial_basis_functions, threebody_angular_degree : int
        The same for three bodies, and the highest power of the cosine of the angle (at most 12).
    fourbody_number_radial_basis_functions, fourbody_angular_degree : int
        For four bodies; the degree is at most 6.
    fivebody_number_radial_basis_functions, fivebody_angular_degree : int
        Products of two three-body descriptors.
    sixbody_number_radial_basis_functions, sixbody_angular_degree : int
        Products of three- and four-body descriptors.
    sevenbody_number_radial_basis_functions, sevenbody_angular_degree : int
        Products of two four-body descriptors.
    number_of_environment_clusters, number_of_principal_components : int
        Clusters of environments with coefficients of their own, and the dimension of the space in which
        environments are told apart. One cluster makes the potential linear.
    """

    species: tuple[str, ...]
    rin: float = 0.5
    rcut: float = 5.0
    bessel_polynomial_degree: int = 4
    inverse_polynomial_degree: int = 8
    twobody_number_radial_basis_functions: int = 8
    threebody_number_radial_basis_functions: int = 6
    threebody_angular_degree: int = 4
    fourbody_number_radial_basis_functions: int = 4
    fourbody_angular_degree: int = 3
    fivebody_number_radial_basis_functions: int = 0
    fivebody_angular_degree: int = 0
    sixbody_number_radial_basis_functions: int = 0
    sixbody_angular_degree: int = 0
    sevenbody_number_radial_basis_functions: int = 0
    sevenbody_angular_degree: int = 0
    number_of_environment_clusters: int = 1
    number_of_principal_components: int = 2

    def __post_init__(self) -> None:
        unknown = [symbol for symbol in self.species if symbol not in chemical_symbols[1:]]
        if not self.species or unknown:
            raise InputError(f"species must be chemical symbols, and are {' '.join(self.species) or 'none'}")
        if len(set(self.species)) != len(self.species):
            raise InputError(f"species {' '.join(self.species)} name an element twice")
        if not 0 <= self.rin < self.rcut:
            raise InputError(f"rin ({self.rin:g} Å) must be below rcut ({self.rcut:g} Å)")
        for field in fields(self):
            if field.type == "int" and getattr(self, field.name) < 0:
                raise InputError(f"{field.name} must not be negative")
        if self.threebody_angular_degree > MAX_THREEBODY_DEGREE:
            raise InputError(f"threebody_angular_degree is at most {MAX_THREEBODY_DEGREE}")
        if self.fourbody_angular_degree >= len(FOURBODY_ANGULAR_FUNCTIONS):
            raise InputError(f"fourbody_angular_degree is at most {len(FOURBODY_ANGULAR_FUNCTIONS) - 1}")
        if self.number_of_environment_clusters < 1:
            raise InputError("number_of_environment_clusters must be 1 or more")
        for lower, upper in (
            ("threebody", "fourbody"),
            ("fourbody", "fivebody"),
            ("fourbody", "sixbody"),
            ("fourbody", "sevenbody"),
        ):
            for quantity in ("number_radial_basis_functions", "angular_degree"):
                if getattr(self, f"{upper}_{quantity}") > getattr(self, f"{lower}_{quantity}"):
                    raise InputError(f"{upper}_{quantity} must not exceed {lower}_{quantity}")

    @property
    def text(self) -> str:
        """LAMMPS' parameter file."""
        lines = ["# proper orthogonal descriptors: pair_style pod, fitpod"]
        for field in fields(self):
            value = getattr(self, field.name)
            lines.append(f"{field.name} {' '.join(value) if isinstance(value, tuple) else value}")
            if field.name == "species":
                lines += ["pbc 1 1 1", "onebody 1"]
        return "\n".join(lines) + "\n"

    @property
    def n_descriptors_through_fourbody(self) -> int:
        """Descriptors of one atom, of two, three and four bodies."""
        n = len(self.species)
        two = self.twobody_number_radial_basis_functions * n
        three = (
            (self.threebody_angular_degree + 1)
            * self.threebody_number_radial_basis_functions
            * (n * (n + 1) // 2)
        )
        four = (
            FOURBODY_ANGULAR_FUNCTIONS[self.fourbody_angular_degree]
            * self.fourbody_number_radial_basis_functions
            * (n * (n + 1) * (n + 2) // 6)
        )
        return two + three + four


def read_parameters(text: str, where: str) -> PODParameters:
    """Read LAMMPS' parameter file of a POD potential.

    Parameters
    ----------
    text : str
        Its text.
    where : str
        How to call it in a message.

    Returns
    -------
    PODParameters
        Its keywords; those it leaves out have LAMMPS' defaults.

    Raises
    ------
    InputError
        For a keyword that LAMMPS does not have, or a value that is no number.
    """
    known = {field.name: field.type for field in fields(PODParameters)}
    values: dict[str, object] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].replace('"', " ").replace("'", " ").split()
        if not words or words[0] == "pbc":
            continue
        key, rest = words[0], words[1:]
        if key == "species":
            values[key] = tuple(rest)
            continue
        if len(rest) != 1 or (key not in known and key != "onebody"):
            raise InputError(f"{where}, line {number}: '{line.strip()}' is no parameter of a POD potential")
        try:
            if key == "onebody":
                if int(rest[0]) != 1:
                    raise InputError(f"{where}, line {number}: LAMMPS' descriptors need 'onebody 1'")
                continue
            values[key] = float(rest[0]) if known[key] == "float" else int(rest[0])
        except ValueError as error:
            raise InputError(f"{where}, line {number}: '{rest[0]}' is not a number for {key}") from error
    if "species" not in values:
        raise InputError(f"{where} names no species: it is not the parameter file of a POD potential")
    try:
        return PODParameters(**values)  # type: ignore[arg-type]
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


@dataclass(frozen=True)
class PODCoefficients:
    """What is fitted: coefficients, and for several clusters where the clusters are.

    Parameters
    ----------
    coefficients : ndarray (n_coefficients,)
        Energy per descriptor, eV, in LAMMPS' order: element by element, one-body first.
    projection : ndarray (n,)
        Projections of the descriptors on their principal components; empty for one cluster.
    centroids : ndarray (n,)
        Centres of the clusters in that space; empty for one cluster.
    """

    coefficients: np.ndarray
    projection: np.ndarray
    centroids: np.ndarray

    @classmethod
    def linear(cls, coefficients: Sequence[float] | np.ndarray) -> PODCoefficients:
        """Make the coefficients of a potential with one cluster.

        Parameters
        ----------
        coefficients : array (n_coefficients,)
            Energy per descriptor, eV.

        Returns
        -------
        PODCoefficients
            Without clusters.
        """
        return cls(np.asarray(coefficients, dtype=float), np.empty(0), np.empty(0))

    @property
    def text(self) -> str:
        """LAMMPS' coefficient file."""
        parts = (self.coefficients, self.projection, self.centroids)
        lines = ["model_coefficients: " + " ".join(str(len(part)) for part in parts)]
        lines += [f"{value:.{COEFFICIENT_DIGITS}g}" for part in parts for value in part]
        return "\n".join(lines) + "\n"


def read_coefficients(text: str, where: str | Path) -> PODCoefficients:
    """Read LAMMPS' coefficient file of a POD potential.

    Parameters
    ----------
    text : str
        Its text.
    where : str or Path
        How to call it in a message.

    Returns
    -------
    PODCoefficients
        All its numbers.

    Raises
    ------
    InputError
        When it is not such a file, or cut short.
    """
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    try:
        counts = [int(word) for word in lines[0].split()[1:]]
        if len(counts) != 3:
            raise ValueError("three numbers expected in the first line")
        numbers = np.array([float(line) for line in lines[1:]])
    except (IndexError, ValueError) as error:
        raise InputError(f"{where} is not the coefficient file of a POD potential: {error}") from error
    if len(numbers) != sum(counts):
        raise InputError(f"{where} says {sum(counts)} numbers and holds {len(numbers)}: it was cut short")
    if not np.isfinite(numbers).all():
        raise InputError(f"{where} holds a number that is not finite")
    first, second = counts[0], counts[0] + counts[1]
    return PODCoefficients(numbers[:first], numbers[first:second], numbers[second:])
