"""The local density drawn as slices through the cell, one a layer of boxes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.analysis.local_density import LocalDensityResult
from mofglass.errors import InputError

_VECTORS = "abc"


def draw_slices(result: LocalDensityResult, *, along: str = "c", glass: int = 0) -> Any:
    """Draw each layer of boxes across one cell vector as a map, blue thin and red dense.

    Parameters
    ----------
    result : LocalDensityResult
        The field.
    along : {'a', 'b', 'c'}
        The vector the layers follow.
    glass : int
        Which glass' field.

    Returns
    -------
    matplotlib.figure.Figure
        One map a layer, one colour scale for all; of a sheared cell the boxes are drawn upright.

    Raises
    ------
    InputError
        For another vector, or a glass that is not there.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if along not in _VECTORS:
        raise InputError(f"'{along}' is no cell vector: choose a, b or c.")
    if not 0 <= glass < len(result.fields_per_A3):
        raise InputError(f"there is no glass {glass}: there are {len(result.fields_per_A3)}, from 0.")
    place = _VECTORS.index(along)
    field = np.moveaxis(result.fields_g_per_cm3[glass], place, 0)
    across = [k for k in range(3) if k != place]
    edges = result.edges_A[glass]
    n_columns = min(len(field), 4)
    n_rows = -(-len(field) // n_columns)
    figure = Figure(figsize=(1.9 * n_columns + 1.2, 1.9 * n_rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    extent = (0.0, field.shape[1] * edges[across[0]], 0.0, field.shape[2] * edges[across[1]])
    image: Any = None
    for k, ax in enumerate(axes.ravel()):
        if k >= len(field):
            ax.set_axis_off()
            continue
        image = ax.imshow(
            field[k].T, origin="lower", extent=extent, cmap="RdBu_r", vmin=field.min(), vmax=field.max()
        )
        ax.set_title(f"{k * edges[place]:.0f}-{(k + 1) * edges[place]:.0f} Å along {along}", fontsize=8)
        ax.tick_params(labelsize=7)
        if k % n_columns == 0:
            ax.set_ylabel(f"along {_VECTORS[across[1]]} (Å)", fontsize=8)
        if k + n_columns >= len(field):
            ax.set_xlabel(f"along {_VECTORS[across[0]]} (Å)", fontsize=8)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label(f"{result.element or 'density'} (g/cm³)", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def write_slices(result: LocalDensityResult, directory: Path, *, along: str = "c") -> list[Path]:
    """Write the slices of every glass as PNG, whole or not at all.

    Parameters
    ----------
    result : LocalDensityResult
        The fields.
    directory : Path
        Where to; it exists.
    along : {'a', 'b', 'c'}
        The vector the layers follow.

    Returns
    -------
    list of Path
        ``local_density_slices.png``, of several glasses ``local_density_slices_1.png`` and so on.

    Raises
    ------
    InputError
        When the directory cannot be written.
    """
    written = []
    for glass in range(len(result.fields_per_A3)):
        suffix = f"_{glass + 1}" if len(result.fields_per_A3) > 1 else ""
        path = directory / f"local_density_slices{suffix}.png"
        scratch = directory / f".{path.name}.{os.getpid()}"
        try:
            draw_slices(result, along=along, glass=glass).savefig(scratch, dpi=200, format="png")
            os.replace(scratch, path)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
        written.append(path)
    return written
