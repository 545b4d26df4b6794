"""Figures of an evaluation: parity of energy, force and stress, and error against the size of the force."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from mofglass.result import Curve, Panel


def energy_panel(table: pd.DataFrame) -> Panel:
    """Draw predicted against reference energies, by source, from the mean of the references.

    Parameters
    ----------
    table : pandas.DataFrame
        `Evaluation.energy_parity`.

    Returns
    -------
    Panel
        For matplotlib and for the report.
    """
    # A total energy of some 100 eV/atom leaves no room for differences: it is drawn from its mean.
    zero = float(table["reference_eV_per_atom"].mean())
    curves = tuple(
        Curve(
            str(source),
            1e3 * (rows["reference_eV_per_atom"].to_numpy() - zero),
            1e3 * (rows["predicted_eV_per_atom"].to_numpy() - zero),
        )
        for source, rows in table.groupby("source", sort=True)
    )
    return Panel(
        "Energy",
        f"Reference less {zero:.4f} eV/atom (meV/atom)",
        "Predicted, likewise (meV/atom)",
        curves,
        kind="points",
        diagonal=True,
    )


def force_panel(table: pd.DataFrame, maes: Mapping[str, float]) -> Panel:
    """Draw predicted against reference force components, by element.

    Parameters
    ----------
    table : pandas.DataFrame
        `Evaluation.force_parity`.
    maes : mapping of str to float
        Mean absolute error by element, meV/Å, for the legend.

    Returns
    -------
    Panel
        For matplotlib and for the report.
    """
    curves = tuple(
        Curve(
            f"{element}, MAE {maes[str(element)]:.3g} meV/Å",
            rows["reference_eV_per_A"].to_numpy(),
            rows["predicted_eV_per_A"].to_numpy(),
        )
        for element, rows in table.groupby("element", sort=True)
    )
    return Panel(
        "Forces",
        "Reference force component (eV/Å)",
        "Predicted force component (eV/Å)",
        curves,
        kind="points",
        diagonal=True,
    )


def stress_panel(table: pd.DataFrame) -> Panel:
    """Draw predicted against reference stress components.

    Parameters
    ----------
    table : pandas.DataFrame
        `Evaluation.stress_parity`.

    Returns
    -------
    Panel
        For matplotlib and for the report.
    """
    names = {"normal": ("xx", "yy", "zz"), "shear": ("yz", "xz", "xy")}
    curves = []
    for label, components in names.items():
        rows = table[table["component"].isin(components)]
        curves.append(Curve(label, rows["reference_MPa"].to_numpy(), rows["predicted_MPa"].to_numpy()))
    return Panel(
        "Stress",
        "Reference stress component (MPa)",
        "Predicted stress component (MPa)",
        tuple(curves),
        kind="points",
        diagonal=True,
    )


def size_panel(table: pd.DataFrame) -> Panel:
    """Draw errors of forces against the size of the force.

    Parameters
    ----------
    table : pandas.DataFrame
        `Evaluation.by_force_size`.

    Returns
    -------
    Panel
        For matplotlib and for the report.
    """
    low, high = table["force_from_eV_per_A"].to_numpy(), table["force_to_eV_per_A"].to_numpy()
    # The first class begins at zero and the last has no end: both are drawn a factor of √2 wide.
    low = np.where(low > 0, low, high / math.sqrt(2.0))
    high = np.where(np.isfinite(high), high, low * math.sqrt(2.0))
    middle = np.sqrt(low * high)
    errors = {name: table[f"force_{name}_meV_per_A"].to_numpy() for name in ("mae", "rmse")}
    visible = max(float(errors["rmse"].max(initial=0.0)) * 1e-12, 1e-300)
    return Panel(
        "Error against the size of the force",
        "Size of the reference force (eV/Å)",
        "Error of a force component (meV/Å)",
        tuple(Curve(name.upper(), middle, np.maximum(values, visible)) for name, values in errors.items()),
        x_log=True,
        # A potential beside its own labels has no error, and no logarithm of it.
        y_log=bool(errors["mae"].size and errors["mae"].min() > 0),
    )
