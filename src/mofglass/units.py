"""Units and conversions, by name, once.

mofglass works in Å, eV, ps, K, u, elementary charges and GPa. Constants are CODATA 2018
(https://physics.nist.gov/constants), the exact values of the 2019 SI.
"""

from __future__ import annotations

BOLTZMANN_EV_PER_K = 8.617333262e-5
AVOGADRO_PER_MOL = 6.02214076e23
ELEMENTARY_CHARGE_C = 1.602176634e-19

KJ_PER_MOL_PER_EV = ELEMENTARY_CHARGE_C * AVOGADRO_PER_MOL * 1e-3
KCAL_PER_MOL_PER_EV = KJ_PER_MOL_PER_EV / 4.184
GAS_CONSTANT_KJ_PER_MOL_K = BOLTZMANN_EV_PER_K * KJ_PER_MOL_PER_EV

EV_PER_HARTREE = 27.211386245988
A_PER_BOHR = 0.529177210903
EV_PER_A_PER_HARTREE_PER_BOHR = EV_PER_HARTREE / A_PER_BOHR

GPA_PER_EV_PER_A3 = ELEMENTARY_CHARGE_C * 1e30 * 1e-9
BAR_PER_EV_PER_A3 = GPA_PER_EV_PER_A3 * 1e4
BAR_PER_GPA = 1e4

GRAM_PER_CM3_PER_U_PER_A3 = 1e24 / AVOGADRO_PER_MOL
CM2_PER_S_PER_A2_PER_PS = 1e-4
FS_PER_PS = 1e3
S_PER_DAY = 86400.0


def density_g_per_cm3(mass_u: float, volume_A3: float) -> float:
    """Mass density in g/cm³ of a mass in u within a volume in Å³.

    Parameters
    ----------
    mass_u : float
        Total mass, u.
    volume_A3 : float
        Volume, Å³.

    Returns
    -------
    float
        Density, g/cm³.
    """
    return mass_u / volume_A3 * GRAM_PER_CM3_PER_U_PER_A3
