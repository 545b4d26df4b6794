"""What a potential is: how LAMMPS gets it, what elements it knows, what it was fitted to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ase import Atoms
from ase.calculators.calculator import Calculator


@dataclass(frozen=True)
class LammpsModel:
    """One structure made ready for LAMMPS: its data file and the commands around it.

    Real atoms have ids 1 to `n_atoms`, in the order of the structure given; particles with larger ids
    (dummy atoms) exist for the force field only and reach neither a trajectory nor an analysis.

    Parameters
    ----------
    units : {"metal", "real"}
        LAMMPS units of the commands below.
    atom_style : str
        LAMMPS atom style, e.g. ``atomic`` or ``full``.
    data : str
        Text of the LAMMPS data file (`read_data`), masses and velocities-free.
    before_data : tuple of str
        Commands between `atom_style` and `read_data`, e.g. ``bond_style harmonic``.
    after_data : tuple of str
        Commands after `read_data` or `read_restart`: pair styles, coefficients, kspace, neighbour
        settings. Repeating them after `read_restart` must be allowed.
    n_atoms : int
        Number of real atoms.
    files : mapping of str to str
        Further text files the commands read, by name; written beside the deck.
    calculator : callable, optional
        Makes the ASE calculator that drives the run through `fix external`; None for LAMMPS' own styles.
    extra_read_data : str
        Keywords after the file name in `read_data`, e.g. ``extra/special/per/atom 4``.
    respa_levels : str
        For ``run_style respa`` with two levels: which forces are fast (1), which slow (2), e.g.
        ``bond 1 pair 2``; empty where they cannot be told apart.
    calculator_is_slow : bool
        Whether the calculator's forces are slow beside those of LAMMPS' own styles.
    deck_note : tuple of str
        Comment lines for the deck of a run that a calculator drives: how to run it in another LAMMPS.
    """

    units: Literal["metal", "real"]
    atom_style: str
    data: str
    after_data: tuple[str, ...]
    n_atoms: int
    before_data: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    calculator: Callable[[], Calculator] | None = None
    extra_read_data: str = ""
    respa_levels: str = ""
    calculator_is_slow: bool = False
    deck_note: tuple[str, ...] = (
        "This potential is an ASE calculator: outside mofglass, put your own pair_style here.",
    )


class Potential(ABC):
    """A way to compute energy, forces and stress of a structure.

    Attributes
    ----------
    name : str
        Registry name, e.g. ``nb-zif-ff``.
    elements : frozenset of str
        Chemical symbols it knows; empty when it knows any.
    reference : str
        Publication and DOI.
    fitted_to : str
        What it was fitted to, in one line.
    known_limits : str
        What it is known not to reproduce, in one sentence; reports print it beside published values.
    fine_above_K : float or None
        Temperature above which its dynamics needs 0.25 fs instead of 0.5 fs; None where it does not.
    slow_forces_every : int
        Steps between computations of its slow forces (those of the learned part, over terms of the linkers)
        that its dynamics bears.
    gives_force_spread : bool
        Whether its calculator says how uncertain its forces are (``force_spread_eV_per_A`` in its results).
    parts : tuple of Potential
        Potentials that it is the sum of; empty where it is none.
    """

    name: str
    elements: frozenset[str]
    reference: str
    fitted_to: str
    known_limits: str = ""
    fine_above_K: float | None = None
    slow_forces_every: int = 1
    gives_force_spread: bool = False
    parts: tuple[Potential, ...] = ()

    @abstractmethod
    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            Data file and commands.

        Raises
        ------
        InputError
            When the structure holds an element or a linker the potential does not know.
        """

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, reference, what it was fitted to, and hashes of any file it came from.
        """
        described = {"name": self.name, "reference": self.reference, "fitted_to": self.fitted_to}
        return described | ({"known_limits": self.known_limits} if self.known_limits else {})
