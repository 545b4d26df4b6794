"""NequIP and Allegro models (nequip 0.7 and later) as an ASE calculator and a potential."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers, chemical_symbols

from mofglass.errors import InputError
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_data import check_elements, element_data
from mofglass.potentials.nequip_model import COMPILED, PACKAGE, NequIPModel, load_model
from mofglass.potentials.verlet_list import SKIN_A, Pairs, VerletList

REFERENCE = (
    "NequIP: S. Batzner et al., Nat. Commun. 13, 2453 (2022), doi:10.1038/s41467-022-29939-5; "
    "Allegro: A. Musaelian et al., Nat. Commun. 14, 579 (2023), doi:10.1038/s41467-023-36329-y"
)


def tensors(pairs: Pairs, cell: np.ndarray, types: np.ndarray) -> dict[str, Any]:
    """Return the tensors that a model takes.

    Parameters
    ----------
    pairs : Pairs
        Pairs within their cut-offs.
    cell : ndarray, shape (3, 3)
        Cell vectors as rows, Å.
    types : ndarray of int, shape (n_atoms,)
        Type of each atom, in the model's order.

    Returns
    -------
    dict
        By nequip's names.
    """
    import torch

    return {
        "pos": torch.from_numpy(np.ascontiguousarray(pairs.positions)),
        "edge_index": torch.from_numpy(pairs.index),
        "atom_types": torch.from_numpy(np.ascontiguousarray(types, dtype=np.int64)),
        "cell": torch.from_numpy(np.ascontiguousarray(cell)).reshape(1, 3, 3),
        "edge_cell_shift": torch.from_numpy(pairs.shifts),
    }


def lammps_note(model: str, elements: Sequence[str]) -> tuple[str, ...]:
    """Say how a LAMMPS built with pair_nequip_allegro runs a model.

    Parameters
    ----------
    model : str
        Name of the package or checkpoint.
    elements : sequence of str
        Elements of the LAMMPS types, in order.

    Returns
    -------
    tuple of str
        Comment lines of a deck.
    """
    return (
        "mofglass computes this NequIP or Allegro model itself. A LAMMPS built with pair_nequip_allegro can",
        "run it too: compile it on the machine of the run, for the pair style of its kind (nequip: one MPI",
        "rank; allegro: any number), then put these lines for 'pair_style zero', its pair_coeff and the two",
        "lines of 'fix external' below, and, for NequIP, 'newton off' before read_data:",
        f"  nequip-compile {model} lammps.nequip.pt2 --mode aotinductor --device cuda --target pair_nequip",
        "  pair_style nequip",
        f"  pair_coeff * * lammps.nequip.pt2 {' '.join(elements)}",
        "For Allegro: --target pair_allegro, pair_style allegro, newton on.",
    )


class NequIPCalculator(Calculator):
    """ASE calculator of a NequIP or Allegro model: energy, forces and stress on the CPU.

    Parameters
    ----------
    model : NequIPModel
        The model in memory.
    name : str
        What messages call it.
    skin_A : float
        Skin of the neighbour list, Å.

    Attributes
    ----------
    neighbours : VerletList
        The list kept between calls.
    """

    # As ASE declares it.
    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]  # noqa: RUF012

    def __init__(self, model: NequIPModel, *, name: str = "NequIP model", skin_A: float = SKIN_A) -> None:
        super().__init__()
        self.model = model
        self.model_name = name
        self.neighbours = VerletList(model.cutoffs_A, skin_A=skin_A)
        self._type_of_number = np.full(len(chemical_symbols), -1, dtype=np.int64)
        for k, symbol in enumerate(model.type_names):
            self._type_of_number[atomic_numbers[symbol]] = k

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what has changed since the last call; charges and magnetic moments do not count.

        Parameters
        ----------
        atoms : ase.Atoms
            The structure now.
        tol : float
            Ignored: any change counts.

        Returns
        -------
        list of str
            Of ``positions``, ``cell``, ``numbers``, ``pbc``; all at the first call.
        """
        last = self.atoms
        if last is None or len(last) != len(atoms):
            return ["positions", "cell", "numbers", "pbc"]
        pairs = (
            ("positions", last.arrays["positions"], atoms.arrays["positions"]),
            ("cell", last.cell.array, atoms.cell.array),
            ("numbers", last.arrays["numbers"], atoms.arrays["numbers"]),
            ("pbc", last.pbc, atoms.pbc),
        )
        return [name for name, before, now in pairs if (before != now).any()]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy (eV), forces (eV/Å) and stress (eV/Å³, positive in tension) of a structure.

        Parameters
        ----------
        atoms : ase.Atoms
            Structure, Å, periodic in three dimensions.
        properties : list of str
            All are computed at once.
        system_changes : list of str
            As ASE gives them.

        Raises
        ------
        InputError
            When the model does not know an element, or the structure is not periodic.
        """
        # A bare copy: ASE's own takes longer than the neighbours of 272 atoms.
        source = atoms if atoms is not None else self.atoms
        assert source is not None
        structure = Atoms(
            numbers=source.numbers, positions=source.positions, cell=source.cell, pbc=source.pbc
        )
        self.atoms = structure
        types = self._type_of_number[structure.numbers]
        if (types < 0).any():
            check_elements(structure, self.model.type_names, self.model_name)
        if not structure.pbc.all() or structure.cell.rank < 3:
            raise InputError(f"{self.model_name} needs a structure that is periodic in three dimensions")
        cell = np.asarray(structure.cell, dtype=float)
        pairs = self.neighbours.pairs(structure.positions, cell, types)
        output = self.model.run(tensors(pairs, cell, types))
        energies = output["atomic_energy"].detach().numpy().astype(np.float64).ravel()
        stress = output["stress"].detach().numpy().astype(np.float64).reshape(9)
        self.results = {
            "energy": float(energies.sum()),
            "free_energy": float(energies.sum()),
            "energies": energies,
            "forces": output["forces"].detach().numpy().astype(np.float64),
            # The model gives a symmetric tensor; Voigt order xx yy zz yz xz xy.
            "stress": stress[[0, 4, 8, 5, 2, 1]],
        }


class NequIPPotential(ASEPotential):
    """A NequIP or Allegro model as a potential, given by its path.

    Packages and checkpoints run code of their own when they are read: load files of people you trust.

    Parameters
    ----------
    path : Path
        Package (``.nequip.zip``), checkpoint (``.ckpt``) or compiled model (``.nequip.pt2``).
    name : str
        What runs and reports call it.
    fitted_to, known_limits : str
        What it was fitted to, and what it is known not to reproduce.
    compiled : bool
        Whether to compile it.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "nequip",
        fitted_to: str = "",
        known_limits: str = "",
        compiled: bool = True,
    ) -> None:
        self.path = Path(path).resolve()
        self.model = load_model(self.path, compiled=compiled)
        unknown = [symbol for symbol in self.model.type_names if symbol not in chemical_symbols]
        if unknown:
            raise InputError(
                f"the atom types of {self.path} are {', '.join(self.model.type_names)}: "
                "only models whose types are chemical symbols can be used"
            )
        super().__init__(
            lambda: NequIPCalculator(self.model, name=f"the NequIP model {self.path.name}"),
            name=name,
            elements=self.model.type_names,
            reference=REFERENCE,
            fitted_to=fitted_to
            or f"as the source of {self.path.name} says (cut-off {self.model.cutoffs_A.max():g} Å)",
        )
        self.known_limits = known_limits
        self.sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Atoms without interaction, the calculator, and how to run the model in a LAMMPS of one's own.

        Raises
        ------
        InputError
            When the structure holds an element that the model does not know.
        """
        model = super().lammps(atoms)
        _, elements = element_data(atoms)
        return replace(model, deck_note=lammps_note(self.source_name, elements))

    @property
    def source_name(self) -> str:
        """File to compile for a pair style; what is compiled for ASE cannot be compiled again."""
        return f"MODEL{PACKAGE}" if self.path.name.endswith(COMPILED) else self.path.name

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file and its hash, and whether the model is compiled.
        """
        how = "AOTInductor" if self.model.compiled else "eager"
        return {**super().describe(), "file": str(self.path), "sha256": self.sha256, "execution": how}
