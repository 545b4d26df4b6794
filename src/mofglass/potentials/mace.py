"""MACE models as TorchScript, which `mace_create_lammps_model` and mofglass' own trainer write.

MACE's `.model` files are pickles: loading one runs whatever code it holds. So mofglass does not read them.
TorchScript holds the model's own operations and its weights only; with it a model needs torch but neither
mace-torch nor its old e3nn, and so runs beside NequIP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.potentials.lammps_data import check_elements
from mofglass.potentials.model_calculator import (
    Evaluated,
    ModelCalculator,
    ModelFile,
    edges,
    import_torch,
    stress_of_virial,
)

WHAT = "a MACE model"
REFERENCE = "MACE: I. Batatia et al., NeurIPS 35, 11423 (2022)"


def _load(path: Path) -> Any:
    """Load a model written by `mace_create_lammps_model`."""
    torch = import_torch(WHAT)
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


class ScriptedMACE(ModelCalculator):
    """ASE calculator of a MACE model in TorchScript: energy, forces and stress on the CPU.

    Parameters
    ----------
    path : Path
        The file, ``...-lammps.pt`` as `mace_create_lammps_model` names it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        torch = import_torch(WHAT)
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

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the model on a periodic structure."""
        torch = import_torch(WHAT)
        check_elements(atoms, self.elements, f"the MACE model {self.path.name}")
        every_atom = torch.ones(len(atoms), dtype=self._dtype)
        # The graph executor would compile anew for each number of pairs.
        with torch.jit.optimized_execution(False):
            output = self._model(self._inputs(atoms), every_atom, True)
        energies = output["node_energy"].detach().numpy().astype(np.float64)
        # MACE's virials are minus the derivative of the energy by the strain.
        virial = output["virials"].detach().numpy().astype(np.float64)
        forces = output["forces"].detach().numpy().astype(np.float64)
        return Evaluated(float(energies.sum()), forces, stress_of_virial(virial, atoms.get_volume()))

    def _inputs(self, atoms: Atoms) -> dict[str, Any]:
        """Build the tensors of one structure."""
        torch = import_torch(WHAT)
        cell = np.array(atoms.cell, dtype=float)
        pairs, unit_shifts = edges(atoms, self.cutoff_A)
        one_hot = np.eye(len(self.elements))[self._type_of_number[atoms.numbers]]
        n = len(atoms)

        def tensor(values: np.ndarray) -> Any:
            return torch.tensor(values, dtype=self._dtype)

        return {
            "positions": tensor(atoms.positions),
            "node_attrs": tensor(one_hot),
            "edge_index": torch.tensor(pairs),
            "shifts": tensor(unit_shifts @ cell),
            "unit_shifts": tensor(unit_shifts),
            "cell": tensor(cell),
            "batch": torch.zeros(n, dtype=torch.long),
            "ptr": torch.tensor([0, n], dtype=torch.long),
        }


class MACE(ModelFile):
    """A MACE model in TorchScript as a potential, given by its path.

    TorchScript runs the model's own code: load files of people you trust.

    Parameters
    ----------
    path : Path
        The file, ``...-lammps.pt``.
    """

    def __init__(self, path: Path) -> None:
        calculator = ScriptedMACE(Path(path).resolve())
        super().__init__(
            calculator,
            name="mace",
            elements=calculator.elements,
            reference=REFERENCE,
            fitted_to=f"as the source of {calculator.path.name} says "
            f"(MACE, cut-off {calculator.cutoff_A:g} Å)",
        )
