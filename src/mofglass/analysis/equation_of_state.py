"""Equations of state: bulk modulus and density at zero pressure from several volumes.

With :math:`x = (V_0/V)^{1/3}` (F. Birch, Phys. Rev. 71, 809 (1947)), second order being :math:`K' = 4`:

.. math:: P = \\tfrac{3}{2} K_0 (x^7 - x^5) \\left[1 + \\tfrac{3}{4} (K' - 4)(x^2 - 1)\\right]

and with :math:`y = 1/x` (P. Vinet et al., J. Geophys. Res. 92, 9319 (1987)):

.. math:: P = 3 K_0 \\frac{1 - y}{y^2} \\exp\\left[\\tfrac{3}{2} (K' - 1)(1 - y)\\right]

Energies are fitted with their integrals, :math:`E = E_0 - \\int P\\, dV`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import t as student

from mofglass.errors import InputError
from mofglass.units import GPA_PER_EV_PER_A3, density_g_per_cm3

Form = Literal["birch-murnaghan-2", "birch-murnaghan-3", "vinet"]
FORMS: tuple[Form, ...] = ("birch-murnaghan-2", "birch-murnaghan-3", "vinet")


def pressure_GPa(
    volume_A3: np.ndarray, v0_A3: float, k0_GPa: float, k_prime: float = 4.0, *, form: Form
) -> np.ndarray:
    """Return the pressure at volumes.

    Parameters
    ----------
    volume_A3 : ndarray
        Volumes, Å³.
    v0_A3 : float
        Volume at zero pressure, Å³.
    k0_GPa : float
        Bulk modulus there, GPa.
    k_prime : float
        Its derivative by pressure.
    form : {"birch-murnaghan-2", "birch-murnaghan-3", "vinet"}
        Equation; the first takes no notice of `k_prime`.

    Returns
    -------
    ndarray
        Pressures, GPa, positive in compression.
    """
    y = np.cbrt(np.asarray(volume_A3, dtype=float) / v0_A3)
    if form == "vinet":
        return np.asarray(3 * k0_GPa * (1 - y) / y**2 * np.exp(1.5 * (k_prime - 1) * (1 - y)))
    more = 0.0 if form == "birch-murnaghan-2" else 0.75 * (k_prime - 4) * (y**-2 - 1)
    return np.asarray(1.5 * k0_GPa * (y**-7 - y**-5) * (1 + more))


def energy_eV(
    volume_A3: np.ndarray, e0_eV: float, v0_A3: float, k0_GPa: float, k_prime: float = 4.0, *, form: Form
) -> np.ndarray:
    """Return the energy at volumes.

    Parameters
    ----------
    volume_A3 : ndarray
        Volumes, Å³.
    e0_eV : float
        Energy at zero pressure, eV.
    v0_A3, k0_GPa, k_prime, form
        As for `pressure_GPa`.

    Returns
    -------
    ndarray
        Energies, eV.
    """
    y = np.cbrt(np.asarray(volume_A3, dtype=float) / v0_A3)
    k0 = k0_GPa / GPA_PER_EV_PER_A3
    if form == "vinet":
        slope = 1.5 * (k_prime - 1)
        # The integral of y^2 times the pressure, from y to 1, in closed form.
        return np.asarray(
            e0_eV + 9 * k0 * v0_A3 / slope**2 * (1 + (slope * (1 - y) - 1) * np.exp(slope * (1 - y)))
        )
    f = y**-2 - 1
    third = 0.0 if form == "birch-murnaghan-2" else k_prime - 4
    return np.asarray(e0_eV + 9 * k0 * v0_A3 / 8 * f**2 * (1 + third * f / 2))


@dataclass(frozen=True)
class EquationOfState:
    """A fitted equation of state.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    v0_A3, k0_GPa, k_prime : float
        Volume and bulk modulus at zero pressure, and the derivative of the latter.
    covariance : ndarray, shape (3, 3)
        Of these three; zeros for a derivative that was not fitted.
    chi2_per_freedom : float
        Squared deviations in units of the errors, per degree of freedom; nan without errors.
    rms_GPa : float
        Root mean square deviation from the pressures fitted, GPa; of energies nan.
    n_points : int
        Points fitted.
    brackets_zero : bool
        Whether zero pressure lies between the points.
    """

    form: Form
    v0_A3: float
    k0_GPa: float
    k_prime: float
    covariance: np.ndarray
    chi2_per_freedom: float
    rms_GPa: float
    n_points: int
    brackets_zero: bool

    @property
    def n_parameters(self) -> int:
        """Parameters that were fitted to pressures."""
        return 2 if self.form == "birch-murnaghan-2" else 3

    @property
    def errors(self) -> tuple[float, float, float]:
        """Standard errors of V0 (Å³), K0 (GPa) and K'."""
        v0, k0, k_prime = np.sqrt(np.diag(self.covariance))
        return float(v0), float(k0), float(k_prime)

    def interval_95(self) -> dict[str, tuple[float, float]]:
        """Return 95 % intervals of V0 and K0, by Student's t with the fit's degrees of freedom.

        Returns
        -------
        dict
            ``v0_A3`` and ``k0_GPa``, each the two bounds; nan where no freedom is left.
        """
        freedom = self.n_points - self.n_parameters
        factor = float(student.ppf(0.975, freedom)) if freedom > 0 else np.nan
        v0, k0, _ = self.errors
        return {
            "v0_A3": (self.v0_A3 - factor * v0, self.v0_A3 + factor * v0),
            "k0_GPa": (self.k0_GPa - factor * k0, self.k0_GPa + factor * k0),
        }

    def density_g_per_cm3(self, mass_u: float) -> tuple[float, float]:
        """Return the density at zero pressure and its standard error.

        Parameters
        ----------
        mass_u : float
            Mass in the cell, u.

        Returns
        -------
        tuple of float
            Density and error, g/cm³.
        """
        density = density_g_per_cm3(mass_u, self.v0_A3)
        return density, density * self.errors[0] / self.v0_A3

    def pressure_GPa(self, volume_A3: np.ndarray) -> np.ndarray:
        """Return the fitted pressure.

        Parameters
        ----------
        volume_A3 : ndarray
            Volumes, Å³.

        Returns
        -------
        ndarray
            Pressures, GPa.
        """
        return pressure_GPa(volume_A3, self.v0_A3, self.k0_GPa, self.k_prime, form=self.form)


def fit_pressures(
    volume_A3: np.ndarray,
    pressures_GPa: np.ndarray,
    errors_GPa: np.ndarray | None = None,
    *,
    form: Form = "birch-murnaghan-2",
) -> EquationOfState:
    """Fit pressures at several volumes.

    Parameters
    ----------
    volume_A3, pressures_GPa : ndarray, shape (n,)
        Volumes (Å³) and pressures (GPa, positive in compression).
    errors_GPa : ndarray, shape (n,), optional
        Standard errors, GPa. With them the covariance is theirs, enlarged where the points scatter by more;
        without them it is that of the scatter.
    form : {"birch-murnaghan-2", "birch-murnaghan-3", "vinet"}
        Equation.

    Returns
    -------
    EquationOfState
        The fit.

    Raises
    ------
    InputError
        When there are too few points or they cannot be fitted.
    """
    volume, pressure = (np.asarray(values, dtype=float) for values in (volume_A3, pressures_GPa))
    sigma = None if errors_GPa is None else np.asarray(errors_GPa, dtype=float)
    if sigma is not None and not ((sigma > 0) & np.isfinite(sigma)).all():
        sigma = None
    slope = np.polyfit(volume, pressure, 1)[0] if len(volume) > 1 else np.nan
    start = [
        float(np.interp(0.0, *_rising(pressure, volume))),
        max(float(-slope * volume.mean()), 1e-3) if np.isfinite(slope) else 1.0,
    ]

    def model(v: np.ndarray, *parameters: float) -> np.ndarray:  # numpydoc ignore=GL08
        return pressure_GPa(v, *parameters, form=form)

    found, covariance = _fit(model, volume, pressure, sigma, start, form)
    residual = pressure - model(volume, *found)
    freedom = len(volume) - len(found)
    chi2 = np.nan
    if sigma is not None and freedom > 0:
        chi2 = float(((residual / sigma) ** 2).sum() / freedom)
        covariance = covariance * max(1.0, chi2)
    return _equation(
        form,
        found,
        covariance,
        chi2,
        float(np.sqrt(np.mean(residual**2))),
        len(volume),
        bool(pressure.min() <= 0 <= pressure.max()),
    )


def fit_energies(
    volume_A3: np.ndarray, energies_eV: np.ndarray, *, form: Form = "birch-murnaghan-2"
) -> EquationOfState:
    """Fit energies at several volumes; the covariance is that of the scatter.

    Parameters
    ----------
    volume_A3, energies_eV : ndarray, shape (n,)
        Volumes (Å³) and energies (eV).
    form : {"birch-murnaghan-2", "birch-murnaghan-3", "vinet"}
        Equation.

    Returns
    -------
    EquationOfState
        The fit.

    Raises
    ------
    InputError
        When there are too few points or they cannot be fitted.
    """
    volume, energy = (np.asarray(values, dtype=float) for values in (volume_A3, energies_eV))
    lowest = float(energy.min())
    curvature = np.polyfit(volume - volume.mean(), energy, 2)[0] if len(volume) > 2 else 0.0
    start = [
        0.0,
        float(volume[np.argmin(energy)]),
        max(2 * curvature * volume.mean() * GPA_PER_EV_PER_A3, 0.1),
    ]

    def model(v: np.ndarray, *parameters: float) -> np.ndarray:  # numpydoc ignore=GL08
        return energy_eV(v, *parameters, form=form)

    found, covariance = _fit(model, volume, energy - lowest, None, start, form)
    inside = volume.min() <= found[1] <= volume.max()
    return _equation(form, found[1:], covariance[1:, 1:], np.nan, np.nan, len(volume), bool(inside))


def _rising(pressure: np.ndarray, volume: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(pressure)
    return pressure[order], volume[order]


def _fit(
    model: Callable[..., np.ndarray],
    volume: np.ndarray,
    y: np.ndarray,
    sigma: np.ndarray | None,
    start: list[float],
    form: Form,
) -> tuple[np.ndarray, np.ndarray]:
    start = [*start, *([] if form == "birch-murnaghan-2" else [4.0])]
    if len(volume) != len(y) or len(volume) < len(start) or not np.isfinite([*volume, *y]).all():
        raise InputError(
            f"{len(volume)} points cannot be fitted with {form}, which has {len(start)} parameters: give "
            "more volumes"
        )
    try:
        found, covariance = curve_fit(
            model, volume, y, p0=start, sigma=sigma, absolute_sigma=sigma is not None, maxfev=20_000
        )
    except RuntimeError as error:
        raise InputError(f"{form} does not fit these points: {error}") from error
    if len(volume) == len(start):
        covariance = covariance if sigma is not None else np.full((len(start),) * 2, np.nan)
    return found, covariance


def _equation(
    form: Form,
    found: np.ndarray,
    covariance: np.ndarray,
    chi2: float,
    rms: float,
    n_points: int,
    brackets: bool,
) -> EquationOfState:
    whole = np.zeros((3, 3))
    whole[: len(found), : len(found)] = covariance
    k_prime = float(found[2]) if len(found) > 2 else 4.0
    return EquationOfState(
        form, float(found[0]), float(found[1]), k_prime, whole, chi2, rms, n_points, brackets
    )
