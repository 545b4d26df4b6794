"""What CP2K's main output adds to an MD run: the stress of every evaluation, and whether its SCF converged.

The stress it prints is that of the potential alone, positive in compression; the ``.stress`` file of an MD
run has the kinetic part added to it.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.stress import full_3x3_to_voigt_6_stress

from mofglass.datasets.labelled import NAN
from mofglass.datasets.stress import BAR_PER_UNIT, stress_from_compression
from mofglass.errors import InputError
from mofglass.trajectory.text_source import TextSource

# "STRESS| Analytical stress tensor [GPa]"; before version 8 "STRESS TENSOR [GPa]" and an empty line
_STRESS = rb"STRESS(?:\| \w+ stress tensor| TENSOR) \[(?P<stress>\w+\][^\n]*\n(?:[^\n]*\n){5})"
_STRESS_BLOCK = re.compile(_STRESS)
_LANDMARK = re.compile(
    rb"(?P<unconverged>SCF run NOT converged|outer SCF loop FAILED to converge)"
    rb"|ENERGY\| Total FORCE_EVAL[^\n]*\s(?P<energy>-?\d+\.\d+)\s*\n"
    rb"|" + _STRESS + rb"|MD(?:_PAR)?\| Ensemble [Tt]ype +(?P<ensemble>\w+)"
    rb"|MD(?:_PAR)?\| Temperature \[K\] +(?P<temperature>[\d.]+)"
)
_STRESS_ROW = re.compile(rb"^\s*(?:STRESS\|)?\s*[xyzXYZ]((?:\s+[-+]?\d*\.\d+(?:[ED][-+]?\d+)?){3})\s*$", re.M)
_PROJECT = re.compile(rb"GLOBAL\| Project name +(\S+)")
_SAME_ENERGY_HARTREE = 2e-9


@dataclass(frozen=True)
class Evaluations:
    """The evaluations of energy and forces in a main output, by growing energy.

    Parameters
    ----------
    energy_hartree : ndarray, shape (n,)
        Energies, by which an evaluation and a frame of the trajectory are paired.
    stress_eV_per_A3 : ndarray, shape (n, 6)
        xx yy zz yz xz xy, positive in tension; NaN where none was printed.
    converged : ndarray of bool, shape (n,)
        Whether the SCF converged.
    temperature_K : float
        Temperature the thermostat was set to, K; NaN without a thermostat.
    """

    energy_hartree: np.ndarray
    stress_eV_per_A3: np.ndarray
    converged: np.ndarray
    temperature_K: float

    def find(self, energy_hartree: np.ndarray) -> np.ndarray:
        """Find the evaluations of frames by their energies, which CP2K prints in both files.

        Parameters
        ----------
        energy_hartree : ndarray, shape (n_frames,)
            Energies in the comment lines of the trajectory, to 10 decimals.

        Returns
        -------
        ndarray of int, shape (n_frames,)
            Which evaluation; -1 where the output has none of that energy.
        """
        place = np.searchsorted(self.energy_hartree, energy_hartree - _SAME_ENERGY_HARTREE)
        place = np.minimum(place, len(self.energy_hartree) - 1)
        same = np.abs(self.energy_hartree[place] - energy_hartree) < _SAME_ENERGY_HARTREE
        return np.where(same, place, -1)


def find_outputs(folder: Path, project: str) -> list[Path]:
    """Find the main outputs of a project in its folder, by what they say themselves.

    Parameters
    ----------
    folder : Path
        Where the trajectory lies.
    project : str
        CP2K's project name.

    Returns
    -------
    list of Path
        Files, several where a run was restarted.
    """
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.removesuffix(".gz").endswith((".out", ".log", ".output", ".txt")):
            with TextSource(path) as source:
                named = _PROJECT.search(source.head())
            if named and named.group(1).decode("latin-1") == project:
                found.append(path)
    return found


def read_outputs(paths: list[Path]) -> Evaluations | None:
    """Read energy, stress and convergence of every evaluation in main outputs.

    Parameters
    ----------
    paths : list of Path
        The outputs of one run and its restarts.

    Returns
    -------
    Evaluations or None
        None where there is no evaluation.

    Raises
    ------
    InputError
        When a stress is in a unit that is not known.
    """
    energies, stresses, converged = array("d"), array("d"), array("b")
    ensemble = b""
    temperatures: list[float | None] = []
    for path in paths:
        scf_converged, first_temperature = True, None
        with TextSource(path) as source:
            for _, match in source.find(_LANDMARK, 2048):
                kind = match.lastgroup or ""
                if kind == "unconverged":
                    scf_converged = False
                elif kind == "energy":
                    energies.append(float(match.group(kind)))
                    converged.append(scf_converged)
                    stresses.extend([np.nan] * 6)
                    scf_converged = True
                elif kind == "stress" and energies:
                    stress = full_3x3_to_voigt_6_stress(_stress(match.group(kind), path))
                    stresses[-6:] = array("d", stress)
                elif kind == "ensemble":
                    ensemble = match.group(kind)
                elif kind == "temperature" and first_temperature is None:
                    # The first one is what the thermostat was set to, later ones are instantaneous.
                    first_temperature = float(match.group(kind))
        temperatures.append(first_temperature)
    if not energies:
        return None
    order = np.argsort(energies)
    thermostatted = ensemble.startswith((b"NVT", b"NPT", b"LANGEVIN")) and len(set(temperatures)) == 1
    return Evaluations(
        energy_hartree=np.array(energies)[order],
        stress_eV_per_A3=np.array(stresses).reshape(-1, 6)[order],
        converged=np.array(converged, dtype=bool)[order],
        temperature_K=float(temperatures[0] or NAN) if thermostatted else NAN,
    )


def read_stress(text: bytes, path: Path) -> np.ndarray | None:
    """Read the first stress in a main output.

    Parameters
    ----------
    text : bytes
        The output.
    path : Path
        Its file, for the error.

    Returns
    -------
    ndarray of shape (3, 3) or None
        Stress, eV/Å³, positive in tension; None where none is printed.

    Raises
    ------
    InputError
        When it is in a unit that is not known, or not of numbers.
    """
    block = _STRESS_BLOCK.search(text)
    return None if block is None else _stress(block.group("stress"), path)


def _stress(text: bytes, path: Path) -> np.ndarray:
    """Return a printed stress, eV/Å³, positive in tension, as (3, 3)."""
    unit = text.partition(b"]")[0].decode("latin-1")
    rows = [row.group(1).replace(b"D", b"E").split() for row in _STRESS_ROW.finditer(text)]
    if unit.upper() not in BAR_PER_UNIT or len(rows) < 3:
        raise InputError(
            f"{path}: its stress tensor in {unit} is not three rows in one of {', '.join(BAR_PER_UNIT)}: "
            "print it in GPa"
        )
    return stress_from_compression(np.array(rows[:3], dtype=float), unit)
