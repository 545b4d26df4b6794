"""Evaluation: known errors are found exactly, groups add up, bad frames are named."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.calculators.calculator import Calculator

from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.datasets.exporting import export_extxyz
from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.training.error_collection import temperature_label
from mofglass.training.evaluate import evaluate
from mofglass.training.evaluation import Evaluation
from mofglass.training.evaluation_output import write_evaluation
from mofglass.units import GPA_PER_EV_PER_A3

Alter = Callable[[Callable[[dict[str, Any]], None]], ASEPotential]
MPA = 1e3 * GPA_PER_EV_PER_A3


def quick(potential: Any, frames: Any, **options: Any) -> Evaluation:
    return evaluate(potential, frames, **{"timing": "none", "checks": False, **options})


def with_errors(frame: LabelledFrame, energy: float, force: float, stress: float) -> LabelledFrame:
    """The frame with labels off by known amounts: energy per atom, force components, stress components."""
    signs = np.where(np.arange(3 * frame.n_atoms).reshape(-1, 3) % 2, 1.0, -1.0)
    assert frame.stress_eV_per_A3 is not None
    return replace(
        frame,
        energy_eV=frame.energy_eV - energy * frame.n_atoms,
        forces_eV_per_A=frame.forces_eV_per_A - force * signs,
        stress_eV_per_A3=frame.stress_eV_per_A3 - stress * np.ones((3, 3)),
    )


def test_the_labeller_itself_has_no_error(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    summary = evaluate(emt, metal_frames, timing="none").summary()
    assert summary["energy_mae_meV_per_atom"] < 1e-9
    assert summary["force_mae_meV_per_A"] < 1e-9
    assert summary["stress_mae_MPa"] < 1e-6
    assert summary["derivative_checks"]["forces_agree"] is True
    assert summary["derivative_checks"]["stress_agrees"] is True
    assert summary["n_frames"] == 8


def test_planted_errors_are_found_exactly(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    frames = [with_errors(frame, 0.002, 0.05, 0.001) for frame in metal_frames]
    overall = quick(emt, frames).overall
    assert overall.energy_meV_per_atom.mae == pytest.approx(2.0)
    assert overall.energy_meV_per_atom.mean == pytest.approx(2.0)
    assert overall.force_meV_per_A.mae == pytest.approx(50.0)
    assert overall.force_meV_per_A.rmse == pytest.approx(50.0)
    assert overall.force_meV_per_A.mae_error == pytest.approx(0.0, abs=1e-9)
    assert overall.stress_MPa.mae == pytest.approx(0.001 * MPA)
    assert overall.stress_MPa.largest == pytest.approx(0.001 * MPA)
    # Pressure is minus a third of the trace.
    assert overall.pressure_MPa.mean == pytest.approx(-0.001 * MPA)


def test_groups_add_up_to_the_whole(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    frames = [with_errors(frame, 0.001 * k, 0.01 * k, 1e-4 * k) for k, frame in enumerate(metal_frames)]
    evaluation = quick(emt, frames)
    assert set(evaluation.groups("source")) == {"cold", "hot"}
    assert list(evaluation.groups("temperature")) == ["300", "1500"]
    assert set(evaluation.groups("element")) == {"Cu", "Au"}
    for kind in ("source", "temperature"):
        groups = evaluation.groups(kind).values()
        assert sum(group.n_frames for group in groups) == 8
        for name in ("energy_meV_per_atom", "force_meV_per_A", "stress_MPa"):
            parts = [getattr(group, name) for group in groups]
            n = sum(part.n_values for part in parts)
            whole = getattr(evaluation.overall, name)
            assert n == whole.n_values
            assert sum(part.mae * part.n_values for part in parts) / n == pytest.approx(whole.mae)
            squared = sum(part.rmse**2 * part.n_values for part in parts) / n
            assert np.sqrt(squared) == pytest.approx(whole.rmse)
            assert max(part.largest for part in parts) == pytest.approx(whole.largest)
    elements = evaluation.groups("element").values()
    assert sum(group.n_atoms for group in elements) == evaluation.overall.n_atoms == 64
    maes = [group.force_meV_per_A for group in elements]
    assert sum(part.mae * part.n_values for part in maes) / 192 == pytest.approx(
        evaluation.overall.force_meV_per_A.mae
    )


def test_only_the_element_that_is_wrong_has_an_error(
    altered: Alter, metal_frames: list[LabelledFrame]
) -> None:
    frames = [
        replace(
            frame,
            forces_eV_per_A=frame.forces_eV_per_A + 0.3 * (frame.numbers == 79)[:, None],
        )
        for frame in metal_frames
    ]
    elements = quick(altered(lambda results: None), frames).groups("element")
    assert elements["Cu"].force_meV_per_A.mae == pytest.approx(0.0, abs=1e-9)
    assert elements["Au"].force_meV_per_A.mae == pytest.approx(300.0)


def test_energy_constants_are_taken_off_only_when_asked(
    emt: ASEPotential, metal_frames: list[LabelledFrame]
) -> None:
    shift = {29: 2.0, 79: -31.0}
    frames = [
        replace(frame, energy_eV=frame.energy_eV + sum(shift[number] for number in frame.numbers.tolist()))
        for frame in metal_frames
    ]
    plain = quick(emt, frames)
    assert plain.overall.energy_meV_per_atom.mae > 1000
    aligned = quick(emt, frames, align="per-element")
    assert aligned.overall.energy_meV_per_atom.mae < 1e-6
    assert aligned.summary()["energy_alignment"]["constants_eV"] == {
        "Cu": pytest.approx(-2.0),
        "Au": pytest.approx(31.0),
    }
    assert any("one energy per element" in note for note in aligned.notes)


def test_a_constant_between_zeros_of_energy_is_pointed_out(
    emt: ASEPotential, metal_frames: list[LabelledFrame]
) -> None:
    frames = [replace(frame, energy_eV=frame.energy_eV + 100.0 * frame.n_atoms) for frame in metal_frames]
    assert any("two zeros of energy" in note for note in quick(emt, frames).notes)
    assert quick(emt, frames, align="per-atom").overall.energy_meV_per_atom.mae < 1e-6


def test_frames_without_stress_are_counted_apart(
    emt: ASEPotential, metal_frames: list[LabelledFrame]
) -> None:
    frames = [*metal_frames[:3], replace(metal_frames[3], stress_eV_per_A3=None)]
    evaluation = quick(emt, frames)
    assert evaluation.overall.stress_MPa.n_frames == 3
    assert any("3 of 4 frames" in note for note in evaluation.notes)
    none = quick(emt, [frames[3]]).summary()
    assert none["stress_mae_MPa"] is None
    assert "stress_mae_MPa" not in none["by_source"]["hot"]


def test_outliers_name_frame_atom_and_size(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    frames = list(metal_frames)
    forces = frames[5].forces_eV_per_A.copy()
    forces[4] += [3.0, 0.0, 4.0]
    frames[5] = replace(frames[5], forces_eV_per_A=forces)
    frames[2] = with_errors(frames[2], 0.5, 0.0, 0.02)
    outliers = quick(emt, frames, n_outliers=2).outliers
    force = outliers[outliers["quantity"] == "force"].iloc[0]
    assert (force["frame"], force["atom"], force["element"], force["source"]) == (5, 4, "Cu", "hot")
    assert force["error"] == pytest.approx(5000.0)
    energy = outliers[outliers["quantity"] == "energy"].iloc[0]
    assert energy["frame"] == 2
    assert energy["error"] == pytest.approx(500.0)
    stress = outliers[outliers["quantity"] == "stress"].iloc[0]
    assert stress["frame"] == 2
    assert stress["error"] == pytest.approx(0.02 * MPA)
    assert (outliers.groupby("quantity").size() <= 2).all()


def test_error_against_force_counts_every_atom_once(
    emt: ASEPotential, metal_frames: list[LabelledFrame]
) -> None:
    frames = [with_errors(frame, 0.0, 0.02, 0.0) for frame in metal_frames]
    table = quick(emt, frames).by_force_size
    assert table["n_atoms"].sum() == 64
    np.testing.assert_allclose(table["force_mae_meV_per_A"], 20.0)
    sizes = np.concatenate([np.linalg.norm(frame.forces_eV_per_A, axis=1) for frame in frames])
    row = table.iloc[len(table) // 2]
    inside = (sizes >= row["force_from_eV_per_A"]) & (sizes < row["force_to_eV_per_A"])
    assert inside.sum() == row["n_atoms"] > 0


def test_relative_errors_are_over_the_root_mean_square_of_the_labels(
    emt: ASEPotential, metal_frames: list[LabelledFrame]
) -> None:
    frames = [with_errors(frame, 0.0, 0.05, 1e-3) for frame in metal_frames]
    table = quick(emt, frames).shi_table().set_index("source")
    assert list(table.index) == ["all", "cold", "hot"]
    components = np.concatenate([frame.forces_eV_per_A.ravel() for frame in frames])
    assert table.loc["all", "force_rmse_eV_per_A"] == pytest.approx(0.05)
    relative = 100 * 0.05 / np.sqrt((components**2).mean())
    assert table.loc["all", "force_relative_percent"] == pytest.approx(relative)
    # All frames have the same volume and number of atoms.
    virial = 1e3 * 1e-3 * frames[0].volume_A3 / frames[0].n_atoms
    assert table.loc["all", "virial_rmse_meV_per_atom"] == pytest.approx(virial)


def test_an_unlabelled_frame_is_named(
    emt: ASEPotential, metal_frames: list[LabelledFrame], unlabelled: LabelledFrame
) -> None:
    with pytest.raises(InputError, match=r"frame 2 \(hot\) has no forces.*mofglass dataset label"):
        quick(emt, [*metal_frames[:2], unlabelled])
    with pytest.raises(InputError, match=r"frame 0 \(cold\) has no energy"):
        quick(emt, [replace(metal_frames[0], energy_eV=float("nan"))])
    with pytest.raises(InputError, match="no frame"):
        quick(emt, [])


def test_a_frame_the_potential_does_not_know_is_named(metal_frames: list[LabelledFrame]) -> None:
    with pytest.raises(InputError, match=r"frame 0 \(cold\): .*Au"):
        quick("lj", metal_frames)


def test_frames_that_cannot_be_computed_may_be_left_out_and_are_listed(
    metal_frames: list[LabelledFrame], argon_frames: list[LabelledFrame]
) -> None:
    frames = [metal_frames[0], argon_frames[0], metal_frames[1], with_errors(argon_frames[1], 0.003, 0, 0)]
    for jobs in (1, 2):
        evaluation = quick("lj", frames, skip_failures=True, jobs=jobs)
        assert [failed.frame for failed in evaluation.failures] == [0, 2]
        assert "knows Ar only" in evaluation.failures[0].reason
        assert evaluation.overall.n_frames == 2
        assert any("2 frames left out" in note for note in evaluation.notes)
        # Numbers of frames are those of the dataset.
        assert evaluation.energy_parity["frame"].tolist() == [1, 3]
        assert evaluation.outliers["frame"].iloc[0] == 3
        assert evaluation.summary()["failed_frames"][1]["frame"] == 2
    with pytest.raises(InputError, match="none of the frames"):
        quick("lj", metal_frames[:2], skip_failures=True)


def test_numbers_that_are_not_finite_are_refused(altered: Alter, metal_frames: list[LabelledFrame]) -> None:
    def spoil(results: dict[str, Any]) -> None:
        results["forces"][0, 0] = np.nan

    with pytest.raises(InputError, match=r"frame 0 \(cold\).*not finite"):
        quick(altered(spoil), metal_frames)


def test_a_dataset_is_evaluated_as_a_list_is(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    frames = [with_errors(frame, 0.001 * k, 0.02, 0.0) for k, frame in enumerate(metal_frames)]
    one, other = quick(emt, frames), quick(emt, Dataset.from_frames(frames))
    assert other.overall.energy_meV_per_atom == one.overall.energy_meV_per_atom
    assert other.groups("source")["hot"].force_meV_per_A == one.groups("source")["hot"].force_meV_per_A


def test_two_processes_find_what_one_does(argon_frames: list[LabelledFrame]) -> None:
    frames = [with_errors(frame, 0.001 * k, 0.01 * k, 1e-4) for k, frame in enumerate(argon_frames)]
    one, two = quick("lj", frames, n_samples=20), quick("lj", frames, n_samples=20, jobs=2)
    assert two.overall.energy_meV_per_atom == one.overall.energy_meV_per_atom
    assert two.overall.force_meV_per_A == one.overall.force_meV_per_A
    assert two.force_parity.equals(one.force_parity)
    with pytest.raises(InputError, match="by its name"):
        quick(ASEPotential(lambda: None), frames, jobs=2)  # type: ignore[arg-type,return-value]


def test_the_sample_for_figures_is_bounded(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    evaluation = quick(emt, metal_frames, n_samples=6)
    assert len(evaluation.force_parity) == 18
    assert len(evaluation.energy_parity) == 6
    assert len(evaluation.stress_parity) == 12
    assert {panel.title for panel in evaluation.panels()} == {
        "Energy",
        "Forces",
        "Stress",
        "Error against the size of the force",
    }
    axes = evaluation.plot(panel=1)
    assert axes.get_xlabel() == "Reference force component (eV/Å)"


def test_progress_counts_frames(emt: ASEPotential, metal_frames: list[LabelledFrame]) -> None:
    seen: list[int] = []
    quick(emt, metal_frames[:3], progress=seen.append)
    assert seen == [1, 2, 3]


class Frames:
    """Frames that exist only while they are looked at."""

    def __init__(self, frame: LabelledFrame, n_frames: int) -> None:
        self._frame, self._n_frames = frame, n_frames

    def __len__(self) -> int:
        return self._n_frames

    def __getitem__(self, index: int) -> LabelledFrame:
        rng = np.random.default_rng(index)
        forces = self._frame.forces_eV_per_A + 0.01 * rng.normal(size=self._frame.forces_eV_per_A.shape)
        return replace(self._frame, forces_eV_per_A=forces, positions=self._frame.positions.copy())

    def __iter__(self) -> Iterator[LabelledFrame]:
        return (self[index] for index in range(len(self)))


class Remembering(Calculator):
    """Answers at once with the labels of one frame."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, frame: LabelledFrame) -> None:
        super().__init__()
        self._frame = frame

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = None) -> None:
        self.results = {
            "energy": self._frame.energy_eV,
            "forces": self._frame.forces_eV_per_A,
            "stress": np.zeros(6),
        }


def test_memory_does_not_grow_with_the_frames() -> None:
    n_atoms = 272
    rng = np.random.default_rng(0)
    frame = LabelledFrame(
        numbers=np.full(n_atoms, 6),
        positions=rng.random((n_atoms, 3)),
        cell=15.0 * np.eye(3),
        energy_eV=-1.0,
        forces_eV_per_A=rng.normal(size=(n_atoms, 3)),
        stress_eV_per_A3=np.zeros((3, 3)),
    )
    potential = ASEPotential(lambda: Remembering(frame))

    def peak(n_frames: int) -> int:
        tracemalloc.start()
        quick(potential, Frames(frame, n_frames), n_samples=200)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    # The forces of the frames more are 200 times 13 kB.
    assert peak(250) - peak(50) < 300_000


@pytest.mark.parametrize(
    ("temperature_K", "label"), [(249.0, "200"), (250.0, "300"), (450.0, "500"), (math.nan, "unknown")]
)
def test_temperatures_are_grouped_by_the_nearest_hundred(temperature_K, label):
    assert temperature_label(temperature_K) == label


def test_failed_frames_are_named_by_their_file(
    metal_frames: list[LabelledFrame], argon_frames: list[LabelledFrame], tmp_path: Path
) -> None:
    path = tmp_path / "mixed.extxyz"
    export_extxyz([argon_frames[0], metal_frames[0], argon_frames[1], metal_frames[1]], path)
    chosen = open_dataset([path])[2:]
    evaluation = quick("lj", chosen, skip_failures=True)
    failed = evaluation.tables()["failed_frames"]
    assert failed["frame"].tolist() == [1]
    assert failed["where"].tolist() == [f"frame 3 of {path}"]
    assert evaluation.summary()["failed_frames"][0]["where"] == f"frame 3 of {path}"
    assert any(f"frame 1 (hot, frame 3 of {path})" in note for note in evaluation.notes)


def test_a_second_evaluation_leaves_nothing_of_the_first(
    metal_frames: list[LabelledFrame], argon_frames: list[LabelledFrame], tmp_path: Path
) -> None:
    frames = [argon_frames[0], metal_frames[0]]
    mine = tmp_path / "notes.txt"
    mine.write_text("kept")
    write_evaluation(quick("lj", frames, skip_failures=True), tmp_path)
    names = ("failed_frames.csv", "parity_stress.csv", "parity_stress.png", "parity_stress.svg")
    assert all((tmp_path / name).exists() for name in names)
    without_stress = replace(argon_frames[0], stress_eV_per_A3=None)
    written = write_evaluation(quick("lj", [without_stress]), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *(path.name for path in written)}
    assert not any((tmp_path / name).exists() for name in names)
