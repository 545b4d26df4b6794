"""The description of a dataset on disk: a table of frames, one figure, the summary."""

from __future__ import annotations

from pathlib import Path

from mofglass.datasets.info import DatasetInfo
from mofglass.plain_json import to_json
from mofglass.plotting import draw_panel
from mofglass.trajectory.atomic_write import written_whole

COLUMNS_OF_PANELS = 3


def write_info(info: DatasetInfo, directory: Path | str) -> list[Path]:
    """Write ``frames.csv``, ``info.png`` and ``info.json``.

    Parameters
    ----------
    info : DatasetInfo
        What `describe_dataset` found.
    directory : Path or str
        Where to; made if need be.

    Returns
    -------
    list of Path
        The files.
    """
    directory = Path(directory).expanduser()
    directory.mkdir(parents=True, exist_ok=True)
    table, figure, summary = (directory / name for name in ("frames.csv", "info.png", "info.json"))
    with written_whole(table) as new, new.open("w") as stream:
        for number, rows in enumerate(info.rows()):
            rows.to_csv(stream, index=False, header=number == 0, float_format="%.8g")
    with written_whole(figure) as new:
        _draw(info, new)
    with written_whole(summary) as new:
        new.write_text(to_json(info.summary()) + "\n")
    return [table, figure, summary]


def _draw(info: DatasetInfo, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = info.panels()
    n_rows = -(-len(panels) // COLUMNS_OF_PANELS)
    figure = Figure(figsize=(4.4 * COLUMNS_OF_PANELS, 3.4 * n_rows), layout="constrained")
    FigureCanvasAgg(figure)
    for number, panel in enumerate(panels):
        axes = draw_panel(panel, figure.add_subplot(n_rows, COLUMNS_OF_PANELS, number + 1))
        if axes.get_legend() is None:
            continue
        axes.get_legend().remove()
        # The sources are the same everywhere: one legend tells them.
        if not number:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    figure.savefig(path, dpi=150, format="png")
