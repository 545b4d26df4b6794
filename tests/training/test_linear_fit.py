"""Least squares of blocks, against numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from mofglass.errors import MofglassError
from mofglass.training.config import Weights
from mofglass.training.linear_fit import (
    RIDGE_TOLERANCE,
    BlockEquations,
    NormalEquations,
    assemble,
    choose_ridge,
    packed_products,
    reference_energies,
    unpacked,
)

N = 7
TRUE = np.array([3.0, -2.0, 0.5, 1.0, -4.0, 0.1, 2.0])
WEIGHTS = Weights(energy=50.0, forces=1.0, stress=20.0)


class Rows:
    """Random rows of one block and its equations."""

    def __init__(self, seed: int, *, noise: float = 0.0, n_frames: int = 3, n_forces: int = 40) -> None:
        rng = np.random.default_rng(seed)
        self.energy, self.force, self.stress = (
            rng.normal(size=(count, N)) for count in (n_frames, n_forces, 6 * n_frames)
        )
        self.y_energy, self.y_force, self.y_stress = (
            rows @ TRUE + noise * rng.normal(size=len(rows))
            for rows in (self.energy, self.force, self.stress)
        )
        self.factor = rng.uniform(0.2, 1.0, size=n_frames)
        self.root = np.sqrt(rng.uniform(0.2, 1.0, size=n_forces))
        weighted = self.force * self.root[:, None]
        labels = self.y_force * self.root
        self.block = BlockEquations(
            energy_rows=self.energy,
            energies=self.y_energy,
            composition=np.tile([0.25, 0.75], (n_frames, 1)),
            factor=self.factor,
            stress_rows=self.stress,
            stresses=self.y_stress,
            stress_factor=np.repeat(self.factor, 6),
            force_products=packed_products(weighted),
            force_right=labels @ weighted,
            force_square=float(labels @ labels),
            n_forces=n_forces,
        )


def stacked(rows: list[Rows], repeats: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The same problem as one tall matrix: every row by the square root of all its factors."""
    times = list(zip(rows, repeats, strict=True))
    n_frames = sum(k * len(r.y_energy) for r, k in times)
    n_forces = sum(k * len(r.y_force) for r, k in times)
    n_stress = sum(k * len(r.y_stress) for r, k in times)
    matrix, labels = [], []
    for r, k in times:
        for part, y, scale in (
            (r.energy, r.y_energy, WEIGHTS.energy / n_frames * r.factor),
            (r.force, r.y_force, WEIGHTS.forces / n_forces * r.root**2),
            (r.stress, r.y_stress, WEIGHTS.stress / n_stress * np.repeat(r.factor, 6)),
        ):
            root = np.sqrt(k * scale)
            matrix.append(part * root[:, None])
            labels.append(y * root)
    return np.concatenate(matrix), np.concatenate(labels)


@pytest.mark.parametrize("repeats", [[1, 1, 1], [0, 2, 1]])
def test_blocks_sum_to_the_tall_problem(repeats: list[int]) -> None:
    rows = [Rows(seed, noise=0.3) for seed in range(3)]
    equations = assemble([r.block for r in rows], WEIGHTS, np.zeros(2), repeats)
    matrix, labels = stacked(rows, repeats)
    expected = np.linalg.lstsq(matrix, labels, rcond=None)[0]
    solution = equations.solve(0.0)
    np.testing.assert_allclose(solution, expected, rtol=1e-10)
    assert equations.loss(solution) == pytest.approx(np.sum((matrix @ expected - labels) ** 2), rel=1e-9)


def test_without_noise_the_coefficients_are_found() -> None:
    equations = assemble([Rows(1).block], WEIGHTS, np.zeros(2))
    np.testing.assert_allclose(equations.solve(0.0), TRUE, rtol=1e-10)
    assert equations.loss(TRUE) == pytest.approx(0.0, abs=1e-10)


def test_ridge_is_on_scaled_descriptors() -> None:
    rows = Rows(2, noise=0.1)
    equations = assemble([rows.block], WEIGHTS, np.zeros(2))
    matrix, labels = stacked([rows], [1])
    scale = np.linalg.norm(matrix, axis=0)
    scaled = matrix / scale
    expected = np.linalg.solve(scaled.T @ scaled + 0.3 * np.eye(N), scaled.T @ labels) / scale
    np.testing.assert_allclose(equations.solve(0.3), expected, rtol=1e-10)


def test_a_descriptor_that_never_occurs_gets_zero() -> None:
    rows = np.random.default_rng(3).normal(size=(30, N))
    rows[:, 2] = 0.0
    solution = NormalEquations(rows.T @ rows, rows.T @ (rows @ TRUE), 0.0).solve(0.0)
    assert solution[2] == 0.0
    np.testing.assert_allclose(np.delete(solution, 2), np.delete(TRUE, 2), rtol=1e-9)


def test_validation_chooses_the_ridge() -> None:
    few = assemble([Rows(5, noise=20.0, n_frames=1, n_forces=3).block], WEIGHTS, np.zeros(2))
    many = assemble([Rows(6, n_frames=30, n_forces=300).block], WEIGHTS, np.zeros(2))
    ridges = (1e-12, 1e-3, 1e-2, 1e-1, 10.0)
    choice = choose_ridge(few, many, ridges)
    losses = {ridge: many.loss(few.solve(ridge)) for ridge in ridges}
    nearly_best = [ridge for ridge, loss in losses.items() if loss <= RIDGE_TOLERANCE * min(losses.values())]
    assert choice.ridge == max(nearly_best)
    assert dict(choice.tried) == pytest.approx(losses)
    assert choice.validation_loss < losses[1e-12]


def test_of_ridges_that_fit_alike_the_largest_is_chosen() -> None:
    """Two descriptors that differ by 1e-5 in all frames: what their difference takes is noise."""
    random = np.random.default_rng(9)

    def frames(n: int) -> NormalEquations:
        shared, apart = random.normal(size=(2, n))
        rows = np.stack([shared, shared + 1e-5 * apart], axis=1)
        labels = 3.0 * shared + random.normal(scale=0.1, size=n)
        return NormalEquations(rows.T @ rows, rows.T @ labels, float(labels @ labels))

    few, many = frames(40), frames(400)
    choice = choose_ridge(few, many, (1e-14, 1e-10, 1e-6, 1e-3, 1.0))
    assert choice.ridge == 1e-3
    # Where the two part, as in no frame, this extrapolates; the smallest ridge shoots off.
    elsewhere = np.array([1.0, 2.0])
    assert elsewhere @ choice.coefficients == pytest.approx(4.5, abs=0.2)
    assert abs(elsewhere @ few.solve(1e-14)) > 100


def test_a_singular_problem_asks_for_a_ridge() -> None:
    twice = np.random.default_rng(8).normal(size=(20, 3))
    rows = np.hstack([twice, twice])
    equations = NormalEquations(rows.T @ rows, rows.T @ np.ones(20), 20.0)
    with pytest.raises(MofglassError, match="singular"):
        choose_ridge(equations, equations, (0.0,))
    assert choose_ridge(equations, equations, (0.0, 1e-8)).ridge == 1e-8


def test_packed_products_unpack() -> None:
    rows = np.random.default_rng(9).normal(size=(5, 6))
    packed = packed_products(rows)
    assert packed.shape == (21,)
    np.testing.assert_allclose(unpacked(packed, 6), rows.T @ rows, rtol=1e-12)


def test_reference_energies_explain_compositions() -> None:
    rows = Rows(1).block
    fractions = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    block = BlockEquations(
        **{**vars(rows), "composition": fractions, "energies": fractions @ [-13.0, -250.0]}
    )
    np.testing.assert_allclose(reference_energies([block]), [-13.0, -250.0])
    one = BlockEquations(**{**vars(rows), "energies": np.full(3, -190.0)})
    references = reference_energies([one])
    assert references @ [0.25, 0.75] == pytest.approx(-190.0)


def test_a_block_comes_back_from_disk(tmp_path: Path) -> None:
    block = Rows(4).block
    block.save(tmp_path / "b.npz")
    again = BlockEquations.load(tmp_path / "b.npz")
    for name, value in vars(block).items():
        np.testing.assert_array_equal(getattr(again, name), value)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, labels = rng.normal(size=(60, 12)), rng.normal(size=60)
    bounds = np.where(rng.random(12) < 0.6, rng.normal(scale=0.2, size=12), -np.inf)
    equations = NormalEquations(rows.T @ rows, labels @ rows, float(labels @ labels))
    expected = lsq_linear(rows, labels, (bounds, np.inf), tol=1e-12, method="bvls").x
    found = equations.solve(0.0, bounds)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (found >= bounds - 1e-12).all()
    assert ((found == bounds) == (expected <= bounds + 1e-9)).all()
    free = np.full(12, -np.inf)
    np.testing.assert_allclose(equations.solve(1e-6, free), equations.solve(1e-6), rtol=1e-12)


def test_a_ridge_draws_towards_the_start() -> None:
    matrix = np.diag([4.0, 1.0, 0.0]) + 0.1
    equations = NormalEquations(matrix, np.array([2.0, 1.0, 0.3]), 5.0)
    start = np.array([3.0, -1.0, 2.0])
    about = equations.about(start)
    step = np.array([0.5, 0.2, -1.0])
    assert about.loss(step) == pytest.approx(equations.loss(start + step))
    np.testing.assert_allclose(start + about.solve(1e9), start, atol=1e-6)
    np.testing.assert_allclose(start + about.solve(1e-13), equations.solve(1e-13), rtol=1e-6)
    # In between: the minimum of the loss and the ridge, by its slope.
    found = start + about.solve(0.3)
    slope = matrix @ found - equations.right + 0.3 * np.diag(matrix) * (found - start)
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)
