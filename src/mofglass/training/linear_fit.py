"""Least squares of a linear potential from blocks of frames: normal equations, ridge, committees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, blas, cho_factor, cho_solve, lapack

from mofglass.errors import MofglassError
from mofglass.training.config import Weights
from mofglass.trajectory.atomic_write import written_whole

# A descriptor this much smaller than the largest never occurs in the data.
ABSENT = 1e-12
MAX_ACTIVE_SETS = 50


@dataclass(frozen=True)
class BlockEquations:
    """What a few frames contribute to the least-squares problem, whatever the weights.

    Energies and stresses are few, so that their rows are kept; of the many force rows only the matrix of
    their products is, packed. All sums run over frames with their own factors (`factor`, and one per atom
    within the force sums), by which frames with huge forces count less.

    Parameters
    ----------
    energy_rows : ndarray (n_frames, n_coefficients)
        Summed descriptors per atom.
    energies : ndarray (n_frames,)
        Energies per atom to be fitted, eV.
    composition : ndarray (n_frames, n_elements)
        Fractions of the elements.
    factor : ndarray (n_frames,)
        Factor of each frame's squared energy and stress error.
    stress_rows : ndarray (n_stress, n_coefficients)
        Rows of the stress components that are labelled.
    stresses : ndarray (n_stress,)
        Their labels, eV/Å³.
    stress_factor : ndarray (n_stress,)
        Factors of their squared errors.
    force_products : ndarray (n (n + 1) / 2,)
        Products of the force rows, in LAPACK's rectangular full packed format.
    force_right : ndarray (n_coefficients,)
        Products of the force rows with the forces.
    force_square : float
        Sum of the squared forces, (eV/Å)².
    n_forces : int
        Number of force components.
    """

    energy_rows: np.ndarray
    energies: np.ndarray
    composition: np.ndarray
    factor: np.ndarray
    stress_rows: np.ndarray
    stresses: np.ndarray
    stress_factor: np.ndarray
    force_products: np.ndarray
    force_right: np.ndarray
    force_square: float
    n_forces: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.energies)

    def save(self, path: Path) -> None:
        """Write the block, whole.

        Parameters
        ----------
        path : Path
            The ``.npz`` file.
        """
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> BlockEquations:
        """Read a block.

        Parameters
        ----------
        path : Path
            The ``.npz`` file.

        Returns
        -------
        BlockEquations
            As saved.
        """
        with np.load(path, allow_pickle=False) as data:
            values = {field.name: data[field.name] for field in fields(cls)}
        values["force_square"] = float(values["force_square"])
        values["n_forces"] = int(values["n_forces"])
        return cls(**values)


def packed_products(rows: np.ndarray) -> np.ndarray:
    """Return the products of rows, packed.

    Parameters
    ----------
    rows : ndarray (n_rows, n)
        Rows of the least-squares problem.

    Returns
    -------
    ndarray (n (n + 1) / 2,)
        ``rows.T @ rows`` in LAPACK's rectangular full packed format.
    """
    products = blas.dsyrk(1.0, rows.T, lower=1)
    packed, info = lapack.dtrttf(products, uplo="L")
    assert info == 0
    return packed


def unpacked(packed: np.ndarray, n: int) -> np.ndarray:
    """Return the symmetric matrix of `packed_products`.

    Parameters
    ----------
    packed : ndarray (n (n + 1) / 2,)
        Packed matrix.
    n : int
        Its order.

    Returns
    -------
    ndarray (n, n)
        The full matrix.
    """
    lower, info = lapack.dtfttr(n, packed, uplo="L")
    assert info == 0
    lower = np.tril(lower)
    return lower + np.tril(lower, -1).T


@dataclass(frozen=True)
class NormalEquations:
    """A quadratic loss: ``c @ matrix @ c - 2 right @ c + square``.

    Parameters
    ----------
    matrix : ndarray (n, n)
        Weighted products of rows.
    right : ndarray (n,)
        Weighted products of rows and labels.
    square : float
        Weighted square of the labels.
    """

    matrix: np.ndarray
    right: np.ndarray
    square: float

    def loss(self, coefficients: np.ndarray) -> float:
        """Return the loss of coefficients.

        Parameters
        ----------
        coefficients : ndarray (n,)
            Coefficients, without the reference energies.

        Returns
        -------
        float
            As `Weights` defines it.
        """
        quadratic = coefficients @ (self.matrix @ coefficients)
        return float(quadratic - 2.0 * self.right @ coefficients + self.square)

    def about(self, start: np.ndarray) -> NormalEquations:
        """Return the same loss as a function of what coefficients differ by from a start.

        Parameters
        ----------
        start : ndarray (n,)
            Coefficients to count from: a ridge then draws towards them.

        Returns
        -------
        NormalEquations
            Of ``coefficients - start``.
        """
        return NormalEquations(self.matrix, self.right - self.matrix @ start, self.loss(start))

    def solve(self, ridge: float, at_least: np.ndarray | None = None) -> np.ndarray:
        """Return the coefficients that minimise the loss plus a ridge.

        Descriptors are scaled to a unit diagonal first, so that one ridge suits them all.

        Parameters
        ----------
        ridge : float
            Added to the unit diagonal; 0 for none.
        at_least : ndarray (n,), optional
            Lower bounds of the coefficients, minus infinity for none.

        Returns
        -------
        ndarray (n,)
            Coefficients; zero for a descriptor that does not occur.

        Raises
        ------
        scipy.linalg.LinAlgError
            When the matrix is singular to working precision: the ridge is too small.
        """
        if at_least is None:
            at_least = np.full(len(self.right), -np.inf)
        # Active set: hold what falls below its bound there, let go what the loss would raise again.
        held = np.zeros(len(self.right), dtype=bool)
        ridges = ridge * np.diag(self.matrix)
        for _ in range(MAX_ACTIVE_SETS):
            bounds = np.where(held, at_least, 0.0)
            coefficients = bounds + self._solve(ridge, held, self.right - self.matrix @ bounds)
            below = ~held & (coefficients < at_least)
            slope = self.matrix @ coefficients + ridges * coefficients - self.right
            free = held & (slope < 0)
            if not below.any() and not free.any():
                return coefficients
            held = (held | below) & ~free
        raise MofglassError("the bounded least-squares problem did not settle: give a larger ridge")

    def _solve(self, ridge: float, held: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the coefficients that are not held, zero for those that are."""
        scale = np.sqrt(np.diag(self.matrix))
        present = (scale > ABSENT * scale.max()) & ~held
        scale = scale[present]
        matrix = self.matrix[np.ix_(present, present)]
        matrix /= scale[:, None]
        matrix /= scale
        matrix[np.diag_indices_from(matrix)] += ridge
        right = right[present] / scale
        factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        coefficients = np.zeros(len(self.right))
        coefficients[present] = cho_solve(factor, right) / scale
        if not np.isfinite(coefficients).all():
            raise LinAlgError("the solution is not finite")
        return coefficients


def reference_energies(blocks: Iterable[BlockEquations], start: np.ndarray | None = None) -> np.ndarray:
    """Return the element energies that explain most of the energies by composition alone.

    Parameters
    ----------
    blocks : iterable of BlockEquations
        Frames to be fitted.
    start : ndarray (n_coefficients,), optional
        Coefficients whose energies are taken off first.

    Returns
    -------
    ndarray (n_elements,)
        Energies, eV: the shortest vector where compositions leave them open.
    """
    parts = [
        (block.composition, block.energies - (0.0 if start is None else block.energy_rows @ start))
        for block in blocks
    ]
    composition = np.concatenate([part[0] for part in parts])
    energies = np.concatenate([part[1] for part in parts])
    return np.linalg.lstsq(composition, energies, rcond=1e-10)[0]


def assemble(
    blocks: Iterable[BlockEquations],
    weights: Weights,
    references_eV: np.ndarray,
    repeats: Sequence[int] | None = None,
) -> NormalEquations:
    """Sum blocks to one least-squares problem.

    Parameters
    ----------
    blocks : iterable of BlockEquations
        One is held at a time.
    weights : Weights
        Weights of energy, forces and stress, numbers all.
    references_eV : ndarray (n_elements,)
        Element energies taken off the labels.
    repeats : sequence of int, optional
        How many times each block counts; once by default.

    Returns
    -------
    NormalEquations
        Each kind of label normalised by its number, as `Weights` says.
    """
    n_frames = n_forces = n_stress = 0
    packed: ArrayLike = 0.0
    energy_matrix: ArrayLike = 0.0
    stress_matrix: ArrayLike = 0.0
    rights = np.zeros(3)[:, None]
    squares = np.zeros(3)
    n = 0
    for k, block in enumerate(blocks):
        times = 1 if repeats is None else repeats[k]
        if times == 0:
            continue
        n = len(block.force_right)
        energies = block.energies - block.composition @ references_eV
        weighted = block.energy_rows * block.factor[:, None]
        stressed = block.stress_rows * block.stress_factor[:, None]
        packed = packed + times * block.force_products
        energy_matrix = energy_matrix + times * (weighted.T @ block.energy_rows)
        if len(stressed):
            stress_matrix = stress_matrix + times * (stressed.T @ block.stress_rows)
        rights = rights + times * np.array(
            [energies @ weighted, block.force_right, block.stresses @ stressed]
        )
        squares += times * np.array(
            [
                energies**2 @ block.factor,
                block.force_square,
                block.stresses**2 @ block.stress_factor,
            ]
        )
        n_frames += times * block.n_frames
        n_forces += times * block.n_forces
        n_stress += times * len(block.stresses)
    if not n_frames:
        raise MofglassError("there is no frame to fit")
    assert weights.energy is not None
    assert weights.forces is not None
    assert weights.stress is not None
    factors = np.array(
        [weights.energy / n_frames, weights.forces / n_forces, weights.stress / max(n_stress, 1)]
    )
    matrix = unpacked(np.asarray(packed), n)
    matrix *= factors[1]
    matrix += factors[0] * np.asarray(energy_matrix)
    if n_stress:
        matrix += factors[2] * np.asarray(stress_matrix)
    return NormalEquations(matrix=matrix, right=factors @ rights, square=float(factors @ squares))


RIDGE_TOLERANCE = 1.1
"""How much larger than the smallest validation loss that of the chosen ridge may be: 5 % in the errors."""


@dataclass(frozen=True)
class RidgeChoice:
    """The ridge that was chosen.

    Parameters
    ----------
    ridge : float
        The ridge.
    coefficients : ndarray (n,)
        Coefficients, without the reference energies.
    train_loss, validation_loss : float
        Losses.
    tried : tuple of (float, float)
        Ridges and their validation losses.
    """

    ridge: float
    coefficients: np.ndarray
    train_loss: float
    validation_loss: float
    tried: tuple[tuple[float, float], ...]


def choose_ridge(
    train: NormalEquations,
    validation: NormalEquations,
    ridges: Sequence[float],
    at_least: np.ndarray | None = None,
) -> RidgeChoice:
    """Fit with several ridges and keep the largest that is nearly the best on frames left out.

    A validation loss is flat over decades of the ridge, and frames left out do not know where dynamics goes
    that leaves them: there the larger ridge extrapolates less wildly. The rule is that of one standard error
    (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009, section 7.10) with a fixed
    allowance, `RIDGE_TOLERANCE`.

    Parameters
    ----------
    train, validation : NormalEquations
        What to fit, and what to judge by.
    ridges : sequence of float
        Ridges to try; those too small to be solved with are passed over.
    at_least : ndarray (n,), optional
        Lower bounds of the coefficients.

    Returns
    -------
    RidgeChoice
        The largest whose loss is within the allowance of the smallest.

    Raises
    ------
    MofglassError
        When none can be solved with.
    """
    tried: list[tuple[float, float]] = []
    fits: dict[float, np.ndarray] = {}
    for ridge in sorted(ridges, reverse=True):
        try:
            fits[ridge] = train.solve(ridge, at_least)
        except LinAlgError:
            break
        tried.append((ridge, validation.loss(fits[ridge])))
    if not tried:
        raise MofglassError(
            f"the least-squares problem is singular with a ridge of {max(ridges):g}: give a larger one"
        )
    smallest = min(loss for _, loss in tried)
    # Of data without noise rounding leaves a loss just below zero.
    enough = max(smallest, RIDGE_TOLERANCE * smallest)
    ridge, loss = next((ridge, loss) for ridge, loss in tried if loss <= enough)
    return RidgeChoice(ridge, fits[ridge], train.loss(fits[ridge]), loss, tuple(tried))
