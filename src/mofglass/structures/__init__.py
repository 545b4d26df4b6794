"""Structures: the catalogue of crystals, files, supercells, linker substitution.

>>> from mofglass import structures
>>> structures.load("ZIF-4").get_chemical_formula()
'C96H96N64Zn16'
"""

from mofglass.structures.entries import Entry, catalogue, entry
from mofglass.structures.reading import check_structure, load, read_structure

__all__ = ["Entry", "catalogue", "check_structure", "entry", "load", "read_structure"]
