"""The shipped potential beside real DFT: frames that CP2K has labelled, by labels no training has seen.

One of the frames, the crystal at 450 K, was trained on with its teacher's label.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.linker_topology import linker_places
from mofglass.training.predictions import Prediction, compute
from mofglass.units import GPA_PER_EV_PER_A3

FRAMES = Path(__file__).parent / "data" / "cp2k-zif4.extxyz.gz"


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Atoms, Prediction]]:
    """Each frame of whole linkers by CP2K, and what `zif4` says of it."""
    calculator = make_calculator(get_potential("zif4"))
    found = []
    for frame in read(FRAMES, index=":"):
        try:
            linker_places(frame)
        except InputError:
            continue
        found.append((frame, compute(calculator, frame)))
    return found


def test_labels_are_of_frames_in_which_nothing_pulls_from_outside(pairs) -> None:
    sources = {frame.info["source"] for frame, _ in pairs}
    assert {"SALEM-2-rattled", "ZIF4_15glass04", "crystal-450K", "melt-1500K"} <= sources
    for frame, _ in pairs:
        assert frame.info["program"] == "CP2K 2023.1"
        # Of 272 atoms; the grid of 600 Ry does not quite conserve momentum.
        assert np.abs(frame.get_forces().sum(axis=0)).max() < 0.5


def test_forces_and_stress_are_near_dft(pairs) -> None:
    for frame, found in pairs:
        most = 110 if frame.info["source"] == "melt-1500K" else 60
        assert 1e3 * np.abs(found.forces_eV_per_A - frame.get_forces()).mean() < most, frame.info
        assert found.stress_eV_per_A3 is not None
        off = np.abs(found.stress_eV_per_A3 - frame.get_stress(voigt=False)).mean()
        assert off * GPA_PER_EV_PER_A3 < 0.15, frame.info


def test_energies_are_near_dft_but_for_a_constant(pairs) -> None:
    off = np.array([(found.energy_eV - frame.get_potential_energy()) / len(frame) for frame, found in pairs])
    assert 1e3 * np.abs(off - off.mean()).max() < 6
