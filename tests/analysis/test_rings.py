"""Ring statistics over frames and glasses, and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import Rings, RingsResult
from mofglass.cli import main
from mofglass.errors import InputError
from mofglass.frame import Frame


def test_the_crystal() -> None:
    result = Rings().compute(structures.load("ZIF-4")).result
    assert result.rings_by_size == {8: 4.0, 12: 16.0, 16: 32.0}
    assert result.rings_per_metal == {8: 0.25, 12: 1.0, 16: 2.0}
    assert result.mean_ring_size == pytest.approx((4 * 8 + 16 * 12 + 32 * 16) / 52)
    assert np.isnan(result.rings_by_size_error[8])
    metals = Rings(count_in="metals", definition="king").compute(structures.load("ZIF-4")).result
    assert metals.rings_by_size == {4: 4.0, 6: 16.0}
    assert metals.max_size == 16


def test_over_time() -> None:
    """In half of the frames, at random, a zinc is away from one of its nitrogens."""
    crystal = structures.load("ZIF-4")
    away = crystal.positions.copy()
    zinc = int(np.flatnonzero(crystal.numbers == 30)[0])
    distances = crystal.get_distances(zinc, range(len(crystal)), mic=True, vector=True)
    nearest = np.argsort(np.linalg.norm(distances, axis=1) + 99 * (crystal.numbers != 7))[0]
    away[zinc] -= 0.7 * distances[nearest] / np.linalg.norm(distances[nearest])
    is_away = np.random.default_rng(1).permutation(np.arange(32) % 2)
    frames = [
        Frame(
            crystal.numbers,
            away if k else crystal.positions,
            np.asarray(crystal.cell),
            index=i,
            time_ps=i * 0.1,
        )
        for i, k in enumerate(is_away)
    ]
    broken = Rings().compute(frames[int(np.flatnonzero(is_away)[0])]).result
    result = Rings().compute(frames).result
    assert broken.rings_by_size != {8: 4.0, 12: 16.0, 16: 32.0}
    for size in (8, 12, 16):
        whole = {8: 4.0, 12: 16.0, 16: 32.0}[size]
        assert result.rings_by_size[size] == (whole + broken.rings_by_size.get(size, 0.0)) / 2
    table = result.to_dataframe()
    assert (table.n_rings == table[[f"rings_of_{size}" for size in result.sizes]].sum(axis=1)).all()
    assert (table.rings_of_12[is_away == 0] == 16).all()
    assert (table.rings_of_12[is_away == 1] < 16).all()
    assert result.rings_by_size_error[12] > 0
    assert [panel.x_label for panel in result.panels()] == ["ring size (metals and linkers)", "time (ps)"]
    parts = Rings().compute(frames[:13]).merge(Rings().compute(frames[13:])).result
    assert parts.summary() == result.summary()


def test_glasses_have_rings_that_the_crystal_has_not(shared: Path) -> None:
    # Mendez 2024: the crystal has rings of 4, 6 and 8 Zn; glasses have others beside.
    crystal = Rings(count_in="metals").compute(
        structures.load(shared / "structures" / "ZIF4-RelaxedCell.cif")
    )
    assert set(crystal.result.rings_by_size) == {4, 6, 8}
    paths = sorted((shared / "glasses").glob("ZIF4_15glass*.cif"))
    glasses = [Rings(count_in="metals").compute(structures.load(path)).result for path in paths]
    mean = RingsResult.combine(glasses)
    assert mean.n_glasses == 5
    assert mean.n_metals == 80
    assert any(not {4, 6, 8} >= set(glass.rings_by_size) for glass in glasses)
    for size in mean.sizes:
        values = [glass.rings_by_size.get(size, 0.0) for glass in glasses]
        assert mean.rings_by_size[size] == pytest.approx(np.mean(values))
        assert mean.rings_by_size_error[size] == pytest.approx(np.std(values, ddof=1) / 5**0.5)


def test_command_line() -> None:
    for definition, expected in (
        ("primitive", {"4": 4.0, "6": 16.0, "8": 32.0}),
        ("king", {"4": 4.0, "6": 16.0}),
        ("guttman", {"4": 4.0, "6": 16.0}),
        ("strong", {"4": 4.0, "6": 16.0}),
    ):
        words = ["analyse", "rings", "ZIF-4", "--definition", definition, "--count-in", "metals", "--json"]
        answer = CliRunner().invoke(main, words, catch_exceptions=False)
        summary = json.loads(answer.stdout)
        assert summary["rings_by_size"] == expected
        assert not summary["reaches_max_size"]
    page = (Path(__file__).parents[2] / "docs" / "analysis" / "rings.md").read_text()
    assert [key for key in summary if f'"{key}"' not in page] == []
    words = ["analyse", "rings", "ZIF-4", "--max-metals", "6", "--json"]
    cut = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert cut["rings_by_size"] == {"8": 4.0, "12": 16.0}
    assert cut["reaches_max_size"]


def test_refusals() -> None:
    with pytest.raises(InputError, match="no definition"):
        Rings(definition="small")
    with pytest.raises(InputError, match="choose nodes or metals"):
        Rings(count_in="linkers")
    with pytest.raises(InputError, match="holds no metal-linker network"):
        Rings().compute(bulk("C", "diamond", a=3.567))
