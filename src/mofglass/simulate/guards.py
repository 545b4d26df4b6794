"""Limits past which a run is stopped, so that a blown-up simulation is never mistaken for a glass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology import neighbour_list, perceive


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
        self, row: Mapping[str, float], *, highest_target_K: float, initial_volume_A3: float
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
                return f"temperature {row['temperature_K']:.0f} K is above the limit of {limit:.0f} K"
        force = row["max_force_eV_per_A"]
        if self.max_force_eV_per_A is not None and force > self.max_force_eV_per_A:
            return f"a force of {force:.4g} eV/Å is above the limit of {self.max_force_eV_per_A:g} eV/Å"
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
