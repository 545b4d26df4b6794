r"""Total scattering of neutrons and X-rays: S(Q), F(Q), D(r), G(r), T(r), beside a measured file.

The functions and their names are those of D. A. Keen, J. Appl. Cryst. 34, 172 (2001). From the partial
g(r), counted as `mofglass.analysis.RDF` counts them, come the Faber-Ziman partials A(Q), and from these

.. math:: F(Q) = \frac{1}{n} \sum_{ab} c_a c_b\, w_a w_b\, [A_{ab}(Q) - 1], \qquad
          S(Q) = 1 + \frac{\sum_{ab} c_a c_b\, w_a w_b\, [A_{ab}(Q) - 1]}{(\sum_a c_a w_a)^2}

with c the atomic fractions. Neutrons: w is the coherent scattering length, n = 1, F(Q) in barn (100 fm²).
X-rays: w is the form factor f(Q), n is ⟨f²⟩ or ⟨f⟩². In real space, over the Q range of a measurement,

.. math:: D(r) = \frac{2}{\pi} \int Q F(Q) \sin(Qr)\, dQ = 4\pi r \rho_0 G(r), \qquad
          T(r) = D(r) + 4\pi r \rho_0 \frac{(\sum_a c_a w_a)^2}{n}

and PDF(r), Keen's G^PDF(r), is the same transform of S(Q) - 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from ase.data import atomic_numbers

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.elements import symbols_present
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.measured_curve import RECIPROCAL, MeasuredCurve, agreement
from mofglass.analysis.rdf import RDF, pair_label
from mofglass.analysis.scattering_lengths import neutron_lengths_fm, xray_form_factors
from mofglass.analysis.scattering_result import Radiation, ScatteringResult
from mofglass.analysis.sine_transform import (
    Window,
    differential_correlation_kernel,
    partial_structure_factor_kernel,
    termination,
)
from mofglass.analysis.statistics import jackknife_error
from mofglass.errors import InputError

Normalisation = Literal["mean-of-squares", "square-of-mean"]
"""What F(Q) of X-rays is divided by: ⟨f²⟩ (as GudrunX for reverse Monte Carlo) or ⟨f⟩²."""

_FM_PER_SQRT_BARN = 10.0


class Scattering(Analysis[ScatteringResult]):
    """Total-scattering functions from the partial g(r), by sine transform.

    Parameters
    ----------
    radiation : {'neutron', 'xray'}
        What is scattered.
    r_max_A : float
        Where g(r) ends, Å; may exceed half the box, whose repetition then shows as in a crystal.
    bin_width_A : float
        Bin width of g(r), Å.
    q_min_per_A, q_max_per_A : float
        Range of Q, 1/Å: of S(Q) and F(Q), and of the transform to real space.
    q_step_per_A : float
        Spacing of Q, 1/Å.
    r_window : {'lorch', 'none'}
        Termination function of the integral over r, which widens peaks in Q to about 5.4/r_max.
    q_window : {'lorch', 'none'}
        Termination function of the integral over Q, which widens peaks in r to about 5.4/q_max.
    normalisation : {'mean-of-squares', 'square-of-mean'}
        What X-ray F(Q) is divided by, ⟨f²⟩ or ⟨f⟩²; S(Q) and PDF(r) always have ⟨f⟩².
    deuterium_fraction : float
        Fraction of the hydrogen that is deuterium, 0 to 1, for neutrons.
    lengths_fm : mapping of str to float, optional
        Neutron scattering lengths, fm, of other isotopes: these stand instead of the tabulated.
    measured : MeasuredCurve, optional
        A measurement to compare with.
    compared_range : tuple of float, optional
        First and last Q (1/Å) or r (Å) of the comparison.

    Raises
    ------
    InputError
        For ranges, radiation or windows without meaning.

    Examples
    --------
    >>> from mofglass import structures
    >>> result = Scattering(radiation="xray").compute(structures.load("ZIF-4")).result
    >>> round(float(result.values["sq"][-200:].mean()), 1)
    1.0
    """

    name: ClassVar[str] = "scattering"

    def __init__(
        self,
        *,
        radiation: Radiation = "neutron",
        r_max_A: float = 20.0,
        bin_width_A: float = 0.02,
        q_min_per_A: float = 0.02,
        q_max_per_A: float = 25.0,
        q_step_per_A: float = 0.02,
        r_window: Window = "lorch",
        q_window: Window = "lorch",
        normalisation: Normalisation = "mean-of-squares",
        deuterium_fraction: float = 0.0,
        lengths_fm: Mapping[str, float] | None = None,
        measured: MeasuredCurve | None = None,
        compared_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        if radiation not in get_args(Radiation):
            raise InputError(f"'{radiation}' is no radiation: choose neutron or xray.")
        if normalisation not in get_args(Normalisation):
            raise InputError(f"'{normalisation}': choose mean-of-squares (⟨f²⟩) or square-of-mean (⟨f⟩²).")
        if not (
            q_step_per_A > 0 and q_min_per_A > 0 and q_min_per_A + 2 * q_step_per_A < q_max_per_A < np.inf
        ):
            raise InputError(
                f"Q from {q_min_per_A} to {q_max_per_A} by {q_step_per_A} Å⁻¹ is no range: give rising "
                "numbers above 0."
            )
        self._rdf = RDF(r_max_A=r_max_A, bin_width_A=bin_width_A)
        if q_step_per_A > np.pi / (4 * r_max_A):
            raise InputError(
                f"a Q step of {q_step_per_A} Å⁻¹ is too coarse for r up to {r_max_A} Å: at most "
                f"{np.pi / (4 * r_max_A):.3g}."
            )
        for window in (r_window, q_window):
            termination(np.zeros(1), 1.0, window)
        self.radiation: Radiation = radiation
        self.normalisation: Normalisation = normalisation
        self.r_window: Window = r_window
        self.q_window: Window = q_window
        self.deuterium_fraction = deuterium_fraction
        self.lengths_fm = dict(lengths_fm or {})
        self.measured = measured
        self.compared_range = compared_range
        n_steps = round((q_max_per_A - q_min_per_A) / q_step_per_A)
        self.Q_per_A = q_min_per_A + q_step_per_A * np.arange(n_steps + 1)
        self.r_A = self._rdf.bin_width_A * np.arange(1, self._rdf.n_bins + 1)

    def _start(self, data: FrameData) -> None:
        numbers = data.frame.numbers
        symbols = symbols_present(numbers)
        self._fraction = {s: float((numbers == atomic_numbers[s]).mean()) for s in symbols}
        at_zero = np.zeros(1)
        if self.radiation == "neutron":
            lengths = (
                neutron_lengths_fm(symbols, deuterium_fraction=self.deuterium_fraction) | self.lengths_fm
            )
            one = np.ones(len(self.Q_per_A))
            self._weight = {s: lengths[s] / _FM_PER_SQRT_BARN * one for s in symbols}
            forward = {s: np.array([lengths[s] / _FM_PER_SQRT_BARN]) for s in symbols}
        else:
            self._weight = xray_form_factors(symbols, self.Q_per_A)
            forward = xray_form_factors(symbols, at_zero)
        self._mean_square = self._mean(self._weight) ** 2
        if not (self._mean_square > 1e-8).all():
            raise InputError(f"{data.where} scatters nothing on average: S(Q) is not defined for it.")
        self._divisor = self._normaliser(self._weight)
        self._forward = float((self._mean(forward) ** 2 / self._normaliser(forward))[0])

    def _mean(self, weight: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.sum([c * weight[s] for s, c in self._fraction.items()], axis=0)

    def _normaliser(self, weight: Mapping[str, np.ndarray]) -> np.ndarray:
        if self.radiation == "neutron":
            return np.ones_like(self._mean(weight))
        if self.normalisation == "square-of-mean":
            return self._mean(weight) ** 2
        return np.sum([c * weight[s] ** 2 for s, c in self._fraction.items()], axis=0)

    def _update(self, data: FrameData) -> None:
        self._rdf.update(data)

    def _merge(self, later: Scattering) -> None:
        self._rdf.merge(later._rdf)

    def _finish(self) -> ScatteringResult:
        rdf = self._rdf.result
        density = rdf.number_density_per_A3
        kernel = partial_structure_factor_kernel(
            self._rdf.r_max_A, self._rdf.n_bins, self.Q_per_A, density, self.r_window
        )
        to_real = differential_correlation_kernel(self.Q_per_A, self.r_A, self.q_window)
        partials: dict[str, np.ndarray] = {}
        # Weighted sums of A - 1, from all frames and without one block of time each.
        weighted: Any = 0.0
        others: Any = 0.0
        for a, b in rdf.pairs:
            label = pair_label((a, b))
            g, replicates, _ = self._rdf.replicates(label)
            once = (1 if a == b else 2) * self._fraction[a] * self._fraction[b]
            weight = once * self._weight[a] * self._weight[b]
            partials[label] = kernel @ (g - 1)
            weighted = weighted + weight * partials[label]
            others = others + weight * ((replicates - 1) @ kernel.T)
            partials[label] = partials[label] + 1

        values = self._functions(weighted, to_real, density)
        replicated = [self._functions(other, to_real, density) for other in others]
        errors = {
            function: (
                jackknife_error(np.array([curves[function] for curves in replicated]))
                if len(replicated) > 1
                else np.full(len(curve), np.nan)
            )
            for function, curve in values.items()
        }
        found = None
        if self.measured is not None:
            function = self.measured.function
            found = agreement(
                self.measured,
                self.Q_per_A if function in RECIPROCAL else self.r_A,
                values[function],
                replicates=[curves[function] for curves in replicated],
                compared_range=self.compared_range,
            )
        return ScatteringResult(
            radiation=self.radiation,
            normalisation="none" if self.radiation == "neutron" else self.normalisation,
            Q_per_A=self.Q_per_A,
            r_A=self.r_A,
            values=values,
            errors=errors,
            partials=partials,
            number_density_per_A3=density,
            r_max_A=self._rdf.r_max_A,
            agreement=found,
            n_frames=self.n_frames,
        )

    def _functions(self, weighted: np.ndarray, to_real: np.ndarray, density: float) -> dict[str, np.ndarray]:
        """Make all functions of the weighted sum of A(Q) - 1."""
        fq = weighted / self._divisor
        reduced = weighted / self._mean_square
        dr = to_real @ fq
        slope = 4 * np.pi * self.r_A * density
        return {
            "sq": 1 + reduced,
            "fq": fq,
            "dr": dr,
            "gr": dr / slope,
            "tr": dr + slope * self._forward,
            "pdf": to_real @ reduced,
        }
