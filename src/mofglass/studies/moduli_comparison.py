"""The routes to elastic moduli side by side for one system, and whether they agree within their errors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.elastic_result import tensor_values
from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.ensemble_difference import Sample, holm, welch
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

QUANTITIES = {
    "bulk_modulus_voigt_GPa": "bulk modulus at constant shape, Voigt (GPa)",
    "bulk_modulus_reuss_GPa": "bulk modulus at constant stress, Reuss (GPa)",
    "bulk_modulus_GPa": "bulk modulus, Hill (GPa)",
    "young_modulus_GPa": "Young's modulus, Hill (GPa)",
    "shear_modulus_GPa": "shear modulus, Hill (GPa)",
    "poisson_ratio": "Poisson's ratio, Hill",
}
"""What is compared: like with like, and only what no choice of axes alters."""

EQUATIONS = ("birch-murnaghan-2", "birch-murnaghan-3", "vinet")
_LEVEL = 0.05
_SAME_K = 1.0


@dataclass(frozen=True)
class Route:
    """Moduli of one body by one method.

    Parameters
    ----------
    study : str
        Directory of the study.
    method : str
        How they were obtained.
    temperature_K : float
        Temperature, K; 0 at rest.
    moduli : dict of str to Sample
        By the names of `QUANTITIES`, those that the method gives; errors are nan where unknown.
    notes : tuple of str
        What the study warned of.
    """

    study: str
    method: str
    temperature_K: float
    moduli: dict[str, Sample]
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Method and temperature, for figures."""
        return f"{self.method}, {self.temperature_K:g} K"


def summary_sample(summary: Mapping[str, Any], name: str, *, n_parameters: int = 2) -> Sample:
    """Return a number of a study's summary with its error and degrees of freedom.

    Parameters
    ----------
    summary : mapping
        Of `ElasticityResult` or `BulkModulusResult`.
    name : str
        Key of the number.
    n_parameters : int
        Of the equation of state that it was fitted with.

    Returns
    -------
    Sample
        The freedom is one less than the glasses; of one body one less than the blocks of time, or the points
        of the fit less its parameters.
    """
    mean, error = summary.get(name), summary.get(f"{name}_error")
    if summary["n_glasses"] > 1:
        freedom = summary["n_glasses"] - 1
    elif "n_blocks" in summary:
        freedom = summary["n_blocks"] - 1
    else:
        freedom = summary.get("fitted_points", 1) - n_parameters
    return Sample(np.nan if mean is None else mean, np.nan if error is None else error, float(freedom))


def summary_file(study: str | os.PathLike[str]) -> Path | None:
    """Find what a study or an analysis wrote of its result.

    Parameters
    ----------
    study : path
        Directory given as ``-o``, or the one in it named ``analysis``.

    Returns
    -------
    Path or None
        Its ``summary.json``; None where there is none.
    """
    places = (Path(study) / "analysis" / "summary.json", Path(study) / "summary.json")
    return next((path for path in places if path.is_file()), None)


def read_summary(study: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a study or an analysis found.

    Parameters
    ----------
    study : path
        Directory given to ``bulk-modulus``, ``elastic-constants`` or ``analyse elastic`` as ``-o``.

    Returns
    -------
    dict
        Its summary.json.

    Raises
    ------
    InputError
        When it holds none.
    """
    path = summary_file(study)
    if path is None:
        raise InputError(f"{study} holds no summary.json: finish that study first")
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise InputError(f"{path} is not a summary that mofglass wrote") from error


def read_routes(study: str | os.PathLike[str], *, equation: str = EQUATIONS[0]) -> list[Route]:
    """Return the routes of a study: one, or two of the same run or structures.

    Parameters
    ----------
    study : path
        Its directory.
    equation : {"birch-murnaghan-2", "birch-murnaghan-3", "vinet"}
        Equation of state whose bulk modulus is taken.

    Returns
    -------
    list of Route
        At constant shape the modulus of an equation of state is Voigt's; that of a volume that fluctuates
        with a free cell is Reuss'.

    Raises
    ------
    InputError
        When the study holds no moduli, or not that equation.
    """
    found = read_summary(study)
    routes = [
        *_of_equation(found.get("bulk_modulus"), str(study), equation),
        *_of_tensor(found.get("elasticity"), str(study)),
    ]
    if not routes:
        raise InputError(
            f"{study} holds no moduli: give studies of bulk-modulus or elastic-constants, or what analyse "
            "elastic was given as -o"
        )
    return routes


def _of_equation(summary: Mapping[str, Any] | None, study: str, equation: str) -> Iterator[Route]:
    if summary is None:
        return
    notes = list(summary["notes"])
    taken = dict(summary)
    fits = summary.get("fits", {})
    if equation in fits:
        taken |= {key: fits[equation][key] for key in ("bulk_modulus_GPa", "bulk_modulus_GPa_error")}
    elif equation != EQUATIONS[0]:
        raise InputError(f"{study} has no fit of the equation '{equation}': choose another --equation")
    free = fits.get("vinet", {})
    k_prime, error = free.get("k_prime"), free.get("k_prime_error")
    if equation == EQUATIONS[0] and error is not None and abs(k_prime - 4) > 3 * error:
        notes.append(
            f"K' is {k_prime:.1f} ± {error:.1f} (Vinet) where second order takes 4, which biases its bulk "
            "modulus: --equation vinet"
        )
    temperature_K = float(summary["temperature_K"] or 0.0)
    n_parameters = 2 if equation == EQUATIONS[0] else 3
    modulus = summary_sample(taken, "bulk_modulus_GPa", n_parameters=n_parameters)
    if temperature_K > 0 and modulus.freedom <= 0:
        notes.append(
            f"{summary.get('fitted_points', 1)} points leave the {n_parameters} parameters of {equation} no "
            "degree of freedom, and its modulus no test: sample more volumes, or choose another --equation"
        )
    yield Route(
        study,
        f"{summary['method']}, {equation}",
        temperature_K,
        {"bulk_modulus_voigt_GPa": modulus},
        tuple(notes),
    )


def _of_tensor(summary: Mapping[str, Any] | None, study: str) -> Iterator[Route]:
    if summary is None:
        return
    temperature_K, notes = float(summary["temperature_K"] or 0.0), tuple(summary["notes"])
    if summary["mechanically_stable"] is not None:
        ions = f", {summary['ions']} ions" if "ions" in summary else ""
        yield Route(
            study,
            summary["method"].removesuffix(" at 0 K") + ions,
            temperature_K,
            {name: summary_sample(summary, name) for name in QUANTITIES},
            notes,
        )
    if "clamped_stiffness_GPa" in summary:
        values, _ = tensor_values(ElasticTensor(np.array(summary["clamped_stiffness_GPa"])))
        moduli = {name: Sample(values[name], np.nan, 0.0) for name in QUANTITIES}
        yield Route(study, "stress-strain, clamped ions", temperature_K, moduli)
    if "bulk_modulus_volume_GPa" in summary:
        # Free to change its shape, a body yields to pressure as Reuss has it.
        name = "bulk_modulus_voigt_GPa" if summary.get("free_strains") == 1 else "bulk_modulus_reuss_GPa"
        volume = summary_sample(summary, "bulk_modulus_volume_GPa")
        yield Route(study, "volume fluctuation", temperature_K, {name: volume})


@dataclass(frozen=True)
class ModuliComparison(Result):
    """Several routes to the moduli of one system, and a test of every pair.

    Parameters
    ----------
    routes : tuple of Route
        At least two.
    pairs : pandas.DataFrame
        One row a quantity and pair of studies at one temperature: difference, its error, Welch's t, degrees
        of freedom, ``p_value`` and ``p_holm``, the last corrected for the number of tests; nan where an error
        is unknown or there is none, as at rest.
    notes : tuple of str
        What the reader has to be warned of.
    """

    routes: tuple[Route, ...]
    pairs: pd.DataFrame
    notes: tuple[str, ...] = ()

    name: ClassVar[str] = "moduli_comparison"
    title: ClassVar[str] = "Elastic moduli by several routes"

    @classmethod
    def of(cls, routes: Sequence[Route]) -> ModuliComparison:
        """Test every pair of studies at one temperature.

        Parameters
        ----------
        routes : sequence of Route
            Of one system.

        Returns
        -------
        ModuliComparison
            Routes of the same study share their data and are not tested against one another.

        Raises
        ------
        InputError
            For fewer than two routes.
        """
        if len(routes) < 2:
            raise InputError("a comparison needs two routes or more: give several studies' directories")
        rows = [
            _pair(quantity, first, second)
            for quantity in QUANTITIES
            for first, second in combinations(routes, 2)
            if first.study != second.study
            and abs(first.temperature_K - second.temperature_K) <= _SAME_K
            and quantity in first.moduli
            and quantity in second.moduli
        ]
        columns = ["quantity", "first", "second", "difference", "difference_error", "difference_percent"]
        pairs = pd.DataFrame(rows, columns=[*columns, "t", "freedom", "p_value"])
        tested = pairs["p_value"].notna()
        pairs["p_holm"] = np.nan
        pairs.loc[tested, "p_holm"] = holm(pairs.loc[tested, "p_value"].tolist())
        notes = dict.fromkeys(f"{route.study}: {note}" for route in routes for note in route.notes)
        return cls(tuple(routes), pairs, tuple(notes))

    @property
    def agree(self) -> bool | None:
        """Whether no tested pair differs; None where none could be tested."""
        tested = self.pairs["p_holm"].dropna()
        return None if tested.empty else bool((tested >= _LEVEL).all())

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a route.

        Returns
        -------
        pandas.DataFrame
            Study, method, temperature, and each modulus with its error; nan where a route does not give it.
        """
        unknown = Sample(np.nan, np.nan, 0.0)
        return pd.DataFrame(
            [
                {"study": route.study, "method": route.method, "temperature_K": route.temperature_K}
                | {
                    key: value
                    for name in QUANTITIES
                    for sample in (route.moduli.get(name, unknown),)
                    for key, value in ((name, sample.mean), (f"{name}_error", sample.error))
                }
                for route in self.routes
            ]
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the routes and the tests.

        Returns
        -------
        dict of str to pandas.DataFrame
            ``moduli_comparison`` and ``moduli_comparison_pairs``.
        """
        return {self.name: self.to_dataframe(), f"{self.name}_pairs": self.pairs}

    def summary(self) -> dict[str, Any]:
        """Return the verdict, the routes and the tests.

        Returns
        -------
        dict
            ``agree`` is None where nothing could be tested.
        """
        return {
            "agree": self.agree,
            "test": f"Welch's t of every pair at one temperature, two-sided, Holm's correction; agree: none "
            f"below {_LEVEL:g}",
            "routes": self.to_dataframe().to_dict("records"),
            "pairs": self.pairs.to_dict("records"),
            "notes": list(self.notes),
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return one panel a modulus, a point with its error a route.

        Returns
        -------
        tuple of Panel
            In the order of `QUANTITIES`.
        """
        panels = []
        for name, label in QUANTITIES.items():
            curves = [
                Curve(
                    f"{number} {route.label}",
                    np.array([float(number)]),
                    np.array([route.moduli[name].mean]),
                    np.array([route.moduli[name].error]),
                )
                for number, route in enumerate(self.routes, start=1)
                if name in route.moduli
            ]
            if curves:
                title = label.partition(" (")[0].partition(",")[0].capitalize()
                panels.append(Panel(title, "route", label, tuple(curves), "points"))
        return tuple(panels)


def _pair(quantity: str, first: Route, second: Route) -> dict[str, Any]:
    here, there = first.moduli[quantity], second.moduli[quantity]
    difference = here.mean - there.mean
    row = {
        "quantity": quantity,
        "first": f"{first.study}: {first.method}",
        "second": f"{second.study}: {second.method}",
        "difference": difference,
        "difference_percent": 100 * difference / ((here.mean + there.mean) / 2),
    }
    if min(first.temperature_K, second.temperature_K) <= 0:
        return row
    try:
        found = welch(here, there)
    except InputError:
        return row
    return row | {
        "difference_error": found.error,
        "t": found.t,
        "freedom": found.freedom,
        "p_value": found.p_value,
    }
