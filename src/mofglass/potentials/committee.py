"""Several potentials as one: their mean, and how far their forces spread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.errors import InputError
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.model_calculator import Evaluated, ModelCalculator, close_calculator
from mofglass.potentials.shipped import kind_of

SPREAD = "force_spread_eV_per_A"
"""Key of the spread among a calculator's results: ndarray (n_atoms,), eV/Å."""


def force_spread(forces_eV_per_A: np.ndarray) -> np.ndarray:
    """Return how far the forces of several models spread, atom by atom.

    Parameters
    ----------
    forces_eV_per_A : ndarray, shape (n_models, n_atoms, 3)
        Forces of each model, eV/Å.

    Returns
    -------
    ndarray, shape (n_atoms,)
        Standard deviation over the models, sqrt(<|F - <F>|²>), eV/Å: the model deviation of Y. Zhang et al.,
        Comput. Phys. Commun. 253, 107206 (2020), doi:10.1016/j.cpc.2020.107206, there without a maximum over
        the atoms.
    """
    forces = np.asarray(forces_eV_per_A, dtype=float)
    deviation = forces - forces.mean(axis=0)
    return np.sqrt((deviation**2).sum(axis=2).mean(axis=0))


class CommitteeCalculator(ModelCalculator):
    """ASE calculator that gives the mean of several, and the spread of their forces.

    Beside ASE's properties, `results` holds ``force_spread_eV_per_A``, an ndarray (n_atoms,), and
    ``energy_spread_eV``, the standard deviation of the total energy.

    Parameters
    ----------
    members : sequence of ase.calculators.calculator.Calculator
        Two or more, each with energy (eV), forces (eV/Å) and stress (eV/Å³).
    """

    def __init__(self, members: Sequence[Calculator]) -> None:
        super().__init__()
        if len(members) < 2:
            raise InputError(f"a committee needs two members or more, and has {len(members)}")
        self.members = tuple(members)

    def close(self) -> None:
        """Free what the members hold."""
        for member in self.members:
            close_calculator(member)

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        energies, forces, stresses = [], [], []
        for member in self.members:
            energies.append(float(member.get_potential_energy(atoms)))
            forces.append(np.array(member.get_forces(atoms), dtype=float))
            stresses.append(np.array(member.get_stress(atoms), dtype=float))
        return Evaluated(
            float(np.mean(energies)),
            np.mean(forces, axis=0),
            voigt_6_to_full_3x3_stress(np.mean(stresses, axis=0)),
            {SPREAD: force_spread(np.array(forces)), "energy_spread_eV": float(np.std(energies))},
        )


class Committee(ASEPotential):
    """Several potentials as one.

    Every member is computed at every step: native ones each in a LAMMPS of their own, so a committee of n
    costs what its members cost together.

    Parameters
    ----------
    members : sequence of Potential
        Two or more.
    """

    gives_force_spread = True

    def __init__(self, members: Sequence[Potential]) -> None:
        self.members = tuple(members)
        if len(self.members) < 2:
            raise InputError(
                f"a committee needs two members or more, and has {len(self.members)}: "
                "write committee:SPEC,SPEC,... or give a directory of models"
            )
        known = [member.elements for member in self.members if member.elements]
        super().__init__(
            lambda: CommitteeCalculator([make_calculator(member) for member in self.members]),
            name="committee",
            elements=frozenset.intersection(*known) if known else (),
            reference="; ".join(dict.fromkeys(member.reference for member in self.members)),
            fitted_to="; ".join(dict.fromkeys(member.fitted_to for member in self.members)),
        )
        self.known_limits = " ".join(dict.fromkeys(filter(None, (m.known_limits for m in self.members))))
        limits = [member.fine_above_K for member in self.members if member.fine_above_K is not None]
        self.fine_above_K = min(limits, default=None)

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Atoms without interaction, and the committee's calculator.

        Raises
        ------
        InputError
            When a member does not know the structure.
        """
        for member in self.members:
            member.lammps(atoms)
        return super().lammps(atoms)

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Of the committee, and of each member under ``member 1`` and so on.
        """
        described = {
            f"member {number}": ", ".join(
                f"{key} {value}" for key, value in member.describe().items() if value
            )
            for number, member in enumerate(self.members, start=1)
        }
        return super().describe() | described


def committee_from_text(text: str) -> Committee:
    """Make a committee from what follows ``committee:``.

    Parameters
    ----------
    text : str
        Potentials as ``--potential`` takes them, with commas between, where one without a kind is of the
        kind of the one before (``pod:a,b,c``); or a directory whose folders are finished trainings or POD
        models; or a text file with one potential a line, paths relative to it.

    Returns
    -------
    Committee
        Of two or more members.

    Raises
    ------
    InputError
        When a member cannot be made, or there are fewer than two.
    """
    # The registry knows this module.
    from mofglass.potentials.registry import REGISTRY, get_potential

    path = Path(text).expanduser()
    if path.is_dir():
        specs = _members_in_directory(path)
    elif path.is_file() and path.suffix == ".txt":
        lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
        specs = [_relative_to(line, path.parent) for line in lines if line]
    else:
        specs = [part.strip() for part in text.split(",") if part.strip()]
        kind = ""
        for k, spec in enumerate(specs):
            name, colon, _ = spec.partition(":")
            if (colon and name in REGISTRY) or spec in REGISTRY:
                kind = name
            elif kind:
                specs[k] = f"{kind}:{spec}"
    if any(spec.partition(":")[0] == "committee" for spec in specs):
        raise InputError(f"committee:{text}: a committee cannot be a member of a committee")
    return Committee([get_potential(spec) for spec in specs])


def _members_in_directory(path: Path) -> list[str]:
    """Return the potentials that the folders of a directory hold."""
    specs = []
    for folder in sorted(entry for entry in path.iterdir() if entry.is_dir()):
        if (folder / "state.json").is_file():
            try:
                state = json.loads((folder / "state.json").read_text())
                model, kind = state["model"], state["potential"].partition(":")[0]
            except (ValueError, KeyError, AttributeError) as error:
                raise InputError(f"{folder / 'state.json'} is not the state of a training") from error
            if not model:
                raise InputError(
                    f"the training {folder} is not finished: finish it, or take it out of {path}"
                )
            specs.append(f"{kind}:{folder / model}")
        elif (folder / "model.yaml").is_file():
            specs.append(f"{kind_of(folder)}:{folder}")
    if len(specs) < 2:
        raise InputError(
            f"{path} holds {len(specs)} models, and a committee needs two or more: its folders must be "
            "finished trainings, POD models or networks over linker terms"
        )
    return specs


def _relative_to(spec: str, folder: Path) -> str:
    """Return a potential whose path starts at a folder."""
    kind, colon, argument = spec.partition(":")
    return f"{kind}:{folder / Path(argument).expanduser()}" if colon else spec
