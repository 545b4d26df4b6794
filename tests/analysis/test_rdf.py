"""Radial distribution functions with known answers, and beside freud and ASE."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass.analysis import RDF, NotComputedError
from mofglass.analysis.rdf import first_shell
from mofglass.errors import InputError

TRICLINIC = np.array([[20.0, 0.0, 0.0], [6.0, 18.0, 0.0], [-5.0, 4.0, 17.0]])


def random_frames(n_frames: int, *, seed: int = 0, breathe: float = 0.0) -> list[Atoms]:
    random = np.random.default_rng(seed)
    numbers = np.repeat([1, 7, 30], [300, 200, 100])
    frames = []
    for _ in range(n_frames):
        cell = TRICLINIC * (1 + breathe * random.uniform(-1, 1))
        frames.append(Atoms(numbers, scaled_positions=random.uniform(size=(600, 3)), cell=cell, pbc=True))
    return frames


@pytest.mark.parametrize("breathe", [0.0, 0.05])
def test_random_points_are_one_for_every_partial(breathe: float) -> None:
    # Beyond half the box too: r_max = 12 Å where the box is 17 Å high.
    result = RDF(r_max_A=12.0, bin_width_A=0.5).compute(random_frames(60, breathe=breathe)).result
    n_of = {"H": 300, "N": 200, "Zn": 100}
    for a, b in result.pairs:
        g, error = result.g[f"{a}-{b}"], result.g_error[f"{a}-{b}"]
        # Of N points at random, each has N - 1 others; its own images come in only as whole cells.
        expected = 1 - 1 / n_of[a] if a == b else 1.0
        far = slice(4, None)
        assert np.abs(g[far].mean() - expected) < 0.01
        pulls = (g[far] - expected) / error[far]
        assert np.abs(pulls).max() < 6
        # The error bars say how large the scatter is.
        assert 0.5 < np.sqrt(np.mean(pulls**2)) < 1.7
    np.testing.assert_allclose(result.g["total"][4:], 1.0, atol=0.02)


def test_diamond_shells() -> None:
    atoms = bulk("C", "diamond", a=3.567, cubic=True)
    result = RDF(r_max_A=5.0, bin_width_A=0.01).compute(atoms).result
    counts = np.diff(result.running_coordination["C", "C"], prepend=0.0)
    shells = np.flatnonzero(counts)
    np.testing.assert_allclose(counts[shells], [4, 12, 12, 6, 12, 24, 16])
    np.testing.assert_allclose(
        result.r_A[shells], 3.567 * np.sqrt(np.array([3, 8, 11, 16, 19, 24, 27]) / 16), atol=0.006
    )


def test_fcc_shells_in_a_primitive_cell() -> None:
    result = RDF(r_max_A=6.5, bin_width_A=0.01).compute(bulk("Cu", "fcc", a=3.597)).result
    counts = np.diff(result.running_coordination["Cu", "Cu"], prepend=0.0)
    np.testing.assert_allclose(counts[counts > 0], [12, 6, 24, 12, 24, 8])


def test_a_supercell_has_the_same_g() -> None:
    random = np.random.default_rng(3)
    cell = np.array([[6.0, 0.0, 0.0], [1.0, 7.0, 0.0], [2.0, -1.0, 5.0]])
    atoms = Atoms("Zn4N8", scaled_positions=random.uniform(size=(12, 3)), cell=cell, pbc=True)
    one = RDF(r_max_A=9.0).compute(atoms).result
    eight = RDF(r_max_A=9.0).compute(atoms * 2).result
    for label in one.g:
        # A distance at the edge of a bin may fall to either side of it.
        np.testing.assert_allclose(
            np.cumsum(one.g[label])[50::50], np.cumsum(eight.g[label])[50::50], rtol=1e-3
        )


def test_the_volume_of_each_frame_counts() -> None:
    # Ideal gas of two densities: with one mean volume g would not be 1.
    random = np.random.default_rng(4)
    frames = [
        Atoms("Ar1000", scaled_positions=random.uniform(size=(1000, 3)), cell=[edge] * 3, pbc=True)
        for edge in [20.0, 40.0] * 5
    ]
    result = RDF(r_max_A=9.0, bin_width_A=1.0).compute(frames).result
    np.testing.assert_allclose(result.g["Ar-Ar"][3:], 0.999, atol=0.012)


def test_running_number_both_ways_round() -> None:
    result = RDF(r_max_A=6.0).compute(random_frames(1)).result
    np.testing.assert_allclose(
        result.running_coordination["Zn", "N"] * 100, result.running_coordination["N", "Zn"] * 200
    )


def test_pairs_may_be_chosen() -> None:
    result = RDF(r_max_A=6.0, pairs=[("N", "Zn")]).compute(random_frames(1)).result
    assert result.pairs == (("N", "Zn"),)
    whole = RDF(r_max_A=6.0).compute(random_frames(1)).result
    np.testing.assert_array_equal(result.g["N-Zn"], whole.g["Zn-N"])


def test_parts_merge_to_the_whole() -> None:
    frames = random_frames(9)
    whole = RDF(r_max_A=6.0, bin_width_A=0.5).compute(frames).result
    first, second = RDF(r_max_A=6.0, bin_width_A=0.5), RDF(r_max_A=6.0, bin_width_A=0.5)
    merged = first.compute(frames[:4]).merge(second.compute(frames[4:])).result
    assert merged.n_frames == 9
    for label in whole.g:
        np.testing.assert_allclose(merged.g[label], whole.g[label], rtol=1e-12)


def test_too_early() -> None:
    with pytest.raises(NotComputedError, match="no frame"):
        _ = RDF().result


def test_missing_element_is_named() -> None:
    with pytest.raises(InputError, match="no Co, only H, N, Zn"):
        RDF(pairs=[("Co", "N")]).compute(random_frames(1))


def test_changed_atoms_are_refused() -> None:
    frames = [*random_frames(1), Atoms("H", cell=[5.0] * 3, pbc=True)]
    with pytest.raises(InputError, match="frame 1: its atoms"):
        RDF().compute(frames)


def test_table_has_units_and_errors() -> None:
    table = RDF(r_max_A=6.0, pairs=[("Zn", "N")]).compute(random_frames(3)).result.to_dataframe()
    assert list(table) == [
        "r_A", "r_upper_A", "g_Zn-N", "g_Zn-N_error",
        "n_N_around_Zn", "n_N_around_Zn_error", "n_Zn_around_N", "n_Zn_around_N_error",
    ]  # fmt: skip
    assert np.isfinite(table["g_Zn-N_error"]).all()


def test_first_shell_of_two_gaussians() -> None:
    r = (np.arange(500) + 0.5) * 0.02
    g = 20 * np.exp(-(((r - 2.0) / 0.1) ** 2)) + 3 * np.exp(-(((r - 4.2) / 0.2) ** 2)) + (r > 5)
    peak, minimum = first_shell(g, 0.02)
    assert peak is not None
    assert minimum is not None
    assert abs(r[peak] - 2.0) < 0.03
    assert 2.5 < r[minimum] < 3.7


@pytest.mark.parametrize("bin_width", [0.01, 0.02, 0.05, 0.1])
def test_a_noisy_flank_does_not_end_the_shell(bin_width: float) -> None:
    """Sixteen Zn in 60 frames: a broad first shell, g about 1 on its flank, the minimum at 6.9 Å."""
    edges = np.arange(0, 10 + bin_width / 2, bin_width)
    r = (edges[1:] + edges[:-1]) / 2
    true = 3.0 * np.exp(-0.5 * ((r - 6.0) / 0.3) ** 2) + 1.2 / (1 + np.exp(-(r - 7.6) / 0.15))
    expected = 60 * 16 * 16 / 4250 * 4 / 3 * np.pi * np.diff(edges**3)
    for seed in range(20):
        counts = np.random.default_rng(seed).poisson(true * expected)
        g = counts / expected
        error = np.sqrt(np.maximum(counts, 1)) / expected
        _, minimum = first_shell(g, bin_width, g_error=error)
        assert minimum is not None
        assert abs(r[minimum] - 6.95) < 0.25, seed


def test_first_shell_of_nothing() -> None:
    assert first_shell(np.zeros(50), 0.02) == (None, None)


def test_as_freud() -> None:
    freud = pytest.importorskip("freud")
    atoms = random_frames(1)[0]
    box = freud.Box.from_matrix(np.asarray(atoms.cell).T)
    reference = freud.density.RDF(bins=70, r_max=7.0, normalization_mode="exact")
    reference.compute((box, atoms.get_positions(wrap=True)), reset=True)
    result = RDF(r_max_A=7.0, bin_width_A=0.1).compute(atoms).result
    # freud works in single precision: a few pairs fall on the other side of an edge.
    shell = np.diff((np.arange(71) * 0.1) ** 3)
    ours, theirs = np.cumsum(result.g["total"] * shell), np.cumsum(reference.rdf * shell)
    np.testing.assert_allclose(ours[10:], theirs[10:], rtol=2e-3)


def test_as_ase() -> None:
    from ase.geometry.analysis import get_rdf

    atoms = random_frames(1)[0]
    expected, _ = get_rdf(atoms, 7.0, 70, elements=(30, 7))
    result = RDF(r_max_A=7.0, bin_width_A=0.1).compute(atoms).result
    # ASE's bins weigh a thin shell, 4 π r² dr, where ours are exact: they differ by (dr / r)² / 12.
    n = np.searchsorted(result.r_A, 2.0)
    np.testing.assert_allclose(result.g["Zn-N"][n:], expected[n:], rtol=2e-3)


def test_a_few_close_pairs_are_no_shell() -> None:
    """One pair in sixteen atoms (an eighth of a neighbour each) before a shell of four."""
    r = (np.arange(500) + 0.5) * 0.02
    g = 3.0 * np.exp(-((r - 4.6) ** 2) / 0.005) + 8.0 * np.exp(-((r - 6.0) ** 2) / 0.02) + (r > 6.8)
    running = 0.125 * (r > 4.6) + 3.875 * (r > 6.0) + 5.0 * np.clip(r - 6.8, 0, None)
    peak, minimum = first_shell(g, 0.02)
    assert r[peak] == pytest.approx(4.6, abs=0.05)
    peak, minimum = first_shell(g, 0.02, running_coordination=running)
    assert r[peak] == pytest.approx(6.0, abs=0.05)
    assert minimum is not None
    assert running[minimum] == pytest.approx(4.0)


def test_r_max_has_a_limit() -> None:
    with pytest.raises(InputError, match="up to 200 Å"):
        RDF(r_max_A=1e5)
