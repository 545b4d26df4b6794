"""CP2K's input for energy, forces and stress of one frame, at a stated level of theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from ase import Atoms

from mofglass.errors import InputError

Dispersion = Literal["none", "D3", "D3BJ"]

DISPERSION_TYPES: dict[Dispersion, str] = {"D3": "DFTD3", "D3BJ": "DFTD3(BJ)"}

ELEMENT_BASES = {"Zn": "DZVP-MOLOPT-SR-GTH"}
"""Bases of the elements for which the common one does not exist."""


@dataclass(frozen=True)
class Cp2kLevel:
    """A level of theory, and how far its numbers are converged.

    The defaults are the level of the ab initio data of ZIF glasses: PBE with D3 dispersion, double-zeta basis
    sets with polarisation, Goedecker-Teter-Hutter pseudopotentials, and a density cutoff of 600 Ry.

    Parameters
    ----------
    functional : str
        Name of CP2K's shortcut for the functional.
    dispersion : {'D3', 'D3BJ', 'none'}
        Pair dispersion for that functional; D3 with zero damping, or with that of Becke and Johnson.
    basis : str
        Basis set of all elements that `element_bases` does not name.
    element_bases : mapping of str to str
        Basis set by element.
    basis_files : tuple of str
        Files of CP2K's data where the bases are looked for.
    pseudopotential : str
        Pseudopotential of every element.
    cutoff_Ry : float
        Plane-wave cutoff of the finest grid of the density, Ry.
    relative_cutoff_Ry : float
        Cutoff below which Gaussians go to a coarser grid, Ry.
    eps_scf : float
        Largest gradient element of the wavefunction at convergence (CP2K's EPS_SCF, Ha).
    eps_default : float
        Accuracy to which Quickstep computes matrix elements (CP2K's EPS_DEFAULT).
    charge_e : int
        Total charge, e.

    References
    ----------
    The level: Castel 2024, 10.1039/d3dd00236e, which cites the D3 of 2010, whose damping is zero damping, and
    the work it follows for the rest (N. Castel, F.-X. Coudert, Chem. Mater. 35, 4038, 2023).  Orbital
    transformation: J. VandeVondele, J. Hutter, J. Chem. Phys. 118, 4365 (2003).
    """

    functional: str = "PBE"
    dispersion: Dispersion = "D3"
    basis: str = "DZVP-GTH-PBE"
    element_bases: Mapping[str, str] = field(default_factory=lambda: dict(ELEMENT_BASES))
    basis_files: tuple[str, ...] = ("BASIS_SET", "BASIS_MOLOPT")
    pseudopotential: str = "GTH-PBE"
    cutoff_Ry: float = 600.0
    relative_cutoff_Ry: float = 40.0
    eps_scf: float = 1e-6
    eps_default: float = 1e-12
    charge_e: int = 0

    def basis_of(self, element: str) -> str:
        """Return the basis set of an element.

        Parameters
        ----------
        element : str
            Chemical symbol.

        Returns
        -------
        str
            Its name in CP2K's files.
        """
        return self.element_bases.get(element, self.basis)

    def describe(self) -> dict[str, Any]:
        """Return the level as plain values, to be kept with what it labelled.

        Returns
        -------
        dict
            Parameters by name.
        """
        return {**asdict(self), "element_bases": dict(self.element_bases)}


@dataclass(frozen=True)
class OrbitalTransformation:
    """How the self-consistent field is minimised; changes the time, and the result only within `eps_scf`.

    From overlapping atoms the orbital transformation of a zinc imidazolate needs long to come near the
    minimum; a few steps of diagonalisation with mixed densities come first.

    Parameters
    ----------
    guess_steps : int
        Steps of diagonalisation; 0 for none.
    preconditioner : str
        CP2K's PRECONDITIONER.
    minimizer : str
        CP2K's MINIMIZER.
    energy_gap_Ha : float
        Estimate of the gap for the preconditioner, Ha.
    inner_steps, outer_steps : int
        Steps between two preconditioners, and how many more preconditioners there may be before the frame is
        given up.
    """

    guess_steps: int = 8
    preconditioner: str = "FULL_ALL"
    minimizer: str = "DIIS"
    energy_gap_Ha: float = 0.08
    inner_steps: int = 15
    outer_steps: int = 12


def cp2k_guess_input(
    atoms: Atoms,
    level: Cp2kLevel | None = None,
    *,
    project: str = "frame",
    minimisation: OrbitalTransformation | None = None,
) -> str:
    """Write CP2K's input for the first guess: a few steps of diagonalisation that leave a wavefunction.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure, periodic in all directions, Å.
    level : Cp2kLevel, optional
        Level of theory.
    project : str
        Beginning of the names of CP2K's files; the wavefunction is ``PROJECT-RESTART.wfn``.
    minimisation : OrbitalTransformation, optional
        How many steps.

    Returns
    -------
    str
        The input file.
    """
    minimisation = minimisation or OrbitalTransformation()
    scf = {
        "SCF_GUESS": "ATOMIC",
        "EPS_SCF": "1.0E-3",
        "MAX_SCF": minimisation.guess_steps,
        "DIAGONALIZATION": {"ALGORITHM": "STANDARD"},
        "MIXING": {"METHOD": "BROYDEN_MIXING", "ALPHA": "0.4", "NBROYDEN": 8},
        "PRINT": {"RESTART": {"BACKUP_COPIES": 0}},
    }
    return _input(atoms, level or Cp2kLevel(), project, "ENERGY", scf, {})


def cp2k_input(
    atoms: Atoms,
    level: Cp2kLevel | None = None,
    *,
    project: str = "frame",
    restart: bool = False,
    minimisation: OrbitalTransformation | None = None,
) -> str:
    """Write CP2K's input for energy, forces and stress of a structure.

    Parameters
    ----------
    atoms : ase.Atoms
        Structure, periodic in all directions, Å.
    level : Cp2kLevel, optional
        Level of theory; the defaults of `Cp2kLevel` where not given.
    project : str
        Beginning of the names of CP2K's files.
    restart : bool
        Whether the wavefunction in ``PROJECT-RESTART.wfn`` is the first guess.
    minimisation : OrbitalTransformation, optional
        How the self-consistent field is minimised.

    Returns
    -------
    str
        The input file.

    Raises
    ------
    InputError
        When the structure is not periodic in three directions.

    Examples
    --------
    >>> from ase.build import molecule
    >>> text = cp2k_input(molecule("H2", cell=[5, 5, 5], pbc=True))
    >>> "CUTOFF [Ry] 600" in text
    True
    """
    level = level or Cp2kLevel()
    minimisation = minimisation or OrbitalTransformation()
    scf = {
        "SCF_GUESS": "RESTART" if restart else "ATOMIC",
        "EPS_SCF": f"{level.eps_scf:.1E}",
        "MAX_SCF": minimisation.inner_steps,
        "OT": {
            "PRECONDITIONER": minimisation.preconditioner,
            "MINIMIZER": minimisation.minimizer,
            "ENERGY_GAP": f"{minimisation.energy_gap_Ha:g}",
        },
        "OUTER_SCF": {"EPS_SCF": f"{level.eps_scf:.1E}", "MAX_SCF": minimisation.outer_steps},
        # An interrupted frame goes on from the wavefunction of a few steps before.
        "PRINT": {"RESTART": {"BACKUP_COPIES": 0, "EACH": {"QS_SCF": 5}}},
    }
    # Empty sections switch the printing on.
    return _input(atoms, level, project, "ENERGY_FORCE", scf, {"FORCES": {}, "STRESS_TENSOR": {}})


def _input(
    atoms: Atoms,
    level: Cp2kLevel,
    project: str,
    run_type: str,
    scf: dict[str, Any],
    printed: dict[str, Any],
) -> str:
    if not np.all(atoms.pbc) or abs(atoms.cell.volume) < 1e-6:
        raise InputError(
            f"the structure {atoms.get_chemical_formula()} is not periodic in three directions: "
            "give it a cell"
        )
    sections: dict[str, Any] = {
        "GLOBAL": {"PROJECT": project, "RUN_TYPE": run_type, "PRINT_LEVEL": "MEDIUM"},
        "FORCE_EVAL": {
            "METHOD": "QUICKSTEP",
            "STRESS_TENSOR": "ANALYTICAL",
            "PRINT": printed,
            "DFT": _dft(level, scf),
            "SUBSYS": _subsystem(atoms, level),
        },
    }
    return "\n".join(_lines(sections)) + "\n"


def _dft(level: Cp2kLevel, scf: dict[str, Any]) -> dict[str, Any]:
    xc: dict[str, Any] = {f"XC_FUNCTIONAL {level.functional}": {}}
    if level.dispersion != "none":
        xc["VDW_POTENTIAL"] = {
            "POTENTIAL_TYPE": "PAIR_POTENTIAL",
            "PAIR_POTENTIAL": {
                "TYPE": DISPERSION_TYPES[level.dispersion],
                "PARAMETER_FILE_NAME": "dftd3.dat",
                "REFERENCE_FUNCTIONAL": level.functional,
            },
        }
    return {
        "BASIS_SET_FILE_NAME": list(level.basis_files),
        "POTENTIAL_FILE_NAME": "GTH_POTENTIALS",
        "CHARGE": level.charge_e,
        "MGRID": {"CUTOFF": f"[Ry] {level.cutoff_Ry:g}", "REL_CUTOFF": f"[Ry] {level.relative_cutoff_Ry:g}"},
        "QS": {"EPS_DEFAULT": f"{level.eps_default:.1E}"},
        "SCF": scf,
        "XC": xc,
    }


def _subsystem(atoms: Atoms, level: Cp2kLevel) -> dict[str, Any]:
    symbols = atoms.get_chemical_symbols()
    cell = {
        name: " ".join(f"{value:.12f}" for value in vector)
        for name, vector in zip("ABC", atoms.cell.array, strict=True)
    }
    coordinates = [
        f"{symbol:2s} {x:20.12f} {y:20.12f} {z:20.12f}"
        for symbol, (x, y, z) in zip(symbols, atoms.positions, strict=True)
    ]
    kinds = {
        f"KIND {element}": {"BASIS_SET": level.basis_of(element), "POTENTIAL": level.pseudopotential}
        for element in sorted(set(symbols))
    }
    return {"CELL": cell, "COORD": {"": coordinates}, **kinds}


def _lines(section: Mapping[str, Any], depth: int = 0) -> list[str]:
    """Return CP2K's lines of nested sections: a mapping is a section, a list a repeated keyword."""
    indent = "  " * depth
    lines = []
    for name, value in section.items():
        if isinstance(value, Mapping):
            end = name.split()[0]
            lines += [f"{indent}&{name}", *_lines(value, depth + 1), f"{indent}&END {end}"]
        else:
            values = value if isinstance(value, list) else [value]
            lines += [f"{indent}{name} {item}".rstrip() if name else f"{indent}{item}" for item in values]
    return lines
