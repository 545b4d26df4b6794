"""What commands of `mofglass dataset` share: which frames are taken."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from mofglass.cli.options import UserPath, together
from mofglass.cli.progress import counting

if TYPE_CHECKING:
    from mofglass.datasets.dataset import Dataset

dataset_arguments = together(
    click.argument("files", nargs=-1, required=True, type=UserPath(), metavar="DATASET..."),
    click.option(
        "--source",
        "sources",
        multiple=True,
        metavar="NAME",
        help="Only frames of this source, or of those a pattern matches ('*glass*'); may be repeated.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
)
"""Files of labelled frames, and which of their sources."""


def open_chosen(files: tuple[Path, ...], sources: tuple[str, ...], *, quiet: bool) -> Dataset:
    """Open files and take the sources that were asked for.

    Parameters
    ----------
    files : tuple of Path
        Files.
    sources : tuple of str
        Names or patterns; all where empty.
    quiet : bool
        Show no progress.

    Returns
    -------
    Dataset
        At least one frame.

    Raises
    ------
    InputError
        When a file is given twice or cannot be read, or a pattern matches nothing.
    """
    from mofglass.datasets.dataset import open_dataset
    from mofglass.datasets.equal_frames import require_each_once
    from mofglass.errors import InputError

    require_each_once(files)
    with counting("frames read", quiet=quiet) as progress:
        dataset = open_dataset(list(files), progress=progress)
    if not sources:
        return dataset
    for pattern in sources:
        if not any(fnmatchcase(source, pattern) for source in dataset.sources):
            raise InputError(f"no source is named '{pattern}': there are {', '.join(dataset.sources)}")
    labels = dataset.table.labels("source")
    wanted = [
        code for code, label in enumerate(labels) if any(fnmatchcase(label, pattern) for pattern in sources)
    ]
    return dataset[np.isin(dataset.table.codes("source"), wanted)]
