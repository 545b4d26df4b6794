"""Local density of fields whose unevenness is known: random, regular, in layers, in two phases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import get_distances
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import LocalDensity, LocalDensityResult
from mofglass.analysis.density_boxes import autocovariance, box_distances_A, box_of_atoms
from mofglass.analysis.density_slices import draw_slices, write_slices
from mofglass.cli import main
from mofglass.errors import InputError
from mofglass.topology.binning import cell_heights

SHEARED = np.array([[20.0, 0, 0], [6.0, 18.0, 0], [-4.0, 5.0, 22.0]])


def gas(seed: int, n: int = 500, cell: np.ndarray | float = 20.0) -> Atoms:
    cell = np.eye(3) * cell if np.isscalar(cell) else np.asarray(cell)
    return Atoms(f"Zn{n}", np.random.default_rng(seed).random((n, 3)) @ cell, cell=cell, pbc=True)


def test_counts_of_a_sheared_cell() -> None:
    atoms = gas(0, cell=SHEARED)
    atoms.positions += SHEARED[0] * 3 - SHEARED[2]
    counts = np.bincount(box_of_atoms(atoms.positions, SHEARED, (3, 4, 5)), minlength=60).reshape(3, 4, 5)
    expected = np.zeros((3, 4, 5), dtype=int)
    for a, b, c in atoms.get_scaled_positions(wrap=True):
        expected[int(a * 3), int(b * 4), int(c * 5)] += 1
    np.testing.assert_array_equal(counts, expected)


def test_an_atom_just_below_zero_is_in_a_box() -> None:
    assert box_of_atoms(np.array([[-1e-17, 0.0, 10.0]]), np.eye(3) * 10, (2, 2, 2)).tolist() == [0]


def test_autocovariance_is_the_double_loop() -> None:
    field = np.random.default_rng(1).normal(size=(3, 4, 2))
    field -= field.mean()
    expected = np.zeros_like(field)
    for shift in np.ndindex(field.shape):
        for place in np.ndindex(field.shape):
            other = tuple((np.array(place) + shift) % field.shape)
            expected[shift] += field[place] * field[other] / field.size
    np.testing.assert_allclose(autocovariance(field), expected, atol=1e-13)


def test_distances_are_to_the_nearest_image() -> None:
    grid = (4, 5, 3)
    fractions = np.stack(np.meshgrid(*(np.arange(n) / n for n in grid), indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    _, expected = get_distances(np.zeros((1, 3)), fractions @ SHEARED, cell=SHEARED, pbc=True)
    np.testing.assert_allclose(box_distances_A(SHEARED, grid).ravel(), expected[0], atol=1e-9)


def test_heights_are_volume_over_face() -> None:
    faces = [np.cross(SHEARED[(k + 1) % 3], SHEARED[(k + 2) % 3]) for k in range(3)]
    expected = np.linalg.det(SHEARED) / np.linalg.norm(faces, axis=1)
    np.testing.assert_allclose(cell_heights(SHEARED), expected)


def test_random_atoms_disperse_as_the_binomial_law_says() -> None:
    """n boxes: variance/mean = 1 - 1/n, and C = -1/(n - 1) at any distance."""
    result = LocalDensity().compute([gas(seed) for seed in range(200)]).result
    n = 64
    numbers = result.numbers
    assert result.fields_per_A3[0].shape == (4, 4, 4)
    assert numbers["mean_atoms_per_box"] == pytest.approx(500 / n)
    assert abs(numbers["dispersion_index"] - (1 - 1 / n)) < 4 * numbers["dispersion_index_error"] < 0.08
    assert numbers["relative_deviation"] == pytest.approx(np.sqrt((1 - 1 / n) * n / 500), rel=0.03)
    assert result.autocorrelation[0] == 1
    deviation = (result.autocorrelation[1:] + 1 / (n - 1)) / result.autocorrelation_error[1:]
    assert np.abs(deviation).max() < 4
    assert result.autocorrelation_error[1:].max() < 0.02
    # The distribution is Poisson's but for 1/n.
    mean = 500 / n
    poisson = np.exp(-mean) * mean ** np.arange(12) / np.cumprod(np.r_[1, np.arange(1, 12)])
    np.testing.assert_allclose(result.probability[:12], poisson, atol=0.01)
    assert result.probability.sum() == pytest.approx(1)


def test_a_regular_lattice_is_even() -> None:
    points = np.stack(np.meshgrid(*(np.arange(4) * 5.0 + 2.5,) * 3), axis=-1).reshape(-1, 3)
    result = LocalDensity().compute(Atoms("Zn64", points, cell=[20] * 3, pbc=True)).result
    assert result.numbers["dispersion_index"] == 0
    np.testing.assert_allclose(result.probability, [0, 1])
    assert np.isnan(result.autocorrelation).all()
    np.testing.assert_allclose(result.fields_per_A3[0], 1 / 125)
    json.dumps(result.summary())


def test_layers_correlate_as_they_are_planted() -> None:
    """Eight layers along c of 3 and 1 atoms a box in turn: C is +1 within a layer, -1 to the next."""
    points = []
    for a, b, c in np.ndindex(8, 8, 8):
        points += [[5 * a + 1 + k, 5 * b + 2, 5 * c + 2] for k in range(3 if c % 2 else 1)]
    cell = np.array([40.0, 40.0, 40.0])
    result = LocalDensity().compute(Atoms(f"Zn{len(points)}", points, cell=cell, pbc=True)).result
    assert result.numbers["mean_atoms_per_box"] == 2
    assert result.numbers["variance_atoms_per_box"] == 1
    assert result.numbers["dispersion_index"] == 0.5
    # One edge apart (up to 1.49 edges: faces and edges): 4 faces and 4 edges in the layer, 2 and 8 across.
    assert result.autocorrelation[1] == pytest.approx((8 - 10) / 18)
    np.testing.assert_allclose(result.fields_per_A3[0][:, :, 1], 3 / 125)
    np.testing.assert_allclose(result.fields_per_A3[0][:, :, 0], 1 / 125)


def two_phases(seed: int) -> Atoms:
    random = np.random.default_rng(seed)
    dense, thin = random.random((900, 3)) * [20, 40, 40], random.random((300, 3)) * [20, 40, 40] + [20, 0, 0]
    return Atoms("Zn1200", np.vstack((dense, thin)), cell=[40] * 3, pbc=True)


def test_two_phases_are_uneven_and_correlated() -> None:
    result = LocalDensity().compute([two_phases(seed) for seed in range(20)]).result
    assert result.numbers["dispersion_index"] > 1.3
    assert 0.1 < result.autocorrelation[1] < 0.5
    assert result.autocorrelation[4] < 0.05
    field = result.fields_per_A3[0]
    assert field[:4].mean() / field[4:].mean() == pytest.approx(3, rel=0.01)


def test_field_averages_to_the_density_at_any_volume() -> None:
    frames = [gas(0, cell=20.0), gas(1, cell=22.0)]
    result = LocalDensity().compute(frames).result
    assert result.fields_per_A3[0].mean() == pytest.approx((500 / 20**3 + 500 / 22**3) / 2)
    np.testing.assert_allclose(result.edges_A[0], 21 / 4)


def test_the_mass_field_holds_the_mass_of_each_box() -> None:
    """One Zn in the first of two boxes of 5 Å, one C and one H in the second: u/Å³ are 1.66054 g/cm³."""
    atoms = Atoms("ZnCH", [[2, 2, 2], [7, 1, 1], [8, 3, 3]], cell=[10, 5, 5], pbc=True)
    (field,) = LocalDensity().compute(atoms).result.fields_g_per_cm3
    zinc, carbon, hydrogen = atoms.get_masses()
    expected = np.array([zinc, carbon + hydrogen]) / 125.0 * 1.66053907
    np.testing.assert_allclose(field.ravel(), expected, rtol=1e-6)


def test_supercell_is_as_uneven_as_its_cell() -> None:
    one, eight = LocalDensity().compute(gas(0)).result, LocalDensity().compute(gas(0) * 2).result
    assert eight.numbers["dispersion_index"] == pytest.approx(one.numbers["dispersion_index"])
    np.testing.assert_allclose(eight.probability, one.probability)
    np.testing.assert_allclose(eight.fields_per_A3[0], np.tile(one.fields_per_A3[0], (2, 2, 2)))


def test_one_element_only() -> None:
    result = LocalDensity(element="Zn").compute(structures.load("ZIF-4")).result
    assert result.numbers["mean_atoms_per_box"] == pytest.approx(16 / 36)
    assert "Zn atoms" in result.panels()[0].x_label


def test_glasses_are_averaged() -> None:
    glasses = [LocalDensity().compute(gas(seed)).result for seed in range(30)]
    mean = LocalDensityResult.combine(glasses)
    values = [glass.numbers["dispersion_index"] for glass in glasses]
    assert mean.numbers["dispersion_index"] == pytest.approx(np.mean(values))
    assert mean.numbers["dispersion_index_error"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(30))
    assert (mean.n_glasses, len(mean.fields_g_per_cm3)) == (30, 30)
    assert mean.probability.sum() == pytest.approx(1)
    assert len(mean.tables()["local_density_field"]) == 30 * 64
    assert LocalDensityResult.combine(glasses[:1]) is glasses[0]


def test_slices_show_the_field(tmp_path: Path) -> None:
    result = LocalDensity().compute(two_phases(0)).result
    figure = draw_slices(result, along="b")
    maps = [ax.images[0] for ax in figure.axes if ax.images]
    assert len(maps) == 8
    for k, drawn in enumerate(maps):
        np.testing.assert_allclose(np.asarray(drawn.get_array()), result.fields_g_per_cm3[0][:, k, :].T)
        assert drawn.get_clim() == (result.fields_g_per_cm3[0].min(), result.fields_g_per_cm3[0].max())
    assert figure.axes[0].get_xlabel() or figure.axes[4].get_xlabel() == "along a (Å)"
    assert [path.name for path in write_slices(result, tmp_path)] == ["local_density_slices.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["local_density_slices.png"]
    with pytest.raises(InputError, match="a, b or c"):
        draw_slices(result, along="x")
    with pytest.raises(InputError, match="no glass 1"):
        draw_slices(result, glass=1)
    with pytest.raises(InputError, match="cannot be written"):
        write_slices(result, tmp_path / "absent")


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="positive length"):
        LocalDensity(edge_A=0)
    with pytest.raises(InputError, match="symbol"):
        LocalDensity(element="Q")
    with pytest.raises(InputError, match="one box"):
        LocalDensity(edge_A=50).compute(gas(0))
    with pytest.raises(InputError, match="holds no N"):
        LocalDensity(element="N").compute(gas(0))


def test_command(tmp_path: Path) -> None:
    words = ["analyse", "local-density", "ZIF-4", "--json", "-o", str(tmp_path), "--slices-along", "a"]
    summary = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert summary["boxes"] == [3, 4, 3]
    assert summary["mean_atoms_per_box"] == pytest.approx(272 / 36)
    assert (tmp_path / "local_density_slices.png").is_file()
    assert (tmp_path / "local_density_field.csv").is_file()
