"""Direction surfaces of an elastic tensor as one HTML file that needs no network."""

from __future__ import annotations

import html
import json

import numpy as np

from mofglass.analysis.elastic_directions import QUANTITIES, extremes
from mofglass.analysis.elastic_tensor import ElasticTensor

_POLAR, _AZIMUTH = 46, 91
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px sans-serif;margin:1em}}.surfaces{{display:grid;grid-template-columns:1fr 1fr}}
.surfaces>div{{height:30em}}table{{border-collapse:collapse}}td,th{{padding:.2em .8em;text-align:right}}
@media(max-width:60em){{.surfaces{{grid-template-columns:1fr}}}}</style>
<script>{script}</script></head><body><h1>{title}</h1>
<p>The distance from the centre is the value in that direction; axes are those of the cell's file, x y z.</p>
<div class="surfaces">{divisions}</div>
<table><tr><th>quantity</th><th>least</th><th>along</th><th>largest</th><th>along</th></tr>{rows}</table>
<script>const figures = {figures};
figures.forEach((f, k) => Plotly.newPlot("surface" + k, f.data, f.layout, {{responsive: true,
displaylogo: false}}));</script></body></html>
"""


def surfaces_html(tensor: ElasticTensor, *, title: str = "Elastic constants by direction") -> str:
    """Draw E, linear compressibility, and the least and largest G and nu by direction.

    Parameters
    ----------
    tensor : ElasticTensor
        A stable tensor.
    title : str
        Heading of the page.

    Returns
    -------
    str
        A page with plotly.js in it.

    Raises
    ------
    InputError
        When the tensor is not stable.
    """
    from plotly.offline import get_plotlyjs

    found = extremes(tensor)
    figures, rows = [], []
    for name, (label, _) in QUANTITIES.items():
        figures.append(surface_figure(tensor, name))
        extreme = found[name]
        cells = (
            extreme.minimum,
            extreme.minimum_direction,
            extreme.maximum,
            extreme.maximum_direction,
        )
        rows.append(
            f"<tr><td>{html.escape(label)}</td>{''.join(f'<td>{_words(cell)}</td>' for cell in cells)}"
        )
    return _PAGE.format(
        title=html.escape(title),
        script=get_plotlyjs(),
        divisions="".join(f'<div id="surface{k}"></div>' for k in range(len(figures))),
        rows="".join(rows),
        figures=json.dumps(figures, allow_nan=False).replace("</", "<\\/"),
    )


def _words(value: float | np.ndarray) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "(" + ", ".join(f"{component:.2f}" for component in value) + ")"


def surface_figure(tensor: ElasticTensor, name: str) -> dict[str, object]:
    """Return one set of surfaces: positive values, negative ones in red, and of a range both bounds.

    Parameters
    ----------
    tensor : ElasticTensor
        A stable tensor.
    name : str
        Key of `mofglass.analysis.elastic_directions.QUANTITIES`.

    Returns
    -------
    dict
        ``data`` and ``layout`` for plotly.js, plain numbers.
    """
    label, function = QUANTITIES[name]
    polar, azimuth = np.meshgrid(
        np.linspace(0, np.pi, _POLAR), np.linspace(0, 2 * np.pi, _AZIMUTH), indexing="ij"
    )
    n = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=-1)
    values = function(tensor, n).reshape(_POLAR, _AZIMUTH, -1)
    traces = []
    for place in range(values.shape[-1]):
        outer = place == values.shape[-1] - 1
        value = values[..., place]
        kind = label.partition(" (")[0] if values.shape[-1] == 1 else ("least", "largest")[place]
        for part, colours in ((np.maximum(value, 0), "Viridis"), (np.maximum(-value, 0), "Reds")):
            if part.max() <= 1e-9 * np.abs(values).max():
                continue
            x, y, z = np.round(np.moveaxis(part[..., None] * n, -1, 0), 5)
            negative = colours == "Reds"
            traces.append(
                {
                    "type": "surface",
                    "x": x.tolist(),
                    "y": y.tolist(),
                    "z": z.tolist(),
                    "surfacecolor": np.round(-part if negative else part, 5).tolist(),
                    "colorscale": colours,
                    "reversescale": negative,
                    "showscale": outer and not negative,
                    "opacity": 0.35 if outer and values.shape[-1] > 1 else 1.0,
                    "name": f"{kind}{', negative' if negative else ''}",
                    "hovertemplate": f"{kind}: %{{surfacecolor:.3f}}<extra></extra>",
                }
            )
    axis = {"showbackground": False, "zeroline": True}
    return {
        "data": traces,
        "layout": {
            "title": {"text": label},
            "margin": {"l": 0, "r": 0, "b": 0, "t": 40},
            "scene": {"aspectmode": "data", "xaxis": axis, "yaxis": axis, "zaxis": axis},
        },
    }
