"""Open whatever holds frames: a run directory, a trajectory or a single structure, told by its content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.trajectory.base import FrameSequence, Trajectory
from mofglass.trajectory.h5md import H5MDTrajectory
from mofglass.trajectory.run_directory import WHOLE_FILE, trajectory_files
from mofglass.trajectory.text_source import TextSource

FORMATS = ("h5md", "extxyz", "xyz", "lammps-dump", "cp2k", "xdatcar", "outcar", "structure")
"""Names for the option `fmt`."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_CONVERT = (
    "it reads H5MD, extended XYZ, LAMMPS text dumps, CP2K -pos-1.xyz, XDATCAR, OUTCAR, CIF, POSCAR and "
    "LAMMPS data files; convert it, e.g. with  ase convert IN OUT.extxyz"
)
_REFUSED = (".traj", ".pkl", ".pickle", ".npy", ".npz", ".db")


def open_trajectory(
    path: Path | str,
    *,
    fmt: str | None = None,
    elements: Sequence[str] | None = None,
    cell: Any = None,
    time_step_fs: float | None = None,
    frame_interval_ps: float | None = None,
) -> Trajectory:
    """Open a run directory, a trajectory file or a single structure.

    What the user gives wins over what the file says.

    Parameters
    ----------
    path : Path or str
        A run directory; an H5MD file; an extended or plain XYZ file; a LAMMPS text dump; a CP2K
        ``-pos-1.xyz`` with its ``.cell`` beside it; a VASP XDATCAR or OUTCAR; text files may be gzipped.
        Or anything `mofglass.structures.load` takes, as one frame.
    fmt : str, optional
        One of `FORMATS`; told from the content by default.
    elements : sequence of str, optional
        Elements, where the file does not say them: of every LAMMPS type, of every VASP species, or of
        every atom.
    cell : array_like, optional
        Cell, where the file does not say it: 3 lengths (Å), 6 lengths and angles (Å, °) or 9 components
        (Å).
    time_step_fs : float, optional
        MD time step, fs: times are the steps in the file times this.
    frame_interval_ps : float, optional
        Time between frames, ps: times count from 0 at the first frame.

    Returns
    -------
    Trajectory
        At least one frame.

    Raises
    ------
    InputError
        When the file is missing, of an unknown or refused format, or lacks what the options can give.

    Warns
    -----
    UserWarning
        When a last frame that was cut short is left out.
    """
    path = Path(path).expanduser()
    if fmt is not None and fmt not in FORMATS:
        raise InputError(f"'{fmt}' is no format of trajectories: choose one of {', '.join(FORMATS)}")
    times: dict[str, Any] = {"time_step_fs": time_step_fs, "frame_interval_ps": frame_interval_ps}
    if path.is_dir():
        trajectory: Trajectory = _open_run(path, elements, cell, times)
    else:
        trajectory = _open_file(path, fmt or _format_of(path), elements, cell, times)
    if not len(trajectory):
        raise InputError(f"{path} holds no frames yet")
    return trajectory


def _open_run(run: Path, elements: Sequence[str] | None, cell: Any, times: dict[str, Any]) -> Trajectory:
    """Open a run, which may end meanwhile and join its parts."""
    options = {"path": run, "elements": elements, "cell": cell, **times}
    files = trajectory_files(run)
    try:
        return H5MDTrajectory(files, joined=run / WHOLE_FILE, **options)
    except InputError:
        now = trajectory_files(run)
        if now == files:
            raise
        return H5MDTrajectory(now, **options)


def _open_file(
    path: Path, fmt: str, elements: Sequence[str] | None, cell: Any, times: dict[str, Any]
) -> Trajectory:
    # Each reader is imported when needed: the compiled ones bring numba, and the engine needs none of them.
    if fmt == "h5md":
        return H5MDTrajectory(path, elements=elements, cell=cell, **times)
    if fmt == "lammps-dump":
        from mofglass.trajectory.lammps_dump import LammpsDump

        return LammpsDump(path, elements=elements, cell=cell, **times)
    if fmt == "xdatcar":
        from mofglass.trajectory.vasp_xdatcar import XDATCAR

        return XDATCAR(path, elements=elements, cell=cell, **times)
    if fmt == "outcar":
        from mofglass.trajectory.vasp_outcar import OUTCAR

        return OUTCAR(path, cell=cell, **times)
    if fmt == "cp2k":
        from mofglass.trajectory.cp2k import CP2KTrajectory

        return CP2KTrajectory(path, cell=cell, **times)
    if fmt in ("extxyz", "xyz"):
        from mofglass.trajectory.xyz import XYZTrajectory

        return XYZTrajectory(path, cell=cell, **times)
    from mofglass.structures.reading import file_format, load

    if path.is_file() and file_format(path) is None:
        raise InputError(f"{path} is neither a trajectory nor a structure that mofglass reads: {_CONVERT}")
    return FrameSequence([Frame.from_atoms(load(path, elements=elements))], path)


def _format_of(path: Path) -> str:
    """Tell the format of a file from its content, by its name only where the content does not tell."""
    if path.suffix.lower() in _REFUSED:
        raise InputError(
            f"{path}: files of type {path.suffix} are not opened, since reading them may run code or lose "
            "steps and times: write extended XYZ, e.g. with  ase convert IN OUT.extxyz"
        )
    if not path.is_file():
        return "structure"  # a name of the catalogue; or `load` says that there is no such file
    with TextSource(path) as source:
        head = source.head()
    name = path.name.lower()
    if head.startswith(_HDF5):
        return "h5md"
    if not head.strip():
        raise InputError(f"{path} is empty: write it again")
    if b"\0" in head:
        raise InputError(f"{path} is a binary file, no text: {_CONVERT}")
    if head.startswith(b"ITEM: "):
        return "lammps-dump"
    if "outcar" in name or head.lstrip().startswith(b"vasp."):
        return "outcar"
    if "xdatcar" in name or b"configuration=" in head:
        return "xdatcar"
    lines = head.split(b"\n", 2)
    if len(lines) == 3 and lines[0].strip().isdigit():
        from mofglass.trajectory.cp2k import is_cp2k_comment

        return "cp2k" if is_cp2k_comment(lines[1]) else "extxyz"
    return "structure"
