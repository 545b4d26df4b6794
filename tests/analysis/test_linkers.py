"""Linker integrity of the crystal, cut once, over time and over glasses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from mofglass import structures
from mofglass.analysis import Linkers, LinkersResult
from mofglass.frame import Frame


@pytest.fixture(scope="module")
def crystal() -> Atoms:
    return structures.load("ZIF-4")


def cut_one_bond(crystal: Atoms) -> Atoms:
    """Pull one carbon, with its hydrogen, off a nitrogen of its ring."""
    from mofglass.topology import perceive

    cut = crystal.copy()
    ring = perceive(crystal).linkers.ring[0]
    carbon, nitrogen = int(ring[3]), int(ring[2])
    away = crystal.get_distance(nitrogen, carbon, mic=True, vector=True)
    hydrogen = int(np.argmin(crystal.get_distances(carbon, np.flatnonzero(crystal.numbers == 1), mic=True)))
    hydrogen = int(np.flatnonzero(crystal.numbers == 1)[hydrogen])
    for atom in (carbon, hydrogen):
        cut.positions[atom] += away / np.linalg.norm(away) * 0.6
    return cut


def test_the_crystal_is_intact(crystal: Atoms) -> None:
    summary = Linkers().compute(crystal).result.summary()
    assert (summary["n_linkers"], summary["n_intact"], summary["n_broken"]) == (32, 32, 0)
    assert summary["fraction_intact"] == 1.0


def test_one_cut_bond_is_one_broken_linker(crystal: Atoms) -> None:
    result = Linkers().compute(cut_one_bond(crystal)).result
    summary = result.summary()
    assert (summary["n_linkers"], summary["n_intact"], summary["n_broken"]) == (32, 31, 1)
    assert summary["fraction_intact"] == pytest.approx(31 / 32)
    faults = result.tables()["linkers_faults"]
    assert len(faults) >= 1
    assert faults.kind.iloc[0] == "broken ring"


def test_faults_are_told_once_with_their_times(crystal: Atoms) -> None:
    cut = cut_one_bond(crystal)
    frames = [
        Frame(
            crystal.numbers,
            (cut if 3 <= k <= 5 else crystal).positions,
            np.asarray(crystal.cell),
            index=k,
            time_ps=k * 0.5,
        )
        for k in range(8)
    ]
    result = Linkers().compute(frames).result
    np.testing.assert_array_equal(result.to_dataframe().n_broken, [0, 0, 0, 1, 1, 1, 0, 0])
    fault = result.faults[0]
    assert (fault.first_frame, fault.last_frame, fault.n_frames) == (3, 5, 3)
    assert (fault.first_time_ps, fault.last_time_ps) == (1.5, 2.5)
    summary = result.summary()
    assert summary["n_broken"] == 0  # of the last frame
    assert summary["first_broken_time_ps"] == 1.5
    assert summary["min_fraction_intact"] == pytest.approx(31 / 32)
    assert summary["mean_fraction_intact"] == pytest.approx(1 - 3 / 8 / 32)
    parts = Linkers().compute(frames[:4]).merge(Linkers().compute(frames[4:])).result
    assert parts.faults == result.faults


def test_glasses_keep_their_numbers_apart(crystal: Atoms) -> None:
    whole, cut = Linkers().compute(crystal).result, Linkers().compute(cut_one_bond(crystal)).result
    both = LinkersResult.combine([whole, cut])
    assert both.summary()["n_linkers"] == 64
    assert both.summary()["n_broken"] == 1
    assert {fault.glass for fault in both.faults} == {1}
    assert both.mean_fraction_intact_error == pytest.approx(1 / 64)


def test_the_ab_initio_glasses_are_intact(shared: Path) -> None:
    for path in sorted((shared / "glasses").glob("*glass*.cif")):
        assert Linkers().compute(structures.load(path)).result.mean_fraction_intact == 1.0, path.name
