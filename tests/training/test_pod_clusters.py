"""Clusters of environments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofglass.datasets import LabelledFrame
from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.pod import POD, PODModel, read_model
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.training.base import Silent
from mofglass.training.config import parse_config
from mofglass.training.data import usable_data
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.pod import PODTrainer
from mofglass.training.pod_clusters import find_clusters, principal_components
from mofglass.training.pod_descriptors import NO_STRAIN, PODDescriptors

K = 3
BASE = PODParameters(
    species=("Cu", "Au"),
    rcut=3.6,
    bessel_polynomial_degree=2,
    inverse_polynomial_degree=3,
    twobody_number_radial_basis_functions=3,
    threebody_number_radial_basis_functions=2,
    threebody_angular_degree=1,
    fourbody_number_radial_basis_functions=0,
    fourbody_angular_degree=0,
)
CLUSTERED = replace(BASE, number_of_environment_clusters=K, number_of_principal_components=2)


def test_memberships_are_inverse_squared_distances(alloy: list[LabelledFrame]) -> None:
    """Projection and centroids lie in the file as LAMMPS reads them."""
    clusters = find_clusters(CLUSTERED, Dataset.from_frames(alloy[:4]), seed=1)
    atoms = alloy[5].to_atoms()
    base = PODDescriptors(BASE).per_atom(atoms)
    n = base.shape[1]
    clustered = PODDescriptors(CLUSTERED, clusters).per_atom(atoms).reshape(len(atoms), K, n)
    projections = clusters.projection.reshape(2, n, 2)
    centroids = clusters.centroids.reshape(2, K, 2)
    for k, symbol in enumerate(atoms.get_chemical_symbols()):
        element = BASE.species.index(symbol)
        distances = np.linalg.norm(base[k] @ projections[element] - centroids[element], axis=1)
        shares = distances**-2 / np.sum(distances**-2)
        np.testing.assert_allclose(clustered[k], shares[:, None] * base[k], rtol=1e-8, atol=1e-9)


def test_rows_times_coefficients_are_what_lammps_computes(alloy: list[LabelledFrame]) -> None:
    clusters = find_clusters(CLUSTERED, Dataset.from_frames(alloy[:4]), seed=1)
    atoms = alloy[6].to_atoms()
    rows = PODDescriptors(CLUSTERED, clusters).rows(atoms)
    numbers = np.random.default_rng(2).normal(size=len(rows.energy))
    model = PODModel(parameters=CLUSTERED, coefficients=replace(clusters, coefficients=numbers))
    atoms.calc = LammpsCalculator(POD.from_model(model, Path("m")))
    assert rows.energy @ numbers == pytest.approx(atoms.get_potential_energy(), rel=1e-10)
    np.testing.assert_allclose(rows.forces @ numbers, atoms.get_forces(), atol=1e-8)
    np.testing.assert_allclose(rows.stress @ numbers, atoms.get_stress(), rtol=1e-4, atol=1e-7)


def test_training_with_clusters(alloy: list[LabelledFrame], tmp_path: Path) -> None:
    def trained(directory: Path, **pod: object) -> float:
        descriptors = {key: value for key, value in vars(BASE).items() if key != "species"}
        descriptors |= {"number_of_environment_clusters": pod.pop("clusters", 1)}
        config = parse_config(
            {
                "trainer": "pod",
                "train": "x.extxyz",
                "weights": {"stress": 0},
                "pod": {"descriptors": descriptors, "elements": ["Cu", "Au"], "curve_points": 1, **pod},
            },
            where="t",
            folder=tmp_path,
        )
        directory.mkdir()
        data = usable_data(config, Dataset.from_frames(alloy[:10]), Dataset.from_frames(alloy[10:]))
        PODTrainer().fit(config, data, directory, Silent())
        return read_learning_curve(directory)[-1].train_force_mae_meV_per_A

    one = trained(tmp_path / "one")
    three = trained(tmp_path / "three", clusters=K)
    assert three < 0.9 * one
    again = trained(tmp_path / "again", clusters=K, clusters_of=str(tmp_path / "three" / "model"))
    assert again == pytest.approx(three, rel=1e-9)
    first, second = (read_model(tmp_path / name / "model").coefficients for name in ("three", "again"))
    np.testing.assert_array_equal(first.centroids, second.centroids)
    with pytest.raises(InputError, match="has other descriptors"):
        trained(tmp_path / "other", clusters=2, clusters_of=str(tmp_path / "three" / "model"))


def test_principal_components_have_unit_variance() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(500, 4)) * [10.0, 0.1, 3.0, 0.0] + 7.0
    projected = values @ principal_components(values, 3)
    np.testing.assert_allclose(projected.std(axis=0), 1.0, rtol=1e-9)
    assert abs(np.corrcoef(projected[:, 0], values[:, 0])[0, 1]) > 0.999
    assert not principal_components(np.ones((5, 4)), 2).any()


def test_fewer_atoms_than_clusters(alloy: list[LabelledFrame]) -> None:
    many = replace(CLUSTERED, number_of_environment_clusters=5)
    with pytest.raises(InputError, match="4 atoms of Au cannot make 5 clusters"):
        find_clusters(many, Dataset.from_frames(alloy[:1]), seed=1)


def test_an_element_never_met_leaves_the_files_readable(alloy: list[LabelledFrame]) -> None:
    three = replace(CLUSTERED, species=("Cu", "Au", "Zn"))
    clusters = find_clusters(three, Dataset.from_frames(alloy[:2]), seed=1)
    rows = PODDescriptors(three, clusters).rows(alloy[0].to_atoms(), strains=NO_STRAIN)
    assert np.isfinite(rows.forces).all()
    assert isinstance(clusters, PODCoefficients)
