"""A NequIP or Allegro network laid over bonded terms of the linkers, repulsion and walls."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import check_elements
from mofglass.potentials.nequip import REFERENCE, NequIPPotential
from mofglass.potentials.pod import MODEL_FILE
from mofglass.potentials.prior import Prior, PriorAlone, model_content, take_slow_forces_every
from mofglass.potentials.shipped import NEQUIP_FORMAT as FORMAT

NETWORK_FILE = "model.nequip.zip"


def model_files(
    prior: Prior,
    elements: tuple[str, ...],
    *,
    description: str = "",
    known_limits: str = "",
    trained: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Return the text files of a model, beside the network itself.

    Parameters
    ----------
    prior : Prior
        What the network is laid over.
    elements : tuple of str
        Elements of the LAMMPS types, in order: those of the network.
    description : str
        What it is for and fitted to, in one line.
    known_limits : str
        What it does not do, in one sentence.
    trained : mapping, optional
        Numbers of frames, for the record.

    Returns
    -------
    dict
        Text by file name, ``model.yaml`` last; `NequIPOverPrior` reads them back.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "description": description,
        "elements": list(elements),
        "network": NETWORK_FILE,
        **prior.to_dict(),
    }
    if known_limits:
        content["known_limits"] = known_limits
    if trained:
        content["trained"] = dict(trained)
    return {**prior.files, MODEL_FILE: yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}


def prior_beside(network: Path) -> Prior | None:
    """Return what a network lies over.

    Parameters
    ----------
    network : Path
        Its package.

    Returns
    -------
    Prior or None
        What the ``model.yaml`` beside it describes; None where there is none.

    Raises
    ------
    InputError
        When that file is not what it should be.
    """
    file = network.parent / MODEL_FILE
    return Prior.take(_content(file), file) if file.exists() else None


def _content(file: Path) -> dict[str, Any]:
    return model_content(
        file,
        FORMAT,
        what="the NequIP model's file",
        kind="a network over classical terms",
        remedy="give a .nequip.zip file, or the directory 'model' that a training over linker terms leaves",
    )


class NequIPOverPrior(Potential):
    """A network that gives what classical terms lack: LAMMPS computes these, the network the rest.

    Bonded terms hold the linkers together where the network has seen no data, and take most of the forces
    off what it has to learn.

    Parameters
    ----------
    path : Path
        A directory with ``model.yaml``, or that file; see `model_files`. Its network is a package, which
        runs code of its own when it is read: load models of people you trust.
    compiled : bool
        Whether to compile the network.

    Raises
    ------
    InputError
        When a file is missing or is not what it should be.
    MissingPackageError
        When nequip is not installed.
    """

    name = "nequip"

    def __init__(self, path: Path, *, compiled: bool = True) -> None:
        path = Path(path)
        self.path = (path / MODEL_FILE if path.is_dir() else path).resolve()
        content = _content(self.path)
        network = self.path.parent / str(content.pop("network", NETWORK_FILE))
        if not network.exists():
            raise InputError(f"{network} is not there: end the training that leaves it, or put it back")
        self.prior = Prior.take(content, self.path)
        self.network = NequIPPotential(network, compiled=compiled)
        self.species = self.network.model.type_names
        if content.get("elements", list(self.species)) != list(self.species):
            raise InputError(f"{self.path} lists other elements than its network: {', '.join(self.species)}")
        self.elements = frozenset(self.species)
        self.reference = "; ".join((REFERENCE, *self.prior.references))
        self.fitted_to = str(content.get("description") or "as its directory says")
        self.known_limits = str(content.get("known_limits", ""))
        self.fine_above_K = content.get("fine_above_K")
        self.slow_forces_every = take_slow_forces_every(content, self.prior, self.path)
        self.parts = (PriorAlone(self.prior, self.species), self.network)
        digest = hashlib.sha256(self.network.sha256.encode())
        for command in (*self.prior.pair_commands(self.species), *self.prior.bonded_commands):
            digest.update(command.encode())
        self.sha256 = digest.hexdigest()

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å; with linker terms, its linkers are intact imidazolate.

        Returns
        -------
        LammpsModel
            Data file and commands of the classical terms, and the network's calculator.

        Raises
        ------
        InputError
            When the network lacks an element of the structure, or there are linker terms and a linker is
            broken or another.
        """
        check_elements(atoms, self.elements, f"the NequIP model {self.path}")
        return replace(
            self.prior.lammps(atoms, self.species),
            calculator=self.network.calculator_factory,
            calculator_is_slow=self.prior.linker_terms is not None,
            deck_note=self._deck_note(),
        )

    def _deck_note(self) -> tuple[str, ...]:
        return (
            "mofglass computes the network itself, LAMMPS all else. A LAMMPS built with pair_nequip_allegro",
            "can run both: compile the network on the machine of the run,",
            f"  nequip-compile {self.network.source_name} lammps.nequip.pt2 --mode aotinductor --device cuda "
            "--target pair_nequip",
            "leave out the two lines of 'fix external', and put 'nequip' (for Allegro: pair_allegro and",
            "'allegro') for 'zero 5 nocoeff' in pair_style, and for its pair_coeff",
            f"  pair_coeff * * nequip lammps.nequip.pt2 {' '.join(self.species)}",
            "('pair_style nequip' and no word 'nequip' there where the style is not hybrid). NequIP needs",
            "'newton off' before read_data and one MPI rank, Allegro neither.",
            *self._respa_note(),
        )

    def _respa_note(self) -> tuple[str, ...]:
        if self.prior.linker_terms is None:
            return ()
        return (
            "For slow forces every N steps, N times the timestep and",
            f"  run_style respa 2 N {self.prior.respa_levels(self.species)}",
        )

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, file, the hash of network and commands, and whether the network is compiled.
        """
        how = self.network.describe()["execution"]
        return {**super().describe(), "file": str(self.path), "sha256": self.sha256, "execution": how}


def nequip_potential(path: Path) -> Potential:
    """Make the potential of a NequIP or Allegro model.

    Parameters
    ----------
    path : Path
        A package, checkpoint or compiled model, or the directory of a network over classical terms.

    Returns
    -------
    Potential
        The potential.

    Raises
    ------
    InputError
        When it cannot be used.
    MissingPackageError
        When nequip is not installed.
    """
    path = Path(path)
    directory = path.is_dir() or path.name == MODEL_FILE
    return NequIPOverPrior(path) if directory else NequIPPotential(path)
