"""nb-ZIF-FF as LAMMPS commands: the fast settings used by default, and the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from mofglass.potentials.nb_zif_ff.parameters import Parameters
from mofglass.potentials.nb_zif_ff.terms import Terms

CUTOFF_A = 13.0

STYLES = (
    "bond_style harmonic",
    "angle_style charmm",
    "dihedral_style charmm",
    "improper_style cvff",
)


@dataclass(frozen=True)
class Settings:
    """How the non-bonded part is summed.

    Parameters
    ----------
    merged : bool
        One pair style for Lennard-Jones and Coulomb instead of one each; the energy is the same.
    coulomb_cutoff_A : float
        Where real-space Coulomb ends and the mesh takes over, Å; no approximation.
    morse_cutoff_A : float
        Cut-off of the Zn-N Morse term, Å; at 13 Å it is 1e-10 eV, at 10 Å 4e-8 eV.
    kspace : str
        LAMMPS `kspace_style` and accuracy.
    kspace_modify : str
        Further options of the mesh.
    table_bits : int
        Bits of the Coulomb table, 0 for none.
    skin_A : float
        Neighbour skin, Å.
    """

    merged: bool = True
    coulomb_cutoff_A: float = 7.0
    morse_cutoff_A: float = 10.0
    kspace: str = "pppm 5.0e-6"
    kspace_modify: str = "order 6"
    table_bits: int = 12
    skin_A: float = 1.0


DEFAULT = Settings()
PUBLISHED = Settings(
    merged=False,
    coulomb_cutoff_A=CUTOFF_A,
    morse_cutoff_A=CUTOFF_A,
    kspace="ewald 1.0e-8",
    kspace_modify="",
    table_bits=0,
    skin_A=2.0,
)


def _lj(first: str, second: str, parameters: Parameters) -> tuple[float, float] | None:
    """Lorentz-Berthelot depth (eV) and diameter (Å) of a pair; None where it has no Lennard-Jones term."""
    a, b = parameters.types[first], parameters.types[second]
    if a.is_dummy != b.is_dummy or {first, second} == set(parameters.table["morse"]["pair"]):
        return None
    return sqrt(a.epsilon_eV * b.epsilon_eV), (a.sigma_A + b.sigma_A) / 2


def nonbonded_commands(
    type_names: Sequence[str], parameters: Parameters, settings: Settings
) -> tuple[str, ...]:
    """Write the pair, long-range and neighbour commands.

    Parameters
    ----------
    type_names : sequence of str
        Particle types present, in the order of their LAMMPS numbers.
    parameters : Parameters
        The parameter table.
    settings : Settings
        How to sum.

    Returns
    -------
    tuple of str
        LAMMPS commands in metal units.
    """
    morse = parameters.table["morse"]
    special = parameters.table["special_bonds"]
    rc, rm = settings.coulomb_cutoff_A, settings.morse_cutoff_A
    if settings.merged:
        both = "lj/cut/coul/long"
        commands = [f"pair_style hybrid {both} {CUTOFF_A} {rc} morse {rm}"]
    else:
        commands = [
            f"pair_style hybrid/overlay lj/cut {CUTOFF_A} coul/long {rc} morse {rm}",
            "pair_coeff * * coul/long",
        ]
    for i, first in enumerate(type_names, start=1):
        for j, second in enumerate(type_names[i - 1 :], start=i):
            note = f" # {first} {second}"
            if {first, second} == set(morse["pair"]):
                numbers = f"{morse['D_eV']!r} {morse['alpha_per_A']} {morse['r0_A']}"
                commands.append(f"pair_coeff {i} {j} morse {numbers}{note}")
                continue
            lj = _lj(first, second, parameters)
            charged = parameters.types[first].charge_e != 0 and parameters.types[second].charge_e != 0
            if settings.merged and lj is None and not charged:
                commands.append(f"pair_coeff {i} {j} none{note}")
            elif settings.merged:
                epsilon, sigma = lj or (0.0, 1.0)
                # Dummies need neighbours to the Coulomb cut-off only: beyond it their core is 1e-17 eV.
                far = lj is not None and not parameters.types[first].is_dummy
                cut = CUTOFF_A if far else rc
                commands.append(f"pair_coeff {i} {j} {both} {epsilon:.10g} {sigma:.6g} {cut}{note}")
            elif lj is not None:
                commands.append(f"pair_coeff {i} {j} lj/cut {lj[0]:.10g} {lj[1]:.6g}{note}")
    commands += [
        f"pair_modify tail yes table {settings.table_bits}",
        "special_bonds lj {} {} {} coul {} {} {}".format(*special["lj"], *special["coul"]),
        f"kspace_style {settings.kspace}",
    ]
    if settings.kspace_modify:
        commands.append(f"kspace_modify {settings.kspace_modify}")
    commands += [f"neighbor {settings.skin_A} bin", "neigh_modify every 1 delay 0 check yes"]
    return tuple(commands)


def bonded_commands(terms: Terms, parameters: Parameters, *, ne_improper_kcal: float) -> tuple[str, ...]:
    """Write the coefficients of the bonded terms.

    Parameters
    ----------
    terms : Terms
        The terms of a structure.
    parameters : Parameters
        The parameter table.
    ne_improper_kcal : float
        K of the improper N1-C4-C2-Ne, kcal/mol.

    Returns
    -------
    tuple of str
        LAMMPS commands in metal units.
    """
    unit = parameters.eV_per_kcal_per_mol
    commands = []
    for n, bond in enumerate(terms.bonds.kinds, start=1):
        k, r0 = parameters.bonds[bond]
        commands.append(f"bond_coeff {n} {k * unit:.10g} {r0} # {' '.join(bond)}")
    for n, angle in enumerate(terms.angles.kinds, start=1):
        k, theta0, k_ub, r_ub = parameters.angles[angle]
        commands.append(
            f"angle_coeff {n} {k * unit:.10g} {theta0} {k_ub * unit:.10g} {r_ub} # {' '.join(angle)}"
        )
    for n, dihedral in enumerate(terms.dihedrals.kinds, start=1):
        (k,) = parameters.dihedrals[dihedral]
        commands.append(f"dihedral_coeff {n} {k * unit:.10g} 2 180 0.0 # {' '.join(dihedral)}")
    for n, improper in enumerate(terms.impropers.kinds, start=1):
        strength = parameters.impropers[improper]
        k = ne_improper_kcal if strength is None else strength
        commands.append(f"improper_coeff {n} {k * unit:.10g} -1 2 # {' '.join(improper)}")
    return tuple(commands)
