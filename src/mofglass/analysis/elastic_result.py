"""What every route to elastic constants returns: the tensor, the moduli and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.elastic_directions import QUANTITIES, Extremes, extremes, extremes_at
from mofglass.analysis.elastic_tensor import LABELS, ElasticTensor
from mofglass.analysis.statistics import mean_over_glasses
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

HILL = ("bulk_modulus_GPa", "young_modulus_GPa", "shear_modulus_GPa", "poisson_ratio")
_SHOWN = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 2), (0, 2), (0, 1))


def tensor_values(
    tensor: ElasticTensor, found: Mapping[str, Extremes] | None = None
) -> tuple[dict[str, float], dict[str, Extremes]]:
    """Return every scalar that follows from a tensor.

    Parameters
    ----------
    tensor : ElasticTensor
        The body.
    found : mapping of str to Extremes, optional
        Where the extremes of a nearly equal tensor are: they are taken there and not searched for. An
        extremum does not depend on its direction to first order, so that this is right for errors.

    Returns
    -------
    values : dict of str to float
        Hill's averages under `HILL`, the two bounds, the universal anisotropy, the Kelvin moduli, and the
        least and largest directional values; the last are nan where the tensor is not stable.
    found : dict of str to Extremes
        The extremes; empty where the tensor is not stable.
    """
    values = {}
    for average, suffix in ((tensor.hill, ""), (tensor.voigt, "_voigt"), (tensor.reuss, "_reuss")):
        values[f"bulk_modulus{suffix}_GPa"] = average.bulk_GPa
        values[f"young_modulus{suffix}_GPa"] = average.young_GPa
        values[f"shear_modulus{suffix}_GPa"] = average.shear_GPa
        values[f"poisson_ratio{suffix}"] = average.poisson
    values["universal_anisotropy"] = tensor.universal_anisotropy
    for number, modulus in enumerate(tensor.kelvin_moduli_GPa, start=1):
        values[f"kelvin_modulus_{number}_GPa"] = float(modulus)
    there: dict[str, Extremes] = {}
    if tensor.is_stable:
        there = extremes(tensor) if found is None else extremes_at(tensor, found)
    for name in QUANTITIES:
        stem = name.removesuffix("_per_TPa").removesuffix("_GPa")
        unit = name.removeprefix(stem)
        values[f"{stem}_min{unit}"] = there[name].minimum if name in there else np.nan
        values[f"{stem}_max{unit}"] = there[name].maximum if name in there else np.nan
    return {name: float(value) for name, value in values.items()}, there


@dataclass(frozen=True)
class Convergence:
    """How an estimate grew as time went on.

    Parameters
    ----------
    time_ps : ndarray, shape (n,)
        Time since the first cell, ps; the number of cells where times are unknown.
    timed : bool
        Whether times are known.
    stiffness_GPa : ndarray, shape (n, 6, 6)
        From the first cell to that time; nan where it has none yet.
    bulk_modulus_volume_GPa : ndarray, shape (n,)
        The same of the volume's fluctuations.
    volume_A3 : ndarray, shape (n,)
        Mean volume since the time before, Å³.
    """

    time_ps: np.ndarray
    timed: bool
    stiffness_GPa: np.ndarray
    bulk_modulus_volume_GPa: np.ndarray
    volume_A3: np.ndarray


@dataclass(frozen=True)
class ElasticityResult(Result):
    """Elastic constants of one body, or the mean over several glasses.

    Parameters
    ----------
    method : str
        How they were obtained.
    stiffness_GPa, stiffness_error_GPa : ndarray, shape (6, 6)
        Stiffness in Voigt's notation (xx yy zz yz xz xy) and standard errors, GPa; nan where unknown.
    values, errors : dict of str to float
        Scalars (see `tensor_values`) and their standard errors.
    details : dict
        What else is to be told: temperature, blocks, volume.
    convergence : Convergence or None
        Growth with time, of one trajectory.
    notes : tuple of str
        What the reader has to be warned of, a sentence each.
    glasses : tuple of ElasticityResult
        The bodies a mean was taken over.
    """

    method: str
    stiffness_GPa: np.ndarray
    stiffness_error_GPa: np.ndarray
    values: dict[str, float]
    errors: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)
    convergence: Convergence | None = None
    notes: tuple[str, ...] = ()
    glasses: tuple[ElasticityResult, ...] = ()

    name: ClassVar[str] = "elasticity"
    title: ClassVar[str] = "Elastic constants"

    @property
    def tensor(self) -> ElasticTensor:
        """The stiffness as a tensor with all that follows from it.

        Raises
        ------
        InputError
            When only the volume was free to change.
        """
        if not np.isfinite(self.stiffness_GPa).all():
            raise InputError("there is no elastic tensor: the shape of the cell did not change freely")
        return ElasticTensor(self.stiffness_GPa)

    @property
    def spread(self) -> dict[str, float]:
        """Standard deviation between the glasses, of one glass from another; empty for fewer than two."""
        if len(self.glasses) < 2:
            return {}
        return {
            name: float(np.std([glass.values[name] for glass in self.glasses], ddof=1))
            for name in self.values
            if all(np.isfinite(glass.values.get(name, np.nan)) for glass in self.glasses)
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a scalar.

        Returns
        -------
        pandas.DataFrame
            ``quantity, value, error`` and, over glasses, ``spread_between_glasses``.
        """
        rows = {"quantity": list(self.values), "value": list(self.values.values())}
        rows["error"] = [self.errors.get(name, np.nan) for name in self.values]
        if spread := self.spread:
            rows["spread_between_glasses"] = [spread.get(name, np.nan) for name in self.values]
        return pd.DataFrame(rows)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the scalars, the tensor, the convergence and the glasses.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``elasticity``, ``elasticity_stiffness``, and where there are any ``elasticity_convergence``,
            ``elasticity_glasses``.
        """
        stiffness = pd.DataFrame(
            [
                {
                    "i": i + 1,
                    "j": j + 1,
                    "pairs": f"{LABELS[i]} {LABELS[j]}",
                    "stiffness_GPa": self.stiffness_GPa[i, j],
                    "stiffness_GPa_error": self.stiffness_error_GPa[i, j],
                }
                for i in range(6)
                for j in range(i, 6)
            ]
        )
        tables = {self.name: self.to_dataframe(), f"{self.name}_stiffness": stiffness}
        if self.convergence is not None:
            c = self.convergence
            columns = {"time_ps" if c.timed else "n_cells": c.time_ps, "volume_A3": c.volume_A3}
            columns["bulk_modulus_volume_GPa"] = c.bulk_modulus_volume_GPa
            for i in range(6):
                for j in range(i, 6):
                    columns[f"C{i + 1}{j + 1}_GPa"] = c.stiffness_GPa[:, i, j]
            tables[f"{self.name}_convergence"] = pd.DataFrame(columns)
        if self.glasses:
            tables[f"{self.name}_glasses"] = pd.DataFrame(
                [
                    {"glass": number}
                    | {
                        key: value
                        for name in glass.values
                        for key, value in (
                            (name, glass.values[name]),
                            (f"{name}_error", glass.errors.get(name, np.nan)),
                        )
                    }
                    for number, glass in enumerate(self.glasses, start=1)
                ]
            )
        return tables

    def summary(self) -> dict[str, Any]:
        """Return the tensor and the scalars with their errors.

        Returns
        -------
        dict
            ``stiffness_GPa`` (6 x 6) and every scalar, each with ``_error``; over glasses also ``_spread``.
        """
        numbers: dict[str, Any] = {
            "method": self.method,
            "stiffness_GPa": self.stiffness_GPa.tolist(),
            "stiffness_GPa_error": self.stiffness_error_GPa.tolist(),
        }
        spread = self.spread
        for name, value in self.values.items():
            numbers[name] = value
            numbers[f"{name}_error"] = self.errors.get(name, np.nan)
            if name in spread:
                numbers[f"{name}_spread"] = spread[name]
        stable = bool(np.isfinite(self.stiffness_GPa).all()) and self.tensor.is_stable
        numbers["mechanically_stable"] = stable if np.isfinite(self.stiffness_GPa).all() else None
        return {
            **numbers,
            **self.details,
            "n_glasses": max(1, len(self.glasses)),
            "notes": list(self.notes),
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the moduli, or their growth with time and the volume over time.

        Returns
        -------
        tuple of Panel
            Bars over glasses where there are several; lines over time where it is known.
        """
        panels = []
        if self.convergence is not None:
            c = self.convergence
            x_label = "time (ps)" if c.timed else "cells"
            curves = [
                Curve(f"C{i + 1}{j + 1}", c.time_ps, c.stiffness_GPa[:, i, j])
                for i, j in _SHOWN
                if np.isfinite(c.stiffness_GPa[:, i, j]).any()
            ]
            if curves:
                panels.append(
                    Panel("Stiffness with time", x_label, "stiffness from 0 to t (GPa)", tuple(curves))
                )
            bulk = Curve("K", c.time_ps, c.bulk_modulus_volume_GPa)
            panels.append(
                Panel("Bulk modulus from the volume", x_label, "bulk modulus from 0 to t (GPa)", (bulk,))
            )
            volume = Curve("V", c.time_ps, c.volume_A3)
            panels.append(Panel("Volume", x_label, "volume, block means (Å³)", (volume,)))
            return tuple(panels)
        bodies = self.glasses or (self,)
        x = np.arange(1.0, len(bodies) + 1)
        for name, label in (
            ("bulk_modulus_GPa", "bulk modulus (GPa)"),
            ("young_modulus_GPa", "Young's modulus (GPa)"),
            ("shear_modulus_GPa", "shear modulus (GPa)"),
        ):
            y = np.array([body.values.get(name, np.nan) for body in bodies])
            error = np.array([body.errors.get(name, np.nan) for body in bodies])
            panels.append(
                Panel(label.partition(" (")[0].capitalize(), "glass", label, (Curve("", x, y, error),), "bar")
            )
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[ElasticityResult]) -> ElasticityResult:
        """Average over independent glasses: errors between them, each glass' own errors kept apart.

        Parameters
        ----------
        results : sequence of ElasticityResult
            One a glass, measured alike.

        Returns
        -------
        ElasticityResult
            Means of the glasses' moduli; `spread` is the standard deviation between them.
        """
        names = [name for name in results[0].values if all(name in other.values for other in results)]
        mean, error = mean_over_glasses(
            [np.array([result.values[name] for name in names]) for result in results]
        )
        stiffness, stiffness_error = mean_over_glasses([result.stiffness_GPa for result in results])
        notes = dict.fromkeys(note for result in results for note in result.notes)
        return replace(
            results[0],
            stiffness_GPa=stiffness,
            stiffness_error_GPa=stiffness_error,
            values=dict(zip(names, mean.tolist(), strict=True)),
            errors=dict(zip(names, error.tolist(), strict=True)),
            details={
                key: results[0].details[key]
                for key in ("temperature_K", "ions", "free_strains")
                if len({result.details.get(key) for result in results}) == 1 and key in results[0].details
            },
            convergence=None,
            notes=tuple(notes),
            glasses=tuple(results),
        )
