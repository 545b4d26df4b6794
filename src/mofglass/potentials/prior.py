"""The classical part beneath a learned potential: linkers' bonds, nuclear repulsion, dispersion, walls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.dispersion import REFERENCE as DISPERSION_REFERENCE
from mofglass.potentials.dispersion import Dispersion
from mofglass.potentials.lammps_data import check_elements
from mofglass.potentials.linker_terms import REFERENCE as LINKER_REFERENCE
from mofglass.potentials.linker_terms import STYLES, STYLES_WITH_BENDS, LinkerTerms, read_linker_terms
from mofglass.potentials.linker_topology import data_with_terms
from mofglass.potentials.repulsion import REFERENCE as REPULSION_REFERENCE
from mofglass.potentials.repulsion import Repulsion, Walls, data_with_types

LINKER_FILE = "linker_terms.yaml"
SKIN_A = 1.0
# What stands where no learned pair style does; ghost atoms must reach across a linker.
NO_PAIR_STYLE = ("zero 5 nocoeff", "")


@dataclass(frozen=True, kw_only=True)
class Prior:
    """LAMMPS' own styles that a learned potential is laid over; each may be absent.

    Parameters
    ----------
    linker_terms : LinkerTerms or None
        Bonded terms of the linkers.
    repulsion : Repulsion or None
        Screened nuclear repulsion.
    dispersion : Dispersion or None
        What lies beyond the cut-off of what is learned.
    walls : Walls or None
        Harmonic walls, where no data bind the fit.

    Raises
    ------
    InputError
        For a wall on bends without linker terms.
    """

    linker_terms: LinkerTerms | None = None
    repulsion: Repulsion | None = None
    dispersion: Dispersion | None = None
    walls: Walls | None = None

    def __post_init__(self) -> None:
        if self.walls is not None:
            self.walls.check(linker_terms=self.linker_terms is not None)

    def __bool__(self) -> bool:
        """Return whether there is anything in it."""
        parts = (self.linker_terms, self.repulsion, self.dispersion, self.walls)
        return any(part is not None for part in parts)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a ``model.yaml`` holds it.

        Returns
        -------
        dict
            Sections; linker terms are a file of their own, whose text is `files`.
        """
        content: dict[str, Any] = {}
        if self.repulsion is not None:
            content["repulsion"] = {"style": "zbl", **self.repulsion.to_dict()}
        if self.dispersion is not None:
            content["dispersion"] = {"style": "d2", **self.dispersion.to_dict()}
        if self.walls is not None:
            content["walls"] = self.walls.to_dict()
        if self.linker_terms is not None:
            content["linker_terms"] = LINKER_FILE
        return content

    @property
    def files(self) -> dict[str, str]:
        """Text of the files that `to_dict` names."""
        return {} if self.linker_terms is None else {LINKER_FILE: self.linker_terms.text}

    @property
    def texts(self) -> tuple[dict[str, Any], dict[str, str]]:
        """All that it consists of, as plain data: two priors are the same where these are."""
        return self.to_dict(), self.files

    @property
    def references(self) -> tuple[str, ...]:
        """Publications of the terms it holds."""
        parts = {
            LINKER_REFERENCE: self.linker_terms,
            REPULSION_REFERENCE: self.repulsion,
            DISPERSION_REFERENCE: self.dispersion,
        }
        return tuple(reference for reference, part in parts.items() if part is not None)

    @classmethod
    def take(cls, content: dict[str, Any], file: Path) -> Prior:
        """Take the sections of `to_dict` out of the content of a ``model.yaml``.

        Parameters
        ----------
        content : dict
            What the file holds; the sections are removed.
        file : Path
            The file, for messages; the one of the linker terms lies beside it.

        Returns
        -------
        Prior
            What they describe.

        Raises
        ------
        InputError
            When a section is not what it should be.
        """
        terms, repulsion, dispersion, walls = (
            content.pop(key, None) for key in ("linker_terms", "repulsion", "dispersion", "walls")
        )
        if terms is not None:
            path = file.parent / str(terms)
            terms = read_linker_terms(model_text(path, "the linker terms"), str(path))
        if repulsion is not None:
            try:
                if repulsion.pop("style", "zbl") != "zbl":
                    raise InputError(f"{file}: the repulsion's style is zbl")
                pairs = {name: tuple(radii) for name, radii in repulsion.pop("pairs", {}).items()}
                repulsion = Repulsion(**repulsion, pairs=pairs)
            except (AttributeError, TypeError, ValueError) as error:
                raise InputError(
                    f"{file}: the repulsion needs inner_A and outer_A, and each pair both numbers: {error}"
                ) from error
        if dispersion is not None:
            try:
                if dispersion.pop("style", "d2") != "d2":
                    raise InputError(f"{file}: the style of the dispersion is d2")
                dispersion = Dispersion(**dispersion)
            except (AttributeError, TypeError) as error:
                raise InputError(f"{file}: the dispersion needs a cutoff_A in Å: {error}") from error
        if walls is not None:
            try:
                pairs = {name: tuple(values) for name, values in walls.pop("pairs", {}).items()}
                bends = walls.pop("bends", None)
                walls = Walls(**walls, pairs=pairs, bends=None if bends is None else tuple(bends))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{file}: the walls need pairs of an onset and a stiffness, or bends: {error}"
                ) from error
        return cls(linker_terms=terms, repulsion=repulsion, dispersion=dispersion, walls=walls)

    def pair_commands(self, species: Sequence[str], learned: tuple[str, str] = NO_PAIR_STYLE) -> list[str]:
        """Return the LAMMPS commands of the pair styles.

        Parameters
        ----------
        species : sequence of str
            Chemical symbol of each type.
        learned : (str, str)
            The learned pair style with its arguments, and what follows ``pair_coeff * *``.

        Returns
        -------
        list of str
            ``pair_style`` and ``pair_coeff``.
        """
        style, arguments = learned
        styles, rows = self._overlaid(species)
        if not styles:
            return [f"pair_style {style}", f"pair_coeff * * {arguments}".rstrip()]
        return [
            f"pair_style hybrid/overlay {style} {' '.join(styles)}",
            f"pair_coeff * * {style.split()[0]} {arguments}".rstrip(),
            *(f"pair_coeff {row}" for row in rows),
        ]

    def _overlaid(self, species: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the pair styles laid over the learned one, and their coefficients."""
        styles, rows = self.repulsion.lammps(tuple(species)) if self.repulsion is not None else ([], [])
        if self.walls is not None:
            more, its_rows = self.walls.lammps(tuple(species))
            styles, rows = [*styles, *more], [*rows, *its_rows]
        if self.dispersion is not None:
            style, its_rows = self.dispersion.lammps(tuple(species))
            styles, rows = [*styles, style], [*rows, *its_rows]
        return styles, rows

    @property
    def bonded_commands(self) -> tuple[str, ...]:
        """LAMMPS commands of the linkers' bonded terms; empty without any."""
        return () if self.linker_terms is None else self.linker_terms.commands(self._bends)

    @property
    def _bends(self) -> tuple[float, float] | None:
        return None if self.walls is None else self.walls.bends

    def lammps(
        self,
        atoms: Atoms,
        species: Sequence[str],
        learned: tuple[str, str] = NO_PAIR_STYLE,
        files: Mapping[str, str] | None = None,
    ) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å; with linker terms, its linkers are intact imidazolate.
        species : sequence of str
            Chemical symbol of each type; some may be absent from the structure.
        learned : (str, str)
            As `pair_commands`.
        files : mapping of str to str, optional
            Files that the learned pair style reads.

        Returns
        -------
        LammpsModel
            Data file and commands, in units metal.

        Raises
        ------
        InputError
            When there are linker terms and a linker is broken or another.
        """
        terms, bends = self.linker_terms is not None, self._bends is not None
        return LammpsModel(
            units="metal",
            atom_style="full" if terms else "atomic",
            data=data_with_terms(atoms, tuple(species), bends=bends)
            if terms
            else data_with_types(atoms, species),
            before_data=(STYLES_WITH_BENDS if bends else STYLES) if terms else (),
            after_data=(
                *self.pair_commands(species, learned),
                *self.bonded_commands,
                f"neighbor {SKIN_A:g} bin",
                "neigh_modify every 1 delay 0 check yes",
            ),
            n_atoms=len(atoms),
            files=files or {},
            respa_levels=self.respa_levels(species) if learned != NO_PAIR_STYLE else "",
        )

    def respa_levels(self, species: Sequence[str]) -> str:
        """Return which forces r-RESPA takes for fast: all but the learned pair style's and the dispersion.

        Parameters
        ----------
        species : sequence of str
            Chemical symbol of each type.

        Returns
        -------
        str
            For ``run_style respa``; empty without linker terms.
        """
        if self.linker_terms is None:
            return ""
        styles, _ = self._overlaid(species)
        levels = [" 2" if style.startswith("momb") else " 1" for style in styles]
        return f"bond 1 hybrid 2{''.join(levels)}" if styles else "bond 1 pair 2"


class PriorAlone(Potential):
    """The prior without what is laid over it: what a fit takes off its labels.

    Parameters
    ----------
    prior : Prior
        The terms.
    species : sequence of str
        Elements.
    """

    name = "prior"
    fitted_to = "nothing by itself: a part of a learned potential"

    def __init__(self, prior: Prior, species: Sequence[str]) -> None:
        self.prior = prior
        self.species = tuple(species)
        self.elements = frozenset(species)
        self.reference = "; ".join(prior.references)

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Data file and commands, in units metal.

        Raises
        ------
        InputError
            When an element is none of the species, or as `Prior.lammps`.
        """
        check_elements(atoms, self.elements, "the prior")
        return self.prior.lammps(atoms, self.species)


def model_text(file: Path, what: str, remedy: str = "") -> str:
    """Read a text file of a potential.

    Parameters
    ----------
    file : Path
        The file.
    what : str
        What it is, for the message.
    remedy : str
        What to give instead.

    Returns
    -------
    str
        Its content.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise InputError(f"{what} {file} cannot be read ({reason}){remedy and ': ' + remedy}") from error


def model_content(file: Path, format_: str, *, what: str, kind: str, remedy: str) -> dict[str, Any]:
    """Read the ``model.yaml`` of a potential.

    Parameters
    ----------
    file : Path
        The file.
    format_ : str
        What it must say under ``format``.
    what, kind : str
        What the file is, and what it describes, for messages.
    remedy : str
        What to give instead.

    Returns
    -------
    dict
        Its content without the format.

    Raises
    ------
    InputError
        When it cannot be read or has another format.
    """
    try:
        content = yaml.safe_load(model_text(file, what, remedy))
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not valid YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict) or content.pop("format", None) != format_:
        raise InputError(f"{file} does not describe {kind} ('format: {format_}')")
    return content


def take_slow_forces_every(content: dict[str, Any], prior: Prior, file: Path) -> int:
    """Take ``slow_forces_every`` out of the content of a ``model.yaml``.

    Parameters
    ----------
    content : dict
        What the file holds.
    prior : Prior
        What the potential is laid over.
    file : Path
        The file, for the message.

    Returns
    -------
    int
        1 where it does not say.

    Raises
    ------
    InputError
        When it is no number of steps, or there are no linker terms to be faster.
    """
    every = content.pop("slow_forces_every", 1)
    if not isinstance(every, int) or every < 1:
        raise InputError(f"{file}: slow_forces_every is a number of steps, 1 or more, not {every!r}")
    if every > 1 and prior.linker_terms is None:
        raise InputError(f"{file}: slow_forces_every needs linker terms, which are fast: leave it out")
    return every
