"""The POD trainer: against LAMMPS' own fit, and what the settings do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from mofglass.datasets import LabelledFrame, open_dataset
from mofglass.datasets.dataset import Dataset
from mofglass.datasets.exporting import export_extxyz
from mofglass.errors import InputError, MofglassError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import LammpsCalculator, make_calculator
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.pod import POD, read_model
from mofglass.potentials.pod_files import PODParameters, read_coefficients
from mofglass.potentials.prior import Prior, PriorAlone
from mofglass.potentials.repulsion import Repulsion, Walls
from mofglass.training.base import Silent
from mofglass.training.block_store import frame_blocks
from mofglass.training.config import TrainingConfig, Weights, parse_config
from mofglass.training.data import usable_data
from mofglass.training.learning_curve import read_learning_curve
from mofglass.training.linear_fit import assemble
from mofglass.training.pod import PODTrainer
from mofglass.training.pod_blocks import BlockMaker, BlockSettings

DESCRIPTORS = {
    "rcut": 3.6,
    "bessel_polynomial_degree": 3,
    "inverse_polynomial_degree": 4,
    "twobody_number_radial_basis_functions": 4,
    "threebody_number_radial_basis_functions": 2,
    "threebody_angular_degree": 2,
    "fourbody_number_radial_basis_functions": 0,
    "fourbody_angular_degree": 0,
}
NO_DOWN_WEIGHTING = {"force_scale_eV_per_A": 1e9, "frame_force_scale_eV_per_A": 1e9}


def configuration(weights: dict[str, float] | None = None, **pod: object) -> TrainingConfig:
    return parse_config(
        {
            "trainer": "pod",
            "train": "frames.extxyz",
            "weights": weights or {},
            "pod": {"descriptors": DESCRIPTORS, "block": 2, "elements": ["Cu", "Au"], **pod},
        },
        where="test",
        folder=Path("/nowhere"),
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Fit; blocks are kept from test to test unless the configuration says where."""
    shared_cache = tmp_path_factory.mktemp("blocks")

    def fit(
        config: TrainingConfig, train: list[LabelledFrame], validation: list[LabelledFrame], directory: Path
    ) -> Path:
        directory.mkdir(exist_ok=True)
        if config.settings.cache is None:
            config = replace(config, settings=replace(config.settings, cache=shared_cache))
        data = usable_data(config, Dataset.from_frames(train), Dataset.from_frames(validation))
        return PODTrainer().fit(config, data, directory, Silent()).model

    return fit


def write_for_fitpod(frames: list[LabelledFrame], folder: Path) -> None:
    """Extended XYZ as fitpod reads it: cells must be lower triangular, as LAMMPS' are."""
    folder.mkdir()
    with (folder / "frames.xyz").open("w") as file:
        for frame in frames:
            atoms = frame.to_atoms()
            box = LammpsBox.of(atoms)
            lattice = " ".join(f"{x:.14g}" for x in box.cell.ravel())
            file.write(f"{len(atoms)}\n")
            file.write(
                f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:forces:R:3 '
                f'energy={frame.energy_eV:.14g} stress="0 0 0 0 0 0 0 0 0" pbc="T T T"\n'
            )
            rows = np.hstack([atoms.positions @ box.rotation, frame.forces_eV_per_A @ box.rotation])
            for symbol, row in zip(atoms.get_chemical_symbols(), rows, strict=True):
                file.write(f"{symbol} {' '.join(f'{x:.14g}' for x in row)}\n")


def test_same_data_weights_and_ridge_give_fitpods_coefficients(
    alloy: list[LabelledFrame], tmp_path: Path
) -> None:
    frames, weight_energy, weight_force, ridge = alloy[:6], 10.0, 1.0, 1e-6
    parameters = PODParameters(species=("Cu", "Au"), **DESCRIPTORS)
    maker = BlockMaker(
        BlockSettings(
            parameters=parameters,
            force_scale_eV_per_A=1e9,
            frame_force_scale_eV_per_A=1e9,
            stress_directions=0,
        )
    )
    n_forces = sum(3 * frame.n_atoms for frame in frames)
    weights = Weights(energy=weight_energy**2 * len(frames), forces=weight_force**2 * n_forces, stress=0.0)
    equations = assemble([maker.make(frames[:4]), maker.make(frames[4:])], weights, np.zeros(2))
    ours = equations.solve(ridge)

    write_for_fitpod(frames, tmp_path / "xyz")
    (tmp_path / "param.pod").write_text(parameters.text)
    (tmp_path / "data.pod").write_text(
        'file_format extxyz\nfile_extension xyz\npath_to_training_data_set "xyz"\n'
        f"fitting_weight_energy {weight_energy}\nfitting_weight_force {weight_force}\n"
        f"fitting_regularization_parameter {ridge}\nbasename_for_output_files theirs\n"
        "precision_for_pod_coefficients 15\n"
    )
    # In a process of its own: in a used one fitpod was seen to ask for a negative amount of memory.
    program = (
        "from mofglass.potentials.lammps_library import start_lammps\n"
        "start_lammps().command('fitpod param.pod data.pod')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=300)
    theirs = read_coefficients((tmp_path / "theirs_coefficients.pod").read_text(), "theirs").coefficients
    np.testing.assert_allclose(ours, theirs, atol=1e-8 * np.abs(theirs).max())
    assert equations.loss(ours) == pytest.approx(equations.loss(theirs), rel=1e-6)


def test_what_a_pod_potential_says_is_found_again(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    """Energies, forces and stresses of a POD potential are fitted with nothing left over."""
    teacher = read_model(fitted(configuration(), alloy[:6], alloy[6:8], tmp_path / "teacher"))
    calculator = LammpsCalculator(POD.from_model(teacher, Path("m")))

    def relabelled(frame: LabelledFrame) -> LabelledFrame:
        atoms = frame.to_atoms()
        atoms.calc = calculator
        return replace(
            frame,
            energy_eV=atoms.get_potential_energy(),
            forces_eV_per_A=atoms.get_forces(),
            stress_eV_per_A3=atoms.get_stress(voigt=False),
        )

    frames = [relabelled(frame) for frame in alloy]
    fitted(configuration(), frames[:6], frames[6:], tmp_path / "student")
    point = read_learning_curve(tmp_path / "student")[-1]
    assert point.validation_energy_mae_meV_per_atom < 1e-3
    assert point.validation_force_mae_meV_per_A < 1e-2
    assert point.validation_stress_mae_MPa < 0.1


def going_on(start: Path, **pod: object) -> TrainingConfig:
    """A configuration that takes its form from a model."""
    return configuration(start_from=str(start), **{"descriptors": {}, "elements": [], **pod})


def test_a_fit_goes_on_from_another(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    first = fitted(configuration(curve_points=1), alloy[:6], alloy[10:], tmp_path / "first")
    # Another code has another zero of energy, here of each atom.
    shifted = [replace(frame, energy_eV=frame.energy_eV + 7.0 * frame.n_atoms) for frame in alloy]

    # A large ridge leaves all as it was but for the elements' energies, fitted to what two frames leave.
    held = fitted(going_on(first, ridge=[1e8]), shifted[6:8], shifted[10:], tmp_path / "held")
    before, after = (read_model(path).coefficients.coefficients for path in (first, held))
    one_body = np.arange(0, len(before), len(before) // 2)
    np.testing.assert_allclose(after[one_body] - before[one_body], 7.0, atol=0.5)
    others = np.setdiff1d(np.arange(len(before)), one_body)
    np.testing.assert_allclose(after[others], before[others], atol=1e-6 * np.abs(before).max())

    # Two frames more: better than the first, and much better than the two alone.
    further = fitted(going_on(first, curve_points=1), shifted[6:8], shifted[10:], tmp_path / "further")
    assert read_model(further).parameters == read_model(first).parameters
    alone = configuration(curve_points=1, block=1)
    fitted(alone, shifted[6:8], shifted[10:], tmp_path / "alone")
    errors = {
        name: read_learning_curve(tmp_path / name)[-1].validation_force_mae_meV_per_A
        for name in ("first", "further", "alone")
    }
    assert errors["further"] < errors["first"] < errors["alone"]


def test_what_a_fit_starts_from_says_what_its_coefficients_mean(
    fitted, alloy: list[LabelledFrame], tmp_path: Path
) -> None:
    first = fitted(configuration(curve_points=1), alloy[:6], alloy[10:], tmp_path / "first")
    settings = going_on(first).settings
    assert settings.elements == ("Cu", "Au")
    assert settings.parameters(settings.elements) == read_model(first).parameters
    with pytest.raises(InputError, match=r"descriptors is that of start_from, .*: leave it out"):
        going_on(first, descriptors={**DESCRIPTORS, "rcut": 4.0})
    with pytest.raises(InputError, match="elements is that of start_from"):
        going_on(first, elements=["Au", "Cu"])
    with pytest.raises(InputError, match="nosuch"):
        going_on(tmp_path / "nosuch")

    shipped = going_on(Path("zif4")).settings
    assert shipped.linker_terms
    assert shipped.walls == read_model(shipped.start_from).walls
    assert shipped.elements == ("H", "C", "N", "Zn")


def test_learning_curve_is_of_the_model_that_runs(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    directory = fitted(configuration(curve_points=2), alloy[:8], alloy[8:], tmp_path)
    points = read_learning_curve(tmp_path)
    assert [point.epoch for point in points] == [4, 8]
    assert points[1].validation_loss < points[0].validation_loss
    calculator = make_calculator(get_potential(f"pod:{directory}"))
    errors = []
    for frame in alloy[8:]:
        atoms = frame.to_atoms()
        atoms.calc = calculator
        errors.append(np.abs(atoms.get_forces() - frame.forces_eV_per_A).mean())
    assert points[1].validation_force_mae_meV_per_A == pytest.approx(1e3 * np.mean(errors), rel=1e-6)


def test_weight_of_stress_lowers_its_error(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    errors = {}
    for weight in (0.0, 1e6):
        directory = tmp_path / f"{weight:g}"
        config = configuration({"energy": 1.0, "forces": 1.0, "stress": weight}, curve_points=1)
        fitted(config, alloy[:8], alloy[8:], directory)
        errors[weight] = read_learning_curve(directory)[-1].train_stress_mae_MPa
    assert errors[1e6] < 0.5 * errors[0.0]


def test_directions_hold_the_squared_stress(alloy: list[LabelledFrame]) -> None:
    parameters = PODParameters(species=("Cu", "Au"), **DESCRIPTORS)
    stress = alloy[0].stress_eV_per_A3
    voigt = stress.ravel()[[0, 4, 8, 5, 2, 1]]
    whole = BlockMaker(BlockSettings(parameters=parameters)).directions(alloy[0])
    assert np.sum((whole @ voigt) ** 2) == pytest.approx(np.sum(stress**2), rel=1e-12)
    makers = [BlockMaker(BlockSettings(parameters=parameters, stress_directions=n)) for n in (2, 5)]
    two, five = (maker.directions(alloy[0]) for maker in makers)
    np.testing.assert_array_equal(five[:2], two)
    orthogonal = five / np.diag(whole)
    np.testing.assert_allclose(orthogonal @ orthogonal.T, np.eye(5), atol=1e-12)
    assert (makers[0].directions(alloy[1]) != two).any()


def test_loss_is_as_the_weights_say(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    weights = {"energy": 3.0, "forces": 2.0, "stress": 50.0}
    config = configuration(weights, curve_points=1, **NO_DOWN_WEIGHTING)
    calculator = make_calculator(get_potential(f"pod:{fitted(config, alloy[:6], alloy[6:], tmp_path)}"))
    squares = []
    for frame in alloy[6:]:
        atoms = frame.to_atoms()
        atoms.calc = calculator
        errors = (
            (atoms.get_potential_energy() - frame.energy_eV) / frame.n_atoms,
            atoms.get_forces() - frame.forces_eV_per_A,
            atoms.get_stress(voigt=False) - frame.stress_eV_per_A3,
        )
        squares.append([np.mean(np.square(error)) for error in errors])
    expected = np.mean(squares, axis=0) @ list(weights.values())
    assert read_learning_curve(tmp_path)[-1].validation_loss == pytest.approx(expected, rel=1e-4)


def test_few_directions_of_stress_suffice(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    errors = {}
    for n in (2, 6):
        config = configuration({"stress": 1e4}, curve_points=1, stress_directions=n, ridge=[1e-8])
        fitted(config, alloy[:10], alloy[10:], tmp_path / str(n))
        errors[n] = read_learning_curve(tmp_path / str(n))[-1].validation_stress_mae_MPa
    assert errors[2] < 2.0 * errors[6]


def test_blocks_are_computed_once(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    config = configuration(cache=str(tmp_path / "cache"), curve_points=1)
    fitted(config, alloy[:4], alloy[8:10], tmp_path / "first")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert len(before) == 3
    fitted(config, alloy[:6], alloy[8:10], tmp_path / "second")
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert len(after) == 4
    assert all(after[path] == time for path, time in before.items())


def test_a_repeated_file_is_cut_as_the_first_time(alloy: list[LabelledFrame], tmp_path: Path) -> None:
    path = tmp_path / "alloy.extxyz"
    export_extxyz(alloy[:6], path)
    once = open_dataset([path])
    assert [len(rows) for rows in frame_blocks(once, 4)] == [4, 2]
    assert [len(rows) for rows in frame_blocks(open_dataset([path, path, path]), 4)] == [4, 2] * 3


def test_a_repeated_block_is_computed_once_and_counts_twice(
    fitted, alloy: list[LabelledFrame], tmp_path: Path
) -> None:
    config = replace(
        configuration(cache=str(tmp_path / "cache"), curve_points=1, block=4, ridge=[1e-8]), processes=2
    )
    texts = {}
    for name, frames in (
        ("once", alloy[:8]),
        ("twice", alloy[:8] + alloy[:8]),
        ("first", alloy[:8] + alloy[:4]),
    ):
        directory = fitted(config, frames, alloy[8:10], tmp_path / name)
        texts[name] = np.array(read_model(directory).coefficients.coefficients)
        assert len(list((tmp_path / "cache").iterdir())) == 3
    np.testing.assert_allclose(texts["twice"], texts["once"], rtol=1e-6, atol=1e-9)
    assert not np.allclose(texts["first"], texts["once"], rtol=1e-3)


def test_two_processes_give_the_same_potential(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    texts = []
    for processes in (1, 2):
        cache = str(tmp_path / f"blocks{processes}")
        config = replace(configuration(curve_points=1, cache=cache), processes=processes)
        directory = fitted(config, alloy[:4], alloy[8:10], tmp_path / str(processes))
        texts.append((directory / "coefficients.pod").read_text())
    assert texts[0] == texts[1]


def test_committee_members_differ_and_agree_on_the_data(
    fitted, alloy: list[LabelledFrame], tmp_path: Path
) -> None:
    fitted(configuration(committee=2, block=1, curve_points=1), alloy[:8], alloy[8:], tmp_path)
    members = [get_potential(f"pod:{tmp_path}/committee/member-{k}") for k in (1, 2)]
    forces = []
    for member in members:
        atoms = alloy[9].to_atoms()
        atoms.calc = make_calculator(member)
        forces.append(atoms.get_forces())
    spread = np.abs(forces[0] - forces[1]).mean()
    assert 0 < spread < 0.2 * np.abs(forces[0]).mean()


def test_a_committee_needs_blocks_that_can_differ(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    alike = "cannot be drawn from 1 block of frames, since members would be alike: give a smaller 'block'"
    for frames, block in ((alloy[:4], 4), ([*alloy[:2], *alloy[:2]], 2)):
        with pytest.raises(InputError, match=alike):
            fitted(configuration(committee=1, block=block, curve_points=1), frames, alloy[8:], tmp_path / "a")
    with pytest.raises(InputError, match="a committee of 3 cannot be drawn from 2 blocks"):
        fitted(configuration(committee=3, block=2, curve_points=1), alloy[:4], alloy[8:], tmp_path / "b")
    directory = fitted(configuration(committee=2, block=2, curve_points=1), alloy[:4], alloy[8:], tmp_path)
    models = [directory, *(tmp_path / "committee" / f"member-{k}" for k in (1, 2))]
    assert len({(model / "coefficients.pod").read_text() for model in models}) == 3


def test_walls_are_laid_over_the_finished_fit(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    walls = {"pairs": {"Au-Cu": [2.0, 3.0]}}
    plain, walled = (
        read_model(fitted(configuration(**more), alloy[:8], alloy[8:], tmp_path / name))
        for name, more in (("plain", {}), ("walled", {"walls": walls}))
    )
    assert plain.walls is None
    assert walled.walls == Walls(pairs={"Au-Cu": (2.0, 3.0)})
    np.testing.assert_array_equal(walled.coefficients.coefficients, plain.coefficients.coefficients)
    bends = {"walls": {**walls, "bends": [162, 80]}}
    with pytest.raises(InputError, match="set linker_terms"):
        fitted(configuration(**bends), alloy[:8], alloy[8:], tmp_path / "bends")


def test_repulsion_is_taken_off_the_labels_and_put_back(
    fitted, alloy: list[LabelledFrame], tmp_path: Path
) -> None:
    radii = {"inner_A": 2.2, "outer_A": 3.2, "pairs": {"Au-Cu": [2.0, 3.0]}}
    directory = fitted(configuration(repulsion=radii), alloy[:8], alloy[8:], tmp_path / "with")
    fitted(configuration(), alloy[:8], alloy[8:], tmp_path / "without")
    assert read_model(directory).repulsion == Repulsion(inner_A=2.2, outer_A=3.2, pairs={"Au-Cu": (2.0, 3.0)})
    atoms = alloy[9].to_atoms()
    atoms.calc = LammpsCalculator(PriorAlone(Prior(repulsion=read_model(directory).repulsion), ("Cu", "Au")))
    assert np.abs(atoms.get_forces()).max() > 0.5
    errors = [
        read_learning_curve(tmp_path / name)[-1].validation_force_mae_meV_per_A
        for name in ("with", "without")
    ]
    assert errors[0] < 3 * errors[1]


def test_frames_with_huge_forces_are_left_out(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    wild = replace(alloy[0], forces_eV_per_A=alloy[0].forces_eV_per_A + 500.0)
    config = configuration(max_force_eV_per_A=100.0, curve_points=1)
    directory = fitted(config, [wild, *alloy[1:5]], alloy[8:], tmp_path / "a")
    assert yaml.safe_load((directory / "model.yaml").read_text())["trained"]["frames"] == 4
    with pytest.raises(InputError, match="every frame has a force above"):
        fitted(configuration(max_force_eV_per_A=1e-3), alloy[:4], alloy[8:], tmp_path / "b")


def test_a_wild_frame_counts_less(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    wrong = alloy[0].forces_eV_per_A.copy()
    wrong[3] += [40.0, 0.0, 0.0]
    frames = [replace(alloy[0], forces_eV_per_A=wrong), *alloy[1:8]]
    errors = []
    for name, scales in (("down", {}), ("equal", NO_DOWN_WEIGHTING)):
        fitted(configuration(curve_points=1, **scales), frames, alloy[8:], tmp_path / name)
        errors.append(read_learning_curve(tmp_path / name)[-1].validation_force_mae_meV_per_A)
    assert errors[0] < 0.7 * errors[1]


def test_no_time_at_all_is_an_error(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    config = replace(configuration(cache=str(tmp_path / "blocks")), time_limit_s=1e-9)
    with pytest.raises(MofglassError, match="did not suffice for one block"):
        fitted(config, alloy[:4], alloy[8:10], tmp_path)


def test_a_damaged_block_is_named(fitted, alloy: list[LabelledFrame], tmp_path: Path) -> None:
    config = configuration(curve_points=1, cache=str(tmp_path / "blocks"))
    fitted(config, alloy[:2], alloy[8:10], tmp_path)
    for path in (tmp_path / "blocks").iterdir():
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"the block .*npz is damaged"):
        fitted(config, alloy[:2], alloy[8:10], tmp_path)


def test_zif4_frames_are_learnt(fitted, shared: Path, tmp_path: Path) -> None:
    """A tiny fit to six frames of the teacher beats guessing zero forces by far."""
    from ase.io import read

    frames = [
        LabelledFrame.from_atoms(atoms)
        for atoms in read(shared / "labels" / "rattled.extxyz.gz", index=":24:4")
    ]
    config = configuration(curve_points=1, elements=["H", "C", "N", "Zn"])
    config = replace(config, weights=Weights(energy=100.0, forces=1.0, stress=0.0))
    fitted(config, frames[:4], frames[4:], tmp_path)
    point = read_learning_curve(tmp_path)[-1]
    mean_force = 1e3 * np.mean([np.abs(frame.forces_eV_per_A).mean() for frame in frames[4:]])
    print(f"\nPOD, 4 frames of ZIF-4: {point}; mean force {mean_force:.0f} meV/Å")
    assert point.validation_force_mae_meV_per_A < 0.4 * mean_force
    assert json.dumps(read_model(tmp_path / "model").info["trained"])
