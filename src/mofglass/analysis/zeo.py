"""One structure through Zeo++ in a child process: what goes in, what comes out, and what can go wrong.

Zeo++: Willems et al., Microporous Mesoporous Mater. 149, 134 (2012), through the package pyzeo.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_masses, chemical_symbols
from ase.geometry import cell_to_cellpar

from mofglass.errors import InputError, MissingPackageError, MofglassError
from mofglass.frame import Frame
from mofglass.units import GRAM_PER_CM3_PER_U_PER_A3

CHILD = Path(__file__).with_name("zeo_child.py")
"""Program of the child process."""


SPHERES = ("largest_included_sphere_A", "largest_free_sphere_A", "largest_sphere_along_free_path_A")
"""What Zeo++ may be told not to look for."""


class PoreError(MofglassError):
    """Zeo++ gave no answer for a structure."""


@dataclass(frozen=True)
class ZeoSettings:
    """How pores are measured.

    Parameters
    ----------
    probe_radius_A : float
        Radius of the probe, Å; of the same probe a pore is accessible.
    n_samples : int
        Random points in the cell for the volume.
    n_samples_per_atom : int
        Random points on each atom for the surface.
    high_accuracy : bool
        Whether large atoms are replaced by clusters of small ones, so that the Voronoi network of unlike
        radii is right (Zeo++'s -ha).
    radii_A : mapping of str to float
        Radii by symbol, Å; those of Zeo++ (CCDC) where empty.
    spheres : bool
        Whether the largest spheres are looked for, which takes time with the square of the number of atoms.
    timeout_s : float
        Longest time for a structure, s.
    """

    probe_radius_A: float = 1.2
    n_samples: int = 50_000
    n_samples_per_atom: int = 500
    high_accuracy: bool = True
    radii_A: Mapping[str, float] | None = None
    spheres: bool = True
    timeout_s: float = 3600.0

    def __post_init__(self) -> None:
        """Refuse what has no meaning.

        Raises
        ------
        InputError
            For a probe, radius or number of samples that is not positive.
        """
        lengths = [self.probe_radius_A, *(self.radii_A or {}).values()]
        if not all(np.isfinite(length) and length > 0 for length in lengths):
            raise InputError("the probe and all radii of atoms need positive lengths in Å.")
        if min(self.n_samples, self.n_samples_per_atom) < 1:
            raise InputError("pores need at least one sample for the volume and one an atom for the surface.")


@dataclass(frozen=True)
class FramePores:
    """Pores of one structure, volumes and surfaces for the probe's centre."""

    largest_included_sphere_A: float
    """Diameter of the largest sphere that fits, Å; nan, as the next two, where not looked for."""

    largest_free_sphere_A: float
    """Diameter of the largest sphere that can pass through the structure, Å."""

    largest_sphere_along_free_path_A: float
    """Diameter of the largest sphere on the way of that one, Å."""

    accessible_volume_cm3_per_kg: float
    """Volume of channels, cm³/kg."""

    non_accessible_volume_cm3_per_kg: float
    """Volume of pockets, cm³/kg."""

    accessible_surface_m2_per_g: float
    """Surface of channels, m²/g."""

    non_accessible_surface_m2_per_g: float
    """Surface of pockets, m²/g."""

    n_channels: int
    """Channels."""

    radii_A: dict[str, float]
    """Radius taken for each element, Å."""


def require_pyzeo() -> None:
    """Raise where pyzeo is not installed.

    Raises
    ------
    MissingPackageError
        Naming the extra.
    """
    if find_spec("pyzeo") is None:
        raise MissingPackageError("pyzeo", "pores", "measuring pores")


def measure_pores(frame: Frame, settings: ZeoSettings) -> FramePores:
    """Measure the pores of a structure.

    Parameters
    ----------
    frame : Frame
        The structure.
    settings : ZeoSettings
        How.

    Returns
    -------
    FramePores
        Per mass, from standard atomic weights.

    Raises
    ------
    PoreError
        When Zeo++ crashes, takes too long or does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="mofglass-pores-") as scratch:
        place = Path(scratch)
        structure, answer, task = place / "frame.cssr", place / "answer.json", place / "task.json"
        structure.write_text(cssr(frame))
        radii = None
        if settings.radii_A:
            radii = place / "radii.rad"
            radii.write_text("".join(f"{symbol} {radius}\n" for symbol, radius in settings.radii_A.items()))
        task.write_text(
            json.dumps(
                {
                    "structure": str(structure),
                    "radii": None if radii is None else str(radii),
                    "answer": str(answer),
                    "probe_radius_A": settings.probe_radius_A,
                    "n_samples": settings.n_samples,
                    "n_samples_per_atom": settings.n_samples_per_atom,
                    "high_accuracy": settings.high_accuracy,
                    "spheres": settings.spheres,
                }
            )
        )
        try:
            run = subprocess.run(
                [sys.executable, str(CHILD), str(task), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=settings.timeout_s,
                cwd=scratch,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PoreError(f"Zeo++ was stopped after {settings.timeout_s:g} s") from error
        if run.returncode != 0 or not answer.is_file():
            raise PoreError(_what_happened(run.returncode, run.stderr.decode(errors="replace")))
        found = json.loads(answer.read_text())
        if len(found["spheres"]) != (3 if settings.spheres else 0):
            raise PoreError("Zeo++ answered without its largest spheres")
        return _per_mass(found, frame)


def cssr(frame: Frame) -> str:
    """Write a structure as CSSR, the format Zeo++ reads safely.

    Parameters
    ----------
    frame : Frame
        The structure; atoms are wrapped into the cell.

    Returns
    -------
    str
        Lengths to 0.001 Å, fractional coordinates to 0.00001.
    """
    cell = np.asarray(frame.cell, dtype=float)
    a, b, c, alpha, beta, gamma = cell_to_cellpar(cell)
    places = np.round(np.linalg.solve(cell.T, np.asarray(frame.positions, dtype=float).T).T % 1.0, 5) % 1.0
    lines = [
        f"{'':32}{a:8.3f}{b:8.3f}{c:8.3f}",
        f"{'':16}{alpha:8.3f}{beta:8.3f}{gamma:8.3f}  SPGR =  1 P 1         OPT = 1",
        f"{frame.n_atoms:4d}   0",
        "     0 frame",
    ]
    for number, (element, (x, y, z)) in enumerate(zip(frame.numbers, places, strict=True), start=1):
        symbol = chemical_symbols[element]
        lines.append(f"{number:4d} {symbol:<4}  {x:9.5f} {y:9.5f} {z:9.5f}" + "    0" * 8 + "  0.000")
    return "\n".join(lines) + "\n"


def _what_happened(code: int, said: str) -> str:
    if code < 0:
        return f"Zeo++ crashed with signal {-code}"
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    return f"Zeo++ ended with code {code} and without an answer: {last[0][:200]}"


def _per_mass(answer: dict[str, Any], frame: Frame) -> FramePores:
    """Divide by the mass; refuse what is not a number, or of another cell."""
    mass_g = float(atomic_masses[frame.numbers].sum()) * GRAM_PER_CM3_PER_U_PER_A3 * 1e-24
    cm3_per_kg = 1e-24 / mass_g * 1e3
    m2_per_g = 1e-20 / mass_g
    volume, surface = answer["volume"], answer["surface"]
    if abs(_value(volume, "Unitcell_volume") / frame.volume_A3 - 1.0) > 0.01:
        raise PoreError(f"Zeo++ read another cell than the frame's {frame.volume_A3:.1f} Å³")
    included, free, along = answer["spheres"] or (np.nan, np.nan, np.nan)
    pores = FramePores(
        included,
        free,
        along,
        _value(volume, "AV_A^3") * cm3_per_kg,
        _value(volume, "NAV_A^3") * cm3_per_kg,
        _value(surface, "ASA_A^2") * m2_per_g,
        _value(surface, "NASA_A^2") * m2_per_g,
        int(_value(volume, "Number_of_channels")),
        answer["radii_A"],
    )
    left_out = {"radii_A"} if answer["spheres"] else {"radii_A", *SPHERES}
    if not all(np.isfinite(value) for name, value in vars(pores).items() if name not in left_out):
        raise PoreError("Zeo++ answered with numbers that are none")
    return pores


def _value(text: str, name: str) -> float:
    found = re.search(rf"(?<!\w){re.escape(name)}:\s*(\S+)", text)
    if found is None:
        raise PoreError(f"Zeo++ answered without {name}")
    return float(found.group(1))
