"""Bonds, linkers and the periodic metal-linker network of crystals, liquids and glasses."""

from mofglass.topology.binning import (
    bin_atoms,
    half_stencil,
    neighbour_bin,
    suitable_bins_per_cutoff,
    wrap,
)
from mofglass.topology.bonds import (
    COVALENT_CUTOFFS_A,
    METAL_NITROGEN_CUTOFFS_A,
    Bonds,
    bond_cutoffs,
    find_bonds,
)
from mofglass.topology.integrity import (
    BINDING_KINDS,
    BROKEN_LINKER_KINDS,
    LOOSE_KINDS,
    Defect,
    DefectKind,
    Integrity,
)
from mofglass.topology.linkers import Linkers, find_linkers
from mofglass.topology.neighbours import NeighbourList, neighbour_list
from mofglass.topology.network import Network, perceive

__all__ = [
    "BINDING_KINDS",
    "BROKEN_LINKER_KINDS",
    "COVALENT_CUTOFFS_A",
    "LOOSE_KINDS",
    "METAL_NITROGEN_CUTOFFS_A",
    "Bonds",
    "Defect",
    "DefectKind",
    "Integrity",
    "Linkers",
    "NeighbourList",
    "Network",
    "bin_atoms",
    "bond_cutoffs",
    "find_bonds",
    "find_linkers",
    "half_stencil",
    "neighbour_bin",
    "neighbour_list",
    "perceive",
    "suitable_bins_per_cutoff",
    "wrap",
]
