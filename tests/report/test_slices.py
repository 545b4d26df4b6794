"""Slices of the local density: the field of the analysis, one scale, in g/cm³."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from mofglass.analysis import LocalDensity
from mofglass.report.measure import Measured
from mofglass.report.sample import gather
from mofglass.report.slices import slice_figures, slices


def test_maps_hold_the_layers_along_c() -> None:
    """Zn in one of eight boxes: 65.38 u in 125 Å³ are 0.8686 g/cm³."""
    atoms = Atoms("ZnH", [[7, 2, 2], [1, 1, 1]], cell=[10, 10, 10], pbc=True)
    result = LocalDensity().compute(atoms).result
    drawn = slices(result, (0.0, 1.0))
    assert [m["title"] for m in drawn["maps"]] == ["0 to 5 Å along c", "5 to 10 Å along c"]
    # Rows along b, columns along a.
    assert drawn["maps"][0]["values"][0][1] == pytest.approx(0.8686, abs=2e-4)
    assert np.sum(drawn["maps"][1]["values"]) == 0


def test_crystal_and_glass_share_a_scale(run_directory: Path) -> None:
    sample = gather([run_directory])[0]
    thin, dense = (
        LocalDensity().compute(Atoms(f"{kind}2", [[1, 1, 1], [7, 7, 7]], cell=[10] * 3, pbc=True)).result
        for kind in ("C", "Zn")
    )
    figures: dict[str, Any] = {}
    added = slice_figures([Measured(sample, {"local_density": dense}, {"local_density": thin})], figures)
    assert [item["title"] for item in added] == ["Crystal", sample.label]
    assert figures["slices-0"]["limits"] == figures["slices-1"]["limits"]
    assert figures["slices-0"]["limits"][1] == pytest.approx(0.8686, abs=2e-4)
    assert slice_figures([Measured(sample, {})], {}) == []
