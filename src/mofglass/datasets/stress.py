"""Stress as programs print it, to eV/Å³ positive in tension: the sign of ASE and of all of mofglass."""

from __future__ import annotations

import numpy as np

from mofglass.units import BAR_PER_EV_PER_A3

BAR_PER_UNIT = {"GPA": 1e4, "KBAR": 1e3, "MPA": 10.0, "BAR": 1.0, "PA": 1e-5, "ATM": 1.01325}
"""Units of pressure by the names programs give them, in bar."""


def stress_from_compression(tensor: np.ndarray, unit: str) -> np.ndarray:
    """Convert a stress that is printed like a pressure, positive in compression.

    Parameters
    ----------
    tensor : ndarray, shape (3, 3)
        As printed.
    unit : str
        One of `BAR_PER_UNIT`, in any case.

    Returns
    -------
    ndarray of shape (3, 3)
        Stress, eV/Å³, positive in tension, symmetric.
    """
    symmetric = 0.5 * (tensor + tensor.T)
    return -symmetric * BAR_PER_UNIT[unit.upper()] / BAR_PER_EV_PER_A3


def stress_from_kbar(tensor: np.ndarray) -> np.ndarray:
    """Convert VASP's stress.

    Parameters
    ----------
    tensor : ndarray, shape (3, 3)
        As VASP prints it: kbar, positive in compression.

    Returns
    -------
    ndarray of shape (3, 3)
        Stress, eV/Å³, positive in tension, symmetric.
    """
    return stress_from_compression(tensor, "kbar")
