"""The ASE calculator of any potential: energy, forces and stress of one structure after another."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.errors import InputError, SimulationError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import UNITS, start_lammps
from mofglass.potentials.model_calculator import Evaluated, ModelCalculator, close_calculator
from mofglass.units import BAR_PER_EV_PER_A3

DATA_FILE = "system.data"
PRESSURES = ("pxx", "pyy", "pzz", "pxy", "pxz", "pyz")


def make_calculator(potential: Potential, *, threads: int = 1) -> Calculator:
    """Make the ASE calculator of a potential.

    Parameters
    ----------
    potential : Potential
        Any potential: its own calculator where it has one, LAMMPS otherwise; those of its parts together.
    threads : int
        OpenMP threads of LAMMPS.

    Returns
    -------
    ase.calculators.calculator.Calculator
        Gives energy (eV), forces (eV/Å) and stress (eV/Å³, positive in tension, xx yy zz yz xz xy).
    """
    if potential.parts:
        return SumCalculator([make_calculator(part, threads=threads) for part in potential.parts])
    factory = getattr(potential, "calculator_factory", None)
    return factory() if factory is not None else LammpsCalculator(potential, threads=threads)


def load_into(lammps: Any, model: LammpsModel) -> None:
    """Give LAMMPS the box, the atoms and the styles of one structure, in place of what it held.

    Parameters
    ----------
    lammps : lammps.lammps
        A running instance.
    model : LammpsModel
        What a potential makes of a structure.

    Raises
    ------
    SimulationError
        When LAMMPS does not take it.
    """
    # Styles name the potential's own files without a path.
    with tempfile.TemporaryDirectory(prefix="mofglass-") as directory, contextlib.chdir(directory):
        for name, text in {**model.files, DATA_FILE: model.data}.items():
            Path(name).write_text(text)
        try:
            for command in (
                "clear",
                f"units {model.units}",
                f"atom_style {model.atom_style}",
                "atom_modify map array",
                *model.before_data,
                f"read_data {DATA_FILE} {model.extra_read_data}",
                *model.after_data,
                f"thermo_style custom step pe {' '.join(PRESSURES)}",
                "thermo_modify norm no",
            ):
                lammps.command(command)
        except Exception as error:
            raise SimulationError(f"LAMMPS cannot compute this structure: {error}") from error


class SumCalculator(ModelCalculator):
    """Adds up energy, forces and stress of several calculators.

    ASE's own returns what its parts remember and cannot be closed.

    Parameters
    ----------
    parts : sequence of ase.calculators.calculator.Calculator
        What to add.
    """

    def __init__(self, parts: Sequence[Calculator]) -> None:
        super().__init__()
        self.parts = tuple(parts)

    def close(self) -> None:
        """Free what the parts hold."""
        for part in self.parts:
            close_calculator(part)

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        for part in self.parts:
            part.calculate(atoms, ["energy", "forces", "stress"], all_changes)
        return Evaluated(
            sum(float(part.results["energy"]) for part in self.parts),
            np.sum([part.results["forces"] for part in self.parts], axis=0),
            voigt_6_to_full_3x3_stress(np.sum([part.results["stress"] for part in self.parts], axis=0)),
        )


class LammpsCalculator(ModelCalculator):
    """A potential of LAMMPS' own styles, evaluated in this process.

    One LAMMPS instance serves all structures; the box, the atoms and the styles are set anew for each, since
    types, bonds and dummy atoms depend on the structure.

    Parameters
    ----------
    potential : Potential
        A potential without an ASE calculator of its own.
    threads : int
        OpenMP threads.
    """

    def __init__(self, potential: Potential, *, threads: int = 1) -> None:
        super().__init__()
        self.potential = potential
        self._threads = threads
        self._lammps: Any = None

    def close(self) -> None:
        """Free LAMMPS; the next calculation starts it again."""
        if self._lammps is not None:
            self._lammps.close()
            self._lammps = None

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the potential on a periodic structure."""
        box = LammpsBox.of(atoms)
        energy, forces, pressures_bar = self._run(atoms)
        xx, yy, zz, xy, xz, yz = pressures_bar / -BAR_PER_EV_PER_A3
        in_box = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        return Evaluated(energy, forces @ box.rotation.T, box.rotation @ in_box @ box.rotation.T)

    def _run(self, atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
        """Return energy (eV), forces (eV/Å) and the six pressures (bar) in LAMMPS' box and order."""
        model = self.potential.lammps(atoms)
        units = UNITS[model.units]
        if self._lammps is None:
            self._lammps = start_lammps(threads=self._threads)
        lammps = self._lammps
        load_into(lammps, model)
        try:
            lammps.command("run 0 post no")
        except Exception as error:
            raise SimulationError(f"LAMMPS cannot compute this structure: {error}") from error
        if lammps.get_natoms() != len(atoms):
            raise InputError(
                f"the potential '{self.potential.name}' has dummy atoms with forces of their own, so a "
                "structure of real atoms alone has no forces under it: run it in LAMMPS instead"
            )
        forces = np.array(lammps.gather_atoms("f", 1, 3)).reshape(-1, 3)
        # LAMMPS' real units are kcal/mol, metal ones eV; both have Å.
        return (
            float(lammps.get_thermo("pe")) * units.energy_eV,
            forces * units.energy_eV,
            np.array([lammps.get_thermo(name) for name in PRESSURES]) * units.pressure_bar,
        )
