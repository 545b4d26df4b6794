"""Where the bonded terms of a structure's imidazolate linkers are."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from mofglass.errors import InputError
from mofglass.potentials.lammps_data import LammpsBox, check_elements, data_text
from mofglass.potentials.linker_terms import BENDS, LINKER, PLACES, TERMS
from mofglass.topology.bonds import Bonds, find_bonds
from mofglass.topology.integrity import DefectKind, diagnose
from mofglass.topology.linkers import Linkers, Perception, perceive_linkers
from mofglass.topology.neighbours import NeighbourList

CONTACT_CUTOFFS_A = {("C", "H"): 1.9, ("H", "N"): 1.12, ("C", "C"): 2.2, ("C", "N"): 2.2}
"""Cut-offs that tell collisions from bonds, Å: a hydrogen between carbon and nitrogen is carbon's."""

REMEDIES: dict[DefectKind, str] = {
    "broken ring": "mend the ring in the structure, whose cell and positions are in Å",
    "fused linkers": "part the linkers in the structure",
    "lost hydrogen": "add the hydrogen",
    "migrated hydrogen": "put the hydrogen back on its carbon",
    "free hydrogen": "remove the hydrogen, or put it where it belongs",
    "fragment": "remove it, or use a potential without linker terms",
}
"""What mends a structure that the linker terms cannot hold."""


def linker_places(atoms: Atoms) -> np.ndarray:
    """Find the atoms of every linker.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.

    Returns
    -------
    ndarray of int (n_linkers, 8)
        Atoms N1, C2, N3, C4, C5 of the ring and the hydrogens of C2, C4 and C5, from 0.

    Raises
    ------
    InputError
        When a linker is broken or is not unsubstituted imidazolate, an atom belongs to no linker, or there
        is no linker at all.
    """
    try:
        linkers, found = _intact_linkers(atoms, find_bonds(atoms))
    except InputError as error:
        # A hot liquid's collisions look like bonds between linkers, or tear hydrogens from one to the next.
        try:
            linkers, found = _intact_linkers(atoms, _without_contacts(atoms))
        except InputError:
            raise error from None
    hydrogens = [
        [next(b for b in found.table.of(int(carbon)) if atoms.numbers[b] == 1) for carbon in ring[[1, 3, 4]]]
        for ring in linkers.ring
    ]
    return np.hstack([linkers.ring, np.array(hydrogens, dtype=linkers.ring.dtype)])


def _intact_linkers(atoms: Atoms, bonds: Bonds) -> tuple[Linkers, Perception]:
    """Perceive linkers, all of them whole imidazolate."""
    linkers, found = perceive_linkers(atoms, bonds)
    for defect in diagnose(atoms, found).defects:
        if defect.kind in REMEDIES:
            raise InputError(
                f"{defect.kind}: {defect.message}, counted from 0: {REMEDIES[defect.kind]}, or leave the "
                "frame out (evaluate: --skip-failures)"
            )
    for linker, name in enumerate(linkers.name):
        if linkers.names[name] != LINKER:
            atom = linkers.atoms_of(linker)[0]
            raise InputError(_other_linker_words(atom, linkers.names[name]))
    if not len(linkers):
        raise InputError(
            "the structure holds no linker, and this potential has terms of linkers: use one without, such "
            "as lj, reaxff:FILE or nequip:DIR (mofglass potentials list)"
        )
    return linkers, found


def _other_linker_words(atom: int, name: str) -> str:
    """Say which linker there is, and which potentials know it."""
    others = "nb-zif-ff or a potential" if name == "2-methylimidazolate" else "a potential"
    return (
        f"atom {atom} (counted from 0) belongs to a {name}, and the linker terms hold {LINKER} only: use "
        f"{others} trained on {name} (nequip:DIR)"
    )


def _without_contacts(atoms: Atoms) -> Bonds:
    """Find bonds as imidazolate has them: ring atoms have two, the shortest; hydrogens sit on carbon."""
    bonds = find_bonds(atoms, cutoffs=CONTACT_CUTOFFS_A)
    pairs = bonds.covalent
    heavy = atoms.numbers > 1
    n_ring_bonds = np.zeros(len(atoms), dtype=int)
    kept = np.zeros(len(pairs.i), dtype=bool)
    for k in np.argsort(pairs.distance, kind="stable"):
        ends = [pairs.i[k], pairs.j[k]]
        in_ring = bool(heavy[ends].all())
        if in_ring and (n_ring_bonds[ends] == 2).any():
            continue
        n_ring_bonds[ends] += in_ring
        kept[k] = True
    return bonds._replace(covalent=NeighbourList(*(part[kept] for part in pairs)))


def term_rows(places: np.ndarray, *, bends: bool = False) -> dict[str, tuple[int, np.ndarray]]:
    """Return the bonded terms of linkers, as `data_text` takes them.

    Parameters
    ----------
    places : ndarray of int (n_linkers, 8)
        As `linker_places`.
    bends : bool
        Whether `BENDS` are there once more, for a wall.

    Returns
    -------
    dict
        ``Bonds``, ``Angles``, ... to the number of types, and rows of type and atom ids from 1.
    """
    rows = {}
    for kind, named in TERMS.items():
        types = [*named.values(), *([BENDS] if bends and kind == "angles" else [])]
        parts = []
        for number, terms in enumerate(types, start=1):
            for term in terms:
                ids = places[:, [PLACES.index(place) for place in term]] + 1
                parts.append(np.hstack([np.full((len(ids), 1), number), ids]))
        rows[kind.capitalize()] = (len(types), np.concatenate(parts))
    return rows


def data_with_terms(atoms: Atoms, species: tuple[str, ...], *, bends: bool = False) -> str:
    """Write the data file of a structure with its linkers' bonded terms.

    Parameters
    ----------
    atoms : ase.Atoms
        Periodic structure, Å.
    species : tuple of str
        Chemical symbol of each LAMMPS type.
    bends : bool
        As `term_rows`.

    Returns
    -------
    str
        LAMMPS data file, atom style full; charges are zero, each linker is a molecule, 0 the others'.

    Raises
    ------
    InputError
        As `linker_places`, or when a type is missing.
    """
    check_elements(atoms, species, "the linker terms")
    places = linker_places(atoms)
    molecules = np.zeros(len(atoms), dtype=int)
    molecules[places] = np.arange(1, len(places) + 1)[:, None]
    return data_text(
        f"{atoms.get_chemical_formula()} with the bonded terms of {len(places)} linkers",
        LammpsBox.of(atoms),
        atoms.positions,
        [species.index(symbol) + 1 for symbol in atoms.get_chemical_symbols()],
        {symbol: float(atomic_masses[atomic_numbers[symbol]]) for symbol in species},
        charges_e=np.zeros(len(atoms)),
        molecules=molecules,
        terms=term_rows(places, bends=bends),
    )
