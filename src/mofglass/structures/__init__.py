"""Structures: the catalogue of crystals, files, supercells, linker substitution.

>>> from mofglass import structures
>>> structures.load("ZIF-4").get_chemical_formula()
'C96H96N64Zn16'
>>> glassy = structures.build("ZIF-62", repeats=(2, 2, 2), fraction_bim=0.175, seed=3)
>>> chlorinated = structures.substitute(structures.load("SALEM-2"), "Cl", fraction=0.5, seed=1).atoms
"""

from mofglass.structures.building import supercell
from mofglass.structures.entries import Entry, catalogue, entry
from mofglass.structures.linkers import Linker, find_linkers
from mofglass.structures.reading import build, check_structure, load, read_structure
from mofglass.structures.substitution import Substitution, substitute, unsubstitute
from mofglass.structures.writing import write_structure

__all__ = [
    "Entry",
    "Linker",
    "Substitution",
    "build",
    "catalogue",
    "check_structure",
    "entry",
    "find_linkers",
    "load",
    "read_structure",
    "substitute",
    "supercell",
    "unsubstitute",
    "write_structure",
]
