"""The stress of the potential from CP2K's ``.stress`` file, which holds the kinetic part too.

CP2K's virial of an MD run is the sum of the potential's and of m v v over all atoms, divided by the volume
and positive in compression. A potential is trained on the first alone, so the second is taken off with the
velocities of ``-vel-1.xyz`` (bohr per atomic unit of time).
"""

from __future__ import annotations

import warnings
from array import array
from pathlib import Path

import numpy as np
from ase.data import atomic_masses
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.datasets.cp2k_files import index_steps, read_step
from mofglass.datasets.labelled import NAN
from mofglass.datasets.stress import BAR_PER_UNIT, stress_from_compression
from mofglass.errors import InputError
from mofglass.trajectory.cp2k import last_of_each_step
from mofglass.trajectory.text_source import TextSource
from mofglass.units import EV_PER_HARTREE

_ELECTRON_MASSES_PER_U = 1822.888486209


def potential_stress_of_file(
    path: Path, velocities: Path | None, steps: np.ndarray, volumes_A3: np.ndarray
) -> np.ndarray | None:
    """Read a ``.stress`` file and take the kinetic part off.

    Parameters
    ----------
    path : Path
        The ``.stress`` file.
    velocities : Path or None
        The ``-vel-1.xyz`` file.
    steps : ndarray of int, shape (n,)
        Steps wanted.
    volumes_A3 : ndarray, shape (n,)
        Volume at these steps, Å³.

    Returns
    -------
    ndarray of shape (n, 6) or None
        Stress of the potential: xx yy zz yz xz xy, eV/Å³, positive in tension; NaN for steps that lack stress
        or velocities. None, with a warning, where there are no velocities.
    """
    if velocities is None:
        warnings.warn(
            f"{path} is not used, since it holds the kinetic part of the moving atoms too: put the main "
            "output (with FORCE_EVAL/PRINT/STRESS_TENSOR) or the velocities (-vel-1.xyz) beside it",
            stacklevel=6,
        )
        return None
    total_steps, total = read_stress_file(path)
    with TextSource(velocities) as source:
        moving = index_steps(source)
        stress = np.full((len(steps), 6), NAN)
        for row, (step, volume) in enumerate(zip(steps, volumes_A3, strict=True)):
            at, of_velocities = np.searchsorted(total_steps, step), np.searchsorted(moving.steps, step)
            if at == len(total_steps) or total_steps[at] != step:
                continue
            if of_velocities == len(moving.steps) or moving.steps[of_velocities] != step:
                continue
            numbers, velocity, _ = read_step(source, moving.spans[of_velocities], row)
            masses = atomic_masses[numbers] * _ELECTRON_MASSES_PER_U
            kinetic_eV = np.einsum("i,ij,ik->jk", masses, velocity, velocity) * EV_PER_HARTREE
            # The file is positive in compression, as is the kinetic part: in ASE's sign it is added.
            stress[row] = full_3x3_to_voigt_6_stress(total[at] + kinetic_eV / volume)
    return stress


def read_stress_file(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a CP2K ``.stress`` file: step, time (fs), nine components, in the unit its first line states.

    Parameters
    ----------
    path : Path
        The file. An incomplete last line of a stopped run is left out.

    Returns
    -------
    steps : ndarray of int, shape (n,)
        MD steps, growing; of a step written twice by a restart the last stands.
    stress : ndarray, shape (n, 3, 3)
        Stress with its kinetic part, eV/Å³, positive in tension.

    Raises
    ------
    InputError
        When it holds no stress, or its unit is not known.
    """
    steps, rows = array("q"), array("d")
    unit = "bar"
    with path.open() as file:
        for line in file:
            if line.lstrip().startswith("#"):
                unit = line.partition("xx [")[2].partition("]")[0] or unit
                continue
            words = line.split()
            if len(words) < 11:
                continue
            try:
                values = [float(word) for word in words[2:11]]
                steps.append(int(words[0]))
            except ValueError as error:
                raise InputError(f"{path}: the line '{line.strip()[:60]}' is not a CP2K stress") from error
            rows.extend(values)
    if not steps or unit.upper() not in BAR_PER_UNIT:
        raise InputError(
            f"{path} holds no stress in one of {', '.join(BAR_PER_UNIT)} (step, time, nine components a line)"
        )
    known = np.array(steps, dtype=np.int64)
    last = last_of_each_step(known)
    tensors = np.array(rows).reshape(-1, 3, 3)[last]
    return known[last], np.array([stress_from_compression(tensor, unit) for tensor in tensors])
