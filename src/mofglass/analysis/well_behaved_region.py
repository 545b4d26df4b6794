"""Which volumes an equation of state is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from mofglass.analysis.equation_of_state import EquationOfState, fit_pressures
from mofglass.errors import InputError
from mofglass.units import GPA_PER_EV_PER_A3

MOST_POINTS, FEWEST_POINTS = 5, 3
_ACCEPTED_CHI2 = 4.0
"""Points deviate by no more than twice their errors."""
_ACCEPTED_SCATTER = 0.05
"""Or the scatter is this share of the range of pressures."""


@dataclass(frozen=True)
class Region:
    """Which points are fitted.

    Parameters
    ----------
    points : ndarray of int
        Their places in the arrays given, by rising volume.
    equation : EquationOfState
        The second-order fit to them.
    well_behaved : bool
        Whether the rule was met; else they are the best there are.
    reason : str
        Why these, in one sentence.
    """

    points: np.ndarray
    equation: EquationOfState
    well_behaved: bool
    reason: str


def disagreement_GPa(volume_A3: np.ndarray, pressures_GPa: np.ndarray, energies_eV: np.ndarray) -> float:
    """Tell how well pressures at rest are known, from the energies beside them.

    Between two volumes the energy must rise by what the pressure does there, which a cubic spline of the
    pressures gives. Ions not quite at rest, or in another minimum at the next volume, break this.

    Parameters
    ----------
    volume_A3, pressures_GPa, energies_eV : ndarray, shape (n,)
        Volumes (Å³), pressures (GPa) and energies (eV), at least three.

    Returns
    -------
    float
        The error of one pressure, GPa, that explains the disagreement: the root mean square, over the
        steps, of what they differ by in mean pressure, times the square root of two.
    """
    order = np.argsort(volume_A3)
    volume, pressure, energy = (
        np.asarray(values, dtype=float)[order] for values in (volume_A3, pressures_GPa, energies_eV)
    )
    work = np.diff(CubicSpline(volume, pressure).antiderivative()(volume))
    difference = (work + np.diff(energy) * GPA_PER_EV_PER_A3) / np.diff(volume)
    return float(np.sqrt(2 * np.mean(difference**2)))


def well_behaved_region(
    volume_A3: np.ndarray,
    pressures_GPa: np.ndarray,
    errors_GPa: np.ndarray | None = None,
    energies_eV: np.ndarray | None = None,
) -> Region:
    """Choose the points to fit: at most five, around zero pressure where possible (Castel 2024, SI).

    The rule: of all runs of five neighbouring volumes, those that have zero pressure among them are kept
    (where there is none, those nearest to it); of these, those over which the pressure falls with every
    step. The one that a second-order Birch-Murnaghan equation fits best is taken if it fits: a chi² per
    degree of freedom of 4 at most, or a scatter of at most 5 % of the range of pressures (very precise
    pressures tell K' from 4, which is no reason to drop them). Else four points are tried, then three.
    At rest, where the pressure may vanish at several volumes, the one of lowest energy is among them.

    Parameters
    ----------
    volume_A3, pressures_GPa : ndarray, shape (n,)
        Volumes (Å³) and pressures (GPa), at least three.
    errors_GPa : ndarray, shape (n,), optional
        Standard errors, GPa.
    energies_eV : ndarray, shape (n,), optional
        Energies at rest, eV.

    Returns
    -------
    Region
        The points and their fit.

    Raises
    ------
    InputError
        When there are fewer than three points.
    """
    volume, pressure = (np.asarray(values, dtype=float) for values in (volume_A3, pressures_GPa))
    if len(volume) < FEWEST_POINTS:
        raise InputError(
            f"an equation of state needs at least {FEWEST_POINTS} volumes, there are {len(volume)}"
        )
    order = np.argsort(volume)
    lowest = None if energies_eV is None else int(np.argmin(energies_eV))
    best: tuple[float, np.ndarray, EquationOfState] | None = None
    for size in range(min(MOST_POINTS, len(volume)), FEWEST_POINTS - 1, -1):
        windows = [order[k : k + size] for k in range(len(order) - size + 1)]
        if lowest is not None:
            windows = [window for window in windows if lowest in window]
        distance = [max(0.0, pressure[w].min(), -pressure[w].max()) for w in windows]
        nearest = min(distance)
        for window, away in zip(windows, distance, strict=True):
            if away > nearest + 1e-12 or (np.diff(pressure[window]) >= 0).any():
                continue
            sigma = None if errors_GPa is None else np.asarray(errors_GPa, dtype=float)[window]
            try:
                equation = fit_pressures(volume[window], pressure[window], sigma)
            except InputError:
                continue
            badness = equation.rms_GPa / np.ptp(pressure[window]) / _ACCEPTED_SCATTER
            if np.isfinite(equation.chi2_per_freedom):
                badness = min(badness, equation.chi2_per_freedom / _ACCEPTED_CHI2)
            if best is None or badness < best[0]:
                best = (badness, window, equation)
        if best is not None and best[0] <= 1:
            where = "around" if best[2].brackets_zero else "nearest to"
            return Region(best[1], best[2], True, f"the {size} neighbouring volumes {where} zero pressure")
    if best is None:
        away_from_rest = np.abs(pressure if lowest is None else volume - volume[lowest])
        window = order[np.sort(np.argsort(away_from_rest[order])[:FEWEST_POINTS])]
        equation = fit_pressures(volume[window], pressure[window])
        return Region(window, equation, False, "the pressure does not fall steadily with the volume anywhere")
    return Region(
        best[1],
        best[2],
        False,
        f"no run of volumes fits well; these {len(best[1])} fit best: take smaller steps",
    )
