"""POD, LAMMPS' linear many-body potential, from a directory that holds LAMMPS' own files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import check_elements
from mofglass.potentials.linker_terms import LinkerTerms
from mofglass.potentials.pod_files import (
    PODCoefficients,
    PODParameters,
    read_coefficients,
    read_parameters,
)
from mofglass.potentials.prior import LINKER_FILE, Prior, model_content, model_text, take_slow_forces_every
from mofglass.potentials.repulsion import Repulsion, Walls

MODEL_FILE = "model.yaml"
PARAMETER_FILE = "param.pod"
COEFFICIENT_FILE = "coefficients.pod"
FORMAT = "mofglass-pod-1"
WHAT = "the POD potential's file"
REMEDY = f"give a directory that holds {MODEL_FILE}, {PARAMETER_FILE} and {COEFFICIENT_FILE}"
REFERENCE = (
    "N. C. Nguyen and A. Rohskopf, J. Comput. Phys. 480, 112030 (2023), doi:10.1016/j.jcp.2023.112030; "
    "N. C. Nguyen, J. Comput. Phys. 113102 (2024)"
)


@dataclass(frozen=True, kw_only=True)
class PODModel:
    """Everything a POD potential consists of.

    Parameters
    ----------
    parameters : PODParameters
        Descriptors.
    coefficients : PODCoefficients
        Coefficients.
    repulsion : Repulsion or None
        What is laid over it, and was taken off the labels that it was fitted to.
    walls : Walls or None
        What is laid over it besides, where no data bind it.
    linker_terms : LinkerTerms or None
        Bonded terms of the linkers, fitted together with the coefficients.
    description : str
        What it is for and fitted to, in one line.
    known_limits : str
        What it does not do, in one sentence.
    fine_above_K : float or None
        Temperature above which dynamics needs 0.25 fs, K.
    slow_forces_every : int
        Steps between computations of POD's forces that dynamics bears, where linkers have terms.
    info : dict
        Anything more that `model.yaml` holds, e.g. errors and data.
    """

    parameters: PODParameters
    coefficients: PODCoefficients
    repulsion: Repulsion | None = None
    walls: Walls | None = None
    linker_terms: LinkerTerms | None = None
    description: str = ""
    known_limits: str = ""
    fine_above_K: float | None = None
    slow_forces_every: int = 1
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def prior(self) -> Prior:
        """What POD is laid over."""
        return Prior(linker_terms=self.linker_terms, repulsion=self.repulsion, walls=self.walls)

    def files(self) -> dict[str, str]:
        """Return the model's files: LAMMPS' two, linker terms, and last ``model.yaml``.

        Returns
        -------
        dict
            Text by file name; `read_model` reads them back.
        """
        content: dict[str, Any] = {
            "format": FORMAT,
            "description": self.description,
            "elements": list(self.parameters.species),
            "parameters": PARAMETER_FILE,
            "coefficients": COEFFICIENT_FILE,
        }
        content |= self.prior.to_dict()
        if self.known_limits:
            content["known_limits"] = self.known_limits
        if self.fine_above_K is not None:
            content["fine_above_K"] = self.fine_above_K
        if self.slow_forces_every != 1:
            content["slow_forces_every"] = self.slow_forces_every
        content |= self.info
        comment = "# With plain LAMMPS (units metal, atom types in the order of the elements):\n" + "".join(
            f"#   {line}\n" for line in pair_commands(self)
        )
        if self.linker_terms is not None:
            comment += f"# and the bonded terms of {LINKER_FILE}, which a run's deck writes out.\n"
        return {
            PARAMETER_FILE: self.parameters.text,
            COEFFICIENT_FILE: self.coefficients.text,
            **self.prior.files,
            MODEL_FILE: comment + yaml.safe_dump(content, sort_keys=False, allow_unicode=True),
        }


def pair_commands(model: PODModel) -> list[str]:
    """Return the LAMMPS commands of a POD potential.

    The types are the elements of the parameter file, all, in its order: LAMMPS numbers the elements of
    ``pair_coeff`` by their first appearance there, so that leaving one out would shift the others.

    Parameters
    ----------
    model : PODModel
        The potential.

    Returns
    -------
    list of str
        ``pair_style`` and ``pair_coeff``.
    """
    return model.prior.pair_commands(model.parameters.species, _learned(model))


def _learned(model: PODModel) -> tuple[str, str]:
    """Return POD's pair style and its coefficients."""
    return "pod", f"{PARAMETER_FILE} {COEFFICIENT_FILE} {' '.join(model.parameters.species)}"


def read_model(path: Path) -> PODModel:
    """Read a POD potential.

    Parameters
    ----------
    path : Path
        A directory with ``model.yaml``, or that file.

    Returns
    -------
    PODModel
        The model.

    Raises
    ------
    InputError
        When a file is missing or is not what it should be, or the files do not belong together.
    """
    path = Path(path).expanduser()
    file = path / MODEL_FILE if path.is_dir() else path
    content = model_content(file, FORMAT, what=WHAT, kind="a POD potential", remedy=REMEDY)
    names = {key: file.parent / str(content.pop(key, f"{key}.pod")) for key in ("parameters", "coefficients")}
    parameters = read_parameters(_text(names["parameters"]), str(names["parameters"]))
    coefficients = read_coefficients(_text(names["coefficients"]), names["coefficients"])
    _check_count(parameters, coefficients, names["coefficients"])
    if list(content.pop("elements", parameters.species)) != list(parameters.species):
        raise InputError(f"{file} lists other elements than {names['parameters']}")
    prior = Prior.take(content, file)
    return PODModel(
        parameters=parameters,
        coefficients=coefficients,
        repulsion=prior.repulsion,
        walls=prior.walls,
        linker_terms=prior.linker_terms,
        description=str(content.pop("description", "")),
        known_limits=str(content.pop("known_limits", "")),
        fine_above_K=content.pop("fine_above_K", None),
        slow_forces_every=take_slow_forces_every(content, prior, file),
        info=content,
    )


def _text(file: Path) -> str:
    return model_text(file, WHAT, REMEDY)


def _check_count(parameters: PODParameters, coefficients: PODCoefficients, file: Path) -> None:
    """Refuse coefficients of other descriptors; LAMMPS itself checks products of descriptors."""
    n_elements = len(parameters.species)
    clusters = parameters.number_of_environment_clusters
    least = n_elements * (1 + clusters * parameters.n_descriptors_through_fourbody)
    has_products = any(
        getattr(parameters, f"{order}body_number_radial_basis_functions")
        for order in ("five", "six", "seven")
    )
    n = len(coefficients.coefficients)
    if n < least or (n > least and not has_products):
        raise InputError(f"{file} holds {n} coefficients, and its parameter file makes {least}")


class POD(Potential):
    """A linear potential in proper orthogonal descriptors of each atom's environment.

    Parameters
    ----------
    path : Path
        A directory with ``model.yaml``, ``param.pod`` and ``coefficients.pod``, or its ``model.yaml``.
    """

    name = "pod"
    reference = REFERENCE

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._take(read_model(self.path))

    @classmethod
    def from_model(cls, model: PODModel, path: Path) -> POD:
        """Make the potential of a model in memory.

        Parameters
        ----------
        model : PODModel
            The model.
        path : Path
            How to call it in messages: where it will be.

        Returns
        -------
        POD
            The potential.
        """
        potential = cls.__new__(cls)
        potential.path = Path(path)
        potential._take(model)
        return potential

    def _take(self, model: PODModel) -> None:
        self.model = model
        self.elements = frozenset(self.model.parameters.species)
        self.fitted_to = self.model.description or "as its directory says"
        self.known_limits = self.model.known_limits
        self.fine_above_K = self.model.fine_above_K
        self.slow_forces_every = self.model.slow_forces_every
        self._files = {
            PARAMETER_FILE: self.model.parameters.text,
            COEFFICIENT_FILE: self.model.coefficients.text,
        }
        prior = self.model.prior
        self.reference = "; ".join((REFERENCE, *prior.references))
        digest = hashlib.sha256()
        for text in (*self._files.values(), *pair_commands(self.model), *prior.bonded_commands):
            digest.update(text.encode())
        self.sha256 = digest.hexdigest()

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å; it need not hold all the elements that the potential knows. With linker
            terms, its linkers are intact imidazolate.

        Returns
        -------
        LammpsModel
            Data file with the types of the parameter file, and commands, in units metal.

        Raises
        ------
        InputError
            When the potential lacks an element of the structure, or has linker terms and a linker is broken
            or another.
        """
        species = self.model.parameters.species
        check_elements(atoms, self.elements, f"the POD potential {self.path}")
        return self.model.prior.lammps(atoms, species, _learned(self.model), self._files)

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, what it was fitted to, its directory, and the hash of descriptors, coefficients
            and commands.
        """
        return {**super().describe(), "file": str(self.path.resolve()), "sha256": self.sha256}
