"""Displacements with known answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mofglass.analysis import MSD
from mofglass.errors import InputError
from mofglass.frame import Frame

TRICLINIC = np.array([[12.0, 0.0, 0.0], [4.0, 11.0, 0.0], [-3.0, 2.0, 10.0]])


def frames(positions: np.ndarray, cell: np.ndarray = TRICLINIC, dt_ps: float = 0.5) -> Iterator[Frame]:
    """Wrap positions (n_frames, n_atoms, 3) into the cell: what a trajectory file holds."""
    for k, at in enumerate(positions):
        wrapped = (np.linalg.solve(cell.T, at.T).T % 1.0) @ cell
        yield Frame(np.full(len(at), 18), wrapped, cell, index=k, time_ps=k * dt_ps)


def test_a_breathing_shearing_box_moves_nobody() -> None:
    random = np.random.default_rng(0)
    scaled = random.uniform(size=(30, 3))
    breathing = []
    for k in range(40):
        strain = np.eye(3) + 0.08 * np.tril(random.normal(size=(3, 3)))
        cell = TRICLINIC @ strain
        # Some atoms leave through one face and come in by the other.
        moved = (scaled + 1e-9 * random.normal(size=scaled.shape)) % 1.0
        breathing.append(Frame(np.full(30, 18), moved @ cell, cell, index=k, time_ps=float(k)))
    result = MSD().compute(breathing).result
    assert result.msd_A2.max() < 1e-12


def test_ballistic_particles() -> None:
    random = np.random.default_rng(1)
    velocity = random.normal(size=(50, 3))
    velocity -= velocity.mean(axis=0)
    times = np.arange(200) * 0.5
    start = random.uniform(0, 10, (50, 3))
    result = MSD().compute(frames(start + times[:, None, None] * velocity)).result
    expected = (velocity**2).sum(axis=1).mean() * result.lag_ps**2
    np.testing.assert_allclose(result.msd_A2[0], expected, rtol=1e-9)
    np.testing.assert_allclose(result.exponent[0], 2.0, atol=1e-6)
    assert not result.summary()["elements"]["Ar"]["diffusive"]
    assert list(result.to_dataframe()) == ["lag_ps", "msd_Ar_A2", "msd_Ar_A2_error", "exponent_Ar"]


def test_the_early_frame_at_the_end_of_a_stage_changes_nothing() -> None:
    walk = np.random.default_rng(7).normal(size=(20, 5, 3)).cumsum(axis=0)
    even = list(frames(walk))
    at_the_end = Frame(even[0].numbers, even[3].positions, TRICLINIC, index=20, time_ps=9.7)
    expected, result = MSD().compute(even).result, MSD().compute([*even, at_the_end]).result
    assert result.n_frames == expected.n_frames == 20
    np.testing.assert_array_equal(result.msd_A2, expected.msd_A2)


def test_drift_is_removed_by_mass() -> None:
    random = np.random.default_rng(2)
    numbers = np.array([30] * 4 + [1] * 4)
    start = random.uniform(0, 10, (8, 3))
    still = [
        Frame(numbers, start + k * np.array([0.3, -0.2, 0.1]), TRICLINIC, index=k, time_ps=float(k))
        for k in range(30)
    ]
    assert MSD().compute(still).result.msd_A2.max() < 1e-20
    kept = MSD(remove_drift=False).compute(still).result
    np.testing.assert_allclose(kept.msd_A2[0], 0.14 * kept.lag_ps**2)


def test_random_walk_diffuses() -> None:
    random = np.random.default_rng(3)
    step, dt_ps = 0.2, 0.5
    walk = np.cumsum(random.normal(scale=step, size=(2000, 60, 3)), axis=0)
    result = MSD().compute(frames(walk, dt_ps=dt_ps)).result
    # D = σ²/2 per direction and time; the centre of mass takes 1/N of it along.
    expected = step**2 / (2 * dt_ps) * (1 - 1 / 60) * 1e-4
    error = result.diffusion_error_cm2_per_s[0]
    assert abs(result.diffusion_cm2_per_s[0] - expected) < 3 * error
    assert error < 0.2 * expected
    assert abs(result.fit_exponent[0] - 1) < 0.2
    np.testing.assert_allclose(result.msd_A2[0, :8], 6 * expected * 1e4 * result.lag_ps[:8], rtol=0.02)


def test_every_lag_equals_its_definition() -> None:
    random = np.random.default_rng(4)
    walk = np.cumsum(random.normal(scale=0.3, size=(150, 7, 3)), axis=0)
    result = MSD(remove_drift=False).compute(frames(walk, dt_ps=1.0)).result
    for lag, value in zip(result.lag_ps.astype(int), result.msd_A2[0], strict=True):
        spacing = 1
        while lag > 16 * spacing:
            spacing *= 2
        displacement = walk[lag:] - walk[:-lag]
        np.testing.assert_allclose(value, (displacement**2).sum(axis=2)[::spacing].mean(), rtol=1e-9)
    assert result.lag_ps[-1] == 72


def test_memory_grows_with_the_logarithm() -> None:
    random = np.random.default_rng(5)
    analysis = MSD()
    analysis.compute(frames(np.cumsum(random.normal(scale=0.1, size=(4096, 3, 3)), axis=0)))
    assert len(analysis._levels) <= 12
    assert analysis._blocks.n_blocks <= 16


def test_elements_apart() -> None:
    numbers = np.array([30, 7, 7])
    start = np.zeros((3, 3))
    moving = np.array([[0.0, 0, 0], [1, 0, 0], [-1, 0, 0]])
    series = [
        Frame(numbers, start + 0.1 * k * moving, TRICLINIC, index=k, time_ps=float(k)) for k in range(20)
    ]
    result = MSD(elements=["N", "Zn"]).compute(series).result
    assert result.elements == ("N", "Zn")
    np.testing.assert_allclose(result.msd_A2[0], 0.01 * result.lag_ps**2)
    np.testing.assert_allclose(result.msd_A2[1], 0.0, atol=1e-20)


def test_uneven_frames_are_refused() -> None:
    at = np.zeros((2, 3))
    series = [
        Frame(np.array([18, 18]), at, TRICLINIC, index=k, time_ps=t) for k, t in enumerate([0.0, 1.0, 3.0])
    ]
    with pytest.raises(InputError, match="frame 2 is at 3 ps"):
        MSD().compute(series)


def test_frames_without_time_need_the_interval() -> None:
    at = np.zeros((2, 3))
    series = [Frame(np.array([18, 18]), at, TRICLINIC, index=k) for k in range(6)]
    with pytest.raises(InputError, match="--frame-interval"):
        MSD().compute(series)
    assert MSD(frame_interval_ps=0.1).compute(series).result.lag_ps[0] == 0.1


def test_jumps_that_cannot_be_unwrapped_are_refused() -> None:
    random = np.random.default_rng(6)
    unrelated = random.uniform(0, 10, (4, 50, 3))
    with pytest.raises(InputError, match="half a cell"):
        MSD().compute(frames(unrelated))


def test_a_single_structure_has_no_displacement() -> None:
    with pytest.raises(InputError, match="three frames"):
        _ = MSD().compute(frames(np.zeros((1, 2, 3)))).result
