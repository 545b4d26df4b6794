"""Clusters of environments, which make a POD potential's coefficients depend on where an atom is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.cluster.vq import kmeans2

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.training.pod_descriptors import PODDescriptors

MAX_FRAMES = 60
"""Evenly spaced frames from which the clusters are found, at most."""


def find_clusters(parameters: PODParameters, dataset: Dataset, *, seed: int) -> PODCoefficients:
    """Find the clusters of environments of each element.

    The descriptors of an element's atoms are projected on their principal components, each scaled to unit
    variance, and clustered by k-means. LAMMPS then weighs the coefficients of cluster j for an atom with
    1/d_j², normalised to a sum of one, d_j being its distance from the centroid (N. C. Nguyen, Phys. Rev. B
    107, 144103 (2023)).

    Parameters
    ----------
    parameters : PODParameters
        With `number_of_environment_clusters` above 1.
    dataset : Dataset
        Frames that hold the environments.
    seed : int
        Of k-means.

    Returns
    -------
    PODCoefficients
        Projection and centroids; the coefficients are zero.

    Raises
    ------
    InputError
        When an element has fewer atoms than clusters.
    """
    rows = np.unique(np.linspace(0, len(dataset) - 1, MAX_FRAMES).astype(int))
    descriptors = _of_elements(parameters, (dataset[int(row)] for row in rows))
    n_clusters, n_components = (
        parameters.number_of_environment_clusters,
        parameters.number_of_principal_components,
    )
    n_descriptors = next(iter(descriptors.values())).shape[1]
    projections, centroids = [], []
    for symbol in parameters.species:
        values = descriptors[symbol]
        if not len(values):
            # Never met: any finite numbers do.
            projections.append(np.zeros((n_descriptors, n_components)))
            centroids.append(np.arange(1.0, n_clusters * n_components + 1).reshape(n_clusters, n_components))
            continue
        if len(values) < n_clusters:
            raise InputError(
                f"{len(values)} atoms of {symbol} cannot make {n_clusters} clusters of environments: "
                "give more frames or fewer clusters"
            )
        projection = principal_components(values, n_components)
        found, _ = kmeans2(values @ projection, n_clusters, minit="++", seed=np.random.default_rng(seed))
        projections.append(projection)
        centroids.append(found)
    return PODCoefficients(
        np.zeros(len(parameters.species) * (1 + n_clusters * n_descriptors)),
        np.concatenate([projection.ravel() for projection in projections]),
        np.concatenate([centres.ravel() for centres in centroids]),
    )


def principal_components(values: np.ndarray, n_components: int) -> np.ndarray:
    """Return the directions of largest variance, scaled so that the variance along each is one.

    Parameters
    ----------
    values : ndarray (n_samples, n)
        Samples.
    n_components : int
        Number of directions.

    Returns
    -------
    ndarray (n, n_components)
        ``values @ projection`` has unit variances, largest original variance first.
    """
    _, sizes, directions = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    spread = sizes[:n_components] / np.sqrt(len(values))
    projection = np.zeros((values.shape[1], n_components))
    usable = spread > 1e-9 * max(float(sizes[0]), 1e-300)
    projection[:, : len(spread)][:, usable] = (directions[: len(spread)].T / np.maximum(spread, 1e-300))[
        :, usable
    ]
    return projection


def _of_elements(parameters: PODParameters, frames: Iterable[LabelledFrame]) -> dict[str, np.ndarray]:
    """Return the descriptors of the atoms of each element."""
    base = PODDescriptors(replace(parameters, number_of_environment_clusters=1))
    parts: dict[str, list[np.ndarray]] = {symbol: [] for symbol in parameters.species}
    try:
        for frame in frames:
            atoms = frame.to_atoms()
            values = base.per_atom(atoms)
            symbols = np.array(atoms.get_chemical_symbols())
            for symbol, rows in parts.items():
                rows.append(values[symbols == symbol])
    finally:
        base.close()
    return {symbol: np.concatenate(rows) for symbol, rows in parts.items()}
