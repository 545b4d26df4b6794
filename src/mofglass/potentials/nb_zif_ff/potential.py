"""nb-ZIF-FF as a potential: from a zinc imidazolate structure to LAMMPS."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.lammps_data import LammpsBox, data_text
from mofglass.potentials.nb_zif_ff.atom_types import assign_types
from mofglass.potentials.nb_zif_ff.dummies import place_dummies
from mofglass.potentials.nb_zif_ff.lammps_commands import (
    CUTOFF_A,
    DEFAULT,
    PUBLISHED,
    STYLES,
    Settings,
    bonded_commands,
    nonbonded_commands,
)
from mofglass.potentials.nb_zif_ff.parameters import DUMMIES, load_parameters
from mofglass.potentials.nb_zif_ff.terms import build_terms

DEFAULT_NE_IMPROPER_KCAL = 3.5


class NbZifFF(Potential):
    """nb-ZIF-FF: a classical force field of zinc imidazolates whose Zn-N bonds break and form.

    Zn and N hold their charge on dummy atoms, and the Zn-N bond is their attraction and a Morse term
    (Balestra and Semino, J. Chem. Phys. 157, 184502 (2022)). Parameters: `parameters.yaml`.

    Parameters
    ----------
    ne_improper_kcal : float
        K of the improper that holds the dummy of N in the plane of the ring, kcal/mol: 3.5 in the
        authors' ZIF-zni files (the default), 0.056 in their ZIF-8 and liquid files.
    published : bool
        Use the authors' input exactly: Ewald sum, no Coulomb table, three pair styles, their charge
        of C4 (0.27708 e) and their masses, which make a Zn(linker)2 3.02 u too heavy.
    settings : Settings, optional
        How the non-bonded part is summed, instead of the fast default.
    """

    name = "nb-zif-ff"
    elements = frozenset({"Zn", "C", "N", "H"})
    fitted_to = (
        "made for the self-assembly of ZIF-8; ligand terms and charges are those of ZIF-FF (ab initio)"
    )
    fine_above_K = 700.0
    """As Mendez and Semino (2024) ran it; at 1000 K and 0.5 fs the energy drifts by 14 meV/atom/ps."""

    known_limits = (
        "the public parameters hold a softer and longer Zn-N bond than the papers that use nb-ZIF-FF report "
        "(first Zn-N peak of ZIF-4 at 2.07 Å against 1.86 Å), so that zinc loses nitrogen too easily and the "
        "crystal collapses at 1 bar"
    )

    def __init__(
        self,
        *,
        ne_improper_kcal: float = DEFAULT_NE_IMPROPER_KCAL,
        published: bool = False,
        settings: Settings | None = None,
    ) -> None:
        if not 0.0 <= ne_improper_kcal < np.inf:
            raise InputError(f"the Ne improper must be 0 kcal/mol or more, not {ne_improper_kcal}")
        self.parameters = load_parameters()
        self.reference = str(self.parameters.table["references"]["force_field"])
        self.ne_improper_kcal = ne_improper_kcal
        self.published = published
        self.settings = settings or (PUBLISHED if published else DEFAULT)

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS: types, dummies, bonded terms, charges.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure of Zn with imidazolate or 2-methylimidazolate, Å.

        Returns
        -------
        LammpsModel
            Data file and commands; dummies have the ids after the real atoms'.

        Raises
        ------
        InputError
            When an atom is of another element or its linker is broken or unknown.
        """
        box = LammpsBox.of(atoms)
        placement = self.parameters.table["placement"]
        typed = assign_types(atoms, zn_n_max_A=placement["zn_n_max_A"])
        positions, hosts, dummy_names = place_dummies(
            atoms, typed, he_A=placement["he_A"], ne_A=placement["ne_A"]
        )
        n_real = len(atoms)
        names = [*typed.types, *dummy_names]
        dummy_ids = np.arange(n_real, len(names))
        terms = build_terms(names, typed.bonds, dummy_ids, hosts, self.parameters)
        present = [name for name in self.parameters.types if name in set(names)]
        number = {name: k for k, name in enumerate(present, start=1)}
        molecule = _molecule_ids(typed.linker)
        types = self.parameters.types
        charge_of = {
            name: types[name].published_charge_e if self.published else types[name].charge_e
            for name in present
        }
        data = data_text(
            f"{atoms.get_chemical_formula()} with nb-ZIF-FF; ids 1-{n_real} are atoms, the rest dummies",
            box,
            np.vstack([atoms.positions, positions]),
            [number[name] for name in names],
            {
                name: types[name].published_mass_u if self.published else types[name].mass_u
                for name in present
            },
            charges_e=[charge_of[name] for name in names],
            molecules=np.concatenate([molecule, molecule[hosts]]),
            terms={
                kind: (len(table.kinds), table.lammps_rows())
                for kind, table in (
                    ("Bonds", terms.bonds),
                    ("Angles", terms.angles),
                    ("Dihedrals", terms.dihedrals),
                    ("Impropers", terms.impropers),
                )
            },
        )
        return LammpsModel(
            units="metal",
            atom_style="full",
            data=data,
            before_data=STYLES,
            after_data=(
                *nonbonded_commands(present, self.parameters, self.settings),
                *bonded_commands(terms, self.parameters, ne_improper_kcal=self.ne_improper_kcal),
            ),
            n_atoms=n_real,
        )

    def describe(self) -> dict[str, str]:
        """Return what a run records of the potential.

        Returns
        -------
        dict
            Name, references, settings.
        """
        references = self.parameters.table["references"]
        return {
            **super().describe(),
            "parameters": str(references["files"]),
            "ne_improper": f"{self.ne_improper_kcal} kcal/mol",
            "settings": "published" if self.published else "default",
            "coulomb": f"{self.settings.kspace}, real space to {self.settings.coulomb_cutoff_A} Å",
            "lennard_jones": f"cut at {CUTOFF_A} Å, with tail correction",
            "masses": (
                "as published (3.02 u a formula unit too heavy)"
                if self.published
                else "real: the dummies' mass (1.008 u each) is taken off Zn (four) and N (one)"
            ),
            "dummies": f"{', '.join(DUMMIES)} (Zn: four, N: one)",
        }


def _molecule_ids(linker: np.ndarray) -> np.ndarray:
    """Molecule ids from 1: linkers first, then each Zn its own."""
    ids = linker + 1
    is_zn = linker < 0
    ids[is_zn] = linker.max() + 2 + np.arange(int(is_zn.sum()))
    return ids
