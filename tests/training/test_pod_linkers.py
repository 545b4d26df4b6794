"""POD fitted together with bonded terms of the linkers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mofglass.datasets import LabelledFrame
from mofglass.datasets.dataset import Dataset
from mofglass.errors import InputError
from mofglass.potentials.calculator import LammpsCalculator
from mofglass.potentials.linker_terms import N_FREE, LinkerTerms, bonds_that_hold
from mofglass.potentials.pod import POD, PODModel, read_model
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.potentials.repulsion import BENDS_WALL, Walls
from mofglass.structures import load
from mofglass.training.base import Silent
from mofglass.training.config import TrainingConfig, parse_config
from mofglass.training.data import usable_data
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.pod import PODTrainer
from mofglass.training.rigid_motion import rigid_forces

DESCRIPTORS = {
    "rcut": 3.5,
    "bessel_polynomial_degree": 2,
    "inverse_polynomial_degree": 2,
    "twobody_number_radial_basis_functions": 3,
    "threebody_number_radial_basis_functions": 1,
    "threebody_angular_degree": 1,
    "fourbody_number_radial_basis_functions": 0,
    "fourbody_angular_degree": 0,
}
PARAMETERS = PODParameters(species=("H", "C", "N", "Zn"), **DESCRIPTORS)


def teacher() -> PODModel:
    """A potential with linker terms, of random numbers."""
    rng = np.random.default_rng(11)
    n = 4 * (1 + PARAMETERS.n_descriptors_through_fourbody)
    return PODModel(
        parameters=PARAMETERS,
        coefficients=PODCoefficients.linear(0.05 * rng.normal(size=n)),
        linker_terms=LinkerTerms.from_free(np.maximum(rng.normal(size=N_FREE), bonds_that_hold())),
    )


@pytest.fixture(scope="module")
def labelled() -> list[LabelledFrame]:
    """Rattled ZIF-4, labelled by the teacher."""
    calculator = LammpsCalculator(POD.from_model(teacher(), Path("teacher")))
    frames = []
    for seed in range(6):
        atoms = load("ZIF-4")
        atoms.rattle(0.04, seed=seed)
        atoms.set_cell(atoms.cell.array * (0.98 + 0.01 * seed), scale_atoms=True)
        atoms.calc = calculator
        frames.append(LabelledFrame.from_atoms(atoms, source="ZIF-4"))
    return frames


def configuration(tmp_path: Path) -> TrainingConfig:
    pod = {
        "descriptors": DESCRIPTORS,
        "linker_terms": True,
        "curve_points": 1,
        "block": 1,
        "stress_directions": 2,
        "max_force_eV_per_A": None,
        "cache": str(tmp_path / "blocks"),
    }
    return parse_config({"trainer": "pod", "train": "x.extxyz", "pod": pod}, where="t", folder=tmp_path)


def fit(
    config: TrainingConfig, train: list[LabelledFrame], validation: list[LabelledFrame], directory: Path
) -> Path:
    data = usable_data(config, Dataset.from_frames(train), Dataset.from_frames(validation))
    return PODTrainer().fit(config, data, directory, Silent()).model


def test_a_potential_with_linker_terms_is_found_again(labelled: list[LabelledFrame], tmp_path: Path) -> None:
    directory = fit(configuration(tmp_path), labelled[:4], labelled[4:], tmp_path)
    point = read_learning_curve(tmp_path)[-1]
    mean_force = 1e3 * np.mean([np.abs(frame.forces_eV_per_A).mean() for frame in labelled[4:]])
    assert point.validation_force_mae_meV_per_A < 1e-4 * mean_force
    assert point.validation_energy_mae_meV_per_atom < 0.01
    assert read_model(directory).linker_terms is not None
    assert read_model(directory).walls == Walls(bends=BENDS_WALL)
    assert "cannot break" in read_model(directory).known_limits


def test_rigid_motions_may_count_more(labelled: list[LabelledFrame], tmp_path: Path) -> None:
    # Pair terms alone cannot be right about everything.
    poor = {**DESCRIPTORS, "threebody_number_radial_basis_functions": 0, "threebody_angular_degree": 0}
    rigid, all_together = [], []
    for weight in (0.0, 100.0):
        config = configuration(tmp_path)
        config = replace(config, settings=replace(config.settings, descriptors=poor, rigid_weight=weight))
        directory = fit(config, labelled[:4], labelled[4:], tmp_path)
        calculator = LammpsCalculator(POD.from_model(read_model(directory), directory))
        squares = []
        for frame in labelled[:4]:
            atoms = frame.to_atoms()
            wrong = calculator.get_forces(atoms) - frame.forces_eV_per_A
            along, _ = rigid_forces(atoms, wrong[:, :, None])
            squares.append(((along**2).sum(), (wrong**2).sum()))
        calculator.close()
        one, both = np.sum(squares, axis=0)
        rigid.append(one)
        all_together.append(both)
    assert rigid[1] < 0.9 * rigid[0]
    assert all_together[1] > all_together[0]


def test_rigid_motions_need_linkers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rigid_weight is zero or more, and needs linker_terms"):
        parse_config({"trainer": "pod", "train": "x", "pod": {"rigid_weight": 1}}, where="t", folder=tmp_path)


def test_frames_with_a_broken_linker_are_left_out(labelled: list[LabelledFrame], tmp_path: Path) -> None:
    positions = labelled[0].positions.copy()
    hydrogen = int(np.flatnonzero(labelled[0].numbers == 1)[0])
    positions[hydrogen] += 1.5
    broken = replace(labelled[0], positions=positions)
    fit(configuration(tmp_path), [broken, labelled[1]], [labelled[2]], tmp_path)
    assert read_learning_curve(tmp_path)[-1].epoch == 1
    assert read_model(tmp_path / "model").info["trained"]["left_out_for_linkers"] == 1
    with pytest.raises(InputError, match="no frame suits the linker terms; the first: lost hydrogen"):
        fit(configuration(tmp_path), [broken], [labelled[2]], tmp_path)
