"""Which reader a file of labelled frames belongs to, told by its content."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mofglass.errors import InputError

if TYPE_CHECKING:
    from mofglass.datasets.frame_source import FrameSource

FORMATS = {
    "extxyz": ("extxyz", "ExtendedXYZ"),
    "outcar": ("vasp_outcar", "LabelledOutcar"),
    "vasprun": ("vasprun", "Vasprun"),
    "cp2k": ("cp2k_run", "CP2KRun"),
    "ase-db": ("ase_db", "ASEDatabase"),
    "deepmd": ("deepmd", "DeePMDSystems"),
}
"""Name of every format, with the module and class of its reader."""


def open_source(path: Path | str, fmt: str | None = None) -> FrameSource:
    """Open a file of labelled frames, going through it once to find them.

    Parameters
    ----------
    path : Path or str
        The file.
    fmt : str, optional
        One of `FORMATS`; told from the content by default.

    Returns
    -------
    FrameSource
        Its reader.

    Raises
    ------
    InputError
        When it is missing, or of no known format.
    """
    path = Path(path).expanduser()
    return reader_class(fmt or format_of(path))(path)


def reader_class(fmt: str) -> type[FrameSource]:
    """Return the reader of a format.

    Parameters
    ----------
    fmt : str
        One of `FORMATS`.

    Returns
    -------
    type
        A `FrameSource`.

    Raises
    ------
    InputError
        When there is no such format.
    """
    if fmt not in FORMATS:
        raise InputError(f"'{fmt}' is no format of labelled frames: choose one of {', '.join(FORMATS)}")
    module, name = FORMATS[fmt]
    reader: type[FrameSource] = getattr(import_module(f"mofglass.datasets.{module}"), name)
    return reader


def format_of(path: Path) -> str:
    """Tell the format of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        One of `FORMATS`.

    Raises
    ------
    InputError
        When it is missing, or of no known format.
    """
    from mofglass.trajectory.text_source import TextSource

    if path.is_dir():
        _require_deepmd(path)
        return "deepmd"
    with TextSource(path) as source:
        head = source.head()
    if not head.strip():
        raise InputError(f"{path} is empty: give a file of labelled frames")
    if head.startswith(b"SQLite format 3\0"):
        return "ase-db"
    if b"<modeling>" in head:
        return "vasprun"
    if "outcar" in path.name.lower() or head.lstrip().startswith(b"vasp."):
        return "outcar"
    lines = head.split(b"\n", 2)
    if len(lines) == 3 and lines[0].strip().isdigit():
        from mofglass.trajectory.cp2k import is_cp2k_comment

        return "cp2k" if is_cp2k_comment(lines[1]) else "extxyz"
    from mofglass.datasets.no_labels import instead_of_file

    raise InputError(
        instead_of_file(path, head)
        or f"{path} is of no format that mofglass reads labelled frames from: {', '.join(FORMATS)}"
    )


def _require_deepmd(path: Path) -> None:
    """Point from a folder without a DeePMD system to the file in it that is wanted, where there is one."""
    from mofglass.datasets.no_labels import instead_of_folder

    if next(path.rglob("type.raw"), None) is None:
        instead = instead_of_folder(path)
        if instead:
            raise InputError(instead)


def is_dataset_file(path: Path) -> bool:
    """Tell whether a file is a dataset that mofglass wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        True for one written by `Dataset.save`.
    """
    try:
        with path.open("rb") as file:
            return file.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:
        return False
