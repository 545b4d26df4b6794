"""Studies of the mechanics in the report: moduli beside published ones, curves, surfaces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from mofglass.analysis.convergence import outlook
from mofglass.analysis.elastic_directions import QUANTITIES, extremes
from mofglass.analysis.elastic_surfaces import surface_figure
from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.equation_of_state import FORMS, energy_eV, pressure_GPa
from mofglass.errors import InputError
from mofglass.report.content import Compare, Row, comparison_groups
from mofglass.report.figures import overlay
from mofglass.report.packing import csv_link
from mofglass.report.words import number, uncertainty
from mofglass.result import Curve, Panel
from mofglass.studies.moduli_comparison import summary_file

SYSTEMS = ("crystal", "glass", "liquid")

_MODULI = (
    # key of the literature, keys of the summary, name, unit
    ("bulk_modulus", ("bulk_modulus_GPa",), "bulk modulus K", "GPa"),
    ("density", ("zero_pressure_density_g_per_cm3", "mean_density_g_per_cm3"), "density ρ₀", "g/cm³"),
    ("young_modulus", ("young_modulus_GPa",), "Young's modulus E", "GPa"),
    ("shear_modulus", ("shear_modulus_GPa",), "shear modulus G", "GPa"),
    ("poisson_ratio", ("poisson_ratio",), "Poisson's ratio ν", ""),
)


@dataclass(frozen=True)
class Study:
    """What a study of the mechanics has written.

    Parameters
    ----------
    label : str
        Name in headings.
    system : str
        What was studied: ``crystal``, ``glass`` or ``liquid``.
    summary : mapping
        Its numbers, as `Result.summary` gives them.
    tables : dict of str to DataFrame
        Its CSV tables by name.
    """

    label: str
    system: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def value(self, keys: Sequence[str]) -> tuple[float | None, float | None, float | None]:
        """Return the first number there is of several keys, with its error and its spread over glasses.

        Parameters
        ----------
        keys : sequence of str
            Keys of the summary.

        Returns
        -------
        tuple of float or None
            Value, standard error, spread.
        """
        key = next((key for key in keys if _finite(self.summary.get(key)) is not None), None)
        if key is None:
            return None, None, None
        names = (key, f"{key}_error", f"{key}_spread")
        value, error, spread = (_finite(self.summary.get(name)) for name in names)
        return value, error, spread


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def read_studies(text: str, *, system: str) -> list[Study]:
    """Read what ``mofglass bulk-modulus``, ``elastic-constants`` or ``analyse elastic`` has written.

    Parameters
    ----------
    text : str
        ``[crystal:|glass:|liquid:]PATH``: the directory of a study, or of its analysis, or a JSON file.
    system : str
        What it is of, where the text does not tell.

    Returns
    -------
    list of Study
        One a result in it.

    Raises
    ------
    InputError
        When there is no result.
    """
    head, _, rest = text.partition(":")
    if head in SYSTEMS and not Path(text).exists():
        system, text = head, rest
    path = Path(text)
    found = path if path.is_file() else summary_file(path)
    if found is None:
        raise InputError(
            f"{path} holds no study of the mechanics (no summary.json): give the -o of mofglass "
            "bulk-modulus, elastic-constants or analyse elastic"
        )
    try:
        content = json.loads(found.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{found} cannot be read as JSON: {error}") from error
    # A --json output is the summary itself, a file of a study holds it under its name.
    whole = {"": content} if isinstance(content, dict) and "bulk_modulus_GPa" in content else content
    studies = []
    for name, summary in whole.items() if isinstance(whole, dict) else ():
        if isinstance(summary, dict) and "bulk_modulus_GPa" in summary:
            files = sorted(found.parent.glob(f"{name}*.csv")) if name else []
            tables = {file.stem: pd.read_csv(file) for file in files}
            studies.append(Study(_label(found.resolve()), system, summary, tables))
    if not studies:
        raise InputError(f"{found} holds no bulk modulus: give a study of mofglass bulk-modulus or its like")
    return studies


def _label(found: Path) -> str:
    """Name a study by its directory, or by its file where that has a name of its own."""
    if found.name != "summary.json":
        return found.stem
    return found.parent.parent.name if found.parent.name == "analysis" else found.parent.name


def mechanics_section(
    studies: Sequence[Study], figures: dict[str, Any], compare: Compare | None
) -> dict[str, Any] | None:
    """Return what the page says of the studies, and add their figures.

    Parameters
    ----------
    studies : sequence of Study
        All studies.
    figures : dict
        Figures by identifier; added to.
    compare : callable, optional
        `mofglass.literature.compare`.

    Returns
    -------
    dict or None
        ``columns`` and ``rows`` of the table, ``cards`` one a study; None without studies.
    """
    if not studies:
        return None
    rows = []
    for _, keys, name, unit in _MODULI:
        cells = tuple(_cell(*study.value(keys)) for study in studies)
        if any(cell != "–" for cell in cells):
            rows.append(Row(name, unit, cells))
    columns = tuple(f"{study.label}: {study.summary.get('method', '')}, {study.system}" for study in studies)
    cards = [_card(place, study, figures, compare) for place, study in enumerate(studies)]
    return {"columns": columns, "rows": tuple(rows), "cards": cards}


def _cell(value: float | None, error: float | None, spread: float | None) -> str:
    if value is None:
        return "–"
    return number(value, error) + ("" if spread is None else f" (spread {uncertainty(spread, value)})")


def _card(place: int, study: Study, figures: dict[str, Any], compare: Compare | None) -> dict[str, Any]:
    numbers: dict[str, float] = {}
    for quantity, keys, _, _ in _MODULI:
        value, error, _ = study.value(keys)
        if value is not None:
            numbers[quantity] = value
        if error is not None:
            numbers[f"{quantity}_error"] = error
    panels = [*_equation_of_state(study), *_glasses(study), *_over_time(study)]
    shown = []
    for k, (panel, points) in enumerate(panels):
        identifier = f"mechanics-{place}-{k}"
        figures[identifier] = overlay([(study.system, panel)])
        for curve in figures[identifier]["panels"][0]["curves"][:points]:
            curve["points"] = True
        shown.append((identifier, panel.title))
    surfaces, extreme_rows = _surfaces(place, study, figures)
    csvs = [(f"{study.label}-{name}", csv_link(table)) for name, table in study.tables.items()]
    return {
        "title": f"{study.label}: {study.summary.get('method', '')}",
        "notes": list(study.summary.get("notes", ())),
        "region": study.summary.get("fitted_region", ""),
        "stable": study.summary.get("mechanically_stable"),
        "figures": shown,
        "surfaces": surfaces,
        "extremes": extreme_rows,
        "csvs": csvs,
        "groups": comparison_groups(compare, numbers, study.system),
        "outlooks": _outlooks(study, numbers, compare),
    }


def _outlooks(study: Study, numbers: Mapping[str, float], compare: Compare | None) -> list[str]:
    """Say whether time or glasses would change the moduli, where a spread over glasses is known."""
    published: dict[str, list[float]] = {}
    for row in compare(numbers, study.system) if compare else ():
        if row.published_glasses > 1 and row.published_error:
            published.setdefault(row.quantity, []).append(row.published_error)
    lines = []
    for quantity, keys, name, unit in _MODULI:
        value, error, own = study.value(keys)
        spread = own if own is not None else (median(published[quantity]) if quantity in published else None)
        if error is None or spread is None:
            continue
        n_glasses = int(study.summary.get("n_glasses", 1))
        # Over glasses the error is that between them; what time adds to it is within.
        time_error = error if n_glasses == 1 else 0.0
        found = outlook(time_error, spread, n_glasses=n_glasses)
        whose = "these glasses" if own is not None else "the paper's glasses"
        known, between = (uncertainty(each, value or 0.0) for each in (error, spread))
        lines.append(f"{name}: error {known} {unit}, spread over {whose} {between}: {found.reason}.")
    return lines


def _equation_of_state(study: Study) -> list[tuple[Panel, int]]:
    """Return P(V) and E(V), each with how many of its curves are points."""
    table, fits = study.tables.get("bulk_modulus"), study.summary.get("fits") or {}
    if table is None or "volume_A3" not in table or not fits:
        return []
    volume = table["volume_A3"].to_numpy(float)
    fitted = table["fitted"].to_numpy(bool)
    fine = np.linspace(volume[fitted].min(), volume[fitted].max(), 101)
    error = table["pressure_GPa_error"].to_numpy(float)
    measured = Curve(
        "measured", volume, table["pressure_GPa"].to_numpy(float), error if np.isfinite(error).any() else None
    )
    curves = [measured]
    for form in FORMS:
        if form in fits:
            fit = fits[form]
            v0_A3, k0_GPa = fit["zero_pressure_volume_A3"], fit["bulk_modulus_GPa"]
            curves.append(Curve(form, fine, pressure_GPa(fine, v0_A3, k0_GPa, fit["k_prime"], form=form)))
    panels = [(Panel("Pressure against volume", "volume (Å³)", "pressure (GPa)", tuple(curves)), 1)]
    if "energy_eV" in table and "energies" in fits:
        energy, fit = table["energy_eV"].to_numpy(float), fits["energies"]
        form = FORMS[0]

        def rise_eV(at: np.ndarray) -> np.ndarray:  # numpydoc ignore=GL08
            v0_A3, k0_GPa = fit["zero_pressure_volume_A3"], fit["bulk_modulus_GPa"]
            return energy_eV(at, 0.0, v0_A3, k0_GPa, fit["k_prime"], form=form)

        ground_eV = float(np.mean(energy[fitted] - rise_eV(volume[fitted])))
        panels.append(
            (
                Panel(
                    "Energy against volume",
                    "volume (Å³)",
                    "energy above the fit's least (eV)",
                    (Curve("computed", volume, energy - ground_eV), Curve(form, fine, rise_eV(fine))),
                ),
                1,
            )
        )
    return panels


def _glasses(study: Study) -> list[tuple[Panel, int]]:
    """Return the bulk modulus of each glass, where the study is of several."""
    table = study.tables.get("bulk_modulus", study.tables.get("elasticity_glasses"))
    if table is None or "glass" not in table:
        return []
    error = table.get("bulk_modulus_GPa_error")
    bars = Curve(
        "",
        table["glass"].to_numpy(float),
        table["bulk_modulus_GPa"].to_numpy(float),
        None if error is None else error.to_numpy(float),
    )
    return [(Panel("Bulk modulus of each glass", "glass", "bulk modulus (GPa)", (bars,), "bar"), 0)]


def _over_time(study: Study) -> list[tuple[Panel, int]]:
    """Return the moduli from the beginning to each time: whether they have settled (SI of Castel 2024)."""
    table = study.tables.get("elasticity_convergence")
    if table is None:
        return []
    x_label = "time (ps)" if "time_ps" in table else "cells"
    x = table[table.columns[0]].to_numpy(float)
    names = {
        "bulk_modulus_volume_GPa": "K from the volume",
        "C11_GPa": "C11",
        "C12_GPa": "C12",
        "C44_GPa": "C44",
    }
    curves = tuple(
        Curve(label, x, table[name].to_numpy(float))
        for name, label in names.items()
        if name in table and np.isfinite(table[name]).any()
    )
    return [(Panel("Moduli from 0 to t", x_label, "from 0 to t (GPa)", curves), 0)] if curves else []


def _surfaces(
    place: int, study: Study, figures: dict[str, Any]
) -> tuple[list[tuple[str, str]], list[tuple[str, str, str, str, str]]]:
    """Add the direction surfaces of a stable tensor; return them and the least and largest values."""
    stiffness = study.summary.get("stiffness_GPa")
    if stiffness is None or not np.isfinite(np.array(stiffness, dtype=float)).all():
        return [], []
    tensor = ElasticTensor(np.array(stiffness, dtype=float))
    if not tensor.is_stable:
        return [], []
    shown, rows = [], []
    for name, extreme in extremes(tensor).items():
        label = QUANTITIES[name][0]
        figures[f"surface-{place}-{name}"] = {"surface": surface_figure(tensor, name)}
        shown.append((f"surface-{place}-{name}", label))
        least, largest = (_along(d) for d in (extreme.minimum_direction, extreme.maximum_direction))
        rows.append((label, number(extreme.minimum), least, number(extreme.maximum), largest))
    return shown, rows


def _along(direction: np.ndarray) -> str:
    return "(" + ", ".join(f"{component:.2f}" for component in np.asarray(direction) + 0.0) + ")"
