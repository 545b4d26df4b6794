"""The local density as slices: one map a layer of boxes, one colour scale for all, as Shi 2023 (Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mofglass.analysis.local_density import LocalDensityResult
from mofglass.report.measure import Measured


def slice_figures(measured: Sequence[Measured], figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the slices of crystal and samples to the figures, all with the same colour scale.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    figures : dict
        Figures by identifier; added to.

    Returns
    -------
    list of dict
        ``id``, ``title`` and ``n_maps`` for the page; empty where there is no local density.
    """
    found = [(item.sample.label, item.glass.get("local_density")) for item in measured]
    crystals = [item.crystal["local_density"] for item in measured if "local_density" in item.crystal]
    named = [*(("Crystal", result) for result in crystals[:1]), *found]
    results = [(label, result) for label, result in named if isinstance(result, LocalDensityResult)]
    if not results:
        return []
    fields = [result.fields_g_per_cm3[0] for _, result in results]
    low, high = min(float(field.min()) for field in fields), max(float(field.max()) for field in fields)
    added = []
    for number, (label, result) in enumerate(results):
        figures[f"slices-{number}"] = slices(result, (low, high))
        n_maps = result.fields_g_per_cm3[0].shape[2]
        added.append({"id": f"slices-{number}", "title": label, "n_maps": n_maps})
    return added


def slices(result: LocalDensityResult, limits: tuple[float, float]) -> dict[str, Any]:
    """Return the layers along c as maps for ``slices.js``.

    Parameters
    ----------
    result : LocalDensityResult
        Of one sample; its mean over time is drawn.
    limits : tuple of float
        Ends of the colour scale, g/cm³.

    Returns
    -------
    dict
        ``maps`` with title and values (rows along b, columns along a), ``edges_A`` of a box, ``limits``.
    """
    field, edges_A = result.fields_g_per_cm3[0], result.edges_A[0]
    maps = [
        {
            "title": f"{k * edges_A[2]:.0f} to {(k + 1) * edges_A[2]:.0f} Å along c",
            "values": np.round(field[:, :, k].T, 4).tolist(),
        }
        for k in range(field.shape[2])
    ]
    return {"maps": maps, "edges_A": [float(edge) for edge in edges_A], "limits": list(limits)}
