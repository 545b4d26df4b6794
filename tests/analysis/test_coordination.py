"""Coordination numbers of known structures, and of the papers' crystal and glasses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass import structures
from mofglass.analysis import RDF, Coordination, CoordinationResult
from mofglass.errors import InputError
from mofglass.frame import Frame


def test_rock_salt() -> None:
    result = Coordination(pair=("Na", "Cl"), cutoff_A=3.0).compute(bulk("NaCl", "rocksalt", a=5.64)).result
    assert result.mean_coordination == 6.0
    assert result.fraction_by_number == {6: 1.0}
    assert np.isnan(result.mean_coordination_error)


def test_integral_of_the_rdf_is_the_coordination() -> None:
    random = np.random.default_rng(0)
    atoms = Atoms("Zn20N60", positions=random.uniform(0, 9, (80, 3)), cell=[9.0] * 3, pbc=True)
    rdf = RDF(r_max_A=6.0, bin_width_A=0.05).compute(atoms).result
    for upper in (1.5, 2.5, 5.5):
        counted = Coordination(cutoff_A=upper).compute(atoms).result.mean_coordination
        bin_at = round(upper / 0.05) - 1
        np.testing.assert_allclose(rdf.running_coordination["Zn", "N"][bin_at], counted)
        # And by the integral itself.
        edges = np.arange(121) * 0.05
        shell = 4 / 3 * np.pi * np.diff(edges**3)[: bin_at + 1]
        integral = (rdf.g["Zn-N"][: bin_at + 1] * shell).sum() * 60 / 9.0**3
        np.testing.assert_allclose(integral, counted)


def test_over_time() -> None:
    # One nitrogen of four is away in half of the frames, at random.
    away = np.random.default_rng(1).permutation(np.arange(64) % 2)
    near = np.array([[2.0, 0, 0], [-2.0, 0, 0], [0, 2.0, 0], [0, -2.0, 0]])
    frames = []
    for k in range(64):
        at = near.copy()
        at[0, 0] += away[k]
        positions = np.vstack((np.zeros(3), at))
        frames.append(Frame(np.array([30, 7, 7, 7, 7]), positions, np.eye(3) * 12, index=k, time_ps=k * 0.1))
    result = Coordination().compute(frames).result
    assert result.mean_coordination == 3.5
    assert result.fraction_by_number == {3: 0.5, 4: 0.5}
    assert result.mean_coordination_error == pytest.approx(0.5 / 8, rel=0.5)
    table = result.to_dataframe()
    np.testing.assert_array_equal(table.coordination, 4.0 - away)
    assert table.time_ps.iloc[-1] == pytest.approx(6.3)


def test_the_catalogue_crystal() -> None:
    assert Coordination().compute(structures.load("ZIF-4")).result.mean_coordination == 4.0


def test_the_papers_crystal_and_glasses(shared: Path) -> None:
    crystal = structures.load(shared / "structures" / "ZIF4-RelaxedCell.cif")
    assert Coordination().compute(crystal).result.mean_coordination == 4.0
    glasses = [
        Coordination().compute(structures.load(path)).result
        for path in sorted((shared / "glasses").glob("ZIF4_15glass*.cif"))
    ]
    assert len(glasses) == 5
    # One of 16 Zn has lost a nitrogen in four of the five; the first frame of glass 1 has all four.
    values = [glass.mean_coordination for glass in glasses]
    assert values == [4.0, 3.9375, 3.9375, 3.9375, 3.9375]
    mean = CoordinationResult.combine(glasses)
    assert mean.mean_coordination == pytest.approx(3.95)
    assert mean.mean_coordination_error == pytest.approx(0.0125)
    # Castel 2024, Table S5: 3.93 over trajectories of the ab initio glasses.
    assert abs(mean.mean_coordination - 3.93) < 2 * mean.mean_coordination_error


def test_missing_element() -> None:
    with pytest.raises(InputError, match="holds no Zn, only C"):
        Coordination().compute(bulk("C", "diamond", a=3.567))
