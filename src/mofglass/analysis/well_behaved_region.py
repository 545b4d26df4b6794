"""Which volumes an equation of state is fitted to."""

from __future__ import annotations

from contextlib import suppress
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
_LEAST_ERROR = 1e-6
"""Of the range of pressures; that of a pressure without any."""


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
    error_GPa : float or None
        Error of a pressure at rest, from `disagreement_GPa`.
    """

    points: np.ndarray
    equation: EquationOfState
    well_behaved: bool
    reason: str
    error_GPa: float | None = None


def disagreement_GPa(volume_A3: np.ndarray, pressures_GPa: np.ndarray, energies_eV: np.ndarray) -> float:
    """Tell how well pressures at rest are known, from the energies beside them.

    Between two volumes the energy must rise by what the pressure does there, which a cubic spline of the
    pressures gives. Ions not quite at rest, or in another minimum at the next volume, break this; ions that
    only follow the cell do not. Steps so large that the spline errs add to it.

    Parameters
    ----------
    volume_A3, pressures_GPa, energies_eV : ndarray, shape (n,)
        Volumes (Å³), pressures (GPa) and energies (eV), at least three.

    Returns
    -------
    float
        The error of one pressure, GPa, that explains the disagreement: the root mean square, over the
        steps, of what they differ by in mean pressure, times the square root of two.

    Raises
    ------
    InputError
        When a number is not finite or a volume is there twice.
    """
    order = np.argsort(volume_A3)
    volume, pressure, energy = (
        np.asarray(values, dtype=float)[order] for values in (volume_A3, pressures_GPa, energies_eV)
    )
    if not np.isfinite([volume, pressure, energy]).all() or (np.diff(volume) <= 0).any():
        raise InputError("volumes at rest must differ, and have finite pressures and energies")
    work = np.diff(CubicSpline(volume, pressure).antiderivative()(volume))
    difference = (work + np.diff(energy) * GPA_PER_EV_PER_A3) / np.diff(volume)
    return float(np.sqrt(2 * np.mean(difference**2)))


def well_behaved_region(
    volume_A3: np.ndarray, pressures_GPa: np.ndarray, errors_GPa: np.ndarray | None = None
) -> Region:
    """Choose the points to fit: at most five, around zero pressure where possible (Castel 2024, SI).

    The rule: of all runs of five neighbouring volumes, those that have zero pressure among them are kept
    (where there is none, those nearest to it); of these, those over which the pressure falls with every
    step. The one that a second-order Birch-Murnaghan equation fits best is taken if it fits: a chi² per
    degree of freedom of 4 at most, or a scatter of at most 5 % of the range of pressures (very precise
    pressures tell K' from 4, which is no reason to drop them). Else four points are tried, then three.

    Parameters
    ----------
    volume_A3, pressures_GPa : ndarray, shape (n,)
        Volumes (Å³) and pressures (GPa), at least three.
    errors_GPa : ndarray, shape (n,), optional
        Standard errors, GPa.

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
    _enough(volume)
    order = np.argsort(volume)
    best: tuple[float, np.ndarray, EquationOfState] | None = None
    for size in range(min(MOST_POINTS, len(volume)), FEWEST_POINTS - 1, -1):
        windows = [order[k : k + size] for k in range(len(order) - size + 1)]
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
            badness = _badness(equation, pressure[window])
            if best is None or badness < best[0]:
                best = (badness, window, equation)
        if best is not None and best[0] <= 1:
            where = "around" if best[2].brackets_zero else "nearest to"
            return Region(best[1], best[2], True, f"the {size} neighbouring volumes {where} zero pressure")
    if best is None:
        nearest_first = np.sort(np.argsort(np.abs(pressure[order]))[:FEWEST_POINTS])
        window = order[nearest_first]
        equation = fit_pressures(volume[window], pressure[window])
        return Region(window, equation, False, "the pressure does not fall steadily with the volume anywhere")
    return Region(
        best[1],
        best[2],
        False,
        f"no run of volumes fits well; these {len(best[1])} fit best: take smaller steps",
    )


def region_at_rest(volume_A3: np.ndarray, pressures_GPa: np.ndarray, energies_eV: np.ndarray) -> Region:
    """Choose the points to fit at rest: those that tell the bulk modulus best.

    Around the volume of lowest energy, two volumes on either side, three, and so on are tried (at the ends as
    many as there are, five at least), and the run is taken whose second-order Birch-Murnaghan fit has the
    smallest relative error of the bulk modulus; the pressures of each run have the error by which they
    disagree with their energies. Where pressures are rough, as in soft frameworks, that is a
    long run; where they are smooth, a short one, since K' is not quite 4.

    Parameters
    ----------
    volume_A3, pressures_GPa, energies_eV : ndarray, shape (n,)
        Volumes (Å³), pressures (GPa) and energies (eV), at least three.

    Returns
    -------
    Region
        The points and their fit.

    Raises
    ------
    InputError
        When there are fewer than three points, they are not finite, or no run can be fitted.
    """
    volume, pressure, energy = (
        np.asarray(values, dtype=float) for values in (volume_A3, pressures_GPa, energies_eV)
    )
    _enough(volume)
    order = np.argsort(volume)
    lowest = int(np.argmin(energy[order]))
    fits: list[tuple[np.ndarray, EquationOfState, float]] = []
    for reach in range(MOST_POINTS // 2, len(order)):
        first = max(0, min(lowest - reach, len(order) - MOST_POINTS))
        window = order[first : max(lowest + reach + 1, first + MOST_POINTS)]
        error = disagreement_GPa(volume[window], pressure[window], energy[window])
        error = max(error, _LEAST_ERROR * float(np.ptp(pressure)))
        with suppress(InputError):
            equation = fit_pressures(volume[window], pressure[window], np.full(len(window), error))
            if equation.k0_GPa > 0:
                fits.append((window, equation, error))
    if not fits:
        raise InputError("the pressure does not fall with the volume anywhere: is this structure at rest?")
    window, equation, error = min(fits, key=lambda fit: fit[1].errors[1] / fit[1].k0_GPa)
    well_behaved = _badness(equation, pressure[window]) <= 1
    reason = (
        f"the {len(window)} neighbouring volumes that tell the bulk modulus best"
        if well_behaved
        else f"no run of volumes fits well; these {len(window)} tell the bulk modulus best: look at the curve"
    )
    return Region(window, equation, well_behaved, reason, error)


def _enough(volume_A3: np.ndarray) -> None:
    if len(volume_A3) < FEWEST_POINTS:
        raise InputError(
            f"an equation of state needs at least {FEWEST_POINTS} volumes, there are {len(volume_A3)}"
        )


def _badness(equation: EquationOfState, pressures_GPa: np.ndarray) -> float:
    """Return how badly a fit fits; up to 1 it is accepted."""
    badness = equation.rms_GPa / np.ptp(pressures_GPa) / _ACCEPTED_SCATTER
    if np.isfinite(equation.chi2_per_freedom):
        badness = min(badness, equation.chi2_per_freedom / _ACCEPTED_CHI2)
    return float(badness)
