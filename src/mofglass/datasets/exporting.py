"""Labelled frames to files of other programs."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.datasets.dataset import Dataset, Progress
from mofglass.datasets.extxyz import with_source
from mofglass.datasets.labelled import LabelledFrame
from mofglass.datasets.output_file import require_folder, require_output_file
from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import written_whole
from mofglass.trajectory.xyz_writer import extxyz_text


def export(
    dataset: Dataset, path: Path | str, *, fmt: str | None = None, progress: Progress | None = None
) -> str:
    """Write a dataset in a format of other programs, one frame in memory at a time.

    Parameters
    ----------
    dataset : Dataset
        The frames.
    path : Path or str
        File, or for DeePMD folder, to write.
    fmt : str, optional
        One of `WRITERS`; told from the ending by default, a name without one is a folder for DeePMD.
    progress : callable, optional
        Called with the number of frames written so far.

    Returns
    -------
    str
        The format.

    Raises
    ------
    InputError
        When the format cannot be told or cannot hold the frames, or the file is one that they are read from.
    """
    path = Path(path).expanduser()
    fmt = fmt or _format_for(path)
    if fmt not in WRITERS:
        raise InputError(f"'{fmt}' is no format to write: choose one of {', '.join(WRITERS)}")
    WRITERS[fmt](dataset, path, progress)
    return fmt


def export_extxyz(frames: Iterable[LabelledFrame], path: Path | str, progress: Progress | None = None) -> int:
    """Write extended XYZ with energy (eV), forces (eV/Å) and stress (eV/Å³, positive in tension).

    ASE, NequIP and MACE read it as it is. Source, temperature and what is plain in `info` stand in the
    comment line.

    Parameters
    ----------
    frames : iterable of LabelledFrame
        A dataset, or any frames.
    path : Path or str
        The file; compressed when its name ends in ``.gz``; written whole or not at all.
    progress : callable, optional
        Called with the number of frames written so far.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    InputError
        When there is no frame, or the file cannot be written or is one that a dataset is read from.
    """
    path = Path(path).expanduser()
    require_output_file(path, frames, "extxyz")
    opener: Any = gzip.open if path.suffix == ".gz" else open
    n_frames = 0
    with written_whole(path) as temporary:
        with opener(temporary, "wt", encoding="utf-8") as file:
            for frame in frames:
                columns = {"pos": frame.positions, "forces": frame.forces_eV_per_A}
                text = extxyz_text(frame.numbers, frame.cell, columns, _pairs(frame))
                file.write(with_source(text, frame.source))
                n_frames += 1
                if progress is not None:
                    progress(n_frames)
        if not n_frames:
            raise InputError(f"{path} would hold no frame: choose at least one")
    return n_frames


def _pairs(frame: LabelledFrame) -> dict[str, Any]:
    pairs: dict[str, Any] = {"energy": float(frame.energy_eV)}
    if frame.stress_eV_per_A3 is not None:
        # Words, since a matrix would be written in brackets that not every reader knows.
        pairs["stress"] = " ".join(repr(float(value)) for value in frame.stress_eV_per_A3.ravel())
    if np.isfinite(frame.temperature_K):
        pairs["temperature_K"] = float(frame.temperature_K)
    # Where a frame was read from says nothing once it lies elsewhere.
    left_out = {*pairs, "file", "frame", "source"}
    return pairs | {key: value for key, value in frame.info.items() if key not in left_out}


def _write_extxyz(dataset: Dataset, path: Path, progress: Progress | None) -> None:
    export_extxyz(dataset, path, progress)


def _write_ase_db(dataset: Dataset, path: Path, progress: Progress | None) -> None:
    from mofglass.datasets.ase_db import write_ase_db

    write_ase_db(dataset, path, progress)


def _write_deepmd(dataset: Dataset, path: Path, progress: Progress | None) -> None:
    from mofglass.datasets.deepmd import write_deepmd

    require_folder(path)
    write_deepmd(dataset, path, progress)


WRITERS: dict[str, Callable[[Dataset, Path, Progress | None], None]] = {
    "extxyz": _write_extxyz,
    "ase-db": _write_ase_db,
    "deepmd": _write_deepmd,
}
"""Formats that `export` writes."""


def _format_for(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".extxyz", ".xyz")):
        return "extxyz"
    if name.endswith(".db"):
        return "ase-db"
    if "." not in name:
        return "deepmd"
    raise InputError(
        f"{path}: its ending does not tell a format: write NAME.extxyz, NAME.db or a folder's name, or give "
        f"the format ({', '.join(WRITERS)})"
    )
