"""A dataset described: known distributions, coordination, and frames that are melted."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from mofglass import structures
from mofglass.datasets import Dataset, LabelledFrame
from mofglass.datasets.info import describe_dataset
from mofglass.datasets.info_output import write_info
from mofglass.plotting import draw_panel


def frame(atoms, *, energy=-1.0, force=0.0, source="crystal", temperature_K=300.0) -> LabelledFrame:
    forces = np.zeros((len(atoms), 3))
    forces[:, 0] = force
    return LabelledFrame(
        atoms.numbers,
        atoms.positions.copy(),
        atoms.cell.array.copy(),
        energy,
        forces,
        None,
        source,
        temperature_K,
    )


@pytest.fixture(scope="module")
def crystal():
    return structures.load("ZIF-4")


def moved(crystal, distance_A: float):
    """Move half of the zinc one way and half the other, so that the mean stays."""
    atoms = crystal.copy()
    zinc = np.flatnonzero(atoms.numbers == 30)
    atoms.positions[zinc[::2], 0] += distance_A
    atoms.positions[zinc[1::2], 0] -= distance_A
    return atoms


def test_crystal_is_fourfold_at_rest_and_not_melted(crystal):
    info = describe_dataset(Dataset.from_frames([frame(crystal), frame(crystal)]))
    np.testing.assert_allclose(info.coordination, 4.0)
    np.testing.assert_allclose(info.msd_A2, 0.0, atol=1e-9)
    assert not info.melted.any()
    assert info.coordination_counts["crystal"].tolist() == [0, 0, 0, 0, 32, 0, 0, 0, 0]


def test_msd_counts_movement_and_neither_the_cell_nor_wrapping_nor_drift(crystal):
    strained = moved(crystal, 0.3)
    strained.set_cell(strained.cell * 1.02, scale_atoms=True)
    wrapped = moved(crystal, 0.3)
    wrapped.positions += [3.0, -2.0, 1.0]
    wrapped.wrap()
    info = describe_dataset(Dataset.from_frames([frame(crystal), frame(strained), frame(wrapped)]))
    np.testing.assert_allclose(info.msd_A2, [0.0, 0.09 * 1.02**2, 0.09], atol=1e-4)


def test_msd_follows_an_atom_through_the_cell_face(crystal):
    steps = [frame(moved(crystal, 2.0 * k)) for k in range(9)]
    info = describe_dataset(Dataset.from_frames(steps))
    np.testing.assert_allclose(info.msd_A2, (2.0 * np.arange(9)) ** 2, rtol=1e-4)


def test_frames_are_flagged_by_either_sign_of_melting(crystal):
    # A third of the zinc loses its linkers: moved away from all nitrogen, but less than 2 Å on average.
    broken = crystal.copy()
    zinc = np.flatnonzero(broken.numbers == 30)
    broken.positions[zinc[:5]] += [0.9, 0.9, 0.9]
    far = moved(crystal, 2.5)
    info = describe_dataset(Dataset.from_frames([frame(crystal), frame(broken), frame(far), frame(crystal)]))
    assert info.coordination[1] < 3.7
    assert info.msd_A2[1] < 4.0 < info.msd_A2[2]
    assert info.melted.tolist() == [False, True, True, False]
    lenient = describe_dataset(info.dataset, melted_coordination=0.1, melted_msd_A2=100.0)
    assert not lenient.melted.any()


def test_sources_are_described_apart(crystal):
    frames = [frame(crystal, energy=272 * e, force=f, source=s, temperature_K=t) for e, f, s, t in (
        (-2.0, 1.0, "a", 300.0), (-4.0, 3.0, "a", 500.0), (-3.0, 2.0, "b", np.nan),
    )]  # fmt: skip
    by_source = describe_dataset(Dataset.from_frames(frames)).by_source()
    assert list(by_source) == ["a", "b"]
    a = by_source["a"]
    assert (a["energy_eV_per_atom"]["min"], a["energy_eV_per_atom"]["max"]) == (-4.0, -2.0)
    assert a["force_rms_eV_per_A"] == pytest.approx(np.sqrt((1 + 9) / 2 / 3))
    assert a["max_force_eV_per_A"] == pytest.approx(3.0)
    assert a["temperature_K"] == {"min": 300.0, "max": 500.0}
    assert by_source["b"]["temperature_K"] is None


def test_frames_without_metal_have_no_coordination():
    from ase.build import bulk

    argon = bulk("Ar", cubic=True)
    info = describe_dataset(Dataset.from_frames([frame(argon, source="argon")]))
    assert np.isnan(info.coordination).all()
    assert not info.melted.any()
    assert [panel.title for panel in info.panels()] == ["Energy", "Forces", "Volume", "Temperature"]


def test_tables_figure_and_summary_are_written(crystal, tmp_path):
    frames = [frame(crystal), frame(moved(crystal, 2.5), source="melt", temperature_K=1500.0)]
    info = describe_dataset(Dataset.from_frames(frames))
    written = write_info(info, tmp_path / "info")
    table = pd.read_csv(tmp_path / "info" / "frames.csv")
    assert table["source"].tolist() == ["crystal", "melt"]
    pd.testing.assert_frame_equal(
        table[["coordination"]].astype("float32"), info.to_dataframe()[["coordination"]]
    )
    assert (tmp_path / "info" / "info.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "info" / "info.json").read_text())["n_frames"] == 2
    assert sorted(path.name for path in (tmp_path / "info").iterdir()) == sorted(
        path.name for path in written
    )


def test_of_nine_sources_eight_are_drawn_and_the_titles_say_so(crystal):
    frames = [frame(crystal, source=f"run {k}") for k in range(9)]
    panels = describe_dataset(Dataset.from_frames(frames)).panels()
    assert all(len(panel.curves) == 8 and panel.title.endswith(", 8 of 9 sources") for panel in panels)
    assert describe_dataset(Dataset.from_frames(frames[:8])).panels()[0].title == "Energy"


def test_counts_of_frames_are_steps_with_whole_numbers_and_ticks_that_stay_apart(crystal):
    info = describe_dataset(Dataset.from_frames([frame(crystal), frame(crystal)]))
    for panel in info.panels():
        if panel.y_label != "frames":
            continue
        ax = draw_panel(panel)
        ax.figure.draw_without_rendering()
        x, y = ax.lines[0].get_data()
        assert (np.diff(x) * np.diff(y) == 0).all()
        assert sorted(set(y)) == [0, 2]
        assert all(float(tick) == int(tick) for tick in ax.get_yticks())
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_table_comes_in_pieces_that_join(crystal):
    info = describe_dataset(Dataset.from_frames([frame(crystal, energy=-float(k)) for k in range(7)]))
    pieces = list(info.rows(chunk=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), info.to_dataframe())


def test_the_papers_glasses_and_liquids(shared):
    from mofglass.datasets import open_dataset

    dataset = open_dataset(shared / "labels" / "explored.extxyz.gz")
    table = dataset.table
    hot = np.flatnonzero(table.temperature_K == 1500)[::6]
    cold = np.flatnonzero(table.temperature_K <= 300)[::6]
    # Castel 2024: glasses at 300 K have 3.9 and more, the liquid at 1500 K 3.6 to 3.8.
    assert describe_dataset(dataset[cold]).coordination.mean() > 3.85
    assert 3.3 < describe_dataset(dataset[hot]).coordination.mean() < 3.8
