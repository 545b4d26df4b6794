"""Models deployed by NequIP 0.5.x (TorchScript, `.pth`) as an ASE calculator and a potential."""

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

# Of the metadata inside a deployed model these are plain text; its `config` is YAML with Python
# objects in it and is never read.
METADATA = ("nequip_version", "r_max", "type_names")


def _import_torch() -> tuple[Any, Any]:
    """Import torch and vesin's neighbour list."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", "torch", "a deployed NequIP model") from error
    try:
        import vesin
    except ImportError as error:
        raise MissingPackageError("vesin", "torch", "a deployed NequIP model") from error
    return torch, vesin


def _load(path: Path) -> tuple[Any, dict[str, str]]:
    """Load a deployed model and its metadata."""
    torch, _ = _import_torch()
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


class DeployedNequIP(Calculator):
    """ASE calculator of a deployed NequIP 0.5.x model: energy, forces and stress on the CPU.

    The model computes in single precision. Its energies per atom are summed in double precision, which
    resolves the total of a 272-atom cell to 1e-4 eV instead of 4e-3 eV.

    Parameters
    ----------
    path : Path
        The deployed `.pth` file.
    """

    # As ASE declares it.
    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

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
        structure = self.atoms
        assert structure is not None
        check_elements(structure, self.type_names, f"the NequIP model {self.path.name}")
        output = self._model(self._inputs(structure))
        energies = output["atomic_energy"].detach().numpy().astype(np.float64)
        virial = output["virial"].detach().numpy().astype(np.float64).reshape(3, 3)
        # NequIP's virial is -volume times the stress of ASE's sign.
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
        single = torch.float32
        n = len(atoms)
        return {
            "pos": torch.tensor(atoms.positions, dtype=single),
            "edge_index": torch.tensor(np.array([i, j], dtype=np.int64)),
            "edge_cell_shift": torch.tensor(np.asarray(shifts, dtype=float), dtype=single),
            "cell": torch.tensor(cell, dtype=single),
            "atom_types": torch.tensor(self._type_of_number[atoms.numbers], dtype=torch.long).reshape(n, 1),
            "batch": torch.zeros(n, dtype=torch.long),
            "ptr": torch.tensor([0, n], dtype=torch.long),
        }


class ArchivedNequIP(ASEPotential):
    """A deployed NequIP 0.5.x model as a potential, given by its path.

    TorchScript runs the model's own code: load files of people you trust.

    Parameters
    ----------
    path : Path
        The deployed `.pth` file.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path).resolve()
        calculator = DeployedNequIP(self.path)
        self._first: DeployedNequIP | None = calculator
        super().__init__(
            self._calculator,
            name="nequip-archived",
            elements=calculator.type_names,
            reference="NequIP: S. Batzner et al., Nat. Commun. 13, 2453 (2022), "
            "doi:10.1038/s41467-022-29939-5",
            fitted_to=f"as the source of {self.path.name} says (NequIP {calculator.nequip_version}, "
            f"cut-off {calculator.cutoff_A:g} Å)",
        )
        self.sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _calculator(self) -> DeployedNequIP:
        """Hand out the calculator already loaded, then new ones."""
        calculator, self._first = self._first, None
        return calculator if calculator is not None else DeployedNequIP(self.path)

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file and its hash.
        """
        return {**super().describe(), "file": str(self.path), "sha256": self.sha256}
