"""The ASE calculator of any potential: energy, forces and stress of one structure after another."""

from __future__ import annotations

import contextlib
import ctypes
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.errors import InputError, SimulationError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import LammpsBox
from mofglass.potentials.lammps_library import UNITS, start_lammps
from mofglass.potentials.model_calculator import Evaluated, ModelCalculator, close_calculator
from mofglass.units import BAR_PER_EV_PER_A3

DATA_FILE = "system.data"
NEAR_A, NEAR_STRAIN = 0.2, 0.02
"""A structure moved and strained by less keeps its types and bonds, as in a run."""
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


def move_to(lammps: Any, atoms: Atoms, box: LammpsBox) -> None:
    """Give LAMMPS another cell and other positions of the structure that it holds.

    Parameters
    ----------
    lammps : lammps.lammps
        An instance that holds the structure.
    atoms : ase.Atoms
        The same atoms, Å.
    box : LammpsBox
        Their box; orthogonal where the one that LAMMPS holds is.

    Raises
    ------
    SimulationError
        When LAMMPS does not take it.
    """
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = box.cell
    sides = {"x": (0.0, lx), "y": (0.0, ly), "z": (0.0, lz)}
    tilts = {} if box.is_orthogonal else {"xy": (xy,), "xz": (xz,), "yz": (yz,)}
    words = [f"{name} final {' '.join(f'{v:.15g}' for v in to)}" for name, to in {**sides, **tilts}.items()]
    # LAMMPS folds atoms back from the next cell, and loses those that are further out.
    turned = atoms.positions @ box.rotation
    turned -= np.floor(np.linalg.solve(box.cell.T, turned.T).T) @ box.cell
    turned = np.ascontiguousarray(turned)
    try:
        lammps.command(f"change_box all {' '.join(words)} units box")
        lammps.scatter_atoms("x", 1, 3, turned.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    except Exception as error:
        raise SimulationError(f"LAMMPS cannot compute this structure: {error}") from error


def _is_near(atoms: Atoms, loaded: Atoms) -> bool:
    """Tell whether a structure is the one that is loaded, displaced and strained by little."""
    if len(atoms) != len(loaded) or (atoms.numbers != loaded.numbers).any():
        return False
    if LammpsBox.of(atoms).is_orthogonal != LammpsBox.of(loaded).is_orthogonal:
        return False
    strain = np.linalg.solve(loaded.cell.array, atoms.cell.array) - np.eye(3)
    displaced = atoms.get_scaled_positions(wrap=False) - loaded.get_scaled_positions(wrap=False)
    displaced -= np.rint(displaced)
    furthest = np.linalg.norm(displaced @ loaded.cell.array, axis=1).max()
    return bool(np.abs(strain).max() < NEAR_STRAIN and furthest < NEAR_A)


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
            part.calculate(atoms, ["energy", "forces", "stress"], list(self.changes))
        return Evaluated(
            sum(float(part.results["energy"]) for part in self.parts),
            np.sum([part.results["forces"] for part in self.parts], axis=0),
            voigt_6_to_full_3x3_stress(np.sum([part.results["stress"] for part in self.parts], axis=0)),
        )


class LammpsCalculator(ModelCalculator):
    """A potential of LAMMPS' own styles, evaluated in this process.

    One LAMMPS instance serves all structures; the box, the atoms and the styles are set anew for each, since
    types, bonds and dummy atoms depend on the structure. In a relaxation, where the caller says that only
    positions and cell have changed, a structure near to the one last set keeps its types and is moved.

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
        self._loaded: Atoms | None = None
        self._units = UNITS["metal"]

    def close(self) -> None:
        """Free LAMMPS; the next calculation starts it again."""
        if self._lammps is not None:
            self._lammps.close()
            self._lammps = self._loaded = None

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the potential on a periodic structure."""
        box = LammpsBox.of(atoms)
        energy, forces, pressures_bar = self._run(atoms, box)
        xx, yy, zz, xy, xz, yz = pressures_bar / -BAR_PER_EV_PER_A3
        in_box = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        return Evaluated(energy, forces @ box.rotation.T, box.rotation @ in_box @ box.rotation.T)

    def _run(self, atoms: Atoms, box: LammpsBox) -> tuple[float, np.ndarray, np.ndarray]:
        """Return energy (eV), forces (eV/Å) and the six pressures (bar) in LAMMPS' box and order."""
        if self._lammps is None:
            self._lammps = start_lammps(threads=self._threads)
        lammps = self._lammps
        loaded, self._loaded = self._loaded, None
        if loaded is not None and {*self.changes} <= {"positions", "cell"} and _is_near(atoms, loaded):
            move_to(lammps, atoms, box)
        else:
            model = self.potential.lammps(atoms)
            self._units = UNITS[model.units]
            load_into(lammps, model)
            if lammps.get_natoms() != len(atoms):
                raise InputError(
                    f"the potential '{self.potential.name}' has dummy atoms with forces of their own, so a "
                    "structure of real atoms alone has no forces under it: run it in LAMMPS instead"
                )
            loaded = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        try:
            lammps.command("run 0 post no")
        except Exception as error:
            raise SimulationError(f"LAMMPS cannot compute this structure: {error}") from error
        self._loaded = loaded
        forces = np.array(lammps.gather_atoms("f", 1, 3)).reshape(-1, 3)
        # LAMMPS' real units are kcal/mol, metal ones eV; both have Å.
        return (
            float(lammps.get_thermo("pe")) * self._units.energy_eV,
            forces * self._units.energy_eV,
            np.array([lammps.get_thermo(name) for name in PRESSURES]) * self._units.pressure_bar,
        )
