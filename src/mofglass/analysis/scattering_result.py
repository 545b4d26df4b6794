"""What an analysis of total scattering returns: functions of Q and of r, and a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from mofglass.analysis.measured_curve import FUNCTION_NAMES, RECIPROCAL, Agreement, agreement
from mofglass.analysis.statistics import mean_over_glasses
from mofglass.result import Curve, Panel, Result

Radiation = Literal["neutron", "xray"]


@dataclass(frozen=True)
class ScatteringResult(Result):
    """Total-scattering functions of one trajectory, or the mean over several glasses.

    Parameters
    ----------
    radiation : {'neutron', 'xray'}
        What is scattered.
    normalisation : str
        'none' (neutrons), or what X-ray F(Q) is divided by.
    Q_per_A : ndarray, shape (n_Q,)
        Momentum transfer, 1/Å.
    r_A : ndarray, shape (n_r,)
        Distance, Å.
    values : dict of str to ndarray
        ``'sq', 'fq'`` over Q; ``'dr', 'gr', 'tr', 'pdf'`` over r. Neutrons: F(Q) and G(r) in barn, D(r) and
        T(r) in barn/Å²; X-rays: F(Q) and G(r) are numbers, D(r) and T(r) in 1/Å². S(Q) is a number and
        PDF(r) in 1/Å² for both.
    errors : dict of str to ndarray
        Standard errors; nan where unknown.
    partials : dict of str to ndarray
        Faber-Ziman A(Q) by pair, e.g. ``'Zn-N'``.
    number_density_per_A3 : float
        Mean number of atoms in 1 Å³.
    r_max_A : float
        Where g(r) was ended, Å.
    agreement : Agreement or None
        Comparison with a measurement.
    n_frames : int
        Frames measured.
    n_glasses : int
        Independent trajectories in the mean; errors are between these when there are two or more.
    """

    radiation: Radiation
    normalisation: str
    Q_per_A: np.ndarray
    r_A: np.ndarray
    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    partials: dict[str, np.ndarray]
    number_density_per_A3: float
    r_max_A: float
    agreement: Agreement | None
    n_frames: int
    n_glasses: int = 1

    name: ClassVar[str] = "scattering"
    title: ClassVar[str] = "Total scattering"

    def abscissa(self, function: str) -> np.ndarray:
        """Return what a function is a function of.

        Parameters
        ----------
        function : str
            Key of `values`.

        Returns
        -------
        ndarray
            `Q_per_A` or `r_A`.
        """
        return self.Q_per_A if function in RECIPROCAL else self.r_A

    def axis_label(self, function: str) -> str:
        """Return a function's name with its unit.

        Parameters
        ----------
        function : str
            Key of `values`.

        Returns
        -------
        str
            E.g. ``D(r) (barn/Å²)``.
        """
        barn = self.radiation == "neutron"
        unit = {
            "fq": "barn" if barn else "",
            "gr": "barn" if barn else "",
            "dr": "barn/Å²" if barn else "1/Å²",
            "tr": "barn/Å²" if barn else "1/Å²",
            "pdf": "1/Å²",
        }.get(function, "")
        return FUNCTION_NAMES[function] + (f" ({unit})" if unit else "")

    def to_dataframe(self) -> pd.DataFrame:
        """Return the functions of Q.

        Returns
        -------
        pandas.DataFrame
            ``Q_per_A, sq, sq_error, fq, fq_error``; F(Q) of neutrons as ``fq_barn``.
        """
        return self._table("Q_per_A", self.Q_per_A, RECIPROCAL)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the functions of Q, those of r, the partials, and the comparison where there is one.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``scattering``, ``scattering_r``, ``scattering_partials``, ``scattering_experiment``.
        """
        partials = {f"A_{label}": values for label, values in self.partials.items()}
        tables = {
            "scattering": self.to_dataframe(),
            "scattering_r": self._table("r_A", self.r_A, ("dr", "gr", "tr", "pdf")),
            "scattering_partials": pd.DataFrame({"Q_per_A": self.Q_per_A, **partials}),
        }
        if self.agreement is not None:
            measured = self.agreement.measured
            x_name = "Q_per_A" if measured.function in RECIPROCAL else "r_A"
            tables["scattering_experiment"] = pd.DataFrame(
                {
                    x_name: measured.x,
                    f"{measured.function}_measured": measured.y,
                    f"{measured.function}_calculated": self.agreement.calculated,
                }
            )
        return tables

    def _table(self, x_name: str, x: np.ndarray, functions: Sequence[str]) -> pd.DataFrame:
        columns = {x_name: x}
        for function in functions:
            unit = self.axis_label(function).partition("(")[2].partition("(")[2].rstrip(")")
            suffix = {"barn": "_barn", "barn/Å²": "_barn_per_A2", "1/Å²": "_per_A2"}.get(unit, "")
            columns[f"{function}{suffix}"] = self.values[function]
            columns[f"{function}{suffix}_error"] = self.errors[function]
        return pd.DataFrame(columns)

    def summary(self) -> dict[str, Any]:
        """Return the principal peak of S(Q) and, with a measurement, the R factors.

        Returns
        -------
        dict
            ``principal_peak_per_A``, its height with error, the parameters, and ``r_factor`` and what goes
            with it.
        """
        sq = self.values["sq"]
        peak = int(sq.argmax())
        summary: dict[str, Any] = {
            "radiation": self.radiation,
            "normalisation": self.normalisation,
            "principal_peak_per_A": float(self.Q_per_A[peak]),
            "principal_peak_sq": float(sq[peak]),
            "principal_peak_sq_error": float(self.errors["sq"][peak]),
            "number_density_per_A3": self.number_density_per_A3,
            "q_min_per_A": float(self.Q_per_A[0]),
            "q_max_per_A": float(self.Q_per_A[-1]),
            "r_max_A": self.r_max_A,
        }
        if self.agreement is not None:
            found = self.agreement
            summary |= {
                "r_factor": found.r_factor,
                "r_factor_error": found.r_factor_error,
                "r_factor_scaled": found.r_factor_scaled,
                "scale": found.scale,
                "experiment": found.measured.source,
                "function": found.measured.label,
                "compared_from": float(found.measured.x[0]),
                "compared_to": float(found.measured.x[-1]),
                "n_points": len(found.measured.x),
            }
        return summary | {"n_frames": self.n_frames, "n_glasses": self.n_glasses}

    def panels(self) -> tuple[Panel, ...]:
        """Return the overlay with the measurement where there is one, then S(Q), F(Q), D(r) and G(r).

        S(Q) and F(Q) are drawn from 2π/r_max on, the longest wave that the integral over r holds.

        Returns
        -------
        tuple of Panel
            Four panels, or five.
        """
        who = "Neutron" if self.radiation == "neutron" else "X-ray"
        panels = []
        if self.agreement is not None:
            measured, r_factor = self.agreement.measured, self.agreement.r_factor
            x = measured.x
            curves = (
                Curve("measured", x, measured.y),
                Curve("calculated", x, self.agreement.calculated),
                Curve("measured - calculated", x, measured.y - self.agreement.calculated),
            )
            title = f"{who} {measured.label}, R = {r_factor:.3f}"
            panels.append(
                Panel(title, _x_label(measured.function), self.axis_label(measured.function), curves)
            )
        for function in ("sq", "fq", "dr", "gr"):
            label = f"{who} {FUNCTION_NAMES[function]}"
            x = self.abscissa(function)
            drawn = x >= (2 * np.pi / self.r_max_A if function in RECIPROCAL else 0.0)
            curve = Curve(label, x[drawn], self.values[function][drawn], self.errors[function][drawn])
            panels.append(Panel(label, _x_label(function), self.axis_label(function), (curve,)))
        return tuple(panels)

    @classmethod
    def combine(cls, results: Sequence[ScatteringResult]) -> ScatteringResult:
        """Average over independent glasses, each weighing the same; errors are between them.

        Parameters
        ----------
        results : sequence of ScatteringResult
            One a glass, of the same elements, radiation and ranges.

        Returns
        -------
        ScatteringResult
            The mean, compared with the measurement afresh.
        """
        first = results[0]
        values, errors, partials = {}, {}, {}
        for function in first.values:
            values[function], errors[function] = mean_over_glasses([r.values[function] for r in results])
        for label in first.partials:
            partials[label] = mean_over_glasses([r.partials[label] for r in results])[0]
        found = first.agreement
        if found is not None:
            function = found.measured.function
            curves = np.array([result.values[function] for result in results])
            others = (curves.sum(axis=0) - curves) / (len(results) - 1) if len(results) > 1 else ()
            found = agreement(found.measured, first.abscissa(function), values[function], replicates=others)
        return cls(
            radiation=first.radiation,
            normalisation=first.normalisation,
            Q_per_A=first.Q_per_A,
            r_A=first.r_A,
            values=values,
            errors=errors,
            partials=partials,
            number_density_per_A3=float(np.mean([result.number_density_per_A3 for result in results])),
            r_max_A=first.r_max_A,
            agreement=found,
            n_frames=sum(result.n_frames for result in results),
            n_glasses=sum(result.n_glasses for result in results),
        )


def _x_label(function: str) -> str:
    return "Q (1/Å)" if function in RECIPROCAL else "r (Å)"
