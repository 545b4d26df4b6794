"""Energy, forces and stress of one frame from CP2K: the program is run, its output read and judged."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree

from mofglass.datasets.cp2k_input import Cp2kLevel, OrbitalTransformation, cp2k_guess_input, cp2k_input
from mofglass.datasets.cp2k_output import read_stress
from mofglass.datasets.labels import LabellingError, Labels
from mofglass.errors import InputError

PROGRAMS = ("cp2k.psmp", "cp2k.ssmp", "cp2k.popt", "cp2k.sopt", "cp2k")
"""Names of the program, of which the first that is installed is run."""

PROJECT = "frame"
_ENERGY = re.compile(r"ENERGY\| Total FORCE_EVAL \( QS \) energy \[(?:a\.u\.|hartree)\]:?\s+(\S+)")
_FORCES = {"ATOMIC FORCES in [a.u.]": (3, 3), "FORCES| Atomic forces [hartree/bohr]": (2, 2)}
"""Titles before and since version 2025, how many lines there are to the first atom, and words to its x."""
_OUTPUT = Path("labels.out")
_VERSION = re.compile(r"CP2K\| version string:\s+(?:CP2K version )?(\S.*\S)")
_STEPS = re.compile(r"outer SCF loop converged in\s+\d+ iterations or\s+(\d+) steps")


@dataclass(frozen=True)
class Cp2kLabeller:
    """Labels frames with CP2K, each in a directory of its own.

    An interrupted frame goes on from the wavefunction that CP2K last wrote.  CP2K's input and output of every
    frame are kept; the wavefunction is deleted when the frame is done.

    Parameters
    ----------
    level : Cp2kLevel
        Level of theory.
    minimisation : OrbitalTransformation
        How the self-consistent field is minimised.
    command : str
        Program and arguments before the input, e.g. ``mpirun -np 4 cp2k.psmp``; the first of `PROGRAMS`
        that is installed, where empty.
    data_directory : str
        CP2K's basis sets and potentials; where empty, as ``CP2K_DATA_DIR`` says, or as CP2K was built.
    threads : int
        OpenMP threads.
    """

    level: Cp2kLevel = field(default_factory=Cp2kLevel)
    minimisation: OrbitalTransformation = field(default_factory=OrbitalTransformation)
    command: str = ""
    data_directory: str = ""
    threads: int = 1

    def describe(self) -> dict[str, Any]:
        """Return what the labels depend on.

        Returns
        -------
        dict
            Program and level of theory.
        """
        return {"program": "CP2K", "level": self.level.describe()}

    def check(self, elements: Sequence[str]) -> None:
        """Check that the program is there, so that no frame fails for want of it.

        Parameters
        ----------
        elements : sequence of str
            Elements of the frames; bases are looked up by CP2K itself.

        Raises
        ------
        InputError
            When CP2K is not installed.
        """
        self._program()

    def _program(self) -> list[str]:
        words = shlex.split(self.command)
        names = (words[0],) if words else PROGRAMS
        found = next((name for name in names if shutil.which(name)), None)
        if found is None:
            raise InputError(
                f"CP2K is not installed here (looked for {', '.join(names)}): install it "
                "(Debian: cp2k cp2k-data), or name the program with --cp2k-command"
            )
        return words or [found]

    def label(self, atoms: Atoms, directory: Path) -> Labels:
        """Run CP2K on one frame.

        Parameters
        ----------
        atoms : ase.Atoms
            The frame, Å.
        directory : Path
            Where CP2K runs; may hold the wavefunction of an interrupted run.

        Returns
        -------
        Labels
            Energy, forces and stress.

        Raises
        ------
        LabellingError
            When CP2K fails or its self-consistent field does not converge.
        """
        wavefunction = directory / f"{PROJECT}-RESTART.wfn"
        directory.mkdir(parents=True, exist_ok=True)
        if self.minimisation.guess_steps and not wavefunction.is_file():
            guess = cp2k_guess_input(atoms, self.level, project=PROJECT, minimisation=self.minimisation)
            self._run(guess, directory, "guess")
        restart = wavefunction.is_file()
        text = cp2k_input(atoms, self.level, project=PROJECT, restart=restart, minimisation=self.minimisation)
        output, return_code = self._run(text, directory, _OUTPUT.stem)
        labels = read_cp2k_output(output, len(atoms), return_code)
        wavefunction.unlink(missing_ok=True)
        return labels

    def _run(self, text: str, directory: Path, name: str) -> tuple[str, int]:
        """Run CP2K on ``NAME.inp``; return ``NAME.out`` and how the program ended."""
        (directory / f"{name}.inp").write_text(text)
        output = directory / f"{name}.out"
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.threads)}
        if self.data_directory:
            environment["CP2K_DATA_DIR"] = self.data_directory
        with output.open("wb") as sink:
            ended = subprocess.run(
                [*self._program(), "-i", f"{name}.inp"],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return output.read_text(errors="replace"), ended.returncode


def read_cp2k_output(text: str, n_atoms: int, return_code: int = 0) -> Labels:
    """Read energy, forces and stress from CP2K's main output, converted to eV and Å.

    Parameters
    ----------
    text : str
        Output of an ENERGY_FORCE run of `cp2k_input`.
    n_atoms : int
        Number of atoms.
    return_code : int
        How the program ended.

    Returns
    -------
    Labels
        Energy, eV; forces, eV/Å; stress, eV/Å³, positive in tension (CP2K prints the opposite sign).

    Raises
    ------
    LabellingError
        When the self-consistent field did not converge, or energy, forces or stress are missing.
    """
    if "outer SCF loop FAILED to converge" in text or "SCF run NOT converged" in text:
        gradients = re.findall(r"RMS gradient =\s*(\S+)", text)
        reached = f" (gradient {gradients[-1]})" if gradients else ""
        raise LabellingError(f"the self-consistent field did not converge{reached}")
    if return_code:
        raise LabellingError(f"CP2K ended with code {return_code}: {_complaint(text)}")
    energy = _ENERGY.search(text)
    forces = _forces(text, n_atoms)
    stress = _stress(text)
    if energy is None or forces is None or stress is None:
        found = {"energy": energy, "forces": forces, "stress": stress}
        missing = ", ".join(name for name, value in found.items() if value is None)
        raise LabellingError(
            f"CP2K ended with code 0, but its output {_OUTPUT} has no {missing} that can be read: see there, "
            "in the frame's work folder"
        )
    version = _VERSION.search(text)
    steps = _STEPS.search(text)
    return Labels(
        energy_eV=float(energy.group(1)) * Hartree,
        forces_eV_per_A=forces * (Hartree / Bohr),
        stress_eV_per_A3=stress,
        info={
            "program": "CP2K" + (f" {version.group(1)}" if version else ""),
            **({"scf_steps": int(steps.group(1))} if steps else {}),
        },
    )


def _forces(text: str, n_atoms: int) -> np.ndarray | None:
    """Return the forces, Ha/bohr, shape (n_atoms, 3)."""
    title = max(_FORCES, key=text.rfind)
    skipped, x = _FORCES[title]
    _, found, after = text.rpartition(title)
    rows = [line.split() for line in after.splitlines()[skipped : skipped + n_atoms]] if found else []
    try:
        forces = np.array([[float(word) for word in row[x : x + 3]] for row in rows])
    except ValueError:
        return None
    return forces if forces.shape == (n_atoms, 3) and np.isfinite(forces).all() else None


def _stress(text: str) -> np.ndarray | None:
    """Return the stress, eV/Å³, positive in tension."""
    try:
        return read_stress(text.encode(), _OUTPUT)
    except InputError as error:
        raise LabellingError(str(error)) from error


def _complaint(text: str) -> str:
    """Return what CP2K says in the box that it prints when it aborts, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    begin = next((number for number, line in enumerate(lines) if "[ABORT]" in line), None)
    if begin is not None:
        words = [line.strip("*/ \\O|_") for line in lines[begin - 1 : begin + 8]]
        said = " ".join(word.replace("[ABORT]", "").strip(" \\/|O") for word in words if word.strip(" .-"))
        return re.sub(r"\s+", " ", said).strip()
    return lines[-1] if lines else "it wrote nothing"
