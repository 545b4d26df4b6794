"""Cells drawn with a prescribed stiffness give it back, with errors that cover it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from mofglass.analysis.cell_moments import CellMoments
from mofglass.analysis.elastic_tensor import ElasticTensor, voigt_to_strain
from mofglass.analysis.strain_fluctuation import StrainFluctuation
from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.units import BOLTZMANN_EV_PER_K, GPA_PER_EV_PER_A3

from .test_elastic_tensor import any_stable, cubic

T = 300.0
CELL = np.array([[15.0, 0, 0], [1.0, 16.0, 0], [0.5, -1.0, 18.0]])


def drawn_strains(stiffness_GPa: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    volume = np.linalg.det(CELL)
    compliance = np.linalg.inv(stiffness_GPa) * GPA_PER_EV_PER_A3
    return random.multivariate_normal(np.zeros(6), compliance * BOLTZMANN_EV_PER_K * T / volume, size=n)


def cells_of(strains: np.ndarray) -> np.ndarray:
    """Cells whose strain against CELL is exactly as given, without rotation."""
    values, vectors = np.linalg.eigh(np.eye(3) + 2 * voigt_to_strain(strains))
    gradient = (vectors * np.sqrt(values)[:, None, :]) @ vectors.transpose(0, 2, 1)
    return CELL @ gradient


def hexagonal() -> np.ndarray:
    c = np.diag([9.0, 9.0, 6.0, 2.0, 2.0, 2.5])
    c[0, 1] = c[1, 0] = 4.0
    c[0, 2] = c[2, 0] = c[1, 2] = c[2, 1] = 3.0
    return c


def orthorhombic() -> np.ndarray:
    c = np.diag([3.5, 2.8, 4.1, 0.7, 1.2, 0.9])
    c[0, 1] = c[1, 0] = 1.1
    c[0, 2] = c[2, 0] = 0.9
    c[1, 2] = c[2, 1] = 1.4
    return c


BODIES = {
    "isotropic": ElasticTensor.isotropic(3.0, 1.2).stiffness_GPa,
    "cubic": cubic(6.0, 3.0, 2.5),
    "hexagonal": hexagonal(),
    "orthorhombic": orthorhombic(),
    "triclinic": any_stable(7),
}


@pytest.mark.parametrize("name", BODIES)
def test_prescribed_stiffness_comes_back(name: str) -> None:
    stiffness = BODIES[name]
    strains = drawn_strains(stiffness, 20_000, np.random.default_rng(1))
    result = StrainFluctuation(T).add_cells(cells_of(strains)).result
    deviation = (result.stiffness_GPa - stiffness) / result.stiffness_error_GPa
    assert np.abs(deviation).max() < 4.0
    assert np.abs(result.stiffness_GPa - stiffness).max() < 0.05 * stiffness.max()
    exact = ElasticTensor(stiffness)
    assert result.values["bulk_modulus_GPa"] == pytest.approx(exact.hill.bulk_GPa, rel=0.04)
    # Fluctuations of the volume are those of the trace of strain: Reuss' modulus, to second order.
    assert result.values["bulk_modulus_volume_GPa"] == pytest.approx(exact.reuss.bulk_GPa, rel=0.04)
    assert result.values["bulk_modulus_reuss_GPa"] == pytest.approx(
        result.values["bulk_modulus_volume_GPa"], rel=0.02
    )
    assert result.tensor.is_stable


def correlated(stiffness: np.ndarray, n: int, memory: float, random: np.random.Generator) -> np.ndarray:
    """Strains of the same distribution, each depending on the one before (AR(1))."""
    from scipy.signal import lfilter

    kept = np.exp(-1 / memory)
    noise = drawn_strains(stiffness, n + int(10 * memory), random)
    return lfilter([np.sqrt(1 - kept**2)], [1, -kept], noise, axis=0)[int(10 * memory) :]


def test_errors_cover_the_truth_though_cells_are_correlated() -> None:
    stiffness = BODIES["orthorhombic"]
    exact = ElasticTensor(stiffness).hill
    random = np.random.default_rng(5)
    deviations = []
    for _ in range(30):
        cells = cells_of(correlated(stiffness, 4000, 5.0, random))
        result = StrainFluctuation(T).add_cells(cells).result
        deviations.append(
            [
                (result.values[name] - value) / result.errors[name]
                for name, value in (
                    ("bulk_modulus_GPa", exact.bulk_GPa),
                    ("shear_modulus_GPa", exact.shear_GPa),
                    ("young_modulus_GPa", exact.young_GPa),
                )
            ]
        )
    # Squares of an AR(1) series forget twice as fast: g = (1 + k²) / (1 - k²) with k = exp(-1/5).
    assert result.details["n_independent"] == pytest.approx(4000 / 5, rel=0.5)
    assert result.details["error_converged"]
    # Expected with sixteen blocks: 0.66 within one error, 0.94 within two.
    within = np.abs(np.array(deviations))
    assert 0.52 < (within < 1).mean() < 0.80
    assert (within < 2).mean() > 0.87


def test_a_turning_cell_is_not_strained() -> None:
    strains = drawn_strains(BODIES["triclinic"], 2000, np.random.default_rng(2))
    cells = cells_of(strains)
    slowly = Rotation.from_rotvec(np.linspace(0, 0.02, 2000)[:, None] * [0.3, -0.5, 0.8]).as_matrix()
    wildly = Rotation.random(2000, random_state=1).as_matrix()
    still = StrainFluctuation(T).add_cells(cells).result
    for turns in (slowly, wildly):
        turned = StrainFluctuation(T).add_cells(cells @ turns).result
        assert turned.values["bulk_modulus_volume_GPa"] == pytest.approx(
            still.values["bulk_modulus_volume_GPa"]
        )
        for name in (
            "bulk_modulus_GPa",
            "young_modulus_GPa",
            "universal_anisotropy",
            "shear_modulus_min_GPa",
        ):
            assert turned.values[name] == pytest.approx(still.values[name], rel=1e-6)
    # LAMMPS' orientation of every cell (a along x) gives the tensor in the axes of the mean cell.
    lower = np.linalg.cholesky(cells @ cells.transpose(0, 2, 1))
    lammps = StrainFluctuation(T).add_cells(lower).result
    assert lammps.stiffness_GPa == pytest.approx(still.stiffness_GPa, abs=0.01)


def test_the_reference_is_the_mean_cell_whatever_the_first_is() -> None:
    cells = cells_of(drawn_strains(BODIES["cubic"], 5000, np.random.default_rng(3)))
    extreme = np.argmax(np.abs(np.linalg.det(cells)))
    reordered = np.concatenate([cells[extreme : extreme + 1], np.delete(cells, extreme, axis=0)])
    a, b = (StrainFluctuation(T).add_cells(c).result for c in (cells, reordered))
    assert b.stiffness_GPa == pytest.approx(a.stiffness_GPa, rel=1e-6, abs=1e-6)
    assert a.details["mean_cell"][:3] == pytest.approx(np.linalg.norm(CELL, axis=1), rel=1e-3)


def test_chunks_do_not_matter_and_memory_is_constant() -> None:
    cells = cells_of(drawn_strains(BODIES["cubic"], 3000, np.random.default_rng(4)))
    whole, parts = CellMoments(), CellMoments()
    whole.add(cells)
    for start in range(0, 3000, 7):
        parts.add(cells[start : start + 7])
    assert parts.block_length == whole.block_length == 16
    assert parts.block_sums == pytest.approx(whole.block_sums, rel=1e-12)
    assert len(whole.block_sums) <= 256
    assert sum(whole.grouped(10)[:, 0]) == 3000


def test_frames_of_a_trajectory_give_the_same_as_cells() -> None:
    cells = cells_of(drawn_strains(BODIES["cubic"], 64, np.random.default_rng(6)))
    frames = [
        Frame(numbers=np.array([18]), positions=np.zeros((1, 3)), cell=cell, index=k, time_ps=0.5 * k)
        for k, cell in enumerate(cells)
    ]
    by_frame = StrainFluctuation(T).compute(frames).result
    at_once = StrainFluctuation(T).add_cells(cells, 0.5 * np.arange(64)).result
    assert by_frame.stiffness_GPa == pytest.approx(at_once.stiffness_GPa)
    assert by_frame.details["length_ps"] == pytest.approx(31.5)
    assert by_frame.values["mean_density_g_per_cm3"] == pytest.approx(0.01536, rel=0.01)


def test_convergence_ends_at_the_result() -> None:
    cells = cells_of(drawn_strains(BODIES["cubic"], 20_000, np.random.default_rng(8)))
    result = StrainFluctuation(T).add_cells(cells, 0.01 * np.arange(20_000)).result
    convergence = result.convergence
    assert convergence is not None
    assert convergence.timed
    assert convergence.time_ps[-1] == pytest.approx(199.99)
    assert convergence.stiffness_GPa[-1] == pytest.approx(result.stiffness_GPa)
    assert np.isnan(convergence.stiffness_GPa[0]).all()
    assert {"elasticity", "elasticity_stiffness", "elasticity_convergence"} == set(result.tables())
    assert len(result.panels()) == 3


def test_a_volume_that_alone_is_free_gives_only_the_bulk_modulus() -> None:
    random = np.random.default_rng(9)
    kt, volume, bulk = BOLTZMANN_EV_PER_K * T, np.linalg.det(CELL), 2.5
    drawn = volume * (1 + random.normal(size=20_000) * np.sqrt(kt / volume / bulk * GPA_PER_EV_PER_A3))
    cells = CELL * np.cbrt(drawn / volume)[:, None, None]
    result = StrainFluctuation(T).add_cells(cells).result
    assert result.method == "volume fluctuation"
    assert result.details["free_strains"] == 1
    assert result.values["bulk_modulus_GPa"] == pytest.approx(bulk, rel=0.04)
    assert np.isnan(result.stiffness_GPa).all()
    assert result.summary()["mechanically_stable"] is None
    assert any("only the bulk modulus" in note for note in result.notes)


def test_notes_warn_of_drift_and_of_too_few_cells() -> None:
    strains = drawn_strains(BODIES["cubic"], 60, np.random.default_rng(10))
    few = StrainFluctuation(T).add_cells(cells_of(strains)).result
    assert any("overestimate" in note for note in few.notes)
    strains = drawn_strains(BODIES["cubic"], 4000, np.random.default_rng(11))
    strains[:, :3] += np.linspace(0, 0.05, 4000)[:, None]
    drifting = StrainFluctuation(T).add_cells(cells_of(strains)).result
    assert any("drifts" in note for note in drifting.notes)


def test_glasses_are_averaged_with_their_spread() -> None:
    random = np.random.default_rng(12)
    bodies = [ElasticTensor.isotropic(k, 1.0).stiffness_GPa for k in (2.0, 3.0, 4.0)]
    results = [
        StrainFluctuation(T).add_cells(cells_of(drawn_strains(body, 10_000, random))).result
        for body in bodies
    ]
    together = type(results[0]).combine(results)
    assert together.values["bulk_modulus_GPa"] == pytest.approx(3.0, rel=0.03)
    assert together.spread["bulk_modulus_GPa"] == pytest.approx(1.0, rel=0.1)
    assert together.errors["bulk_modulus_GPa"] == pytest.approx(1 / 3**0.5, rel=0.1)
    assert results[0].errors["bulk_modulus_GPa"] < 0.1
    assert len(together.tables()["elasticity_glasses"]) == 3


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (np.repeat(CELL[None], 100, axis=0), "does not change"),
        (np.repeat(CELL[None], 3, axis=0), "at least 16"),
        (np.array([CELL, CELL * 1.5]), "frame 1: the cell is strained"),
    ],
)
def test_cells_that_say_nothing_are_refused(cells: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _ = StrainFluctuation(T).add_cells(cells).result
    with pytest.raises(InputError, match="temperature"):
        StrainFluctuation(0.0)


def test_a_hundred_thousand_cells_take_a_second() -> None:
    cells = np.tile(cells_of(drawn_strains(BODIES["cubic"], 10_000, np.random.default_rng(13))), (10, 1, 1))
    begin = time.process_time()
    StrainFluctuation(T).add_cells(cells)
    # 0.3 s of a quiet core; the limit allows for a crowded one.
    assert time.process_time() - begin < 2.0


def test_an_atom_alone_needs_no_positions() -> None:
    atoms = Atoms("Ar", cell=CELL, pbc=True)
    with pytest.raises(InputError, match="at least 16"):
        _ = StrainFluctuation(T).compute([atoms] * 4).result
