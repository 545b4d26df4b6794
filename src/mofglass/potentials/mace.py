"""MACE models as TorchScript, which `mace_create_lammps_model` and mofglass' own trainer write.

MACE's `.model` files are pickles: loading one runs whatever code it holds. So mofglass does not read them.
TorchScript holds the model's own operations and its weights only; with it a model needs torch but neither
mace-torch nor its old e3nn, and so runs beside NequIP.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols

from mofglass.errors import InputError, MissingPackageError
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.lammps_data import check_elements

REFERENCE = "MACE: I. Batatia et al., NeurIPS 35, 11423 (2022)"


def _import_torch() -> tuple[Any, Any]:
    """Import torch and vesin's neighbour list."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", "torch", "a MACE model") from error
    try:
        import vesin
    except ImportError as error:
        raise MissingPackageError("vesin", "torch", "a MACE model") from error
    return torch, vesin


def _load(path: Path) -> Any:
    """Load a model written by `mace_create_lammps_model`."""
    torch, _ = _import_torch()
    if not path.is_file():
        raise InputError(f"the MACE model {path} is not there: give the path of a -lammps.pt file")
    try:
        model = torch.jit.load(str(path), map_location="cpu")
    except RuntimeError as error:
        raise InputError(
            f"{path} is not TorchScript; a MACE .model file is a pickle, which runs any code it holds: where "
            "you trust it, convert it with  mace_create_lammps_model FILE  and give the -lammps.pt it writes"
        ) from error
    if not all(hasattr(model, name) for name in ("atomic_numbers", "r_max", "head")):
        raise InputError(
            f"{path} is TorchScript but no MACE model for LAMMPS: write it with  mace_create_lammps_model"
        )
    return model.eval()


class ScriptedMACE(Calculator):
    """ASE calculator of a MACE model in TorchScript: energy, forces and stress on the CPU.

    Parameters
    ----------
    path : Path
        The file, ``...-lammps.pt`` as `mace_create_lammps_model` names it.
    """

    # As ASE declares it.
    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, path: Path) -> None:
        super().__init__()
        torch, _ = _import_torch()
        self.path = Path(path)
        self._model = _load(self.path)
        numbers = [int(number) for number in self._model.atomic_numbers]
        self.elements = tuple(chemical_symbols[number] for number in numbers)
        self.cutoff_A = float(self._model.r_max)
        self._dtype = next(
            (p.dtype for p in self._model.parameters() if p.is_floating_point()), torch.float64
        )
        self._type_of_number = np.full(len(chemical_symbols), -1)
        self._type_of_number[numbers] = np.arange(len(numbers))

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
            Periodic structure, Å.
        properties : list of str
            All are computed at once.
        system_changes : list of str
            As ASE gives them.

        Raises
        ------
        InputError
            When the model does not know an element.
        """
        super().calculate(atoms, properties or ["energy"], system_changes)
        torch, _ = _import_torch()
        structure = self.atoms
        assert structure is not None
        check_elements(structure, self.elements, f"the MACE model {self.path.name}")
        every_atom = torch.ones(len(structure), dtype=self._dtype)
        # The graph executor would compile anew for each number of pairs.
        with torch.jit.optimized_execution(False):
            output = self._model(self._inputs(structure), every_atom, True)
        energies = output["node_energy"].detach().numpy().astype(np.float64)
        # MACE's virials are minus the derivative of the energy by the strain.
        virial = output["virials"].detach().numpy().astype(np.float64).reshape(3, 3)
        stress = -0.5 * (virial + virial.T) / structure.get_volume()
        self.results = {
            "energy": float(energies.sum()),
            "free_energy": float(energies.sum()),
            "forces": output["forces"].detach().numpy().astype(np.float64),
            "stress": stress.ravel()[[0, 4, 8, 5, 2, 1]],
        }

    def _inputs(self, atoms: Atoms) -> dict[str, Any]:
        """Build the tensors of one structure."""
        torch, vesin = _import_torch()
        cell = np.array(atoms.cell, dtype=float)
        i, j, shifts = vesin.NeighborList(cutoff=self.cutoff_A, full_list=True).compute(
            points=atoms.positions, box=cell, periodic=True, quantities="ijS"
        )
        unit_shifts = np.asarray(shifts, dtype=float)
        one_hot = np.eye(len(self.elements))[self._type_of_number[atoms.numbers]]
        n = len(atoms)

        def tensor(values: np.ndarray) -> Any:
            return torch.tensor(values, dtype=self._dtype)

        return {
            "positions": tensor(atoms.positions),
            "node_attrs": tensor(one_hot),
            "edge_index": torch.tensor(np.array([i, j], dtype=np.int64)),
            "shifts": tensor(unit_shifts @ cell),
            "unit_shifts": tensor(unit_shifts),
            "cell": tensor(cell),
            "batch": torch.zeros(n, dtype=torch.long),
            "ptr": torch.tensor([0, n], dtype=torch.long),
        }


class MACE(ASEPotential):
    """A MACE model in TorchScript as a potential, given by its path.

    TorchScript runs the model's own code: load files of people you trust.

    Parameters
    ----------
    path : Path
        The file, ``...-lammps.pt``.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path).resolve()
        calculator = ScriptedMACE(self.path)
        self._first: ScriptedMACE | None = calculator
        super().__init__(
            self._calculator,
            name="mace",
            elements=calculator.elements,
            reference=REFERENCE,
            fitted_to=f"as the source of {self.path.name} says (MACE, cut-off {calculator.cutoff_A:g} Å)",
        )
        self.sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _calculator(self) -> ScriptedMACE:
        """Hand out the calculator already loaded, then new ones."""
        calculator, self._first = self._first, None
        return calculator if calculator is not None else ScriptedMACE(self.path)

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file and its hash.
        """
        return {**super().describe(), "file": str(self.path), "sha256": self.sha256}
