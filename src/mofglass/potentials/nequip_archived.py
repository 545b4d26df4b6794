"""Models deployed by NequIP 0.5.x (TorchScript, `.pth`) as an ASE calculator and a potential."""

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

WHAT = "a deployed NequIP model"

# Of the metadata inside a deployed model these are plain text; its `config` is YAML with Python
# objects in it and is never read.
METADATA = ("nequip_version", "r_max", "type_names")


def _load(path: Path) -> tuple[Any, dict[str, str]]:
    """Load a deployed model and its metadata."""
    torch = import_torch(WHAT)
    if not path.is_file():
        raise InputError(f"the NequIP model {path} is not there: give the path of a deployed .pth file")
    extra: dict[str, Any] = dict.fromkeys(METADATA, "")
    try:
        model = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    except RuntimeError as error:
        raise InputError(f"{path} is not a TorchScript file, so it is no deployed NequIP model") from error
    metadata = {name: value.decode() if isinstance(value, bytes) else value for name, value in extra.items()}
    if not metadata["r_max"] or not metadata["type_names"]:
        raise InputError(
            f"{path} lacks NequIP's r_max and type_names: only models deployed by NequIP 0.5 or 0.6 work"
        )
    model.eval()
    return model, metadata


class DeployedNequIP(ModelCalculator):
    """ASE calculator of a deployed NequIP 0.5.x model: energy, forces and stress on the CPU.

    The model computes in single precision. Its energies per atom are summed in double precision, which
    resolves the total of a 272-atom cell to 1e-4 eV instead of 4e-3 eV.

    Parameters
    ----------
    path : Path
        The deployed `.pth` file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = Path(path)
        self._model, metadata = _load(self.path)
        self.cutoff_A = float(metadata["r_max"])
        self.type_names = tuple(metadata["type_names"].split())
        self.nequip_version = metadata["nequip_version"]
        self._type_of_number = np.full(len(chemical_symbols), -1)
        for k, symbol in enumerate(self.type_names):
            self._type_of_number[chemical_symbols.index(symbol)] = k

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the model on a periodic structure."""
        check_elements(atoms, self.type_names, f"the NequIP model {self.path.name}")
        output = self._model(self._inputs(atoms))
        energies = output["atomic_energy"].detach().numpy().astype(np.float64)
        virial = output["virial"].detach().numpy().astype(np.float64)
        forces = output["forces"].detach().numpy().astype(np.float64)
        return Evaluated(float(energies.sum()), forces, stress_of_virial(virial, atoms.get_volume()))

    def _inputs(self, atoms: Atoms) -> dict[str, Any]:
        """Build the tensors of one structure."""
        torch = import_torch(WHAT)
        cell = np.array(atoms.cell, dtype=float)
        pairs, shifts = edges(atoms, self.cutoff_A)
        single = torch.float32
        n = len(atoms)
        return {
            "pos": torch.tensor(atoms.positions, dtype=single),
            "edge_index": torch.tensor(pairs),
            "edge_cell_shift": torch.tensor(shifts, dtype=single),
            "cell": torch.tensor(cell, dtype=single),
            "atom_types": torch.tensor(self._type_of_number[atoms.numbers], dtype=torch.long).reshape(n, 1),
            "batch": torch.zeros(n, dtype=torch.long),
            "ptr": torch.tensor([0, n], dtype=torch.long),
        }


class ArchivedNequIP(ModelFile):
    """A deployed NequIP 0.5.x model as a potential, given by its path.

    TorchScript runs the model's own code: load files of people you trust.

    Parameters
    ----------
    path : Path
        The deployed `.pth` file.
    """

    def __init__(self, path: Path) -> None:
        calculator = DeployedNequIP(Path(path).resolve())
        super().__init__(
            calculator,
            name="nequip-archived",
            elements=calculator.type_names,
            reference="NequIP: S. Batzner et al., Nat. Commun. 13, 2453 (2022), "
            "doi:10.1038/s41467-022-29939-5",
            fitted_to=f"as the source of {calculator.path.name} says (NequIP {calculator.nequip_version}, "
            f"cut-off {calculator.cutoff_A:g} Å)",
        )
