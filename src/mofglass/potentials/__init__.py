"""What computes energy, forces and stress, and a registry of them by name."""

from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.potentials.base import LammpsModel, Potential
from mofglass.potentials.registry import REGISTRY, get_potential

__all__ = ["REGISTRY", "ASEPotential", "LammpsModel", "Potential", "get_potential"]
