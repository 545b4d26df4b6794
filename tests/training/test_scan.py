"""Scans: what is trained, that they go on where they stopped, and what the table says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from ase.io import write

from mofglass.datasets.labelled import LabelledFrame
from mofglass.errors import InputError, MofglassError
from mofglass.training.scan import directory_name, load_scan, run_scan

POD = {
    "descriptors": {
        "rcut": 3.6,
        "bessel_polynomial_degree": 3,
        "inverse_polynomial_degree": 4,
        "twobody_number_radial_basis_functions": 4,
        "threebody_number_radial_basis_functions": 2,
        "threebody_angular_degree": 2,
        "fourbody_number_radial_basis_functions": 0,
        "fourbody_angular_degree": 0,
    },
    "block": 2,
    "curve_points": 1,
}


@pytest.fixture
def folder(tmp_path: Path, alloy: list[LabelledFrame]) -> Path:
    write(tmp_path / "train.extxyz", [frame.to_atoms() for frame in alloy[:9]])
    write(tmp_path / "test.extxyz", [frame.to_atoms() for frame in alloy[9:]])
    training = {"trainer": "pod", "train": ["train.extxyz"], "validation": 0.3, "pod": POD}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(training))
    return tmp_path


def scan_file(folder: Path, scan: object, **more: object) -> Path:
    path = folder / "scan.yaml"
    content = {"training": "pod.yaml", "test": ["test.extxyz"], "timing": "cell", "checks": False}
    path.write_text(yaml.safe_dump({**content, "scan": scan, **more}, sort_keys=False))
    return path


def test_every_combination_of_lists_is_trained(folder: Path) -> None:
    path = scan_file(folder, {"weights.stress": [0, 1, 100], "pod.descriptors.rcut": [3.4, 3.6]})
    scan = load_scan(path)
    assert [combination.name for combination in scan.combinations] == [
        "stress-0_rcut-3.4",
        "stress-0_rcut-3.6",
        "stress-1_rcut-3.4",
        "stress-1_rcut-3.6",
        "stress-100_rcut-3.4",
        "stress-100_rcut-3.6",
    ]
    last = scan.combinations[-1].config
    assert last.weights.stress == 100
    assert last.weights.forces is None
    assert last.settings.descriptors["rcut"] == 3.6
    assert last.settings.descriptors["threebody_angular_degree"] == 2
    assert last.train == (folder / "train.extxyz",)


def test_a_list_of_combinations_is_trained_as_it_stands(folder: Path) -> None:
    scan = load_scan(scan_file(folder, [{"seed": 1}, {"seed": 2, "pod.descriptors.rcut": 3.2}]))
    assert [c.name for c in scan.combinations] == ["seed-1", "seed-2_rcut-3.2"]
    assert scan.combinations[0].config.settings.descriptors["rcut"] == 3.6


def test_a_training_may_stand_in_the_file_itself(folder: Path) -> None:
    training = {"trainer": "pod", "train": ["train.extxyz"], "pod": POD}
    scan = load_scan(scan_file(folder, {"seed": [1, 2]}, training=training))
    assert scan.combinations[1].config.seed == 2


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ({"weights.stres": [1]}, "did you mean stress"),
        ({"weights.stress": 1}, "needs a list of values"),
        ({"weights.stress": []}, "needs a list of values"),
        ({"pod.descriptors.rcut.inner": [1]}, "'rcut' is a value and no section"),
        ({"seed": [1, 1]}, "both be kept in 'seed-1'"),
        ({}, "must hold settings with lists"),
        ([], "must hold settings with lists"),
        ({"nequip.l_max": [1]}, "does not belong to the trainer 'pod'"),
    ],
)
def test_what_cannot_be_scanned_is_said(folder: Path, scan: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_scan(scan_file(folder, scan))


def test_one_test_split_is_of_one_training(folder: Path) -> None:
    path = scan_file(folder, {"train": [["train.extxyz"], ["test.extxyz"]]}, test="split")
    with pytest.raises(InputError, match="the scan varies 'train': give files of test frames"):
        load_scan(path)


def test_names_of_directories_are_safe_and_bounded() -> None:
    assert directory_name({"a.b": "../x y", "c": [1, 2]}) == "b-x-y_c-1-2"
    assert directory_name({"shift": -1}) == "shift--1"
    assert directory_name({"a.l": 1, "b.l": 2}) == "a.l-1_b.l-2"
    long = directory_name({f"setting_{k}": "x" * 20 for k in range(9)})
    assert len(long) <= 100
    assert "/" not in directory_name({"train": "/a/b"})


def test_a_scan_ends_in_a_table_and_goes_on_where_it_stopped(folder: Path) -> None:
    # Judged on what was fitted, a larger weight can only make the error of the stress smaller.
    training = {"trainer": "pod", "train": ["train.extxyz"], "validation": ["train.extxyz"]}
    pod = {**POD, "ridge": [1e-14]}
    path = scan_file(
        folder, {"weights.stress": [0, 100]}, training={**training, "pod": pod}, test=["train.extxyz"]
    )
    lines: list[str] = []
    table = run_scan(load_scan(path), folder / "out", told=lines.append)
    assert sorted(table["name"]) == ["stress-0", "stress-100"]
    assert set(table["weights.stress"]) == {0, 100}
    assert (table["microseconds_per_atom"] > 0).all()
    assert (table["force_mae_meV_per_A"] > 0).all()
    assert table["on_front"].any()
    by_name = table.set_index("name")
    assert by_name.loc["stress-100", "stress_rmse_MPa"] < by_name.loc["stress-0", "stress_rmse_MPa"]
    written = pd.read_csv(folder / "out" / "scan.csv")
    assert written["force_mae_meV_per_A"].tolist() == pytest.approx(table["force_mae_meV_per_A"].tolist())
    for name in ("pareto_forces.png", "pareto_energy.png", "pareto_stress.png", "scan.json"):
        assert (folder / "out" / name).is_file()
    evaluated = folder / "out" / "stress-100" / "evaluation" / "summary.json"
    before = {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("model/*")}
    stamp = evaluated.stat().st_mtime_ns
    assert before
    # One evaluation is lost: it is made again, its training and the other are not.
    (folder / "out" / "stress-0" / "evaluation" / "summary.json").unlink()
    again = run_scan(load_scan(path), folder / "out", told=lines.append)
    assert {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("model/*")} == before
    assert evaluated.stat().st_mtime_ns == stamp
    assert sum("done before" in line for line in lines) == 1
    errors = [again.set_index("name").loc[name, "force_mae_meV_per_A"] for name in by_name.index]
    assert errors == pytest.approx(by_name["force_mae_meV_per_A"].tolist())


def test_a_training_that_fails_is_kept_with_its_reason(folder: Path) -> None:
    combinations = [{"pod.max_force_eV_per_A": 1e-6}, {"seed": 1}]
    table = run_scan(load_scan(scan_file(folder, combinations)), folder / "out")
    assert table["name"].tolist() == ["seed-1"]
    failed = json.loads((folder / "out" / "scan.json").read_text())["failed"]
    assert "max_force_eV_per_A" in failed["max-force-eV-per-A-1e-06"]
    written = pd.read_csv(folder / "out" / "scan.csv")
    assert "every frame has a force above" in written["problem"].iloc[-1]
    with pytest.raises(MofglassError, match="no combination could be trained"):
        run_scan(load_scan(scan_file(folder, combinations[:1])), folder / "other")


def test_what_a_time_limit_ended_is_told_and_goes_on_with_a_larger_one(
    folder: Path, alloy: list[LabelledFrame]
) -> None:
    training = yaml.safe_load((folder / "pod.yaml").read_text())
    training["pod"] |= {"block": 1, "cache": "cache"}
    lines: list[str] = []

    def table(output: str, **more: object) -> pd.DataFrame:
        scan = load_scan(scan_file(folder, {"seed": [1]}, training={**training, **more}))
        return run_scan(scan, folder / output, told=lines.append)

    # What these contribute is in the cache; there is no time for the others.
    write(folder / "early.extxyz", [frame.to_atoms() for frame in alloy[:4]])
    table("early", train=["early.extxyz"], validation=["test.extxyz"])
    lines.clear()
    short = table("out", validation=["test.extxyz"], time_limit=1e-9)
    assert short["ended_after"].item() == "4 of 9 frames"
    again = table("out", validation=["test.extxyz"], time_limit=1e-9)
    assert again["ended_after"].item() == "4 of 9 frames"
    assert ["done before" in line for line in lines] == [False, True]
    whole = table("out", validation=["test.extxyz"])
    assert "ended_after" not in whole
    assert whole["force_mae_meV_per_A"].item() != short["force_mae_meV_per_A"].item()
    table("out", validation=["test.extxyz"])
    assert ["done before" in line for line in lines] == [False, True, False, True]


def test_test_frames_are_read_before_anything_is_trained(folder: Path) -> None:
    path = scan_file(folder, {"seed": [1, 2]}, test=["tset.extxyz"])
    with pytest.raises(InputError, match=r"tset\.extxyz"):
        run_scan(load_scan(path), folder / "out")
    assert not (folder / "out").exists()
    path = scan_file(folder, {"seed": [1, 2]}, test="split")
    with pytest.raises(InputError, match="no frames in the split 'test'"):
        run_scan(load_scan(path), folder / "out")
    assert not (folder / "out").exists()


def test_other_frames_in_the_same_files_are_noticed(folder: Path) -> None:
    scan = load_scan(scan_file(folder, {"seed": [1]}))
    lines: list[str] = []
    before = run_scan(scan, folder / "out", told=lines.append)
    test = folder / "test.extxyz"
    shutil.copy(folder / "train.extxyz", test)
    with pytest.warns(UserWarning, match=r"9 of 9 test frames are frames of the training too.*test\.extxyz"):
        after = run_scan(scan, folder / "out", told=lines.append)
    assert not any("done before" in line for line in lines)
    assert before["force_mae_meV_per_A"].item() != pytest.approx(after["force_mae_meV_per_A"].item())
    # Other frames to fit are another training: the numbers of before are not shown for it.
    (folder / "train.extxyz").write_text(test.read_text() * 2)
    with pytest.raises(MofglassError, match=r"train\.extxyz is not what it was"):
        run_scan(scan, folder / "out")


def test_threads_are_those_of_the_training(folder: Path) -> None:
    scan = load_scan(scan_file(folder, [{"threads": 2}]))
    summary = folder / "out" / "threads-2" / "evaluation" / "summary.json"
    run_scan(scan, folder / "out")
    assert [timing["threads"] for timing in json.loads(summary.read_text())["efficiency"]] == [2]
