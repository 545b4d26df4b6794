"""How stiff a body is along each direction, and where it is stiffest and softest.

The formulas are those of ELATE (Gaillac, Pullumbi and Coudert, J. Phys.: Condens. Matter 28, 275201 (2016))
and of Marmier et al., Comput. Phys. Commun. 181, 2102 (2010): for a unit vector n, and m perpendicular to it,

.. math:: E(n)^{-1} = S_{ijkl} n_i n_j n_k n_l, \\quad \\beta(n) = S_{ijkk} n_i n_j, \\quad
          (4 G(n,m)) ^{-1} = S_{ijkl} n_i m_j n_k m_l, \\quad
          \\nu(n,m) = -S_{ijkl} n_i n_j m_k m_l / S_{ijkl} n_i n_j n_k n_l

For one n the last two are quadratic in m, so that their least and largest values over m are eigenvalues of a
2 x 2 matrix: only n has to be searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.errors import InputError

PER_TPA_PER_PER_GPA = 1e3


@dataclass(frozen=True)
class Extremes:
    """Least and largest value over all directions.

    Parameters
    ----------
    minimum, maximum : float
        The values.
    minimum_direction, maximum_direction : ndarray, shape (3,)
        Unit vectors n where they occur.
    """

    minimum: float
    maximum: float
    minimum_direction: np.ndarray
    maximum_direction: np.ndarray

    @property
    def anisotropy(self) -> float:
        """Largest over least; infinite where their signs differ."""
        return self.maximum / self.minimum if self.minimum * self.maximum > 0 else np.inf


def unit_vectors(n_directions: int) -> np.ndarray:
    """Return directions spread evenly over the upper half of the sphere (Fibonacci lattice).

    Parameters
    ----------
    n_directions : int
        How many.

    Returns
    -------
    ndarray, shape (n_directions, 3)
        Unit vectors; a direction and its opposite are the same to an elastic body.
    """
    k = np.arange(n_directions) + 0.5
    z = 1 - k / n_directions
    phi = np.pi * (1 + 5**0.5) * k
    r = np.sqrt(1 - z**2)
    return np.column_stack([r * np.cos(phi), r * np.sin(phi), z])


def _along(tensor: ElasticTensor, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the strain under unit tension along n, shape (..., 3, 3), and its component along n, 1/GPa."""
    if not tensor.is_stable:
        raise InputError(
            "directional moduli need a mechanically stable tensor; its least eigenvalue is "
            f"{tensor.kelvin_moduli_GPa[0]:.3g} GPa: sample longer, or take the Voigt average alone"
        )
    strain = np.einsum("ijkl,...k,...l->...ij", tensor.compliance_tensor_per_GPa, n, n)
    return strain, np.einsum("...ij,...i,...j->...", strain, n, n)


def _across(matrix: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the two eigenvalues, rising, of matrices within the planes perpendicular to n."""
    # The axis that n is farthest from gives two vectors in the plane without cancellation.
    helper = np.eye(3)[np.argmin(np.abs(n), axis=-1)]
    u = np.cross(n, helper)
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    v = np.cross(n, u)
    basis = np.stack([u, v], axis=-2)
    return np.linalg.eigvalsh(np.einsum("...ai,...ij,...bj->...ab", basis, matrix, basis))


def young_modulus_GPa(tensor: ElasticTensor, directions: np.ndarray) -> np.ndarray:
    """Return Young's modulus along directions.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    directions : ndarray, shape (..., 3)
        Unit vectors.

    Returns
    -------
    ndarray, shape (...)
        E, GPa.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    return 1 / _along(tensor, directions)[1]


def linear_compressibility_per_TPa(tensor: ElasticTensor, directions: np.ndarray) -> np.ndarray:
    """Return how much lengths along directions shrink under pressure.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    directions : ndarray, shape (..., 3)
        Unit vectors.

    Returns
    -------
    ndarray, shape (...)
        Linear compressibility, 1/TPa; negative where the body grows.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    under_pressure = np.einsum("ijkk->ij", tensor.compliance_tensor_per_GPa)
    _along(tensor, np.array([1.0, 0.0, 0.0]))
    return np.einsum("ij,...i,...j->...", under_pressure, directions, directions) * PER_TPA_PER_PER_GPA


def shear_modulus_range_GPa(tensor: ElasticTensor, directions: np.ndarray) -> np.ndarray:
    """Return the least and largest shear modulus of the planes perpendicular to directions.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    directions : ndarray, shape (..., 3)
        Unit vectors n.

    Returns
    -------
    ndarray, shape (..., 2)
        Least and largest G(n, m) over m, GPa.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    _along(tensor, np.array([1.0, 0.0, 0.0]))
    shear = 4 * np.einsum("ijkl,...i,...k->...jl", tensor.compliance_tensor_per_GPa, directions, directions)
    return 1 / _across(shear, directions)[..., ::-1]


def poisson_ratio_range(tensor: ElasticTensor, directions: np.ndarray) -> np.ndarray:
    """Return the least and largest Poisson's ratio under tension along directions.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    directions : ndarray, shape (..., 3)
        Unit vectors n.

    Returns
    -------
    ndarray, shape (..., 2)
        Least and largest nu(n, m) over m.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    strain, along = _along(tensor, directions)
    return _across(-strain / along[..., None, None], directions)


QUANTITIES: dict[str, tuple[str, Callable[[ElasticTensor, np.ndarray], np.ndarray]]] = {
    "young_modulus_GPa": ("Young's modulus (GPa)", young_modulus_GPa),
    "linear_compressibility_per_TPa": ("Linear compressibility (1/TPa)", linear_compressibility_per_TPa),
    "shear_modulus_GPa": ("Shear modulus (GPa)", shear_modulus_range_GPa),
    "poisson_ratio": ("Poisson's ratio", poisson_ratio_range),
}
"""Each directional quantity, its label and its function; the last two give a least and a largest value."""


def extremes_at(tensor: ElasticTensor, found: Mapping[str, Extremes]) -> dict[str, Extremes]:
    """Return the directional quantities of a tensor where another one has its extremes.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    found : mapping of str to Extremes
        Of a body much like it.

    Returns
    -------
    dict of str to Extremes
        Values of this tensor along the directions of the other.
    """
    return {
        name: replace(
            extreme,
            minimum=float(np.ravel(QUANTITIES[name][1](tensor, extreme.minimum_direction))[0]),
            maximum=float(np.ravel(QUANTITIES[name][1](tensor, extreme.maximum_direction))[-1]),
        )
        for name, extreme in found.items()
    }


def extremes(tensor: ElasticTensor, *, n_directions: int = 1000) -> dict[str, Extremes]:
    """Find the least and largest value of every directional quantity.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    n_directions : int
        Directions tried before the best is refined.

    Returns
    -------
    dict of str to Extremes
        By the names of `QUANTITIES`.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    grid = unit_vectors(n_directions)
    found = {}
    for name, (_, function) in QUANTITIES.items():
        values = function(tensor, grid).reshape(n_directions, -1)
        low, low_at = _refine(function, tensor, grid[np.argmin(values[:, 0])], 0, 1.0)
        high, high_at = _refine(function, tensor, grid[np.argmax(values[:, -1])], -1, -1.0)
        found[name] = Extremes(low, high, low_at, high_at)
    return found


def _refine(
    function: Callable[[ElasticTensor, np.ndarray], np.ndarray],
    tensor: ElasticTensor,
    start: np.ndarray,
    column: int,
    sign: float,
) -> tuple[float, np.ndarray]:
    """Follow a value from a direction of the grid to its extremum; return it with its direction."""
    _, u, v = np.linalg.svd(start[None])[2]

    def direction(offset: np.ndarray) -> np.ndarray:
        n = start + offset[0] * u + offset[1] * v
        return n / np.linalg.norm(n)

    def value(offset: np.ndarray) -> float:
        return float(np.ravel(function(tensor, direction(offset)))[column])

    scale = max(abs(value(np.zeros(2))), 1e-12)
    best = minimize(
        lambda offset: sign * value(offset) / scale,
        np.zeros(2),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12, "initial_simplex": [[0, 0], [0.03, 0], [0, 0.03]]},
    )
    return value(best.x), direction(best.x)
