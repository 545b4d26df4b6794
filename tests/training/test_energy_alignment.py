"""Constants between two zeros of energy are found and taken off, and only when asked for."""

from __future__ import annotations

import numpy as np
import pytest

from mofglass.training.energy_alignment import EnergyRecords

CU, AU, H = 29, 79, 1


def records(compositions: list[dict[int, int]], shifts: dict[int, float], noise: np.ndarray) -> EnergyRecords:
    """Predictions that are off by a constant an element and by noise (eV)."""
    kept = EnergyRecords()
    for k, composition in enumerate(compositions):
        numbers = np.concatenate([np.full(count, number) for number, count in composition.items()])
        reference = -3.0 * len(numbers) + 0.1 * k
        off = sum(count * shifts[number] for number, count in composition.items())
        kept.add(numbers, reference, reference + off + noise[k])
    return kept


def test_energies_are_compared_as_they_are_by_default() -> None:
    kept = records([{CU: 4}, {CU: 8}], {CU: 0.5}, np.zeros(2))
    aligned = kept.aligned()
    np.testing.assert_allclose(aligned.errors_eV_per_atom, 0.5)
    assert aligned.constants_eV == {}


def test_energies_of_elements_are_found_exactly() -> None:
    compositions = [{CU: 4}, {CU: 3, AU: 1}, {CU: 2, AU: 2, H: 1}, {AU: 6, H: 2}]
    shifts = {CU: -1.5, AU: 7.25, H: 0.125}
    aligned = records(compositions, shifts, np.zeros(4)).aligned("per-element")
    np.testing.assert_allclose(aligned.errors_eV_per_atom, 0.0, atol=1e-12)
    assert aligned.constants_eV == {
        "H": pytest.approx(0.125),
        "Cu": pytest.approx(-1.5),
        "Au": pytest.approx(7.25),
    }


def test_one_composition_cannot_tell_elements_apart_but_is_aligned_as_per_atom() -> None:
    noise = np.array([0.3, -0.1, 0.4, 0.2])
    kept = records([{CU: 2, AU: 2}] * 4, {CU: 1.0, AU: -4.0}, noise)
    by_element, by_atom = kept.aligned("per-element"), kept.aligned("per-atom")
    np.testing.assert_allclose(by_element.errors_eV_per_atom, (noise - noise.mean()) / 4, atol=1e-12)
    np.testing.assert_allclose(by_atom.errors_eV_per_atom, by_element.errors_eV_per_atom, atol=1e-12)
    assert by_atom.constants_eV["atom"] == pytest.approx(-1.5 + noise.mean() / 4)
