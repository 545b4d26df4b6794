"""What to give instead of a path that no reader of labelled frames takes."""

from __future__ import annotations

import re
from pathlib import Path

from mofglass.structures.reading import file_format
from mofglass.trajectory.run_directory import is_run_directory

_CP2K = re.compile(rb"CP2K\||DBCSR\||^\s*&GLOBAL\b|\A#\s+Step\b", re.MULTILINE | re.IGNORECASE)
_LABEL = "label its frames with  mofglass dataset label"


def instead_of_folder(path: Path) -> str | None:
    """Say what to give instead of a folder without a DeePMD system.

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    str or None
        A sentence; None where nothing is known of it.
    """
    vasp = sorted(path.glob("OUTCAR*")) or sorted(path.glob("vasprun*.xml*"))
    for program, found in (("CP2K", _cp2k_positions(path)), ("VASP", vasp)):
        if found:
            return f"{path} is a folder of {program}: give {_one_of(found)}"
    labelled = path / "labelled.extxyz"
    if labelled.is_file():
        return f"{path} is a folder of labels: give {labelled}"
    if is_run_directory(path):
        return f"{path} is a run of mofglass and holds no labels: {_LABEL}"
    return None


def instead_of_file(path: Path, head: bytes) -> str | None:
    """Say what to give instead of a file that is of no format of labelled frames.

    Parameters
    ----------
    path : Path
        The file.
    head : bytes
        Its beginning.

    Returns
    -------
    str or None
        A sentence; None where nothing is known of it.
    """
    if _CP2K.search(head):
        beside = _cp2k_positions(path.parent)
        own = [run for run in beside if path.name.startswith(run.name.partition("-pos-")[0])]
        if beside:
            return f"{path} is a file of CP2K: give {_one_of(own or beside)}, which lies beside it"
        return (
            f"{path} is a file of CP2K, and no PROJECT-pos-1.xyz lies beside it: print positions and forces "
            "(MOTION/PRINT) and give PROJECT-pos-1.xyz"
        )
    if (
        file_format(path) not in (None, "extxyz")
        or head.startswith(b"ITEM:")
        or "xdatcar" in path.name.lower()
    ):
        return f"{path} holds no labels: {_LABEL}"
    return None


def _cp2k_positions(folder: Path) -> list[Path]:
    """Find the positions of CP2K's runs; what a restart set aside ends in ``.bak-1``."""
    return sorted([*folder.glob("*-pos-*.xyz"), *folder.glob("*-pos-*.xyz.gz")])


def _one_of(files: list[Path]) -> str:
    if len(files) == 1:
        return str(files[0])
    return f"{files[0]} (or another of {len(files)})"
