"""Limits past which a run is stopped, so that a blown-up simulation is never mistaken for a glass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology import neighbour_list, perceive

NEAR_A, N_NEAR = 3.0, 3
"""How far, and how many at most, neighbours are named of the atom where a run broke down."""


@dataclass(frozen=True, kw_only=True)
class Guards:
    """Limits of a run; None switches one off.

    Parameters
    ----------
    max_temperature_factor : float
        Times the highest target temperature of the protocol (and at least 300 K above it).
    max_force_eV_per_A : float
        Largest force component on any particle, eV/Å.
    min_distance_A : float
        Closest two atoms may come, Å; checked at each frame.
    max_volume_factor : float
        The volume may change by this factor either way.
    max_broken_linkers : float
        Largest fraction of linkers that may be broken; checked at each frame.
    max_force_spread_eV_per_A : float
        Largest spread of a committee's forces on any atom, eV/Å; off by default.
    """

    max_temperature_factor: float | None = 2.5
    max_force_eV_per_A: float | None = 200.0
    min_distance_A: float | None = 0.5
    max_volume_factor: float | None = 2.0
    max_broken_linkers: float | None = 0.1
    max_force_spread_eV_per_A: float | None = None

    def __post_init__(self) -> None:
        for name in (
            "max_temperature_factor",
            "max_force_eV_per_A",
            "min_distance_A",
            "max_volume_factor",
            "max_force_spread_eV_per_A",
        ):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"guard {name} must be positive, not {value}")

    def judge_thermo(
        self,
        row: Mapping[str, float],
        *,
        highest_target_K: float,
        initial_volume_A3: float,
        where: Callable[[], str] = str,
    ) -> str | None:
        """Return why the run must stop, from one row of thermodynamic data.

        Parameters
        ----------
        row : mapping
            Columns of `thermo.csv`, and ``max_force_eV_per_A``.
        highest_target_K : float
            Highest target temperature of the protocol, K.
        initial_volume_A3 : float
            Volume at the start, Å³.
        where : callable
            Asked where it broke, when temperature or force says that it did (`where_forces_are_largest`).

        Returns
        -------
        str or None
            None when all is well.
        """
        for name, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                return f"{name} is not a number"
        if self.max_temperature_factor is not None:
            limit = max(self.max_temperature_factor * highest_target_K, highest_target_K + 300.0)
            if row["temperature_K"] > limit:
                kelvin = row["temperature_K"]
                return f"temperature {kelvin:.0f} K is above the limit of {limit:.0f} K{where()}"
        force = row["max_force_eV_per_A"]
        if self.max_force_eV_per_A is not None and force > self.max_force_eV_per_A:
            limit = self.max_force_eV_per_A
            return f"a force of {force:.4g} eV/Å is above the limit of {limit:g} eV/Å{where()}"
        spread = row.get("force_spread_eV_per_A")
        limit_spread = self.max_force_spread_eV_per_A
        if limit_spread is not None and spread is not None and spread > limit_spread:
            return (
                f"the committee's forces spread by {spread:.2f} eV/Å on one atom, above the limit of "
                f"{limit_spread:g} eV/Å"
            )
        if self.max_volume_factor is not None:
            factor = row["volume_A3"] / initial_volume_A3
            if not 1.0 / self.max_volume_factor <= factor <= self.max_volume_factor:
                return (
                    f"the volume is {factor:.2f} times its first value, beyond the factor of "
                    f"{self.max_volume_factor:g}"
                )
        return None

    def judge_frame(self, frame: Frame) -> str | None:
        """Return why the run must stop, from one frame.

        Parameters
        ----------
        frame : Frame
            Real atoms only.

        Returns
        -------
        str or None
            None when all is well.
        """
        if not np.isfinite(frame.positions).all():
            atom = int(np.flatnonzero(~np.isfinite(frame.positions).all(axis=1))[0])
            return f"the position of atom {atom} is not a number"
        if self.min_distance_A is not None:
            pairs = neighbour_list(frame, self.min_distance_A)
            if len(pairs.distance):
                closest = int(np.argmin(pairs.distance))
                return (
                    f"atoms {pairs.i[closest]} and {pairs.j[closest]} are {pairs.distance[closest]:.2f} Å "
                    f"apart, closer than {self.min_distance_A:g} Å"
                )
        if self.max_broken_linkers is not None and (frame.numbers == 7).any():
            integrity = perceive(frame).integrity
            if integrity.n_linkers and 1.0 - integrity.fraction_intact > self.max_broken_linkers:
                return (
                    f"{integrity.n_broken} of {integrity.n_linkers} linkers are broken, more than "
                    f"{self.max_broken_linkers:.0%}"
                )
        return None


def where_forces_are_largest(frame: Frame, forces_eV_per_A: np.ndarray) -> str:
    """Return the words that name the atom with the largest force, and what is near it.

    Parameters
    ----------
    frame : Frame
        Real atoms only.
    forces_eV_per_A : ndarray, shape (n_atoms, 3)
        Forces on them, eV/Å.

    Returns
    -------
    str
        To follow a guard's verdict; empty where a number is none.
    """
    if not (np.isfinite(frame.positions).all() and np.isfinite(forces_eV_per_A).all()):
        return ""
    sizes = np.linalg.norm(forces_eV_per_A, axis=1)
    atom = int(np.argmax(sizes))
    pairs = neighbour_list(frame, NEAR_A)
    mine = np.flatnonzero(pairs.i == atom)
    nearest = mine[np.argsort(pairs.distance[mine])[:N_NEAR]]
    symbols = [chemical_symbols[number] for number in frame.numbers]
    near = [f"{symbols[pairs.j[k]]} {pairs.j[k]} at {pairs.distance[k]:.2f} Å" for k in nearest]
    words = f" (the largest force, {sizes[atom]:.3g} eV/Å, is on {symbols[atom]} {atom}, counted from 0"
    return f"{words}; nearest to it {', '.join(near)})" if near else f"{words})"
