"""Sampling: statistics of the flat histogram on known distributions, farthest points on known geometry."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.frame_descriptor import NeighbourHistograms, describe_frames
from mofglass.datasets.sampling import (
    comparable_energies,
    farthest_point_sample,
    flat_histogram_sample,
    flat_histogram_train_test,
    random_sample,
    random_train_test,
)
from mofglass.errors import InputError


def frame(energy: float = 0.0, *, numbers=(30, 7), scale: float = 1.0, positions=None) -> LabelledFrame:
    numbers = np.array(numbers)
    if positions is None:
        positions = np.arange(3 * len(numbers), dtype=float).reshape(-1, 3)
    return LabelledFrame(
        numbers, np.asarray(positions) * scale, 8.0 * scale * np.eye(3), energy, np.zeros((len(numbers), 3))
    )


def test_random_is_uniform_and_without_replacement():
    counts = np.zeros(50)
    for seed in range(400):
        chosen = random_sample(50, 10, seed=seed)
        assert len(np.unique(chosen)) == 10
        counts[chosen] += 1
    # Binomial(400, 0.2): mean 80, standard deviation 8.
    assert abs(counts - 80).max() < 4.5 * 8


def test_flat_histogram_takes_one_frame_of_every_bin_of_equal_width():
    energies = np.random.default_rng(0).normal(size=200_000)
    chosen = flat_histogram_sample(energies, 100, seed=3)
    edges = np.linspace(energies.min(), energies.max(), 101)
    per_bin, _ = np.histogram(energies[chosen], edges)
    occupied, _ = np.histogram(energies, edges)
    assert per_bin.max() == 1
    np.testing.assert_array_equal(per_bin == 1, occupied > 0)
    assert len(chosen) == (occupied > 0).sum() < 100


def test_flat_histogram_flattens_a_skewed_distribution():
    energies = np.random.default_rng(1).exponential(size=100_000)
    energies = energies[energies < 5.0]
    chosen = flat_histogram_sample(energies, 200)
    # One in every fortieth of an electronvolt: uniform from 0 to 5, of mean 2.5; that of the frames is 0.97.
    assert energies.mean() < 1.0
    assert energies[chosen].mean() == pytest.approx(2.5, abs=0.02)
    ks = np.abs(np.sort(energies[chosen]) / 5.0 - np.arange(1, len(chosen) + 1) / len(chosen)).max()
    assert ks < 0.01


def test_within_a_bin_every_frame_is_equally_likely():
    energies = np.array([0.0, 0.1, 0.2, 0.3, 1.0])  # two bins: four frames, and one
    drawn = [flat_histogram_sample(energies, 2, seed=seed) for seed in range(2000)]
    assert all(sample[1] == 4 for sample in drawn)
    counts = np.bincount([sample[0] for sample in drawn], minlength=4)
    # Binomial(2000, 1/4): mean 500, standard deviation 19.4.
    assert abs(counts - 500).max() < 4.5 * 19.4


def test_empty_bins_give_fewer_samples_as_in_the_paper():
    # Half the range holds no frame at all.
    energies = np.concatenate([np.linspace(0, 1, 5000), np.linspace(3, 4, 5000)])
    assert len(flat_histogram_sample(energies, 1000)) == pytest.approx(500, abs=2)


def test_equal_energies_are_one_bin():
    assert len(flat_histogram_sample(np.full(20, -3.0), 5)) == 1


def test_test_set_has_bins_of_its_own_over_what_is_left():
    energies = np.random.default_rng(5).normal(size=20_000)
    train, test, rest = flat_histogram_train_test(energies, 300, 40, seed=2)
    assert len(np.intersect1d(train, test)) == 0
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test, rest])), np.arange(20_000))
    left = np.setdiff1d(np.arange(20_000), train)
    edges = np.linspace(energies[left].min(), energies[left].max(), 41)
    per_bin, _ = np.histogram(energies[test], edges)
    occupied, _ = np.histogram(energies[left], edges)
    np.testing.assert_array_equal(per_bin, (occupied > 0).astype(int))
    # The training set took the outermost frames, so the bins had to be made anew.
    assert energies[left].max() < energies.max()


def test_random_train_and_test_share_nothing():
    train, test, rest = random_train_test(100, 70, 10, seed=4)
    assert (len(train), len(test), len(rest)) == (70, 10, 20)
    assert len(np.unique(np.concatenate([train, test, rest]))) == 100


@pytest.mark.parametrize("n", [0, 11])
def test_samples_that_cannot_be_drawn(n):
    for draw in (lambda: random_sample(10, n), lambda: flat_histogram_sample(np.arange(10.0), n)):
        with pytest.raises(InputError, match="ask for"):
            draw()


def test_energy_that_is_not_finite_is_named():
    with pytest.raises(InputError, match="energy of frame 1 "):
        flat_histogram_sample(np.array([0.0, np.nan, 1.0]), 2)


def test_farthest_points_of_a_line_are_its_ends_then_its_middle():
    line = np.linspace(0, 1, 101)[:, None]
    chosen = farthest_point_sample(line, 5)
    assert set(chosen[:2]) == {0, 100}
    assert chosen[2] == 50
    assert set(chosen[3:]) == {25, 75}


def test_farthest_points_find_the_rare_cluster_that_random_ones_miss():
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(size=(10_000, 3)) * 0.1, random.normal(size=(3, 3)) * 0.1 + 5.0])
    chosen = farthest_point_sample(points, 10)
    assert (chosen >= 10_000).any()
    assert (random_sample(len(points), 10) < 10_000).all()


def test_farthest_points_stop_where_all_frames_are_taken_or_equal():
    assert len(farthest_point_sample(np.repeat(np.eye(3), 4, axis=0), 12)) == 3


def test_descriptor_ignores_rotation_order_and_repetition():
    random = np.random.default_rng(3)
    numbers = np.array([30] * 2 + [7] * 6)
    one = frame(numbers=numbers, positions=random.uniform(0, 8, (8, 3)))
    describe = NeighbourHistograms(["N", "Zn"])
    expected = describe.compute(one)
    order = random.permutation(8)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turned = LabelledFrame(
        one.numbers[order], one.positions[order] @ turn.T, one.cell @ turn.T, 0.0, np.zeros((8, 3))
    )
    np.testing.assert_allclose(describe.compute(turned), expected, atol=1e-9)
    from_atoms = one.to_atoms() * (2, 1, 1)
    np.testing.assert_allclose(describe.compute(from_atoms), expected, atol=1e-9)


def test_descriptor_counts_the_neighbours_of_a_known_crystal():
    from ase.build import bulk

    # Each atom of rock salt has 6 unlike neighbours at a/2; no other distance is below 2.2 Å.
    salt = bulk("ZnN", "rocksalt", a=4.0)
    describe = NeighbourHistograms(["N", "Zn"], r_max_A=2.5)
    means = describe.compute(salt)[: describe.n_components // 2].reshape(2, 2, -1)
    weight = 0.5 * (1 + np.cos(np.pi * 2.0 / 2.5))
    np.testing.assert_allclose(means.sum(axis=2), weight * np.array([[0, 6], [6, 0]]), atol=1e-9)


def test_descriptor_sees_one_atom_that_lost_its_neighbour():
    base = np.stack(np.meshgrid([1, 5], [1, 5], [1, 5]), -1).reshape(-1, 3)
    positions = np.concatenate([base, base + np.array([2, 0, 0])]).astype(float)
    numbers = [30] * 8 + [7] * 8
    moved = positions.copy()
    moved[8] += [1.2, 0.9, 0.0]
    describe = NeighbourHistograms(["N", "Zn"])
    thermal = positions + np.random.default_rng(0).normal(size=positions.shape) * 0.02
    kept, lost, warm = (
        describe.compute(frame(numbers=numbers, positions=p)) for p in (positions, moved, thermal)
    )
    assert np.linalg.norm(lost - kept) > 3 * np.linalg.norm(warm - kept)


def test_unknown_element_is_named():
    with pytest.raises(InputError, match="atom 0 "):
        NeighbourHistograms(["H"]).compute(frame())


def test_frames_of_different_compositions_have_no_common_energy():
    same = Dataset.from_frames([frame(1.0), frame(4.0, numbers=(30, 30, 7, 7))])
    np.testing.assert_allclose(comparable_energies(same), [0.5, 1.0])
    with pytest.raises(InputError, match="no common energy axis"):
        comparable_energies(Dataset.from_frames([frame(1.0), frame(1.0, numbers=(30, 7, 7))]))


def test_frames_are_described_one_at_a_time():
    dataset = Dataset.from_frames([frame(scale=scale) for scale in (1.0, 1.01, 1.1)])
    rows = describe_frames(dataset)
    assert rows.shape == (3, NeighbourHistograms(["N", "Zn"]).n_components)
    assert np.linalg.norm(rows[2] - rows[0]) > np.linalg.norm(rows[1] - rows[0]) > 0
