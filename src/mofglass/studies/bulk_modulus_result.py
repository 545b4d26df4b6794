"""Pressures at several volumes with the equation of state through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.equation_of_state import (
    FORMS,
    EquationOfState,
    fit_energies,
    fit_pressures,
)
from mofglass.analysis.statistics import mean_over_glasses
from mofglass.analysis.well_behaved_region import region_at_rest, well_behaved_region
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.units import density_g_per_cm3


@dataclass(frozen=True)
class PressureVolume:
    """Pressures of one body at several volumes.

    Parameters
    ----------
    volume_A3, pressure_GPa, pressure_error_GPa : ndarray, shape (n,)
        Volumes by rising size (Å³), mean pressures and standard errors (GPa); in statics, which the
        energies tell, errors are those of the points fitted.
    mass_u : float
        Mass in the cell, u.
    energy_eV : ndarray, shape (n,), optional
        Energies, of statics.
    source : tuple of str
        Where each point comes from.
    error_converged : ndarray of bool, optional
        Whether each error has stopped growing with the length of the blocks.
    """

    volume_A3: np.ndarray
    pressure_GPa: np.ndarray
    pressure_error_GPa: np.ndarray
    mass_u: float
    energy_eV: np.ndarray | None = None
    source: tuple[str, ...] = ()
    error_converged: np.ndarray | None = None


@dataclass(frozen=True)
class BulkModulusResult(Result):
    """Bulk modulus and density at zero pressure, of one body or the mean over several.

    Parameters
    ----------
    method : str
        ``finite strain`` or ``static``.
    data : PressureVolume or None
        The points; None for a mean over glasses.
    fitted : ndarray of int
        Which points are fitted.
    equations : dict of str to EquationOfState
        By name: the forms fitted to pressures and, in statics, ``energies``.
    values, errors : dict of str to float
        The numbers to quote and their standard errors.
    details : dict
        How they were obtained.
    notes : tuple of str
        What the reader has to be warned of.
    glasses : tuple of BulkModulusResult
        The bodies a mean was taken over.
    """

    method: str
    data: PressureVolume | None
    fitted: np.ndarray
    equations: dict[str, EquationOfState]
    values: dict[str, float]
    errors: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    glasses: tuple[BulkModulusResult, ...] = ()

    name: ClassVar[str] = "bulk_modulus"
    title: ClassVar[str] = "Bulk modulus"

    @classmethod
    def of(cls, data: PressureVolume, *, method: str, details: dict[str, Any]) -> BulkModulusResult:
        """Choose the points to fit and fit them.

        Parameters
        ----------
        data : PressureVolume
            At least three points.
        method : str
            How they were obtained.
        details : dict
            More to tell.

        Returns
        -------
        BulkModulusResult
            The second-order Birch-Murnaghan fit in `values`, the others beside it.

        Raises
        ------
        InputError
            When there are too few points.
        """
        if data.energy_eV is not None:
            region = region_at_rest(data.volume_A3, data.pressure_GPa, data.energy_eV)
            data = replace(data, pressure_error_GPa=np.full(len(data.volume_A3), region.error_GPa))
        known = data.pressure_error_GPa if np.isfinite(data.pressure_error_GPa).all() else None
        if data.energy_eV is None:
            region = well_behaved_region(data.volume_A3, data.pressure_GPa, known)
        points, main = region.points, region.equation
        sigma = None if known is None else known[points]
        equations: dict[str, EquationOfState] = {}
        for form in FORMS:
            try:
                equations[form] = fit_pressures(
                    data.volume_A3[points], data.pressure_GPa[points], sigma, form=form
                )
            except InputError:
                continue
        if data.energy_eV is not None:
            equations["energies"] = fit_energies(data.volume_A3[points], data.energy_eV[points])
        density, density_error = main.density_g_per_cm3(data.mass_u)
        notes = [] if region.well_behaved else [region.reason]
        if not main.brackets_zero:
            notes.append(
                "zero pressure lies outside the volumes, so that density and bulk modulus are extrapolated: "
                "add steps towards it"
            )
        if data.error_converged is not None and not data.error_converged[points].all():
            notes.append("the pressure's error has not converged at every volume: sample longer")
        v0_error, k0_error, _ = main.errors
        return cls(
            method=method,
            data=data,
            fitted=points,
            equations=equations,
            values={
                "bulk_modulus_GPa": main.k0_GPa,
                "zero_pressure_volume_A3": main.v0_A3,
                "zero_pressure_density_g_per_cm3": density,
            },
            errors={
                "bulk_modulus_GPa": k0_error,
                "zero_pressure_volume_A3": v0_error,
                "zero_pressure_density_g_per_cm3": density_error,
            },
            details={
                **details,
                "fitted_points": len(points),
                "fitted_region": region.reason,
                "well_behaved": region.well_behaved,
                "chi2_per_freedom": main.chi2_per_freedom,
                "bulk_modulus_interval_95_GPa": list(main.interval_95()["k0_GPa"]),
                "zero_pressure_volume_interval_95_A3": list(main.interval_95()["v0_A3"]),
            },
            notes=tuple(notes),
        )

    @property
    def spread(self) -> dict[str, float]:
        """Standard deviation between the glasses; empty for fewer than two."""
        if len(self.glasses) < 2:
            return {}
        return {
            name: float(np.std([glass.values[name] for glass in self.glasses], ddof=1))
            for name in self.values
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a volume, or a glass where this is a mean.

        Returns
        -------
        pandas.DataFrame
            Volumes, densities, pressures and errors, what is fitted and the fit; or the glasses' numbers.
        """
        if self.data is None:
            return pd.DataFrame(
                [
                    {"glass": number}
                    | glass.values
                    | {f"{name}_error": error for name, error in glass.errors.items()}
                    for number, glass in enumerate(self.glasses, start=1)
                ]
            )
        data = self.data
        table = {
            "volume_A3": data.volume_A3,
            "density_g_per_cm3": [density_g_per_cm3(data.mass_u, volume) for volume in data.volume_A3],
            "pressure_GPa": data.pressure_GPa,
            "pressure_GPa_error": data.pressure_error_GPa,
            "fitted": np.isin(np.arange(len(data.volume_A3)), self.fitted),
        }
        for form, equation in self.equations.items():
            if form != "energies":
                table[f"{form.replace('-', '_')}_GPa"] = equation.pressure_GPa(data.volume_A3)
        if data.energy_eV is not None:
            table["energy_eV"] = data.energy_eV
        if data.source:
            table["source"] = list(data.source)
        return pd.DataFrame(table)

    def summary(self) -> dict[str, Any]:
        """Return the numbers to quote, the checks, and how the points were chosen.

        Returns
        -------
        dict
            Each number with its ``_error``; over glasses also ``_spread``.
        """
        numbers: dict[str, Any] = {"method": self.method}
        spread = self.spread
        for name, value in self.values.items():
            numbers[name] = value
            numbers[f"{name}_error"] = self.errors[name]
            if name in spread:
                numbers[f"{name}_spread"] = spread[name]
        checks = {}
        for form, equation in self.equations.items():
            v0_error, k0_error, k_prime_error = equation.errors
            checks[form] = {
                "bulk_modulus_GPa": equation.k0_GPa,
                "bulk_modulus_GPa_error": k0_error,
                "zero_pressure_volume_A3": equation.v0_A3,
                "zero_pressure_volume_A3_error": v0_error,
                "k_prime": equation.k_prime,
                "k_prime_error": k_prime_error,
            }
        return {
            **numbers,
            **self.details,
            **({"fits": checks} if checks else {}),
            "n_glasses": max(1, len(self.glasses)),
            "notes": list(self.notes),
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return pressure against volume with the fit, or the moduli of the glasses.

        Returns
        -------
        tuple of Panel
            One panel.
        """
        if self.data is None:
            x = np.arange(1.0, len(self.glasses) + 1)
            y = np.array([glass.values["bulk_modulus_GPa"] for glass in self.glasses])
            error = np.array([glass.errors["bulk_modulus_GPa"] for glass in self.glasses])
            return (Panel(self.title, "glass", "bulk modulus (GPa)", (Curve("", x, y, error),), "bar"),)
        data = self.data
        fine = np.linspace(data.volume_A3[self.fitted].min(), data.volume_A3[self.fitted].max(), 101)
        curves = [Curve("measured", data.volume_A3, data.pressure_GPa, data.pressure_error_GPa)]
        curves += [
            Curve(form, fine, equation.pressure_GPa(fine))
            for form, equation in self.equations.items()
            if form != "energies"
        ]
        return (Panel("Pressure against volume", "volume (Å³)", "pressure (GPa)", tuple(curves)),)

    @classmethod
    def combine(cls, results: Sequence[BulkModulusResult]) -> BulkModulusResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of BulkModulusResult
            One a glass.

        Returns
        -------
        BulkModulusResult
            Means; each glass keeps its own errors in `glasses`.
        """
        names = list(results[0].values)
        mean, error = mean_over_glasses(
            [np.array([result.values[name] for name in names]) for result in results]
        )
        return replace(
            results[0],
            data=None,
            equations={},
            values=dict(zip(names, mean.tolist(), strict=True)),
            errors=dict(zip(names, error.tolist(), strict=True)),
            details={
                "fitted_points": float(np.mean([len(result.fitted) for result in results])),
                **{
                    key: results[0].details[key]
                    for key in ("temperature_K", "ions")
                    if len({result.details.get(key) for result in results}) == 1 and key in results[0].details
                },
            },
            notes=tuple(dict.fromkeys(note for result in results for note in result.notes)),
            glasses=tuple(results),
        )
