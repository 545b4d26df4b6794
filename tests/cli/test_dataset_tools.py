"""`mofglass dataset info`, `sample`, `split` and `label`, as users call them."""

from __future__ import annotations

import json

import ase.io
import numpy as np
import pytest
from ase.build import bulk
from click.testing import CliRunner

from mofglass.cli import main
from mofglass.datasets import LabelledFrame, open_dataset
from mofglass.datasets.exporting import export_extxyz


def run(*arguments: object, code: int = 0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def argon(tmp_path):
    """120 labelled frames of two sources; energies of the second are skewed."""
    random = np.random.default_rng(0)
    frames = []
    for source, energies in (("cold", np.linspace(-4, -3, 60)), ("hot", random.exponential(1.0, 60))):
        for energy in energies:
            atoms = bulk("Ar", "fcc", a=5.3, cubic=True)
            atoms.rattle(0.05, rng=random)
            frames.append(
                LabelledFrame(
                    atoms.numbers,
                    atoms.positions,
                    atoms.cell.array,
                    4 * energy,
                    np.zeros((4, 3)),
                    None,
                    source,
                    80.0,
                )
            )
    path = tmp_path / "argon.extxyz"
    export_extxyz(frames, path)
    return path


def test_help_names_every_command():
    text = run("dataset", "--help").output
    for name in ("import", "info", "sample", "split", "label", "export"):
        assert f"  {name} " in text
        assert run("dataset", name, "--help").output.startswith("Usage:")


def test_info_prints_writes_and_gives_json(argon, tmp_path):
    text = run("dataset", "info", argon, "-o", tmp_path / "info").output
    assert "cold: 60 frames" in text
    assert "120 frames, 0 flagged as melted" in text
    assert (tmp_path / "info" / "info.png").stat().st_size > 10_000
    summary = json.loads(run("dataset", "info", argon, "--source", "h*", "--json").output)
    assert summary["n_frames"] == 60
    assert list(summary["by_source"]) == ["hot"]


def test_sample_flat_histogram_with_test_set(argon, tmp_path):
    output = tmp_path / "some.dataset.h5"
    arguments = ("dataset", "sample", argon, "-n", 40, "--test", 10, "-o", output)
    summary = json.loads(run(*arguments, "--json").output)
    dataset = open_dataset(output)
    assert summary["n_drawn"] == len(dataset.split("train")) <= 40
    assert summary["n_test_drawn"] == len(dataset.split("test")) <= 10
    assert summary["n_drawn"] + summary["n_test_drawn"] + summary["n_rest"] == 120
    energies = dataset.split("train").table.energy_eV / 4
    everything = open_dataset(argon).table.energy_eV / 4
    edges = np.linspace(everything.min(), everything.max(), 41)
    assert np.histogram(energies, edges)[0].max() == 1
    assert np.array_equal(np.histogram(energies, edges)[0] > 0, np.histogram(everything, edges)[0] > 0)


@pytest.mark.parametrize("method", ["random", "farthest-point"])
def test_sample_by_other_methods(argon, tmp_path, method):
    output = tmp_path / "some.dataset.h5"
    run("dataset", "sample", argon, "-n", 12, "--test", 3, "--method", method, "--keep-rest", "-o", output)
    dataset = open_dataset(output)
    assert [len(dataset.split(name)) for name in ("train", "test", "validation")] == [12, 3, 105]


def test_split_by_blocks_and_held_out(argon, tmp_path):
    output = tmp_path / "split.dataset.h5"
    text = run("dataset", "split", argon, "--block-frames", 5, "--hold-out", "hot", "-o", output).output
    assert "hot: 60 test" in text
    table = open_dataset(output).table
    assert set(table.split[table.source == "cold"]) == {"train", "validation", "test"}
    for block in np.unique(table.block):
        assert len(set(table.split[table.block == block])) == 1


@pytest.mark.parametrize("method", ["random", "flat-histogram", "farthest-point"])
def test_sample_of_splits_draws_from_train_and_keeps_the_others(argon, tmp_path, method):
    divided, output = tmp_path / "split.dataset.h5", tmp_path / "some.dataset.h5"
    run("dataset", "split", argon, "--block-frames", 5, "--gap-frames", 1, "-o", divided)
    arguments = ("dataset", "sample", divided, "-n", 8, "--method", method, "-o", output)
    summary = json.loads(run(*arguments, "--json").output)
    before, after = open_dataset(divided), open_dataset(output)
    assert "" in before.table.split
    assert set(after.table.split) == {"train", "validation", "test"}
    for name in ("validation", "test"):
        frames = before.split(name).table.frame
        np.testing.assert_array_equal(after.split(name).table.frame, frames)
        assert summary["n_as_before"][name] == len(frames)
    drawn = after.split("train").table.frame
    assert (
        summary["n_drawn"] == len(drawn) == len(np.intersect1d(drawn, before.split("train").table.frame)) <= 8
    )
    assert "in the split validation" in run(*arguments).output
    # the blocks stay, by which the sample is divided as the whole was
    assert set(after.table.block) <= set(before.table.block)


def test_sample_of_a_file_with_and_one_without_splits(argon, tmp_path):
    divided, other = tmp_path / "split.dataset.h5", tmp_path / "other.extxyz"
    run("dataset", "split", argon, "--block-frames", 5, "-o", divided)
    export_extxyz(open_dataset(argon)[:10], other)
    output = tmp_path / "some.dataset.h5"
    n_train = len(open_dataset(divided).split("train"))
    run("dataset", "sample", divided, other, "-n", n_train + 10, "--method", "random", "-o", output)
    assert len(open_dataset(output).split("train")) == n_train + 10


@pytest.mark.parametrize("option", [("--test", 3), ("--keep-rest",)])
def test_sample_of_splits_makes_no_new_ones(argon, tmp_path, option):
    divided, output = tmp_path / "split.dataset.h5", tmp_path / "some.dataset.h5"
    run("dataset", "split", argon, "--train", 0.7, "--validation", 0.3, "--test", 0, "-o", divided)
    text = run("dataset", "sample", divided, "-n", 8, *option, "-o", output, code=2).output
    assert "the frames have splits" in text
    assert not output.exists()


def test_sample_of_splits_without_training_frames(argon, tmp_path):
    divided, output = tmp_path / "split.dataset.h5", tmp_path / "some.dataset.h5"
    run("dataset", "split", argon, "--hold-out", "hot", "-o", divided)
    text = run("dataset", "sample", divided, "-n", 8, "--source", "hot", "-o", output, code=2).output
    assert "none is in the split 'train'" in " ".join(text.split())


def test_label_goes_on_and_collects(argon, tmp_path):
    frames = ase.io.read(argon, index=":6")
    for atoms in frames:
        atoms.calc = None
    bare = tmp_path / "bare.xyz"
    ase.io.write(bare, [atoms * 2 for atoms in frames], format="extxyz")
    directory = tmp_path / "labels"
    summary = json.loads(run("dataset", "label", bare, "-p", "lj", "-o", directory, "--json").output)
    assert (summary["n_labelled"], summary["n_remaining"]) == (6, 0)
    before = (directory / "results" / "000003.json").stat().st_mtime_ns
    (directory / "results" / "000004.json").unlink()
    assert "5 of 6 frames labelled" in run("dataset", "label", "--collect", "-o", directory).output
    assert len(open_dataset(directory / "labelled.extxyz")) == 5
    # Without frames it goes on with those of the directory, and does nothing again.
    assert "6 of 6 frames labelled" in run("dataset", "label", "-p", "lj", "-o", directory).output
    assert (directory / "results" / "000003.json").stat().st_mtime_ns == before
    assert len(open_dataset(directory / "labelled.extxyz")) == 6


def test_equal_frames_are_told_by_import_and_split(argon, tmp_path):
    copy, output = tmp_path / "copy.extxyz", tmp_path / "both.dataset.h5"
    export_extxyz(open_dataset(argon)[10:35], copy)
    alike = "25 of 145 frames have the formula, energy, volume and largest force of an earlier one"
    told = run("dataset", "import", argon, copy, "-o", output).stderr
    assert f"{alike}; the first is frame 0 of {copy}, equal to frame 10 of {argon}" in told
    assert len(open_dataset(output)) == 145
    divided = tmp_path / "split.dataset.h5"
    told = run("dataset", "split", output, "--block-frames", 1, "-o", divided).stderr
    split = open_dataset(divided).table.split
    assert f"{alike}, {np.sum(split[120:] != split[10:35])} of them in another split; the first" in told
    told = run("dataset", "import", argon, "-o", output).stderr
    assert "of an earlier one" not in told
    assert "69 of 120 frames have an energy more than 2 eV/atom from the median" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sample", "FILE", "-n", 500, "-o", "OUT"), "500 samples are asked for of 120 frames"),
        (("sample", "FILE", "-n", 5, "--source", "liquid", "-o", "OUT"), "no source is named 'liquid'"),
        (("split", "FILE", "--train", 0.9, "-o", "OUT"), "do not add up to 1"),
        (("label", "FILE", "-o", "OUT"), "either --potential NAME or --cp2k"),
        (("label", "-p", "lj", "-o", "OUT"), "holds no labelling"),
        (("label", "nowhere.xyz", "-p", "lj", "-o", "OUT"), "there is no file nowhere.xyz"),
        (("label", "--collect", "-o", "OUT"), "holds no labelling"),
        (("info", "nowhere.xyz"), "nowhere.xyz"),
        (("import", "FILE", "-o", "FILE"), "a dataset is HDF5 and is not called .extxyz"),
        (("sample", "FILE", "-n", 5, "-o", "FILE"), "a dataset is HDF5 and is not called .extxyz"),
        (("split", "FILE", "-o", "FILE"), "write NAME.dataset.h5"),
        (("import", "nowhere.xyz", "-o", "FOLDER/no/d.h5"), "there is no folder"),
        (("sample", "nowhere.xyz", "-n", 5, "-o", "FOLDER/no/d.h5"), "there is no folder"),
        (("split", "nowhere.xyz", "-o", "FOLDER/no/d.h5"), "there is no folder"),
        (("import", "FILE", "FILE", "-o", "OUT"), "argon.extxyz is given twice"),
        (("split", "FILE", "LINK", "-o", "OUT"), "link.extxyz is given twice"),
        (("export", "FILE", "FILE", "-o", "OUT"), "argon.extxyz is given twice"),
        (("export", "FILE", "-o", "FILE"), "is a file that the frames are read from"),
        (("import", "FILE", "-o", "FOLDER"), "is a folder"),
        (("sample", "FILE", "-n", 5, "-o", "FOLDER"), "is a folder"),
        (("split", "FILE", "-o", "FOLDER"), "is a folder"),
        (("export", "FILE", "--format", "extxyz", "-o", "FOLDER"), "is a folder"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(argon, tmp_path, arguments, message):
    before = argon.read_bytes()
    (tmp_path / "link.extxyz").symlink_to(argon)
    places = {
        "FILE": argon,
        "LINK": tmp_path / "link.extxyz",
        "OUT": tmp_path / "out",
        "FOLDER": tmp_path,
        "FOLDER/no/d.h5": tmp_path / "no" / "d.h5",
    }
    output = run("dataset", *(places.get(str(word), word) for word in arguments), code=2).output
    assert message in " ".join(output.split())
    assert "Traceback" not in output
    assert argon.read_bytes() == before
