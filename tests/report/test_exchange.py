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
from mofglass.report.whole_run import even_stretch, exchange_of


@pytest.fixture(scope="module")
def followed(run_directory: Path) -> Measured:
    sample = gather([run_directory])[0]
    exchange, words = exchange_of(sample)
    assert exchange is not None
    return Measured(sample, {}, exchange=exchange, exchange_words=words)


@pytest.mark.parametrize(
    ("times_ps", "expected"),
    [
        ([0, 1, 2, 3], (0, 4)),
        ([0, 1, 2, 2.1, 2.2, 2.3, 2.4], (2, 7)),
        ([0, 0.1, 0.2, 0.3, 1.3, 2.3], (0, 4)),
        ([0.0], (0, 1)),
    ],
)
def test_the_longest_evenly_spaced_stretch_is_followed(
    times_ps: list[float], expected: tuple[int, int]
) -> None:
    assert even_stretch(np.array(times_ps)) == expected


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
    from mofglass.structures import load

    path = tmp_path / "crystal.extxyz"
    load("ZIF-4").write(path)
    exchange, words = exchange_of(gather([path])[0])
    assert exchange is None
    assert "fewer than three frames" in words
