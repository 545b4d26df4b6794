"""nb-ZIF-FF, the reactive classical force field of zinc imidazolates."""

from mofglass.potentials.nb_zif_ff.lammps_commands import Settings
from mofglass.potentials.nb_zif_ff.parameters import load_parameters
from mofglass.potentials.nb_zif_ff.potential import NbZifFF

__all__ = ["NbZifFF", "Settings", "load_parameters"]
