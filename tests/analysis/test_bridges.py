"""Bridges against planted angles and against a count over the crystal that knows nothing of the network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import Bridges, BridgesResult
from mofglass.cli import main
from mofglass.errors import InputError


def planted(half_angle_deg: float, distance_A: float = 3.0, *, metals: int = 2) -> Atoms:
    """One imidazolate in a large box; the metals leave its centre at the given angle to its C2 axis."""
    turn = np.radians(90 + 72 * np.arange(5))
    # C2 first, then N, C, C, N around the ring; hydrogen outside each carbon.
    ring = 1.15 * np.c_[np.cos(turn), np.sin(turn), np.zeros(5)]
    symbols = ["C", "N", "C", "C", "N"]
    hydrogen = ring[[0, 2, 3]] * (1.15 + 1.08) / 1.15
    at = np.radians(90 + np.array([half_angle_deg, -half_angle_deg]))
    zinc = distance_A * np.c_[np.cos(at), np.sin(at), np.zeros(2)]
    atoms = Atoms(
        [*symbols, *["H"] * 3, *["Zn"] * metals], np.vstack((ring, hydrogen, zinc[:metals])), cell=[20] * 3
    )
    atoms.positions += 10.0
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize("half_angle", [65.0, 72.0, 80.0])
def test_planted_angle_and_distance(half_angle: float) -> None:
    result = Bridges().compute(planted(half_angle)).result
    assert result.n_bridges == 1
    assert result.moments["mean_angle_deg"] == pytest.approx(2 * half_angle, abs=1e-6)
    assert result.moments["mean_distance_A"] == pytest.approx(6 * np.sin(np.radians(half_angle)), abs=1e-6)
    assert result.moments["angle_deviation_deg"] == pytest.approx(0, abs=1e-4)
    assert result.moments["bridging_fraction"] == 1


def test_it_does_not_matter_where_the_cell_is_cut() -> None:
    atoms = planted(72.0)
    for shift in ([0, 0, 0], [10, 0, 0], [10.5, 9.2, 10], [-8, 10, 3]):
        moved = atoms.copy()
        moved.positions += shift
        moved.wrap()
        result = Bridges().compute(moved).result
        assert result.moments["mean_angle_deg"] == pytest.approx(144, abs=1e-6)
        assert result.moments["mean_distance_A"] == pytest.approx(6 * np.sin(np.radians(72)), abs=1e-6)


def test_one_metal_is_no_bridge() -> None:
    result = Bridges().compute(planted(72.0, metals=1)).result
    assert result.n_bridges == 0
    assert np.isnan(result.moments["mean_angle_deg"])
    assert result.moments["bridging_fraction"] == 0
    assert result.summary()["most_probable_angle_deg"] is None
    assert len(result.panels()) == 2


def test_crystal_by_distances_alone() -> None:
    """Every carbon between two nitrogen atoms finds the ring; ASE's neighbours find its zinc."""
    crystal = structures.load("ZIF-4")
    i, j, shift = neighbor_list("ijS", crystal, {("N", "Zn"): 2.5, ("C", "N"): 1.6, ("C", "C"): 1.6})
    symbols = np.array(crystal.get_chemical_symbols())

    def neighbours(atom: int, symbol: str) -> list[tuple[int, np.ndarray]]:
        return [
            (int(b), s) for a, b, s in zip(i, j, shift, strict=True) if a == atom and symbols[b] == symbol
        ]

    def place(atom: int, image: np.ndarray) -> np.ndarray:
        return crystal.positions[atom] + image @ np.asarray(crystal.cell)

    angles, distances = [], []
    for carbon in np.flatnonzero(symbols == "C"):
        nitrogen = neighbours(carbon, "N")
        if len(nitrogen) != 2:
            continue
        ring, zinc = [place(carbon, np.zeros(3))], []
        for n, image in nitrogen:
            ring.append(place(n, image))
            (other, step) = next((c, s) for c, s in neighbours(n, "C") if len(neighbours(c, "N")) == 1)
            ring.append(place(other, image + step))
            (metal, step) = neighbours(n, "Zn")[0]
            zinc.append(place(metal, image + step))
        arms = np.array(zinc) - np.mean(ring, axis=0)
        lengths = np.linalg.norm(arms, axis=1)
        angles.append(np.degrees(np.arccos(arms[0] @ arms[1] / lengths.prod())))
        distances.append(np.linalg.norm(zinc[0] - zinc[1]))
    assert len(angles) == 32
    result = Bridges().compute(crystal).result
    assert result.n_bridges == 32
    assert result.moments["mean_angle_deg"] == pytest.approx(np.mean(angles), abs=1e-6)
    assert result.moments["angle_deviation_deg"] == pytest.approx(np.std(angles), abs=1e-4)
    assert result.moments["mean_distance_A"] == pytest.approx(np.mean(distances), abs=1e-6)
    assert result.moments["distance_deviation_A"] == pytest.approx(np.std(distances), abs=1e-4)
    assert result.moments["bridging_fraction"] == 1
    expected = np.histogram(angles, 90, (0, 180))[0] / 32 / 2
    np.testing.assert_allclose(result.angle_per_deg, expected)


def test_distributions_integrate_to_one_and_supercells_agree() -> None:
    crystal = structures.load("ZIF-8")
    one, eight = Bridges().compute(crystal).result, Bridges().compute(crystal * 2).result
    assert one.angle_per_deg.sum() * 2 == pytest.approx(1)
    assert one.distance_per_A.sum() * 0.05 == pytest.approx(1)
    assert eight.n_bridges == 8 * one.n_bridges
    assert eight.moments["mean_angle_deg"] == pytest.approx(one.moments["mean_angle_deg"])


def test_parts_merge_and_glasses_combine() -> None:
    frames = []
    for seed in range(6):
        frames.append(structures.load("ZIF-4"))
        frames[-1].rattle(0.05, seed=seed)
    whole = Bridges().compute(frames).result
    merged = Bridges().compute(frames[:2]).merge(Bridges().compute(frames[2:])).result
    assert merged.moments["mean_angle_deg"] == pytest.approx(whole.moments["mean_angle_deg"])
    assert merged.moments["mean_angle_deg_error"] == pytest.approx(whole.moments["mean_angle_deg_error"])
    glasses = [Bridges().compute(frame).result for frame in frames]
    mean = BridgesResult.combine(glasses)
    angles = [glass.moments["mean_angle_deg"] for glass in glasses]
    assert mean.moments["mean_angle_deg"] == pytest.approx(np.mean(angles))
    assert mean.moments["mean_angle_deg_error"] == pytest.approx(np.std(angles, ddof=1) / np.sqrt(6))
    assert (mean.n_bridges, mean.n_glasses, mean.n_frames) == (32 * 6, 6, 6)
    # Independent frames: the error from blocks of time is that between glasses.
    assert whole.moments["mean_angle_deg_error"] == pytest.approx(
        mean.moments["mean_angle_deg_error"], rel=0.01
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="180"):
        Bridges(bin_width_deg=0)
    with pytest.raises(InputError, match="10 Å"):
        Bridges(bin_width_A=-1)
    with pytest.raises(InputError, match="no metals with linkers"):
        Bridges().compute(bulk("Cu", cubic=True))


def test_command(tmp_path: Path) -> None:
    words = ["analyse", "bridges", "ZIF-4", "--json", "-o", str(tmp_path)]
    summary = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert summary["n_bridges"] == 32
    assert summary["mean_angle_deg_error"] is None
    assert (tmp_path / "bridges_distance.csv").is_file()
