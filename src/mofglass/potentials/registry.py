"""Potentials by name: the one table that the command line and every study ask."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mofglass.errors import InputError
from mofglass.potentials.base import Potential
from mofglass.potentials.shipped import load_shipped, shipped_models


@dataclass(frozen=True)
class Entry:
    """One kind of potential.

    Parameters
    ----------
    name : str
        What a user writes before the colon.
    argument : str
        What stands after the colon, for the help; empty when nothing does.
    summary : str
        One line.
    make : callable
        Makes the potential from the text after the colon.
    extra : str
        Optional dependency group it needs; empty for none.
    """

    name: str
    argument: str
    summary: str
    make: Callable[[str], Potential]
    extra: str = ""

    @property
    def usage(self) -> str:
        """The name as a user writes it."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


def _class(module: str, attribute: str) -> Callable[[], type]:
    """Import a class on use, so that listing potentials imports no heavy package."""
    return lambda: getattr(import_module(f"mofglass.potentials.{module}"), attribute)


def _plain(module: str, attribute: str) -> Callable[[str], Potential]:
    return lambda _argument: _class(module, attribute)()()


def _from_file(module: str, attribute: str) -> Callable[[str], Potential]:
    return lambda argument: _class(module, attribute)()(Path(argument).expanduser())


def _shipped(name: str) -> Callable[[str], Potential]:
    return lambda _argument: load_shipped(name)


# What nequip names its files says what they are, so that their path alone is enough.
NEQUIP_FILES = (".nequip.zip", ".nequip.pt2")

REGISTRY: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        *(
            Entry(name, "", model.summary, _shipped(name), extra=model.extra)
            for name, model in shipped_models().items()
        ),
        Entry(
            "nb-zif-ff",
            "",
            "classical force field of zinc (methyl)imidazolates with breakable Zn-N bonds",
            _plain("nb_zif_ff", "NbZifFF"),
        ),
        Entry(
            "reaxff",
            "FFIELD",
            "ReaxFF with charge equilibration, from your own parameter file",
            _from_file("reaxff", "ReaxFF"),
        ),
        Entry(
            "pod",
            "DIRECTORY",
            "POD, LAMMPS' linear many-body potential, as 'mofglass train' leaves it",
            _from_file("pod", "POD"),
        ),
        Entry(
            "nequip",
            "MODEL",
            "a NequIP or Allegro model: package (.nequip.zip), checkpoint (.ckpt), compiled (.nequip.pt2) "
            "or the directory that 'mofglass train' leaves where there are linker terms",
            _from_file("nequip_over_prior", "nequip_potential"),
            extra="nequip",
        ),
        Entry(
            "nequip-archived",
            "MODEL.pth",
            "a model deployed by NequIP 0.5 or 0.6 (TorchScript), as the papers archive them",
            _from_file("nequip_archived", "ArchivedNequIP"),
            extra="torch",
        ),
        Entry(
            "deepmd",
            "MODEL.pb",
            "a frozen DeePMD model (.pb or .pth), compressed or not; an environment of its own",
            _from_file("deepmd", "DeePMD"),
            extra="deepmd",
        ),
        Entry(
            "mace",
            "MODEL-lammps.pt",
            "a MACE model in TorchScript, as mace_create_lammps_model and 'mofglass train' write it",
            _from_file("mace", "MACE"),
            extra="torch",
        ),
        Entry(
            "committee",
            "SPEC,SPEC,... or DIRECTORY",
            "several potentials as one: their mean, and how far their forces spread",
            lambda argument: import_module("mofglass.potentials.committee").committee_from_text(argument),
        ),
        Entry(
            "lj",
            "",
            "Lennard-Jones argon, to validate the engine",
            _plain("lennard_jones", "LennardJonesArgon"),
        ),
    )
}


def get_potential(spec: str | Path) -> Potential:
    """Make a potential from its name.

    Parameters
    ----------
    spec : str or Path
        A name of the registry, with what it needs after a colon: ``nb-zif-ff``, ``reaxff:ffield.zif``; or
        the path of a ``.nequip.zip`` or ``.nequip.pt2`` file.

    Returns
    -------
    Potential
        The potential.

    Raises
    ------
    InputError
        When there is no such potential (the message lists the names and near matches), or its file
        cannot be used.
    """
    if str(spec).endswith(NEQUIP_FILES) and ":" not in str(spec):
        spec = f"nequip:{spec}"
    name, _, argument = str(spec).partition(":")
    key = name.strip().lower().replace("_", "-")
    entry = REGISTRY.get(key)
    if key == "ase":
        raise InputError(
            "an ASE calculator is given from Python, as mofglass.potentials.ASEPotential(lambda: ...): "
            "mofglass calls no code that a name in a file or on the command line asks for"
        )
    if entry is None:
        near = difflib.get_close_matches(key, REGISTRY, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        usages = ", ".join(entry.usage for entry in REGISTRY.values())
        raise InputError(f"there is no potential '{name}': {hint}known are {usages}")
    if entry.argument and not argument:
        raise InputError(f"the potential '{key}' needs a value after a colon: write {entry.usage}")
    if argument and not entry.argument:
        raise InputError(f"the potential '{key}' takes nothing after a colon: write {entry.usage}")
    return entry.make(argument)
