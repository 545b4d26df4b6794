"""Exchange of linkers over whole runs: its stretch of frames, its table, and the colours of the viewer."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mofglass.report.exchange import NO_LINKER, exchange_block, linker_colours
from mofglass.report.measure import Measured
from mofglass.report.sample import gather
from mofglass.report.whole_run import even_frames, exchange_of
from mofglass.structures import load


@pytest.fixture(scope="module")
def followed(run_directory: Path) -> Measured:
    sample = gather([run_directory])[0]
    exchange, words = exchange_of(sample)
    assert exchange is not None
    return Measured(sample, {}, exchange=exchange, exchange_words=words)


@pytest.mark.parametrize(
    ("times_ps", "expected"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 1, 2, 2.1, 2.2, 2.3, 2.4], [2, 3, 4, 5, 6]),
        ([0, 0.1, 0.2, 0.3, 1.3, 2.3], [0, 1, 2, 3]),
        # A stage that ends between two frames, and the next one.
        ([0, 0.2, 0.4, 0.6, 0.65, 0.85, 1.05], [0, 1, 2, 3, 5, 6]),
        ([0.0], [0]),
    ],
)
def test_the_longest_evenly_recorded_stretch_is_followed(times_ps: list[float], expected: list[int]) -> None:
    assert even_frames(np.array(times_ps)).tolist() == expected


def test_the_whole_run_is_followed_and_the_planted_break_found(followed: Measured) -> None:
    """`make_run` pulls one Zn off some of its nitrogens at 1.1 ps, for good."""
    assert followed.exchange is not None
    assert followed.exchange_words.startswith("0 to 4 ps, a frame every 0.1 ps")
    figures: dict[str, Any] = {}
    block = exchange_block([followed], figures)
    assert block is not None
    columns, rows = block.table
    assert columns[0] == "events"
    summary = followed.exchange.summary()
    assert summary["n_breaks"] >= 1
    assert rows[0].cells[0] == str(summary["n_breaks"])
    assert [row.cells[0] for row in rows[1:4]] == ["0", "0", "0"]
    names = {name for name, _ in block.csvs}
    assert names >= {"exchange_linkers", "exchange_survival"}
    assert "exchange" not in names, "a table without events is not offered"
    assert set(figures) == {identifier for identifier, _ in block.figures}


def one_bond_broken(folder: Path) -> Path:
    """ZIF-4 at rest for 4 ps, of which one Zn is off some of its nitrogens from the first on."""
    crystal = load("ZIF-4")
    path = folder / "md.extxyz"
    with path.open("w") as stream:
        for time_ps in np.arange(0.0, 4.0, 0.1):
            frame = crystal.copy()
            frame.info["time_ps"] = round(float(time_ps), 1)
            if time_ps > 1.0:
                frame.positions[0] += [1.3, 0.6, 0.2]
            frame.write(stream, format="extxyz")
    return path


def test_linkers_that_stand_for_themselves_are_not_judged_by_single_breaks(tmp_path: Path) -> None:
    sample = gather([one_bond_broken(tmp_path)])[0]
    alone, _ = exchange_of(sample)
    assert alone is not None
    assert 1 <= alone.summary()["n_breaks"] <= 4
    assert alone.summary()["groups_of_linkers"] == 32
    assert set(alone.linkers["lability"]) == {"intermediate"}
    block = exchange_block([Measured(sample, {}, exchange=alone, exchange_words="0 to 4 ps")], {})
    assert block is not None
    assert "Each linker is judged by itself" in block.note
    grouped, _ = exchange_of(sample, load("ZIF-4"))
    assert grouped is not None
    assert grouped.summary()["groups_of_linkers"] == 4
    # A crystal with its atoms in another order groups nothing.
    other, _ = exchange_of(sample, load("ZIF-4")[::-1])
    assert other is not None
    assert other.summary()["groups_of_linkers"] == 32


def test_linkers_are_coloured_by_their_own_events(followed: Measured) -> None:
    assert followed.exchange is not None
    table = followed.exchange.linkers.copy()
    table.loc[5, ["n_same_nitrogen", "n_same_linker", "n_other_linker"]] = [1, 2, 4]
    table["lability"] = "intermediate"
    table.loc[5, "lability"] = "labile"
    planted = replace(followed, exchange=replace(followed.exchange, linkers=table))
    colours = linker_colours(planted)
    assert colours is not None
    assert colours["most"] == 7
    assert [row for row, n in enumerate(colours["events"]) if n] == [5]
    assert colours["lability"][5] == 2
    linker = np.frombuffer(base64.b64decode(colours["linker"]), "<u2")
    numbers = followed.sample.trajectory.numbers
    own = np.flatnonzero(linker == 5)
    # An imidazolate: three carbon, three hydrogen and the two nitrogen atoms of the table.
    assert sorted(numbers[own].tolist()) == [1, 1, 1, 6, 6, 6, 7, 7]
    assert set(map(int, table.loc[5, "nitrogens"].split())) <= set(own.tolist())
    assert (linker[numbers == 30] == NO_LINKER).all()


def test_a_structure_alone_has_no_exchange(tmp_path: Path) -> None:
    path = tmp_path / "crystal.extxyz"
    load("ZIF-4").write(path)
    exchange, words = exchange_of(gather([path])[0])
    assert exchange is None
    assert "fewer than three frames" in words
